/*
 * A page: one answer of DescribeRestoreJobs2 (or saved jobs) decoded into records.
 *
 * A page owns its JSON and its records, whose texts are borrowed from it. What the model
 * does not know, and values of a type it cannot take, are kept in the records' `extra` as JSON and
 * counted, never fatal.
 */
#ifndef HBRSYNC_HBR_PAGE_H
#define HBRSYNC_HBR_PAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/error.h"
#include "base/record.h"

struct json_node;

#define HBR_ROWS_MAX 100000    /* of a saved file; an answer holds at most 99 */
#define HBR_RESTORE_ID_MAX 256 /* bytes */

struct hbr_page {
    struct json_node *root;
    struct record *jobs;
    size_t job_count;
    size_t rows;     /* in the answer, unusable ones included */
    size_t rejected; /* rows without a usable RestoreId: kept nowhere, so the run is not proved */
    size_t unknown;  /* values that went to `extra` */
    struct buffer extra;
    int64_t total_count; /* TotalCount, -1 when absent or no number from 0 on, even as a string */
    int64_t date;        /* the answer's Date, UNIX seconds, 0 unknown */
    char request_id[64];
};

/*
 * Decodes an answer's envelope and its rows. Takes `root` over, also on failure. ERROR_SERVICE
 * (retryable) when the answer has not the shape of one: not an object, or RestoreJobs holds neither
 * an array nor a single job, nor an empty object with a TotalCount of 0.
 */
bool hbr_page_decode(struct json_node *root, struct hbr_page *ret_page,
                     struct error *err) MUST_CHECK;

/* Saved jobs: an answer, an array of jobs or of answers, or one job. Takes `root` over.
 * ERROR_USAGE. */
bool hbr_page_import(struct json_node *root, struct hbr_page *ret_page,
                     struct error *err) MUST_CHECK;

/* Leaves an empty page. */
void hbr_page_free(struct hbr_page *page);

/* The shape check alone, for acs_request.check. */
bool hbr_page_check(struct json_node *root, const void *tag, struct error *err) MUST_CHECK;

/* --- failed answers ------------------------------------------------------------------------ */

/* What a failed answer says about the request. */
enum hbr_refusal {
    HBR_NO_REFUSAL,       /* the source failed: network, gateway, permission, billing, activation,
                             throttling */
    HBR_REFUSED,          /* the service's own JSON error about this request, whatever its Code */
    HBR_REFUSED_PARAMETER /* ... and its Code speaks of a parameter */
};

/*
 * Only the service's own error (JSON with a RequestId; HTTP 4xx with a Code, or HTTP 200 with
 * Success false) is a refusal. Permission, billing, activation and throttling codes never are.
 */
enum hbr_refusal hbr_refusal_of(const struct error *failure);

#endif
