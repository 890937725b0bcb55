/* The HBR service's two calls that this program makes: DescribeRestoreJobs2 and DescribeRegions. */
#ifndef HBRSYNC_HBR_SERVICE_H
#define HBRSYNC_HBR_SERVICE_H

#include <stdbool.h>
#include <stddef.h>

#include "acs/client.h"
#include "base/error.h"
#include "hbr/filter.h"
#include "hbr/page.h"

struct hbr_service {
    struct acs_client *client;
    const char *endpoint; /* pattern with {region}, see hbr_endpoint_default */
};

/* https://hbr.{region}.aliyuncs.com, or the endpoint inside a VPC. Source: the SDKs' endpoint rule.
 */
const char *hbr_endpoint_default(bool vpc);

/* The endpoint of a region: the pattern filled in, or the one that is named otherwise. ERROR_USAGE
 * as acs_endpoint_for_region. */
bool hbr_endpoint_for_region(const struct hbr_service *service, const char *region, char *target,
                             size_t size, struct error *err) MUST_CHECK;

/* Queues the request; everything is copied. */
bool hbr_list_submit(const struct hbr_service *service, const struct hbr_query *query, void *tag,
                     struct error *err) MUST_CHECK;

/*
 * Waits for any queued request. A request that the service failed gives true, an empty page, and
 * the failure in *ret_failure (else ERROR_NONE there). False: interrupted, or nothing can go on.
 */
bool hbr_list_wait(const struct hbr_service *service, struct hbr_page *ret_page, void **ret_tag,
                   struct error *ret_failure, struct error *err) MUST_CHECK;

/*
 * DescribeRegions, asked at the endpoint of `region`: calls `visit` with each RegionId. What cannot
 * be one is counted in *ret_unusable; ERROR_SERVICE when nothing else is listed.
 */
bool hbr_regions(const struct hbr_service *service, const char *region,
                 bool (*visit)(const char *region_id, void *context, struct error *err),
                 void *context, size_t *ret_unusable, struct error *err) MUST_CHECK;

#endif
