#include "base/safe_file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/interrupt.h"
#include "base/text.h"

#define LINKS_MAX 40
#define READER_LOOKS 100 /* for somebody who reads a pipe */
#define READER_WAIT_MS 50

bool safe_file_shared;

/* --- the rule ------------------------------------------------------------------------------ */

static bool is_own(const struct stat *status)
{
    return status->st_uid == 0 || status->st_uid == geteuid();
}

static bool others_can_write(const struct stat *status)
{
    bool group_is_own = status->st_gid == 0 || status->st_gid == getegid();
    return (status->st_mode & S_IWOTH) != 0 || ((status->st_mode & S_IWGRP) != 0 && !group_is_own);
}

static bool check_folder(const struct stat *status, const char *path, struct error *err)
{
    const char *why = NULL;
    if (geteuid() == 0 && !is_own(status)) {
        why = "belongs to another user, who could put anything in the way of root";
    } else if (others_can_write(status) && (status->st_mode & S_ISVTX) == 0) {
        why = "can be written to by others";
    }
    if (why == NULL) {
        return true;
    }
    error_set(err, ERROR_USAGE, "the folder %s %s", path[0] != '\0' ? path : "/", why);
    return error_hint(err, "Run as its owner, use a folder that only you can write to, or, if you "
                           "trust those who can, give --allow-shared-folder.");
}

const char *safe_objection(const struct stat *status)
{
    return !S_ISREG(status->st_mode) ? "is no regular file"
           : status->st_nlink > 1    ? "has a second name, a hard link"
           : is_own(status)          ? NULL
                                     : "belongs to another user";
}

static bool refuse(const char *path, const char *suffix, const char *why, struct error *err)
{
    error_set(err, ERROR_USAGE, "%s%s is in the way: it %s", path, suffix, why);
    return error_hint(err, "Find out who put it there, then remove it, or use another folder.");
}

/* --- finding the folder -------------------------------------------------------------------- */

struct walk {
    int folder;         /* as far as it is found */
    struct buffer path; /* its name, "" for "/" */
    struct buffer rest; /* what is left to walk */
    unsigned links;
    bool judges;        /* what folders and links there are on the way */
    const char *wanted; /* for messages */
};

static bool cannot_find(const struct walk *walk, int why, struct error *err)
{
    error_set_errno(err, ERROR_USAGE, why, "cannot find %s", walk->wanted);
    return error_hint(err, "The folder must exist and be readable; create it first.");
}

static bool enter(struct walk *walk, const char *name, struct error *err)
{
    struct stat status;
    int folder = openat(walk->folder, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (folder < 0) {
        return cannot_find(walk, errno, err);
    }
    if (walk->folder >= 0) {
        (void)close(walk->folder);
    }
    walk->folder = folder;
    if (strcmp(name, "..") == 0) {
        char *slash = strrchr(walk->path.data, '/');
        if (slash != NULL) {
            *slash = '\0';
            walk->path.length = (size_t)(slash - walk->path.data);
        }
    } else if (name[0] != '/') {
        buffer_printf(&walk->path, "/%s", name);
    }
    if (fstat(folder, &status) != 0) {
        return cannot_find(walk, errno, err);
    }
    return buffer_ok(&walk->path, "the name of a file", err) &&
           (!walk->judges || safe_file_shared || check_folder(&status, walk->path.data, err));
}

/* What stands in for a link that leads from the folder at hand. */
static bool follow_link(struct walk *walk, const char *name, const struct stat *link,
                        const char *after, struct error *err)
{
    char target[PATH_MAX];
    struct stat folder;
    struct buffer rest;
    ssize_t length = readlinkat(walk->folder, name, target, sizeof(target) - 1);
    if (length < 0 || fstat(walk->folder, &folder) != 0) {
        return cannot_find(walk, errno, err);
    }
    if (++walk->links > LINKS_MAX) {
        return cannot_find(walk, ELOOP, err);
    }
    if (walk->judges && !is_own(link) &&
        (safe_file_shared || (others_can_write(&folder) && link->st_uid != folder.st_uid))) {
        return refuse(walk->path.data, "", "holds a link of another user", err);
    }
    target[length] = '\0';
    buffer_init(&rest, SAFE_PATH_MAX);
    buffer_printf(&rest, "%s%s", target, after);
    buffer_free(&walk->rest);
    walk->rest = rest;
    if (target[0] == '/') {
        buffer_reset(&walk->path);
        return buffer_ok(&rest, "the name of a file", err) && enter(walk, "/", err);
    }
    return buffer_ok(&rest, "the name of a file", err);
}

/* Takes the next part of what is left; *ret_done: it is the file, and `name` its name. */
static bool take_part(struct walk *walk, bool follow, char name[NAME_MAX + 1], bool *ret_done,
                      struct error *err)
{
    struct stat status;
    const char *part = walk->rest.data + strspn(walk->rest.data, "/");
    size_t length = strcspn(part, "/");
    bool last = part[length] == '\0';
    if (length > NAME_MAX) {
        return cannot_find(walk, ENAMETOOLONG, err);
    }
    memcpy(name, part, length);
    name[length] = '\0';
    if (last && (length == 0 || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)) {
        return error_set(err, ERROR_USAGE, "\"%s\" is not the name of a file", walk->wanted);
    }
    bool there = fstatat(walk->folder, name, &status, AT_SYMLINK_NOFOLLOW) == 0;
    if (!there && (errno != ENOENT || !last)) {
        return cannot_find(walk, errno, err);
    }
    if (there && S_ISLNK(status.st_mode) && (!last || follow)) {
        return follow_link(walk, name, &status, part + length, err);
    }
    if (last) {
        *ret_done = true;
        return true;
    }
    size_t taken = (size_t)(part - walk->rest.data) + length;
    memmove(walk->rest.data, walk->rest.data + taken, walk->rest.length - taken + 1);
    walk->rest.length -= taken;
    return strcmp(name, ".") == 0 || enter(walk, name, err);
}

static bool walk_to(const char *path, bool judges, bool follow, struct safe_place *ret_place,
                    struct error *err)
{
    struct walk walk = {.folder = -1, .judges = judges, .wanted = path};
    char name[NAME_MAX + 1] = "";
    char current[PATH_MAX] = "";
    bool done = false;
    buffer_init(&walk.path, SAFE_PATH_MAX);
    buffer_init(&walk.rest, SAFE_PATH_MAX);
    bool ok = path[0] == '/' || getcwd(current, sizeof(current)) != NULL ||
              cannot_find(&walk, errno, err);
    buffer_printf(&walk.rest, "%s/%s", current, path);
    ok = ok && buffer_ok(&walk.rest, "the name of a file", err) && enter(&walk, "/", err);
    while (ok && !done) {
        ok = take_part(&walk, follow, name, &done, err);
    }
    *ret_place = (struct safe_place){.folder = walk.folder};
    if (ok) {
        buffer_printf(&walk.path, "/%s", name);
        ret_place->path = walk.path.failed ? NULL : text_copy(walk.path.data);
        ok = ret_place->path != NULL || error_no_memory(err);
        ret_place->name = ok ? strrchr(ret_place->path, '/') + 1 : NULL;
    }
    buffer_free(&walk.path);
    buffer_free(&walk.rest);
    return ok;
}

bool safe_place_find(const char *path, bool follow, struct safe_place *ret_place, struct error *err)
{
    return walk_to(path, true, follow, ret_place, err);
}

bool safe_place_hold(const char *path, struct safe_place *ret_place, struct error *err)
{
    return walk_to(path, false, true, ret_place, err);
}

void safe_place_close(struct safe_place *place)
{
    if (place->folder >= 0) {
        (void)close(place->folder);
    }
    free(place->path);
    *place = (struct safe_place){.folder = -1};
}

/* --- the file itself ----------------------------------------------------------------------- */

static bool name_of(const struct safe_place *place, const char *suffix, char name[NAME_MAX + 1],
                    struct error *err)
{
    size_t length = strlen(place->name) + strlen(suffix);
    if (length > NAME_MAX) {
        return error_set_errno(err, ERROR_USAGE, ENAMETOOLONG, "cannot open %s%s", place->path,
                               suffix);
    }
    (void)stpcpy(stpcpy(name, place->name), suffix);
    return true;
}

bool safe_check(const struct safe_place *place, const char *suffix, struct error *err)
{
    char name[NAME_MAX + 1];
    struct stat status;
    if (!name_of(place, suffix, name, err)) {
        return false;
    }
    if (fstatat(place->folder, name, &status, AT_SYMLINK_NOFOLLOW) != 0) {
        return errno == ENOENT ||
               error_set_errno(err, ERROR_USAGE, errno, "cannot open %s%s", place->path, suffix);
    }
    const char *why = safe_objection(&status);
    return why == NULL || refuse(place->path, suffix, why, err);
}

/* A pipe is opened once somebody reads it: a shell starts reader and writer at the same time. */
static int open_when_read(int folder, const char *name, int flags, enum safe_kind kind)
{
    struct pollfd signals = {.fd = interrupt_descriptor(), .events = POLLIN};
    int descriptor = -1;
    for (int i = 0; i < READER_LOOKS; i++) {
        descriptor = openat(folder, name, flags, 0600);
        if (descriptor >= 0 || errno != ENXIO || kind != SAFE_STREAM ||
            poll(&signals, 1, READER_WAIT_MS) != 0) {
            break;
        }
    }
    return descriptor;
}

static const char *objection_to(const struct stat *status, enum safe_kind kind)
{
    if (kind == SAFE_STREAM && (S_ISFIFO(status->st_mode) || S_ISCHR(status->st_mode))) {
        return is_own(status) ? NULL : "belongs to another user";
    }
    return safe_objection(status);
}

int safe_open(const struct safe_place *place, const char *suffix, int flags, enum safe_kind kind,
              struct error *err)
{
    char name[NAME_MAX + 1];
    struct stat status;
    if (!name_of(place, suffix, name, err)) {
        return -1;
    }
    int descriptor = open_when_read(place->folder, name,
                                    flags | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, kind);
    if (descriptor < 0) {
        int why = errno;
        if (why == ELOOP) {
            (void)refuse(place->path, suffix, "is a symbolic link", err);
        } else if (interrupt_check(err)) {
            error_set_errno(err, ERROR_USAGE, why, "cannot open %s%s", place->path, suffix);
            error_hint(err, "The file and its folder must be writable for this user.");
        }
        return -1;
    }
    const char *objection =
        fstat(descriptor, &status) == 0 ? objection_to(&status, kind) : "cannot be examined";
    /* Writing to a pipe waits for its reader; a file never waits. */
    if (objection == NULL && !S_ISREG(status.st_mode) && fcntl(descriptor, F_SETFL, flags) != 0) {
        objection = "cannot be waited for";
    }
    if (objection != NULL) {
        (void)refuse(place->path, suffix, objection, err);
        (void)close(descriptor); /* nothing was written */
        return -1;
    }
    return descriptor;
}
