/* Writes JSON text straight into a buffer. Keys are NULL inside arrays and for the outermost value.
 */
#ifndef SIMULATOR_JSON_WRITER_H
#define SIMULATOR_JSON_WRITER_H

#include <stdbool.h>
#include <stdint.h>

#include "buffer.h"

struct json_writer {
    struct buffer *out;
    bool needs_comma;
};

/* Opens an object ('{') or an array ('['); json_close takes the matching bracket. */
void json_open(struct json_writer *writer, const char *key, char bracket);
void json_close(struct json_writer *writer, char bracket);

/* A string, or null when `text` is NULL. */
void json_string(struct json_writer *writer, const char *key, const char *text);
void json_integer(struct json_writer *writer, const char *key, int64_t value);
void json_boolean(struct json_writer *writer, const char *key, bool value);
void json_null(struct json_writer *writer, const char *key);

/* Text that is JSON already. */
void json_raw(struct json_writer *writer, const char *key, const char *json);

/* Appends `text` escaped as the inside of a JSON string, without the quotes around it. */
void json_escape(struct buffer *out, const char *text);

#endif
