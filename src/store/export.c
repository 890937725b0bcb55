#include "store/export.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/internal.h"

#define SQL_MAX ((size_t)64 << 10)
#define PARAMETERS_MAX (3 * STORE_FILTER_LIST_MAX + 3)
#define PARAMETER_NAME_SIZE 40
/* An export goes once over everything: a large cache would only hold what is not read again. */
#define SMALL_CACHE "PRAGMA cache_size = -2048"

struct store_jobs {
    struct statement select;
    struct store_job job;
};

/* --- the filter as SQL --------------------------------------------------------------------- */

struct conditions {
    char names[PARAMETERS_MAX][PARAMETER_NAME_SIZE];
    struct store_parameter parameters[PARAMETERS_MAX];
    size_t count;
};

static const char *add_parameter(struct conditions *conditions, const char *name, size_t number,
                                 struct cell value)
{
    char *text = conditions->names[conditions->count];
    (void)snprintf(text, PARAMETER_NAME_SIZE, ":%s%zu", name, number);
    conditions->parameters[conditions->count++] = (struct store_parameter){text, value};
    return text;
}

static struct cell text_cell(const char *text)
{
    return (struct cell){.kind = CELL_TEXT, .text = text, .length = strlen(text)};
}

/* Appends " AND COLUMN IN (...)"; nothing where the list is empty. */
static void append_list(struct conditions *conditions, const char *column, const char *name,
                        const char *const *values, size_t count, struct buffer *sql)
{
    for (size_t i = 0; i < count; i++) {
        if (i == 0) {
            buffer_printf(sql, " AND %s IN (", column);
        } else {
            buffer_puts(sql, ", ");
        }
        buffer_puts(sql, add_parameter(conditions, name, i, text_cell(values[i])));
    }
    buffer_puts(sql, count > 0 ? ")" : "");
}

static void append_source(struct conditions *conditions, const struct store_job_filter *filter,
                          const char *table, struct buffer *sql)
{
    if (filter->account_id == NULL && filter->region_count == 0 && filter->edition_count == 0) {
        return;
    }
    buffer_printf(sql, " AND %s.source_id IN (SELECT source_id FROM sync_source WHERE 1", table);
    append_list(conditions, "account_id", "account", &filter->account_id,
                filter->account_id != NULL, sql);
    append_list(conditions, "region_id", "region", filter->regions, filter->region_count, sql);
    append_list(conditions, "edition", "edition", filter->editions, filter->edition_count, sql);
    buffer_puts(sql, ")");
}

/* Appends " WHERE ..."; `table` is the name of the jobs in the statement. */
static bool append_conditions(struct conditions *conditions, const struct store_job_filter *filter,
                              const char *table, struct buffer *sql, struct error *err)
{
    char status[PARAMETER_NAME_SIZE];
    conditions->count = 0;
    if (filter->status_count > STORE_FILTER_LIST_MAX ||
        filter->region_count > STORE_FILTER_LIST_MAX ||
        filter->edition_count > STORE_FILTER_LIST_MAX) {
        return error_set(err, ERROR_USAGE, "more than %d values of one kind",
                         STORE_FILTER_LIST_MAX);
    }
    buffer_puts(sql, " WHERE 1");
    if (filter->has_since) {
        struct cell since = {.kind = CELL_INTEGER, .integer = filter->since};
        buffer_printf(sql, " AND %s.created_time >= %s", table,
                      add_parameter(conditions, "since", 0, since));
    }
    if (filter->has_until) {
        struct cell until = {.kind = CELL_INTEGER, .integer = filter->until};
        buffer_printf(sql, " AND %s.created_time < %s", table,
                      add_parameter(conditions, "until", 0, until));
    }
    if (filter->listed_only) {
        buffer_printf(sql, " AND %s.missing_since IS NULL", table);
    }
    (void)snprintf(status, sizeof(status), "%s.status", table);
    append_list(conditions, status, "status", filter->statuses, filter->status_count, sql);
    append_source(conditions, filter, table, sql);
    return true;
}

/* --- jobs ---------------------------------------------------------------------------------- */

static void bind_conditions(struct statement *select, const struct conditions *conditions)
{
    for (size_t i = 0; i < conditions->count; i++) {
        const struct cell *value = &conditions->parameters[i].value;
        if (value->kind == CELL_INTEGER) {
            statement_bind_integer(select, value->integer);
        } else {
            statement_bind_text(select, value->text, value->length);
        }
    }
}

bool store_jobs_open(struct store *store, const struct store_job_filter *filter,
                     struct store_jobs **ret_jobs, struct error *err)
{
    static const struct store_job_filter everything;
    const char *key = store->model->parts[0].fields[store->model->key].column;
    struct conditions conditions;
    struct buffer sql;
    struct store_jobs *jobs = calloc(1, sizeof(*jobs));
    if (jobs == NULL) {
        return error_no_memory(err);
    }
    buffer_init(&sql, SQL_MAX);
    buffer_puts(&sql, "SELECT p0.source_id, p0.missing_since IS NOT NULL");
    store_model_append_parts(store->model, &sql);
    bool ok =
        append_conditions(&conditions, filter != NULL ? filter : &everything, "p0", &sql, err);
    buffer_printf(&sql, " ORDER BY p0.%s", key);
    ok =
        ok && buffer_ok(&sql, "a generated statement", err) &&
        store_exec(store, SMALL_CACHE, "set the cache", err) &&
        statement_open(store, STATEMENT_EXPORT_JOBS, sql.data, "read the jobs", &jobs->select, err);
    buffer_free(&sql);
    if (!ok) {
        free(jobs);
        return false;
    }
    bind_conditions(&jobs->select, &conditions);
    *ret_jobs = jobs;
    return true;
}

bool store_jobs_next(struct store_jobs *jobs, const struct store_job **ret_job, struct error *err)
{
    struct store_job *job = &jobs->job;
    bool row = false;
    *ret_job = NULL;
    if (!statement_step(&jobs->select, &row, err)) {
        return false;
    }
    if (!row) {
        return true;
    }
    job->source_id = statement_integer(&jobs->select, 0, 0);
    job->missing = statement_integer(&jobs->select, 1, 0) != 0;
    store_model_read_parts(&jobs->select, 2, &job->record);
    *ret_job = job;
    return statement_read_ok(&jobs->select, err);
}

void store_jobs_close(struct store_jobs *jobs)
{
    if (jobs != NULL) {
        /* Its text depends on the filter, so it is not kept for the next one. */
        jobs->select.store->statements[STATEMENT_EXPORT_JOBS] = NULL;
        (void)sqlite3_finalize(jobs->select.handle); /* its error was reported by the step */
        free(jobs);
    }
}

/* --- rows ---------------------------------------------------------------------------------- */

bool store_export_rows(struct store *store, const struct store_job_filter *filter,
                       const struct store_rows *rows, struct error *err)
{
    struct conditions conditions;
    struct buffer sql;
    buffer_init(&sql, SQL_MAX);
    buffer_puts(&sql, "SELECT * FROM v_restore_job AS v");
    bool ok = append_conditions(&conditions, filter, "v", &sql, err);
    buffer_puts(&sql, " ORDER BY v.restore_id");
    struct store_query query = {.sql = sql.data,
                                .what = "read the jobs",
                                .parameters = conditions.parameters,
                                .parameter_count = conditions.count};
    ok = ok && buffer_ok(&sql, "a generated statement", err) &&
         store_exec(store, SMALL_CACHE, "set the cache", err) &&
         store_query_run(store, &query, rows, err);
    buffer_free(&sql);
    return ok;
}
