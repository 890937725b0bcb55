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
    const char *text;
    struct cli_list list;
    int64_t number, wide, duration;
    int operand;
    bool help;
    struct error err;
    char *argv[ARGUMENTS_MAX + 2]; /* as left by cli_parse, which may reorder it */
    int argc;
};

static struct parsed parsed;

/* Parses the words, ended by NULL. */
static bool parse_words(bool stop_at_operand, const char *const *words)
{
    const struct cli_option options[] = {
        {"flag", NULL, "a flag", CLI_FLAG, &parsed.flag, 0, 0},
        {"full", NULL, "another", CLI_FLAG, &parsed.full, 0, 0},
        {"full-every", "DURATION", "a duration", CLI_DURATION, &parsed.duration, 60, 86400},
        {"text", "TEXT", "a text", CLI_TEXT, (void *)&parsed.text, 0, 0},
        {"list", "ID", "a list", CLI_LIST, &parsed.list, 0, 0},
        {"number", "N", "a number", CLI_INTEGER, &parsed.number, 1, 99},
        {"wide", "N", "any number", CLI_INTEGER, &parsed.wide, INT64_MIN, INT64_MAX},
    };
    static char program[] = "sync";
    memset(&parsed, 0, sizeof(parsed));
    parsed.operand = -1;
    parsed.help = true; /* must be set to false */
    parsed.argv[parsed.argc++] = program;
    for (size_t i = 0; words[i] != NULL; i++) {
        assert_true(parsed.argc <= ARGUMENTS_MAX);
        parsed.argv[parsed.argc++] = (char *)(uintptr_t)words[i];
    }
    return cli_parse(options, COUNT(options), stop_at_operand, parsed.argc, parsed.argv,
                     &parsed.operand, &parsed.help, &parsed.err);
}

#define PARSE(...) parse_words(false, (const char *const[]){__VA_ARGS__, NULL})
#define PARSE_UNTIL_OPERAND(...) parse_words(true, (const char *const[]){__VA_ARGS__, NULL})

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
    assert_true(parse_words(false, (const char *const[]){NULL}));
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

static void test_a_value_may_look_like_an_option(void **state)
{
    (void)state;
    assert_true(PARSE("--text", "--flag"));
    assert_string_equal(parsed.text, "--flag");
    assert_false(parsed.flag);
    assert_true(PARSE("--text", "--"));
    assert_string_equal(parsed.text, "--");
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
        (void)snprintf(wanted, sizeof(wanted), "--number: \"%s\" is not a number", bad[i]);
        assert_refusal(PARSE("--number", bad[i]), wanted);
        assert_string_equal(parsed.err.hint, "It takes a number from 1 to 99.");
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
        (void)snprintf(wanted, sizeof(wanted), "--full-every: \"%s\" is not a duration", bad[i]);
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
    assert_true(parse_words(false, words));
    assert_int_equal(parsed.list.count, CLI_LIST_MAX);
    words[CLI_LIST_MAX] = texts[CLI_LIST_MAX];
    assert_refusal(parse_words(false, words), "--list was given more than 64 times");
}

static void test_unknown(void **state)
{
    (void)state;
    assert_refusal(PARSE("--bogus"), "option --bogus");
    assert_refusal(PARSE("--bogus=5"), "option --bogus=5");
    assert_refusal(PARSE("--flags"), "option --flags");
    assert_refusal(PARSE("--flag", "--bogus", "--text", "x"), "option --bogus");
    assert_refusal(PARSE("operand", "--bogus"), "option --bogus");
    assert_refusal(PARSE("-x"), "unknown option -x");
    assert_refusal(PARSE("-hx"), "unknown option -x");
    assert_refusal(PARSE("-xh", "operand"), "unknown option -x");
    assert_refusal(PARSE("-flag"), "unknown option -f");
    assert_refusal(PARSE("-5"), "unknown option -5");
}

static void test_missing_and_needless_values(void **state)
{
    (void)state;
    assert_refusal(PARSE("--text"), "--text needs a value");
    assert_refusal(PARSE("--flag", "--number"), "--number needs a value");
    assert_refusal(PARSE("operand", "--list"), "--list needs a value");
    assert_refusal(PARSE("--flag=1"), "option --flag=1");
    assert_refusal(PARSE("--flag="), "option --flag=");
    assert_refusal(PARSE("--help=x"), "option --help=x");
}

static void test_abbreviations(void **state)
{
    (void)state;
    assert_true(PARSE("--num", "5", "--te=x", "--full-", "2m"));
    assert_int_equal(parsed.number, 5);
    assert_string_equal(parsed.text, "x");
    assert_int_equal(parsed.duration, 120);
    assert_false(parsed.full);
    assert_true(PARSE("--full")); /* a whole name is never ambiguous */
    assert_true(parsed.full);
    assert_refusal(PARSE("--ful"), "option --ful");
    assert_refusal(PARSE("--f"), "option --f");
    assert_true(PARSE("--he"));
    assert_true(parsed.help);
}

static void test_help(void **state)
{
    (void)state;
    assert_true(PARSE("--help"));
    assert_true(parsed.help);
    assert_true(PARSE("-h"));
    assert_true(parsed.help);
    assert_true(PARSE("--flag", "x", "-h"));
    assert_true(parsed.help);
    assert_true(PARSE("--flag"));
    assert_false(parsed.help);
    assert_true(PARSE("--text", "-h"));
    assert_false(parsed.help);
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
    assert_int_equal(parsed.operand, 3);
    assert_string_equal(parsed.argv[3], "--full");
    assert_string_equal(parsed.argv[4], "--bogus");
    assert_true(PARSE("--"));
    assert_int_equal(parsed.operand, parsed.argc);
    assert_true(PARSE("--", "--"));
    assert_string_equal(parsed.argv[parsed.operand], "--");
    assert_true(PARSE_UNTIL_OPERAND("--", "sync", "--flag"));
    assert_string_equal(parsed.argv[parsed.operand], "sync");
    assert_false(parsed.flag);
}

static void test_stop_at_operand(void **state)
{
    (void)state;
    assert_true(PARSE_UNTIL_OPERAND("--flag", "sync", "--full", "--bogus", "-h"));
    assert_true(parsed.flag);
    assert_false(parsed.full);
    assert_false(parsed.help);
    assert_int_equal(parsed.operand, 2);
    assert_string_equal(parsed.argv[2], "sync");
    assert_string_equal(parsed.argv[3], "--full");
    assert_string_equal(parsed.argv[5], "-h");
    assert_refusal(PARSE_UNTIL_OPERAND("--bogus", "sync"), "option --bogus");
    assert_refusal(PARSE_UNTIL_OPERAND("--text"), "--text needs a value");
}

/* One parse within another, as the program does it: the outer leaves nothing behind. */
static void test_parses_start_anew(void **state)
{
    (void)state;
    assert_refusal(PARSE("-xyz"), "-x"); /* ends in the middle of a word */
    assert_true(PARSE("--flag", "--number", "3", "op"));
    assert_true(parsed.flag);
    assert_int_equal(parsed.number, 3);
    assert_string_equal(parsed.argv[parsed.operand], "op");
}

static void test_too_many_options(void **state)
{
    (void)state;
    static struct cli_option options[CLI_OPTIONS_MAX + 1];
    static bool flags[CLI_OPTIONS_MAX + 1];
    static char names[CLI_OPTIONS_MAX + 1][8];
    char program[] = "x";
    char last[16];
    char *argv[] = {program, last, NULL};
    int operand = 0;
    bool help = false;
    struct error err;
    for (size_t i = 0; i < COUNT(options); i++) {
        (void)snprintf(names[i], sizeof(names[i]), "o%zu.", i);
        options[i] = (struct cli_option){names[i], NULL, "", CLI_FLAG, &flags[i], 0, 0};
    }
    (void)snprintf(last, sizeof(last), "--%s", names[CLI_OPTIONS_MAX - 1]);
    assert_true(cli_parse(options, CLI_OPTIONS_MAX, false, 2, argv, &operand, &help, &err));
    assert_true(flags[CLI_OPTIONS_MAX - 1]);
    assert_false(cli_parse(options, COUNT(options), false, 2, argv, &operand, &help, &err));
    assert_int_equal(err.code, ERROR_INTERNAL);
}

static void test_print(void **state)
{
    (void)state;
    static const struct cli_option options[] = {
        {"flag", NULL, "a flag", CLI_FLAG, NULL, 0, 0},
        {"text", "TEXT", "a text", CLI_TEXT, NULL, 0, 0},
        {"an-option-of-a-long-name", "VALUE", "no room to its left", CLI_TEXT, NULL, 0, 0},
    };
    char *text = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&text, &length);
    assert_non_null(out);
    cli_print_options(out, options, COUNT(options));
    assert_int_equal(fclose(out), 0);
    assert_string_equal(text, "  --flag                    a flag\n"
                              "  --text TEXT               a text\n"
                              "  --an-option-of-a-long-name VALUE no room to its left\n");
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nothing),
        cmocka_unit_test(test_every_kind),
        cmocka_unit_test(test_a_value_may_look_like_an_option),
        cmocka_unit_test(test_number_ranges),
        cmocka_unit_test(test_duration_ranges),
        cmocka_unit_test(test_repeated),
        cmocka_unit_test(test_longest_list),
        cmocka_unit_test(test_unknown),
        cmocka_unit_test(test_missing_and_needless_values),
        cmocka_unit_test(test_abbreviations),
        cmocka_unit_test(test_help),
        cmocka_unit_test(test_operands),
        cmocka_unit_test(test_two_dashes),
        cmocka_unit_test(test_stop_at_operand),
        cmocka_unit_test(test_parses_start_anew),
        cmocka_unit_test(test_too_many_options),
        cmocka_unit_test(test_print),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
