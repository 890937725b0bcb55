/* A question to DescribeRestoreJobs2, and its filters as text: KEY OP VALUE[,VALUE...]. */
#ifndef HBRSYNC_HBR_FILTER_H
#define HBRSYNC_HBR_FILTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/record.h"

#define HBR_FILTER_VALUES_MAX 500 /* the gateway's maxItems of Filters[].Values */
#define HBR_FILTERS_MAX 5         /* ... of Filters */
#define HBR_PAGE_SIZE_MAX 99      /* "PageSize" of the API page */

struct hbr_filter {
    const char *key;
    const char *op; /* EQUAL NOT_EQUAL GREATER_THAN ... BETWEEN IN */
    const char *const *values;
    size_t value_count;
};

/* Which jobs, and which page of them. */
struct hbr_query {
    const char *region;
    const char *edition;      /* "STANDARD" is the service's default and not sent */
    const char *restore_type; /* "" or NULL: not sent */
    struct hbr_filter filters[HBR_FILTERS_MAX];
    size_t filter_count;
    int64_t page_number; /* from 1 */
    int64_t page_size;   /* 1 to 99 */
};

/* A filter that owns its texts. */
struct hbr_filter_text {
    struct hbr_filter filter;
    char *copy;
    const char **values;
};

/* Checks the operator, the number of values, and that IN is not used with CompleteTime.
 * ERROR_USAGE. */
bool hbr_filter_parse(const char *text, struct hbr_filter_text *ret_filter,
                      struct error *err) MUST_CHECK;

/* Whether a job satisfies a filter. The key is a field's name, whatever the case of its first
 * letter (documented as instanceName, then as InstanceName); of other keys (PlanId, InstanceId,
 * Bucket, ...) a job does not tell. */
enum hbr_match { HBR_MATCHES, HBR_DOES_NOT_MATCH, HBR_CANNOT_TELL };
enum hbr_match hbr_filter_match(const struct hbr_filter *filter, const struct record *job);

/* Whether hbr_filter_match can tell for this filter. */
bool hbr_filter_is_checkable(const struct hbr_filter *filter);

void hbr_filter_free(struct hbr_filter_text *filter);

#endif
