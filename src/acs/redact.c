#include "acs/redact.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/text.h"

#define RUN 12        /* so many characters of a secret are taken for it */
#define RUN_BASE64 15 /* 12 bytes determine at least so many characters of base64 */
#define RUN_HEX 24
#define RING 32       /* a power of two above the longest run */
#define LETTERS_MIN 6 /* letters and digits of a run; with less it is in a text by chance */
#define SIGNATURE 64  /* hexadecimal digits */
#define UNESCAPES 3   /* a text is escaped at most so many times over */
#define ENTITY_MAX 32 /* HTML has no longer name */
#define HASH_BASE 0x9E3779B97F4A7C15U

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

/* A secret in one of the ways to write it, and the length of its runs. */
struct form {
    struct roll roll;
    size_t letters[RING]; /* [n % RING]: how many of the first n characters count */
    size_t total;
    size_t run;
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

/* The slot of the last `length` letters and digits, or the free one where they belong. */
static uint64_t *find_slot(const struct runs *runs, const struct roll *roll, size_t length,
                           uint64_t *ret_hash)
{
    uint64_t start = roll->before[(roll->count - length) % RING];
    uint64_t hash = (roll->hash - start * runs->powers[length] + length) | 1;
    size_t at = (hash * HASH_BASE >> 32) & runs->mask;
    while (runs->slots[at] != 0 && runs->slots[at] != hash) {
        at = (at + 1) & runs->mask;
    }
    *ret_hash = hash;
    return &runs->slots[at];
}

static void learn(struct runs *runs, struct form *form, char byte)
{
    uint64_t hash;
    form->letters[form->total++ % RING] = form->roll.count;
    (void)roll_on(&form->roll, byte);
    if (form->total < form->run) {
        return;
    }
    size_t length = form->roll.count - form->letters[(form->total - form->run) % RING];
    if (length >= (form->run < RUN ? 1 : LETTERS_MIN)) {
        uint64_t *slot = find_slot(runs, &form->roll, length, &hash);
        *slot = hash;
        runs->lengths |= UINT32_C(1) << length;
    }
}

/* One character of the secret, in hexadecimal and in base64 at each of its three places in a group
 * of three bytes: `bits[i]` are what is left over from the one before. */
struct encoder {
    struct form hex, base64[3];
    uint32_t bits[3];
    unsigned bit_count[3];
    bool begun;
};

static void encode(struct runs *runs, struct encoder *encoder, char byte)
{
    static const char hex[] = "0123456789abcdef";
    static const char base64[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    unsigned value = (unsigned char)byte;
    learn(runs, &encoder->hex, hex[value >> 4]);
    learn(runs, &encoder->hex, hex[value & 15]);
    for (unsigned i = 0; i < 3; i++) {
        encoder->bits[i] = (encoder->bits[i] << 8) | value;
        /* The first 4 or 2 bits of the secret share a character with what stands before it. */
        encoder->bit_count[i] += encoder->begun ? 8 : 8 - i * 2;
        for (; encoder->bit_count[i] >= 6; encoder->bit_count[i] -= 6) {
            learn(runs, &encoder->base64[i],
                  base64[(encoder->bits[i] >> (encoder->bit_count[i] - 6)) & 63]);
        }
    }
    encoder->begun = true;
}

static void start_encoder(struct encoder *encoder)
{
    memset(encoder, 0, sizeof(*encoder));
    encoder->hex.run = RUN_HEX;
    for (size_t i = 0; i < 3; i++) {
        encoder->base64[i].run = RUN_BASE64;
    }
}

/* Whether a URL has it as "%XX". */
static bool is_percent_encoded(char byte)
{
    static const char plain[] = "-_.~";
    struct roll ignored = {0};
    return !roll_on(&ignored, byte) && strchr(plain, byte) == NULL;
}

static void learn_secret(struct runs *runs, const char *secret)
{
    static const char hex[] = "0123456789ABCDEF";
    struct encoder raw, percent, lower, upper;
    size_t length = strlen(secret);
    struct form plain = {.run = length < RUN ? length : RUN};
    start_encoder(&raw);
    start_encoder(&percent);
    start_encoder(&lower);
    start_encoder(&upper);
    for (; *secret != '\0'; secret++) {
        learn(runs, &plain, *secret);
        if (length < RUN) {
            continue;
        }
        encode(runs, &raw, *secret);
        encode(runs, &lower, (char)(*secret >= 'A' && *secret <= 'Z' ? *secret + 32 : *secret));
        encode(runs, &upper, (char)(*secret >= 'a' && *secret <= 'z' ? *secret - 32 : *secret));
        if (is_percent_encoded(*secret)) {
            encode(runs, &percent, '%');
            encode(runs, &percent, hex[(unsigned char)*secret >> 4]);
            encode(runs, &percent, hex[*secret & 15]);
        } else {
            encode(runs, &percent, *secret);
        }
    }
}

/* The runs that learn_secret makes at most: plain; 2 and 3 times 4/3 of all, of up to 3 + 3. */
static size_t count_runs(const char *secret)
{
    size_t count = 0;
    for (; *secret != '\0'; secret++) {
        count += is_percent_encoded(*secret) ? 1 + 6 * 6 : 1 + 6 * 4;
    }
    return count;
}

static bool learn_all(struct runs *runs, const struct acs_secrets *secrets)
{
    const char *const texts[] = {secrets->key_secret, secrets->token, secrets->signature};
    size_t count = 0;
    size_t size = 64;
    memset(runs, 0, sizeof(*runs));
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        count += texts[i] != NULL ? count_runs(texts[i]) : 0;
    }
    while (size < count * 2) {
        size *= 2;
    }
    runs->slots = calloc(size, sizeof(*runs->slots));
    if (runs->slots == NULL) {
        return false;
    }
    runs->mask = size - 1;
    runs->powers[0] = 1;
    for (size_t i = 1; i < RING; i++) {
        runs->powers[i] = runs->powers[i - 1] * HASH_BASE;
    }
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        if (texts[i] != NULL) {
            learn_secret(runs, texts[i]);
        }
    }
    return true;
}

static bool is_quoted(const struct runs *runs, const char *text, size_t length)
{
    struct roll roll = {0};
    uint64_t hash;
    for (size_t at = 0; at < length; at++) {
        if (!roll_on(&roll, text[at])) {
            continue;
        }
        for (uint32_t left = runs->lengths; left != 0; left &= left - 1) {
            size_t run = (size_t)__builtin_ctz(left);
            if (run <= roll.count && *find_slot(runs, &roll, run, &hash) != 0) {
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
    for (size_t i = 0; i < sizeof(escapes) / sizeof(escapes[0]); i++) {
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
        for (size_t i = 0; i < sizeof(endless) / sizeof(endless[0]); i++) {
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
    struct runs runs;
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
    if (copy != NULL) {
        free(runs.slots);
    }
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
        for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++) {
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
