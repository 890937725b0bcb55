/* Buffers: the maximum is exact, a failure lasts, and data is NUL-terminated whatever happened. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/buffer.h"

/* With AddressSanitizer too, an allocation that cannot be had gives NULL, as in the C standard. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
    return "allocator_may_return_null=1";
}

static void assert_holds(const struct buffer *buffer, const char *text)
{
    assert_int_equal(buffer->length, strlen(text));
    assert_string_equal(buffer->data, text);
}

static void assert_ok(const struct buffer *buffer)
{
    struct error err;
    error_set(&err, ERROR_USAGE, "untouched");
    assert_true(buffer_ok(buffer, "the text", &err));
    assert_string_equal(err.message, "untouched");
}

static void test_empty(void **state)
{
    (void)state;
    struct buffer buffer;
    buffer_init(&buffer, 10);
    assert_holds(&buffer, "");
    assert_ok(&buffer);
    buffer_append(&buffer, NULL, 0);
    buffer_puts(&buffer, "");
    buffer_printf(&buffer, "%s", "");
    assert_holds(&buffer, "");
    assert_ok(&buffer);
    buffer_reset(&buffer);
    buffer_free(&buffer);
    buffer_free(&buffer);
    buffer_free_secret(&buffer);
    assert_holds(&buffer, "");
}

static void test_appends(void **state)
{
    (void)state;
    struct buffer buffer;
    buffer_init(&buffer, 1000);
    buffer_puts(&buffer, "ab");
    buffer_putc(&buffer, 'c');
    buffer_append(&buffer, "defg", 2);
    buffer_printf(&buffer, "-%d-%s", 42, "x");
    assert_holds(&buffer, "abcde-42-x");
    assert_ok(&buffer);
    buffer_free(&buffer);
    assert_holds(&buffer, "");
    buffer_puts(&buffer, "again"); /* usable after buffer_free, with the same maximum */
    assert_holds(&buffer, "again");
    assert_int_equal(buffer.maximum, 1000);
    buffer_free(&buffer);
}

static void test_nul_bytes(void **state)
{
    (void)state;
    struct buffer buffer;
    buffer_init(&buffer, 100);
    buffer_append(&buffer, "a\0b", 3);
    buffer_putc(&buffer, '\0');
    buffer_puts(&buffer, "c");
    assert_int_equal(buffer.length, 5);
    assert_memory_equal(buffer.data, "a\0b\0c", 6);
    assert_ok(&buffer);
    buffer_free(&buffer);
}

static void test_growth_keeps_bytes(void **state)
{
    (void)state;
    struct buffer buffer;
    buffer_init(&buffer, 100000);
    for (int i = 0; i < 25000; i++) {
        buffer_printf(&buffer, "%04d", i % 10000);
        assert_int_equal(buffer.data[buffer.length], '\0');
    }
    assert_int_equal(buffer.length, 100000);
    for (int i = 0; i < 25000; i++) {
        char expected[5] = {(char)('0' + i / 1000 % 10), (char)('0' + i / 100 % 10),
                            (char)('0' + i / 10 % 10), (char)('0' + i % 10), '\0'};
        assert_memory_equal(buffer.data + 4 * (size_t)i, expected, 4);
    }
    assert_ok(&buffer);
    buffer_free(&buffer);
}

/* Each way to append, at the maximum and one byte beyond. */
static void append_way(struct buffer *buffer, int way, const char *text)
{
    switch (way) {
    case 0:
        buffer_append(buffer, text, strlen(text));
        break;
    case 1:
        buffer_puts(buffer, text);
        break;
    case 2:
        buffer_printf(buffer, "%s", text);
        break;
    default:
        for (const char *byte = text; *byte != '\0'; byte++) {
            buffer_putc(buffer, *byte);
        }
        break;
    }
}

static void test_maximum_is_exact(void **state)
{
    (void)state;
    for (int way = 0; way < 4; way++) {
        struct buffer buffer;
        struct error err;
        buffer_init(&buffer, 5);
        buffer_puts(&buffer, "ab");
        append_way(&buffer, way, "cde");
        assert_holds(&buffer, "abcde");
        assert_ok(&buffer);
        append_way(&buffer, way, "f");
        assert_false(buffer_ok(&buffer, "the text", &err));
        assert_int_equal(err.code, ERROR_INTERNAL);
        assert_string_equal(err.message, "the text is longer than 5 bytes");
        assert_true(buffer.failed);
        assert_true(buffer.too_long);
        assert_holds(&buffer, "abcde");
        buffer_free(&buffer);
    }
}

static void test_failure_lasts_until_reset(void **state)
{
    (void)state;
    struct buffer buffer;
    struct error err;
    buffer_init(&buffer, 5);
    buffer_puts(&buffer, "ab");
    buffer_puts(&buffer, "too long");
    buffer_puts(&buffer, "c"); /* would fit, but the text would have a hole */
    buffer_putc(&buffer, 'd');
    buffer_append(&buffer, "e", 1);
    buffer_printf(&buffer, "%d", 1);
    assert_holds(&buffer, "ab");
    assert_false(buffer_ok(&buffer, "it", &err));
    buffer_reset(&buffer);
    assert_ok(&buffer);
    assert_holds(&buffer, "");
    buffer_puts(&buffer, "12345");
    assert_holds(&buffer, "12345");
    assert_ok(&buffer);
    buffer_puts(&buffer, "6");
    buffer_free(&buffer);
    assert_ok(&buffer);
    assert_holds(&buffer, "");
}

static void test_maximum_zero(void **state)
{
    (void)state;
    struct buffer buffer;
    struct error err;
    buffer_init(&buffer, 0);
    buffer_puts(&buffer, "");
    assert_ok(&buffer);
    buffer_putc(&buffer, 'a');
    assert_false(buffer_ok(&buffer, "it", &err));
    assert_string_equal(err.message, "it is longer than 0 bytes");
    assert_holds(&buffer, "");
    buffer_free(&buffer);
}

static void test_no_memory(void **state)
{
    (void)state;
    struct buffer buffer;
    struct error err;
    volatile size_t huge = SIZE_MAX / 2; /* no allocator has it, so the bytes are never read */
    buffer_init(&buffer, SIZE_MAX - 1);
    buffer_puts(&buffer, "kept");
    buffer_append(&buffer, "", huge);
    assert_true(buffer.failed);
    assert_false(buffer.too_long);
    buffer_puts(&buffer, "more");
    assert_holds(&buffer, "kept");
    assert_false(buffer_ok(&buffer, "the text", &err));
    assert_int_equal(err.code, ERROR_INTERNAL);
    assert_string_equal(err.message, "out of memory");
    buffer_reset(&buffer);
    buffer_puts(&buffer, "works");
    assert_holds(&buffer, "works");
    assert_ok(&buffer);
    buffer_free(&buffer);
}

static void test_secret(void **state)
{
    (void)state;
    struct buffer buffer;
    buffer_init(&buffer, 100);
    buffer_puts(&buffer, "secret");
    buffer_free_secret(&buffer);
    assert_holds(&buffer, "");
    assert_int_equal(buffer.capacity, 0);
    assert_int_equal(buffer.maximum, 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_empty),
        cmocka_unit_test(test_appends),
        cmocka_unit_test(test_nul_bytes),
        cmocka_unit_test(test_growth_keeps_bytes),
        cmocka_unit_test(test_maximum_is_exact),
        cmocka_unit_test(test_failure_lasts_until_reset),
        cmocka_unit_test(test_maximum_zero),
        cmocka_unit_test(test_no_memory),
        cmocka_unit_test(test_secret),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
