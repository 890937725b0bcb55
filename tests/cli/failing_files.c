/*
 * Loaded before the program: makes one of its writes to certain files fail, or all from one on.
 * FAIL_FILES: a text in the path of those files; the writes of all others are neither counted nor
 * touched. FAIL_CALL: the number of the first call that fails; 0 or absent: none. FAIL_ON: when
 * set, all after it fail too, as on a full disk. FAIL_ERRNO: the number of the error; 0: it writes
 * half of what it should, which is no error. FAIL_COUNT: a file to write the number of calls into
 * when the program ends. stdio writes by itself, past this.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

static atomic_ulong calls;

static unsigned long number(const char *name)
{
    const char *text = getenv(name);
    return text != NULL ? strtoul(text, NULL, 10) : 0;
}

static bool is_watched(const char *path)
{
    const char *wanted = getenv("FAIL_FILES");
    return wanted != NULL && strstr(path, wanted) != NULL;
}

static bool is_watched_descriptor(int descriptor)
{
    char name[64];
    char path[4096];
    (void)snprintf(name, sizeof name, "/proc/self/fd/%d", descriptor);
    int saved = errno;
    ssize_t length = readlink(name, path, sizeof path - 1);
    errno = saved;
    path[length > 0 ? length : 0] = '\0';
    return is_watched(path);
}

/* Counts a call; whether it is to be disturbed. */
static bool is_turn(void)
{
    unsigned long now = atomic_fetch_add(&calls, 1) + 1;
    unsigned long at = number("FAIL_CALL");
    return at != 0 && (now == at || (now > at && getenv("FAIL_ON") != NULL));
}

/* Whether a call that can only fail or succeed has to fail now. */
static bool must_fail(bool watched)
{
    if (!watched || !is_turn() || number("FAIL_ERRNO") == 0) {
        return false;
    }
    errno = (int)number("FAIL_ERRNO");
    return true;
}

/* How much of `size` bytes gets written; -1 with errno: the call fails. */
static ssize_t allowed(int descriptor, size_t size)
{
    if (!is_watched_descriptor(descriptor) || !is_turn()) {
        return (ssize_t)size;
    }
    if (number("FAIL_ERRNO") == 0) {
        return (ssize_t)(size > 1 ? size / 2 : size);
    }
    errno = (int)number("FAIL_ERRNO");
    return -1;
}

#define NEXT(type, name)                                                                           \
    type *next;                                                                                    \
    *(void **)&next = dlsym(RTLD_NEXT, name)

typedef ssize_t write_function(int descriptor, const void *bytes, size_t size);
typedef ssize_t pwrite_function(int descriptor, const void *bytes, size_t size, off_t offset);
typedef int sync_function(int descriptor);
typedef int truncate_function(int descriptor, off_t size);
typedef int allocate_function(int descriptor, off_t offset, off_t size);
typedef int open_function(const char *path, int flags, ...);
typedef int openat_function(int folder, const char *path, int flags, ...);
typedef int rename_function(const char *from, const char *to);
typedef int renameat_function(int from_folder, const char *from, int folder, const char *to);
typedef int unlinkat_function(int folder, const char *path, int flags);
typedef int unlink_function(const char *path);

ssize_t write(int descriptor, const void *bytes, size_t size)
{
    NEXT(write_function, "write");
    ssize_t room = allowed(descriptor, size);
    return room < 0 ? -1 : next(descriptor, bytes, (size_t)room);
}

ssize_t pwrite(int descriptor, const void *bytes, size_t size, off_t offset)
{
    NEXT(pwrite_function, "pwrite");
    ssize_t room = allowed(descriptor, size);
    return room < 0 ? -1 : next(descriptor, bytes, (size_t)room, offset);
}

ssize_t pwrite64(int descriptor, const void *bytes, size_t size, off64_t offset)
{
    return pwrite(descriptor, bytes, size, offset);
}

int fsync(int descriptor)
{
    NEXT(sync_function, "fsync");
    return must_fail(is_watched_descriptor(descriptor)) ? -1 : next(descriptor);
}

int fdatasync(int descriptor)
{
    NEXT(sync_function, "fdatasync");
    return must_fail(is_watched_descriptor(descriptor)) ? -1 : next(descriptor);
}

int ftruncate(int descriptor, off_t size)
{
    NEXT(truncate_function, "ftruncate");
    return must_fail(is_watched_descriptor(descriptor)) ? -1 : next(descriptor, size);
}

int ftruncate64(int descriptor, off64_t size)
{
    return ftruncate(descriptor, size);
}

int posix_fallocate(int descriptor, off_t offset, off_t size)
{
    NEXT(allocate_function, "posix_fallocate");
    return must_fail(is_watched_descriptor(descriptor)) ? errno : next(descriptor, offset, size);
}

int posix_fallocate64(int descriptor, off64_t offset, off64_t size)
{
    return posix_fallocate(descriptor, offset, size);
}

/* Opening counts where it may make or change the file. */
int open(const char *path, int flags, ...)
{
    NEXT(open_function, "open");
    va_list arguments;
    va_start(arguments, flags);
    mode_t mode = (flags & O_CREAT) != 0 ? va_arg(arguments, mode_t) : 0;
    va_end(arguments);
    bool writes = (flags & O_ACCMODE) != O_RDONLY;
    return must_fail(writes && is_watched(path)) ? -1 : next(path, flags, mode);
}

int open64(const char *path, int flags, ...)
{
    va_list arguments;
    va_start(arguments, flags);
    mode_t mode = (flags & O_CREAT) != 0 ? va_arg(arguments, mode_t) : 0;
    va_end(arguments);
    return open(path, flags | O_LARGEFILE, mode);
}

/* A name in a folder counts by either's path. */
static bool is_watched_at(int folder, const char *path)
{
    return is_watched(path) || (path[0] != '/' && folder >= 0 && is_watched_descriptor(folder));
}

int openat(int folder, const char *path, int flags, ...)
{
    NEXT(openat_function, "openat");
    va_list arguments;
    va_start(arguments, flags);
    mode_t mode = (flags & O_CREAT) != 0 ? va_arg(arguments, mode_t) : 0;
    va_end(arguments);
    bool writes = (flags & O_ACCMODE) != O_RDONLY;
    return must_fail(writes && is_watched_at(folder, path)) ? -1 : next(folder, path, flags, mode);
}

int openat64(int folder, const char *path, int flags, ...)
{
    va_list arguments;
    va_start(arguments, flags);
    mode_t mode = (flags & O_CREAT) != 0 ? va_arg(arguments, mode_t) : 0;
    va_end(arguments);
    return openat(folder, path, flags | O_LARGEFILE, mode);
}

int renameat(int from_folder, const char *from, int folder, const char *to)
{
    NEXT(renameat_function, "renameat");
    return must_fail(is_watched_at(folder, to)) ? -1 : next(from_folder, from, folder, to);
}

int unlinkat(int folder, const char *path, int flags)
{
    NEXT(unlinkat_function, "unlinkat");
    return must_fail(is_watched_at(folder, path)) ? -1 : next(folder, path, flags);
}

int rename(const char *from, const char *to)
{
    NEXT(rename_function, "rename");
    return must_fail(is_watched(to)) ? -1 : next(from, to);
}

int unlink(const char *path)
{
    NEXT(unlink_function, "unlink");
    return must_fail(is_watched(path)) ? -1 : next(path);
}

__attribute__((destructor)) static void write_count(void)
{
    const char *file = getenv("FAIL_COUNT");
    if (file == NULL) {
        return;
    }
    char text[32];
    int length = snprintf(text, sizeof text, "%lu", atomic_load(&calls));
    int descriptor = open(file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (descriptor < 0 || write(descriptor, text, (size_t)length) != length) {
        abort();
    }
    (void)close(descriptor);
}
