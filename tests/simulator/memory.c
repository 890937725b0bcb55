#include "memory.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void give_up(const char *what)
{
    fprintf(stderr, "hbrsync-simulator: %s\n", what);
    exit(1);
}

void *must_alloc(size_t size)
{
    void *block = calloc(1, size > 0 ? size : 1);
    if (block == NULL) {
        give_up("out of memory");
    }
    return block;
}

void *must_resize(void *block, size_t count, size_t size)
{
    if (size != 0 && count > SIZE_MAX / size) {
        give_up("size overflow");
    }
    size_t bytes = count * size;
    void *grown = realloc(block, bytes > 0 ? bytes : 1);
    if (grown == NULL) {
        give_up("out of memory");
    }
    return grown;
}

char *must_copy(const char *text)
{
    if (text == NULL) {
        return NULL;
    }
    size_t size = strlen(text) + 1;
    return memcpy(must_alloc(size), text, size);
}
