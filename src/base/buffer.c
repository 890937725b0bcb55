#include "base/buffer.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>

#define FIRST_CAPACITY 256

static char empty[1];

void buffer_init(struct buffer *buffer, size_t maximum)
{
    memset(buffer, 0, sizeof(*buffer));
    buffer->data = empty;
    buffer->maximum = maximum;
}

void buffer_free(struct buffer *buffer)
{
    if (buffer->capacity > 0) {
        OPENSSL_cleanse(buffer->data, buffer->capacity);
        free(buffer->data);
    }
    buffer_init(buffer, buffer->maximum);
}

void buffer_reset(struct buffer *buffer)
{
    buffer->length = 0;
    buffer->failed = false;
    buffer->too_long = false;
    if (buffer->capacity > 0) {
        buffer->data[0] = '\0';
    }
}

/* Makes room for `more` bytes and a NUL. Never realloc: the bytes left behind may be a secret. */
static bool reserve(struct buffer *buffer, size_t more)
{
    if (buffer->failed) {
        return false;
    }
    if (more > buffer->maximum - buffer->length) {
        buffer->failed = true;
        buffer->too_long = true;
        return false;
    }
    size_t needed = buffer->length + more + 1;
    if (needed <= buffer->capacity) {
        return true;
    }
    size_t capacity = buffer->capacity < FIRST_CAPACITY ? FIRST_CAPACITY : buffer->capacity * 2;
    if (capacity < needed) {
        capacity = needed;
    }
    char *data = malloc(capacity);
    if (data == NULL) {
        buffer->failed = true;
        return false;
    }
    memcpy(data, buffer->data, buffer->length + 1);
    if (buffer->capacity > 0) {
        OPENSSL_cleanse(buffer->data, buffer->capacity);
        free(buffer->data);
    }
    buffer->data = data;
    buffer->capacity = capacity;
    return true;
}

void buffer_append(struct buffer *buffer, const void *bytes, size_t length)
{
    if (length == 0 || !reserve(buffer, length)) {
        return;
    }
    memcpy(buffer->data + buffer->length, bytes, length);
    buffer->length += length;
    buffer->data[buffer->length] = '\0';
}

void buffer_puts(struct buffer *buffer, const char *text)
{
    buffer_append(buffer, text, strlen(text));
}

void buffer_putc(struct buffer *buffer, char byte)
{
    if (reserve(buffer, 1)) {
        buffer->data[buffer->length++] = byte;
        buffer->data[buffer->length] = '\0';
    }
}

void buffer_printf(struct buffer *buffer, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int length = vsnprintf(NULL, 0, format, args);
    va_end(args);
    if (length < 0) {
        buffer->failed = true;
        return;
    }
    if (!reserve(buffer, (size_t)length)) {
        return;
    }
    va_start(args, format);
    (void)vsnprintf(buffer->data + buffer->length, (size_t)length + 1, format, args);
    va_end(args);
    buffer->length += (size_t)length;
}

bool buffer_ok(const struct buffer *buffer, const char *what, struct error *err)
{
    if (!buffer->failed) {
        return true;
    }
    if (buffer->too_long) {
        return error_set(err, ERROR_INTERNAL, "%s is longer than %zu bytes", what, buffer->maximum);
    }
    return error_no_memory(err);
}

bool buffer_write(struct buffer *buffer, FILE *out, const char *what, struct error *err)
{
    if (!buffer_ok(buffer, what, err)) {
        return false;
    }
    errno = 0;
    if (fwrite(buffer->data, 1, buffer->length, out) != buffer->length || ferror(out) != 0) {
        return error_set_errno(err, ERROR_INTERNAL, errno, "cannot write %s", what);
    }
    buffer_reset(buffer);
    return true;
}
