/*
 * The writer's lock: flock on a file beside the database. The kernel releases it when the process
 * ends, however it ends, so a lock file without a process means nothing and is never removed.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/internal.h"

/* The holder's process id as it wrote it, 0 when there is none to read. Only for the message. */
static int64_t read_holder(int descriptor)
{
    char text[32] = "";
    long long pid = pread(descriptor, text, sizeof text - 1, 0) > 0 ? strtoll(text, NULL, 10) : 0;
    return pid > 0 ? pid : 0;
}

static void write_holder(int descriptor)
{
    /* The lock holds without it; a stale number would only mislead. */
    if (ftruncate(descriptor, 0) == 0) {
        (void)dprintf(descriptor, "%ld\n", (long)getpid());
    }
}

static bool take(int descriptor, const char *path, struct error *err)
{
    int result;
    do {
        result = flock(descriptor, LOCK_EX | LOCK_NB);
    } while (result != 0 && errno == EINTR);
    if (result == 0) {
        write_holder(descriptor);
        return true;
    }
    if (errno != EWOULDBLOCK) {
        return error_set_errno(err, ERROR_DATABASE, errno, "cannot lock %s.lock", path);
    }
    char holder[32] = "";
    int64_t pid = read_holder(descriptor);
    if (pid > 0) {
        (void)snprintf(holder, sizeof holder, " (%lld)", (long long)pid);
    }
    error_set(err, ERROR_LOCKED, "another process%s is writing the database %s", holder, path);
    return error_hint(err, "Wait until it has finished, then run again.");
}

void store_lock_look(const char *path, enum store_lock_state *ret_state, int64_t *ret_holder)
{
    char name[SAFE_PATH_MAX];
    char *real = realpath(path, NULL); /* a link and its target are one database: one lock */
    int length = snprintf(name, sizeof name, "%s.lock", real != NULL ? real : path);
    free(real);
    *ret_state = STORE_LOCK_FREE;
    *ret_holder = 0;
    int descriptor = length < (int)sizeof name
                         ? open(name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY)
                         : -1;
    if (descriptor >= 0) {
        if (flock(descriptor, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK) {
            *ret_state = STORE_LOCK_HELD;
            *ret_holder = read_holder(descriptor);
        }
        (void)close(descriptor); /* nothing was written; the lock goes with it */
    }
}

bool store_is_being_written(const struct store *store)
{
    enum store_lock_state state;
    int64_t holder;
    store_lock_look(store->path, &state, &holder);
    return state == STORE_LOCK_HELD;
}

bool store_lock(const struct safe_place *place, const char *path, int *ret_descriptor,
                struct error *err)
{
    int descriptor = safe_open(place, ".lock", O_RDWR | O_CREAT, SAFE_REGULAR, err);
    if (descriptor < 0) {
        err->code = ERROR_DATABASE;
        return error_context(err, "the lock of the database");
    }
    (void)fchmod(descriptor, 0600); /* a strange umask; not our file when it fails */
    if (!take(descriptor, path, err)) {
        (void)close(descriptor);
        return false;
    }
    *ret_descriptor = descriptor;
    return true;
}
