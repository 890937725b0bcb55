#include "base/text.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define NEAREST_MAX                                                                                \
    (sizeof(((struct text_nearest *)NULL)->copy) - 1) /* bytes of a word that is compared */

char *text_copy(const char *text)
{
    return text_copy_length(text, strlen(text));
}

char *text_copy_length(const char *text, size_t length)
{
    char *copy = malloc(length + 1);
    if (copy != NULL) {
        if (length > 0) {
            memcpy(copy, text, length);
        }
        copy[length] = '\0';
    }
    return copy;
}

bool text_fit(char *target, size_t size, const char *text)
{
    size_t length = strnlen(text, size - 1);
    bool fits = text[length] == '\0';
    memmove(target, text, length);
    target[length] = '\0';
    return fits;
}

bool text_to_int64(const char *text, int64_t minimum, int64_t maximum, int64_t *ret_value)
{
    const char *digits = text + (*text == '-' ? 1 : 0);
    if (*digits == '\0' || digits[strspn(digits, "0123456789")] != '\0') {
        return false;
    }
    errno = 0;
    long long value = strtoll(text, NULL, 10);
    if (errno != 0 || value < minimum || value > maximum) {
        return false;
    }
    *ret_value = value;
    return true;
}

bool text_to_duration(const char *text, int64_t *ret_seconds)
{
    static const char letters[] = "smhdw";
    static const int64_t seconds[] = {1, 60, 3600, 86400, 604800};
    size_t digits = strspn(text, "0123456789");
    const char *letter = text[digits] == '\0' ? letters : strchr(letters, text[digits]);
    if (digits == 0 || letter == NULL || (text[digits] != '\0' && text[digits + 1] != '\0')) {
        return false;
    }
    errno = 0;
    long long value = strtoll(text, NULL, 10);
    if (errno != 0 || value > TEXT_DURATION_MAX / seconds[letter - letters]) {
        return false;
    }
    *ret_seconds = value * seconds[letter - letters];
    return true;
}

size_t text_utf8_length(const char *text, size_t length, uint32_t *ret_code_point)
{
    /* By the bytes that follow the first: its marking bits, and the least code point. */
    static const struct {
        unsigned char mask, mark;
        uint32_t least;
    } forms[] = {{0x80, 0, 0}, {0xE0, 0xC0, 0x80}, {0xF0, 0xE0, 0x800}, {0xF8, 0xF0, 0x10000}};
    const unsigned char *bytes = (const unsigned char *)text;
    size_t more = 0;
    while (more < 4 && more < length && (bytes[0] & forms[more].mask) != forms[more].mark) {
        more++;
    }
    if (more == 4 || more >= length) {
        return 0;
    }
    uint32_t code = bytes[0] & (0xFFU ^ forms[more].mask);
    for (size_t i = 1; i <= more; i++) {
        if ((bytes[i] & 0xC0) != 0x80) {
            return 0;
        }
        code = (code << 6) | (bytes[i] & 0x3FU);
    }
    if (code < forms[more].least || code > 0x10FFFF || (code >= 0xD800 && code <= 0xDFFF)) {
        return 0;
    }
    *ret_code_point = code;
    return more + 1;
}

/* Controls, separators and marks that are not seen, or change what is seen of the text around: the
 * categories Cc, Cf, Zl and Zp of Unicode 16, and all planes from the tags on. */
static bool is_dangerous(uint32_t code)
{
    static const struct {
        uint32_t first, last;
    } ranges[] = {{0x0000, 0x001F},   {0x007F, 0x009F},   {0x00AD, 0x00AD},   {0x0600, 0x0605},
                  {0x061C, 0x061C},   {0x06DD, 0x06DD},   {0x070F, 0x070F},   {0x0890, 0x0891},
                  {0x08E2, 0x08E2},   {0x180E, 0x180E},   {0x200B, 0x200F},   {0x2028, 0x202E},
                  {0x2060, 0x206F},   {0xFEFF, 0xFEFF},   {0xFFF9, 0xFFFB},   {0x110BD, 0x110BD},
                  {0x110CD, 0x110CD}, {0x13430, 0x1343F}, {0x1BCA0, 0x1BCA3}, {0x1D173, 0x1D17A},
                  {0xE0000, 0x10FFFF}};
    for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]) && code >= ranges[i].first; i++) {
        if (code <= ranges[i].last) {
            return true;
        }
    }
    return false;
}

void text_escape(struct buffer *buffer, const char *text, size_t length, size_t maximum)
{
    size_t start = buffer->length;
    size_t at = 0;
    while (at < length) {
        char escape[16] = "";
        uint32_t code = 0;
        size_t size = text_utf8_length(text + at, length - at, &code);
        if (size == 0) {
            (void)snprintf(escape, sizeof(escape), "\\x%02x", (unsigned)(unsigned char)text[at]);
            size = 1;
        } else if (is_dangerous(code)) {
            (void)snprintf(escape, sizeof(escape), "\\u{%04x}", (unsigned)code);
        }
        const char *piece = escape[0] != '\0' ? escape : text + at;
        size_t piece_length = escape[0] != '\0' ? strlen(escape) : size;
        if (piece_length > maximum - (buffer->length - start)) {
            buffer_puts(buffer, "...");
            return;
        }
        buffer_append(buffer, piece, piece_length);
        at += size;
    }
}

void text_show(char *target, size_t size, const char *text, size_t length, size_t maximum)
{
    struct buffer shown;
    buffer_init(&shown, maximum + sizeof("..."));
    text_escape(&shown, text, length, maximum);
    (void)text_fit(target, size, shown.data);
    buffer_free(&shown);
}

size_t text_mark_length(const char *text, size_t length)
{
    return length >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0;
}

void text_lower(char *text)
{
    for (; *text != '\0'; text++) {
        if (*text >= 'A' && *text <= 'Z') {
            *text = (char)(*text - 'A' + 'a');
        }
    }
}

bool text_equal_nocase(const char *left, const char *right)
{
    return strcasecmp(left, right) == 0; /* in the C locale: nothing here calls setlocale() */
}

/* How many letters are wrong, missing or too many (Levenshtein); two that are swapped are two. Both
 * words have at most NEAREST_MAX letters. */
static size_t count_slips(const char *left, const char *right)
{
    size_t slips[NEAREST_MAX + 1]; /* to each beginning of `right`, from so much of `left` */
    size_t length = strlen(right);
    for (size_t j = 0; j <= length; j++) {
        slips[j] = j;
    }
    for (size_t i = 0; left[i] != '\0'; i++) {
        size_t diagonal = slips[0]++;
        for (size_t j = 0; j < length; j++) {
            size_t best = diagonal + (left[i] != right[j]);
            best = slips[j] + 1 < best ? slips[j] + 1 : best;
            diagonal = slips[j + 1];
            slips[j + 1] = diagonal + 1 < best ? diagonal + 1 : best;
        }
    }
    return slips[length];
}

void text_nearest_try(struct text_nearest *nearest, const char *name)
{
    char left[NEAREST_MAX + 1], right[NEAREST_MAX + 1];
    if (!text_fit(left, sizeof(left), nearest->word) || !text_fit(right, sizeof(right), name)) {
        return;
    }
    text_lower(left);
    text_lower(right);
    size_t distance = count_slips(left, right);
    if (distance > 1 && strlen(left) > 1 && text_starts_with(right, left)) {
        distance = 1;
    }
    if (distance <= (strlen(left) < 4 ? 1U : 2U) &&
        (nearest->best == NULL || distance < nearest->distance)) {
        (void)text_fit(nearest->copy, sizeof(nearest->copy), name);
        nearest->best = nearest->copy;
        nearest->distance = distance;
    }
}

bool text_did_you_mean(const struct text_nearest *nearest, const char *dashes, struct error *err)
{
    size_t used = strlen(err->message);
    if (nearest->best != NULL) {
        (void)snprintf(err->message + used, sizeof(err->message) - used, " (did you mean '%s%s'?)",
                       dashes, nearest->best);
    }
    return false;
}

char *text_piece(char **rest, const char *separators)
{
    static char none[1];
    char *piece = *rest != NULL ? strsep(rest, separators) : none;
    piece += strspn(piece, " \t");
    size_t length = strlen(piece);
    while (length > 0 && (piece[length - 1] == ' ' || piece[length - 1] == '\t')) {
        piece[--length] = '\0';
    }
    return piece;
}

bool text_starts_with(const char *text, const char *start)
{
    return strncmp(text, start, strlen(start)) == 0;
}

bool text_ends_with(const char *text, const char *end)
{
    size_t length = strlen(text);
    size_t end_length = strlen(end);
    return length >= end_length && strcmp(text + length - end_length, end) == 0;
}
