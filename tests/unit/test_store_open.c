/* Opening: what is created, what is refused and left alone, the lock, migrations. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>

#include "store_fixture.h"

/* --- helpers ------------------------------------------------------------------------------- */

struct snapshot {
    bool exists;
    struct stat status;
    size_t length;
    unsigned char bytes[400000];
};

static struct snapshot before, after;

static void take_snapshot(const char *path, struct snapshot *snapshot)
{
    memset(snapshot, 0, sizeof *snapshot);
    FILE *file = fopen(path, "rb");
    snapshot->exists = file != NULL;
    if (file != NULL) {
        assert_int_equal(fstat(fileno(file), &snapshot->status), 0);
        snapshot->length = fread(snapshot->bytes, 1, sizeof snapshot->bytes, file);
        assert_true(snapshot->length < sizeof snapshot->bytes);
        (void)fclose(file);
    }
}

static void assert_untouched(const char *path)
{
    take_snapshot(path, &after);
    assert_int_equal(before.exists, after.exists);
    assert_int_equal(before.length, after.length);
    assert_memory_equal(before.bytes, after.bytes, before.length);
    assert_int_equal(before.status.st_mtim.tv_sec, after.status.st_mtim.tv_sec);
    assert_int_equal(before.status.st_mtim.tv_nsec, after.status.st_mtim.tv_nsec);
}

static bool beside(const struct fixture *f, const char *suffix)
{
    char path[128];
    (void)snprintf(path, sizeof path, "%s%s", f->path, suffix);
    return access(path, F_OK) == 0;
}

static void write_file(const char *path, const char *text)
{
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    (void)fputs(text, file);
    (void)fclose(file);
}

static void make_database(const char *path, const char *sql)
{
    sqlite3 *db = NULL;
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

static void assert_refused(struct fixture *f, enum store_mode mode, enum error_code code,
                           const char *part_of_message)
{
    error_clear(&f->err);
    struct store *store = NULL;
    assert_false(store_open(f->path, mode, &hbr_restore_job_model, &store, &f->err));
    assert_null(store);
    assert_int_equal(f->err.code, code);
    if (strstr(f->err.message, part_of_message) == NULL) {
        fail_msg("\"%s\" is not in \"%s\"", part_of_message, f->err.message);
    }
    assert_non_null(strstr(f->err.message, f->path));
}

/* --- a new database ------------------------------------------------------------------------ */

static void assert_version(struct fixture *f, int version)
{
    char text[16];
    (void)snprintf(text, sizeof text, "%d", version);
    assert_query(f, "PRAGMA user_version", text);
}

static void test_fresh(void **state)
{
    struct fixture *f = *state;
    mode_t mask = umask(0777);
    fixture_open(f, STORE_WRITE);
    (void)umask(mask);
    assert_string_equal(store_path(f->store), f->path);
    assert_int_equal(store_schema_version(f->store), store_newest(sql_migrations));
    assert_query(f, "PRAGMA application_id", "1212306003");
    assert_version(f, store_newest(sql_migrations));
    assert_query(f, "PRAGMA journal_mode", "wal");
    assert_query(f, "PRAGMA foreign_keys", "1");
    assert_query(f, "PRAGMA synchronous", "2");
    assert_query(f, "SELECT count(*) FROM sqlite_master WHERE type = 'view'", "12");
    assert_query(f, "PRAGMA integrity_check", "ok");
    struct stat status;
    assert_int_equal(stat(f->path, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
    char lock[128];
    (void)snprintf(lock, sizeof lock, "%s.lock", f->path);
    assert_int_equal(stat(lock, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
    fixture_close(f);
    assert_false(beside(f, "-wal"));
    assert_false(beside(f, "-shm"));
}

/* What can pass 2^31 says so: readers believe declared types. */
static void test_declared_types(void **state)
{
    struct fixture *f = *state;
    fixture_open(f, STORE_WRITE);
    assert_query(f,
                 "SELECT group_concat(m.name || '.' || c.name) FROM sqlite_master AS m,"
                 " pragma_table_info(m.name) AS c WHERE m.type = 'table'"
                 " AND m.name <> 'sync_source' AND (c.name GLOB '*_time' OR c.name GLOB '*_at'"
                 " OR c.name GLOB '*_since' OR c.name GLOB '*bytes*' OR c.name GLOB '*items*'"
                 " OR c.name GLOB '*_user_id' OR c.name IN ('speed', 'watermark'))"
                 " AND c.type <> 'BIGINT'",
                 "NULL");
    assert_query(f, "SELECT count(*) > 30 FROM pragma_table_info('restore_job')", "1");
    assert_query(f, "SELECT name || type || pk FROM pragma_table_info('restore_job') WHERE cid = 0",
                 "row_idINTEGER1");
}

static void test_existing_empty_file(void **state)
{
    struct fixture *f = *state;
    write_file(f->path, "");
    assert_refused(f, STORE_READ, ERROR_DATABASE, "holds no data");
    fixture_open(f, STORE_WRITE);
    assert_version(f, store_newest(sql_migrations));
}

static void test_reopen_writes_nothing(void **state)
{
    struct fixture *f = *state;
    fixture_open(f, STORE_WRITE);
    fixture_close(f);
    take_snapshot(f->path, &before);
    uint64_t steps = store_steps();
    fixture_open(f, STORE_WRITE);
    fixture_close(f);
    assert_true(store_steps() == steps);
    assert_untouched(f->path);
    fixture_open(f, STORE_READ);
    assert_query(f, "SELECT count(*) FROM v_restore_job", "0");
    fixture_close(f);
    assert_untouched(f->path);
}

static void test_special_names(void **state)
{
    struct fixture *f = *state;
    char *old = getcwd(NULL, 0);
    assert_int_equal(chdir(f->folder), 0);
    static const char *const names[] = {":memory:", "file:x?mode=memory", "a?b#c%41.db"};
    for (size_t i = 0; i < 3; i++) {
        (void)snprintf(f->path, sizeof f->path, "%s", names[i]);
        fixture_open(f, STORE_WRITE);
        fixture_close(f);
        char check[128];
        (void)snprintf(check, sizeof check, "./%s", names[i]);
        assert_int_equal(access(check, F_OK), 0);
        fixture_open(f, STORE_READ);
        fixture_close(f);
    }
    assert_int_equal(chdir(old), 0);
    free(old);
}

/* --- refusals ------------------------------------------------------------------------------ */

static void refuse_untouched(struct fixture *f, const char *part_of_message)
{
    take_snapshot(f->path, &before);
    static const enum store_mode modes[] = {STORE_WRITE, STORE_READ, STORE_DRY_RUN};
    for (size_t i = 0; i < 3; i++) {
        assert_refused(f, modes[i], ERROR_DATABASE, part_of_message);
        assert_untouched(f->path);
        assert_false(beside(f, "-wal"));
        assert_false(beside(f, "-shm"));
        assert_false(beside(f, "-journal"));
        assert_false(beside(f, ".lock"));
    }
}

static void test_foreign_application(void **state)
{
    struct fixture *f = *state;
    make_database(f->path, "PRAGMA application_id = 7; PRAGMA journal_mode = WAL");
    refuse_untouched(f, "another program");
}

static void test_foreign_tables(void **state)
{
    struct fixture *f = *state;
    make_database(f->path, "CREATE TABLE invoice (id INTEGER PRIMARY KEY)");
    refuse_untouched(f, "another program");
}

static void test_foreign_live_wal(void **state)
{
    struct fixture *f = *state;
    sqlite3 *db = NULL;
    assert_int_equal(sqlite3_open(f->path, &db), SQLITE_OK);
    assert_int_equal(
        sqlite3_exec(db, "PRAGMA journal_mode = WAL; CREATE TABLE invoice (id)", NULL, NULL, NULL),
        SQLITE_OK);
    assert_true(beside(f, "-wal"));
    assert_refused(f, STORE_WRITE, ERROR_DATABASE, "another program");
    assert_refused(f, STORE_READ, ERROR_DATABASE, "another program");
    assert_string_equal(query_on(db, "SELECT count(*) FROM invoice"), "0");
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

static void test_newer(void **state)
{
    struct fixture *f = *state;
    make_database(f->path, "PRAGMA application_id = 1212306003; PRAGMA user_version = 99");
    refuse_untouched(f, "newer hbrsync");
}

static void test_not_a_database(void **state)
{
    struct fixture *f = *state;
    FILE *file = fopen(f->path, "wb");
    assert_non_null(file);
    for (int i = 0; i < 2000; i++) {
        (void)fputs("this is not a database\n", file);
    }
    (void)fclose(file);
    refuse_untouched(f, "not a database");
}

static void test_folder_and_missing(void **state)
{
    struct fixture *f = *state;
    assert_refused(f, STORE_READ, ERROR_DATABASE, "does not exist");
    assert_int_equal(mkdir(f->path, 0700), 0);
    assert_refused(f, STORE_WRITE, ERROR_DATABASE, "a folder");
    assert_int_equal(rmdir(f->path), 0);
    (void)snprintf(f->path, sizeof f->path, "%s/no/such/hbr.db", f->folder);
    assert_refused(f, STORE_WRITE, ERROR_DATABASE, "No such file");
    assert_non_null(strstr(f->err.hint, "folder"));
    struct store *store = NULL;
    assert_false(store_open("", STORE_WRITE, &hbr_restore_job_model, &store, &f->err));
    assert_int_equal(f->err.code, ERROR_USAGE);
}

static void test_corrupt(void **state)
{
    struct fixture *f = *state;
    fixture_open(f, STORE_WRITE);
    fixture_close(f);
    int descriptor = open(f->path, O_RDWR);
    char noise[3000];
    memset(noise, 0xa5, sizeof noise);
    assert_int_equal(pwrite(descriptor, noise, sizeof noise, 100), sizeof noise);
    (void)close(descriptor);
    assert_refused(f, STORE_WRITE, ERROR_DATABASE, "SQLite error");
    assert_non_null(strstr(f->err.hint, "verify"));
}

static void test_altered_schema(void **state)
{
    struct fixture *f = *state;
    fixture_open(f, STORE_WRITE);
    fixture_close(f);
    make_database(f->path, "ALTER TABLE restore_job RENAME COLUMN speed TO velocity");
    error_clear(&f->err);
    struct store *store = NULL;
    assert_false(store_open(f->path, STORE_READ, &hbr_restore_job_model, &store, &f->err));
    assert_non_null(strstr(f->err.message, "restore_job is not as this version makes it"));
}

/* Root may write anywhere, so this runs as nobody. */
static void test_read_only_folder(void **state)
{
    struct fixture *f = *state;
    if (geteuid() != 0) {
        skip();
    }
    fixture_open(f, STORE_WRITE);
    fixture_close(f);
    assert_int_equal(chmod(f->folder, 0755), 0);
    assert_int_equal(chmod(f->path, 0644), 0);
    pid_t child = fork();
    if (child == 0) {
        struct store *store = NULL;
        struct error err = {0};
        bool bad = setgid(65534) != 0 || setuid(65534) != 0 ||
                   store_open(f->path, STORE_WRITE, &hbr_restore_job_model, &store, &err) ||
                   err.code != ERROR_DATABASE || err.hint[0] == '\0' ||
                   store_open(f->path, STORE_READ, &hbr_restore_job_model, &store, &err) ||
                   err.code != ERROR_DATABASE || strstr(err.hint, "publish") == NULL;
        _exit(bad ? 1 : 0);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

/* --- the lock ------------------------------------------------------------------------------ */

static void test_lock(void **state)
{
    struct fixture *f = *state;
    int ready[2];
    int end[2];
    assert_int_equal(pipe(ready), 0);
    assert_int_equal(pipe(end), 0);
    pid_t child = fork();
    if (child == 0) {
        struct store *store = NULL;
        char byte = 0;
        bool ok = store_open(f->path, STORE_WRITE, &hbr_restore_job_model, &store, &f->err) &&
                  write(ready[1], "x", 1) == 1;
        (void)close(end[1]);
        ssize_t count = read(end[0], &byte, 1); /* ends by SIGKILL */
        _exit(ok && count == 0 ? 0 : 1);
    }
    char byte = 0;
    assert_int_equal(read(ready[0], &byte, 1), 1);
    assert_refused(f, STORE_WRITE, ERROR_LOCKED, "another process (");
    char pid[32];
    (void)snprintf(pid, sizeof pid, "(%ld)", (long)child);
    assert_non_null(strstr(f->err.message, pid));
    fixture_open(f, STORE_READ);
    fixture_close(f);
    fixture_open(f, STORE_DRY_RUN);
    fixture_close(f);
    /* Through a link it is the same database. */
    char real[96];
    memcpy(real, f->path, sizeof real);
    (void)snprintf(f->path, sizeof f->path, "%s/link.db", f->folder);
    assert_int_equal(symlink(real, f->path), 0);
    assert_refused(f, STORE_WRITE, ERROR_LOCKED, "another process");
    /* A dead process holds nothing. */
    assert_int_equal(kill(child, SIGKILL), 0);
    assert_int_equal(waitpid(child, NULL, 0), child);
    fixture_open(f, STORE_WRITE);
    for (size_t i = 0; i < 2; i++) {
        (void)close(ready[i]);
        (void)close(end[i]);
    }
}

/* --- dry run ------------------------------------------------------------------------------- */

static void test_dry_run(void **state)
{
    struct fixture *f = *state;
    fixture_open(f, STORE_DRY_RUN);
    fixture_close(f);
    assert_false(beside(f, ""));
    assert_false(beside(f, ".lock"));
    fixture_open(f, STORE_WRITE);
    assert_done(f, store_begin(f->store, &f->err));
    assert_done(f, store_source_open(f->store, "1", "cn-beijing", "BASIC", &f->source, &f->err));
    assert_done(f, store_commit(f->store, &f->err));
    fixture_close(f);
    take_snapshot(f->path, &before);
    uint64_t steps = store_steps();
    fixture_open(f, STORE_DRY_RUN);
    assert_query(f, "SELECT region_id FROM sync_source", "cn-beijing");
    assert_done(f, store_begin(f->store, &f->err));
    assert_done(f, store_source_open(f->store, "2", "cn-beijing", "BASIC", &f->source, &f->err));
    assert_done(f, store_commit(f->store, &f->err));
    assert_query(f, "SELECT count(*) FROM sync_source", "2");
    fixture_close(f);
    assert_true(store_steps() == steps);
    assert_untouched(f->path);
}

/* --- migrations ---------------------------------------------------------------------------- */

#define SQL_FILE(name, text)                                                                       \
    {                                                                                              \
        name, text, sizeof(text) - 1                                                               \
    }

#define MIGRATIONS_MAX 100

/* As by a program that has one more migration than this one. */
static bool open_with(struct fixture *f, enum store_mode mode, const struct sql_file *next)
{
    int count = store_newest(sql_migrations);
    struct sql_file migrations[MIGRATIONS_MAX] = {{0}};
    assert_true(count + 1 < MIGRATIONS_MAX);
    memcpy(migrations, sql_migrations, (size_t)count * sizeof *migrations);
    migrations[count] = *next;
    return store_open_with(f->path, mode, &hbr_restore_job_model, migrations, sql_views, &f->store,
                           &f->err);
}

static void test_migration(void **state)
{
    struct fixture *f = *state;
    fixture_open(f, STORE_WRITE);
    fixture_close(f);
    const int newest = store_newest(sql_migrations);
    const struct sql_file more =
        SQL_FILE("9999_more.sql", "CREATE TABLE more (x); CREATE INDEX more_x ON more (x);");
    char text[32];
    assert_false(open_with(f, STORE_READ, &more));
    (void)snprintf(text, sizeof text, "older schema %d", newest);
    assert_non_null(strstr(f->err.message, text));
    assert_non_null(strstr(f->err.hint, "hbrsync sync"));
    assert_done(f, open_with(f, STORE_WRITE, &more));
    assert_int_equal(store_schema_version(f->store), newest + 1);
    fixture_close(f);
    (void)snprintf(text, sizeof text, ".v%d.bak.part", newest);
    assert_false(beside(f, text));
    *strrchr(text, '.') = '\0';
    assert_true(beside(f, text));
    assert_refused(f, STORE_READ, ERROR_DATABASE, "newer hbrsync");
    char copy[128];
    (void)snprintf(copy, sizeof copy, "%s%s", f->path, text);
    struct stat status;
    assert_int_equal(stat(copy, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
    memcpy(f->path, copy, sizeof f->path);
    fixture_open(f, STORE_READ);
    assert_query(f, "SELECT count(*) FROM sqlite_master WHERE name = 'more'", "0");
}

static void test_failing_migration(void **state)
{
    struct fixture *f = *state;
    fixture_open(f, STORE_WRITE);
    fixture_close(f);
    take_snapshot(f->path, &before);
    const struct sql_file broken =
        SQL_FILE("9999_broken.sql",
                 "CREATE TABLE more (x); ALTER TABLE sync_source ADD COLUMN y; SELECT nonsense;");
    assert_false(open_with(f, STORE_WRITE, &broken));
    assert_int_equal(f->err.code, ERROR_DATABASE);
    assert_non_null(strstr(f->err.message, "9999_broken.sql"));
    assert_untouched(f->path);
    const struct sql_file orphan = SQL_FILE(
        "9999_orphan.sql", "PRAGMA defer_foreign_keys = ON;"
                           "INSERT INTO restore_job (restore_id, source_id) VALUES ('r', 77);");
    assert_false(open_with(f, STORE_WRITE, &orphan));
    assert_untouched(f->path);
    fixture_open(f, STORE_READ);
    assert_int_equal(store_schema_version(f->store), store_newest(sql_migrations));
    /* The number of a file's name is the version that it reaches. */
    for (int i = 0; sql_migrations[i].name != NULL; i++) {
        assert_int_equal(strtol(sql_migrations[i].name, NULL, 10), i + 1);
    }
}

static void test_views_follow_their_text(void **state)
{
    struct fixture *f = *state;
    fixture_open(f, STORE_WRITE);
    fixture_close(f);
    make_database(f->path, "DROP VIEW v_restore_daily; DROP VIEW v_restore_open;"
                           "CREATE VIEW v_restore_open AS SELECT 1 AS one;"
                           "CREATE VIEW v_mine AS SELECT restore_id FROM v_restore_job;"
                           "CREATE TABLE note (restore_id TEXT, note TEXT);");
    fixture_open(f, STORE_WRITE);
    assert_query(f, "SELECT count(*) FROM v_restore_daily", "0");
    assert_query(f, "SELECT count(age_seconds) FROM v_restore_open", "0");
    assert_query(f, "SELECT count(*) FROM v_mine", "0");
    assert_query(f, "SELECT count(*) FROM note", "0");
    fixture_close(f);
    take_snapshot(f->path, &before);
    fixture_open(f, STORE_WRITE);
    fixture_close(f);
    assert_untouched(f->path);
}

/* They are the slowest part of the schema to make, and nothing that reading refuses is in them. */
static void test_reading_makes_no_views(void **state)
{
    struct fixture *f = *state;
    const struct sql_file broken[] = {SQL_FILE("views.sql", "CREATE nonsense;"), {0, 0, 0}};
    fixture_open(f, STORE_WRITE);
    fixture_close(f);
    assert_done(f, store_open_with(f->path, STORE_READ, &hbr_restore_job_model, sql_migrations,
                                   broken, &f->store, &f->err));
    fixture_close(f);
    assert_false(store_open_with(f->path, STORE_WRITE, &hbr_restore_job_model, sql_migrations,
                                 broken, &f->store, &f->err));
    assert_non_null(strstr(f->err.message, "apply views.sql"));
}

static void test_model_without_its_column(void **state)
{
    struct fixture *f = *state;
    struct record_part parts[RECORD_PARTS_MAX];
    struct field fields[RECORD_FIELDS_MAX];
    struct record_model model = hbr_restore_job_model;
    memcpy(parts, model.parts, model.part_count * sizeof *parts);
    memcpy(fields, parts[1].fields, parts[1].field_count * sizeof *fields);
    fields[0].column = "no_such_column";
    parts[1].fields = fields;
    model.parts = parts;
    fixture_open(f, STORE_WRITE);
    fixture_close(f);
    assert_false(store_open(f->path, STORE_READ, &model, &f->store, &f->err));
    assert_int_equal(f->err.code, ERROR_DATABASE);
    assert_non_null(strstr(f->err.message, "no_such_column"));
    assert_non_null(strstr(f->err.hint, "backup"));
}

/* --- dying at each durable step
 * -------------------------------------------------------------------- */

static void test_kill_at_each_step(void **state)
{
    struct fixture *f = *state;
    for (uint64_t step = 1; step <= 20; step++) {
        pid_t child = fork();
        if (child == 0) {
            struct store *store = NULL;
            struct store_source source;
            store_kill_at_step(store_steps() + step);
            bool ok = store_open(f->path, STORE_WRITE, &hbr_restore_job_model, &store, &f->err) &&
                      store_begin(store, &f->err) &&
                      store_source_open(store, "1", "cn-beijing", "BASIC", &source, &f->err) &&
                      store_commit(store, &f->err);
            _exit(ok ? 0 : 1);
        }
        int status = 0;
        assert_int_equal(waitpid(child, &status, 0), child);
        bool finished = WIFEXITED(status);
        assert_true(finished ? WEXITSTATUS(status) == 0 : WTERMSIG(status) == SIGKILL);
        fixture_open(f, STORE_WRITE);
        assert_query(f, "PRAGMA integrity_check", "ok");
        /* Steps: the file, the schema's commit (before and after), ours (before and after). */
        assert_query(f, "SELECT count(*) FROM sync_source", step <= 4 ? "0" : "1");
        fixture_close(f);
        assert_int_equal(unlink(f->path), 0);
        if (finished) {
            assert_int_equal(step, 6);
            return;
        }
    }
    fail_msg("the steps did not end");
}

static void test_transactions(void **state)
{
    struct fixture *f = *state;
    fixture_open(f, STORE_WRITE);
    store_rollback(f->store); /* nothing open */
    assert_done(f, store_begin(f->store, &f->err));
    assert_done(f, store_source_open(f->store, "1", "cn-beijing", "BASIC", &f->source, &f->err));
    store_rollback(f->store);
    assert_query(f, "SELECT count(*) FROM sync_source", "0");
    assert_false(store_source_open(f->store, "1", "cn-beijing", "BASIC", &f->source, &f->err));
    assert_int_equal(f->err.code, ERROR_INTERNAL);
}

static void test_disk_full(void **state)
{
    struct fixture *f = *state;
    fixture_open(f, STORE_WRITE);
    assert_done(f, store_begin(f->store, &f->err));
    assert_done(f, store_source_open(f->store, "1", "cn-beijing", "BASIC", &f->source, &f->err));
    assert_done(f, store_commit(f->store, &f->err));
    f->writer = (struct store_writer){.source_id = f->source.source_id, .run_id = 1, .now = 1};
    int64_t pages = 0;
    assert_done(f, store_query_integer(f->store, "PRAGMA page_count", &pages, &f->err));
    char sql[64];
    (void)snprintf(sql, sizeof sql, "PRAGMA max_page_count = %d", (int)pages + 8);
    (void)query_on(f->store->db, sql);
    assert_done(f, store_begin(f->store, &f->err));
    bool full = false;
    for (int i = 0; i < 100000 && !full; i++) {
        char id[32];
        struct store_put put;
        (void)snprintf(id, sizeof id, "r-%d", i);
        struct record job = job_new(id, "COMPLETE", 1, 1);
        full = !store_job_put(f->store, &f->writer, &job, &put, &f->err);
    }
    assert_true(full);
    assert_int_equal(f->err.code, ERROR_DATABASE);
    assert_non_null(strstr(f->err.message, f->path));
    assert_non_null(strstr(f->err.hint, "space"));
    store_rollback(f->store);
    assert_query(f, "SELECT count(*) FROM restore_job", "0");
    assert_query(f, "PRAGMA integrity_check", "ok");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup_folder, fixture_teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_fresh),
        TEST(test_declared_types),
        TEST(test_existing_empty_file),
        TEST(test_reopen_writes_nothing),
        TEST(test_special_names),
        TEST(test_foreign_application),
        TEST(test_foreign_tables),
        TEST(test_foreign_live_wal),
        TEST(test_newer),
        TEST(test_not_a_database),
        TEST(test_folder_and_missing),
        TEST(test_corrupt),
        TEST(test_altered_schema),
        TEST(test_read_only_folder),
        TEST(test_lock),
        TEST(test_dry_run),
        TEST(test_migration),
        TEST(test_failing_migration),
        TEST(test_views_follow_their_text),
        TEST(test_reading_makes_no_views),
        TEST(test_model_without_its_column),
        TEST(test_kill_at_each_step),
        TEST(test_transactions),
        TEST(test_disk_full),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
