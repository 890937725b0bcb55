/* Text: parsing of numbers and durations, copying, and making foreign text safe to print. */
#ifndef HBRSYNC_BASE_TEXT_H
#define HBRSYNC_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/error.h"

/* The letters and digits of ASCII, for strspn. */
#define TEXT_ALPHANUMERIC "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

/* A copy owned by the caller (free), or NULL when there is no memory. */
char *text_copy(const char *text);
char *text_copy_length(const char *text, size_t length);

/*
 * Copies `text` into `target` of `size` bytes, cut where it does not fit, always terminated.
 * Returns false when it was cut.
 */
bool text_fit(char *target, size_t size, const char *text);

/* A decimal integer within [minimum, maximum], nothing before or after it. */
bool text_to_int64(const char *text, int64_t minimum, int64_t maximum,
                   int64_t *ret_value) MUST_CHECK;

#define TEXT_DURATION_MAX (10LL * 366 * 24 * 3600) /* ten years */

/* A duration: "90", "90s", "10m", "24h", "7d", "2w"; seconds, at most TEXT_DURATION_MAX. */
bool text_to_duration(const char *text, int64_t *ret_seconds) MUST_CHECK;

/*
 * Appends foreign text with everything escaped that could move a cursor, change its direction or
 * forge a line, or that is not seen: controls, line separators, bidirectional and invisible
 * characters, and bytes that are not UTF-8 (as \xNN or \u{NNNN}). At most `maximum` bytes are
 * appended, then "...".
 */
void text_escape(struct buffer *buffer, const char *text, size_t length, size_t maximum);

/* Puts foreign text, escaped as by text_escape, in `target`; cut where it does not fit. */
void text_show(char *target, size_t size, const char *text, size_t length, size_t maximum);

/* The number of bytes of the well-formed UTF-8 character at `text` (RFC 3629), 0 when ill-formed.
 */
size_t text_utf8_length(const char *text, size_t length, uint32_t *ret_code_point);

/* The length of the byte order mark (UTF-8) that editors and PowerShell put before a text, or 0. */
size_t text_mark_length(const char *text, size_t length);

/* Makes A to Z lower case, whatever the locale; writes only what changes. */
void text_lower(char *text);

/* Case-insensitive comparison in ASCII alone, whatever the locale. */
bool text_equal_nocase(const char *left, const char *right);

/*
 * The name that a mistyped word is most like: it begins with the word, or is a few slips away, in
 * whatever case. Begin with {.word = word} and try every name; `best` stays NULL when none is like
 * it, else points into the struct.
 */
struct text_nearest {
    const char *word, *best;
    size_t distance;
    char copy[65];
};
void text_nearest_try(struct text_nearest *nearest, const char *name);

/* Adds "(did you mean 'NAME'?)" to the message where there is one, with `dashes` before the name.
 * Returns false. */
bool text_did_you_mean(const struct text_nearest *nearest, const char *dashes, struct error *err);

/* Cuts the next piece off *rest, as strsep() does, and takes blanks away around it; "" at the end.
 */
char *text_piece(char **rest, const char *separators);

bool text_starts_with(const char *text, const char *start);
bool text_ends_with(const char *text, const char *end);

#endif
