#include "base/json.h"

#include <inttypes.h>
#include <string.h>

#include <json-c/json.h>

void json_release(struct json_object *root)
{
    json_object_put(root);
}

bool json_is_object(const struct json_object *node)
{
    return json_object_is_type(node, json_type_object) != 0;
}

bool json_is_array(const struct json_object *node)
{
    return json_object_is_type(node, json_type_array) != 0;
}

size_t json_array_length(const struct json_object *array)
{
    return json_is_array(array) ? json_object_array_length(array) : 0;
}

struct json_object *json_array_item(const struct json_object *array, size_t index)
{
    return json_is_array(array) ? json_object_array_get_idx(array, index) : NULL;
}

struct json_value json_describe(struct json_object *node)
{
    struct json_value value = {.kind = JSON_OTHER, .object = node};
    switch (json_object_get_type(node)) {
    case json_type_null:
        value.kind = JSON_NULL;
        break;
    case json_type_boolean:
        value.kind = JSON_BOOLEAN;
        value.integer = json_object_get_boolean(node) ? 1 : 0;
        break;
    case json_type_int:
        /* Integers beyond int64 never come as this type; see json_parse. */
        value.kind = JSON_INTEGER;
        value.integer = json_object_get_int64(node);
        break;
    case json_type_string:
        value.kind = JSON_TEXT;
        value.text = json_object_get_string(node);
        value.length = (size_t)json_object_get_string_len(node);
        break;
    case json_type_double:
    case json_type_object:
    case json_type_array:
        break;
    }
    return value;
}

struct json_value json_member(const struct json_object *object, const char *name)
{
    struct json_object *node = NULL;
    if (!json_is_object(object) || !json_object_object_get_ex(object, name, &node)) {
        return (struct json_value){.kind = JSON_MISSING};
    }
    return json_describe(node);
}

bool json_is_absent(const struct json_value *value)
{
    return value->kind == JSON_MISSING || value->kind == JSON_NULL ||
           (value->kind == JSON_TEXT && value->length == 0);
}

bool json_member_text(const struct json_object *object, const char *name, char *target, size_t size)
{
    struct json_value value = json_member(object, name);
    target[0] = '\0';
    if (value.kind != JSON_TEXT || value.length >= size ||
        memchr(value.text, '\0', value.length) != NULL) {
        return false;
    }
    memcpy(target, value.text, value.length + 1);
    return true;
}

bool json_each_member(const struct json_object *object,
                      bool (*visit)(const char *name, struct json_object *node, void *context),
                      void *context)
{
    if (!json_is_object(object)) {
        return true;
    }
    struct lh_table *table = json_object_get_object(object);
    for (struct lh_entry *entry = lh_table_head(table); entry != NULL;
         entry = lh_entry_next(entry)) {
        struct json_object *node = (struct json_object *)lh_entry_v(entry);
        if (!visit((const char *)lh_entry_k(entry), node, context)) {
            return false;
        }
    }
    return true;
}

static void append_object(struct json_object *object, struct buffer *buffer)
{
    const char *separator = "";
    struct lh_table *table = json_object_get_object(object);
    buffer_putc(buffer, '{');
    for (struct lh_entry *entry = lh_table_head(table); entry != NULL;
         entry = lh_entry_next(entry)) {
        const char *name = (const char *)lh_entry_k(entry);
        buffer_puts(buffer, separator);
        json_quote(buffer, name, strlen(name));
        buffer_putc(buffer, ':');
        json_text((struct json_object *)lh_entry_v(entry), buffer);
        separator = ",";
    }
    buffer_putc(buffer, '}');
}

static void append_array(struct json_object *array, struct buffer *buffer)
{
    buffer_putc(buffer, '[');
    for (size_t i = 0; i < json_array_length(array); i++) {
        buffer_puts(buffer, i > 0 ? "," : "");
        json_text(json_array_item(array, i), buffer);
    }
    buffer_putc(buffer, ']');
}

/* json-c's own serialiser does not tell when it runs out of memory. Recursion is bounded by
 * JSON_DEPTH_MAX. */
void json_text(struct json_object *node, struct buffer *buffer)
{
    switch (json_object_get_type(node)) {
    case json_type_null:
        buffer_puts(buffer, "null");
        break;
    case json_type_boolean:
        buffer_puts(buffer, json_object_get_boolean(node) ? "true" : "false");
        break;
    case json_type_int:
        buffer_printf(buffer, "%" PRId64, json_object_get_int64(node));
        break;
    case json_type_double:
        buffer_puts(buffer,
                    (const char *)json_object_get_userdata(node)); /* as json_parse read it */
        break;
    case json_type_string:
        json_quote(buffer, json_object_get_string(node), (size_t)json_object_get_string_len(node));
        break;
    case json_type_object:
        append_object(node, buffer);
        break;
    case json_type_array:
        append_array(node, buffer);
        break;
    }
}

void json_quote(struct buffer *buffer, const char *text, size_t length)
{
    static const char escapes[] = "\"\\\b\f\n\r\t";
    static const char letters[] = "\"\\bfnrt";
    buffer_putc(buffer, '"');
    size_t start = 0;
    for (size_t i = 0; i < length; i++) {
        unsigned char byte = (unsigned char)text[i];
        if (byte >= 0x20 && byte != '"' && byte != '\\') {
            continue;
        }
        buffer_append(buffer, text + start, i - start);
        start = i + 1;
        const char *escape = byte == '\0' ? NULL : strchr(escapes, byte);
        if (escape != NULL) {
            buffer_putc(buffer, '\\');
            buffer_putc(buffer, letters[escape - escapes]);
        } else {
            buffer_printf(buffer, "\\u%04x", (unsigned)byte);
        }
    }
    buffer_append(buffer, text + start, length - start);
    buffer_putc(buffer, '"');
}

const char *json_library_version(void)
{
    return json_c_version();
}
