/* The record of each run, sync_run, and what `status` shows of it: v_sync_health, which alone says
 * what is proved. */
#include <string.h>

#include "store/internal.h"
#include "store/state.h"

static const char *const mode_names[] = {
    [RUN_FULL] = "full", [RUN_DELTA] = "delta", [RUN_IMPORT] = "import"};
static const char *const outcome_names[] = {
    [RUN_RUNNING] = "running",         [RUN_DONE] = "done",
    [RUN_UNPROVED] = "unproved",       [RUN_FAILED] = "failed",
    [RUN_INTERRUPTED] = "interrupted", [RUN_SKIPPED] = "skipped",
    [RUN_CRASHED] = "crashed"};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define DAY 86400
#define KEPT_DAYS 90 /* of runs that found nothing */

/* In the order in which a row is written. */
#define COLUMNS                                                                                    \
    "run_id, source_id, scope, mode, outcome, started_at, finished_at, requests, retries,"         \
    " throttled, pages, seen, inserted, updated, unchanged, stale, missing, returned, rejected,"   \
    " unknown_fields, total_count, local_count, open_jobs, proof, proof_detail, watermark, error"

const char *store_run_mode_name(enum store_run_mode mode)
{
    return (size_t)mode < COUNT(mode_names) ? mode_names[mode] : "unknown";
}

const char *store_run_outcome_name(enum store_run_outcome outcome)
{
    return (size_t)outcome < COUNT(outcome_names) ? outcome_names[outcome] : "unknown";
}

/* --- writing ------------------------------------------------------------------------------- */

bool store_run_next_id(struct store *store, int64_t *ret_run_id, struct error *err)
{
    struct statement query;
    return store_need_transaction(store, "a run is numbered", err) &&
           statement_open(store, STATEMENT_RUN_NEXT,
                          "SELECT coalesce(max(run_id), 0) + 1 FROM sync_run", "number a run",
                          &query, err) &&
           statement_read_integer(&query, ret_run_id, err);
}

/* Numbers whose "unknown" is `none`, and empty texts, are NULL in the table. */
static void bind_known(struct statement *statement, int64_t value, int64_t none)
{
    if (value == none) {
        statement_bind_null(statement);
    } else {
        statement_bind_integer(statement, value);
    }
}

static void bind_optional(struct statement *statement, const char *text)
{
    if (text[0] == '\0') {
        statement_bind_null(statement);
    } else {
        statement_bind_string(statement, text);
    }
}

/* Binds all columns in the order of both statements below. */
static bool write_row(struct statement *statement, const struct store_run *run,
                      int64_t *ret_changes, struct error *err)
{
    statement_bind_integers(statement, run->run_id, run->source_id);
    statement_bind_string(statement, run->scope);
    statement_bind_string(statement, store_run_mode_name(run->mode));
    statement_bind_string(statement, store_run_outcome_name(run->outcome));
    statement_bind_integer(statement, run->started_at);
    bind_known(statement, run->finished_at, 0);
    statement_bind_integers(statement, run->requests, run->retries, run->throttled, run->pages,
                            run->seen, run->inserted, run->updated, run->unchanged, run->stale,
                            run->missing, run->returned, run->rejected, run->unknown_fields);
    bind_known(statement, run->total_count, -1);
    bind_known(statement, run->local_count, -1);
    statement_bind_integer(statement, run->open_jobs);
    statement_bind_string(statement, run->proved ? "proved" : "unproved");
    bind_optional(statement, run->proof_detail);
    bind_known(statement, run->watermark, 0);
    bind_optional(statement, run->error);
    return statement_run(statement, ret_changes, err);
}

bool store_run_begin(struct store *store, const struct store_run *run, struct error *err)
{
    static const char sql[] =
        "INSERT INTO sync_run (" COLUMNS ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11,"
        " ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22, ?23, ?24, ?25, ?26, ?27)";
    struct statement insert;
    struct store_run running = *run;
    running.outcome = RUN_RUNNING;
    return store_need_transaction(store, "a run is begun", err) &&
           statement_open(store, STATEMENT_RUN_INSERT, sql, "record a run", &insert, err) &&
           write_row(&insert, &running, NULL, err);
}

bool store_run_end(struct store *store, const struct store_run *run, struct error *err)
{
    static const char sql[] =
        "UPDATE sync_run SET mode = ?4, outcome = ?5, started_at = ?6, finished_at = ?7,"
        " requests = ?8, retries = ?9, throttled = ?10, pages = ?11, seen = ?12, inserted = ?13,"
        " updated = ?14, unchanged = ?15, stale = ?16, missing = ?17, returned = ?18,"
        " rejected = ?19, unknown_fields = ?20, total_count = ?21, local_count = ?22,"
        " open_jobs = ?23, proof = ?24, proof_detail = ?25, watermark = ?26, error = ?27"
        " WHERE run_id = ?1 AND source_id = ?2 AND scope = ?3";
    struct statement update;
    int64_t changes = 0;
    if (!store_need_transaction(store, "a run is ended", err) ||
        !statement_open(store, STATEMENT_RUN_UPDATE, sql, "record a run", &update, err) ||
        !write_row(&update, run, &changes, err)) {
        return false;
    }
    return changes == 1 ||
           error_set(err, ERROR_INTERNAL, "run %lld was never begun", (long long)run->run_id);
}

bool store_run_close_crashed(struct store *store, int64_t now, int64_t *ret_count,
                             struct error *err)
{
    struct statement update;
    if (!store_need_transaction(store, "runs are closed", err) ||
        !statement_open(store, STATEMENT_RUN_CRASHED,
                        "UPDATE sync_run SET outcome = 'crashed', finished_at = ?1,"
                        " proof = 'unproved', error = coalesce(error, 'the process ended before"
                        " the run did') WHERE outcome = 'running'",
                        "close the runs that were left open", &update, err)) {
        return false;
    }
    statement_bind_integer(&update, now);
    return statement_run(&update, ret_count, err);
}

/*
 * A run goes when a later one makes it needless to v_sync_health: one of the same source and scope
 * that is worth as much there. Filters are many, and any later run of the source is worth as much
 * as one of theirs. What refers to a run means its row of the same source, or any where there is
 * none.
 */
#define WORTH(run)                                                                                 \
    "max((" run ".proof = 'proved') * 2, " run ".seen > 0 OR " run ".outcome = 'crashed')"

bool store_run_prune(struct store *store, int64_t now, struct error *err)
{
    static const char sql[] =
        "WITH idle AS MATERIALIZED (SELECT r.run_id, r.source_id, r.rowid AS row"
        " FROM sync_run AS r WHERE r.inserted + r.updated + r.missing + r.returned = 0"
        " AND r.finished_at < ?1 AND EXISTS (SELECT 1 FROM sync_run AS n"
        " WHERE n.source_id = r.source_id AND n.run_id > r.run_id"
        " AND (n.scope = r.scope OR (r.scope <> '' AND (r.scope NOT GLOB 'RestoreType=*'"
        " OR substr(r.scope, 13) GLOB '*[^A-Za-z0-9_]*')))"
        " AND (r.mode = 'import' OR (n.mode <> 'import'"
        " AND (n.scope <> r.scope OR " WORTH("n") " >= " WORTH(
            "r") "))))),"
                 " referred AS MATERIALIZED (SELECT first_run_id AS run_id, source_id FROM "
                 "restore_job"
                 " UNION SELECT changed_run_id, source_id FROM restore_job"
                 " UNION SELECT c.run_id, j.source_id FROM restore_job_change AS c"
                 " JOIN restore_job AS j ON j.restore_id = c.restore_id"
                 " UNION SELECT run_id, source_id FROM sync_watermark)"
                 " DELETE FROM sync_run WHERE rowid IN (SELECT row FROM idle WHERE NOT EXISTS"
                 " (SELECT 1 FROM referred AS f WHERE f.run_id = idle.run_id"
                 " AND (f.source_id = idle.source_id OR NOT EXISTS (SELECT 1 FROM sync_run AS o"
                 " WHERE o.run_id = f.run_id AND o.source_id = f.source_id))))";
    struct statement prune;
    if (!store_need_transaction(store, "runs are removed", err) ||
        !statement_open(store, STATEMENT_RUN_PRUNE, sql, "remove old runs", &prune, err)) {
        return false;
    }
    statement_bind_integer(&prune, (now / DAY - KEPT_DAYS) * DAY);
    return statement_run(&prune, NULL, err);
}

bool store_run_of_sibling(struct store *store, const struct store_run *run,
                          const struct store_source *source, const char *restore_type,
                          int64_t *ret_jobs, struct error *err)
{
    struct statement query;
    if (!statement_open(store, STATEMENT_RUN_SIBLING,
                        "SELECT coalesce(max((SELECT count(*) FROM restore_job AS j"
                        " WHERE j.source_id = s.source_id AND j.missing_since IS NULL"
                        " AND (?6 = '' OR j.restore_type = ?6))), -1) FROM sync_run AS r"
                        " JOIN sync_source AS s ON s.source_id = r.source_id"
                        " WHERE r.run_id = ?1 AND r.scope = ?2"
                        " AND r.outcome IN ('done', 'unproved') AND s.account_id = ?3"
                        " AND s.region_id = ?4 AND s.edition <> ?5",
                        "look up a run", &query, err)) {
        return false;
    }
    statement_bind_integer(&query, run->run_id);
    statement_bind_string(&query, run->scope);
    statement_bind_string(&query, source->account_id);
    statement_bind_string(&query, source->region_id);
    statement_bind_string(&query, source->edition);
    statement_bind_string(&query, restore_type);
    return statement_read_integer(&query, ret_jobs, err);
}

/* --- status -------------------------------------------------------------------------------- */

static bool read_row(const struct statement *row, struct store_status *status, struct error *err)
{
    struct store_source *source = &status->source;
    int column = 0;
    memset(status, 0, sizeof *status);
    source->source_id = statement_integer(row, column++, 0);
    statement_copy_text(row, column++, source->account_id, sizeof source->account_id);
    statement_copy_text(row, column++, source->region_id, sizeof source->region_id);
    statement_copy_text(row, column++, source->edition, sizeof source->edition);
    source->retired_at = statement_integer(row, column++, 0);
    statement_copy_text(row, column++, status->scope, sizeof status->scope);
    statement_copy_text(row, column++, status->note, sizeof status->note);
    status->imported = statement_integer(row, column++, 0) != 0;
    status->proved = statement_integer(row, column++, 0) != 0;
    status->jobs = statement_integer(row, column++, 0);
    status->open_jobs = statement_integer(row, column++, 0);
    status->missing_jobs = statement_integer(row, column++, 0);
    status->watermark = statement_integer(row, column++, 0);
    status->full_walk_at = statement_integer(row, column++, 0);
    status->last_proved_at = statement_integer(row, column++, 0);
    status->last_success_at = statement_integer(row, column++, 0);
    status->last_run_id = statement_integer(row, column++, 0);
    statement_copy_text(row, column++, status->last_mode, sizeof status->last_mode);
    statement_copy_text(row, column++, status->last_outcome, sizeof status->last_outcome);
    status->last_proved = statement_integer(row, column++, 0) != 0;
    statement_copy_text(row, column++, status->last_evidence, sizeof status->last_evidence);
    statement_copy_text(row, column++, status->last_error, sizeof status->last_error);
    status->accounts = statement_integer(row, column, 0);
    return statement_read_ok(row, err);
}

bool store_status_each(struct store *store,
                       bool (*visit)(const struct store_status *status, void *context,
                                     struct error *err),
                       void *context, struct error *err)
{
    static const char sql[] =
        "SELECT source_id, account_id, region_id, edition, strftime('%s', retired_utc), scope,"
        " source_note, copied_by = 'import', proved, jobs, open_jobs, missing_jobs,"
        " strftime('%s', watermark_utc), strftime('%s', full_walk_utc),"
        " strftime('%s', last_proved_utc), strftime('%s', last_success_utc), last_run_id,"
        " last_mode, last_outcome, last_proof = 'proved', last_proof_detail, last_error,"
        " (SELECT count(DISTINCT account_id) FROM sync_source WHERE account_id <> '')"
        " FROM v_sync_health ORDER BY account_id, region_id, edition, scope";
    struct statement rows;
    if (!statement_open(store, STATEMENT_STATUS_ROWS, sql, "read the sources", &rows, err)) {
        return false;
    }
    struct store_status status;
    bool row = false;
    bool done;
    while ((done = statement_step(&rows, &row, err)) && row) {
        if (!read_row(&rows, &status, err) || !visit(&status, context, err)) {
            done = false;
            break;
        }
    }
    statement_close(&rows);
    return done;
}
