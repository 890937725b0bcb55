#include <errno.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/text.h"
#include "store/internal.h"

#define BUSY_TIMEOUT_MS 5000

static bool check_folder(const char *folder, struct error *err)
{
    struct stat status;
    if (stat(folder, &status) != 0) {
        error_set_errno(err, ERROR_DATABASE, errno, "the folder of the database, %s", folder);
        return error_hint(err, "Create the folder, or name another file with --db.");
    }
    if (access(folder, W_OK | X_OK) != 0) {
        error_set_errno(err, ERROR_DATABASE, errno, "the folder %s is not writable", folder);
        return error_hint(err,
                          "The database, its lock and its WAL are files of this folder: run as "
                          "its owner, or name another file with --db.");
    }
    return true;
}

static bool examine(sqlite3 *db, const char *path, struct store_health *health, struct error *err)
{
    char text[256];
    int64_t version = 0;
    if (!store_query_integer_on(db, "PRAGMA user_version", &version)) {
        return store_error_on(db, path, err, "read the database");
    }
    health->version = (int)version;
    if (!store_query_text_on(db, path, "PRAGMA journal_mode", "read the database",
                             health->journal_mode, sizeof(health->journal_mode), err)) {
        return false;
    }
    if (!store_query_text_on(db, path, "PRAGMA quick_check(1)", "read the database", text,
                             sizeof(text), err)) {
        /* A user's index may need what this program has not: the check of the schema tells. */
        return (sqlite3_errcode(db) & 0xff) == SQLITE_ERROR;
    }
    if (strcmp(text, "ok") != 0) {
        error_set(err, ERROR_DATABASE, "%s is damaged: %s", path, text);
        return error_hint(err, "`hbrsync verify` lists the problems. " STORE_DAMAGE_ADVICE);
    }
    return true;
}

static bool examine_file(const char *path, struct store_health *health, struct error *err)
{
    sqlite3 *db = NULL;
    struct safe_place place;
    if (!store_guard_hold(path, &place, err)) {
        store_guard_release(&place);
        return false;
    }
    bool done =
        store_connect(place.path, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOFOLLOW, &db) == SQLITE_OK &&
        sqlite3_busy_timeout(db, BUSY_TIMEOUT_MS) == SQLITE_OK;
    if (!done) {
        store_error_on(db, path, err, "open the database");
    }
    done = done && examine(db, path, health, err);
    (void)sqlite3_close(db);
    store_guard_release(&place);
    return done;
}

bool store_health(const char *path, struct store_health *ret_health, struct error *err)
{
    enum store_file_kind kind = STORE_FILE_ABSENT;
    char *copy = text_copy(path);
    if (copy == NULL) {
        return error_no_memory(err);
    }
    const char *folder = dirname(copy);
    memset(ret_health, 0, sizeof(*ret_health));
    ret_health->newest = store_newest(sql_migrations);
    bool ok = store_guard_install(err) && check_folder(folder, err);
    if (ok) {
        struct statvfs status;
        ret_health->remote = store_file_is_remote(folder);
        ret_health->free_bytes = statvfs(folder, &status) == 0
                                     ? (int64_t)status.f_bavail * (int64_t)status.f_frsize
                                     : -1;
        store_lock_look(path, &ret_health->lock, &ret_health->holder);
        ok = store_file_identify(path, ret_health->newest, &kind, err);
    }
    free(copy);
    if (!ok || kind != STORE_FILE_OURS) {
        return ok;
    }
    ret_health->exists = true;
    ret_health->size = store_file_size(path, "");
    ret_health->wal_size = store_file_size(path, "-wal");
    return examine_file(path, ret_health, err);
}

bool store_health_place(const char *path, struct error *err)
{
    struct safe_place place;
    bool ok = store_file_place(path, &place, err);
    safe_place_close(&place);
    return ok;
}
