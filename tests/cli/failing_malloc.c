/*
 * Loaded before the program: makes one of its allocations fail, or all from one on, whichever
 * library asks. FAIL_ALLOCATION: the number of the first that fails, counted from the start of
 * main; 0 or absent: none. FAIL_ALLOCATION_ON: when set, all after it fail too.
 * FAIL_ALLOCATION_COUNT: a file to write the number of allocations into when the program ends.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* The allocator of glibc under its other names: asking dlsym for it would allocate. */
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *old, size_t size);
void *__libc_memalign(size_t alignment, size_t size);

static atomic_bool counting;
static atomic_ulong allocations;
static unsigned long fail_at;
static bool fail_on;
static const char *count_file;

static bool must_fail(void)
{
    if (!atomic_load(&counting)) {
        return false;
    }
    unsigned long now = atomic_fetch_add(&allocations, 1) + 1;
    if (fail_at == 0 || now < fail_at || (now > fail_at && !fail_on)) {
        return false;
    }
    errno = ENOMEM;
    return true;
}

void *malloc(size_t size)
{
    return must_fail() ? NULL : __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
    return must_fail() ? NULL : __libc_calloc(count, size);
}

void *realloc(void *old, size_t size)
{
    return must_fail() ? NULL : __libc_realloc(old, size);
}

void *aligned_alloc(size_t alignment, size_t size)
{
    return must_fail() ? NULL : __libc_memalign(alignment, size);
}

int posix_memalign(void **ret_memory, size_t alignment, size_t size)
{
    void *memory = must_fail() ? NULL : __libc_memalign(alignment, size);
    if (memory == NULL) {
        return ENOMEM;
    }
    *ret_memory = memory;
    return 0;
}

typedef int main_function(int argc, char **argv, char **environment);
typedef int start_function(main_function *function, int argc, char **argv, void (*init)(void),
                           void (*fini)(void), void (*loader_fini)(void), void *stack_end);

static main_function *real_main;

static int counted_main(int argc, char **argv, char **environment)
{
    const char *text = getenv("FAIL_ALLOCATION");
    fail_at = text != NULL ? strtoul(text, NULL, 10) : 0;
    fail_on = getenv("FAIL_ALLOCATION_ON") != NULL;
    count_file = getenv("FAIL_ALLOCATION_COUNT");
    atomic_store(&counting, true);
    return real_main(argc, argv, environment);
}

start_function __libc_start_main;

int __libc_start_main(main_function *function, int argc, char **argv, void (*init)(void),
                      void (*fini)(void), void (*loader_fini)(void), void *stack_end)
{
    start_function *start;
    *(void **)&start = dlsym(RTLD_NEXT, "__libc_start_main");
    real_main = function;
    return start(counted_main, argc, argv, init, fini, loader_fini, stack_end);
}

__attribute__((destructor)) static void write_count(void)
{
    char text[32];
    unsigned long count = atomic_load(&allocations);
    atomic_store(&counting, false);
    if (count_file == NULL) {
        return;
    }
    int length = snprintf(text, sizeof text, "%lu", count);
    int descriptor = open(count_file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (descriptor < 0 || write(descriptor, text, (size_t)length) != length) {
        abort();
    }
    (void)close(descriptor);
}
