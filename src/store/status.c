/* What `status` shows of each source and scope. */
#include <stdio.h>
#include <string.h>

#include "store/job.h"
#include "store/run_row.h"

/* The scopes that can be complete: '' and a single RestoreType, whether proved yet or not. As in
 * v_sync_health. */
static const char scopes_sql[] =
    "SELECT s.source_id, s.account_id, s.region_id, s.edition, c.restore_type FROM sync_source AS s"
    " JOIN (SELECT source_id, restore_type FROM sync_watermark"
    " UNION SELECT source_id, '' FROM sync_run WHERE scope = ''"
    " UNION SELECT source_id, substr(scope, 13) FROM sync_run WHERE scope GLOB 'RestoreType=*'"
    " AND substr(scope, 13) NOT GLOB '*[^A-Za-z0-9_]*') AS c ON c.source_id = s.source_id"
    " ORDER BY s.account_id, s.region_id, s.edition, c.restore_type";

static bool count_missing(struct store *store, int64_t source_id, const char *restore_type,
                          int64_t *ret_count, struct error *err)
{
    struct statement query;
    if (!statement_open(store, STATEMENT_JOB_COUNT_MISSING,
                        "SELECT count(*) FROM restore_job WHERE source_id = ?1"
                        " AND missing_since IS NOT NULL AND (?2 = '' OR restore_type = ?2)",
                        "count jobs", &query, err)) {
        return false;
    }
    statement_bind_integer(&query, source_id);
    statement_bind_string(&query, restore_type);
    return statement_read_integer(&query, ret_count, err);
}

static bool read_times(struct store *store, struct store_status *status, struct error *err)
{
    struct statement query;
    if (!statement_open(store, STATEMENT_RUN_TIMES,
                        "SELECT max(CASE WHEN proof = 'proved' THEN finished_at END),"
                        " max(CASE WHEN outcome IN ('done', 'skipped') THEN finished_at END),"
                        " count(*) FROM sync_run"
                        " WHERE source_id = ?1 AND scope = ?2 AND mode <> 'import'",
                        "read the runs", &query, err)) {
        return false;
    }
    statement_bind_integer(&query, status->source.source_id);
    statement_bind_string(&query, status->scope);
    bool row = false;
    bool done = statement_step(&query, &row, err);
    if (done && row) {
        status->last_proved_at = statement_integer(&query, 0, 0);
        status->last_success_at = statement_integer(&query, 1, 0);
        status->runs = statement_integer(&query, 2, 0);
    }
    statement_close(&query);
    return done;
}

static bool fill_status(struct store *store, const char *restore_type, struct store_status *status,
                        struct error *err)
{
    int64_t source_id = status->source.source_id;
    struct store_scope scope = {source_id, restore_type, STORE_EVERY_JOB};
    return store_watermark_get(store, source_id, restore_type, &status->watermark, err) &&
           store_job_count(store, &scope, &status->jobs, err) &&
           store_job_count_open(store, &scope, &status->open_jobs, err) &&
           count_missing(store, source_id, restore_type, &status->missing_jobs, err) &&
           store_run_last(store, source_id, status->scope, &status->last_run, err) &&
           read_times(store, status, err);
}

/* One row of scopes_sql. */
static bool read_scope(struct store *store, const struct statement *scopes,
                       struct store_status *status, struct error *err)
{
    char account_id[STORE_NAME_MAX];
    char region_id[STORE_NAME_MAX];
    char edition[STORE_NAME_MAX];
    char restore_type[STORE_NAME_MAX];
    statement_copy_text(scopes, 1, account_id, sizeof account_id);
    statement_copy_text(scopes, 2, region_id, sizeof region_id);
    statement_copy_text(scopes, 3, edition, sizeof edition);
    statement_copy_text(scopes, 4, restore_type, sizeof restore_type);
    memset(status, 0, sizeof *status);
    (void)snprintf(status->scope, sizeof status->scope, "%s%s",
                   restore_type[0] != '\0' ? "RestoreType=" : "", restore_type);
    /* The source exists, so nothing is added and no transaction is needed. */
    return statement_read_ok(scopes, err) &&
           store_source_open(store, account_id, region_id, edition, &status->source, err) &&
           fill_status(store, restore_type, status, err);
}

bool store_status_each(struct store *store,
                       bool (*visit)(const struct store_status *status, void *context,
                                     struct error *err),
                       void *context, struct error *err)
{
    struct statement scopes;
    if (!statement_open(store, STATEMENT_STATUS_SCOPES, scopes_sql, "read the sources", &scopes,
                        err)) {
        return false;
    }
    struct store_status status;
    bool row = false;
    bool done;
    while ((done = statement_step(&scopes, &row, err)) && row) {
        if (!read_scope(store, &scopes, &status, err) || !visit(&status, context, err)) {
            done = false;
            break;
        }
    }
    statement_close(&scopes);
    return done;
}
