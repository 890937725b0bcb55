/*
 * The copy is made by VACUUM INTO: one read transaction, whatever sync does meanwhile. It is made
 * in the private folder OUT.publishing, where nobody else can put anything in its way, and which is
 * locked: what a killed process left there is used again, not heaped up.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/interrupt.h"
#include "base/text.h"
#include "store/internal.h"

#define PATH_MAX_BYTES 8192

#define COPY "copy"
#define DRAFT "draft" /* what the copy is made from where something must change */

struct target {
    struct safe_place place;
    char *temporary; /* the private folder */
    const char *temporary_name;
    int folder; /* its descriptor, locked; -1: not open */
    bool made;  /* the private folder is ours to remove */
};

static char *join(const char *first, const char *second)
{
    struct buffer text;
    buffer_init(&text, PATH_MAX_BYTES);
    buffer_printf(&text, "%s%s", first, second);
    char *joined = text.failed ? NULL : text_copy(text.data);
    buffer_free(&text);
    return joined;
}

/* --- what must not be overwritten ---------------------------------------------------------- */

static bool refuse_own_file(const struct store *store, const char *path, struct error *err)
{
    bool owns = false;
    if (!store_owns_file(store->path, path, &owns, err)) {
        return false;
    }
    if (owns) {
        error_set(err, ERROR_USAGE, "%s belongs to the database %s", path, store->path);
        error_hint(err, "Publish to another file.");
    }
    return !owns;
}

/* A file beside `path` that tells of a writer, or that SQLite would apply to the new copy. */
static bool refuse_side_file(const char *path, const char *suffix, bool even_empty,
                             struct error *err)
{
    struct stat status;
    char *side = join(path, suffix);
    bool there = side != NULL && lstat(side, &status) == 0 && (even_empty || status.st_size > 0);
    free(side);
    if (!there) {
        return side != NULL || error_no_memory(err);
    }
    error_set(err, ERROR_USAGE, "%s is a database that is written to: there is a %s%s", path, path,
              suffix);
    return error_hint(err, "Publish to another file; readers of a copy open it read-only.");
}

/* A database that was moved here from elsewhere has nothing beside it that tells of its writer. */
static bool refuse_written(const char *path, struct error *err)
{
    bool written = false;
    if (!store_file_was_written(path, &written, err)) {
        return false;
    }
    if (written) {
        error_set(err, ERROR_USAGE,
                  "%s was written to since it was made, as no copy is; it was not changed", path);
        error_hint(err, "Publish to another file, or remove that one first.");
    }
    return !written;
}

static bool refuse_foreign_file(const struct target *target, struct error *err)
{
    struct stat status;
    struct error reason;
    enum store_file_kind kind = STORE_FILE_ABSENT;
    if (stat(target->place.path, &status) == 0 && !S_ISREG(status.st_mode)) {
        return error_set(err, ERROR_USAGE, "%s is %s", target->place.path,
                         S_ISDIR(status.st_mode) ? "a folder" : "no ordinary file");
    }
    if (!refuse_side_file(target->place.path, "-wal", false, err) ||
        !refuse_side_file(target->place.path, "-journal", false, err) ||
        !refuse_side_file(target->place.path, ".lock", true, err)) {
        return false;
    }
    if (store_file_identify(target->place.path, store_newest(sql_migrations), &kind, &reason)) {
        return kind != STORE_FILE_OURS || refuse_written(target->place.path, err);
    }
    if (reason.code == ERROR_INTERNAL) { /* nothing is known of the file */
        *err = reason;
        return false;
    }
    error_set(err, ERROR_USAGE, "%s exists and is no copy made by this hbrsync; it was not changed",
              target->place.path);
    return error_hint(err, "Publish to another file, or remove that one first.");
}

/* --- the target ---------------------------------------------------------------------------- */

static bool resolve(struct target *target, const char *out, struct error *err)
{
    struct stat status;
    if (!safe_place_find(out, true, &target->place, err)) {
        return false;
    }
    if (stat(out, &status) != 0 && lstat(out, &status) == 0) {
        return error_set(err, ERROR_USAGE, "%s is a link that leads nowhere", out);
    }
    target->temporary = join(target->place.path, ".publishing");
    if (target->temporary == NULL) {
        return error_no_memory(err);
    }
    target->temporary_name = strrchr(target->temporary, '/') + 1;
    return true;
}

/* The folder at hand is still the one that has the name: another process may have removed it
 * between the open and the lock. */
static bool is_still_there(const struct target *target, const struct stat *status)
{
    struct stat named;
    return fstatat(target->place.folder, target->temporary_name, &named, AT_SYMLINK_NOFOLLOW) ==
               0 &&
           named.st_dev == status->st_dev && named.st_ino == status->st_ino;
}

/* False, with errno, when something is there and cannot be removed. */
static bool empty_folder(int folder)
{
    static const char *const names[] = {COPY,         COPY "-journal", DRAFT, DRAFT "-journal",
                                        DRAFT "-wal", DRAFT "-shm"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (unlinkat(folder, names[i], 0) != 0 && errno != ENOENT) {
            return false;
        }
    }
    return true;
}

static bool open_folder(struct target *target, struct error *err)
{
    struct stat status;
    if (mkdirat(target->place.folder, target->temporary_name, 0700) != 0 && errno != EEXIST) {
        return error_set_errno(err, ERROR_USAGE, errno, "cannot create %s", target->temporary);
    }
    target->folder = openat(target->place.folder, target->temporary_name,
                            O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (target->folder < 0 || fstat(target->folder, &status) != 0 || status.st_uid != geteuid()) {
        if (target->folder < 0) {
            error_set_errno(err, ERROR_USAGE, errno, "%s is in the way", target->temporary);
        } else {
            error_set(err, ERROR_USAGE, "%s is in the way: it belongs to another user",
                      target->temporary);
        }
        return error_hint(err,
                          "Find out who put it there, then remove it, or publish to another file.");
    }
    if (flock(target->folder, LOCK_EX | LOCK_NB) != 0) {
        if (errno != EWOULDBLOCK) {
            return error_set_errno(err, ERROR_USAGE, errno, "cannot lock %s", target->temporary);
        }
        error_set(err, ERROR_LOCKED, "another process is publishing to %s", target->place.path);
        return error_hint(err, "Wait until it has finished, then run again.");
    }
    if (!is_still_there(target, &status)) {
        error_set(err, ERROR_LOCKED, "another process has just published to %s",
                  target->place.path);
        return error_hint(err, "Run again.");
    }
    target->made = true;
    if (fchmod(target->folder, 0700) != 0 || !empty_folder(target->folder)) {
        return error_set_errno(err, ERROR_USAGE, errno, "cannot empty %s", target->temporary);
    }
    return store_guard_add(target->temporary, strlen(target->temporary), target->folder, err);
}

static void close_target(struct target *target)
{
    if (target->made && empty_folder(target->folder)) {
        /* Where that fails, the error that led here is worth more. */
        (void)unlinkat(target->place.folder, target->temporary_name, AT_REMOVEDIR);
    }
    if (target->folder >= 0) {
        store_guard_remove(target->folder);
        (void)close(target->folder);
    }
    safe_place_close(&target->place);
    free(target->temporary);
}

/* --- the copy ------------------------------------------------------------------------------ */

static bool vacuum(sqlite3 *db, const struct target *target, struct error *err)
{
    char *path = join(target->temporary, "/" COPY);
    bool done = path != NULL ? store_vacuum_into(db, path, err) : error_no_memory(err);
    free(path);
    return done && interrupt_check(err);
}

static bool run(sqlite3 *db, const char *sql)
{
    return sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK;
}

static bool take_sql(sqlite3_stmt *row, void *context)
{
    const char *sql = (const char *)sqlite3_column_text(row, 0);
    *(char **)context = sql != NULL ? text_copy(sql) : NULL;
    return false;
}

/* Runs the SQL that `query` returns; ?1 in it is the text of the views. */
static bool run_generated(sqlite3 *db, const char *query, const struct value *values, size_t count)
{
    char *sql = NULL;
    (void)store_run_once(db, query, values, count, take_sql, &sql);
    bool done = sql != NULL && run(db, sql);
    free(sql);
    return done;
}

/* A trigger would run in the program of whoever writes to his copy. */
static const char triggers_gone[] = "SELECT coalesce(group_concat('DROP TRIGGER \"' || "
                                    "replace(name, '\"', '\"\"') || '\"', ';'), '')"
                                    " FROM sqlite_master WHERE type = 'trigger'";

/* The copy must look as VACUUM INTO leaves it, so what changes in it is changed in a draft. That is
 * copied page by page: VACUUM INTO from a connection that only reads fails on computed columns. */
static bool copy_by_draft(struct store *store, const struct target *target, bool tables,
                          struct error *err)
{
    sqlite3 *db = NULL;
    char *path = join(target->temporary, "/" DRAFT);
    if (path == NULL) {
        return error_no_memory(err);
    }
    bool done =
        store_connect(path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOFOLLOW,
                      &db) == SQLITE_OK &&
        store_copy_pages(store->db, db) &&
        sqlite3_db_config(db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 1, NULL) == SQLITE_OK &&
        run(db, "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF") &&
        run_generated(db, triggers_gone, NO_VALUES) &&
        (!tables || (run(db, "BEGIN") && run(db, sql_views->text) &&
                     run_generated(db, sql_tables->text, VALUES(text_value(sql_views->text))) &&
                     run(db, "COMMIT")));
    done = done ? vacuum(db, target, err)
                : store_error_on(db, path, err, "make the draft of the copy");
    (void)sqlite3_close(db);
    free(path);
    return done;
}

static bool copy(struct store *store, const struct target *target, bool tables, struct error *err)
{
    int64_t hindrances = 0; /* triggers and computed columns */
    bool done =
        sqlite3_db_config(store->db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 1, NULL) == SQLITE_OK &&
        store_query_integer(store,
                            "SELECT (SELECT count(*) FROM sqlite_master WHERE type = 'trigger') +"
                            " (SELECT count(*) FROM sqlite_master AS m, pragma_table_xinfo(m.name)"
                            " AS c WHERE m.type = 'table' AND c.hidden > 1)",
                            &hindrances, err) &&
        (tables || hindrances > 0 ? copy_by_draft(store, target, tables, err)
                                  : vacuum(store->db, target, err));
    return done || store_blame_additions(store, err);
}

static bool sync_folder(const struct target *target, struct error *err)
{
    int descriptor = openat(target->place.folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    /* EINVAL: the file system has nothing to sync there. */
    bool ok = descriptor >= 0 && (fsync(descriptor) == 0 || errno == EINVAL);
    if (!ok) {
        error_set_errno(err, ERROR_USAGE, errno, "cannot sync the folder of %s",
                        target->place.path);
    }
    if (descriptor >= 0) {
        (void)close(descriptor); /* synced */
    }
    return ok;
}

static bool finish_file(const struct target *target, unsigned mode, struct error *err)
{
    int descriptor = openat(target->folder, COPY, O_RDWR | O_NOFOLLOW | O_CLOEXEC);
    store_step();
    bool ok = descriptor >= 0 && fchmod(descriptor, (mode_t)mode) == 0 && fsync(descriptor) == 0;
    if (!ok) {
        error_set_errno(err, ERROR_USAGE, errno, "cannot write %s/" COPY, target->temporary);
    }
    if (descriptor >= 0) {
        (void)close(descriptor); /* synced */
    }
    return ok;
}

static bool put_in_place(const struct target *target, unsigned mode, struct error *err)
{
    if (!finish_file(target, mode, err)) {
        return false;
    }
    store_step();
    if (renameat(target->folder, COPY, target->place.folder, target->place.name) != 0) {
        return error_set_errno(err, ERROR_USAGE, errno, "cannot replace %s", target->place.path);
    }
    store_step();
    return sync_folder(target, err);
}

bool store_publish(struct store *store, const char *out, unsigned mode, bool tables,
                   struct error *err)
{
    struct target target = {.place = {.folder = -1}, .folder = -1};
    bool ok = resolve(&target, out, err) && refuse_own_file(store, target.place.path, err) &&
              refuse_own_file(store, target.temporary, err) && refuse_foreign_file(&target, err) &&
              open_folder(&target, err);
    store_step();
    ok = ok && copy(store, &target, tables, err) && put_in_place(&target, mode, err);
    close_target(&target);
    return ok;
}
