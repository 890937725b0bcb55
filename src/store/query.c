#include "store/query.h"

#include <stdlib.h>
#include <string.h>

#include "store/internal.h"

#define SQL_MAX ((size_t)64 << 10)
/* An export goes once over everything: a large cache would only hold what is not read again. */
#define SMALL_CACHE "PRAGMA cache_size = -2048"

static int bind_cell(sqlite3_stmt *handle, const struct store_parameter *parameter)
{
    const struct cell *cell = &parameter->value;
    int index = sqlite3_bind_parameter_index(handle, parameter->name);
    if (index == 0) {
        return SQLITE_OK;
    }
    switch (cell->kind) {
    case CELL_INTEGER:
        return sqlite3_bind_int64(handle, index, cell->integer);
    case CELL_TEXT:
        return sqlite3_bind_text64(handle, index, cell->text, cell->length, SQLITE_STATIC,
                                   SQLITE_UTF8);
    default:
        return sqlite3_bind_null(handle, index);
    }
}

static bool prepare(struct store *store, const struct store_query *query, sqlite3_stmt **ret_handle,
                    struct error *err)
{
    sqlite3_stmt *handle = NULL;
    int result = sqlite3_prepare_v2(store->db, query->sql, -1, &handle, NULL);
    if (result == SQLITE_OK && (handle == NULL || sqlite3_stmt_readonly(handle) == 0 ||
                                sqlite3_column_count(handle) > STORE_COLUMNS_MAX)) {
        (void)sqlite3_finalize(handle);
        return error_set(err, ERROR_INTERNAL, "%s: the statement does not only read", query->what);
    }
    for (size_t i = 0; i < query->parameter_count && result == SQLITE_OK; i++) {
        result = bind_cell(handle, &query->parameters[i]);
    }
    if (result != SQLITE_OK) {
        store_error(store, err, "%s", query->what);
        (void)sqlite3_finalize(handle);
        return false;
    }
    *ret_handle = handle;
    return true;
}

static bool give_columns(sqlite3_stmt *handle, const struct store_rows *rows, struct error *err)
{
    const char *names[STORE_COLUMNS_MAX];
    int count = sqlite3_column_count(handle);
    for (int i = 0; i < count; i++) {
        names[i] = sqlite3_column_name(handle, i);
        if (names[i] == NULL) {
            return error_no_memory(err);
        }
    }
    return rows->columns == NULL || rows->columns(names, (size_t)count, rows->context, err);
}

static struct cell read_cell(sqlite3_stmt *row, int column)
{
    if (sqlite3_column_type(row, column) == SQLITE_FLOAT) {
        return (struct cell){.kind = CELL_REAL, .real = sqlite3_column_double(row, column)};
    }
    struct value value = value_at(row, column);
    if (value.kind == VALUE_INTEGER) {
        return integer_cell(value.integer);
    }
    return (struct cell){.kind = value.text != NULL ? CELL_TEXT : CELL_NULL,
                         .text = value.text,
                         .length = value.length};
}

static bool give_rows(struct store *store, const struct store_query *query, sqlite3_stmt *handle,
                      const struct store_rows *rows, struct error *err)
{
    struct cell cells[STORE_COLUMNS_MAX];
    int count = sqlite3_column_count(handle);
    int result;
    while ((result = sqlite3_step(handle)) == SQLITE_ROW) {
        for (int i = 0; i < count; i++) {
            cells[i] = read_cell(handle, i);
        }
        if (sqlite3_errcode(store->db) == SQLITE_NOMEM) { /* a text that could not be read */
            return error_no_memory(err);
        }
        if (!rows->row(cells, (size_t)count, rows->context, err)) {
            return false;
        }
    }
    return result == SQLITE_DONE ? true : store_error(store, err, "%s", query->what);
}

bool store_query_run(struct store *store, const struct store_query *query,
                     const struct store_rows *rows, struct error *err)
{
    sqlite3_stmt *handle = NULL;
    if (!prepare(store, query, &handle, err)) {
        return false;
    }
    bool ok = give_columns(handle, rows, err) && give_rows(store, query, handle, rows, err);
    (void)sqlite3_finalize(handle); /* its error was reported by the step */
    return ok;
}

/* --- selected jobs ------------------------------------------------------------------------- */

#define FILTER_PARAMETERS 4

/* What selected.sql takes. */
static void set_parameters(const struct store_job_filter *filter,
                           struct store_parameter parameters[FILTER_PARAMETERS])
{
    const struct cell none = {.kind = CELL_NULL};
    const struct store_parameter all[FILTER_PARAMETERS] = {
        {":from", filter->has_since ? integer_cell(filter->since) : none},
        {":before", filter->has_until ? integer_cell(filter->until) : none},
        {":listed_only", integer_cell(filter->listed_only)},
        {":lists", filter->lists != NULL ? text_cell(filter->lists) : none},
    };
    memcpy(parameters, all, sizeof(all));
}

/* --- jobs ---------------------------------------------------------------------------------- */

struct store_jobs {
    struct statement select;
    struct store_job job;
};

bool store_jobs_open(struct store *store, const struct store_job_filter *filter,
                     struct store_jobs **ret_jobs, struct error *err)
{
    static const struct store_job_filter everything;
    struct store_parameter parameters[FILTER_PARAMETERS];
    struct buffer sql;
    struct store_jobs *jobs = calloc(1, sizeof(*jobs));
    if (jobs == NULL) {
        return error_no_memory(err);
    }
    set_parameters(filter != NULL ? filter : &everything, parameters);
    buffer_init(&sql, SQL_MAX);
    buffer_printf(&sql, "%s SELECT p0.source_id, p0.missing_since IS NOT NULL", sql_selected);
    store_model_append_parts(store->model, &sql);
    buffer_printf(&sql, " ORDER BY p0.%s", store->model->parts[0].fields[store->model->key].column);
    const struct store_query query = {sql.data, "read the jobs", parameters, FILTER_PARAMETERS};
    bool ok = buffer_ok(&sql, "a generated statement", err) &&
              store_exec(store, SMALL_CACHE, "set the cache", err) &&
              prepare(store, &query, &jobs->select.handle, err);
    buffer_free(&sql);
    if (!ok) {
        free(jobs);
        return false;
    }
    jobs->select.store = store;
    jobs->select.what = query.what;
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
        (void)sqlite3_finalize(jobs->select.handle); /* its error was reported by the step */
        free(jobs);
    }
}

/* --- rows ---------------------------------------------------------------------------------- */

bool store_query_selected(struct store *store, const struct store_query *query,
                          const struct store_job_filter *filter, const struct store_rows *rows,
                          struct error *err)
{
    struct store_parameter parameters[FILTER_PARAMETERS + STORE_PARAMETERS_MAX];
    struct buffer sql;
    const char *body = query->sql;
    if (query->parameter_count > STORE_PARAMETERS_MAX) {
        return error_set(err, ERROR_INTERNAL, "%s: too many parameters", query->what);
    }
    while (strncmp(body, "--", 2) == 0) {
        body += strcspn(body, "\n");
        body += *body != '\0';
    }
    bool has_with = strncmp(body, "WITH", 4) == 0;
    body += has_with ? strlen("WITH") + strspn(body + strlen("WITH"), " \n") : 0;
    body += has_with && strncmp(body, "RECURSIVE", 9) == 0 ? strlen("RECURSIVE") : 0;
    buffer_init(&sql, SQL_MAX);
    buffer_printf(&sql, "%s%s%s", sql_selected, has_with ? ", " : " ", body);
    set_parameters(filter, parameters);
    for (size_t i = 0; i < query->parameter_count; i++) {
        parameters[FILTER_PARAMETERS + i] = query->parameters[i];
    }
    struct store_query selected = *query;
    selected.sql = sql.data;
    selected.parameters = parameters;
    selected.parameter_count += FILTER_PARAMETERS;
    bool ok = buffer_ok(&sql, "a generated statement", err) &&
              store_query_run(store, &selected, rows, err);
    buffer_free(&sql);
    return ok;
}

bool store_export_rows(struct store *store, const struct store_job_filter *filter,
                       const struct store_rows *rows, struct error *err)
{
    static const struct store_query query = {
        .sql = "SELECT * FROM v_restore_job ORDER BY restore_id", .what = "read the jobs"};
    return store_exec(store, SMALL_CACHE, "set the cache", err) &&
           store_query_selected(store, &query, filter, rows, err);
}
