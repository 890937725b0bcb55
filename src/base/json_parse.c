/* The parse of JSON text into json-c's objects; see json.h for what it is for. */
#include <limits.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <json-c/json.h>

#include "base/json.h"
#include "base/text.h"

#define MEMBERS_MAX 1000 /* of one object */
#define NUMBER_MAX 400   /* digits, sign and so on of one number */
#define OBJECT_WEIGHT 8  /* json-c gives an empty one room for 16 members, 780 bytes in all */
#define ARRAY_WEIGHT 4   /* ... and for 32 elements */

struct scan {
    const char *text;
    size_t length;
    size_t at;
    size_t depth;
    size_t values;        /* that there may still be */
    struct buffer string; /* the string read last, without escapes */
    struct error *err;
};

static bool fail(struct scan *scan, const char *reason)
{
    error_set(scan->err, ERROR_SERVICE, "not JSON at byte %zu of %zu: %s", scan->at, scan->length,
              reason);
    scan->err->retryable = true;
    return false;
}

/* Hands a new object on; json-c gives NULL when there is no memory. */
static bool give(struct scan *scan, struct json_object *made, struct json_object **ret_node)
{
    *ret_node = made;
    return made != NULL ? true : error_no_memory(scan->err);
}

static char peek(const struct scan *scan)
{
    return scan->at < scan->length ? scan->text[scan->at] : '\0';
}

static void skip_space(struct scan *scan)
{
    while (scan->at < scan->length && strchr(" \t\r\n", scan->text[scan->at]) != NULL &&
           scan->text[scan->at] != '\0') {
        scan->at++;
    }
}

static bool take(struct scan *scan, char byte)
{
    if (peek(scan) != byte) {
        return false;
    }
    scan->at++;
    return true;
}

/* --- strings ------------------------------------------------------------------------------- */

static bool is_surrogate(uint32_t code, uint32_t first)
{
    return code >= first && code <= first + 0x3FF;
}

static void append_character(struct buffer *string, uint32_t code)
{
    if (code < 0x80) {
        buffer_putc(string, (char)code);
        return;
    }
    if (code < 0x800) {
        buffer_putc(string, (char)(0xC0 | code >> 6));
    } else if (code < 0x10000) {
        buffer_putc(string, (char)(0xE0 | code >> 12));
        buffer_putc(string, (char)(0x80 | (code >> 6 & 0x3F)));
    } else {
        buffer_putc(string, (char)(0xF0 | code >> 18));
        buffer_putc(string, (char)(0x80 | (code >> 12 & 0x3F)));
        buffer_putc(string, (char)(0x80 | (code >> 6 & 0x3F)));
    }
    buffer_putc(string, (char)(0x80 | (code & 0x3F)));
}

/* Four hexadecimal digits. */
static bool scan_hex4(struct scan *scan, uint32_t *ret_code)
{
    char digits[5] = "";
    if (scan->length - scan->at < sizeof(digits)) { /* the quote is to come, too */
        return fail(scan, "a cut escape");
    }
    memcpy(digits, scan->text + scan->at, 4);
    if (strspn(digits, "0123456789abcdefABCDEF") != 4) {
        return fail(scan, "a wrong \\u escape");
    }
    *ret_code = (uint32_t)strtoul(digits, NULL, 16);
    scan->at += 4;
    return true;
}

/* What stands after "\u", and the second half of a pair. A lone surrogate becomes U+FFFD. */
static bool scan_unicode_escape(struct scan *scan)
{
    uint32_t code = 0;
    if (!scan_hex4(scan, &code)) {
        return false;
    }
    if (is_surrogate(code, 0xD800) && scan->length - scan->at >= 2 &&
        memcmp(scan->text + scan->at, "\\u", 2) == 0) {
        size_t second = scan->at;
        uint32_t low = 0;
        scan->at += 2;
        if (!scan_hex4(scan, &low)) {
            return false;
        }
        if (is_surrogate(low, 0xDC00)) {
            code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
        } else {
            scan->at = second; /* a character of its own */
        }
    }
    bool lone = is_surrogate(code, 0xD800) || is_surrogate(code, 0xDC00);
    append_character(&scan->string, lone ? 0xFFFD : code);
    return true;
}

static bool scan_escape(struct scan *scan)
{
    static const char letters[] = "\"\\/bfnrt";
    static const char meant[] = "\"\\/\b\f\n\r\t";
    scan->at++;
    char kind = peek(scan);
    const char *letter = kind == '\0' ? NULL : strchr(letters, kind);
    if (letter == NULL && kind != 'u') {
        return fail(scan, "an unknown escape");
    }
    scan->at++;
    if (letter == NULL) {
        return scan_unicode_escape(scan);
    }
    buffer_putc(&scan->string, meant[letter - letters]);
    return true;
}

/* Passes bytes that stand for themselves. */
static bool scan_plain(struct scan *scan)
{
    size_t start = scan->at;
    while (scan->at < scan->length) {
        unsigned char byte = (unsigned char)scan->text[scan->at];
        if (byte == '"' || byte == '\\') {
            break;
        }
        if (byte < 0x20) {
            return fail(scan, "a control character in a string");
        }
        uint32_t code;
        size_t size = byte < 0x80
                          ? 1
                          : text_utf8_length(scan->text + scan->at, scan->length - scan->at, &code);
        if (size == 0) {
            return fail(scan, "a byte that is not UTF-8");
        }
        scan->at += size;
    }
    buffer_append(&scan->string, scan->text + start, scan->at - start);
    return true;
}

/* Leaves the string in scan->string. */
static bool scan_string(struct scan *scan)
{
    if (!take(scan, '"')) {
        return fail(scan, "a string was expected");
    }
    buffer_reset(&scan->string);
    while (scan->at < scan->length) {
        if (take(scan, '"')) {
            return buffer_ok(&scan->string, "a string", scan->err);
        }
        if (!(peek(scan) == '\\' ? scan_escape(scan) : scan_plain(scan))) {
            return false;
        }
    }
    return fail(scan, "the text ends within a string");
}

static bool read_string(struct scan *scan, struct json_object **ret_node)
{
    return scan_string(scan) &&
           give(scan, json_object_new_string_len(scan->string.data, (int)scan->string.length),
                ret_node);
}

/* --- numbers and words --------------------------------------------------------------------- */

static size_t take_digits(struct scan *scan)
{
    size_t start = scan->at;
    while (peek(scan) >= '0' && peek(scan) <= '9') {
        scan->at++;
    }
    return scan->at - start;
}

/* json-c keeps the text of a number with a fraction or an exponent, or beyond int64. */
static bool make_number(struct scan *scan, const char *digits, bool integer,
                        struct json_object **ret_node)
{
    int64_t value;
    if (integer && text_to_int64(digits, INT64_MIN, INT64_MAX, &value)) {
        return give(scan, json_object_new_int64(value), ret_node);
    }
    return give(scan, json_object_new_double_s(strtod(digits, NULL), digits), ret_node);
}

static bool read_number(struct scan *scan, struct json_object **ret_node)
{
    size_t start = scan->at;
    (void)take(scan, '-');
    if (!take(scan, '0') && take_digits(scan) == 0) {
        return fail(scan, scan->at >= scan->length ? "the text ends too early"
                                                   : "an unexpected character");
    }
    bool integer = true;
    if (take(scan, '.')) {
        integer = false;
        if (take_digits(scan) == 0) {
            return fail(scan, "a wrong number");
        }
    }
    if (take(scan, 'e') || take(scan, 'E')) {
        integer = false;
        if (!take(scan, '+')) {
            (void)take(scan, '-');
        }
        if (take_digits(scan) == 0) {
            return fail(scan, "a wrong number");
        }
    }
    char digits[NUMBER_MAX + 1];
    size_t length = scan->at - start;
    if (length > NUMBER_MAX) {
        return fail(scan, "a number with too many digits");
    }
    memcpy(digits, scan->text + start, length);
    digits[length] = '\0';
    return make_number(scan, digits, integer, ret_node);
}

static bool scan_literal(struct scan *scan, const char *word)
{
    size_t length = strlen(word);
    if (scan->length - scan->at < length || memcmp(scan->text + scan->at, word, length) != 0) {
        return fail(scan, "an unexpected word");
    }
    scan->at += length;
    return true;
}

/* --- objects, arrays, documents ------------------------------------------------------------ */

static bool read_value(struct scan *scan, struct json_object **ret_node);

/* Takes the value over. */
static bool add_member(struct scan *scan, struct json_object *object, const char *key,
                       struct json_object *value)
{
    if (json_object_object_add(object, key, value) == 0) {
        return true;
    }
    json_object_put(value);
    return error_no_memory(scan->err);
}

static bool read_member(struct scan *scan, struct json_object *object)
{
    struct json_object *value = NULL;
    skip_space(scan);
    if (!scan_string(scan)) {
        return false;
    }
    if (strlen(scan->string.data) != scan->string.length) {
        return fail(scan, "a key that holds a NUL");
    }
    if (json_object_object_length(object) >= MEMBERS_MAX) {
        return fail(scan, "an object with too many members");
    }
    if (json_object_object_get_ex(object, scan->string.data, NULL)) {
        return fail(scan, "a key that its object has already");
    }
    char *key = text_copy(scan->string.data);
    if (key == NULL) {
        return error_no_memory(scan->err);
    }
    skip_space(scan);
    bool ok = take(scan, ':') ? read_value(scan, &value) : fail(scan, "a colon was expected");
    ok = ok && add_member(scan, object, key, value);
    free(key);
    return ok;
}

static bool read_element(struct scan *scan, struct json_object *array)
{
    struct json_object *value = NULL;
    if (!read_value(scan, &value)) {
        return false;
    }
    if (json_object_array_add(array, value) == 0) {
        return true;
    }
    json_object_put(value);
    return error_no_memory(scan->err);
}

/* What stands between the brackets, separated by commas. */
static bool read_parts(struct scan *scan, char close, struct json_object *container,
                       bool (*read_part)(struct scan *scan, struct json_object *container))
{
    scan->at++;
    if (++scan->depth > JSON_DEPTH_MAX) {
        return fail(scan, "nested too deeply");
    }
    skip_space(scan);
    if (!take(scan, close)) {
        do {
            if (!read_part(scan, container)) {
                return false;
            }
            skip_space(scan);
        } while (take(scan, ','));
        if (!take(scan, close)) {
            return fail(scan, scan->at >= scan->length ? "the text ends too early"
                                                       : "a comma or the end was expected");
        }
    }
    scan->depth--;
    return true;
}

static bool read_container(struct scan *scan, struct json_object **ret_node)
{
    bool is_object = peek(scan) == '{';
    struct json_object *container = is_object ? json_object_new_object() : json_object_new_array();
    if (container == NULL) {
        return error_no_memory(scan->err);
    }
    if (!read_parts(scan, is_object ? '}' : ']', container,
                    is_object ? read_member : read_element)) {
        json_object_put(container);
        return false;
    }
    *ret_node = container;
    return true;
}

static bool count_value(struct scan *scan)
{
    char kind = peek(scan);
    size_t weight = kind == '{' ? OBJECT_WEIGHT : kind == '[' ? ARRAY_WEIGHT : 1;
    if (weight > scan->values) {
        return false;
    }
    scan->values -= weight;
    return true;
}

/* Recursion is bounded by JSON_DEPTH_MAX. `null` is NULL, as json-c has it. */
static bool read_value(struct scan *scan, struct json_object **ret_node)
{
    *ret_node = NULL;
    skip_space(scan);
    if (!count_value(scan)) {
        return fail(scan, "too many values");
    }
    switch (peek(scan)) {
    case '{':
    case '[':
        return read_container(scan, ret_node);
    case '"':
        return read_string(scan, ret_node);
    case 't':
        return scan_literal(scan, "true") && give(scan, json_object_new_boolean(1), ret_node);
    case 'f':
        return scan_literal(scan, "false") && give(scan, json_object_new_boolean(0), ret_node);
    case 'n':
        return scan_literal(scan, "null");
    default:
        return read_number(scan, ret_node);
    }
}

bool json_parse(const char *text, size_t length, size_t values_max, struct json_object **ret_root,
                struct error *err)
{
    struct scan scan = {.text = text, .length = length, .values = values_max, .err = err};
    struct json_object *root = NULL;
    if (length >= INT_MAX / 2) {
        return error_set(err, ERROR_SERVICE, "JSON of %zu bytes is too long", length);
    }
    buffer_init(&scan.string, length);
    bool ok = read_value(&scan, &root);
    if (ok) {
        skip_space(&scan);
        ok = scan.at >= length || fail(&scan, "something follows the document");
    }
    buffer_free_secret(&scan.string); /* a configuration file may hold keys */
    if (!ok) {
        json_object_put(root);
        return false;
    }
    *ret_root = root;
    return true;
}
