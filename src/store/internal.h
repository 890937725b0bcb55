/*
 * Private to src/store: what an open store holds, and how its statements are used.
 *
 * One thread at a time uses a store. Statements are prepared once, when first used, and kept.
 */
#ifndef HBRSYNC_STORE_INTERNAL_H
#define HBRSYNC_STORE_INTERNAL_H

#include <sqlite3.h>

#include "base/buffer.h"
#include "base/safe_file.h"
#include "store/check.h"
#include "store/health.h"
#include "store/query.h"
#include "store/sql_files.h"
#include "store/store.h"

/* The tables' generated statements take one slot a part, hence the ranges. */
enum statement_id {
    STATEMENT_JOB_SELECT,
    STATEMENT_PART_PUT,
    STATEMENT_PART_PUT_LAST = STATEMENT_PART_PUT + RECORD_PARTS_MAX - 1,
    STATEMENT_PART_DELETE,
    STATEMENT_PART_DELETE_LAST = STATEMENT_PART_DELETE + RECORD_PARTS_MAX - 1,
    STATEMENT_JOB_LISTED,
    STATEMENT_CHANGE_ADD,
    STATEMENT_JOB_COUNT,
    STATEMENT_JOB_COUNT_SOURCE,
    STATEMENT_JOB_COUNT_OPEN,
    STATEMENT_JOB_COUNT_FINISHED,
    STATEMENT_JOB_COUNT_SOURCE_FINISHED,
    STATEMENT_JOB_MEDIAN,
    STATEMENT_JOB_LAST,
    STATEMENT_JOB_SECONDS_DOWN,
    STATEMENT_JOB_SECONDS_UP,
    STATEMENT_JOB_MAX_UPDATED,
    STATEMENT_JOB_PICK_EVERY,
    STATEMENT_JOB_PICK_OPEN,
    STATEMENT_JOB_PICK_WHOLE_MACHINE,
    STATEMENT_JOB_PICK_FINISHED,
    STATEMENT_JOB_PICK_SOURCE_FINISHED,
    STATEMENT_JOB_PARENTS,
    STATEMENT_JOB_OPEN_PARENTS,
    STATEMENT_JOB_PICK_REPORT,
    STATEMENT_JOB_AT,
    STATEMENT_JOB_TYPES,
    STATEMENT_MISSING_CHANGE,
    STATEMENT_MISSING_MARK,
    STATEMENT_DATABASE_LABEL,
    STATEMENT_SOURCE_SELECT,
    STATEMENT_SOURCE_INSERT,
    STATEMENT_SOURCE_UPDATE,
    STATEMENT_SOURCE_RETIRE,
    STATEMENT_WATERMARK_SELECT,
    STATEMENT_WATERMARK_PUT,
    STATEMENT_WATERMARK_UNPROVED,
    STATEMENT_WATERMARK_DROP,
    STATEMENT_WATERMARK_DROP_TYPES,
    STATEMENT_RUN_NEXT,
    STATEMENT_RUN_INSERT,
    STATEMENT_RUN_UPDATE,
    STATEMENT_RUN_CRASHED,
    STATEMENT_RUN_PRUNE,
    STATEMENT_RUN_SIBLING,
    STATEMENT_STATUS_ROWS,
    STATEMENT_EXPORT_JOBS,
    STATEMENT_VIEWS_FOUND,
    STATEMENT_COUNT
};

/* A column of restore_job_change that repeats a field of the model before and after. */
#define STORE_TRACKED_COUNT 5
struct store_tracked {
    int part; /* -1: the model has no such field */
    int field;
};

struct store {
    sqlite3 *db;
    char *path;
    enum store_mode mode;
    const struct record_model *model;
    struct safe_place place; /* of the database; folder -1: none */
    int lock;                /* descriptor of the locked file, -1 none */
    int version;
    bool changed;        /* something was committed: worth an ANALYZE at the end */
    bool has_columns;    /* the user added columns or constraints to tables of ours */
    struct buffer added; /* what the user added to tables of ours, for hints */
    struct store_tracked tracked[STORE_TRACKED_COUNT];
    struct buffer change_text; /* scratch for restore_job_change.changed */
    sqlite3_stmt *statements[STATEMENT_COUNT];
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

/* One use of a cached statement: open, bind in order, step, close. */
struct statement {
    struct store *store;
    sqlite3_stmt *handle;
    const char *what; /* for messages: what is being done */
    int next;         /* the parameter that is bound next */
    int bind_result;  /* the first failure of a bind, reported by the next step */
};

/* Prepares `sql` the first time. */
bool statement_open(struct store *store, enum statement_id id, const char *sql, const char *what,
                    struct statement *ret_statement, struct error *err) MUST_CHECK;

void statement_bind_integer(struct statement *statement, int64_t value);
/* Several, in order. */
#define statement_bind_integers(statement, ...)                                                    \
    statement_bind_integer_array(statement, (const int64_t[]){__VA_ARGS__},                        \
                                 sizeof((const int64_t[]){__VA_ARGS__}) / sizeof(int64_t))
void statement_bind_integer_array(struct statement *statement, const int64_t *values, size_t count);
/* The text is borrowed until the statement is closed. */
void statement_bind_text(struct statement *statement, const char *text, size_t length);
void statement_bind_string(struct statement *statement, const char *text);
void statement_bind_null(struct statement *statement);
void statement_bind_value(struct statement *statement, const struct value *value);

/* *ret_row tells whether there is a row to read. */
bool statement_step(struct statement *statement, bool *ret_row, struct error *err) MUST_CHECK;

/* Steps a statement that returns no rows and closes it, whatever came out; *ret_changes may be
 * NULL. */
bool statement_run(struct statement *statement, int64_t *ret_changes, struct error *err) MUST_CHECK;

/* Reads one integer (NULL: 0) of the only row and closes the statement. */
bool statement_read_integer(struct statement *statement, int64_t *ret_value,
                            struct error *err) MUST_CHECK;

void statement_close(struct statement *statement);

int64_t statement_integer(const struct statement *statement, int column, int64_t if_null);
/* Copies a text column, cut where it does not fit; NULL gives "". */
void statement_copy_text(const struct statement *statement, int column, char *target, size_t size);
/* The column as a value; its text is borrowed until the next step or close. */
struct value statement_value(const struct statement *statement, int column);
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

/* Binds a query's parameters to a statement. */
bool store_query_bind(struct store *store, const struct store_query *query, sqlite3_stmt *handle,
                      struct error *err) MUST_CHECK;

/* Runs SQL without parameters and rows. */
bool store_exec(struct store *store, const char *sql, const char *what,
                struct error *err) MUST_CHECK;

/* The single text that `sql` returns, cut where it does not fit. */
bool store_query_text_on(sqlite3 *db, const char *path, const char *sql, const char *what,
                         char *target, size_t size, struct error *err) MUST_CHECK;

/* The single integer that `sql` returns; the first sets no error. */
bool store_query_integer_on(sqlite3 *db, const char *sql, int64_t *ret_value) MUST_CHECK;
bool store_query_integer(struct store *store, const char *sql, int64_t *ret_value,
                         struct error *err) MUST_CHECK;

/* False, with ERROR_INTERNAL, outside a transaction. */
bool store_need_transaction(struct store *store, const char *what, struct error *err) MUST_CHECK;

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
bool store_check_identity(struct store *store, int newest, struct error *err) MUST_CHECK;

/* `path` is for messages. */
bool store_lock(const struct safe_place *place, const char *path, int *ret_descriptor,
                struct error *err) MUST_CHECK;

/* Whether a process holds the lock, and which. It is shared for an instant to find out. */
void store_lock_look(const char *path, enum store_lock_state *ret_state, int64_t *ret_holder);

/* --- the schema (schema.c) ------------------------------------------------------------------ */

enum store_schema_weight {
    SCHEMA_NOTE,     /* something of the user's, or that the next sync puts right */
    SCHEMA_PROBLEM,  /* of ours, and not as it should be; everything works without it */
    SCHEMA_UNUSABLE, /* a table of ours is not there or not as it should be */
    SCHEMA_BLOCKING  /* something of the user's that a sync cannot work with, or may not run */
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

/* Tells all that differs from what the migrations up to the file's version and the views make. */
bool store_schema_compare(struct store *store, const struct sql_file *migrations,
                          const struct sql_file *views, store_schema_tell *tell_difference,
                          void *context, struct error *err) MUST_CHECK;

/* Refuses what is not to be read, or, where the store is written, triggers that nobody allowed. */
bool store_check_schema(struct store *store, const struct sql_file *migrations,
                        struct error *err) MUST_CHECK;

/* Remembers what store_allow_triggers named; no trigger may write to tables of ours. */
bool store_limit_triggers(struct store *store, struct error *err) MUST_CHECK;

/* VACUUM INTO; what a signal interrupts is ERROR_INTERRUPTED. */
bool store_vacuum_into(sqlite3 *db, const char *path, struct error *err) MUST_CHECK;

/* Copies a whole database, as one transaction sees it, over another; the error is in `to`. */
bool store_copy_pages(sqlite3 *from, sqlite3 *to) MUST_CHECK;

/* The highest version that an array of migrations reaches. */
int store_newest(const struct sql_file *migrations);

/* Brings schema and views up to date, all in one transaction; writes nothing when they are. */
bool store_migrate(struct store *store, const struct sql_file *migrations,
                   const struct sql_file *views, struct error *err) MUST_CHECK;

/* Every field of the model has its column. */
bool store_check_model(struct store *store, struct error *err) MUST_CHECK;

/* SQL generated from the model. Appended after other columns of a SELECT: the fields of part 0 and
 * its extra, then for each other part whether it is present, its fields and its extra; and the FROM
 * in which the parts are named p0, p1 and so on. */
void store_model_append_parts(const struct record_model *model, struct buffer *sql);
/* Reads these columns of a row, from `column` on; texts are borrowed until the next step or close.
 */
void store_model_read_parts(const struct statement *row, int column, struct record *ret_record);
/* Reading a job with its parts, writing and deleting one part. */
void store_model_select_sql(const struct record_model *model, size_t part, struct buffer *sql);
void store_model_put_sql(const struct record_model *model, size_t part, struct buffer *sql);
void store_model_delete_sql(const struct record_model *model, size_t part, struct buffer *sql);

/* store_open with other migrations and views than the ones built in. */
bool store_open_with(const char *path, enum store_mode mode, const struct record_model *model,
                     const struct sql_file *migrations, const struct sql_file *views,
                     struct store **ret_store, struct error *err) MUST_CHECK;

/* A durable step happened or is about to (steps.c). */
void store_step(void);

/* --- changes (job_change.c) ---------------------------------------------------------------- */

struct store_writer;

/* A job as it is stored; texts are borrowed from the statement that read it. */
struct stored_job {
    int64_t row;
    struct record record;
    struct value missing_since;
    bool own;    /* it is stored under the writer's source */
    bool to_own; /* the writer's source takes it over */
};

/* The columns of restore_job_change, in the order in which a row is written. */
#define CHANGE_COLUMNS                                                                             \
    "restore_id, run_id, observed_at, updated_time, old_status, new_status, old_progress,"         \
    " new_progress, old_bytes_done, new_bytes_done, old_items_done, new_items_done,"               \
    " old_report_task_status, new_report_task_status, changed"

/* Looks up the fields that restore_job_change repeats. */
void store_change_prepare(struct store *store);

/* Begins store->change_text anew, without a difference. */
void store_change_start(struct store *store);

/* Begins store->change_text anew with what differs, and tells for each part whether anything does.
 */
void store_change_describe(struct store *store, const struct record *stored,
                           const struct record *incoming, bool ret_differs[RECORD_PARTS_MAX]);

/* Adds the row of restore_job_change for store->change_text and the removal of a missing mark. */
bool store_change_add(struct store *store, const struct store_writer *writer,
                      const struct stored_job *stored, const struct record *incoming,
                      struct error *err) MUST_CHECK;

#endif
