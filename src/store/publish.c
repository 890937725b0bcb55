/*
 * The copy is made by VACUUM INTO: one read transaction, whatever sync does meanwhile. It is
 * written to OUT.publishing, which is locked: what a killed process left there is used again, not
 * heaped up.
 */
#include "store/publish.h"

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

struct target {
    char *path;      /* absolute, links resolved */
    char *folder;    /* of it */
    char *temporary; /* beside it */
    int descriptor;  /* of the temporary file, locked; -1: not open */
    bool made;       /* the temporary file is ours to remove */
};

static char *join(const char *first, const char *second, const char *third)
{
    struct buffer text;
    buffer_init(&text, PATH_MAX_BYTES);
    buffer_printf(&text, "%s%s%s", first, second, third);
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
    if (!owns) {
        return true;
    }
    error_set(err, ERROR_USAGE, "%s belongs to the database %s", path, store->path);
    return error_hint(err, "Publish to another file.");
}

/* Neither the copy nor what is written and removed on the way to it may be the database. */
static bool refuse_own_files(const struct store *store, const struct target *target,
                             struct error *err)
{
    char *journal = join(target->temporary, "-journal", "");
    bool ok = journal != NULL ? refuse_own_file(store, target->path, err) &&
                                    refuse_own_file(store, target->temporary, err) &&
                                    refuse_own_file(store, journal, err)
                              : error_no_memory(err);
    free(journal);
    return ok;
}

/* A file beside `path` that tells of a writer, or that SQLite would apply to the new copy. */
static bool refuse_side_file(const char *path, const char *suffix, bool even_empty,
                             struct error *err)
{
    struct stat status;
    char *side = join(path, suffix, "");
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
    if (!written) {
        return true;
    }
    error_set(err, ERROR_USAGE,
              "%s was written to since it was made, as no copy is; it was not changed", path);
    return error_hint(err, "Publish to another file, or remove that one first.");
}

/* What a killed publication left there is used again; a database is not. */
static bool refuse_temporary(const struct target *target, struct error *err)
{
    return refuse_side_file(target->temporary, "-wal", false, err) &&
           refuse_side_file(target->temporary, ".lock", true, err) &&
           refuse_written(target->temporary, err);
}

static bool refuse_foreign_file(const struct target *target, struct error *err)
{
    struct stat status;
    struct error reason;
    enum store_file_kind kind = STORE_FILE_ABSENT;
    if (stat(target->path, &status) == 0 && !S_ISREG(status.st_mode)) {
        return error_set(err, ERROR_USAGE, "%s is %s", target->path,
                         S_ISDIR(status.st_mode) ? "a folder" : "no ordinary file");
    }
    if (!refuse_side_file(target->path, "-wal", false, err) ||
        !refuse_side_file(target->path, "-journal", false, err) ||
        !refuse_side_file(target->path, ".lock", true, err)) {
        return false;
    }
    if (store_file_identify(target->path, store_newest(sql_migrations), &kind, &reason)) {
        return kind != STORE_FILE_OURS || refuse_written(target->path, err);
    }
    if (reason.code == ERROR_INTERNAL) { /* nothing is known of the file */
        *err = reason;
        return false;
    }
    error_set(err, ERROR_USAGE, "%s exists and is no copy made by this hbrsync; it was not changed",
              target->path);
    return error_hint(err, "Publish to another file, or remove that one first.");
}

/* --- the target ---------------------------------------------------------------------------- */

/* The name of a file that is not there yet, in a folder that is. */
static bool resolve_new(struct target *target, const char *out, struct error *err)
{
    struct stat status;
    if (lstat(out, &status) == 0) {
        return error_set(err, ERROR_USAGE, "%s is a link that leads nowhere", out);
    }
    const char *slash = strrchr(out, '/');
    const char *name = slash != NULL ? slash + 1 : out;
    char *folder =
        slash == NULL ? text_copy(".") : text_copy_length(out, (size_t)(slash - out) + 1);
    char *real = folder != NULL ? realpath(folder, NULL) : NULL;
    int real_errno = errno;
    bool ok = true;
    if (name[0] == '\0') {
        ok = error_set(err, ERROR_USAGE, "\"%s\" is not the name of a file", out);
    } else if (folder == NULL) {
        ok = error_no_memory(err);
    } else if (real == NULL) {
        ok = error_set_errno(err, ERROR_USAGE, real_errno, "cannot publish to %s", out);
    } else {
        target->path = join(real, "/", name);
    }
    free(folder);
    free(real);
    return ok;
}

static bool resolve(struct target *target, const char *out, struct error *err)
{
    target->path = realpath(out, NULL);
    if (target->path == NULL) {
        if (errno != ENOENT) {
            return error_set_errno(err, ERROR_USAGE, errno, "cannot publish to %s", out);
        }
        if (!resolve_new(target, out, err)) {
            return false;
        }
    }
    if (target->path == NULL) {
        error_no_memory(err);
        return false;
    }
    const char *slash = strrchr(target->path, '/');
    target->folder = text_copy_length(target->path, (size_t)(slash - target->path) + 1);
    target->temporary = join(target->path, ".publishing", "");
    if (target->folder == NULL || target->temporary == NULL) {
        error_no_memory(err);
        return false;
    }
    return true;
}

/* The file at hand is still the one that has the name: another process may have renamed it between
 * the open and the lock. */
static bool is_still_there(const struct target *target, struct stat *ret_status)
{
    struct stat named;
    return fstat(target->descriptor, ret_status) == 0 && lstat(target->temporary, &named) == 0 &&
           named.st_dev == ret_status->st_dev && named.st_ino == ret_status->st_ino;
}

/* What a publication that was killed left beside the temporary file. */
static bool remove_old_journal(const struct target *target, struct error *err)
{
    char *journal = join(target->temporary, "-journal", "");
    if (journal == NULL) {
        return error_no_memory(err);
    }
    bool ok = unlink(journal) == 0 || errno == ENOENT ||
              error_set_errno(err, ERROR_USAGE, errno, "cannot remove %s", journal);
    free(journal);
    return ok;
}

static bool open_temporary(struct target *target, struct error *err)
{
    struct stat status;
    target->descriptor =
        open(target->temporary, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
    if (target->descriptor < 0) {
        return error_set_errno(err, ERROR_USAGE, errno, "cannot create %s", target->temporary);
    }
    if (flock(target->descriptor, LOCK_EX | LOCK_NB) != 0) {
        if (errno != EWOULDBLOCK) {
            return error_set_errno(err, ERROR_USAGE, errno, "cannot lock %s", target->temporary);
        }
        error_set(err, ERROR_LOCKED, "another process is publishing to %s", target->path);
        return error_hint(err, "Wait until it has finished, then run again.");
    }
    if (!is_still_there(target, &status)) {
        error_set(err, ERROR_LOCKED, "another process has just published to %s", target->path);
        return error_hint(err, "Run again.");
    }
    /* A file that somebody else put there could be read by him afterwards. */
    if (!S_ISREG(status.st_mode) || status.st_uid != geteuid() || status.st_nlink != 1) {
        return error_set(err, ERROR_USAGE, "%s is in the way", target->temporary);
    }
    target->made = true;
    if (fchmod(target->descriptor, 0600) != 0 || ftruncate(target->descriptor, 0) != 0) {
        return error_set_errno(err, ERROR_USAGE, errno, "cannot write %s", target->temporary);
    }
    return remove_old_journal(target, err);
}

static void close_target(struct target *target)
{
    if (target->made) {
        (void)unlink(target->temporary); /* the error that led here is worth more */
    }
    if (target->descriptor >= 0) {
        (void)close(target->descriptor); /* synced before where it matters */
    }
    free(target->path);
    free(target->folder);
    free(target->temporary);
}

/* --- the copy ------------------------------------------------------------------------------ */

static bool copy(struct store *store, const struct target *target, struct error *err)
{
    sqlite3_stmt *handle = NULL;
    bool done =
        sqlite3_prepare_v2(store->db, "VACUUM main INTO ?1", -1, &handle, NULL) == SQLITE_OK &&
        sqlite3_bind_text(handle, 1, target->temporary, -1, SQLITE_STATIC) == SQLITE_OK &&
        sqlite3_step(handle) == SQLITE_DONE;
    if (!done) {
        store_error(store, err, "copy the database to %s", target->temporary);
    }
    (void)sqlite3_finalize(handle);
    return done && interrupt_check(err);
}

static bool sync_folder(const struct target *target)
{
    int descriptor = open(target->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (descriptor < 0) {
        return false;
    }
    /* EINVAL: the file system has nothing to sync there. */
    bool ok = fsync(descriptor) == 0 || errno == EINVAL;
    int sync_errno = errno;
    (void)close(descriptor);
    errno = sync_errno;
    return ok;
}

static bool put_in_place(struct target *target, unsigned mode, struct error *err)
{
    struct stat status;
    if (!is_still_there(target, &status)) {
        return error_set(err, ERROR_USAGE, "%s was taken away", target->temporary);
    }
    store_step();
    if (fchmod(target->descriptor, (mode_t)mode) != 0 || fsync(target->descriptor) != 0) {
        return error_set_errno(err, ERROR_USAGE, errno, "cannot write %s", target->temporary);
    }
    store_step();
    if (rename(target->temporary, target->path) != 0) {
        return error_set_errno(err, ERROR_USAGE, errno, "cannot replace %s", target->path);
    }
    target->made = false;
    store_step();
    return sync_folder(target) ? true
                               : error_set_errno(err, ERROR_USAGE, errno,
                                                 "cannot sync the folder %s", target->folder);
}

bool store_publish(struct store *store, const char *out, unsigned mode, struct error *err)
{
    struct target target = {.descriptor = -1};
    bool ok = resolve(&target, out, err) && refuse_own_files(store, &target, err) &&
              refuse_foreign_file(&target, err) && refuse_temporary(&target, err) &&
              open_temporary(&target, err);
    store_step();
    ok = ok && copy(store, &target, err) && put_in_place(&target, mode, err);
    close_target(&target);
    return ok;
}
