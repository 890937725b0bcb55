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
    int64_t found; /* by the query at hand; notes */
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
        check->visitor->problem(text_of(&cells[0]), STORE_DAMAGE_ADVICE, check->visitor->context);
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
        check->visitor->problem(more, STORE_DAMAGE_ADVICE, check->visitor->context);
    }
    return true;
}

/* --- schema -------------------------------------------------------------------------------- */

static void tell_object(enum store_schema_weight weight, const char *text, void *context)
{
    struct check *check = context;
    const struct store_check_visitor *visitor = check->visitor;
    bool blocks = weight == SCHEMA_BLOCKING;
    if (weight == SCHEMA_NOTE) {
        if (++check->found <= SHOWN_MAX) {
            visitor->note(text, visitor->context);
        }
        return;
    }
    check->counts->blocking += blocks;
    if (++check->counts->problems <= SHOWN_MAX) {
        visitor->problem(text, blocks ? STORE_BLOCKING_ADVICE : STORE_DAMAGE_ADVICE,
                         visitor->context);
    }
}

bool store_check_objects(struct store *store, const struct store_check_visitor *visitor,
                         struct store_check_counts *counts, struct error *err)
{
    struct check check = {.store = store, .visitor = visitor, .counts = counts};
    return store_schema_compare(store, true, tell_object, &check, err);
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

static bool lengths_row(const struct cell *cells, size_t count, void *context, struct error *err)
{
    const struct check *check = context;
    int64_t ignored = 0;
    (void)count;
    return store_query_integer(check->store, text_of(&cells[0]), &ignored, err);
}

static bool check_counts(struct check *check, struct error *err)
{
    const struct store_query sources = {.sql = sql_check_sources, .what = "count the jobs"};
    const struct store_rows rows = {.row = source_row, .context = check};
    /* Reads every value: one that is longer than any of ours can be ends it with SQLite's error. */
    const struct store_query columns = {
        .sql = "SELECT 'SELECT ' || group_concat(printf('total(\"%w\" = '''')', c.name))"
               " || printf(' FROM \"%w\"', m.name)"
               " FROM sqlite_master AS m, pragma_table_info(m.name) AS c WHERE m.type = 'table'"
               " AND m.name IN (" STORE_TABLES ") GROUP BY m.name",
        .what = "list the columns"};
    const struct store_rows lengths = {.row = lengths_row, .context = check};
    if (!store_query_run(check->store, &columns, &lengths, err)) {
        return false;
    }
    for (const struct sql_file *file = sql_checks; file->name != NULL; file++) {
        if (!find_problems(check, file->text, file->name, err)) {
            return false;
        }
    }
    return store_query_run(check->store, &sources, &rows, err) &&
           store_query_integer(check->store, sql_check_orphans, &check->counts->orphans, err) &&
           store_query_integer(check->store,
                               "SELECT count(*) FROM sync_run WHERE outcome = 'running'",
                               &check->counts->open_runs, err);
}

/* The rest would only stumble over a damaged page or a table that is none. */
static bool check_all(struct check *check, struct error *err)
{
    struct store_check_counts *counts = check->counts;
    if (!store_check_objects(check->store, check->visitor, counts, err)) {
        return false;
    }
    /* cppcheck-suppress knownConditionTrueFalse ; find_problems counts by another pointer */
    if (counts->problems > counts->blocking) {
        return true;
    }
    bool ok = find_problems(check,
                            "SELECT 'integrity: ' || integrity_check FROM pragma_integrity_check"
                            " WHERE integrity_check <> 'ok'",
                            "check the integrity", err);
    if (!ok && counts->blocking > 0 && err->code == ERROR_DATABASE) {
        error_clear(err);
        check->visitor->note("the pages could not be checked because of that",
                             check->visitor->context);
        ok = true;
    }
    /* cppcheck-suppress knownConditionTrueFalse */
    return ok && (counts->problems > counts->blocking ||
                  (find_problems(check,
                                 "SELECT printf('row %d of %s refers to a row of %s that is not"
                                 " there', rowid, \"table\", parent)" STORE_BROKEN_REFERENCES,
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
