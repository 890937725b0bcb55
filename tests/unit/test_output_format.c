/* Numbers, times and ages as people read them, at every border. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "output/format.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void test_count(void **state)
{
    (void)state;
    static const struct {
        int64_t count;
        const char *text;
    } cases[] = {
        {0, "0"},
        {7, "7"},
        {-7, "-7"},
        {999, "999"},
        {-999, "-999"},
        {1000, "1,000"},
        {-1000, "-1,000"},
        {20000, "20,000"},
        {-20000, "-20,000"},
        {123456, "123,456"},
        {-123456, "-123,456"},
        {1000000, "1,000,000"},
        {INT64_MAX, "9,223,372,036,854,775,807"},
        {INT64_MIN, "-9,223,372,036,854,775,808"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        char text[FORMAT_COUNT_SIZE];
        format_count(cases[i].count, text);
        assert_string_equal(text, cases[i].text);
    }
}

static void test_time(void **state)
{
    (void)state;
    static const struct {
        int64_t seconds;
        const char *text;
    } cases[] = {
        {0, "never"},
        {1, "1970-01-01 00:00:01 UTC"},
        {-1, "1969-12-31 23:59:59 UTC"},
        {1768465800, "2026-01-15 08:30:00 UTC"},
        {1709251199, "2024-02-29 23:59:59 UTC"},
        {253402300799, "9999-12-31 23:59:59 UTC"},
        {-30610310400, "0999-12-31 00:00:00 UTC"},
        {253402300800, "never"}, /* no date can be given */
        {INT64_MAX, "never"},
        {INT64_MIN, "never"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        char text[FORMAT_TIME_SIZE];
        format_time(cases[i].seconds, text);
        assert_string_equal(text, cases[i].text);
    }
}

static void test_age(void **state)
{
    (void)state;
    static const struct {
        int64_t seconds;
        const char *text;
    } cases[] = {
        {0, "0 s"},         {-1, "0 s"},        {INT64_MIN, "0 s"},
        {12, "12 s"},       {119, "119 s"},     {120, "2 min"},
        {300, "5 min"},     {359, "5 min"},     {7199, "119 min"},
        {7200, "2 h"},      {10800, "3 h"},     {172799, "47 h"},
        {172800, "2 days"}, {777600, "9 days"}, {INT64_MAX, "106751991167300 days"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        char text[FORMAT_AGE_SIZE];
        format_age(cases[i].seconds, text);
        assert_string_equal(text, cases[i].text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_count),
        cmocka_unit_test(test_time),
        cmocka_unit_test(test_age),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
