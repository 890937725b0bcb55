/* Filters as text: what is taken apart, and what is refused before the service sees it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/buffer.h"
#include "hbr/filter.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void test_forms(void **state)
{
    (void)state;
    static const struct {
        const char *text, *key, *op;
        size_t count;
        const char *values[3];
    } cases[] = {
        {"Status EQUAL COMPLETE", "Status", "EQUAL", 1, {"COMPLETE"}},
        {"Status NOT_EQUAL COMPLETE", "Status", "NOT_EQUAL", 1, {"COMPLETE"}},
        {"CompleteTime GREATER_THAN 1", "CompleteTime", "GREATER_THAN", 1, {"1"}},
        {"CompleteTime GREATER_THAN_OR_EQUAL 1", "CompleteTime", "GREATER_THAN_OR_EQUAL", 1, {"1"}},
        {"CompleteTime LESS_THAN 1", "CompleteTime", "LESS_THAN", 1, {"1"}},
        {"CompleteTime LESS_THAN_OR_EQUAL 1", "CompleteTime", "LESS_THAN_OR_EQUAL", 1, {"1"}},
        {"CompleteTime BETWEEN 1,2", "CompleteTime", "BETWEEN", 2, {"1", "2"}},
        {"VaultId IN v-1", "VaultId", "IN", 1, {"v-1"}},
        {"VaultId IN v-1,v-2,v-3", "VaultId", "IN", 3, {"v-1", "v-2", "v-3"}},
        {"  VaultId \t IN\t  v-1,v-2", "VaultId", "IN", 2, {"v-1", "v-2"}},
        {"Name EQUAL a b", "Name", "EQUAL", 1, {"a b"}}, /* a value may hold spaces */
        {"Name IN a b,c", "Name", "IN", 2, {"a b", "c"}},
        {"VaultId IN v-1, v-2 ,\tv-3 ", "VaultId", "IN", 3, {"v-1", "v-2", "v-3"}},
        {"K IN \xe6\x81\xa2,x", "K", "IN", 2, {"\xe6\x81\xa2", "x"}},
        {"K IN same,same", "K", "IN", 2, {"same", "same"}},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct hbr_filter_text parsed;
        struct error err;
        assert_true(hbr_filter_parse(cases[i].text, &parsed, &err));
        assert_string_equal(parsed.filter.key, cases[i].key);
        assert_string_equal(parsed.filter.op, cases[i].op);
        assert_int_equal(parsed.filter.value_count, cases[i].count);
        for (size_t j = 0; j < cases[i].count; j++) {
            assert_string_equal(parsed.filter.values[j], cases[i].values[j]);
        }
        hbr_filter_free(&parsed);
    }
}

static void assert_refused(const char *text, const char *reason)
{
    struct hbr_filter_text parsed;
    struct error err;
    assert_false(hbr_filter_parse(text, &parsed, &err));
    assert_int_equal(err.code, ERROR_USAGE);
    if (strstr(err.message, reason) == NULL) {
        print_error("%s: %s\n", text, err.message);
    }
    assert_non_null(strstr(err.message, reason));
    assert_null(parsed.copy); /* nothing to free; freeing does no harm */
    hbr_filter_free(&parsed);
}

static void test_wrong_form(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        " ",
        "\t",
        "VaultId",
        "VaultId ",
        "VaultId IN",
        "VaultId IN ",
        "VaultId IN \t",
        "VaultId IN ,",
        "VaultId IN v-1,",
        "VaultId IN ,v-1",
        "VaultId IN v-1,,v-2",
        "VaultId IN v-1, ,v-2",
        "CompleteTime BETWEEN 1,",
        "=",
    };
    for (size_t i = 0; i < COUNT(bad); i++) {
        assert_refused(bad[i], "is not of the form");
    }
    struct hbr_filter_text parsed;
    struct error err;
    assert_false(hbr_filter_parse("VaultId", &parsed, &err));
    assert_non_null(strstr(err.hint, "--filter 'VaultId IN"));
    assert_non_null(strstr(err.message, "\"VaultId\""));
}

static void test_operators(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "K EQUALS v", "K equal v", "K = v",    "K == v",
        "K NOT_IN v", "K LIKE v",  "K EQUA v", "K EQUALX v",
    };
    for (size_t i = 0; i < COUNT(bad); i++) {
        assert_refused(bad[i], "unknown operator");
    }
}

/* A key that nobody knows here goes to the service, unless it looks like one that is known. */
static void test_keys(void **state)
{
    (void)state;
    static const char *const good[] = {"VaultId",      "vaultId",  "PlanId",        "bucket",
                                       "fileSystemId", "JobId",    "SomethingElse", "K",
                                       "RestoreName",  "ParentId", "instanceId"};
    for (size_t i = 0; i < COUNT(good); i++) {
        char text[64];
        struct hbr_filter_text parsed;
        struct error err;
        (void)snprintf(text, sizeof(text), "%s IN v", good[i]);
        assert_true(hbr_filter_parse(text, &parsed, &err));
        hbr_filter_free(&parsed);
    }
    assert_refused("VaultID IN v", "unknown key 'VaultID' (did you mean 'VaultId'?)");
    assert_refused("Valutid IN v", "(did you mean 'VaultId'?)");
    assert_refused("statsu IN v", "(did you mean 'Status'?)");
    assert_refused("Complete_Time EQUAL 1", "(did you mean 'CompleteTime'?)");
}

static void test_number_of_values(void **state)
{
    (void)state;
    assert_refused("K BETWEEN 1", "BETWEEN takes 2 values");
    assert_refused("K BETWEEN 1,2,3", "BETWEEN takes 2 values");
    static const char *const single[] = {
        "EQUAL",     "NOT_EQUAL",          "GREATER_THAN", "GREATER_THAN_OR_EQUAL",
        "LESS_THAN", "LESS_THAN_OR_EQUAL",
    };
    for (size_t i = 0; i < COUNT(single); i++) {
        char text[64], reason[64];
        (void)snprintf(text, sizeof(text), "K %s 1,2", single[i]);
        (void)snprintf(reason, sizeof(reason), "%s takes 1 value", single[i]);
        assert_refused(text, reason);
    }
}

static void test_in_with_complete_time(void **state)
{
    (void)state;
    struct hbr_filter_text parsed;
    struct error err;
    assert_refused("CompleteTime IN 1", "does not support IN with CompleteTime");
    assert_refused("CompleteTime IN 1,2", "does not support IN with CompleteTime");
    assert_true(hbr_filter_parse("CreatedTime IN 1,2", &parsed, &err));
    hbr_filter_free(&parsed);
}

static void test_most_values(void **state)
{
    (void)state;
    struct buffer text;
    struct hbr_filter_text parsed;
    struct error err;
    buffer_init(&text, 100000);
    buffer_puts(&text, "VaultId IN v-0");
    for (int i = 1; i < 500; i++) {
        buffer_printf(&text, ",v-%d", i);
    }
    assert_true(hbr_filter_parse(text.data, &parsed, &err));
    assert_int_equal(parsed.filter.value_count, 500);
    assert_string_equal(parsed.filter.values[0], "v-0");
    assert_string_equal(parsed.filter.values[499], "v-499");
    hbr_filter_free(&parsed);
    buffer_puts(&text, ",v-500");
    assert_refused(text.data, "is not of the form");
    buffer_free(&text);
}

static void test_text_is_copied(void **state)
{
    (void)state;
    char text[] = "VaultId IN v-1,v-2";
    struct hbr_filter_text parsed;
    struct error err;
    assert_true(hbr_filter_parse(text, &parsed, &err));
    assert_string_equal(text, "VaultId IN v-1,v-2");
    memset(text, 'x', sizeof(text) - 1);
    assert_string_equal(parsed.filter.key, "VaultId");
    assert_string_equal(parsed.filter.values[1], "v-2");
    hbr_filter_free(&parsed);
    hbr_filter_free(&parsed);
    assert_int_equal(parsed.filter.value_count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_forms),
        cmocka_unit_test(test_wrong_form),
        cmocka_unit_test(test_operators),
        cmocka_unit_test(test_keys),
        cmocka_unit_test(test_number_of_values),
        cmocka_unit_test(test_in_with_complete_time),
        cmocka_unit_test(test_most_values),
        cmocka_unit_test(test_text_is_copied),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
