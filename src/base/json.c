#include "base/json.h"

#include <limits.h>
#include <string.h>

#include <json-c/json.h>

#include "base/json_scan.h"

#define BEYOND_INT64_DIGITS 19 /* the least number of digits of an integer beyond int64 */

static bool parse_scanned(const char *text, size_t length, struct json_object **ret_root,
                          struct error *err)
{
    struct json_tokener *tokener = json_tokener_new_ex(JSON_DEPTH_MAX + 1);
    if (tokener == NULL) {
        return error_no_memory(err);
    }
    /* JSON_TOKENER_STRICT would refuse what json_scan has refused already, and in json-c 0.18 every
     * byte beyond ASCII too (json-c issue 875). */
    json_tokener_set_flags(tokener, JSON_TOKENER_VALIDATE_UTF8);
    /* The NUL is counted, so that a number at the very end is known to be complete. */
    struct json_object *root = json_tokener_parse_ex(tokener, text, (int)length + 1);
    enum json_tokener_error problem = json_tokener_get_error(tokener);
    size_t end = json_tokener_get_parse_end(tokener);
    json_tokener_free(tokener);
    if (problem != json_tokener_success) {
        json_object_put(root);
        error_set(err, ERROR_SERVICE, "not JSON at byte %zu of %zu: %s", end, length,
                  json_tokener_error_desc(problem));
        err->retryable = true;
        return false;
    }
    *ret_root = root;
    return true;
}

bool json_parse(const char *text, size_t length, struct json_object **ret_root, struct error *err)
{
    struct buffer rewritten;
    if (length >= INT_MAX / 2) {
        return error_set(err, ERROR_SERVICE, "JSON of %zu bytes is too long", length);
    }
    buffer_init(&rewritten, length * 2 + 16);
    bool ok = json_scan(text, length, &rewritten, err);
    if (ok && rewritten.length > 0) {
        ok = parse_scanned(rewritten.data, rewritten.length, ret_root, err);
    } else if (ok) {
        ok = parse_scanned(text, length, ret_root, err);
    }
    buffer_free_secret(&rewritten); /* a configuration file may hold keys */
    return ok;
}

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
        /* Integers beyond int64 never come as this type; see json_scan. */
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

/* The end of a string literal that begins at `at`. */
static size_t string_end(const char *text, size_t length, size_t at)
{
    for (at++; at < length && text[at] != '"'; at++) {
        at += text[at] == '\\' ? 1 : 0;
    }
    return at < length ? at + 1 : length;
}

static bool is_digit(char byte)
{
    return byte >= '0' && byte <= '9';
}

/* Appends serialised JSON (NUL-terminated) without the "e0" that json_scan put after integers
 * beyond int64. */
static void append_without_marks(struct buffer *buffer, const char *text, size_t length)
{
    size_t start = 0;
    size_t digits = 0;
    size_t at = 0;
    while (at < length) {
        if (text[at] == '"') {
            at = string_end(text, length, at);
            digits = 0;
        } else if (text[at] == 'e' && digits >= BEYOND_INT64_DIGITS && text[at + 1] == '0' &&
                   !is_digit(text[at + 2])) {
            buffer_append(buffer, text + start, at - start);
            at += 2;
            start = at;
            digits = 0;
        } else {
            digits = is_digit(text[at]) ? digits + 1 : 0;
            at++;
        }
    }
    buffer_append(buffer, text + start, length - start);
}

void json_text(struct json_object *node, struct buffer *buffer)
{
    size_t length = 0;
    const char *text = json_object_to_json_string_length(
        node, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE, &length);
    if (text == NULL) {
        buffer->failed = true;
        return;
    }
    append_without_marks(buffer, text, length);
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
