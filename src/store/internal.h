/*
 * Private to src/store: what an open store holds, and how its statements are used.
 *
 * One thread at a time uses a store. Statements are prepared once, when first used, and kept.
 */
#ifndef HBRSYNC_STORE_INTERNAL_H
#define HBRSYNC_STORE_INTERNAL_H

#include <sqlite3.h>
#include <string.h>

#include "base/buffer.h"
#include "base/safe_file.h"
#include "store/check.h"
#include "store/query.h"
#include "store/sql_files.h"
#include "store/sql_statements.h"
#include "store/store.h"

#define STORE_STATEMENTS_MAX 64
struct store_prepared {
    const char *sql; /* the text itself, not a copy, tells statements apart; NULL: free */
    sqlite3_stmt *handle;
};

struct store {
    sqlite3 *db;
    char *path;
    enum store_mode mode;
    const struct record_model *model;
    const struct sql_file *migrations, *views;
    int newest;              /* the version that the migrations reach */
    struct safe_place place; /* of the database; folder -1: none */
    int lock;                /* descriptor of the locked file, -1 none */
    int version;
    bool changed;              /* something was committed: worth an ANALYZE at the end */
    bool has_columns;          /* the user added columns or constraints to tables of ours */
    struct buffer added;       /* what the user added to tables of ours, for hints */
    struct buffer change_text; /* scratch for restore_job_change.changed */
    struct buffer job_select;  /* SQL that is generated from the model (model.c) */
    struct buffer part_put[RECORD_PARTS_MAX], part_delete[RECORD_PARTS_MAX];
    struct store_prepared statements[STORE_STATEMENTS_MAX];
};

/* sqlite3_open_v2, for every connection: what it runs ends with SQLITE_INTERRUPT once a signal has
 * arrived (statement.c). */
int store_connect(const char *name, int flags, sqlite3 **ret_db) MUST_CHECK;

/* --- errors (statement.c) ------------------------------------------------------------------ */

/* Fills *err from the last error on a connection, and names the path. Returns false. */
bool store_error_on(sqlite3 *db, const char *path, struct error *err, const char *format, ...)
    PRINTF_LIKE(4, 5);

/* The same for a store's connection. Without a better hint it names what the user added to our
 * tables. */
#define store_error(store, err, ...)                                                               \
    (store_error_on((store)->db, (store)->path, err, __VA_ARGS__),                                 \
     store_blame_additions(store, err))
bool store_blame_additions(const struct store *store, struct error *err);

/* --- statements (statement.c) -------------------------------------------------------------- */

static inline struct value integer_value(int64_t integer)
{
    return (struct value){.kind = VALUE_INTEGER, .integer = integer};
}

/* The text is borrowed until the statement is closed. */
static inline struct value text_value(const char *text)
{
    return (struct value){.kind = VALUE_TEXT, .length = (uint32_t)strlen(text), .text = text};
}

/* What a statement takes, in order: two arguments of a call. */
#define VALUES(...)                                                                                \
    (const struct value[]){__VA_ARGS__},                                                           \
        sizeof((const struct value[]){__VA_ARGS__}) / sizeof(struct value)
#define NO_VALUES NULL, 0

/* One use of a cached statement: open, step, close. */
struct statement {
    struct store *store;
    sqlite3_stmt *handle;
    const char *what; /* for messages: what is being done */
};

/* Prepares `sql` the first time; it must outlive the store. ERROR_INTERNAL for what writes outside
 * a transaction, and for more statements than are kept. */
bool statement_open(struct store *store, const char *sql, const char *what,
                    const struct value *values, size_t count, struct statement *ret_statement,
                    struct error *err) MUST_CHECK;

/* *ret_row tells whether there is a row to read. */
bool statement_step(struct statement *statement, bool *ret_row, struct error *err) MUST_CHECK;

void statement_close(struct statement *statement);

/* All three. *ret_result (may be NULL) is the integer in the first row (0: NULL, or no row), or for
 * what gives no rows the number of those that it changed. */
bool statement_run(struct store *store, const char *sql, const char *what,
                   const struct value *values, size_t count, int64_t *ret_result,
                   struct error *err) MUST_CHECK;

int64_t statement_integer(const struct statement *statement, int column, int64_t if_null);
/* Copies a text column, cut where it does not fit; NULL gives "". */
void statement_copy_text(const struct statement *statement, int column, char *target, size_t size);
/* A column as a value; its text is borrowed until the next step or close. */
struct value value_at(sqlite3_stmt *row, int column);
/* Whether there was memory for all that was read of this row, before anything relies on it: a text
 * for which there was none looks like NULL. */
bool statement_read_ok(const struct statement *statement, struct error *err) MUST_CHECK;

/*
 * Calls `visit` with the text in the only column of each row. The rows are collected and the
 * statement closed first, so the visitor may write to the store, or wait.
 */
bool statement_visit_texts(struct statement *query,
                           bool (*visit)(const char *text, void *context, struct error *err),
                           void *context, struct error *err) MUST_CHECK;

/* Finalizes everything that was prepared. */
void statement_free_all(struct store *store);

/* Runs one statement on any connection. `visit` (NULL: none) gets each row, and ends it by false.
 * Gives SQLite's result: SQLITE_DONE, or SQLITE_ROW for what `visit` ended. */
int store_run_once(sqlite3 *db, const char *sql, const struct value *values, size_t count,
                   bool (*visit)(sqlite3_stmt *row, void *context), void *context);

/* Runs SQL without parameters and rows. */
bool store_exec(struct store *store, const char *sql, const char *what,
                struct error *err) MUST_CHECK;

/* The single text that `sql` returns, cut where it does not fit. */
bool store_query_text_on(sqlite3 *db, const char *path, const char *sql, const char *what,
                         char *text, size_t size, struct error *err) MUST_CHECK;

/* The single integer that `sql` returns; the first sets no error. */
bool store_query_integer_on(sqlite3 *db, const char *sql, int64_t *ret_value) MUST_CHECK;
bool store_query_integer(struct store *store, const char *sql, int64_t *ret_value,
                         struct error *err) MUST_CHECK;

/* --- how SQLite opens files (guard.c) ------------------------------------------------------- */

/* From now on SQLite refuses what base/safe_file.h refuses. May be called again. */
bool store_guard_install(struct error *err) MUST_CHECK;

/* Files of the folder with this name (borrowed, `length` bytes of it) are opened by its descriptor,
 * until it is removed. */
bool store_guard_add(const char *path, size_t length, int folder, struct error *err) MUST_CHECK;
bool store_guard_place(const struct safe_place *place, struct error *err) MUST_CHECK;
void store_guard_remove(int folder);

/* Holds the folder of a database that is only read, so that what SQLite makes beside it is made
 * there and nowhere else. */
bool store_guard_hold(const char *path, struct safe_place *ret_place, struct error *err) MUST_CHECK;
/* Ends what store_guard_place and store_guard_hold began, and frees the place. */
void store_guard_release(struct safe_place *place);

/* --- opening (file.c, lock.c, migrate.c, model.c) ------------------------------------------- */

/* What can be said of a file from its first page, without locks and without touching it. */
enum store_file_kind {
    STORE_FILE_ABSENT,
    STORE_FILE_EMPTY, /* no bytes, or a database that says nothing yet */
    STORE_FILE_OURS
};

/* Refuses what is not ours or too new. */
bool store_file_identify(const char *path, int newest, enum store_file_kind *ret_kind,
                         struct error *err) MUST_CHECK;
/* Whether a database was written to since VACUUM INTO made it. No connection of this process may
 * have it open. False for what is no database. */
bool store_file_was_written(const char *path, bool *ret_written, struct error *err) MUST_CHECK;
/* The place of a database that is to be written. Neither it nor what lies beside it is a link, a
 * pipe or somebody else's. */
bool store_file_place(const char *path, struct safe_place *ret_place, struct error *err) MUST_CHECK;
bool store_file_create(const struct safe_place *place, struct error *err) MUST_CHECK;
bool store_file_is_remote(const char *path);
/* Bytes of `path` and `suffix`; 0, too, for what is not there. */
int64_t store_file_size(const char *path, const char *suffix);

/* Reads identity and version through the connection, where the WAL counts too; refuses as above. */
bool store_check_identity(struct store *store, struct error *err) MUST_CHECK;

/* `path` is for messages. */
bool store_lock(const struct safe_place *place, const char *path, int *ret_descriptor,
                struct error *err) MUST_CHECK;

/* Whether a process holds the lock, and which. It is shared for an instant to find out. */
void store_lock_look(const char *path, enum store_lock_state *ret_state, int64_t *ret_holder);

/* --- the schema (schema.c) ------------------------------------------------------------------ */

enum store_schema_weight {              /* as sql/statements/schema.sql numbers them */
                           SCHEMA_NOTE, /* something of the user's, or that the next sync puts right
                                         */
                           SCHEMA_PROBLEM,  /* of ours, and not as it should be; everything works
                                               without it */
                           SCHEMA_UNUSABLE, /* a table of ours is not there or not as it should be
                                             */
                           SCHEMA_BLOCKING  /* something of the user's that a sync cannot work with,
                                               or may not run */
};
typedef void store_schema_tell(enum store_schema_weight weight, const char *text, void *context);

/* The tables of ours, for IN (...). */
#define STORE_TABLES                                                                               \
    "'restore_job', 'restore_job_report', 'restore_job_ots_detail', 'restore_job_change',"         \
    " 'sync_database', 'sync_source', 'sync_watermark', 'sync_run', 'sync_allowed_trigger'"
/* References of ours that lead nowhere; those that users added are theirs. */
#define STORE_BROKEN_REFERENCES                                                                    \
    " FROM pragma_foreign_key_check WHERE \"table\" IN (" STORE_TABLES ") AND"                     \
    " parent = CASE WHEN \"table\" GLOB 'restore_job_*' THEN 'restore_job' ELSE 'sync_source' END"

/* Tells all that differs from what the migrations up to the file's version and the views make;
 * without `with_views` those are not looked at, which takes longer than all the rest. */
bool store_schema_compare(struct store *store, bool with_views, store_schema_tell *tell_difference,
                          void *context, struct error *err) MUST_CHECK;

/* Refuses what is not to be read, or, where the store is written, triggers that nobody allowed. */
bool store_check_schema(struct store *store, struct error *err) MUST_CHECK;

/* Remembers what store_allow_triggers named; no trigger may write to tables of ours. */
bool store_limit_triggers(struct store *store, struct error *err) MUST_CHECK;

/* VACUUM INTO; what a signal interrupts is ERROR_INTERRUPTED. */
bool store_vacuum_into(sqlite3 *db, const char *path, struct error *err) MUST_CHECK;

/* Copies a whole database, as one transaction sees it, over another; the error is in `to`. */
bool store_copy_pages(sqlite3 *from, sqlite3 *to) MUST_CHECK;

/* The highest version that an array of migrations reaches. */
int store_newest(const struct sql_file *migrations);

/* Brings schema and views up to date, all in one transaction; writes nothing when they are. */
bool store_migrate(struct store *store, struct error *err) MUST_CHECK;

/* Generates the SQL of the store's model; every field has its column. */
bool store_model_prepare(struct store *store, struct error *err) MUST_CHECK;

/* Appended after other columns of a SELECT: the fields of part 0 and its extra, then for each other
 * part whether it is present, its fields and its extra; and the FROM in which the parts are named
 * p0, p1 and so on. */
void store_model_append_parts(const struct record_model *model, struct buffer *sql);
/* Reads these columns of a row, from `column` on; texts are borrowed until the next step or close.
 */
void store_model_read_parts(const struct statement *row, int column, struct record *ret_record);

/* store_open with other migrations and views than the ones built in. */
bool store_open_with(const char *path, enum store_mode mode, const struct record_model *model,
                     const struct sql_file *migrations, const struct sql_file *views,
                     struct store **ret_store, struct error *err) MUST_CHECK;

/* A durable step happened or is about to. */
void store_step(void);

#endif
