/*
 * Loaded before the program: counts the bytes that it writes to files whose path holds
 * COUNT_DATABASE (the database, its WAL), and to temporary files (removed while they are open).
 * COUNT_OUT gets both as JSON when the program ends.
 */
#include <dlfcn.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

static atomic_llong database_bytes, temporary_bytes;

static void count(int descriptor, ssize_t written)
{
    char name[64];
    char path[4096];
    const char *database = getenv("COUNT_DATABASE");
    int saved = errno;
    snprintf(name, sizeof name, "/proc/self/fd/%d", descriptor);
    ssize_t length = readlink(name, path, sizeof path - 1);
    errno = saved;
    if (written <= 0 || length <= 0) {
        return;
    }
    path[length] = '\0';
    if (strstr(path, " (deleted)") != NULL) {
        atomic_fetch_add(&temporary_bytes, written);
    } else if (database != NULL && strstr(path, database) != NULL) {
        atomic_fetch_add(&database_bytes, written);
    }
}

/* Looked up again each time: it is only counted, not timed. */
static void *next_of(const char *name)
{
    void *found = dlsym(RTLD_NEXT, name);
    if (found == NULL) {
        abort();
    }
    return found;
}

ssize_t write(int descriptor, const void *bytes, size_t size)
{
    ssize_t (*next)(int, const void *, size_t);
    *(void **)&next = next_of("write");
    ssize_t written = next(descriptor, bytes, size);
    count(descriptor, written);
    return written;
}

ssize_t pwrite64(int descriptor, const void *bytes, size_t size, off64_t at)
{
    ssize_t (*next)(int, const void *, size_t, off64_t);
    *(void **)&next = next_of("pwrite64");
    ssize_t written = next(descriptor, bytes, size, at);
    count(descriptor, written);
    return written;
}

ssize_t pwrite(int descriptor, const void *bytes, size_t size, off_t at)
{
    return pwrite64(descriptor, bytes, size, at);
}

__attribute__((destructor)) static void report(void)
{
    const char *path = getenv("COUNT_OUT");
    FILE *out = path != NULL ? fopen(path, "w") : NULL;
    if (out != NULL) {
        fprintf(out, "{\"database\": %lld, \"temporary\": %lld}\n", atomic_load(&database_bytes),
                atomic_load(&temporary_bytes));
        fclose(out);
    }
}
