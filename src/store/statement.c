/* SQLite's errors as ours, and the cached statements. */
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "base/interrupt.h"
#include "base/text.h"
#include "store/internal.h"

#define TEXT_LIST_MAX ((size_t)1 << 30)

#define INTERRUPT_EVERY 20000 /* virtual instructions between two looks for a signal */
#define LOOKS_TO_FINISH 2000  /* after a signal, for what writes: about a second */

/* --- connections --------------------------------------------------------------------------- */

/* A transaction that writes may finish, but a trigger of the file may be without an end. VACUUM
 * INTO is a transaction of its own, hence the look at what may be written. */
static int look_for_signal(void *context)
{
    static atomic_uint looks; /* after the signal */
    sqlite3 *db = context;
    return interrupt_signal() != 0 &&
           (sqlite3_db_readonly(db, "main") == 1 || sqlite3_get_autocommit(db) != 0 ||
            atomic_fetch_add(&looks, 1) >= LOOKS_TO_FINISH);
}

int store_connect(const char *name, int flags, sqlite3 **ret_db)
{
    int result =
        sqlite3_open_v2(name, ret_db, flags | SQLITE_OPEN_EXRESCODE | SQLITE_OPEN_NOMUTEX, NULL);
    if (result == SQLITE_OK) {
        sqlite3_progress_handler(*ret_db, INTERRUPT_EVERY, look_for_signal, *ret_db);
    }
    return result;
}

void store_ignore_signals(struct store *store)
{
    sqlite3_progress_handler(store->db, 0, NULL, NULL);
}

/* --- errors -------------------------------------------------------------------------------- */

static const char writable_hint[] =
    "The database and its folder must be writable for this user; a reader can use a copy made by "
    "`hbrsync publish`.";
static const char busy_hint[] =
    "Another program holds the database for longer than hbrsync waits; close it or end its "
    "transaction, then run again.";
static const char damage_hint[] = "Run `hbrsync verify`. " STORE_DAMAGE_ADVICE;

static const struct {
    int code;
    const char *text;
} hints[] = {
    {SQLITE_READONLY, writable_hint},
    {SQLITE_PERM, writable_hint},
    {SQLITE_BUSY, busy_hint},
    {SQLITE_LOCKED, busy_hint},
    {SQLITE_CORRUPT, damage_hint},
    {SQLITE_TOOBIG, damage_hint}, /* more than open.c lets it hold */
    {SQLITE_NOTADB, "Name another file with --db."},
    {SQLITE_CANTOPEN, "The folder must exist, and SQLite must be able to create files beside the "
                      "database; a reader can use a copy made by `hbrsync publish`."},
    {SQLITE_IOERR, "The system could not read or write the file: check the disk and the system "
                   "log."},
};

static void set_hint(int code, const char *path, struct error *err)
{
    if (code == SQLITE_FULL) {
        error_hint(err,
                   "Free space on the file system of %s and run again: what was committed "
                   "before is kept.",
                   path);
    }
    for (size_t i = 0; i < sizeof(hints) / sizeof(hints[0]); i++) {
        if (hints[i].code == code) {
            error_hint(err, "%s", hints[i].text);
        }
    }
}

bool store_error_on(sqlite3 *db, const char *path, struct error *err, const char *format, ...)
{
    char what[256];
    va_list arguments;
    int code = db != NULL ? sqlite3_extended_errcode(db) : SQLITE_NOMEM;
    if ((code & 0xff) == SQLITE_NOMEM) {
        return error_no_memory(err);
    }
    if (err == NULL || ((code & 0xff) == SQLITE_INTERRUPT && !interrupt_check(err))) {
        return false;
    }
    va_start(arguments, format);
    (void)vsnprintf(what, sizeof what, format, arguments);
    va_end(arguments);
    bool busy = (code & 0xff) == SQLITE_BUSY || (code & 0xff) == SQLITE_LOCKED;
    error_set(err, busy ? ERROR_LOCKED : ERROR_DATABASE, "%s: cannot %s: %s (SQLite error %d)",
              path, what, sqlite3_errmsg(db), code);
    err->retryable = busy;
    set_hint(code & 0xff, path, err);
    return false;
}

bool store_blame_additions(const struct store *store, struct error *err)
{
    if (err != NULL && err->code == ERROR_DATABASE && err->hint[0] == '\0' &&
        store->added.length > 0) {
        error_hint(err,
                   "The database has what hbrsync did not make: %s. A trigger may not write to "
                   "tables of hbrsync. Drop what is in the way; readers can have it in a copy "
                   "made by `hbrsync publish`.",
                   store->added.data);
    }
    return false;
}

/* --- one use of a statement ---------------------------------------------------------------- */

static int bind_values(sqlite3_stmt *handle, const struct value *values, size_t count)
{
    int result = SQLITE_OK;
    for (size_t i = 0; i < count && result == SQLITE_OK; i++) {
        int index = (int)i + 1;
        if (values[i].kind == VALUE_INTEGER) {
            result = sqlite3_bind_int64(handle, index, values[i].integer);
        } else if (values[i].kind == VALUE_TEXT) {
            /* A NULL pointer would bind NULL; an empty text stays one. */
            const char *text = values[i].text != NULL ? values[i].text : "";
            result = sqlite3_bind_text64(handle, index, text, values[i].length, SQLITE_STATIC,
                                         SQLITE_UTF8);
        } else {
            result = sqlite3_bind_null(handle, index);
        }
    }
    return result;
}

bool statement_open(struct store *store, const char *sql, const char *what,
                    const struct value *values, size_t count, struct statement *ret_statement,
                    struct error *err)
{
    size_t i = 0;
    while (i < STORE_STATEMENTS_MAX && store->statements[i].sql != NULL &&
           store->statements[i].sql != sql) {
        i++;
    }
    if (i == STORE_STATEMENTS_MAX) {
        return error_set(err, ERROR_INTERNAL, "cannot %s: too many statements", what);
    }
    struct store_prepared *prepared = &store->statements[i];
    if (prepared->sql == NULL) {
        if (sqlite3_prepare_v3(store->db, sql, -1, SQLITE_PREPARE_PERSISTENT, &prepared->handle,
                               NULL) != SQLITE_OK) {
            store_error(store, err, "%s", what);
            return false;
        }
        prepared->sql = sql;
    }
    if (sqlite3_stmt_readonly(prepared->handle) == 0 && sqlite3_get_autocommit(store->db) != 0) {
        error_set(err, ERROR_INTERNAL, "cannot %s outside a transaction", what);
        return false;
    }
    *ret_statement = (struct statement){store, prepared->handle, what};
    if (bind_values(prepared->handle, values, count) != SQLITE_OK) {
        store_error(store, err, "%s", what);
        statement_close(ret_statement);
        return false;
    }
    return true;
}

bool statement_step(struct statement *statement, bool *ret_row, struct error *err)
{
    int result = sqlite3_step(statement->handle);
    if (result != SQLITE_ROW && result != SQLITE_DONE) {
        return store_error(statement->store, err, "%s", statement->what);
    }
    *ret_row = result == SQLITE_ROW;
    return true;
}

void statement_close(struct statement *statement)
{
    /* Both repeat or cannot add to what the step has reported already. */
    (void)sqlite3_reset(statement->handle);
    (void)sqlite3_clear_bindings(statement->handle);
}

bool statement_run(struct store *store, const char *sql, const char *what,
                   const struct value *values, size_t count, int64_t *ret_result, struct error *err)
{
    struct statement statement;
    bool row = false;
    if (!statement_open(store, sql, what, values, count, &statement, err)) {
        return false;
    }
    bool done = statement_step(&statement, &row, err);
    if (done && ret_result != NULL) {
        *ret_result = sqlite3_column_count(statement.handle) == 0 ? sqlite3_changes64(store->db)
                      : row ? sqlite3_column_int64(statement.handle, 0)
                            : 0;
    }
    statement_close(&statement);
    return done;
}

int64_t statement_integer(const struct statement *statement, int column, int64_t if_null)
{
    return sqlite3_column_type(statement->handle, column) == SQLITE_NULL
               ? if_null
               : sqlite3_column_int64(statement->handle, column);
}

void statement_copy_text(const struct statement *statement, int column, char *target, size_t size)
{
    const unsigned char *text = sqlite3_column_text(statement->handle, column);
    (void)text_fit(target, size, text != NULL ? (const char *)text : "");
}

struct value value_at(sqlite3_stmt *row, int column)
{
    int type = sqlite3_column_type(row, column);
    if (type == SQLITE_INTEGER) {
        return integer_value(sqlite3_column_int64(row, column));
    }
    struct value value = {.kind = type == SQLITE_NULL ? VALUE_NULL : VALUE_TEXT};
    if (type != SQLITE_NULL) {
        value.text = (const char *)sqlite3_column_text(row, column);
        value.length = (uint32_t)sqlite3_column_bytes(row, column);
    }
    return value;
}

bool statement_read_ok(const struct statement *statement, struct error *err)
{
    return sqlite3_errcode(statement->store->db) != SQLITE_NOMEM || error_no_memory(err);
}

/* Appends the texts of the only column, each with its NUL. */
static bool collect_texts(struct statement *query, struct buffer *texts, struct error *err)
{
    bool row = false;
    bool done;
    while ((done = statement_step(query, &row, err)) && row) {
        struct value text = value_at(query->handle, 0);
        buffer_append(texts, text.text != NULL ? text.text : "", text.length);
        buffer_putc(texts, '\0');
    }
    statement_close(query);
    return done && buffer_ok(texts, "a list of jobs", err);
}

bool statement_visit_texts(struct statement *query,
                           bool (*visit)(const char *text, void *context, struct error *err),
                           void *context, struct error *err)
{
    struct buffer texts;
    buffer_init(&texts, TEXT_LIST_MAX);
    bool done = collect_texts(query, &texts, err);
    size_t at = 0;
    while (done && at < texts.length) {
        const char *text = texts.data + at;
        done = visit(text, context, err);
        at += strlen(text) + 1;
    }
    buffer_free(&texts);
    return done;
}

void statement_free_all(struct store *store)
{
    for (size_t i = 0; i < STORE_STATEMENTS_MAX; i++) {
        (void)sqlite3_finalize(store->statements[i].handle);
        store->statements[i] = (struct store_prepared){NULL, NULL};
    }
}

/* --- statements used once ------------------------------------------------------------------ */

int store_run_once(sqlite3 *db, const char *sql, const struct value *values, size_t count,
                   bool (*visit)(sqlite3_stmt *row, void *context), void *context)
{
    sqlite3_stmt *handle = NULL;
    int result = sqlite3_prepare_v2(db, sql, -1, &handle, NULL);
    if (result == SQLITE_OK && (result = bind_values(handle, values, count)) == SQLITE_OK) {
        do {
            result = sqlite3_step(handle);
        } while (result == SQLITE_ROW && visit != NULL && visit(handle, context));
    }
    (void)sqlite3_finalize(handle); /* its error is the step's, and stays with the connection */
    return result;
}

bool store_exec(struct store *store, const char *sql, const char *what, struct error *err)
{
    return sqlite3_exec(store->db, sql, NULL, NULL, NULL) == SQLITE_OK ||
           store_error(store, err, "%s", what);
}

static bool take_integer(sqlite3_stmt *row, void *context)
{
    *(int64_t *)context = sqlite3_column_int64(row, 0);
    return false;
}

bool store_query_integer_on(sqlite3 *db, const char *sql, int64_t *ret_value)
{
    return store_run_once(db, sql, NO_VALUES, take_integer, ret_value) == SQLITE_ROW;
}

bool store_query_integer(struct store *store, const char *sql, int64_t *ret_value,
                         struct error *err)
{
    return store_query_integer_on(store->db, sql, ret_value) ||
           store_error(store, err, "read the database");
}

struct target {
    char *text;
    size_t size;
    bool filled;
};

static bool take_text(sqlite3_stmt *row, void *context)
{
    struct target *target = context;
    const char *text = (const char *)sqlite3_column_text(row, 0);
    target->filled = text != NULL;
    (void)text_fit(target->text, target->size, text != NULL ? text : "");
    return false;
}

bool store_query_text_on(sqlite3 *db, const char *path, const char *sql, const char *what,
                         char *text, size_t size, struct error *err)
{
    struct target target = {text, size, false};
    if (store_run_once(db, sql, NO_VALUES, take_text, &target) != SQLITE_ROW) {
        return store_error_on(db, path, err, "%s", what);
    }
    return target.filled || error_no_memory(err);
}
