/* Records: equality of values, and looking fields up in a part. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/record.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static struct value text(const char *bytes, uint32_t length)
{
    return (struct value){.kind = VALUE_TEXT, .length = length, .text = bytes};
}

static struct value integer(int64_t number)
{
    return (struct value){.kind = VALUE_INTEGER, .integer = number};
}

static void test_value_equal(void **state)
{
    (void)state;
    char abc[] = "abc"; /* not the same storage as the literal */
    /* Values that differ, each from every other. */
    const struct value distinct[] = {
        {.kind = VALUE_NULL}, text("", 0),        text("0", 1),    text("abc", 3),
        text("abd", 3),       text("ab", 2),      text("a\0b", 3), text("a\0c", 3),
        text("a", 1),         integer(0),         integer(1),      integer(-1),
        integer(INT64_MAX),   integer(INT64_MIN),
    };
    for (size_t i = 0; i < COUNT(distinct); i++) {
        for (size_t j = 0; j < COUNT(distinct); j++) {
            assert_int_equal(value_equal(&distinct[i], &distinct[j]), i == j);
        }
    }
    struct value left = text(abc, 3);
    struct value right = text("abcdef", 3);
    assert_true(value_equal(&left, &right));
    left = text(NULL, 0);
    right = text("x", 0);
    assert_true(value_equal(&left, &right));
    /* What a NULL carries besides its kind means nothing. */
    left = (struct value){.kind = VALUE_NULL, .integer = 5};
    right = (struct value){.kind = VALUE_NULL, .integer = 6};
    assert_true(value_equal(&left, &right));
}

static void test_lookup(void **state)
{
    (void)state;
    static const struct field fields[] = {
        {"RestoreId", "restore_id", FIELD_TEXT},
        {"Status", "status", FIELD_TEXT},
        {"Speed", "speed", FIELD_INTEGER},
    };
    static const struct record_part part = {"", "t", fields, COUNT(fields)};
    static const struct record_part none = {"", "t", NULL, 0};
    for (size_t i = 0; i < COUNT(fields); i++) {
        assert_int_equal(record_field_by_name(&part, fields[i].name), i);
        assert_int_equal(record_field_by_column(&part, fields[i].column), i);
        assert_int_equal(record_field_by_name(&part, fields[i].column), -1);
        assert_int_equal(record_field_by_column(&part, fields[i].name), -1);
    }
    static const char *const unknown[] = {"", "restoreid", "RestoreI", "RestoreIdX", "speed ", "x"};
    for (size_t i = 0; i < COUNT(unknown); i++) {
        assert_int_equal(record_field_by_name(&part, unknown[i]), -1);
        assert_int_equal(record_field_by_column(&part, unknown[i]), -1);
        assert_int_equal(record_field_by_name(&none, unknown[i]), -1);
        assert_int_equal(record_field_by_column(&none, unknown[i]), -1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_value_equal),
        cmocka_unit_test(test_lookup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
