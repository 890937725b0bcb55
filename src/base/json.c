#include "base/json.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <json-c/json.h>

#include "base/text.h"

#define REPLACEMENT "\xEF\xBF\xBD" /* U+FFFD */

void json_release(struct json_object *root)
{
    json_object_put(root);
}

size_t json_array_length(const struct json_object *array)
{
    return json_object_is_type(array, json_type_array) != 0 ? json_object_array_length(array) : 0;
}

struct json_object *json_array_item(const struct json_object *array, size_t index)
{
    return json_object_is_type(array, json_type_array) != 0
               ? json_object_array_get_idx(array, index)
               : NULL;
}

/* Copies a text that fits and holds no NUL; else the target is "". */
static bool copy_text(enum json_kind kind, const char *text, size_t length, char *target,
                      size_t size)
{
    target[0] = '\0';
    return kind == JSON_TEXT && length < size && strlen(text) == length &&
           text_fit(target, size, text);
}

bool json_member_text(const struct json_object *object, const char *name, char *target, size_t size)
{
    struct json_object *node = NULL;
    bool is_text = json_object_is_type(object, json_type_object) != 0 &&
                   json_object_object_get_ex(object, name, &node) != 0 &&
                   json_object_is_type(node, json_type_string) != 0;
    return copy_text(is_text ? JSON_TEXT : JSON_MISSING, json_object_get_string(node),
                     (size_t)json_object_get_string_len(node), target, size);
}

/* json-c keeps the text of a number beside its value. A container takes over what is added. */
static struct json_object *new_object(const struct json_node *node)
{
    switch (node->kind) {
    case JSON_TEXT:
        return json_object_new_string_len(node->text, (int)node->length);
    case JSON_INTEGER:
        return json_object_new_int64(node->integer);
    case JSON_BOOLEAN:
        return json_object_new_boolean(node->integer != 0);
    case JSON_NUMBER:
        return json_object_new_double_s(strtod(node->text, NULL), node->text);
    case JSON_OBJECT:
        return json_object_new_object();
    case JSON_ARRAY:
        return json_object_new_array();
    case JSON_MISSING:
    case JSON_NULL:
        break;
    }
    return NULL;
}

/* Recursion is bounded by JSON_DEPTH_MAX. */
bool json_to_object(const struct json_node *node, struct json_object **ret_object,
                    struct error *err)
{
    struct json_object *object = new_object(node);
    bool ok = object != NULL || node->kind == JSON_NULL || error_no_memory(err);
    bool nests = node->kind == JSON_OBJECT || node->kind == JSON_ARRAY;
    for (const struct json_node *at = nests ? node->first : NULL; ok && at != NULL; at = at->next) {
        struct json_object *part = NULL;
        ok = json_to_object(at, &part, err);
        if (ok && (node->kind == JSON_OBJECT ? json_object_object_add(object, at->key, part)
                                             : json_object_array_add(object, part)) != 0) {
            json_object_put(part);
            ok = error_no_memory(err);
        }
    }
    if (!ok) {
        json_object_put(object);
        return false;
    }
    *ret_object = object;
    return true;
}

bool json_parse(const char *text, size_t length, size_t values_max, struct json_object **ret_root,
                struct error *err)
{
    struct json_node *root;
    if (!json_read(text, length, values_max, &root, err)) {
        return false;
    }
    bool ok = json_to_object(root, ret_root, err);
    json_free(root);
    return ok;
}

const struct json_node *json_find(const struct json_node *object, const char *name)
{
    static const struct json_node missing = {.kind = JSON_MISSING};
    if (object == NULL || object->kind != JSON_OBJECT) {
        return &missing;
    }
    const struct json_node *at = object->first;
    while (at != NULL && strcmp(at->key, name) != 0) {
        at = at->next;
    }
    return at != NULL ? at : &missing;
}

bool json_is_blank(const struct json_node *node)
{
    return node->kind == JSON_MISSING || node->kind == JSON_NULL ||
           (node->kind == JSON_TEXT && node->length == 0);
}

bool json_find_text(const struct json_node *object, const char *name, char *target, size_t size)
{
    const struct json_node *node = json_find(object, name);
    return copy_text(node->kind, node->text, node->length, target, size);
}

/* Recursion is bounded by JSON_DEPTH_MAX. */
void json_write(const struct json_node *node, struct buffer *buffer)
{
    switch (node->kind) {
    case JSON_TEXT:
        json_quote(buffer, node->text, node->length);
        return;
    case JSON_INTEGER:
        buffer_printf(buffer, "%" PRId64, node->integer);
        return;
    case JSON_BOOLEAN:
        buffer_puts(buffer, node->integer != 0 ? "true" : "false");
        return;
    case JSON_NUMBER:
        buffer_append(buffer, node->text, node->length);
        return;
    case JSON_MISSING:
    case JSON_NULL:
        buffer_puts(buffer, "null");
        return;
    case JSON_OBJECT:
    case JSON_ARRAY:
        break;
    }
    bool is_object = node->kind == JSON_OBJECT;
    buffer_putc(buffer, is_object ? '{' : '[');
    for (const struct json_node *at = node->first; at != NULL; at = at->next) {
        if (is_object) {
            json_put_name(buffer, at->key);
        } else {
            buffer_puts(buffer, at != node->first ? "," : "");
        }
        json_write(at, buffer);
    }
    buffer_putc(buffer, is_object ? '}' : ']');
}

void json_quote(struct buffer *buffer, const char *text, size_t length)
{
    static const char escapes[] = "\"\\\b\f\n\r\t";
    static const char letters[] = "\"\\bfnrt";
    buffer_putc(buffer, '"');
    size_t start = 0;
    for (size_t i = 0, size; i<length; i += size> 0 ? size : 1) {
        unsigned char byte = (unsigned char)text[i];
        uint32_t code;
        size = byte < 0x80 ? 1 : text_utf8_length(text + i, length - i, &code);
        if (size > 0 && byte >= 0x20 && byte != '"' && byte != '\\') {
            continue;
        }
        buffer_append(buffer, text + start, i - start);
        start = i + 1;
        const char *escape = byte == '\0' ? NULL : strchr(escapes, byte);
        if (size == 0) {
            buffer_puts(buffer, REPLACEMENT);
        } else if (escape != NULL) {
            buffer_printf(buffer, "\\%c", letters[escape - escapes]);
        } else {
            buffer_printf(buffer, "\\u%04x", (unsigned)byte);
        }
    }
    buffer_append(buffer, text + start, length - start);
    buffer_putc(buffer, '"');
}

void json_put_name(struct buffer *json, const char *name)
{
    bool first = json->length == 0 || json->data[json->length - 1] == '{';
    buffer_puts(json, first ? "" : ",");
    json_quote(json, name, strlen(name));
    buffer_putc(json, ':');
}

void json_put_text(struct buffer *json, const char *name, const char *text)
{
    json_put_name(json, name);
    if (text != NULL) {
        json_quote(json, text, strlen(text));
    } else {
        buffer_puts(json, "null");
    }
}

void json_put_number(struct buffer *json, const char *name, int64_t value, bool known)
{
    json_put_name(json, name);
    buffer_printf(json, known ? "%" PRId64 : "null", value);
}

const char *json_library_version(void)
{
    return json_c_version();
}
