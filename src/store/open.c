/* Opening and closing a store, and its transactions. */
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "store/internal.h"

#define BUSY_TIMEOUT_MS 5000
#define CLOSE_TIMEOUT_MS 500
/* Room for all that the jobs of one answer change. More, up to all indexes, gains nothing: the
 * system keeps what is read again. */
#define CONNECTION_PRAGMAS                                                                         \
    "PRAGMA cell_size_check = ON; PRAGMA foreign_keys = ON;"                                       \
    "PRAGMA cache_size = -3072; PRAGMA temp.cache_size = -3072;"
#define CHANGE_TEXT_MAX ((size_t)512 << 20)
#define ADDED_MAX 1024
#define TEXT_MAX (256 << 20)         /* no text of ours is longer: an answer has 8 MiB */
#define SQLITE_VERSION_FLOOR 3040001 /* the oldest that all tests run with */

const char *store_sqlite_version(void)
{
    return sqlite3_libversion();
}

bool store_sqlite_version_check(struct error *err)
{
    if (sqlite3_libversion_number() >= SQLITE_VERSION_FLOOR) {
        return true;
    }
    error_set(err, ERROR_DATABASE, "SQLite %s is too old, 3.40.1 is needed", sqlite3_libversion());
    return error_hint(err, "Install a newer libsqlite3.");
}

/* --- connections --------------------------------------------------------------------------- */

static bool open_connection(sqlite3 **ret_db, const char *path, int flags, struct error *err)
{
    sqlite3 *db = NULL;
    int result = store_connect(path, flags, &db);
    /*
     * A misspelt column is an error, not a text. The schema is trusted while it is read, because an
     * index or a column of the user's may call what SQLite 3.40 takes for unsafe: its own JSON
     * functions. Triggers are told one by one (schema.c).
     */
    bool done = result == SQLITE_OK && sqlite3_busy_timeout(db, BUSY_TIMEOUT_MS) == SQLITE_OK &&
                sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL) == SQLITE_OK &&
                sqlite3_db_config(db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 1, NULL) == SQLITE_OK &&
                sqlite3_db_config(db, SQLITE_DBCONFIG_DQS_DML, 0, NULL) == SQLITE_OK &&
                sqlite3_db_config(db, SQLITE_DBCONFIG_DQS_DDL, 0, NULL) == SQLITE_OK &&
                sqlite3_exec(db, CONNECTION_PRAGMAS, NULL, NULL, NULL) == SQLITE_OK;
    if (!done) {
        store_error_on(db, path, err, "open the database");
        (void)sqlite3_close(db);
        return false;
    }
    (void)sqlite3_limit(db, SQLITE_LIMIT_LENGTH, TEXT_MAX);
    *ret_db = db;
    return true;
}

/* A new database gets WAL mode; one that its user put into another mode stays in that. */
static bool set_durability(struct store *store, bool is_new, struct error *err)
{
    char mode[16]; /* the one then in force */
    bool remote = store_file_is_remote(store->path);
    if (!store_query_text_on(store->db, store->path,
                             remote   ? "PRAGMA journal_mode = DELETE"
                             : is_new ? "PRAGMA journal_mode = WAL"
                                      : "PRAGMA journal_mode",
                             "set the journal mode", mode, sizeof(mode), err)) {
        return false;
    }
    if (remote && strcmp(mode, "wal") == 0) {
        error_set(err, ERROR_LOCKED,
                  "%s: cannot leave WAL mode, which does not work on a network file system or "
                  "shared folder",
                  store->path);
        return error_hint(err, "Close every program that has the database open, then run again.");
    }
    /* FULL: a committed page and its watermark survive a power failure. */
    return store_exec(store,
                      "PRAGMA synchronous = FULL; PRAGMA journal_size_limit = 67108864;"
                      "PRAGMA wal_autocheckpoint = 8192;",
                      "set the durability", err);
}

/* --- the three ways to open ---------------------------------------------------------------- */

static bool configure(struct store *store, int option, int value, struct error *err)
{
    return sqlite3_db_config(store->db, option, value, NULL) == SQLITE_OK ||
           store_error(store, err, "configure the connection");
}

static bool open_for_writing(struct store *store, struct error *err)
{
    enum store_file_kind kind = STORE_FILE_ABSENT;
    bool was_written = false;
    /* Before the lock, so that no lock file appears beside what is not ours; after it, because it
     * may have changed. */
    if (!store_file_identify(store->path, store->newest, &kind, err) ||
        !store_file_place(store->path, &store->place, err) ||
        !store_lock(&store->place, store->path, &store->lock, err) ||
        !store_file_identify(store->place.path, store->newest, &kind, err)) {
        return false;
    }
    if (kind == STORE_FILE_ABSENT) {
        if (!store_file_create(&store->place, err)) {
            return false;
        }
        store_step();
    }
    if (!store_file_was_written(store->place.path, &was_written, err) ||
        !store_guard_place(&store->place, err) ||
        !open_connection(&store->db, store->place.path,
                         SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOFOLLOW, err)) {
        return false;
    }
    if (sqlite3_db_readonly(store->db, "main") == 1) {
        error_set(err, ERROR_DATABASE, "%s is not writable", store->path);
        return error_hint(err, "Check the owner and mode of the file, or name another with --db.");
    }
    /* Until the file is known to be ours, closing it must not move its WAL into it. */
    return configure(store, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, err) &&
           store_check_identity(store, err) &&
           (store->version == 0 || store_check_schema(store, err)) &&
           configure(store, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0, err) &&
           set_durability(store, !was_written, err) && store_migrate(store, err) &&
           store_limit_triggers(store, err);
}

static bool open_original(struct store *store, sqlite3 **ret_db, struct error *err)
{
    return store_guard_hold(store->path, &store->place, err) &&
           open_connection(ret_db, store->place.path, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOFOLLOW,
                           err);
}

static bool open_for_reading(struct store *store, struct error *err)
{
    enum store_file_kind kind = STORE_FILE_ABSENT;
    if (!store_file_identify(store->path, store->newest, &kind, err)) {
        return false;
    }
    if (kind == STORE_FILE_ABSENT) {
        error_set(err, ERROR_DATABASE, "the database %s does not exist", store->path);
        return error_hint(err, "Run `hbrsync sync` first, or name another file with --db.");
    }
    if (!open_original(store, &store->db, err) || !store_check_identity(store, err)) {
        return false;
    }
    if (store->version == 0) {
        error_set(err, ERROR_DATABASE, "%s holds no data of hbrsync yet", store->path);
        return error_hint(err, "Run `hbrsync sync` first, or name another file with --db.");
    }
    if (store->version < store->newest) {
        error_set(err, ERROR_DATABASE, "%s has the older schema %d, this hbrsync reads %d",
                  store->path, store->version, store->newest);
        return error_hint(err, "Run `hbrsync sync` once: it brings the schema up to date.");
    }
    return true;
}

static bool copy_database(struct store *store, struct error *err)
{
    sqlite3 *original = NULL;
    if (!open_original(store, &original, err)) {
        return false;
    }
    bool done = store_copy_pages(original, store->db) ||
                store_error(store, err, "copy the database for a dry run");
    (void)sqlite3_close(original);
    return done;
}

static bool open_for_dry_run(struct store *store, struct error *err)
{
    enum store_file_kind kind = STORE_FILE_ABSENT;
    bool copies = store->mode == STORE_DRY_RUN;
    /* An empty name is a private temporary database that SQLite removes. */
    return (!copies || store_file_identify(store->path, store->newest, &kind, err)) &&
           open_connection(&store->db, "", SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, err) &&
           (kind == STORE_FILE_ABSENT || copy_database(store, err)) &&
           store_check_identity(store, err) &&
           (store->version == 0 || store_check_schema(store, err)) &&
           store_exec(store, "PRAGMA synchronous = OFF", "set the durability", err) &&
           store_migrate(store, err) && store_limit_triggers(store, err);
}

/* --- open and close ------------------------------------------------------------------------ */

static struct store *new_store(const char *path, enum store_mode mode)
{
    struct store *store = calloc(1, sizeof *store);
    if (store == NULL) {
        return NULL;
    }
    store->lock = -1;
    store->place.folder = -1;
    store->mode = mode;
    buffer_init(&store->change_text, CHANGE_TEXT_MAX);
    buffer_init(&store->added, ADDED_MAX);
    /* ":memory:" and "file:..." are names to SQLite; here they are files like any other. */
    struct buffer name;
    buffer_init(&name, 8192);
    buffer_puts(&name, path[0] == ':' || strncmp(path, "file:", 5) == 0 ? "./" : "");
    buffer_puts(&name, path);
    store->path = name.failed ? NULL : text_copy(name.data);
    buffer_free(&name);
    return store;
}

bool store_open_with(const char *path, enum store_mode mode, const struct record_model *model,
                     const struct sql_file *migrations, const struct sql_file *views,
                     struct store **ret_store, struct error *err)
{
    if (!store_sqlite_version_check(err) || !store_guard_install(err)) {
        return false;
    }
    if (path == NULL || path[0] == '\0') {
        return error_set(err, ERROR_USAGE, "the name of the database is empty");
    }
    struct store *store = new_store(path, mode);
    if (store == NULL || store->path == NULL) {
        store_close(store);
        return error_no_memory(err);
    }
    store->model = model;
    store->migrations = migrations;
    store->views = views;
    store->newest = store_newest(migrations);
    bool done;
    if (mode == STORE_WRITE) {
        done = open_for_writing(store, err);
    } else if (mode == STORE_READ || mode == STORE_EXAMINE) {
        /* Views are read as the file has them, so with no function or virtual table that could do
         * harm: no command may read those that take JSON apart by json_extract(). */
        done = open_for_reading(store, err) &&
               (mode == STORE_EXAMINE || store_check_schema(store, err)) &&
               (mode == STORE_EXAMINE || configure(store, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, err));
    } else {
        done = open_for_dry_run(store, err);
    }
    if (!done || (mode != STORE_EXAMINE && !store_model_prepare(store, err))) {
        store_close(store);
        return false;
    }
    *ret_store = store;
    return true;
}

bool store_open(const char *path, enum store_mode mode, const struct record_model *model,
                struct store **ret_store, struct error *err)
{
    return store_open_with(path, mode, model, sql_migrations, sql_views, ret_store, err);
}

/* Statistics for the planner and an empty WAL: worth having, no reason to fail. */
static void tidy(struct store *store)
{
    (void)sqlite3_busy_timeout(store->db, CLOSE_TIMEOUT_MS);
    if (store->changed) {
        (void)sqlite3_exec(store->db, "PRAGMA analysis_limit = 400; PRAGMA optimize;", NULL, NULL,
                           NULL);
        (void)sqlite3_wal_checkpoint_v2(store->db, "main", SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
    }
}

void store_close(struct store *store)
{
    if (store == NULL) {
        return;
    }
    if (store->db != NULL) {
        statement_free_all(store);
        store_rollback(store);
        if (store->mode == STORE_WRITE) {
            tidy(store);
        }
        (void)sqlite3_close(store->db);
    }
    if (store->lock >= 0) {
        (void)close(store->lock); /* the kernel drops the lock with it */
    }
    store_guard_release(&store->place);
    buffer_free(&store->job_select);
    for (size_t part = 0; part < RECORD_PARTS_MAX; part++) {
        buffer_free(&store->part_put[part]);
        buffer_free(&store->part_delete[part]);
    }
    buffer_free(&store->change_text);
    buffer_free(&store->added);
    free(store->path);
    free(store);
}

const char *store_path(const struct store *store)
{
    return store->path;
}

int store_schema_version(const struct store *store)
{
    return store->version;
}

/* --- durable steps, counted so that a test can kill the process at each of them ------------ */

static atomic_uint_fast64_t steps;
static atomic_uint_fast64_t kill_at;

uint64_t store_steps(void)
{
    return atomic_load(&steps);
}

void store_kill_at_step(uint64_t step)
{
    atomic_store(&kill_at, step);
}

void store_take_test_settings(void)
{
    int64_t step = 0;
    const char *text = getenv("HBRSYNC_TEST_KILL_AT_STEP");
    if (text != NULL && text_to_int64(text, 1, INT64_MAX, &step)) {
        store_kill_at_step((uint64_t)step);
    }
}

void store_step(void)
{
    uint64_t now = atomic_fetch_add(&steps, 1) + 1;
    if (now == atomic_load(&kill_at)) {
        (void)raise(SIGKILL);
    }
}

/* --- transactions -------------------------------------------------------------------------- */

bool store_begin(struct store *store, struct error *err)
{
    return store_exec(store, "BEGIN IMMEDIATE", "begin a transaction", err);
}

bool store_commit(struct store *store, struct error *err)
{
    if (store->mode != STORE_WRITE) {
        return store_exec(store, "COMMIT", "commit", err);
    }
    store_step();
    if (!store_exec(store, "COMMIT", "commit", err)) {
        return false;
    }
    store->changed = true;
    store_step();
    return true;
}

void store_rollback(struct store *store)
{
    if (sqlite3_get_autocommit(store->db) == 0) {
        (void)sqlite3_exec(store->db, "ROLLBACK", NULL, NULL, NULL);
    }
}

bool store_end(struct store *store, bool done, struct error *err)
{
    if (done && store_commit(store, err)) {
        return true;
    }
    store_rollback(store);
    return false;
}
