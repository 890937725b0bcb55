#include "acs/redact.h"

#include <stdint.h>
#include <string.h>
#include <strings.h>

#include "base/text.h"

#define TAIL_MIN 8       /* so much of a secret at the end of a cut text is taken for the secret */
#define BEGINNING_MIN 16 /* and so much of it anywhere: the sender may have cut it */

/* The value of `count` hexadecimal digits, -1 when they are none. */
static int hex_value(const char *text, size_t count)
{
    int value = 0;
    for (size_t i = 0; i < count; i++) {
        int digit;
        if (text[i] >= '0' && text[i] <= '9') {
            digit = text[i] - '0';
        } else if (text[i] >= 'A' && text[i] <= 'F') {
            digit = text[i] - 'A' + 10;
        } else if (text[i] >= 'a' && text[i] <= 'f') {
            digit = text[i] - 'a' + 10;
        } else {
            return -1;
        }
        value = value * 16 + digit;
    }
    return value;
}

/* Reads one character in any of the ways it may be written; returns the bytes it takes. */
static size_t read_character(const char *text, size_t length, char expected)
{
    if (text[0] == expected) {
        return 1;
    }
    if (length >= 3 && text[0] == '%' && hex_value(text + 1, 2) == expected) {
        return 3;
    }
    if (length >= 2 && text[0] == '\\' && text[1] == expected) {
        return 2;
    }
    if (length >= 6 && text[0] == '\\' && text[1] == 'u' && hex_value(text + 2, 4) == expected) {
        return 6;
    }
    return 0;
}

/* The bytes that the secret takes at the beginning of `text`, 0 when it is not there. */
static size_t match_secret(const char *text, size_t length, const char *secret)
{
    size_t at = 0;
    size_t matched = 0;
    for (; secret[matched] != '\0' && at < length; matched++) {
        size_t size = read_character(text + at, length - at, secret[matched]);
        if (size == 0) {
            return matched >= BEGINNING_MIN ? at : 0;
        }
        at += size;
    }
    return matched > 0 && (secret[matched] == '\0' || matched >= TAIL_MIN) ? at : 0;
}

static size_t match_any(const char *text, size_t length, const struct acs_credentials *credentials)
{
    size_t size = match_secret(text, length, credentials->access_key_secret);
    return size > 0 ? size : match_secret(text, length, credentials->security_token);
}

bool acs_holds_secret(const char *text, size_t length, const struct acs_credentials *credentials)
{
    for (size_t at = 0; at < length; at++) {
        if (match_any(text + at, length - at, credentials) > 0) {
            return true;
        }
    }
    return false;
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

void acs_redact(struct buffer *buffer, const char *text, size_t length, size_t maximum,
                const struct acs_credentials *credentials)
{
    size_t end = before_quotation(text, length);
    size_t stop = end < maximum ? end : maximum;
    size_t plain = 0; /* where the text not yet appended begins */
    size_t at = 0;
    while (at < stop) {
        size_t size = credentials == NULL ? 0 : match_any(text + at, end - at, credentials);
        if (size > 0) {
            text_escape(buffer, text + plain, at - plain, SIZE_MAX);
            buffer_puts(buffer, ACS_REDACTED);
            plain = at + size;
        }
        at += size > 0 ? size : 1;
    }
    if (plain < stop) {
        text_escape(buffer, text + plain, stop - plain, SIZE_MAX);
    }
    /* cppcheck-suppress knownConditionTrueFalse ; it forgets that `stop` may be `maximum` */
    if (end > stop) {
        buffer_puts(buffer, "...");
    } else if (end < length) {
        buffer_puts(buffer, ACS_REDACTED);
    }
}
