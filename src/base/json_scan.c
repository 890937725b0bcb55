#include "base/json_scan.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/text.h"

#define MEMBERS_MAX 1000 /* of one object: keys are compared pair by pair */
#define NUMBER_MAX 400   /* digits; json-c keeps such a number as text */

struct key {
    size_t at, length;
    bool escaped;
};

struct scan {
    const char *text;
    size_t length;
    size_t at;
    size_t depth;
    size_t values;
    size_t copied; /* bytes of text that `rewritten` holds */
    struct buffer *rewritten;
    struct key *keys; /* of every object that is open, the innermost last */
    size_t key_count, key_capacity;
    struct error *err;
};

static bool fail(struct scan *scan, const char *reason)
{
    error_set(scan->err, ERROR_SERVICE, "not JSON at byte %zu of %zu: %s", scan->at, scan->length,
              reason);
    scan->err->retryable = true;
    return false;
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

static bool scan_escape(struct scan *scan, bool *ret_nul)
{
    scan->at++;
    char kind = peek(scan);
    if (kind == 'u') {
        if (scan->length - scan->at < 5) {
            return fail(scan, "a cut escape");
        }
        const char *hex = scan->text + scan->at + 1;
        for (int i = 0; i < 4; i++) {
            if (strchr("0123456789abcdefABCDEF", hex[i]) == NULL || hex[i] == '\0') {
                return fail(scan, "a wrong \\u escape");
            }
        }
        *ret_nul = *ret_nul || memcmp(hex, "0000", 4) == 0;
        scan->at += 5;
        return true;
    }
    if (kind == '\0' || strchr("\"\\/bfnrt", kind) == NULL) {
        return fail(scan, "an unknown escape");
    }
    scan->at++;
    return true;
}

static bool scan_string(struct scan *scan, bool *ret_nul)
{
    if (!take(scan, '"')) {
        return fail(scan, "a string was expected");
    }
    while (scan->at < scan->length) {
        unsigned char byte = (unsigned char)scan->text[scan->at];
        if (byte == '"') {
            scan->at++;
            return true;
        }
        if (byte < 0x20) {
            return fail(scan, "a control character in a string");
        }
        if (byte == '\\') {
            if (!scan_escape(scan, ret_nul)) {
                return false;
            }
        } else if (byte < 0x80) {
            scan->at++;
        } else {
            uint32_t code;
            size_t size = text_utf8_length(scan->text + scan->at, scan->length - scan->at, &code);
            if (size == 0) {
                return fail(scan, "a byte that is not UTF-8");
            }
            scan->at += size;
        }
    }
    return fail(scan, "the text ends within a string");
}

static size_t take_digits(struct scan *scan)
{
    size_t start = scan->at;
    while (peek(scan) >= '0' && peek(scan) <= '9') {
        scan->at++;
    }
    return scan->at - start;
}

/* Hands an integer that json-c would saturate over as a number with exponent, which it keeps as
 * text. */
static bool check_range(struct scan *scan, size_t start)
{
    char digits[24];
    size_t length = scan->at - start;
    int64_t value;
    if (length < sizeof(digits)) {
        memcpy(digits, scan->text + start, length);
        digits[length] = '\0';
        if (text_to_int64(digits, INT64_MIN, INT64_MAX, &value)) {
            return true;
        }
    }
    buffer_append(scan->rewritten, scan->text + scan->copied, scan->at - scan->copied);
    buffer_puts(scan->rewritten, "e0");
    scan->copied = scan->at;
    return buffer_ok(scan->rewritten, "the JSON text", scan->err);
}

static bool scan_number(struct scan *scan)
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
    if (scan->at - start > NUMBER_MAX) {
        return fail(scan, "a number with too many digits");
    }
    return integer ? check_range(scan, start) : true;
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

static bool scan_value(struct scan *scan);

static uint32_t hex4(const char *text)
{
    char digits[5] = {text[0], text[1], text[2], text[3], '\0'};
    return (uint32_t)strtoul(digits, NULL, 16);
}

/* The next character of a key that scan_string has passed, as json-c reads it: a lone surrogate is
 * U+FFFD. */
static uint32_t key_character(const struct scan *scan, size_t *at)
{
    static const char letters[] = "bfnrt";
    static const char meant[] = "\b\f\n\r\t";
    const char *here = scan->text + *at;
    uint32_t code = 0;
    if (here[0] != '\\') {
        *at += text_utf8_length(here, scan->length - *at, &code);
        return code;
    }
    if (here[1] != 'u') {
        const char *letter = strchr(letters, here[1]);
        *at += 2;
        return (unsigned char)(letter != NULL ? meant[letter - letters] : here[1]);
    }
    code = hex4(here + 2);
    *at += 6;
    if (code >= 0xD800 && code <= 0xDBFF && here[6] == '\\' && here[7] == 'u') {
        uint32_t low = hex4(here + 8);
        if (low >= 0xDC00 && low <= 0xDFFF) {
            *at += 6;
            return 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
        }
    }
    return code >= 0xD800 && code <= 0xDFFF ? 0xFFFD : code;
}

static bool same_key(const struct scan *scan, const struct key *left, const struct key *right)
{
    if (!left->escaped && !right->escaped) {
        return left->length == right->length &&
               memcmp(scan->text + left->at, scan->text + right->at, left->length) == 0;
    }
    size_t i = left->at;
    size_t j = right->at;
    while (i < left->at + left->length && j < right->at + right->length) {
        if (key_character(scan, &i) != key_character(scan, &j)) {
            return false;
        }
    }
    return i == left->at + left->length && j == right->at + right->length;
}

static bool note_key(struct scan *scan, size_t first_key, size_t at, size_t length)
{
    struct key key = {at, length, memchr(scan->text + at, '\\', length) != NULL};
    if (scan->key_count - first_key >= MEMBERS_MAX) {
        return fail(scan, "an object with too many members");
    }
    for (size_t i = first_key; i < scan->key_count; i++) {
        if (same_key(scan, &scan->keys[i], &key)) {
            return fail(scan, "a key that its object has already");
        }
    }
    if (scan->key_count == scan->key_capacity) {
        size_t capacity = scan->key_capacity == 0 ? 128 : scan->key_capacity * 2;
        struct key *keys = realloc(scan->keys, capacity * sizeof(*keys));
        if (keys == NULL) {
            return error_no_memory(scan->err);
        }
        scan->keys = keys;
        scan->key_capacity = capacity;
    }
    scan->keys[scan->key_count++] = key;
    return true;
}

static bool scan_member(struct scan *scan, size_t first_key)
{
    bool nul = false;
    skip_space(scan);
    size_t start = scan->at;
    if (!scan_string(scan, &nul)) {
        return false;
    }
    if (nul) {
        return fail(scan, "a key that holds a NUL");
    }
    if (!note_key(scan, first_key, start + 1, scan->at - start - 2)) {
        return false;
    }
    skip_space(scan);
    if (!take(scan, ':')) {
        return fail(scan, "a colon was expected");
    }
    return scan_value(scan);
}

static bool scan_element(struct scan *scan, size_t first_key)
{
    (void)first_key;
    return scan_value(scan);
}

/* An object or an array: what stands between `open` and `close`, separated by commas. */
static bool scan_container(struct scan *scan, char close,
                           bool (*scan_part)(struct scan *scan, size_t first_key))
{
    size_t first_key = scan->key_count;
    scan->at++;
    if (++scan->depth > JSON_DEPTH_MAX) {
        return fail(scan, "nested too deeply");
    }
    skip_space(scan);
    if (!take(scan, close)) {
        do {
            if (!scan_part(scan, first_key)) {
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
    scan->key_count = first_key;
    return true;
}

/* Recursion is bounded by JSON_DEPTH_MAX. */
static bool scan_value(struct scan *scan)
{
    bool nul = false;
    skip_space(scan);
    if (++scan->values > JSON_VALUES_MAX) {
        return fail(scan, "too many values");
    }
    switch (peek(scan)) {
    case '{':
        return scan_container(scan, '}', scan_member);
    case '[':
        return scan_container(scan, ']', scan_element);
    case '"':
        return scan_string(scan, &nul);
    case 't':
        return scan_literal(scan, "true");
    case 'f':
        return scan_literal(scan, "false");
    case 'n':
        return scan_literal(scan, "null");
    default:
        return scan_number(scan);
    }
}

bool json_scan(const char *text, size_t length, struct buffer *rewritten, struct error *err)
{
    struct scan scan = {.text = text, .length = length, .rewritten = rewritten, .err = err};
    bool ok = scan_value(&scan);
    if (ok) {
        skip_space(&scan);
        if (scan.at < length) {
            ok = fail(&scan, "something follows the document");
        }
    }
    if (ok && scan.copied > 0) {
        buffer_append(rewritten, text + scan.copied, length - scan.copied);
        ok = buffer_ok(rewritten, "the JSON text", err);
    }
    free(scan.keys);
    return ok;
}
