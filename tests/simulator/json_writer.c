#include "json_writer.h"

#include <inttypes.h>
#include <string.h>

static void begin_value(struct json_writer *writer, const char *key)
{
    if (writer->needs_comma) {
        buffer_char(writer->out, ',');
    }
    if (key != NULL) {
        buffer_char(writer->out, '"');
        json_escape(writer->out, key);
        buffer_append(writer->out, "\":", 2);
    }
    writer->needs_comma = true;
}

void json_open(struct json_writer *writer, const char *key, char bracket)
{
    begin_value(writer, key);
    buffer_char(writer->out, bracket);
    writer->needs_comma = false;
}

void json_close(struct json_writer *writer, char bracket)
{
    buffer_char(writer->out, bracket);
    writer->needs_comma = true;
}

void json_string(struct json_writer *writer, const char *key, const char *text)
{
    if (text == NULL) {
        json_null(writer, key);
        return;
    }
    begin_value(writer, key);
    buffer_char(writer->out, '"');
    json_escape(writer->out, text);
    buffer_char(writer->out, '"');
}

void json_integer(struct json_writer *writer, const char *key, int64_t value)
{
    begin_value(writer, key);
    buffer_format(writer->out, "%" PRId64, value);
}

void json_boolean(struct json_writer *writer, const char *key, bool value)
{
    json_raw(writer, key, value ? "true" : "false");
}

void json_null(struct json_writer *writer, const char *key)
{
    json_raw(writer, key, "null");
}

void json_raw(struct json_writer *writer, const char *key, const char *json)
{
    begin_value(writer, key);
    buffer_text(writer->out, json);
}

static void escape_byte(struct buffer *out, unsigned char byte)
{
    static const char short_names[] = "btnvfr";
    if (byte == '"' || byte == '\\') {
        buffer_char(out, '\\');
        buffer_char(out, (char)byte);
    } else if (byte >= '\b' && byte <= '\r' && byte != '\v') {
        buffer_char(out, '\\');
        buffer_char(out, short_names[byte - '\b']);
    } else {
        buffer_format(out, "\\u%04x", byte);
    }
}

void json_escape(struct buffer *out, const char *text)
{
    const char *run = text;
    for (const char *at = text; *at != '\0'; at++) {
        unsigned char byte = (unsigned char)*at;
        if (byte >= 0x20 && byte != '"' && byte != '\\') {
            continue;
        }
        buffer_append(out, run, (size_t)(at - run));
        escape_byte(out, byte);
        run = at + 1;
    }
    buffer_text(out, run);
}
