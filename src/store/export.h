/*
 * Reading jobs back out, in the order of restore_id: as records of the model, or as the rows of
 * v_restore_job. Streamed, with the memory of one job, and out of one snapshot: what a sync commits
 * in the meantime is not seen.
 */
#ifndef HBRSYNC_STORE_EXPORT_H
#define HBRSYNC_STORE_EXPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/record.h"
#include "store/query.h"
#include "store/store.h"

#define STORE_FILTER_LIST_MAX 64 /* values of one list */

/* Which jobs; all zero: every one. */
struct store_job_filter {
    bool has_since, has_until;
    int64_t since, until; /* created_time: from `since` on, before `until` */
    const char *const *statuses;
    size_t status_count;    /* 0: whatever the status */
    const char *account_id; /* the source's; NULL: whichever */
    const char *const *regions;
    size_t region_count; /* of the source, 0: whichever */
    const char *const *editions;
    size_t edition_count; /* of the source, 0: whichever */
    bool listed_only;     /* without those that the service no longer lists */
};

/* A stored job; its texts are borrowed until the next one is read. */
struct store_job {
    struct record record;
    int64_t source_id;
    bool missing; /* the service no longer lists it */
};

struct store_jobs;

/* One at a time on a store. `store` must outlive what is opened. */
bool store_jobs_open(struct store *store, const struct store_job_filter *filter,
                     struct store_jobs **ret_jobs, struct error *err) MUST_CHECK;
/* *ret_job is NULL after the last one. */
bool store_jobs_next(struct store_jobs *jobs, const struct store_job **ret_job,
                     struct error *err) MUST_CHECK;
/* Accepts NULL. */
void store_jobs_close(struct store_jobs *jobs);

/* The columns and rows of v_restore_job. */
bool store_export_rows(struct store *store, const struct store_job_filter *filter,
                       const struct store_rows *rows, struct error *err) MUST_CHECK;

#endif
