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

bool statement_open(struct store *store, enum statement_id id, const char *sql, const char *what,
                    struct statement *ret_statement, struct error *err)
{
    if (store->statements[id] == NULL) {
        int result = sqlite3_prepare_v3(store->db, sql, -1, SQLITE_PREPARE_PERSISTENT,
                                        &store->statements[id], NULL);
        if (result != SQLITE_OK) {
            return store_error(store, err, "%s", what);
        }
    }
    *ret_statement = (struct statement){
        .store = store, .handle = store->statements[id], .what = what, .next = 1};
    return true;
}

static void note_bind(struct statement *statement, int result)
{
    statement->next++;
    if (statement->bind_result == SQLITE_OK) {
        statement->bind_result = result;
    }
}

void statement_bind_integer(struct statement *statement, int64_t value)
{
    note_bind(statement, sqlite3_bind_int64(statement->handle, statement->next, value));
}

void statement_bind_integer_array(struct statement *statement, const int64_t *values, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        statement_bind_integer(statement, values[i]);
    }
}

void statement_bind_text(struct statement *statement, const char *text, size_t length)
{
    /* A NULL pointer would bind NULL; an empty text stays one. */
    note_bind(statement,
              sqlite3_bind_text64(statement->handle, statement->next, text != NULL ? text : "",
                                  text != NULL ? length : 0, SQLITE_STATIC, SQLITE_UTF8));
}

void statement_bind_string(struct statement *statement, const char *text)
{
    statement_bind_text(statement, text, strlen(text));
}

void statement_bind_null(struct statement *statement)
{
    note_bind(statement, sqlite3_bind_null(statement->handle, statement->next));
}

void statement_bind_value(struct statement *statement, const struct value *value)
{
    switch (value->kind) {
    case VALUE_TEXT:
        statement_bind_text(statement, value->text, value->length);
        return;
    case VALUE_INTEGER:
        statement_bind_integer(statement, value->integer);
        return;
    case VALUE_NULL:
        break;
    }
    statement_bind_null(statement);
}

bool statement_step(struct statement *statement, bool *ret_row, struct error *err)
{
    if (statement->bind_result != SQLITE_OK) {
        return error_set(err, ERROR_DATABASE, "%s: cannot %s: a value could not be bound: %s",
                         statement->store->path, statement->what,
                         sqlite3_errstr(statement->bind_result));
    }
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

bool statement_run(struct statement *statement, int64_t *ret_changes, struct error *err)
{
    bool row = false;
    bool done = statement_step(statement, &row, err);
    if (done && ret_changes != NULL) {
        *ret_changes = sqlite3_changes64(statement->store->db);
    }
    statement_close(statement);
    return done;
}

bool statement_read_integer(struct statement *statement, int64_t *ret_value, struct error *err)
{
    bool row = false;
    bool done = statement_step(statement, &row, err);
    if (done) {
        *ret_value = row ? sqlite3_column_int64(statement->handle, 0) : 0;
    }
    statement_close(statement);
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

struct value statement_value(const struct statement *statement, int column)
{
    struct value value = {.kind = VALUE_NULL};
    switch (sqlite3_column_type(statement->handle, column)) {
    case SQLITE_NULL:
        break;
    case SQLITE_INTEGER:
        value.kind = VALUE_INTEGER;
        value.integer = sqlite3_column_int64(statement->handle, column);
        break;
    default:
        value.kind = VALUE_TEXT;
        value.text = (const char *)sqlite3_column_text(statement->handle, column);
        value.length = (uint32_t)sqlite3_column_bytes(statement->handle, column);
        break;
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
        struct value text = statement_value(query, 0);
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
    for (size_t i = 0; i < STATEMENT_COUNT; i++) {
        (void)sqlite3_finalize(store->statements[i]);
        store->statements[i] = NULL;
    }
}

/* --- statements used once ------------------------------------------------------------------ */

bool store_exec(struct store *store, const char *sql, const char *what, struct error *err)
{
    if (sqlite3_exec(store->db, sql, NULL, NULL, NULL) != SQLITE_OK) {
        return store_error(store, err, "%s", what);
    }
    return true;
}

bool store_query_integer_on(sqlite3 *db, const char *sql, int64_t *ret_value)
{
    sqlite3_stmt *handle = NULL;
    bool done = sqlite3_prepare_v2(db, sql, -1, &handle, NULL) == SQLITE_OK &&
                sqlite3_step(handle) == SQLITE_ROW;
    if (done) {
        *ret_value = sqlite3_column_int64(handle, 0);
    }
    (void)sqlite3_finalize(handle);
    return done;
}

bool store_query_text_on(sqlite3 *db, const char *path, const char *sql, const char *what,
                         char *target, size_t size, struct error *err)
{
    sqlite3_stmt *handle = NULL;
    bool done = sqlite3_prepare_v2(db, sql, -1, &handle, NULL) == SQLITE_OK &&
                sqlite3_step(handle) == SQLITE_ROW;
    if (done) {
        const char *text = (const char *)sqlite3_column_text(handle, 0);
        (void)text_fit(target, size, text != NULL ? text : "");
        done = text != NULL || error_no_memory(err);
    } else {
        store_error_on(db, path, err, "%s", what);
    }
    (void)sqlite3_finalize(handle);
    return done;
}

bool store_query_integer(struct store *store, const char *sql, int64_t *ret_value,
                         struct error *err)
{
    return store_query_integer_on(store->db, sql, ret_value) ||
           store_error(store, err, "read the database");
}

bool store_need_transaction(struct store *store, const char *what, struct error *err)
{
    if (sqlite3_get_autocommit(store->db) != 0) {
        return error_set(err, ERROR_INTERNAL, "%s outside a transaction", what);
    }
    return true;
}
