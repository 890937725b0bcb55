#include "acs/redact.h"

#include <ctype.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "acs/signature.h"
#include "base/text.h"

#define RUN 12        /* so many characters of a secret are taken for it */
#define RUN_BASE64 15 /* 12 bytes determine at least so many characters of base64 */
#define RUN_HEX 24
#define RUNS_MAX 37   /* of a character: plain; 2 and 3 times 4/3 in each of 3 + 3 forms */
#define RING 32       /* a power of two above the longest run */
#define LETTERS_MIN 6 /* letters and digits of a run; with less it is in a text by chance */
#define SIGNATURE 64  /* hexadecimal digits */
#define UNESCAPES 3   /* a text is escaped at most so many times over */
#define ENTITY_MAX 32 /* HTML has no longer name */
#define HASH_BASE 0x9E3779B97F4A7C15U

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Characters of which only letters and digits count, without their case; hashed as they come. */
struct roll {
    uint64_t hash;         /* of all so far */
    uint64_t before[RING]; /* [n % RING]: of the first n */
    size_t count;
};

/* The runs of all secrets, as hashes: a run's letters and digits. */
struct runs {
    uint64_t *slots; /* open addressing, 0: free */
    size_t mask;
    uint32_t lengths;      /* bit n: there are runs of n letters and digits */
    uint64_t powers[RING]; /* of HASH_BASE */
};

/* False when the byte does not count. */
static bool roll_on(struct roll *roll, char byte)
{
    if (byte >= 'A' && byte <= 'Z') {
        byte = (char)(byte - 'A' + 'a');
    }
    if (!(byte >= 'a' && byte <= 'z') && !(byte >= '0' && byte <= '9')) {
        return false;
    }
    roll->before[roll->count++ % RING] = roll->hash;
    roll->hash = roll->hash * HASH_BASE + (uint64_t)byte;
    return true;
}

/* Whether the last `length` letters and digits are a run that was learnt; learns it with `add`. */
static bool find_run(const struct runs *runs, const struct roll *roll, size_t length, bool add)
{
    uint64_t start = roll->before[(roll->count - length) % RING];
    uint64_t hash = (roll->hash - start * runs->powers[length] + length) | 1;
    size_t at = (hash * HASH_BASE >> 32) & runs->mask;
    while (runs->slots[at] != 0 && runs->slots[at] != hash) {
        at = (at + 1) & runs->mask;
    }
    bool found = runs->slots[at] != 0;
    runs->slots[at] = add ? hash : runs->slots[at];
    return found;
}

/* Learns the runs of a text, written in digits of `bits` bits from the bit `start` on: 8: as it is,
 * 6: in base64, 4: in hexadecimal. */
static void learn(struct runs *runs, const char *text, size_t start, unsigned bits, size_t run)
{
    static const char base64[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    static const char hex[] = "0123456789abcdef";
    size_t end = strlen(text) * 8;
    size_t letters[RING]; /* [n % RING]: how many of the first n digits count */
    struct roll roll = {0};
    for (size_t at = 0, bit = start; bit + bits <= end; at++, bit += bits) {
        const char *byte = text + bit / 8;
        unsigned two = (unsigned)(unsigned char)byte[0] << 8 | (unsigned char)byte[1];
        unsigned digit = two >> (16 - bits - bit % 8) & ((1U << bits) - 1);
        letters[at % RING] = roll.count;
        (void)roll_on(&roll, bits == 8 ? (char)digit : bits == 6 ? base64[digit] : hex[digit]);
        size_t count = at + 1 < run ? 0 : roll.count - letters[(at + 1 - run) % RING];
        if (count >= (run < RUN ? 1 : LETTERS_MIN)) {
            (void)find_run(runs, &roll, count, true);
            runs->lengths |= UINT32_C(1) << count;
        }
    }
}

/* Plain, and encoded: as it is, as URLs have it, in lower and in upper case. */
static bool learn_secret(struct runs *runs, const char *secret)
{
    size_t length = strlen(secret);
    struct buffer form;
    buffer_init(&form, 3 * length);
    learn(runs, secret, 0, 8, length < RUN ? length : RUN);
    for (unsigned i = 0; i < 4 && length >= RUN && !form.failed; i++) {
        buffer_reset(&form);
        if (i == 1) {
            acs_percent_encode(&form, secret);
        } else {
            buffer_puts(&form, secret);
        }
        for (char *at = form.data; i > 1 && *at != '\0'; at++) {
            *at = (char)(i == 2 ? tolower((unsigned char)*at) : toupper((unsigned char)*at));
        }
        learn(runs, form.data, 0, 4, RUN_HEX);
        learn(runs, form.data, 0, 6, RUN_BASE64);
        /* Its first 6 or 4 bits share a digit with what stands before it. */
        learn(runs, form.data, 2, 6, RUN_BASE64);
        learn(runs, form.data, 4, 6, RUN_BASE64);
    }
    bool ok = !form.failed;
    buffer_free_secret(&form);
    return ok;
}

static bool learn_all(struct runs *runs, const struct acs_secrets *secrets)
{
    const char *const texts[] = {secrets->key_secret, secrets->token, secrets->signature};
    size_t count = 0;
    size_t size = 64;
    for (size_t i = 0; i < COUNT(texts); i++) {
        count += texts[i] != NULL ? strlen(texts[i]) * RUNS_MAX : 0;
    }
    while (size < count + count / 4) {
        size *= 2;
    }
    runs->slots = calloc(size, sizeof(*runs->slots));
    runs->mask = size - 1;
    runs->powers[0] = 1;
    for (size_t i = 1; i < RING; i++) {
        runs->powers[i] = runs->powers[i - 1] * HASH_BASE;
    }
    bool ok = runs->slots != NULL;
    for (size_t i = 0; ok && i < COUNT(texts); i++) {
        ok = texts[i] == NULL || learn_secret(runs, texts[i]);
    }
    return ok;
}

static bool is_quoted(const struct runs *runs, const char *text, size_t length)
{
    struct roll roll = {0};
    for (size_t at = 0; at < length; at++) {
        if (!roll_on(&roll, text[at])) {
            continue;
        }
        for (uint32_t left = runs->lengths; left != 0; left &= left - 1) {
            size_t run = (size_t)__builtin_ctz(left);
            if (run <= roll.count && find_run(runs, &roll, run, false)) {
                return true;
            }
        }
    }
    return false;
}

/* Reads digits of a base; returns how many. */
static size_t read_digits(const char *text, size_t length, unsigned base, unsigned *ret_value)
{
    static const char digits[] = "0123456789abcdef0123456789ABCDEF";
    size_t count = 0;
    *ret_value = 0;
    for (; count < length && text[count] != '\0'; count++) {
        const char *digit = strchr(digits, text[count]);
        if (digit == NULL || (size_t)(digit - digits) % 16 >= base) {
            break;
        }
        *ret_value = *ret_value * base + (unsigned)(digit - digits) % 16;
    }
    return count;
}

/* An escape by number; what is not ASCII does not count and is a blank. 0: none. */
static size_t read_number(const char *text, size_t length, char *ret_byte)
{
    static const struct {
        const char *start;
        size_t most, least; /* digits */
        unsigned base;
    } escapes[] = {{"%", 2, 2, 16},   {"\\u", 4, 4, 16}, {"\\x", 2, 2, 16},
                   {"&#x", 7, 1, 16}, {"&#X", 7, 1, 16}, {"&#", 8, 1, 10}};
    for (size_t i = 0; i < COUNT(escapes); i++) {
        unsigned value;
        size_t start = strlen(escapes[i].start);
        size_t size = start;
        if (size >= length || memcmp(text, escapes[i].start, size) != 0) {
            continue;
        }
        while (text[0] == '&' && size < length && text[size] == '0') {
            size++;
        }
        size_t most = length - size < escapes[i].most ? length - size : escapes[i].most;
        size += read_digits(text + size, most, escapes[i].base, &value);
        if (size - start >= escapes[i].least) {
            *ret_byte = (char)(value < 0x80 ? value : ' ');
            /* Browsers read an entity without its end, too. */
            return size + (text[0] == '&' && size < length && text[size] == ';' ? 1 : 0);
        }
    }
    return 0;
}

/* Takes one character of the text; returns the bytes it was. */
static size_t read_character(const char *text, size_t length, char *ret_byte)
{
    size_t size = read_number(text, length, ret_byte);
    if (size > 0) {
        return size;
    }
    *ret_byte = text[0];
    if (text[0] == '\\' && length >= 2 && strchr("\\nrtbf", text[1]) != NULL) {
        *ret_byte = text[1] == '\\' ? '\\' : ' ';
        return 2;
    }
    if (text[0] == '&') { /* names stand for what does not count, but for the sign itself */
        static const char *const endless[] = {"&nbsp", "&shy", "&amp"}; /* to browsers */
        for (size_t i = 0; i < COUNT(endless); i++) {
            size = strlen(endless[i]);
            if (size < length && memcmp(text, endless[i], size) == 0) {
                return text[size] == ';' ? size + 1 : size;
            }
        }
        size = 1;
        while (size < length && size < ENTITY_MAX && text[size] >= 'A' && text[size] <= 'z') {
            size++;
        }
        return size < length && text[size] == ';' ? size + 1 : 1;
    }
    return 1;
}

static size_t unescape(char *text, size_t length)
{
    size_t used = 0;
    for (size_t at = 0; at < length;) {
        char byte;
        at += read_character(text + at, length - at, &byte);
        text[used++] = byte;
    }
    return used;
}

bool acs_holds_secret(const char *text, size_t length, const struct acs_secrets *secrets)
{
    struct runs runs = {0};
    if (length == 0 || secrets == NULL) {
        return false;
    }
    char *copy = text_copy_length(text, length);
    bool found = copy == NULL || !learn_all(&runs, secrets) || is_quoted(&runs, copy, length);
    for (unsigned i = 0; !found && i < UNESCAPES; i++) {
        size_t before = length;
        length = unescape(copy, length);
        if (length == before) {
            break;
        }
        found = is_quoted(&runs, copy, length);
    }
    free(runs.slots);
    free(copy);
    return found;
}

/* The length of the text before a quotation of the request: what was signed, or the signature. */
static size_t before_quotation(const char *text, size_t length)
{
    static const char *const marks[] = {"server StringToSign is",
                                        "server string to sign is",
                                        "server CanonicalRequest is",
                                        "Authorization:",
                                        "ACS3-HMAC-SHA256",
                                        "Signature=",
                                        "Signature%3D"};
    for (size_t at = 0; at < length; at++) {
        if (strchr("sSaA", text[at]) == NULL) {
            continue;
        }
        for (size_t i = 0; i < COUNT(marks); i++) {
            size_t size = strlen(marks[i]);
            if (size <= length - at && strncasecmp(text + at, marks[i], size) == 0) {
                return at;
            }
        }
    }
    return length;
}

/* Where so many hexadecimal digits in a row begin that they may be a signature; `length`: nowhere.
 * Their number is in *ret_digits. */
static size_t find_signature(const char *text, size_t length, size_t *ret_digits)
{
    unsigned ignored;
    for (size_t at = 0; at < length; at += *ret_digits + 1) {
        *ret_digits = read_digits(text + at, length - at, 16, &ignored);
        if (*ret_digits >= SIGNATURE) {
            return at;
        }
    }
    return length;
}

bool acs_may_hold_signature(const char *text, size_t length)
{
    size_t digits;
    return find_signature(text, length, &digits) < length;
}

void acs_redact(struct buffer *buffer, const char *text, size_t length, size_t maximum,
                const struct acs_secrets *secrets)
{
    size_t shown = length < maximum ? length : maximum;
    size_t end = before_quotation(text, shown);
    if (acs_holds_secret(text, end, secrets)) {
        buffer_puts(buffer, ACS_LEFT_OUT);
        return;
    }
    for (size_t at = 0, digits = 0; at < end; at += digits) {
        size_t found = at + find_signature(text + at, length - at, &digits);
        text_escape(buffer, text + at, (found < end ? found : end) - at, SIZE_MAX);
        if (found >= end) {
            break;
        }
        buffer_puts(buffer, ACS_REDACTED);
        at = found;
    }
    if (end < shown) {
        buffer_puts(buffer, ACS_REDACTED);
    } else if (length > maximum) {
        buffer_puts(buffer, "...");
    }
}
