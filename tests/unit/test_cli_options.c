/* Options: every kind, what is refused and how the refusal names it, and where operands begin. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cli/options.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define ARGUMENTS_MAX 80

struct parsed {
    bool flag, full;
    const char *text, *file;
    struct cli_list list, texts;
    int64_t number, wide, duration;
    int operand;
    bool help, version;
    struct error err;
    char words[ARGUMENTS_MAX + 2][32]; /* lists are split in them */
    char *argv[ARGUMENTS_MAX + 2];     /* as left by cli_parse, which may reorder it */
    int argc;
};

static struct parsed parsed;

/* Parses the words, ended by NULL. */
static bool parse_words(const char *const *words)
{
    const struct cli_option options[] = {
        {"flag", NULL, "a flag", CLI_FLAG, &parsed.flag, 0, 0, CLI_WHAT},
        {"full", NULL, "another", CLI_FLAG, &parsed.full, 0, 0, CLI_WHAT},
        {"full-every", "DURATION", "a duration", CLI_DURATION, &parsed.duration, 60, 86400,
         CLI_SPEED},
        {"text", "TEXT", "a text", CLI_TEXT, (void *)&parsed.text, 0, 0, CLI_WHAT},
        {"file", "FILE", "a file", CLI_FILE, (void *)&parsed.file, 0, 0, CLI_OUTPUT},
        {"texts", "TEXT", "texts", CLI_TEXTS, &parsed.texts, 0, 0, CLI_WHAT},
        {"region", "ID", "a region", CLI_LIST, &parsed.list, 0, 0, CLI_WHERE},
        {"list", "ID", "a list", CLI_LIST, &parsed.list, 0, 0, CLI_WHAT},
        {"number", "N", "a number", CLI_INTEGER, &parsed.number, 1, 99, CLI_SPEED},
        {"wide", "N", "any number", CLI_INTEGER, &parsed.wide, INT64_MIN, INT64_MAX, CLI_SPEED},
        {"help", NULL, "this text", CLI_FLAG, &parsed.help, 0, 0, CLI_GENERAL},
        {"version", NULL, "versions", CLI_FLAG, &parsed.version, 0, 0, CLI_GENERAL},
    };
    static char program[] = "sync";
    memset(&parsed, 0, sizeof(parsed));
    parsed.operand = -1;
    parsed.argv[parsed.argc++] = program;
    for (size_t i = 0; words[i] != NULL; i++) {
        assert_true(parsed.argc <= ARGUMENTS_MAX);
        (void)snprintf(parsed.words[i], sizeof(parsed.words[i]), "%s", words[i]);
        parsed.argv[parsed.argc++] = parsed.words[i];
    }
    return cli_parse(options, COUNT(options), parsed.argc, parsed.argv, &parsed.operand,
                     &parsed.err);
}

#define PARSE(...) parse_words((const char *const[]){__VA_ARGS__, NULL})

/* The refusal is one of usage, and its text says all of `wanted`. */
static void assert_refusal(bool result, const char *wanted)
{
    assert_false(result);
    assert_int_equal(parsed.err.code, ERROR_USAGE);
    if (strstr(parsed.err.message, wanted) == NULL) {
        print_error("\"%s\" is not in: %s\n", wanted, parsed.err.message);
    }
    assert_non_null(strstr(parsed.err.message, wanted));
}

static void test_nothing(void **state)
{
    (void)state;
    assert_true(parse_words((const char *const[]){NULL}));
    assert_int_equal(parsed.operand, 1);
    assert_false(parsed.help);
    assert_false(parsed.flag);
    assert_null(parsed.text);
    assert_int_equal(parsed.list.count, 0);
    assert_int_equal(parsed.number, 0);
}

static void test_every_kind(void **state)
{
    (void)state;
    assert_true(PARSE("--flag", "--text", "a b", "--list", "x", "--number", "7", "--full-every",
                      "2m", "--wide", "-5"));
    assert_true(parsed.flag);
    assert_false(parsed.full);
    assert_string_equal(parsed.text, "a b");
    assert_int_equal(parsed.list.count, 1);
    assert_string_equal(parsed.list.values[0], "x");
    assert_int_equal(parsed.number, 7);
    assert_int_equal(parsed.duration, 120);
    assert_int_equal(parsed.wide, -5);
    assert_int_equal(parsed.operand, parsed.argc);

    assert_true(PARSE("--text=a=b", "--number=99", "--full-every=1h", "--list="));
    assert_string_equal(parsed.text, "a=b");
    assert_int_equal(parsed.number, 99);
    assert_int_equal(parsed.duration, 3600);
    assert_string_equal(parsed.list.values[0], "");
}

static void test_a_value_may_begin_with_a_dash(void **state)
{
    (void)state;
    assert_true(PARSE("--text", "-08:00"));
    assert_string_equal(parsed.text, "-08:00");
    assert_true(PARSE("--text", "--flags"));
    assert_string_equal(parsed.text, "--flags");
    assert_true(PARSE("--text=--flag"));
    assert_string_equal(parsed.text, "--flag");
    assert_false(parsed.flag);
}

static void test_the_next_option_is_no_value(void **state)
{
    (void)state;
    assert_refusal(PARSE("--text", "--flag"), "--text needs a value");
    assert_refusal(PARSE("--text", "--number=5"), "--text needs a value");
    assert_refusal(PARSE("--text", "-h"), "--text needs a value");
    assert_refusal(PARSE("--text", "--", "a"), "--text needs a value");
}

static void test_number_ranges(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t value;
    } good[] = {{"1", 1}, {"99", 99}, {"007", 7}};
    for (size_t i = 0; i < COUNT(good); i++) {
        assert_true(PARSE("--number", good[i].text));
        assert_int_equal(parsed.number, good[i].value);
    }
    static const char *const bad[] = {
        "0",  "100", "-1",  "",    "x",   "5x",  " 5",
        "5 ", "+5",  "5.0", "0x5", "1e1", "10k", "9223372036854775808"};
    for (size_t i = 0; i < COUNT(bad); i++) {
        char wanted[64];
        (void)snprintf(wanted, sizeof(wanted), "--number: \"%s\" is not a number from 1 to 99",
                       bad[i]);
        assert_refusal(PARSE("--number", bad[i]), wanted);
        assert_int_equal(parsed.number, 0); /* left alone */
    }
    assert_true(PARSE("--wide=9223372036854775807"));
    assert_int_equal(parsed.wide, INT64_MAX);
    assert_true(PARSE("--wide=-9223372036854775808"));
    assert_int_equal(parsed.wide, INT64_MIN);
    assert_refusal(PARSE("--wide=9223372036854775808"), "--wide");
}

static void test_duration_ranges(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t value;
    } good[] = {{"60", 60}, {"60s", 60}, {"1m", 60}, {"24h", 86400}, {"1d", 86400}};
    for (size_t i = 0; i < COUNT(good); i++) {
        assert_true(PARSE("--full-every", good[i].text));
        assert_int_equal(parsed.duration, good[i].value);
    }
    static const char *const bad[] = {"59", "59s", "0", "86401", "25h", "1w",
                                      "",   "x",   "m", "-1m",   "1.5h"};
    for (size_t i = 0; i < COUNT(bad); i++) {
        char wanted[64];
        (void)snprintf(wanted, sizeof(wanted),
                       "--full-every: \"%s\" is not a duration from 60 s to 24 h", bad[i]);
        assert_refusal(PARSE("--full-every", bad[i]), wanted);
        assert_non_null(strstr(parsed.err.hint, "10m"));
        assert_int_equal(parsed.duration, 0);
    }
}

static void test_repeated(void **state)
{
    (void)state;
    assert_true(PARSE("--list", "b", "--list=a", "--list", "b"));
    assert_int_equal(parsed.list.count, 2);
    assert_string_equal(parsed.list.values[0], "b");
    assert_string_equal(parsed.list.values[1], "a");
    /* Of an option that is no list, the last one counts. */
    assert_true(
        PARSE("--text", "a", "--text", "b", "--number", "1", "--number", "2", "--flag", "--flag"));
    assert_string_equal(parsed.text, "b");
    assert_int_equal(parsed.number, 2);
    assert_true(parsed.flag);
}

static void test_longest_list(void **state)
{
    (void)state;
    char texts[CLI_LIST_MAX + 1][16];
    const char *words[CLI_LIST_MAX + 2] = {NULL};
    for (size_t i = 0; i <= CLI_LIST_MAX; i++) {
        (void)snprintf(texts[i], sizeof(texts[i]), "--list=%zu", i);
        words[i] = texts[i];
    }
    words[CLI_LIST_MAX] = texts[0];
    assert_true(parse_words(words));
    assert_int_equal(parsed.list.count, CLI_LIST_MAX);
    words[CLI_LIST_MAX] = texts[CLI_LIST_MAX];
    assert_refusal(parse_words(words), "--list was given more than 64 times");
}

static void test_lists_have_commas(void **state)
{
    (void)state;
    assert_true(PARSE("--list", "a,b", "--list=c,a", "--texts", "x IN 1,2"));
    assert_int_equal(parsed.list.count, 3);
    assert_string_equal(parsed.list.values[0], "a");
    assert_string_equal(parsed.list.values[1], "b");
    assert_string_equal(parsed.list.values[2], "c");
    assert_int_equal(parsed.texts.count, 1);
    assert_string_equal(parsed.texts.values[0], "x IN 1,2");
    assert_true(PARSE("--list", "a,"));
    assert_int_equal(parsed.list.count, 2);
    assert_string_equal(parsed.list.values[1], "");
    assert_true(PARSE("--region", "CN-Hangzhou,CN-Beijing"));
    assert_string_equal(parsed.list.values[0], "cn-hangzhou");
    assert_string_equal(parsed.list.values[1], "cn-beijing");
}

static void test_a_file_is_no_dash(void **state)
{
    (void)state;
    assert_true(PARSE("--file", "./-"));
    assert_string_equal(parsed.file, "./-");
    assert_refusal(PARSE("--file", "-"), "--file needs the name of a file, not \"-\"");
    assert_refusal(PARSE("--file=-"), "--file needs the name of a file");
}

static void test_unrecognized(void **state)
{
    (void)state;
    static const struct {
        const char *word, *message;
    } cases[] = {
        {"--bogus", "unrecognized option '--bogus'"},
        {"--bogus=5", "unrecognized option '--bogus'"},
        {"--flags", "unrecognized option '--flags' (did you mean '--flag'?)"},
        {"--txet=secret", "unrecognized option '--txet' (did you mean '--text'?)"},
        {"--FLAG", "unrecognized option '--FLAG' (did you mean '--flag'?)"},
        {"--full_every", "unrecognized option '--full_every' (did you mean '--full-every'?)"},
        {"-x", "unrecognized option '-x'"},
        {"-hx", "unrecognized option '-hx'"},
        {"-flag", "unrecognized option '-flag' (did you mean '--flag'?)"},
        {"-5", "unrecognized option '-5'"},
        {"--=", "unrecognized option '--'"},
        /* Not abbreviated: a new option must not change what a script says. */
        {"--num", "unrecognized option '--num' (did you mean '--number'?)"},
        {"--full-", "unrecognized option '--full-' (did you mean '--full'?)"},
        {"--he", "unrecognized option '--he' (did you mean '--help'?)"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        assert_refusal(PARSE("operand", "--flag", cases[i].word), "unrecognized");
        assert_string_equal(parsed.err.message, cases[i].message);
    }
}

static void test_missing_and_needless_values(void **state)
{
    (void)state;
    assert_refusal(PARSE("--text"), "--text needs a value: TEXT");
    assert_refusal(PARSE("--flag", "--number"), "--number needs a value: N");
    assert_refusal(PARSE("operand", "--list"), "--list needs a value");
    assert_refusal(PARSE("--flag=1"), "--flag takes no value");
    assert_refusal(PARSE("--flag="), "--flag takes no value");
    assert_refusal(PARSE("--help=x"), "--help takes no value");
}

static void test_help(void **state)
{
    (void)state;
    assert_true(PARSE("--help"));
    assert_true(parsed.help);
    assert_true(PARSE("--flag", "x", "-h"));
    assert_true(parsed.help);
    assert_true(PARSE("-V"));
    assert_true(parsed.version);
    assert_true(PARSE("--", "-h"));
    assert_false(parsed.help);
}

static void test_operands(void **state)
{
    (void)state;
    assert_true(PARSE("a", "--flag", "b", "--text", "t", "c"));
    assert_true(parsed.flag);
    assert_string_equal(parsed.text, "t");
    assert_int_equal(parsed.argc - parsed.operand, 3);
    assert_string_equal(parsed.argv[parsed.operand], "a");
    assert_string_equal(parsed.argv[parsed.operand + 1], "b");
    assert_string_equal(parsed.argv[parsed.operand + 2], "c");
    assert_true(PARSE("-", "--flag")); /* standard input, an operand */
    assert_true(parsed.flag);
    assert_int_equal(parsed.argc - parsed.operand, 1);
    assert_string_equal(parsed.argv[parsed.operand], "-");
    assert_true(PARSE(""));
    assert_int_equal(parsed.argc - parsed.operand, 1);
}

static void test_two_dashes(void **state)
{
    (void)state;
    assert_true(PARSE("--flag", "--", "--full", "--bogus", "x"));
    assert_true(parsed.flag);
    assert_false(parsed.full);
    assert_int_equal(parsed.argc - parsed.operand, 3);
    assert_string_equal(parsed.argv[parsed.operand], "--full");
    assert_string_equal(parsed.argv[parsed.operand + 1], "--bogus");
    assert_string_equal(parsed.argv[parsed.operand + 2], "x");
    assert_true(PARSE("--"));
    assert_int_equal(parsed.operand, parsed.argc);
    assert_true(PARSE("--", "--"));
    assert_string_equal(parsed.argv[parsed.operand], "--");
}

static void test_print(void **state)
{
    (void)state;
    const char *file = "a.db", *none = NULL;
    int64_t day = 86400, ninety = 90, unset = 0;
    bool flag = false;
    const struct cli_option options[] = {
        {"flag", NULL, "a flag", CLI_FLAG, &flag, 0, 0, CLI_OUTPUT},
        {"text", "TEXT", "a text", CLI_TEXT, (void *)&none, 0, 0, CLI_WHAT},
        {"hidden", NULL, NULL, CLI_FLAG, &flag, 0, 0, CLI_WHERE},
        {"an-option-of-a-long-name", "VALUE", "no room", CLI_TEXT, (void *)&none, 0, 0, CLI_OUTPUT},
        {"file", "FILE", "a file", CLI_FILE, (void *)&file, 0, 0, CLI_GENERAL},
        {"every", "DURATION", "so often", CLI_DURATION, &day, 0, 0, CLI_SPEED},
        {"wait", "DURATION", "so long", CLI_DURATION, &ninety, 0, 0, CLI_SPEED},
        {"count", "N", "so many", CLI_INTEGER, &ninety, 0, 0, CLI_SPEED},
        {"limit", "N", "at most", CLI_INTEGER, &unset, 0, 0, CLI_SPEED},
    };
    char *text = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&text, &length);
    assert_non_null(out);
    cli_print_options(out, options, COUNT(options));
    assert_int_equal(fclose(out), 0);
    assert_string_equal(text, "\nWhat:\n"
                              "  --text TEXT               a text\n"
                              "\nHow fast:\n"
                              "  --every DURATION          so often (default 24 h)\n"
                              "  --wait DURATION           so long (default 90 s)\n"
                              "  --count N                 so many (default 90)\n"
                              "  --limit N                 at most\n"
                              "\nOutput:\n"
                              "  --flag                    a flag\n"
                              "  --an-option-of-a-long-name VALUE no room\n"
                              "\nGeneral:\n"
                              "  --file FILE               a file (default a.db)\n");
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nothing),
        cmocka_unit_test(test_every_kind),
        cmocka_unit_test(test_a_value_may_begin_with_a_dash),
        cmocka_unit_test(test_the_next_option_is_no_value),
        cmocka_unit_test(test_number_ranges),
        cmocka_unit_test(test_duration_ranges),
        cmocka_unit_test(test_repeated),
        cmocka_unit_test(test_longest_list),
        cmocka_unit_test(test_lists_have_commas),
        cmocka_unit_test(test_a_file_is_no_dash),
        cmocka_unit_test(test_unrecognized),
        cmocka_unit_test(test_missing_and_needless_values),
        cmocka_unit_test(test_help),
        cmocka_unit_test(test_operands),
        cmocka_unit_test(test_two_dashes),
        cmocka_unit_test(test_print),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
