/* Allocation that cannot fail: a simulator without memory has nothing useful left to do, so it says
 * so and aborts. */
#ifndef SIMULATOR_MEMORY_H
#define SIMULATOR_MEMORY_H

#include <stddef.h>

/* Returns `size` bytes set to zero. */
void *must_alloc(size_t size);

/* Resizes `block` (or makes it, when NULL) to `count` elements of `size` bytes; new bytes are not
 * set. */
void *must_resize(void *block, size_t count, size_t size);

/* Returns a copy of `text` to be freed by the caller; NULL gives NULL. */
char *must_copy(const char *text);

/* Says what went wrong on stderr and ends the program with status 1. */
_Noreturn void give_up(const char *what);

#endif
