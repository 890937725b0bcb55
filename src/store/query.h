/*
 * Reading: with SQL of one's own, as reports do, and jobs back out, in the order of restore_id, as
 * records of the model or as the rows of v_restore_job. Streamed, with the memory of one row, and
 * each out of one snapshot: what a sync commits in the meantime is not seen.
 */
#ifndef HBRSYNC_STORE_QUERY_H
#define HBRSYNC_STORE_QUERY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cell.h"
#include "base/error.h"
#include "base/record.h"
#include "store/store.h"

#define STORE_COLUMNS_MAX 200
#define STORE_PARAMETERS_MAX 8

/* A named parameter of the statement, such as ":since"; an integer, a text or NULL. One that the
 * statement does not have is passed over. */
struct store_parameter {
    const char *name;
    struct cell value;
};

struct store_query {
    const char *sql;  /* one statement that only reads */
    const char *what; /* for messages: what is being done */
    const struct store_parameter *parameters;
    size_t parameter_count; /* at most STORE_PARAMETERS_MAX */
};

/* Called before the first row with the columns' names, and for each row; false, with *err filled,
 * ends the query. */
struct store_rows {
    bool (*columns)(const char *const *names, size_t count, void *context, struct error *err);
    bool (*row)(const struct cell *cells, size_t count, void *context, struct error *err);
    void *context;
};

/* ERROR_INTERNAL when the statement could write; SQLite's own text and position when it is wrong.
 */
bool store_query_run(struct store *store, const struct store_query *query,
                     const struct store_rows *rows, struct error *err) MUST_CHECK;

/* --- jobs ---------------------------------------------------------------------------------- */

/* Which jobs; all zero: every one. */
struct store_job_filter {
    bool has_since, has_until;
    int64_t since, until; /* created_time: from `since` on, before `until` */
    bool listed_only;     /* without those that the service no longer lists */
    /* NULL, or a JSON object: the values that a job may have, by the columns account_id, region_id,
     * edition, vault_id, restore_type and status; whichever where a column is not in it. */
    const char *lists;
};

/* A stored job; its texts are borrowed until the next one is read. */
struct store_job {
    struct record record;
    int64_t source_id;
    bool missing; /* the service no longer lists it */
};

struct store_jobs;

/* One at a time on a store. `store` and the filter's `lists` must outlive what is opened. */
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

/*
 * store_query_run of a statement in which restore_job and the views v_restore_job, v_restore_open
 * and v_sync_health have only what the filter selects; v_sync_health the sources, those that hold
 * jobs of its vaults, with the scopes of its types. The statement begins with comments, then
 * SELECT or WITH [RECURSIVE].
 */
bool store_query_selected(struct store *store, const struct store_query *query,
                          const struct store_job_filter *filter, const struct store_rows *rows,
                          struct error *err) MUST_CHECK;

#endif
