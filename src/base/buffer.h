/*
 * A growing byte buffer that has a maximum and remembers failure.
 *
 * Appending to a buffer that failed does nothing, so a series of appends is checked once at its
 * end with buffer_ok(). `data` is always NUL-terminated (the NUL is not counted in `length`).
 */
#ifndef HBRSYNC_BASE_BUFFER_H
#define HBRSYNC_BASE_BUFFER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/error.h"

struct buffer {
    char *data; /* owned; points at an empty string before the first append */
    size_t length;
    size_t capacity; /* 0: nothing allocated yet */
    size_t maximum;  /* bytes, the final NUL not counted */
    bool failed;     /* no memory, or it would have grown beyond `maximum` */
    bool too_long;   /* the failure was the maximum */
};

void buffer_init(struct buffer *buffer, size_t maximum);

/* Overwrites the bytes, which may be secret, and frees them; the buffer may be used again as after
 * buffer_init. */
void buffer_free(struct buffer *buffer);
#define buffer_free_secret buffer_free

/* Empties the buffer and clears its failure; keeps the memory. */
void buffer_reset(struct buffer *buffer);

void buffer_append(struct buffer *buffer, const void *bytes, size_t length);
void buffer_puts(struct buffer *buffer, const char *text);
void buffer_putc(struct buffer *buffer, char byte);
void buffer_printf(struct buffer *buffer, const char *format, ...) PRINTF_LIKE(2, 3);

/* False, with *err filled ("WHAT is longer than N bytes" or no memory), when any append failed. */
bool buffer_ok(const struct buffer *buffer, const char *what, struct error *err) MUST_CHECK;

/* Writes the bytes to `out` and empties the buffer; false, with *err filled, when any append failed
 * or `out` takes no more ("cannot write WHAT"). */
bool buffer_write(struct buffer *buffer, FILE *out, const char *what, struct error *err) MUST_CHECK;

#endif
