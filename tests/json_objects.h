/* What tests see of json-c's objects: a member by its type, never coerced. */
#ifndef HBRSYNC_TESTS_JSON_OBJECTS_H
#define HBRSYNC_TESTS_JSON_OBJECTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <json-c/json.h>

#include "base/json.h"

/* A scalar member of an object; text is borrowed from the object. */
struct json_value {
    enum json_kind kind;
    const char *text;
    size_t length;
    int64_t integer;            /* JSON_INTEGER; JSON_BOOLEAN as 0 or 1 */
    struct json_object *object; /* the member itself, borrowed; NULL when missing or null */
};

static inline bool json_is_object(const struct json_object *node)
{
    return json_object_is_type(node, json_type_object) != 0;
}

static inline bool json_is_array(const struct json_object *node)
{
    return json_object_is_type(node, json_type_array) != 0;
}

static inline struct json_value json_describe(struct json_object *node)
{
    static const enum json_kind kinds[] = {
        [json_type_null] = JSON_NULL,     [json_type_boolean] = JSON_BOOLEAN,
        [json_type_double] = JSON_NUMBER, [json_type_int] = JSON_INTEGER,
        [json_type_object] = JSON_OBJECT, [json_type_array] = JSON_ARRAY,
        [json_type_string] = JSON_TEXT,
    };
    struct json_value value = {.kind = kinds[json_object_get_type(node)], .object = node};
    if (value.kind == JSON_TEXT) {
        value.text = json_object_get_string(node);
        value.length = (size_t)json_object_get_string_len(node);
    } else if (value.kind == JSON_INTEGER || value.kind == JSON_BOOLEAN) {
        value.integer = json_object_get_int64(node); /* never beyond int64; see json_read */
    }
    return value;
}

static inline struct json_value json_member(const struct json_object *object, const char *name)
{
    struct json_object *node = NULL;
    if (!json_is_object(object) || !json_object_object_get_ex(object, name, &node)) {
        return (struct json_value){.kind = JSON_MISSING};
    }
    return json_describe(node);
}

static inline bool json_is_absent(const struct json_value *value)
{
    return value->kind == JSON_MISSING || value->kind == JSON_NULL ||
           (value->kind == JSON_TEXT && value->length == 0);
}

static inline bool json_each_member(const struct json_object *object,
                                    bool (*visit)(const char *name, struct json_object *node,
                                                  void *context),
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

#endif
