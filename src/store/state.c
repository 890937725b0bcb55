/* What sync remembers between runs, and what `status` shows of it: v_sync_health, which alone says
 * what is proved. */
#include "store/state.h"

#include <string.h>

#include "base/text.h"
#include "store/internal.h"

#define DAY 86400
#define KEPT_DAYS 90 /* of runs that found nothing */

static const char *const mode_names[] = {
    [RUN_FULL] = "full", [RUN_DELTA] = "delta", [RUN_IMPORT] = "import"};
static const char *const outcome_names[] = {
    [RUN_RUNNING] = "running",         [RUN_DONE] = "done",
    [RUN_UNPROVED] = "unproved",       [RUN_FAILED] = "failed",
    [RUN_INTERRUPTED] = "interrupted", [RUN_SKIPPED] = "skipped",
    [RUN_CRASHED] = "crashed"};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

bool store_database_label(struct store *store, const char *label, struct error *err)
{
    return statement_run(store, "UPDATE sync_database SET label = ?1 WHERE label <> ?1",
                         "label the database", VALUES(text_value(label)), NULL, err);
}

/* --- sources ------------------------------------------------------------------------------- */

/* What statements take of a source that is named. */
#define NAMES(source)                                                                              \
    text_value((source)->account_id), text_value((source)->region_id), text_value((source)->edition)

static bool select_source(struct store *store, struct store_source *source, bool *ret_found,
                          struct error *err)
{
    struct statement select;
    if (!statement_open(store, sql_source_find, "read a source", VALUES(NAMES(source)), &select,
                        err)) {
        return false;
    }
    bool done = statement_step(&select, ret_found, err);
    if (done && *ret_found) {
        source->source_id = statement_integer(&select, 0, 0);
        struct store_capabilities *known = &source->capabilities;
        known->filters = (enum store_capability)statement_integer(&select, 1, 0);
        known->untyped = (enum store_capability)statement_integer(&select, 2, 0);
        known->children = (enum store_children)statement_integer(&select, 3, 0);
        statement_copy_text(&select, 4, known->id_filter, sizeof known->id_filter);
        known->page_cap = statement_integer(&select, 5, 0);
        known->checked_at = statement_integer(&select, 6, 0);
        source->retired_at = statement_integer(&select, 7, 0);
        done = statement_read_ok(&select, err);
    }
    statement_close(&select);
    return done;
}

static bool name_source(struct store_source *source, const char *account_id, const char *region_id,
                        const char *edition, struct error *err)
{
    *source = (struct store_source){0};
    return (text_fit(source->account_id, sizeof source->account_id, account_id) &&
            text_fit(source->region_id, sizeof source->region_id, region_id) &&
            text_fit(source->edition, sizeof source->edition, edition)) ||
           error_set(err, ERROR_USAGE, "an account, region or edition is longer than %d bytes",
                     STORE_NAME_MAX - 1);
}

bool store_source_open(struct store *store, const char *account_id, const char *region_id,
                       const char *edition, struct store_source *ret_source, struct error *err)
{
    struct store_source source;
    bool found = false;
    if (!name_source(&source, account_id, region_id, edition, err) ||
        !select_source(store, &source, &found, err)) {
        return false;
    }
    if (!found) {
        if (!statement_run(
                store,
                "INSERT INTO sync_source (account_id, region_id, edition) VALUES (?1, ?2, ?3)",
                "add a source", VALUES(NAMES(&source)), NULL, err)) {
            return false;
        }
        source.source_id = sqlite3_last_insert_rowid(store->db);
    }
    *ret_source = source;
    return true;
}

bool store_source_retired_at(struct store *store, const char *account_id, const char *region_id,
                             const char *edition, int64_t *ret_retired_at, struct error *err)
{
    struct store_source source;
    bool found = false;
    if (!name_source(&source, account_id, region_id, edition, err) ||
        !select_source(store, &source, &found, err)) {
        return false;
    }
    *ret_retired_at = source.retired_at;
    return true;
}

bool store_source_retire(struct store *store, const char *account_id, const char *region_id,
                         const char *edition, int64_t now, int64_t *ret_count, struct error *err)
{
    struct store_source named;
    return name_source(&named, account_id, region_id, edition, err) &&
           statement_run(store, sql_source_retire, "retire a source",
                         VALUES(NAMES(&named), integer_value(now)), ret_count, err);
}

bool store_source_save(struct store *store, const struct store_source *source, struct error *err)
{
    const struct store_capabilities *known = &source->capabilities;
    return statement_run(store, sql_source_save, "write a source",
                         VALUES(integer_value(source->source_id), integer_value(known->filters),
                                integer_value(known->untyped), integer_value(known->children),
                                text_value(known->id_filter), integer_value(known->page_cap),
                                integer_value(known->checked_at)),
                         NULL, err);
}

void store_source_doubt_untyped(struct store_source *source)
{
    if (source->capabilities.untyped == CAPABILITY_YES) {
        source->capabilities.untyped = CAPABILITY_UNKNOWN;
    }
}

/* --- watermarks ---------------------------------------------------------------------------- */

bool store_watermark_get(struct store *store, int64_t source_id, const char *restore_type,
                         struct store_watermark *ret_watermark, struct error *err)
{
    struct statement select;
    if (!statement_open(store, sql_watermark_get, "read a watermark",
                        VALUES(integer_value(source_id), text_value(restore_type)), &select, err)) {
        return false;
    }
    struct store_watermark watermark = {0};
    bool done = statement_step(&select, &watermark.known, err);
    if (done && watermark.known) {
        watermark.proved = statement_integer(&select, 0, 0) != 0;
        watermark.updated_time = statement_integer(&select, 1, 0);
        watermark.cut_time = statement_integer(&select, 2, 0);
        watermark.full_walk_at = statement_integer(&select, 3, 0);
        watermark.run_id = statement_integer(&select, 4, 0);
        watermark.empty_since = statement_integer(&select, 5, 0);
    }
    statement_close(&select);
    if (done) {
        *ret_watermark = watermark;
    }
    return done;
}

bool store_watermark_put(struct store *store, int64_t source_id, const char *restore_type,
                         const struct store_watermark *watermark, struct error *err)
{
    return statement_run(
        store, sql_watermark_put, "write a watermark",
        VALUES(integer_value(source_id), text_value(restore_type), integer_value(watermark->proved),
               integer_value(watermark->updated_time), integer_value(watermark->cut_time),
               integer_value(watermark->full_walk_at), integer_value(watermark->run_id),
               integer_value(watermark->empty_since)),
        NULL, err);
}

bool store_watermark_unproved(struct store *store, int64_t source_id, const char *restore_type,
                              struct error *err)
{
    /* A scope without a watermark gets a full scan anyway. */
    return statement_run(store,
                         "UPDATE sync_watermark SET proved = 0"
                         " WHERE source_id = ?1 AND restore_type = ?2 AND proved <> 0",
                         "write a watermark",
                         VALUES(integer_value(source_id), text_value(restore_type)), NULL, err);
}

bool store_watermark_drop(struct store *store, int64_t source_id, const char *restore_type,
                          struct error *err)
{
    return statement_run(
        store, "DELETE FROM sync_watermark WHERE source_id = ?1 AND restore_type = ?2",
        "write a watermark", VALUES(integer_value(source_id), text_value(restore_type)), NULL, err);
}

bool store_watermark_drop_unproved_types(struct store *store, int64_t source_id, struct error *err)
{
    return statement_run(
        store,
        "DELETE FROM sync_watermark WHERE source_id = ?1 AND restore_type <> '' AND proved = 0",
        "write a watermark", VALUES(integer_value(source_id)), NULL, err);
}

/* --- runs ---------------------------------------------------------------------------------- */

const char *store_run_mode_name(enum store_run_mode mode)
{
    return (size_t)mode < COUNT(mode_names) ? mode_names[mode] : "unknown";
}

const char *store_run_outcome_name(enum store_run_outcome outcome)
{
    return (size_t)outcome < COUNT(outcome_names) ? outcome_names[outcome] : "unknown";
}

bool store_run_next_id(struct store *store, int64_t *ret_run_id, struct error *err)
{
    return statement_run(store, "SELECT coalesce(max(run_id), 0) + 1 FROM sync_run", "number a run",
                         NO_VALUES, ret_run_id, err);
}

/* Numbers whose "unknown" is `none`, and empty texts, are NULL in the table. */
static struct value known_value(int64_t value, int64_t none)
{
    struct value known = integer_value(value);
    known.kind = value == none ? VALUE_NULL : VALUE_INTEGER;
    return known;
}

static struct value optional_value(const char *text)
{
    struct value optional = text_value(text);
    optional.kind = text[0] == '\0' ? VALUE_NULL : VALUE_TEXT;
    return optional;
}

static bool write_run(struct store *store, const char *sql, const struct store_run *run,
                      enum store_run_outcome outcome, int64_t *ret_changes, struct error *err)
{
    const int64_t counts[] = {run->requests,      run->retries,  run->throttled, run->pages,
                              run->seen,          run->inserted, run->updated,   run->unchanged,
                              run->stale,         run->missing,  run->returned,  run->rejected,
                              run->unknown_fields};
    struct value values[27] = {integer_value(run->run_id),
                               integer_value(run->source_id),
                               text_value(run->scope),
                               text_value(store_run_mode_name(run->mode)),
                               text_value(store_run_outcome_name(outcome)),
                               integer_value(run->started_at),
                               known_value(run->finished_at, 0)};
    struct value *next = values + 7;
    for (size_t i = 0; i < COUNT(counts); i++) {
        *next++ = integer_value(counts[i]);
    }
    *next++ = known_value(run->total_count, -1);
    *next++ = known_value(run->local_count, -1);
    *next++ = integer_value(run->open_jobs);
    *next++ = text_value(run->proved ? "proved" : "unproved");
    *next++ = optional_value(run->proof_detail);
    *next++ = known_value(run->watermark, 0);
    *next++ = optional_value(run->error);
    return statement_run(store, sql, "record a run", values, (size_t)(next - values), ret_changes,
                         err);
}

bool store_run_begin(struct store *store, const struct store_run *run, struct error *err)
{
    return write_run(store, sql_run_begin, run, RUN_RUNNING, NULL, err);
}

bool store_run_end(struct store *store, const struct store_run *run, struct error *err)
{
    int64_t changes = 0;
    return write_run(store, sql_run_end, run, run->outcome, &changes, err) &&
           (changes == 1 ||
            error_set(err, ERROR_INTERNAL, "run %lld was never begun", (long long)run->run_id));
}

bool store_run_close_crashed(struct store *store, int64_t now, int64_t *ret_count,
                             struct error *err)
{
    return statement_run(store, sql_run_crashed, "close the runs that were left open",
                         VALUES(integer_value(now)), ret_count, err);
}

bool store_run_prune(struct store *store, int64_t now, struct error *err)
{
    return statement_run(store, sql_run_prune, "remove old runs",
                         VALUES(integer_value((now / DAY - KEPT_DAYS) * DAY)), NULL, err);
}

bool store_run_of_sibling(struct store *store, const struct store_run *run,
                          const struct store_source *source, const char *restore_type,
                          int64_t *ret_jobs, struct error *err)
{
    return statement_run(store, sql_run_sibling, "look up a run",
                         VALUES(integer_value(run->run_id), text_value(run->scope), NAMES(source),
                                text_value(restore_type)),
                         ret_jobs, err);
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
    struct statement rows;
    if (!statement_open(store, sql_status, "read the sources", NO_VALUES, &rows, err)) {
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
