#include "store/check.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "store/internal.h"
#include "store/query.h"

#define SHOWN_MAX 20 /* problems of one kind that are told one by one */

struct check {
    struct store *store;
    const struct store_check_visitor *visitor;
    struct store_check_counts *counts;
    int64_t found; /* by the query at hand */
};

/* The texts of cells end in a NUL; NULL reads as "". */
static const char *text_of(const struct cell *cell)
{
    return cell->kind == CELL_TEXT ? cell->text : "";
}

static bool problem_row(const struct cell *cells, size_t count, void *context, struct error *err)
{
    struct check *check = context;
    (void)count;
    (void)err;
    check->counts->problems++;
    if (check->found++ < SHOWN_MAX) {
        check->visitor->problem(text_of(&cells[0]), check->visitor->context);
    }
    return true;
}

/* Each row of `sql` is a sentence that tells of a problem. */
static bool find_problems(struct check *check, const char *sql, const char *what, struct error *err)
{
    const struct store_query query = {.sql = sql, .what = what};
    const struct store_rows rows = {.row = problem_row, .context = check};
    check->found = 0;
    if (!store_query_run(check->store, &query, &rows, err)) {
        return false;
    }
    if (check->found > SHOWN_MAX) {
        char more[64];
        (void)snprintf(more, sizeof(more), "... and %" PRId64 " more", check->found - SHOWN_MAX);
        check->visitor->problem(more, check->visitor->context);
    }
    return true;
}

/* --- schema -------------------------------------------------------------------------------- */

struct objects {
    const struct store_check_visitor *visitor;
    int64_t problems, notes;
};

static void tell_object(enum store_schema_weight weight, const char *text, void *context)
{
    struct objects *objects = context;
    bool is_note = weight == SCHEMA_NOTE;
    if (++*(is_note ? &objects->notes : &objects->problems) <= SHOWN_MAX) {
        (is_note ? objects->visitor->note : objects->visitor->problem)(text,
                                                                       objects->visitor->context);
    }
}

bool store_check_objects(struct store *store, const struct store_check_visitor *visitor,
                         int64_t *ret_problems, struct error *err)
{
    struct objects objects = {.visitor = visitor};
    bool ok = store_schema_compare(store, sql_migrations, sql_views, tell_object, &objects, err);
    *ret_problems = objects.problems;
    return ok;
}

/* --- counts -------------------------------------------------------------------------------- */

static bool source_row(const struct cell *cells, size_t count, void *context, struct error *err)
{
    struct check *check = context;
    const struct store_check_source source = {.source_id = cells[5].integer,
                                              .account_id = text_of(&cells[0]),
                                              .region_id = text_of(&cells[1]),
                                              .edition = text_of(&cells[2]),
                                              .jobs = cells[3].integer,
                                              .missing = cells[4].integer};
    (void)count;
    (void)err;
    check->counts->jobs += source.jobs + source.missing;
    check->visitor->source(&source, check->visitor->context);
    return true;
}

/*
 * A watermark is some job's UpdatedTime, so one that no job bears tells of a lost row. The job may
 * have gone to another source, or have changed since: its history tells that.
 */
static bool check_watermarks(struct check *check, struct error *err)
{
    return find_problems(
        check,
        "SELECT printf('%s %s %s%s%s: the watermark %d is beyond the latest job stored, %d',"
        " account_id, region_id, edition, iif(restore_type <> '', ' ', ''), restore_type,"
        " updated_time, latest)"
        " FROM (SELECT s.account_id, s.region_id, s.edition, w.restore_type,"
        " w.updated_time, (SELECT coalesce(max(j.updated_time), 0) FROM restore_job AS j"
        " WHERE j.source_id = w.source_id AND (w.restore_type = '' OR"
        " j.restore_type = w.restore_type)) AS latest"
        " FROM sync_watermark AS w JOIN sync_source AS s ON s.source_id = w.source_id)"
        " AS lost WHERE updated_time > latest"
        " AND NOT EXISTS (SELECT 1 FROM restore_job AS j"
        " WHERE j.updated_time = lost.updated_time)"
        " AND NOT EXISTS (SELECT 1 FROM restore_job_change AS c"
        " WHERE CASE WHEN json_valid(c.changed)"
        " THEN json_extract(c.changed, '$.updated_time[0]') END = lost.updated_time)"
        " ORDER BY account_id, region_id, edition, restore_type",
        "check the watermarks", err);
}

/* What the last run of a source counted, when nothing but that one run has written since: nor one
 * of another edition, which may have taken jobs over; what was imported without an account is taken
 * over by any. */
static bool check_runs(struct check *check, struct error *err)
{
    return find_problems(
        check,
        "SELECT printf('%s %s %s: %d jobs are stored, the last sync counted %d', account_id,"
        " region_id, edition, jobs, counted)"
        " FROM (SELECT s.account_id, s.region_id, s.edition, (SELECT count(*) FROM"
        " restore_job AS j WHERE j.source_id = r.source_id AND j.missing_since IS NULL)"
        " AS jobs, r.local_count AS counted FROM sync_run AS r"
        " JOIN sync_source AS s ON s.source_id = r.source_id"
        " WHERE r.scope = '' AND r.outcome <> 'running' AND r.local_count IS NOT NULL"
        " AND s.account_id <> '' AND r.run_id = (SELECT max(o.run_id) FROM sync_run AS o"
        " JOIN sync_source AS t ON t.source_id = o.source_id"
        " WHERE t.account_id = s.account_id AND t.region_id = s.region_id)"
        " AND (SELECT count(*) FROM sync_run AS o WHERE o.source_id = r.source_id"
        " AND o.run_id = r.run_id) = 1) WHERE jobs <> counted"
        " ORDER BY account_id, region_id, edition",
        "check the runs", err);
}

static bool check_extra(struct check *check, const struct record_part *part, const char *key,
                        struct error *err)
{
    struct buffer sql;
    buffer_init(&sql, 4096);
    buffer_printf(&sql,
                  "SELECT printf('job %%s: extra is not a JSON object', %s) FROM %s"
                  " WHERE extra IS NOT NULL AND CASE WHEN json_valid(extra)"
                  " THEN json_type(extra) <> 'object' ELSE 1 END",
                  key, part->table);
    bool ok = buffer_ok(&sql, "a generated statement", err) &&
              find_problems(check, sql.data, "check what is kept as JSON", err);
    buffer_free(&sql);
    return ok;
}

static bool lengths_row(const struct cell *cells, size_t count, void *context, struct error *err)
{
    const struct check *check = context;
    int64_t ignored = 0;
    (void)count;
    return store_query_integer(check->store, text_of(&cells[0]), &ignored, err);
}

static bool check_counts(struct check *check, struct error *err)
{
    const struct record_model *model = check->store->model;
    const struct store_query sources = {
        .sql = "SELECT s.account_id, s.region_id, s.edition,"
               " count(j.restore_id) - count(j.missing_since), count(j.missing_since),"
               " s.source_id"
               " FROM sync_source AS s LEFT JOIN restore_job AS j ON j.source_id = s.source_id"
               " GROUP BY s.source_id ORDER BY 1, 2, 3",
        .what = "count the jobs"};
    const struct store_rows rows = {.row = source_row, .context = check};
    /* Reads every value: one that is longer than any of ours can be ends it with SQLite's error. */
    const struct store_query columns = {
        .sql =
            "SELECT 'SELECT ' || group_concat(printf('total(\"%w\" = '''')', c.name))"
            " || printf(' FROM \"%w\"', m.name)"
            " FROM sqlite_master AS m, pragma_table_info(m.name) AS c WHERE m.type = 'table'"
            " AND (m.name LIKE 'restore\\_job%' ESCAPE '\\' OR m.name LIKE 'sync\\_%' ESCAPE '\\')"
            " AND m.sql NOT LIKE 'CREATE VIRTUAL%' GROUP BY m.name",
        .what = "list the columns"};
    const struct store_rows lengths = {.row = lengths_row, .context = check};
    if (!store_query_run(check->store, &columns, &lengths, err)) {
        return false;
    }
    for (size_t i = 0; i < model->part_count; i++) {
        if (!check_extra(check, &model->parts[i], model->parts[0].fields[model->key].column, err)) {
            return false;
        }
    }
    return check_watermarks(check, err) && check_runs(check, err) &&
           store_query_run(check->store, &sources, &rows, err) &&
           store_query_integer(check->store,
                               "SELECT count(*) FROM restore_job AS j WHERE j.parent_id <> ''"
                               " AND NOT EXISTS (SELECT 1 FROM restore_job AS p"
                               " WHERE p.restore_id = j.parent_id)",
                               &check->counts->orphans, err) &&
           store_query_integer(check->store,
                               "SELECT count(*) FROM sync_run WHERE outcome = 'running'",
                               &check->counts->open_runs, err);
}

/* The rest would only stumble over a damaged page or a table that is none. */
static bool check_all(struct check *check, struct error *err)
{
    int64_t *problems = &check->counts->problems;
    if (!store_check_objects(check->store, check->visitor, problems, err)) {
        return false;
    }
    if (*problems > 0) {
        return true;
    }
    return find_problems(check,
                         "SELECT 'integrity: ' || integrity_check FROM pragma_integrity_check"
                         " WHERE integrity_check <> 'ok'",
                         "check the integrity", err) &&
           (check->counts->problems > 0 ||
            (find_problems(check,
                           "SELECT printf('row %d of %s refers to a row of %s that is not there',"
                           " rowid, \"table\", parent) FROM pragma_foreign_key_check",
                           "check the references", err) &&
             check_counts(check, err)));
}

bool store_check(struct store *store, const struct store_check_visitor *visitor,
                 struct store_check_counts *ret_counts, struct error *err)
{
    struct check check = {.store = store, .visitor = visitor, .counts = ret_counts};
    memset(ret_counts, 0, sizeof(*ret_counts));
    if (!store_exec(store, "BEGIN", "begin reading", err)) {
        return false;
    }
    bool ok = check_all(&check, err);
    store_rollback(store);
    return ok;
}
