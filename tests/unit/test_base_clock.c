/* Time text both ways, checked against the C library's own calendar, and refused when it is not a
 * time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "base/clock.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define UNTOUCHED 4711

static const struct {
    const char *iso, *http;
    int64_t seconds;
} moments[] = {
    {"1970-01-01T00:00:00Z", "Thu, 01 Jan 1970 00:00:00 GMT", 0},
    {"1969-12-31T23:59:59Z", "Wed, 31 Dec 1969 23:59:59 GMT", -1},
    {"2026-01-15T08:30:00Z", "Thu, 15 Jan 2026 08:30:00 GMT", 1768465800},
    {"1994-11-06T08:49:37Z", "Sun, 06 Nov 1994 08:49:37 GMT", 784111777}, /* RFC 9110 */
    {"2000-02-29T00:00:00Z", "Tue, 29 Feb 2000 00:00:00 GMT", 951782400},
    {"2024-02-29T23:59:59Z", "Thu, 29 Feb 2024 23:59:59 GMT", 1709251199},
    {"2024-03-01T00:00:00Z", "Fri, 01 Mar 2024 00:00:00 GMT", 1709251200},
    {"2100-02-28T23:59:59Z", "Sun, 28 Feb 2100 23:59:59 GMT", 4107542399},
    {"2100-03-01T00:00:00Z", "Mon, 01 Mar 2100 00:00:00 GMT", 4107542400},
    {"2038-01-19T03:14:08Z", "Tue, 19 Jan 2038 03:14:08 GMT", 2147483648},
    {"9999-12-31T23:59:59Z", "Fri, 31 Dec 9999 23:59:59 GMT", 253402300799},
    {"0001-01-01T00:00:00Z", "Mon, 01 Jan 0001 00:00:00 GMT", -62135596800},
    {"0999-12-31T00:00:00Z", "Tue, 31 Dec 0999 00:00:00 GMT", -30610310400},
};

static void test_moments(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(moments); i++) {
        char text[CLOCK_ISO8601_SIZE];
        int64_t seconds = UNTOUCHED;
        assert_true(clock_to_iso8601(moments[i].seconds, text));
        assert_string_equal(text, moments[i].iso);
        assert_true(clock_from_rfc3339(moments[i].iso, &seconds));
        assert_int_equal(seconds, moments[i].seconds);
        seconds = UNTOUCHED;
        assert_true(clock_from_http_date(moments[i].http, &seconds));
        assert_int_equal(seconds, moments[i].seconds);
    }
}

/* Every day of 800 years, and an odd time of it, against timegm(). */
static void test_every_day(void **state)
{
    (void)state;
    for (int64_t day = -146097; day < 146097; day++) {
        char text[CLOCK_ISO8601_SIZE];
        int64_t when = day * 86400 + ((day % 86400 + 86400) * 7919 % 86400);
        int64_t seconds = UNTOUCHED;
        struct tm utc = {0};
        assert_true(clock_to_iso8601(when, text));
        assert_int_equal(sscanf(text, "%4d-%2d-%2dT%2d:%2d:%2dZ", &utc.tm_year, &utc.tm_mon,
                                &utc.tm_mday, &utc.tm_hour, &utc.tm_min, &utc.tm_sec),
                         6);
        assert_int_equal(strlen(text), 20);
        utc.tm_year -= 1900;
        utc.tm_mon -= 1;
        assert_int_equal((int64_t)timegm(&utc), when);
        assert_true(clock_from_rfc3339(text, &seconds));
        assert_int_equal(seconds, when);
    }
}

static void test_days_of_months(void **state)
{
    (void)state;
    static const int years[] = {1900, 2000, 2023, 2024, 2100, 2400};
    static const bool leap[] = {false, true, false, true, false, true};
    static const char *const names[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                        "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    for (size_t y = 0; y < COUNT(years); y++) {
        for (int month = 1; month <= 12; month++) {
            int last = days[month - 1] + (month == 2 && leap[y] ? 1 : 0);
            for (int day = 0; day <= 32; day++) {
                char text[64];
                int64_t seconds = UNTOUCHED;
                bool valid = day >= 1 && day <= last;
                (void)snprintf(text, sizeof(text), "%04d-%02d-%02dT00:00:00Z", years[y], month,
                               day);
                assert_int_equal(clock_from_rfc3339(text, &seconds), valid);
                assert_true(valid || seconds == UNTOUCHED);
                (void)snprintf(text, sizeof(text), "Mon, %02d %s %04d 00:00:00 GMT", day,
                               names[month - 1], years[y]);
                assert_int_equal(clock_from_http_date(text, &seconds), valid);
            }
        }
    }
}

static void test_years_out_of_range(void **state)
{
    (void)state;
    char text[CLOCK_ISO8601_SIZE];
    static const int64_t beyond[] = {253402300800, INT64_MAX, INT64_MIN, -62167219201};
    for (size_t i = 0; i < COUNT(beyond); i++) {
        assert_false(clock_to_iso8601(beyond[i], text));
    }
    assert_true(clock_to_iso8601(-62167219200, text));
    assert_string_equal(text, "0000-01-01T00:00:00Z");
}

static void test_iso_garbage(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "Z",
        "2026",
        "2026-01-15",
        "2026-01-15T08:30:00",
        "2026-01-15T08:30Z",
        "2026-01-15T08:30:00Z ",
        " 2026-01-15T08:30:00Z",
        "2026-1-15T08:30:00Z",
        "2026-01-5T08:30:00Z",
        "26-01-15T08:30:00Z",
        "12026-01-15T08:30:00Z",
        "-026-01-15T08:30:00Z",
        "+026-01-15T08:30:00Z",
        "2026-00-15T08:30:00Z",
        "2026-13-15T08:30:00Z",
        "2026-01-00T08:30:00Z",
        "2026-01-32T08:30:00Z",
        "2026-02-29T08:30:00Z",
        "2026-04-31T00:00:00Z",
        "2026-01-15T24:00:00Z",
        "2026-01-15T08:60:00Z",
        "2026-01-15T08:30:61Z",
        "2026-01-15T-8:30:00Z",
        "2026-01-15T08:3a:00Z",
        "0000-01-01T00:00:00Z",
        "2026/01/15T08:30:00Z",
        "2026-01-15T08:30:00ZZ",
        "2026-01-15T08:30:00.Z",
        "2026-01-15T08:30:00.5",
        "2026-01-15T08:30:00.5.5Z",
        "2026-01-15T08:30:00,5Z",
        "2026-01-15_08:30:00Z",
        "2026-01-15  08:30:00Z",
        "2026-01-15T08:30:00 Z",
        "2026-01-15T08:30:00+08",
        "2026-01-15T08:30:00+0800",
        "2026-01-15T08:30:00+24:00",
        "2026-01-15T08:30:00-08:60",
        "2026-01-15T08:30:00Z+08:00",
        "2026-01-15T08:30:00*08:00",
        "0001-01-01T00:00:00+00:01",
        "9999-12-31T23:59:59-00:01",
        "garbage",
        "1768465800",
    };
    for (size_t i = 0; i < COUNT(bad); i++) {
        int64_t seconds = UNTOUCHED;
        assert_false(clock_from_rfc3339(bad[i], &seconds));
        assert_int_equal(seconds, UNTOUCHED);
    }
}

static void test_http_garbage(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        ",",
        "Thu,",
        "Thu, ",
        "Thu, 15 Jan 2026 08:30:00",
        "Thu, 15 Jan 2026 08:30:00 UTC",
        "Thu, 15 Jan 2026 08:30:00 GMT ",
        " Thu, 15 Jan 2026 08:30:00 GMT",
        "Thu 15 Jan 2026 08:30:00 GMT",
        "Thu,15 Jan 2026 08:30:00 GMT",
        "Thursday, 15-Jan-26 08:30:00 GMT", /* RFC 850 */
        "Thu Jan 15 08:30:00 2026",         /* asctime */
        "Thu, 5 Jan 2026 08:30:00 GMT",
        "Thu, 15 jan 2026 08:30:00 GMT",
        "Thu, 15 JAN 2026 08:30:00 GMT",
        "Thu, 15 Foo 2026 08:30:00 GMT",
        "Thu, 15 Ja  2026 08:30:00 GMT",
        "Thu, 15  an 2026 08:30:00 GMT",
        "Thu, 15 anF 2026 08:30:00 GMT",
        "Thu, 15 Jan 26 08:30:00 GMT",
        "Thu, 15 Jan 2026 8:30:00 GMT",
        "Thu, 32 Jan 2026 08:30:00 GMT",
        "Thu, 00 Jan 2026 08:30:00 GMT",
        "Mon, 30 Feb 2026 08:30:00 GMT",
        "Thu, 15 Jan 2026 24:30:00 GMT",
        "Thu, 15 Jan 2026 08:60:00 GMT",
        "Thu, 15 Jan 2026 08:30:61 GMT",
        "Thu, 15 Jan 2026 08:30:00 +0000",
        "Thu, 15 Jan 0000 08:30:00 GMT",
        "Thu, 15 Ja",
        "garbage",
    };
    for (size_t i = 0; i < COUNT(bad); i++) {
        int64_t seconds = UNTOUCHED;
        assert_false(clock_from_http_date(bad[i], &seconds));
        assert_int_equal(seconds, UNTOUCHED);
    }
}

/* Every form that RFC 3339 has for one moment. */
static void test_forms(void **state)
{
    static const char *const forms[] = {
        "2026-01-15 08:30:00Z",          "2026-01-15t08:30:00z",
        "2026-01-15T16:30:00+08:00",     "2026-01-15 16:30:00.123456789+08:00",
        "2026-01-15T08:30:00.5Z",        "2026-01-15T08:30:00-00:00",
        "2026-01-14T21:00:00.000-11:30", "2026-01-16T08:29:00+23:59",
    };
    (void)state;
    for (size_t i = 0; i < COUNT(forms); i++) {
        int64_t seconds = UNTOUCHED;
        assert_true(clock_from_rfc3339(forms[i], &seconds));
        assert_int_equal(seconds, 1768465800);
    }
}

static void test_leap_second(void **state)
{
    (void)state;
    int64_t seconds = UNTOUCHED;
    assert_true(clock_from_rfc3339("2016-12-31T23:59:60Z", &seconds)); /* there was one */
    assert_int_equal(seconds, 1483228800);
}

static void test_clocks(void **state)
{
    (void)state;
    int64_t before = (int64_t)time(NULL);
    int64_t now = clock_now();
    assert_in_range(now, before, before + 60);
    int64_t start = clock_monotonic_ms();
    struct timespec pause = {.tv_nsec = 20000000};
    assert_int_equal(nanosleep(&pause, NULL), 0);
    int64_t passed = clock_monotonic_ms() - start;
    assert_in_range(passed, 19, 60000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_moments),        cmocka_unit_test(test_every_day),
        cmocka_unit_test(test_days_of_months), cmocka_unit_test(test_years_out_of_range),
        cmocka_unit_test(test_iso_garbage),    cmocka_unit_test(test_http_garbage),
        cmocka_unit_test(test_forms),          cmocka_unit_test(test_leap_second),
        cmocka_unit_test(test_clocks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
