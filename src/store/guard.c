/*
 * How SQLite opens files: past this, with the rule of base/safe_file.h, so that there is no moment
 * between a check and the open. In the folders that are told here it opens by their descriptors.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/internal.h"

#define FOLDERS_MAX 4
/* SQLite tries a file that it may not write again for reading, but for this error. */
#define REFUSED EISDIR

struct guarded {
    const char *path; /* NULL: free */
    size_t length;
    int folder;
};

static struct guarded folders[FOLDERS_MAX];

bool store_guard_add(const char *path, size_t length, int folder, struct error *err)
{
    for (size_t i = 0; i < FOLDERS_MAX; i++) {
        if (folders[i].path == NULL) {
            folders[i] = (struct guarded){path, length, folder};
            return true;
        }
    }
    return error_set(err, ERROR_INTERNAL, "more than %d folders are open", FOLDERS_MAX);
}

void store_guard_remove(int folder)
{
    for (size_t i = 0; i < FOLDERS_MAX; i++) {
        if (folders[i].path != NULL && folders[i].folder == folder) {
            folders[i].path = NULL;
        }
    }
}

bool store_guard_place(const struct safe_place *place, struct error *err)
{
    size_t length = (size_t)(place->name - place->path) - 1;
    return store_guard_add(place->path, length, place->folder, err);
}

bool store_guard_hold(const char *path, struct safe_place *ret_place, struct error *err)
{
    if (safe_place_hold(path, ret_place, err)) {
        return store_guard_place(ret_place, err);
    }
    if (err->code == ERROR_USAGE) {
        err->code = ERROR_DATABASE;
    }
    return false;
}

void store_guard_release(struct safe_place *place)
{
    store_guard_remove(place->folder);
    safe_place_close(place);
}

static int find_folder(const char *path, const char **ret_name)
{
    *ret_name = path;
    for (size_t i = 0; i < FOLDERS_MAX; i++) {
        const struct guarded *known = &folders[i];
        if (known->path != NULL && strncmp(path, known->path, known->length) == 0 &&
            strrchr(path, '/') == path + known->length) {
            *ret_name = path + known->length + 1;
            return known->folder;
        }
    }
    return AT_FDCWD;
}

/* Root that only reads a user's database opens that user's files beside it, as he does. */
static bool is_beside_its_own(int folder, const char *name, const struct stat *side)
{
    char database[SAFE_PATH_MAX];
    struct stat status;
    const char *suffix = strrchr(name, '-');
    if (suffix == NULL || (strcmp(suffix, "-wal") != 0 && strcmp(suffix, "-shm") != 0 &&
                           strcmp(suffix, "-journal") != 0)) {
        return false;
    }
    int length = snprintf(database, sizeof(database), "%.*s", (int)(suffix - name), name);
    return length < (int)sizeof(database) && S_ISREG(side->st_mode) && side->st_nlink <= 1 &&
           fstatat(folder, database, &status, AT_SYMLINK_NOFOLLOW) == 0 &&
           status.st_uid == side->st_uid;
}

static bool is_acceptable(int descriptor, int folder, const char *name, bool writes)
{
    struct stat status;
    if (fstat(descriptor, &status) != 0) {
        return false;
    }
    if (!writes) { /* SQLite syncs folders and reads random bytes */
        return S_ISREG(status.st_mode) || S_ISDIR(status.st_mode) ||
               strcmp(name, "/dev/urandom") == 0;
    }
    return safe_objection(&status) == NULL || is_beside_its_own(folder, name, &status);
}

static int guarded_open(const char *path, int flags, int mode)
{
    const char *name;
    int folder = find_folder(path, &name);
    bool writes = (flags & O_ACCMODE) != O_RDONLY;
    int descriptor = openat(
        folder, name, flags | O_NONBLOCK | O_NOCTTY | O_CLOEXEC | (writes ? O_NOFOLLOW : 0), mode);
    if (descriptor >= 0 && !is_acceptable(descriptor, folder, name, writes)) {
        (void)close(descriptor); /* nothing was written */
        errno = REFUSED;
        return -1;
    }
    return descriptor;
}

bool store_guard_install(struct error *err)
{
    sqlite3_vfs *vfs = sqlite3_vfs_find("unix");
    if (vfs == NULL || vfs->iVersion < 3 ||
        vfs->xSetSystemCall(vfs, "open", (sqlite3_syscall_ptr)guarded_open) != SQLITE_OK) {
        return error_set(err, ERROR_INTERNAL, "SQLite cannot be told how to open files");
    }
    return true;
}
