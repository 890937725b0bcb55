#include "store/query.h"

#include "store/internal.h"

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

bool store_query_prepare(struct store *store, const struct store_query *query,
                         sqlite3_stmt **ret_handle, struct error *err)
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

static struct cell read_cell(sqlite3_stmt *handle, int column)
{
    struct cell cell = {.kind = CELL_NULL};
    switch (sqlite3_column_type(handle, column)) {
    case SQLITE_INTEGER:
        cell.kind = CELL_INTEGER;
        cell.integer = sqlite3_column_int64(handle, column);
        break;
    case SQLITE_FLOAT:
        cell.kind = CELL_REAL;
        cell.real = sqlite3_column_double(handle, column);
        break;
    case SQLITE_NULL:
        break;
    default:
        cell.text = (const char *)sqlite3_column_text(handle, column);
        cell.length = (size_t)sqlite3_column_bytes(handle, column);
        cell.kind = cell.text != NULL ? CELL_TEXT : CELL_NULL;
        break;
    }
    return cell;
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
    if (!store_query_prepare(store, query, &handle, err)) {
        return false;
    }
    bool ok = give_columns(handle, rows, err) && give_rows(store, query, handle, rows, err);
    (void)sqlite3_finalize(handle); /* its error was reported by the step */
    return ok;
}
