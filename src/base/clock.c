#include "base/clock.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

int64_t clock_now(void)
{
    return (int64_t)time(NULL);
}

int64_t clock_monotonic_ms(void)
{
    struct timespec now;
    if (clock_gettime(CLOCK_MONOTONIC, &now) != 0) {
        return 0;
    }
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

static bool is_leap_year(int year)
{
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static int days_in_month(int year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    return days[month - 1] + (month == 2 && is_leap_year(year) ? 1 : 0);
}

/* Days since 1970-01-01 of a date in the proleptic Gregorian calendar; no time zone involved. */
static int64_t days_from_date(int year, int month, int day)
{
    static const int before[] = {0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334};
    int64_t y = year;
    int64_t leap_years = (y - 1) / 4 - (y - 1) / 100 + (y - 1) / 400;
    int64_t days =
        (y - 1) * 365 + leap_years + before[month - 1] + (is_leap_year(year) && month > 2 ? 1 : 0);
    return days + day - 1 - 719162; /* days from 0001-01-01 to 1970-01-01 */
}

static bool to_seconds(int year, int month, int day, int hour, int minute, int second,
                       int64_t *ret_seconds)
{
    if (year < 1 || month < 1 || month > 12 || day < 1 || day > days_in_month(year, month) ||
        hour > 23 || minute > 59 || second > 60) {
        return false;
    }
    *ret_seconds = days_from_date(year, month, day) * 86400 + hour * 3600 + minute * 60 + second;
    return true;
}

/* Reads exactly `count` digits. */
static bool digits(const char **text, int count, int *ret_value)
{
    int value = 0;
    for (int i = 0; i < count; i++) {
        char byte = (*text)[i];
        if (byte < '0' || byte > '9') {
            return false;
        }
        value = value * 10 + (byte - '0');
    }
    *text += count;
    *ret_value = value;
    return true;
}

static bool literal(const char **text, const char *expected)
{
    size_t length = strlen(expected);
    if (strncmp(*text, expected, length) != 0) {
        return false;
    }
    *text += length;
    return true;
}

bool clock_from_iso8601(const char *text, int64_t *ret_seconds)
{
    int year, month, day, hour, minute, second;
    return digits(&text, 4, &year) && literal(&text, "-") && digits(&text, 2, &month) &&
           literal(&text, "-") && digits(&text, 2, &day) && literal(&text, "T") &&
           digits(&text, 2, &hour) && literal(&text, ":") && digits(&text, 2, &minute) &&
           literal(&text, ":") && digits(&text, 2, &second) && literal(&text, "Z") &&
           *text == '\0' && to_seconds(year, month, day, hour, minute, second, ret_seconds);
}

static bool month_name(const char **text, int *ret_month)
{
    static const char names[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    for (int i = 0; i < 12; i++) {
        if (strncmp(*text, names + 3 * i, 3) == 0) {
            *text += 3;
            *ret_month = i + 1;
            return true;
        }
    }
    return false;
}

bool clock_from_http_date(const char *text, int64_t *ret_seconds)
{
    int year, month, day, hour, minute, second;
    const char *comma = strchr(text, ',');
    if (comma == NULL || comma - text != 3) {
        return false;
    }
    text = comma + 1;
    return literal(&text, " ") && digits(&text, 2, &day) && literal(&text, " ") &&
           month_name(&text, &month) && literal(&text, " ") && digits(&text, 4, &year) &&
           literal(&text, " ") && digits(&text, 2, &hour) && literal(&text, ":") &&
           digits(&text, 2, &minute) && literal(&text, ":") && digits(&text, 2, &second) &&
           literal(&text, " GMT") && *text == '\0' &&
           to_seconds(year, month, day, hour, minute, second, ret_seconds);
}
