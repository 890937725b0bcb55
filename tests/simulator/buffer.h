/* A growing run of bytes, always followed by a NUL that is not counted. A zeroed struct is an empty
 * buffer. */
#ifndef SIMULATOR_BUFFER_H
#define SIMULATOR_BUFFER_H

#include <stddef.h>

struct buffer {
    char *data;
    size_t length;
    size_t capacity;
};

/* Makes room for `extra` more bytes and the NUL. */
void buffer_reserve(struct buffer *buffer, size_t extra);

void buffer_append(struct buffer *buffer, const void *bytes, size_t length);
void buffer_text(struct buffer *buffer, const char *text);
void buffer_char(struct buffer *buffer, char byte);

/* Appends formatted text. */
void buffer_format(struct buffer *buffer, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* The content as a C string; never NULL. */
const char *buffer_string(const struct buffer *buffer);

/* Hands the bytes (never NULL, NUL-terminated) to the caller, who frees them, and empties the
 * buffer. */
char *buffer_detach(struct buffer *buffer);

/* Frees the bytes and empties the buffer. */
void buffer_release(struct buffer *buffer);

#endif
