/*
 * Restore jobs in the database: the guarded upsert, its history, missing marks, and the counts and
 * rows that the proof of completeness compares with the service's.
 *
 * A job is *finished* when its complete_time is greater than 0, else *open*. Jobs are named by
 * their row number (restore_job.row_id). Counts and rows leave out jobs that are marked missing.
 */
#ifndef HBRSYNC_STORE_JOB_H
#define HBRSYNC_STORE_JOB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/record.h"
#include "base/row_set.h"
#include "store/store.h"

#define STORE_RESTORE_ID_SIZE 257 /* a RestoreId and its NUL */

/* Who writes, and when. */
struct store_writer {
    int64_t source_id;
    int64_t run_id;
    int64_t now;  /* UNIX seconds */
    bool imports; /* from saved answers: no listing, so no mark and no source changes by it */
};

enum store_put_result {
    PUT_INSERTED,
    PUT_UPDATED,
    PUT_UNCHANGED, /* nothing was written */
    PUT_STALE      /* the row in the database is newer (UpdatedTime); nothing was written */
};

/* What became of a job. */
struct store_put {
    enum store_put_result result;
    int64_t row;
    bool returned;  /* a missing mark was removed */
    bool own;       /* it was stored before under the writer's source, and not marked missing */
    bool elsewhere; /* it stays under another source than the writer's */
};

/*
 * Inserts a job, or updates it when something differs and the incoming UpdatedTime is not older,
 * with its report and OTS parts and a row of restore_job_change for an update; removes a missing
 * mark. A job keeps the source that first listed it, and the first final status that it was seen
 * with (settled_status). Needs a transaction.
 */
bool store_job_put(struct store *store, const struct store_writer *writer,
                   const struct record *record, struct store_put *ret_put,
                   struct error *err) MUST_CHECK;

/* --- counts and rows ------------------------------------------------------------------------- */

/* Which part of a source's jobs. */
enum store_part {
    STORE_EVERY_JOB,
    STORE_TOP_LEVEL, /* jobs without a ParentId */
    STORE_CHILDREN   /* jobs with one */
};

struct store_scope {
    int64_t source_id;
    const char *restore_type; /* "": every type */
    enum store_part part;
};

bool store_job_count(struct store *store, const struct store_scope *scope, int64_t *ret_count,
                     struct error *err) MUST_CHECK;
/* Jobs whose outcome in v_restore_job is 'open': fewer than PICK_OPEN, for a job that had a final
 * status may be without a complete_time. */
bool store_job_count_open(struct store *store, const struct store_scope *scope, int64_t *ret_count,
                          struct error *err) MUST_CHECK;

/* Jobs with complete_time in [from, to]. */
bool store_job_count_finished(struct store *store, const struct store_scope *scope, int64_t from,
                              int64_t to, int64_t *ret_count, struct error *err) MUST_CHECK;

/* A complete_time that halves the jobs finished in [from, to]: about half of them in [from,
 * *ret_time], which is less than the last one's. 0 when they all finished in one second, or there
 * are fewer than two. */
bool store_job_median(struct store *store, const struct store_scope *scope, int64_t from,
                      int64_t to, int64_t *ret_time, struct error *err) MUST_CHECK;

/* The latest complete_time in [from, to], 0 when there is none. */
bool store_job_last_finished(struct store *store, const struct store_scope *scope, int64_t from,
                             int64_t to, int64_t *ret_time, struct error *err) MUST_CHECK;

/* The latest, or the earliest, second in [from, to] in which no job of any part finished; looks at
 * STORE_SECONDS_MAX seconds at most. 0 when there is none. */
#define STORE_SECONDS_MAX 7200
enum store_end { STORE_LATEST, STORE_EARLIEST };
bool store_job_empty_second(struct store *store, const struct store_scope *scope,
                            enum store_end end, int64_t from, int64_t to, int64_t *ret_second,
                            struct error *err) MUST_CHECK;

/* The greatest updated_time of the scope (jobs marked missing, too), 0 when there are none. */
bool store_job_max_updated(struct store *store, const struct store_scope *scope, int64_t *ret_time,
                           struct error *err) MUST_CHECK;

enum store_pick {
    PICK_EVERY,
    PICK_OPEN,
    PICK_WHOLE_MACHINE, /* RestoreType UDM... */
    PICK_FINISHED,      /* complete_time in [from, to] */
    PICK_REPORT         /* as PICK_FINISHED, and report_task_status neither NULL nor 'COMPLETE' */
};

/* Adds the rows of a class to a set; `from` and `to` matter where they are named. */
bool store_job_rows(struct store *store, const struct store_scope *scope, enum store_pick pick,
                    int64_t from, int64_t to, struct row_set *rows, struct error *err) MUST_CHECK;

/* The job of a row. ERROR_DATABASE when it is gone. */
struct store_job_row {
    char restore_id[STORE_RESTORE_ID_SIZE];
    bool may_have_children; /* a whole machine (RestoreType UDM...) without a ParentId */
};
bool store_job_at(struct store *store, int64_t row, struct store_job_row *ret_job,
                  struct error *err) MUST_CHECK;

/* Calls `visit` with the parents of the children of a source, or of the open ones alone: at most
 * `limit` that sort after `after`, in order. */
bool store_job_each_parent(struct store *store, int64_t source_id, bool of_open, const char *after,
                           size_t limit,
                           bool (*visit)(const char *restore_id, void *context, struct error *err),
                           void *context, struct error *err) MUST_CHECK;

/* Calls `visit` with each restore_type among the jobs of a source, NULL ones left out; at most
 * `limit`. */
bool store_job_each_type(struct store *store, int64_t source_id, size_t limit,
                         bool (*visit)(const char *restore_type, void *context, struct error *err),
                         void *context, struct error *err) MUST_CHECK;

/* --- missing marks --------------------------------------------------------------------------- */

/* Marks these rows, as far as they are of the writer's source and not marked, with a row of
 * restore_job_change each; needs a transaction. */
bool store_job_mark_missing(struct store *store, const struct store_writer *writer,
                            const struct row_set *rows, int64_t *ret_count,
                            struct error *err) MUST_CHECK;

#endif
