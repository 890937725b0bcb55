#include "base/clock.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/text.h"

#define YEAR_1 (-62135596800)
#define YEAR_10000 253402300800

int64_t clock_now(void)
{
    return (int64_t)time(NULL);
}

int64_t clock_monotonic_ms(void)
{
    struct timespec now = {0};
    (void)clock_gettime(CLOCK_MONOTONIC, &now); /* Linux has it */
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

bool clock_to_iso8601(int64_t seconds, char text[CLOCK_ISO8601_SIZE])
{
    time_t when = (time_t)seconds;
    struct tm utc;
    if (gmtime_r(&when, &utc) == NULL || utc.tm_year < -1900 || utc.tm_year > 9999 - 1900) {
        text[0] = '\0';
        return false;
    }
    /* Not strftime: its %Y does not pad a year before 1000 to four digits. */
    int length =
        snprintf(text, CLOCK_ISO8601_SIZE, "%04d-%02d-%02dT%02d:%02d:%02dZ", utc.tm_year + 1900,
                 utc.tm_mon + 1, utc.tm_mday, utc.tm_hour, utc.tm_min, utc.tm_sec);
    return length > 0 && length < CLOCK_ISO8601_SIZE;
}

/* Whether a text is like `shape`: 0 is a digit, ? any byte, all others stand for themselves. */
static bool has_shape(const char *text, const char *shape)
{
    for (; *shape != '\0'; shape++, text++) {
        bool is_digit = *text >= '0' && *text <= '9';
        if (*shape == '0' ? !is_digit : *text != *shape && (*shape != '?' || *text == '\0')) {
            return false;
        }
    }
    return *text == '\0';
}

/* timegm() makes another date of a day or hour that does not exist. */
static bool to_seconds(const struct tm *utc, int64_t *ret_seconds)
{
    struct tm made = *utc;
    made.tm_sec = 0;
    int64_t minute = (int64_t)timegm(&made);
    if (utc->tm_year < 1 - 1900 || utc->tm_sec > 60 || made.tm_mon != utc->tm_mon ||
        made.tm_mday != utc->tm_mday || made.tm_hour != utc->tm_hour ||
        made.tm_min != utc->tm_min) {
        return false;
    }
    *ret_seconds = minute + utc->tm_sec;
    return true;
}

/* "Z", or how far ahead of UTC it is: "+08:00". */
static bool read_offset(const char *text, int64_t *ret_seconds)
{
    int hours = 0;
    int minutes = 0;
    *ret_seconds = 0;
    if (strcmp(text, "Z") == 0 || strcmp(text, "z") == 0) {
        return true;
    }
    if (!has_shape(text, "?00:00") || strchr("+-", text[0]) == NULL ||
        sscanf(text + 1, "%2d:%2d", &hours, &minutes) != 2 || hours > 23 || minutes > 59) {
        return false;
    }
    *ret_seconds = (int64_t)(hours * 60 + minutes) * (text[0] == '+' ? 60 : -60);
    return true;
}

bool clock_from_rfc3339(const char *text, int64_t *ret_seconds)
{
    struct tm utc = {0};
    char moment[sizeof("2026-01-15T08:30:00")];
    int64_t local = 0;
    int64_t offset = 0;
    if (!text_fit(moment, sizeof(moment), text)) {
        text += sizeof(moment) - 1;
    }
    if (text[0] == '.' && text[1 + strspn(text + 1, "0123456789")] != '\0' &&
        isdigit((unsigned char)text[1])) {
        text += 1 + strspn(text + 1, "0123456789");
    }
    if (!has_shape(moment, "0000-00-00?00:00:00") || strchr("Tt ", moment[10]) == NULL ||
        sscanf(moment, "%4d-%2d-%2d%*c%2d:%2d:%2d", &utc.tm_year, &utc.tm_mon, &utc.tm_mday,
               &utc.tm_hour, &utc.tm_min, &utc.tm_sec) != 6) {
        return false;
    }
    utc.tm_year -= 1900;
    utc.tm_mon -= 1;
    if (!to_seconds(&utc, &local) || !read_offset(text, &offset) || local - offset < YEAR_1 ||
        local - offset >= YEAR_10000) {
        return false;
    }
    *ret_seconds = local - offset;
    return true;
}

bool clock_from_http_date(const char *text, int64_t *ret_seconds)
{
    static const char names[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    char moment[CLOCK_ISO8601_SIZE];
    const char *name = has_shape(text, "???, 00 ??? 0000 00:00:00 GMT")
                           ? memmem(names, sizeof(names) - 1, text + 8, 3)
                           : NULL;
    if (name == NULL || (name - names) % 3 != 0) {
        return false;
    }
    (void)snprintf(moment, sizeof(moment), "%.4s-%02d-%.2sT%.8sZ", text + 12,
                   (int)(name - names) / 3 + 1, text + 5, text + 17);
    return clock_from_rfc3339(moment, ret_seconds);
}
