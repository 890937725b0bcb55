/*
 * Restore jobs in the database: the guarded upsert, its history, ids seen by a listing, and the
 * counts that the proof of completeness compares with the service's.
 *
 * A job is *closed* when its complete_time is greater than 0, else *open*. All counts leave out
 * rows marked missing and rows of other sources; `restore_type` "" means every type.
 */
#ifndef HBRSYNC_STORE_JOB_H
#define HBRSYNC_STORE_JOB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/record.h"
#include "store/store.h"

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

/*
 * Inserts a job, or updates it when something differs and the incoming UpdatedTime is not older,
 * with its report and OTS parts and a row of restore_job_change for an update; removes a missing
 * mark (*ret_returned, may be NULL). A job keeps the source that first listed it, and the first
 * final status that it was seen with (settled_status). *ret_row (may be NULL) is its row_id,
 * whatever was written. Needs a transaction.
 */
bool store_job_put(struct store *store, const struct store_writer *writer,
                   const struct record *record, enum store_put_result *ret_result,
                   bool *ret_returned, int64_t *ret_row, struct error *err) MUST_CHECK;

/* --- ids seen: a TEMP table; sets are numbered by the caller ------------------------------- */

/* Adds an id to a set; *ret_new tells whether it was not in that set before. Works inside or
 * outside a transaction. */
bool store_seen_add(struct store *store, int64_t set, const char *restore_id, size_t length,
                    bool *ret_new, struct error *err) MUST_CHECK;
bool store_seen_count(struct store *store, int64_t set, int64_t *ret_count,
                      struct error *err) MUST_CHECK;
bool store_seen_clear(struct store *store, int64_t set, struct error *err) MUST_CHECK;
/* Clears every set. */
bool store_seen_reset(struct store *store, struct error *err) MUST_CHECK;
/* Adds every id of `from` to `into`. */
bool store_seen_merge(struct store *store, int64_t into, int64_t from,
                      struct error *err) MUST_CHECK;
/* True in *ret_equal when both sets hold the same ids. */
bool store_seen_equal(struct store *store, int64_t left, int64_t right, bool *ret_equal,
                      struct error *err) MUST_CHECK;

/* Takes out of `set` every id that is not in `other`. */
bool store_seen_keep(struct store *store, int64_t set, int64_t other, struct error *err) MUST_CHECK;
/* True in *ret_within when every id of `inner` is in `outer`. */
bool store_seen_within(struct store *store, int64_t inner, int64_t outer, bool *ret_within,
                       struct error *err) MUST_CHECK;

/* --- counts ---------------------------------------------------------------------------------- */

/* A part of one source: [from, to] of complete_time, both ends included. */
struct store_window {
    int64_t source_id;
    const char *restore_type;
    int64_t from, to;
};

bool store_job_count(struct store *store, int64_t source_id, const char *restore_type,
                     int64_t *ret_count, struct error *err) MUST_CHECK;
bool store_job_count_open(struct store *store, int64_t source_id, const char *restore_type,
                          int64_t *ret_count, struct error *err) MUST_CHECK;
bool store_job_count_closed(struct store *store, const struct store_window *window,
                            int64_t *ret_count, struct error *err) MUST_CHECK;

/* A complete_time that halves the rows of the window: about half lie in [from, *ret_time], which is
 * less than `to`. *ret_found is false when no row, or one second alone, lies in it. */
bool store_job_median(struct store *store, const struct store_window *window, int64_t *ret_time,
                      bool *ret_found, struct error *err) MUST_CHECK;

/* The greatest updated_time of the rows of the source (missing ones too), 0 when there are none. */
bool store_job_max_updated(struct store *store, int64_t source_id, const char *restore_type,
                           int64_t *ret_time, struct error *err) MUST_CHECK;

/* Any closed job of the source, the latest by complete_time; *ret_time 0 when there is none. */
bool store_job_latest_closed(struct store *store, int64_t source_id, const char *restore_type,
                             int64_t *ret_time, struct error *err) MUST_CHECK;

/* --- ids to ask for -------------------------------------------------------------------------- */

enum store_pick {
    PICK_OPEN,          /* open in the database */
    PICK_RECENT_CLOSED, /* complete_time >= since */
    PICK_REPORT /* complete_time >= since and report_task_status neither NULL nor 'COMPLETE' */
};

/* Calls `visit` with the ids of a class, not marked missing, that are not in the set `seen`; at
 * most `limit`. */
bool store_job_each_unseen(struct store *store, int64_t source_id, const char *restore_type,
                           enum store_pick pick, int64_t since, int64_t seen, size_t limit,
                           bool (*visit)(const char *restore_id, void *context, struct error *err),
                           void *context, struct error *err) MUST_CHECK;

/* --- missing marks --------------------------------------------------------------------------- */

/* Marks the rows of the source (all, or those closed within `window`) that are not in the set
 * `seen`, with a row of restore_job_change each; needs a transaction. */
bool store_job_mark_missing(struct store *store, const struct store_writer *writer,
                            const char *restore_type, int64_t seen, int64_t *ret_count,
                            struct error *err) MUST_CHECK;
bool store_job_mark_missing_window(struct store *store, const struct store_writer *writer,
                                   const struct store_window *window, int64_t seen,
                                   int64_t *ret_count, struct error *err) MUST_CHECK;
/* Marks one row. */
bool store_job_mark_missing_id(struct store *store, const struct store_writer *writer,
                               const char *restore_id, bool *ret_marked,
                               struct error *err) MUST_CHECK;

#endif
