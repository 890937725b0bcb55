/* Errors: messages that grow by context and are cut without harm, hints, and the one table of exit
 * codes. */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/error.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static struct error dirty(void)
{
    struct error err;
    memset(&err, 'x', sizeof(err));
    return err;
}

/* A text of `length` letters; each call uses the same storage. */
static const char *letters(char letter, size_t length)
{
    static char text[5000];
    assert_in_range(length, 0, sizeof(text) - 1);
    memset(text, letter, length);
    text[length] = '\0';
    return text;
}

static void test_clear(void **state)
{
    (void)state;
    struct error err = dirty();
    error_clear(&err);
    assert_int_equal(err.code, ERROR_NONE);
    assert_false(err.retryable);
    assert_int_equal(err.http_status, 0);
    assert_string_equal(err.api_code, "");
    assert_string_equal(err.request_id, "");
    assert_string_equal(err.message, "");
    assert_string_equal(err.hint, "");
}

static void test_set_replaces_everything(void **state)
{
    (void)state;
    struct error err = dirty();
    assert_false(error_set(&err, ERROR_DATABASE, "cannot open %s (%d)", "x.db", 7));
    assert_int_equal(err.code, ERROR_DATABASE);
    assert_string_equal(err.message, "cannot open x.db (7)");
    assert_false(err.retryable);
    assert_int_equal(err.http_status, 0);
    assert_string_equal(err.api_code, "");
    assert_string_equal(err.request_id, "");
    assert_string_equal(err.hint, "");
}

static void test_null_is_accepted(void **state)
{
    (void)state;
    assert_false(error_set(NULL, ERROR_USAGE, "%d", 1));
    assert_false(error_set_errno(NULL, ERROR_USAGE, ENOENT, "%d", 1));
    assert_false(error_no_memory(NULL));
    assert_false(error_hint(NULL, "%d", 1));
    assert_false(error_context(NULL, "%d", 1));
}

static void test_errno(void **state)
{
    (void)state;
    struct error err = dirty();
    errno = EACCES; /* must not be what is reported */
    assert_false(error_set_errno(&err, ERROR_USAGE, ENOENT, "cannot open %s", "a"));
    assert_int_equal(err.code, ERROR_USAGE);
    assert_string_equal(err.message, "cannot open a: No such file or directory");
    assert_false(error_set_errno(&err, ERROR_USAGE, 123456, "x"));
    assert_non_null(strstr(err.message, "x: "));
    assert_non_null(strstr(err.message, "123456"));
}

static void test_no_memory(void **state)
{
    (void)state;
    struct error err = dirty();
    assert_false(error_no_memory(&err));
    assert_int_equal(err.code, ERROR_INTERNAL);
    assert_string_equal(err.message, "out of memory");
}

static void test_hint(void **state)
{
    (void)state;
    struct error err;
    error_set(&err, ERROR_USAGE, "wrong");
    assert_false(error_hint(&err, "Try %s.", "--help"));
    assert_string_equal(err.hint, "Try --help.");
    assert_string_equal(err.message, "wrong");
    assert_int_equal(err.code, ERROR_USAGE);
    assert_false(error_hint(&err, "Try %d.", 2));
    assert_string_equal(err.hint, "Try 2.");
    error_hint(&err, "%s", letters('h', 4000));
    assert_int_equal(strlen(err.hint), ERROR_HINT_MAX - 1);
    error_set(&err, ERROR_USAGE, "another");
    assert_string_equal(err.hint, "");
}

static void test_contexts(void **state)
{
    (void)state;
    struct error err;
    error_set(&err, ERROR_SERVICE, "refused");
    error_hint(&err, "Wait.");
    err.retryable = true;
    err.http_status = 503;
    (void)strcpy(err.api_code, "Busy");
    (void)strcpy(err.request_id, "R-1");
    assert_false(error_context(&err, "page %d", 3));
    assert_false(error_context(&err, "%s", "cn-hangzhou"));
    assert_string_equal(err.message, "cn-hangzhou: page 3: refused");
    assert_int_equal(err.code, ERROR_SERVICE);
    assert_true(err.retryable);
    assert_int_equal(err.http_status, 503);
    assert_string_equal(err.api_code, "Busy");
    assert_string_equal(err.request_id, "R-1");
    assert_string_equal(err.hint, "Wait.");
    /* A message that holds a conversion is text, not a format. */
    error_set(&err, ERROR_SERVICE, "%s", "100%n%s");
    error_context(&err, "%s", "%d");
    assert_string_equal(err.message, "%d: 100%n%s");
}

static void test_long_message_is_cut(void **state)
{
    (void)state;
    struct error err;
    error_set(&err, ERROR_USAGE, "%s", letters('m', ERROR_MESSAGE_MAX - 1));
    assert_int_equal(strlen(err.message), ERROR_MESSAGE_MAX - 1);
    error_set(&err, ERROR_USAGE, "%s", letters('m', ERROR_MESSAGE_MAX));
    assert_int_equal(strlen(err.message), ERROR_MESSAGE_MAX - 1);
    error_set_errno(&err, ERROR_USAGE, ENOENT, "%s", letters('m', 4000));
    assert_int_equal(strlen(err.message), ERROR_MESSAGE_MAX - 1);
    error_set_errno(&err, ERROR_USAGE, ENOENT, "%s", letters('m', ERROR_MESSAGE_MAX - 6));
    assert_string_equal(err.message + ERROR_MESSAGE_MAX - 6, ": No ");
}

static void test_context_of_a_long_message(void **state)
{
    (void)state;
    struct error err;
    error_set(&err, ERROR_USAGE, "%s", letters('m', 4000));
    error_context(&err, "where");
    assert_int_equal(strlen(err.message), ERROR_MESSAGE_MAX - 1);
    assert_memory_equal(err.message, "where: mmm", 10);
    /* A context that leaves no room must not take the message away. */
    error_set(&err, ERROR_USAGE, "what failed");
    error_context(&err, "%s", letters('c', 4000));
    assert_non_null(strstr(err.message, "what failed"));
}

static void test_exit_statuses(void **state)
{
    (void)state;
    static const struct {
        enum error_code code;
        int status;
    } contract[] = {
        {ERROR_NONE, 0},     {ERROR_INTERNAL, 1},    {ERROR_USAGE, 2},
        {ERROR_PARTIAL, 3},  {ERROR_CREDENTIALS, 4}, {ERROR_SERVICE, 5},
        {ERROR_DATABASE, 6}, {ERROR_LOCKED, 7},      {ERROR_UNPROVED, 8},
    };
    for (size_t i = 0; i < COUNT(contract); i++) {
        assert_int_equal(error_exit_status(contract[i].code, 0), contract[i].status);
        /* A signal that arrived after the failure does not hide it. */
        assert_int_equal(error_exit_status(contract[i].code, SIGTERM), contract[i].status);
    }
    assert_int_equal(error_exit_status(ERROR_INTERRUPTED, SIGINT), 130);
    assert_int_equal(error_exit_status(ERROR_INTERRUPTED, SIGTERM), 143);
    assert_int_equal(error_exit_status(ERROR_INTERRUPTED, 0), 130);
    assert_int_equal(error_exit_status((enum error_code)99, 0), 1);
}

static void test_exit_table(void **state)
{
    (void)state;
    size_t count = 0;
    const struct exit_code *table = error_exit_codes(&count);
    assert_int_equal(count, 10);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(table[i].status, error_exit_status((enum error_code)i, 0));
        assert_true(strlen(table[i].meaning) > 0);
        for (size_t j = 0; j < i; j++) {
            assert_int_not_equal(table[i].status, table[j].status);
            assert_string_not_equal(table[i].meaning, table[j].meaning);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_clear),
        cmocka_unit_test(test_set_replaces_everything),
        cmocka_unit_test(test_null_is_accepted),
        cmocka_unit_test(test_errno),
        cmocka_unit_test(test_no_memory),
        cmocka_unit_test(test_hint),
        cmocka_unit_test(test_contexts),
        cmocka_unit_test(test_long_message_is_cut),
        cmocka_unit_test(test_context_of_a_long_message),
        cmocka_unit_test(test_exit_statuses),
        cmocka_unit_test(test_exit_table),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
