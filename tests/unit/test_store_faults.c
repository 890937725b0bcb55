/* The file system fails, or SQLite gets no memory, at each point in turn: a clear error, a sound
 * database, no claim without its data, and the same work done again completes it. */
#include "store_fixture.h"

#include "faults.h"

#define JOBS 20
#define STRIDE 5 /* between two calls that fail, where not all do in turn */
#define RUNS 24  /* points of failure for memory, spread over all */

/* --- a VFS whose writing calls fail -------------------------------------------------------- */

struct shim_file {
    sqlite3_file base;
    sqlite3_file *real; /* right behind this */
};

static sqlite3_vfs shim;
static sqlite3_vfs *real_vfs;
static int failure; /* what a failing write returns */

static sqlite3_file *real_of(sqlite3_file *file)
{
    return ((struct shim_file *)file)->real;
}

static int shim_close(sqlite3_file *file)
{
    return real_of(file)->pMethods->xClose(real_of(file));
}

static int shim_read(sqlite3_file *file, void *bytes, int size, sqlite3_int64 offset)
{
    return real_of(file)->pMethods->xRead(real_of(file), bytes, size, offset);
}

static int shim_write(sqlite3_file *file, const void *bytes, int size, sqlite3_int64 offset)
{
    if (fault_now()) {
        /* What a failing disk leaves: half. */
        (void)real_of(file)->pMethods->xWrite(real_of(file), bytes, size / 2, offset);
        return failure;
    }
    return real_of(file)->pMethods->xWrite(real_of(file), bytes, size, offset);
}

static int shim_truncate(sqlite3_file *file, sqlite3_int64 size)
{
    return fault_now() ? SQLITE_IOERR_TRUNCATE
                       : real_of(file)->pMethods->xTruncate(real_of(file), size);
}

static int shim_sync(sqlite3_file *file, int flags)
{
    return fault_now() ? SQLITE_IOERR_FSYNC : real_of(file)->pMethods->xSync(real_of(file), flags);
}

static int shim_size(sqlite3_file *file, sqlite3_int64 *ret_size)
{
    return real_of(file)->pMethods->xFileSize(real_of(file), ret_size);
}

static int shim_lock(sqlite3_file *file, int level)
{
    return real_of(file)->pMethods->xLock(real_of(file), level);
}

static int shim_unlock(sqlite3_file *file, int level)
{
    return real_of(file)->pMethods->xUnlock(real_of(file), level);
}

static int shim_check_lock(sqlite3_file *file, int *ret_locked)
{
    return real_of(file)->pMethods->xCheckReservedLock(real_of(file), ret_locked);
}

static int shim_control(sqlite3_file *file, int what, void *argument)
{
    return real_of(file)->pMethods->xFileControl(real_of(file), what, argument);
}

static int shim_sector(sqlite3_file *file)
{
    return real_of(file)->pMethods->xSectorSize(real_of(file));
}

static int shim_features(sqlite3_file *file)
{
    return real_of(file)->pMethods->xDeviceCharacteristics(real_of(file));
}

static int shim_map(sqlite3_file *file, int page, int size, int extend, void volatile **ret_memory)
{
    return extend != 0 && fault_now()
               ? SQLITE_IOERR_SHMSIZE
               : real_of(file)->pMethods->xShmMap(real_of(file), page, size, extend, ret_memory);
}

static int shim_shm_lock(sqlite3_file *file, int offset, int count, int flags)
{
    return real_of(file)->pMethods->xShmLock(real_of(file), offset, count, flags);
}

static void shim_barrier(sqlite3_file *file)
{
    real_of(file)->pMethods->xShmBarrier(real_of(file));
}

static int shim_unmap(sqlite3_file *file, int delete)
{
    return real_of(file)->pMethods->xShmUnmap(real_of(file), delete);
}

static const sqlite3_io_methods shim_methods = {
    .iVersion = 2,
    .xClose = shim_close,
    .xRead = shim_read,
    .xWrite = shim_write,
    .xTruncate = shim_truncate,
    .xSync = shim_sync,
    .xFileSize = shim_size,
    .xLock = shim_lock,
    .xUnlock = shim_unlock,
    .xCheckReservedLock = shim_check_lock,
    .xFileControl = shim_control,
    .xSectorSize = shim_sector,
    .xDeviceCharacteristics = shim_features,
    .xShmMap = shim_map,
    .xShmLock = shim_shm_lock,
    .xShmBarrier = shim_barrier,
    .xShmUnmap = shim_unmap,
};

static int shim_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags,
                     int *ret_flags)
{
    struct shim_file *opened = (struct shim_file *)file;
    (void)vfs;
    opened->base.pMethods = NULL;
    if ((flags & SQLITE_OPEN_READWRITE) != 0 && fault_now()) {
        return SQLITE_CANTOPEN;
    }
    opened->real = (sqlite3_file *)(opened + 1);
    int result = real_vfs->xOpen(real_vfs, name, opened->real, flags, ret_flags);
    /* SQLite asks for shared memory by the version of the methods. */
    if (opened->real->pMethods != NULL) {
        opened->base.pMethods = &shim_methods;
    }
    return result;
}

static int shim_delete(sqlite3_vfs *vfs, const char *name, int sync)
{
    (void)vfs;
    return fault_now() ? SQLITE_IOERR_DELETE : real_vfs->xDelete(real_vfs, name, sync);
}

/* --- memory of SQLite ---------------------------------------------------------------------- */

static sqlite3_mem_methods real_memory;
static bool memory_fails;

static void *shim_malloc(int size)
{
    return memory_fails && fault_now() ? NULL : real_memory.xMalloc(size);
}

static void *shim_realloc(void *old, int size)
{
    return memory_fails && fault_now() ? NULL : real_memory.xRealloc(old, size);
}

/* Before SQLite's first use. */
static int install(void **state)
{
    (void)state;
    if (sqlite3_config(SQLITE_CONFIG_GETMALLOC, &real_memory) != SQLITE_OK) {
        return -1;
    }
    sqlite3_mem_methods memory = real_memory;
    memory.xMalloc = shim_malloc;
    memory.xRealloc = shim_realloc;
    if (sqlite3_config(SQLITE_CONFIG_MALLOC, &memory) != SQLITE_OK ||
        sqlite3_initialize() != SQLITE_OK) {
        return -1;
    }
    real_vfs = sqlite3_vfs_find(NULL);
    shim = *real_vfs;
    shim.zName = "shim";
    shim.szOsFile = (int)sizeof(struct shim_file) + real_vfs->szOsFile;
    shim.xOpen = shim_open;
    shim.xDelete = shim_delete;
    return sqlite3_vfs_register(&shim, 1) == SQLITE_OK ? 0 : -1;
}

/* --- the work ------------------------------------------------------------------------------ */

static bool put_jobs(struct fixture *f, int64_t updated, struct error *err)
{
    for (int i = 0; i < JOBS; i++) {
        char id[32];
        struct store_put put;
        (void)snprintf(id, sizeof id, "r-%d", i);
        struct record job = job_new(id, "COMPLETE", 1700000000, updated);
        job_set(&job, HBR_REPORT, "total_files", text_of("7"));
        if (!store_job_put(f->store, &f->writer, &job, &put, err)) {
            return false;
        }
    }
    return true;
}

static bool put_batch(struct fixture *f, int64_t updated, struct error *err)
{
    struct store_watermark watermark = {
        .known = true, .proved = true, .updated_time = updated, .full_walk_at = updated};
    bool ok =
        store_begin(f->store, err) &&
        store_source_open(f->store, "1000000000000001", "cn-hangzhou", "STANDARD", &f->source, err);
    f->writer = (struct store_writer){
        .source_id = f->source.source_id, .run_id = updated, .now = 1700000000 + updated};
    ok = ok && put_jobs(f, updated, err) &&
         store_watermark_put(f->store, f->source.source_id, "", &watermark, err) &&
         store_commit(f->store, err);
    if (!ok) {
        store_rollback(f->store);
    }
    return ok;
}

/* Makes the database, stores all jobs, changes all of them. */
static bool work(struct fixture *f, struct error *err)
{
    bool ok = store_open(f->path, STORE_WRITE, &hbr_restore_job_model, &f->store, err) &&
              put_batch(f, 1, err) && put_batch(f, 2, err);
    fixture_close(f);
    return ok;
}

/* Every row belongs to the state that the watermark claims, and none is half. */
static void assert_sound(struct fixture *f)
{
    fixture_open(f, STORE_WRITE);
    assert_query(f, "PRAGMA integrity_check", "ok");
    assert_query(f, "PRAGMA foreign_key_check", "none");
    assert_query(f,
                 "SELECT count(*) FROM restore_job WHERE updated_time IS NOT"
                 " (SELECT updated_time FROM sync_watermark)",
                 "0");
    assert_query(f,
                 "SELECT count(*) = (SELECT count(*) * 20 FROM sync_watermark) AND count(*) ="
                 " (SELECT count(*) FROM restore_job_report) FROM restore_job",
                 "1");
    assert_query(f,
                 "SELECT count(*) = coalesce((SELECT (updated_time - 1) * 20 FROM sync_watermark),"
                 " 0) FROM restore_job_change",
                 "1");
    fixture_close(f);
}

/* Whether the work came to its `at`-th point of failure. */
static bool fail_at(unsigned long at, bool on)
{
    void *state = NULL;
    assert_int_equal(fixture_setup_folder(&state), 0);
    struct fixture *f = state;
    error_clear(&f->err);
    fault_arm(at, on);
    bool done = work(f, &f->err);
    bool happened = fault_happened();
    fault_arm(0, false);
    if (!done) {
        assert_true(happened);
        assert_true(f->err.code == ERROR_DATABASE || f->err.code == ERROR_INTERNAL);
        assert_true(f->err.message[0] != '\0');
    }
    assert_sound(f);
    if (done) {
        fixture_open(f, STORE_READ);
        assert_query(f, "SELECT updated_time FROM sync_watermark", "2");
        fixture_close(f);
    }
    assert_done(f, work(f, &f->err));
    assert_sound(f);
    assert_int_equal(fixture_teardown(&state), 0);
    return happened;
}

static unsigned long count_calls(void)
{
    void *state = NULL;
    assert_int_equal(fixture_setup_folder(&state), 0);
    fault_arm(0, false);
    assert_true(work(state, &((struct fixture *)state)->err));
    unsigned long calls = faults.calls;
    assert_int_equal(fixture_teardown(&state), 0);
    return calls;
}

/* --- tests --------------------------------------------------------------------------------- */

static void fail_each_call(int code, bool on)
{
    failure = code;
    bool all = getenv("HBRSYNC_TEST_LONG") != NULL;
    unsigned long at = 1;
    while (fail_at(at, on)) {
        at += all ? 1 : STRIDE;
        assert_true(at < 5000);
    }
    assert_true(at > 20);
}

static void test_disk_error(void **state)
{
    (void)state;
    fail_each_call(SQLITE_IOERR_WRITE, false);
}

static void test_full_disk(void **state)
{
    (void)state;
    fail_each_call(SQLITE_FULL, true);
}

static void test_memory(void **state)
{
    (void)state;
    memory_fails = true;
    unsigned long calls = count_calls();
    assert_true(calls > 1000);
    for (unsigned long i = 0; i < RUNS; i++) {
        assert_true(fail_at(1 + i * (calls - 1) / RUNS, i % 4 == 3));
    }
    memory_fails = false;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_disk_error),
        cmocka_unit_test(test_full_disk),
        cmocka_unit_test(test_memory),
    };
    return cmocka_run_group_tests(tests, install, NULL);
}
