/*
 * JSON (RFC 8259): a strict, bounded parser, whose nodes answers and saved jobs are read from, and
 * json-c objects made of them for small documents (stored evidence), with getters that tell
 * "missing" from "null" from "of another type", because json-c's own coerce and saturate without a
 * word.
 *
 * The text is not parsed by json-c, for what json-c 0.16 accepts or loses even when strict: NaN and
 * Infinity, single quotes, control characters in strings, ill-formed UTF-8 (overlong forms,
 * surrogates), duplicate keys (however they are escaped), NULs in keys, integers beyond int64,
 * which it would saturate, and members for which there is no memory. A number that is no int64 is
 * kept as text, so its exact value survives in the output of json_write(). What changes all the
 * same, as with json-c: the escape of a lone surrogate ("\ud800") becomes U+FFFD, and -0 becomes 0.
 */
#ifndef HBRSYNC_BASE_JSON_H
#define HBRSYNC_BASE_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/error.h"

struct json_object;

#define JSON_DEPTH_MAX 32

/*
 * How many values a document may hold, as memory goes: an object counts as 8 and an array as 4, so
 * that each takes about 100 bytes besides its text. An answer of the service or a document of keys,
 * and the user's own saved jobs: 100,000 with every field there is.
 */
#define JSON_VALUES_ANSWER 200000
#define JSON_VALUES_SAVED 12000000

enum json_kind {
    JSON_MISSING,
    JSON_NULL,
    JSON_TEXT,
    JSON_INTEGER,
    JSON_BOOLEAN,
    JSON_NUMBER, /* any other */
    JSON_OBJECT,
    JSON_ARRAY
};

/* --- nodes --------------------------------------------------------------------------------- */

/* A value. Texts end with a NUL, and hold others only if an escape says so. */
struct json_node {
    const char *key; /* of a member; it holds no NUL */
    struct json_node *next;
    union {
        const char *text;        /* also the digits of a JSON_NUMBER */
        int64_t integer;         /* JSON_BOOLEAN: 0 or 1 */
        struct json_node *first; /* of the members or elements, in the order received */
    };
    uint32_t length; /* of the text, or the number of members or elements */
    uint32_t hash;   /* of the key, for the parser */
    enum json_kind kind;
};

/*
 * Parses one document; text[length] must be a NUL, as in a buffer, and is not needed afterwards.
 * `values_max` is one of the above. `*ret_root` is owned by the caller (json_free).
 * ERROR_SERVICE (retryable: a garbled answer may come whole next time) names the byte offset.
 */
bool json_read(const char *text, size_t length, size_t values_max, struct json_node **ret_root,
               struct error *err) MUST_CHECK;

/* Overwrites the texts first. Takes a root alone; accepts NULL. */
void json_free(struct json_node *root);

/* The member, or a node of JSON_MISSING when there is none or `object` is NULL or no object. */
const struct json_node *json_find(const struct json_node *object, const char *name);

/* Whether there is nothing in it: missing, null, or "". */
bool json_is_blank(const struct json_node *node);

/* A member's text when it is a text of at most `size - 1` bytes without NUL; else "" and false. */
bool json_find_text(const struct json_node *object, const char *name, char *target, size_t size);

/* Appends compact JSON. */
void json_write(const struct json_node *node, struct buffer *buffer);

/* Appends a string literal with its quotes; bytes that are not UTF-8 become U+FFFD. */
void json_quote(struct buffer *buffer, const char *text, size_t length);

/* Begins a member of an object that is written piece by piece: the comma before it, its name and a
 * colon; then, in the others, its value. A NULL text and a number that is not known are null. */
void json_put_name(struct buffer *json, const char *name);
void json_put_text(struct buffer *json, const char *name, const char *text);
void json_put_number(struct buffer *json, const char *name, int64_t value, bool known);

/* --- json-c's objects ---------------------------------------------------------------------- */

/* The node as an object, owned by the caller (json_release); NULL for a JSON_NULL. */
bool json_to_object(const struct json_node *node, struct json_object **ret_object,
                    struct error *err) MUST_CHECK;

/* json_read, then json_to_object. */
bool json_parse(const char *text, size_t length, size_t values_max, struct json_object **ret_root,
                struct error *err) MUST_CHECK;

/* Accepts NULL. */
void json_release(struct json_object *root);

size_t json_array_length(const struct json_object *array);
struct json_object *json_array_item(const struct json_object *array, size_t index);

/* As json_find_text. */
bool json_member_text(const struct json_object *object, const char *name, char *target,
                      size_t size);

/* json-c's version text. */
const char *json_library_version(void);

#endif
