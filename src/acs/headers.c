#include "acs/headers.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "base/text.h"

#define VALUE_MAX 1024

void acs_headers_init(struct acs_headers *headers)
{
    memset(headers, 0, sizeof(*headers));
    buffer_init(&headers->lines, ACS_HEADERS_MAX);
}

void acs_headers_free(struct acs_headers *headers)
{
    buffer_free(&headers->lines);
}

void acs_request_id_copy(char *target, size_t size, const char *text)
{
    size_t used = 0;
    for (; *text != '\0' && used + 1 < size; text++) {
        if (strchr(TEXT_ALPHANUMERIC "-", *text) != NULL) {
            target[used++] = *text;
        }
    }
    target[*text == '\0' ? used : 0] = '\0';
}

/*
 * A number of `unit_ms` milliseconds each, clamped to ACS_WAIT_MAX_MS; what follows it must be the
 * end or one of `terminators`. Garbage and negative numbers are 0.
 */
static int64_t parse_wait(const char *text, const char *terminators, int64_t unit_ms)
{
    char *end;
    long long value = strtoll(text, &end, 10); /* clamped, too */
    if (end == text || *text < '0' || (*end != '\0' && strchr(terminators, *end) == NULL)) {
        return 0;
    }
    return value < ACS_WAIT_MAX_MS / unit_ms ? value * unit_ms : ACS_WAIT_MAX_MS;
}

static void keep_longer(int64_t *target, int64_t wait_ms)
{
    *target = wait_ms > *target ? wait_ms : *target;
}

/* RFC 9110 section 10.2.3: seconds, or a date. */
static int64_t parse_retry_after(const char *value, int64_t now)
{
    int64_t date;
    if (clock_from_http_date(value, &date)) {
        int64_t seconds = date > now ? date - now : 0;
        return seconds < ACS_WAIT_MAX_MS / 1000 ? seconds * 1000 : ACS_WAIT_MAX_MS;
    }
    return parse_wait(value, "", 1000);
}

/* "Limit:1,Remain:0,TimeLeft:2000,Reset:1234", in milliseconds. */
static int64_t parse_time_left(const char *value)
{
    static const char name[] = "TimeLeft:";
    for (const char *at = value; at != NULL; at = strchr(at, ',')) {
        at += strspn(at, ", ");
        if (strncasecmp(at, name, sizeof(name) - 1) == 0) {
            at += sizeof(name) - 1;
            return parse_wait(at + strspn(at, " "), ", ", 1);
        }
    }
    return 0;
}

/* The host of an absolute URL; "" for a path. */
static void copy_location_host(char *target, size_t size, const char *value)
{
    const char *host = strstr(value, "://");
    host = host != NULL ? host + 3 : strncmp(value, "//", 2) == 0 ? value + 2 : "";
    const char *end = host + strcspn(host, "/?#");
    const char *user = memrchr(host, '@', (size_t)(end - host));
    host = user != NULL ? user + 1 : host;
    (void)snprintf(target, size, "%.*s", (int)(end - host), host);
}

static void take_field(struct acs_headers *headers, const char *name, const char *value,
                       int64_t now)
{
    int64_t date;
    if (text_equal_nocase(name, "date")) {
        headers->date = clock_from_http_date(value, &date) ? date : 0;
    } else if (text_equal_nocase(name, "x-acs-request-id")) {
        acs_request_id_copy(headers->request_id, sizeof(headers->request_id), value);
    } else if (text_equal_nocase(name, "x-acs-retry-after")) {
        keep_longer(&headers->retry_after_ms, parse_wait(value, "", 1));
    } else if (text_equal_nocase(name, "retry-after")) {
        keep_longer(&headers->retry_after_ms, parse_retry_after(value, now));
    } else if (text_equal_nocase(name, "x-ratelimit-user-api") ||
               text_equal_nocase(name, "x-ratelimit-user")) {
        keep_longer(&headers->rate_limit_ms, parse_time_left(value));
    } else if (text_equal_nocase(name, "location")) {
        copy_location_host(headers->location, sizeof(headers->location), value);
    }
}

/* Copies without the spaces around; false when it does not fit or holds a NUL. */
static bool copy_trimmed(char *target, size_t size, const char *text, size_t length)
{
    while (length > 0 && strchr(" \t\r\n", text[length - 1]) != NULL) {
        length--;
    }
    while (length > 0 && (*text == ' ' || *text == '\t')) {
        text++;
        length--;
    }
    if (length >= size || memchr(text, '\0', length) != NULL) {
        return false;
    }
    memcpy(target, text, length);
    target[length] = '\0';
    return true;
}

bool acs_headers_line(struct acs_headers *headers, const char *line, size_t length, int64_t now)
{
    char name[64];
    char value[VALUE_MAX];
    if (length > ACS_HEADERS_MAX - headers->total) {
        return false;
    }
    if (length >= 5 && memcmp(line, "HTTP/", 5) == 0) { /* another answer; they share the total */
        buffer_reset(&headers->lines);
        *headers = (struct acs_headers){.lines = headers->lines, .total = headers->total};
    }
    headers->total += length;
    buffer_append(&headers->lines, line, length);
    const char *colon = memchr(line, ':', length);
    if (colon != NULL && copy_trimmed(name, sizeof(name), line, (size_t)(colon - line)) &&
        copy_trimmed(value, sizeof(value), colon + 1, length - (size_t)(colon - line) - 1)) {
        take_field(headers, name, value, now);
    }
    return !headers->lines.failed;
}
