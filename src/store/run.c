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

/* In the order in which a row is read and written. */
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

static size_t name_index(const char *const *names, size_t count, const char *name, size_t if_none)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(names[i], name) == 0) {
            return i;
        }
    }
    return if_none;
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

/* --- reading ------------------------------------------------------------------------------- */

static void read_run(const struct statement *select, struct store_run *ret_run)
{
    int64_t *const counters[] = {&ret_run->requests,      &ret_run->retries,   &ret_run->throttled,
                                 &ret_run->pages,         &ret_run->seen,      &ret_run->inserted,
                                 &ret_run->updated,       &ret_run->unchanged, &ret_run->stale,
                                 &ret_run->missing,       &ret_run->returned,  &ret_run->rejected,
                                 &ret_run->unknown_fields};
    char text[32];
    int column = 0;
    ret_run->run_id = statement_integer(select, column++, 0);
    ret_run->source_id = statement_integer(select, column++, 0);
    statement_copy_text(select, column++, ret_run->scope, sizeof ret_run->scope);
    statement_copy_text(select, column++, text, sizeof text);
    ret_run->mode = (enum store_run_mode)name_index(mode_names, COUNT(mode_names), text, RUN_FULL);
    statement_copy_text(select, column++, text, sizeof text);
    ret_run->outcome =
        (enum store_run_outcome)name_index(outcome_names, COUNT(outcome_names), text, RUN_FAILED);
    ret_run->started_at = statement_integer(select, column++, 0);
    ret_run->finished_at = statement_integer(select, column++, 0);
    for (size_t i = 0; i < COUNT(counters); i++) {
        *counters[i] = statement_integer(select, column++, 0);
    }
    ret_run->total_count = statement_integer(select, column++, -1);
    ret_run->local_count = statement_integer(select, column++, -1);
    ret_run->open_jobs = statement_integer(select, column++, 0);
    statement_copy_text(select, column++, text, sizeof text);
    ret_run->proved = strcmp(text, "proved") == 0;
    statement_copy_text(select, column++, ret_run->proof_detail, sizeof ret_run->proof_detail);
    ret_run->watermark = statement_integer(select, column++, 0);
    statement_copy_text(select, column, ret_run->error, sizeof ret_run->error);
}

/* The last run of a source and scope; run_id 0 when there is none. */
static bool read_last(struct store *store, int64_t source_id, const char *scope,
                      struct store_run *ret_run, struct error *err)
{
    static const char sql[] = "SELECT " COLUMNS " FROM sync_run WHERE source_id = ?1 AND scope = ?2"
                              " ORDER BY run_id DESC LIMIT 1";
    struct statement select;
    if (!statement_open(store, STATEMENT_RUN_LAST, sql, "read the last run", &select, err)) {
        return false;
    }
    statement_bind_integer(&select, source_id);
    statement_bind_string(&select, scope);
    bool row = false;
    bool done = statement_step(&select, &row, err);
    memset(ret_run, 0, sizeof *ret_run);
    if (done && row) {
        read_run(&select, ret_run);
        done = statement_read_ok(&select, err);
    }
    statement_close(&select);
    return done;
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

static bool read_row(struct store *store, const struct statement *rows, struct store_status *status,
                     struct error *err)
{
    char account_id[STORE_NAME_MAX];
    char region_id[STORE_NAME_MAX];
    char edition[STORE_NAME_MAX];
    memset(status, 0, sizeof *status);
    statement_copy_text(rows, 0, account_id, sizeof account_id);
    statement_copy_text(rows, 1, region_id, sizeof region_id);
    statement_copy_text(rows, 2, edition, sizeof edition);
    statement_copy_text(rows, 3, status->scope, sizeof status->scope);
    statement_copy_text(rows, 4, status->note, sizeof status->note);
    status->imported = statement_integer(rows, 5, 0) != 0;
    status->proved = statement_integer(rows, 6, 0) != 0;
    status->jobs = statement_integer(rows, 7, 0);
    status->open_jobs = statement_integer(rows, 8, 0);
    status->missing_jobs = statement_integer(rows, 9, 0);
    status->watermark = statement_integer(rows, 10, 0);
    status->full_walk_at = statement_integer(rows, 11, 0);
    status->last_proved_at = statement_integer(rows, 12, 0);
    status->last_success_at = statement_integer(rows, 13, 0);
    /* The source exists, so nothing is added and no transaction is needed. */
    return statement_read_ok(rows, err) &&
           store_source_open(store, account_id, region_id, edition, &status->source, err) &&
           read_last(store, status->source.source_id, status->scope, &status->last_run, err);
}

bool store_status_each(struct store *store,
                       bool (*visit)(const struct store_status *status, void *context,
                                     struct error *err),
                       void *context, struct error *err)
{
    static const char sql[] =
        "SELECT account_id, region_id, edition, scope, source_note, copied_by = 'import', proved,"
        " jobs, open_jobs, missing_jobs, strftime('%s', watermark_utc),"
        " strftime('%s', full_walk_utc), strftime('%s', last_proved_utc),"
        " strftime('%s', last_success_utc) FROM v_sync_health"
        " ORDER BY account_id, region_id, edition, scope";
    struct statement rows;
    if (!statement_open(store, STATEMENT_STATUS_ROWS, sql, "read the sources", &rows, err)) {
        return false;
    }
    struct store_status status;
    bool row = false;
    bool done;
    while ((done = statement_step(&rows, &row, err)) && row) {
        if (!read_row(store, &rows, &status, err) || !visit(&status, context, err)) {
            done = false;
            break;
        }
    }
    statement_close(&rows);
    return done;
}
