/* The strict parser: text into nodes; see json.h for what it is for. */
#include <limits.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>

#include "base/json.h"
#include "base/text.h"

#define MEMBERS_MAX 1000 /* of one object */
#define NUMBER_MAX 400   /* digits, sign and so on of one number */
#define OBJECT_WEIGHT 8  /* an empty one of json-c has room for 16 members, 780 bytes in all */
#define ARRAY_WEIGHT 4   /* ... and for 32 elements */
#define BLOCK_NODES 4096 /* at most at once */

struct node_block {
    struct node_block *next;
    struct json_node nodes[];
};

/* All that belongs to a root. The texts take no more room than the document: a string lost its
 * quotes, and what follows a number is a NUL here. */
struct json_document {
    struct json_node root; /* first, as its address stands for the whole */
    struct node_block *blocks;
    size_t text_size;
    char text[];
};

struct scan {
    const char *text;
    size_t length;
    size_t at;
    size_t depth;
    size_t values; /* that there may still be */
    struct json_document *document;
    char *out;         /* where the next text goes, in document->text */
    size_t nodes_left; /* in the first block */
    struct json_node *next_node;
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
    return scan->text[scan->at]; /* a NUL ends the text */
}

static void skip_space(struct scan *scan)
{
    while (peek(scan) == ' ' || peek(scan) == '\n' || peek(scan) == '\r' || peek(scan) == '\t') {
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

static void put(struct scan *scan, uint32_t byte)
{
    *scan->out++ = (char)byte;
}

static void put_character(struct scan *scan, uint32_t code)
{
    static const unsigned char first[] = {0, 0xC0, 0xE0, 0xF0};
    unsigned more = code < 0x80 ? 0 : code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
    put(scan, first[more] | code >> 6 * more);
    while (more-- > 0) {
        put(scan, 0x80 | (code >> 6 * more & 0x3F));
    }
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
    put_character(scan, lone ? 0xFFFD : code);
    return true;
}

static bool scan_escape(struct scan *scan)
{
    static const char meant[] = {['"'] = '"',  ['\\'] = '\\', ['/'] = '/',  ['b'] = '\b',
                                 ['f'] = '\f', ['n'] = '\n',  ['r'] = '\r', ['t'] = '\t'};
    scan->at++;
    unsigned char kind = (unsigned char)peek(scan);
    char byte = kind < sizeof(meant) ? meant[kind] : '\0';
    if (byte == '\0' && kind != 'u') {
        return fail(scan, "an unknown escape");
    }
    scan->at++;
    if (byte == '\0') {
        return scan_unicode_escape(scan);
    }
    put(scan, (unsigned char)byte);
    return true;
}

/* Copies bytes that stand for themselves, up to a quote, an escape or the NUL after the text. */
static bool scan_plain(struct scan *scan)
{
    const char *start = scan->text + scan->at;
    const char *at = start;
    for (size_t size = 0;; at += size) {
        uint32_t code;
        while (*at >= 0x20 && *at < 0x7F && *at != '"' && *at != '\\') {
            at++;
        }
        if (*at >= 0 && *at < 0x7F) {
            break;
        }
        size = text_utf8_length(at, scan->length - (size_t)(at - scan->text), &code);
        if (size == 0) {
            break;
        }
    }
    memcpy(scan->out, start, (size_t)(at - start));
    scan->out += at - start;
    scan->at += (size_t)(at - start);
    if (*at == '"' || *at == '\\' || scan->at >= scan->length) {
        return true;
    }
    return fail(scan, (unsigned char)*at < 0x20 ? "a control character in a string"
                                                : "a byte that is not UTF-8");
}

/* Gives the string without escapes, ended by a NUL. */
static bool scan_string(struct scan *scan, const char **ret_text, uint32_t *ret_length)
{
    if (!take(scan, '"')) {
        return fail(scan, "a string was expected");
    }
    *ret_text = scan->out;
    while (scan->at < scan->length) {
        if (take(scan, '"')) {
            *ret_length = (uint32_t)(scan->out - *ret_text);
            put(scan, '\0');
            return true;
        }
        if (!(peek(scan) == '\\' ? scan_escape(scan) : scan_plain(scan))) {
            return false;
        }
    }
    return fail(scan, "the text ends within a string");
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

static bool read_number(struct scan *scan, struct json_node *node)
{
    size_t start = scan->at;
    (void)take(scan, '-');
    if (!take(scan, '0') && take_digits(scan) == 0) {
        return fail(scan, scan->at >= scan->length ? "the text ends too early"
                                                   : "an unexpected character");
    }
    size_t end = scan->at;
    bool right = !take(scan, '.') || take_digits(scan) > 0;
    if (right && (take(scan, 'e') || take(scan, 'E'))) {
        (void)(take(scan, '+') || take(scan, '-'));
        right = take_digits(scan) > 0;
    }
    if (!right) {
        return fail(scan, "a wrong number");
    }
    bool integer = scan->at == end;
    node->length = (uint32_t)(scan->at - start);
    if (scan->at - start > NUMBER_MAX) {
        return fail(scan, "a number with too many digits");
    }
    char *digits = memcpy(scan->out, scan->text + start, node->length);
    digits[node->length] = '\0';
    if (integer && text_to_int64(digits, INT64_MIN, INT64_MAX, &node->integer)) {
        node->kind = JSON_INTEGER;
        return true;
    }
    node->kind = JSON_NUMBER;
    node->text = digits;
    scan->out += node->length + 1;
    return true;
}

static bool read_word(struct scan *scan, const char *word, enum json_kind kind, int64_t integer,
                      struct json_node *node)
{
    size_t length = strlen(word);
    if (scan->length - scan->at < length || memcmp(scan->text + scan->at, word, length) != 0) {
        return fail(scan, "an unexpected word");
    }
    scan->at += length;
    node->kind = kind;
    node->integer = integer;
    return true;
}

/* --- objects, arrays, documents ------------------------------------------------------------ */

static bool read_value(struct scan *scan, struct json_node *node);

/* Room for a node; all bytes are 0. */
static struct json_node *new_node(struct scan *scan)
{
    if (scan->nodes_left == 0) {
        size_t count = (scan->length - scan->at) / 32 + 16;
        count = count < BLOCK_NODES ? count : BLOCK_NODES;
        struct node_block *block = calloc(1, sizeof(*block) + count * sizeof(block->nodes[0]));
        if (block == NULL) {
            return NULL;
        }
        block->next = scan->document->blocks;
        scan->document->blocks = block;
        scan->next_node = block->nodes;
        scan->nodes_left = count;
    }
    scan->nodes_left--;
    return scan->next_node++;
}

static uint32_t hash_key(const char *text, size_t length)
{
    uint32_t hash = 2166136261U; /* FNV-1a */
    for (size_t i = 0; i < length; i++) {
        hash = (hash ^ (unsigned char)text[i]) * 16777619U;
    }
    return hash ^ hash >> 15;
}

/* Whether the object has this key already. Only then, and for few others, all are looked through:
 * `seen` has a bit for each of 512 values of a hash. */
static bool is_repeated(uint64_t seen[8], const struct json_node *object,
                        const struct json_node *member)
{
    uint64_t bit = (uint64_t)1 << (member->hash & 63);
    bool possible = (seen[member->hash >> 6 & 7] & bit) != 0;
    seen[member->hash >> 6 & 7] |= bit;
    for (const struct json_node *at = object->first; possible && at != NULL; at = at->next) {
        if (at->hash == member->hash && strcmp(at->key, member->key) == 0) {
            return true;
        }
    }
    return false;
}

static bool read_key(struct scan *scan, uint64_t seen[8], const struct json_node *object,
                     struct json_node *member)
{
    uint32_t length;
    skip_space(scan);
    if (!scan_string(scan, &member->key, &length)) {
        return false;
    }
    if (strlen(member->key) != length) {
        return fail(scan, "a key that holds a NUL");
    }
    if (object->length >= MEMBERS_MAX) {
        return fail(scan, "an object with too many members");
    }
    member->hash = hash_key(member->key, length);
    if (is_repeated(seen, object, member)) {
        return fail(scan, "a key that its object has already");
    }
    skip_space(scan);
    return take(scan, ':') || fail(scan, "a colon was expected");
}

/* Members or elements, separated by commas. */
static bool read_container(struct scan *scan, struct json_node *container)
{
    bool is_object = peek(scan) == '{';
    char close = is_object ? '}' : ']';
    container->kind = is_object ? JSON_OBJECT : JSON_ARRAY;
    scan->at++;
    if (++scan->depth > JSON_DEPTH_MAX) {
        return fail(scan, "nested too deeply");
    }
    skip_space(scan);
    if (!take(scan, close)) {
        uint64_t seen[8] = {0};
        struct json_node **end = &container->first;
        do {
            struct json_node *part = new_node(scan);
            if (part == NULL) {
                return error_no_memory(scan->err);
            }
            if ((is_object && !read_key(scan, seen, container, part)) || !read_value(scan, part)) {
                return false;
            }
            *end = part;
            end = &part->next;
            container->length++;
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

/* Recursion is bounded by JSON_DEPTH_MAX. */
static bool read_value(struct scan *scan, struct json_node *node)
{
    skip_space(scan);
    char kind = peek(scan);
    size_t weight = kind == '{' ? OBJECT_WEIGHT : kind == '[' ? ARRAY_WEIGHT : 1;
    if (weight > scan->values) {
        return fail(scan, "too many values");
    }
    scan->values -= weight;
    switch (kind) {
    case '{':
    case '[':
        return read_container(scan, node);
    case '"':
        node->kind = JSON_TEXT;
        return scan_string(scan, &node->text, &node->length);
    case 't':
        return read_word(scan, "true", JSON_BOOLEAN, 1, node);
    case 'f':
        return read_word(scan, "false", JSON_BOOLEAN, 0, node);
    case 'n':
        return read_word(scan, "null", JSON_NULL, 0, node);
    default:
        return read_number(scan, node);
    }
}

bool json_read(const char *text, size_t length, size_t values_max, struct json_node **ret_root,
               struct error *err)
{
    struct scan scan = {.text = text, .length = length, .values = values_max, .err = err};
    if (length >= INT_MAX / 2) {
        return error_set(err, ERROR_SERVICE, "JSON of %zu bytes is too long", length);
    }
    struct json_document *document = malloc(sizeof(*document) + length + 1);
    if (document == NULL) {
        return error_no_memory(err);
    }
    memset(document, 0, sizeof(*document));
    document->text_size = length + 1;
    scan.document = document;
    scan.out = document->text;
    bool ok = read_value(&scan, &document->root);
    if (ok) {
        skip_space(&scan);
        ok = scan.at >= length || fail(&scan, "something follows the document");
    }
    if (!ok) {
        json_free(&document->root);
        return false;
    }
    *ret_root = &document->root;
    return true;
}

void json_free(struct json_node *root)
{
    struct json_document *document = (struct json_document *)root;
    if (document == NULL) {
        return;
    }
    for (struct node_block *block = document->blocks; block != NULL;) {
        struct node_block *next = block->next;
        free(block);
        block = next;
    }
    OPENSSL_cleanse(document->text, document->text_size); /* there may be keys in it */
    free(document);
}
