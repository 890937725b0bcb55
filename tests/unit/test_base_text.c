/* Text: numbers and durations to the last value, and foreign text that can do nothing to a
 * terminal. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/text.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define UNTOUCHED 4711

static void test_copies(void **state)
{
    (void)state;
    char *copy = text_copy("abc");
    assert_string_equal(copy, "abc");
    free(copy);
    copy = text_copy_length("a\0bcd", 3);
    assert_memory_equal(copy, "a\0b", 4);
    free(copy);
    copy = text_copy_length(NULL, 0);
    assert_string_equal(copy, "");
    free(copy);
}

static void test_fit(void **state)
{
    (void)state;
    char target[5];
    assert_true(text_fit(target, sizeof(target), "abcd"));
    assert_string_equal(target, "abcd");
    assert_false(text_fit(target, sizeof(target), "abcde"));
    assert_string_equal(target, "abcd");
    assert_true(text_fit(target, sizeof(target), ""));
    assert_string_equal(target, "");
    assert_false(text_fit(target, 1, "x"));
    assert_string_equal(target, "");
}

static void test_integers(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t value;
    } good[] = {
        {"0", 0},
        {"-0", 0},
        {"7", 7},
        {"-1", -1},
        {"0010", 10},
        {"9223372036854775807", INT64_MAX},
        {"-9223372036854775808", INT64_MIN},
        {"-9223372036854775807", -INT64_MAX},
        {"00000000000000000000000000009223372036854775807", INT64_MAX},
    };
    for (size_t i = 0; i < COUNT(good); i++) {
        int64_t value = UNTOUCHED;
        assert_true(text_to_int64(good[i].text, INT64_MIN, INT64_MAX, &value));
        assert_int_equal(value, good[i].value);
    }
    static const char *const bad[] = {
        "",
        "-",
        "+",
        "+1",
        "--1",
        "-+1",
        " 1",
        "1 ",
        "1\n",
        "\t1",
        "1.0",
        "1e3",
        "0x10",
        "1,000",
        "abc",
        "1a",
        "a1",
        "9223372036854775808",
        "-9223372036854775809",
        "18446744073709551616",
        "99999999999999999999999999999999",
        "-99999999999999999999999",
        "\xd9\xa1", /* an Arabic-Indic digit one */
    };
    for (size_t i = 0; i < COUNT(bad); i++) {
        int64_t value = UNTOUCHED;
        assert_false(text_to_int64(bad[i], INT64_MIN, INT64_MAX, &value));
        assert_int_equal(value, UNTOUCHED);
    }
}

static void test_integer_ranges(void **state)
{
    (void)state;
    int64_t value = UNTOUCHED;
    assert_true(text_to_int64("1", 1, 99, &value));
    assert_int_equal(value, 1);
    assert_true(text_to_int64("99", 1, 99, &value));
    assert_int_equal(value, 99);
    value = UNTOUCHED;
    assert_false(text_to_int64("0", 1, 99, &value));
    assert_false(text_to_int64("100", 1, 99, &value));
    assert_false(text_to_int64("-1", 0, INT64_MAX, &value));
    assert_false(text_to_int64("1", INT64_MIN, 0, &value));
    assert_int_equal(value, UNTOUCHED);
}

static void test_durations(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t seconds;
    } good[] = {
        {"90", 90},
        {"90s", 90},
        {"10m", 600},
        {"24h", 86400},
        {"7d", 604800},
        {"2w", 1209600},
        {"0", 0},
        {"0w", 0},
        {"3660d", 316224000},
        {"316224000s", 316224000},
        {"87840h", 316224000},
    };
    for (size_t i = 0; i < COUNT(good); i++) {
        int64_t seconds = UNTOUCHED;
        assert_true(text_to_duration(good[i].text, &seconds));
        assert_int_equal(seconds, good[i].seconds);
    }
    static const char *const bad[] = {
        "",
        "s",
        "m",
        "-1",
        "-5m",
        "+5m",
        "5M",
        "5S",
        "5 m",
        " 5m",
        "5m ",
        "1h30m",
        "1.5h",
        "5ms",
        "5min",
        "1y",
        "ten",
        "m5",
        "5mm",
        "0x5m",
        "3661d",
        "316224001",
        "523w",
        "87841h",
        "9223372036854775807w",
        "9223372036854775808",
        "99999999999999999999999999999999999999s",
    };
    for (size_t i = 0; i < COUNT(bad); i++) {
        int64_t seconds = UNTOUCHED;
        assert_false(text_to_duration(bad[i], &seconds));
        assert_int_equal(seconds, UNTOUCHED);
    }
}

static void assert_escaped(const char *text, size_t length, size_t maximum, const char *expected)
{
    struct buffer buffer;
    /* A copy of exactly these bytes, so that reading beyond them is seen. */
    char *copy = malloc(length > 0 ? length : 1);
    assert_non_null(copy);
    if (length > 0) {
        memcpy(copy, text, length);
    }
    buffer_init(&buffer, 10000);
    buffer_puts(&buffer, "before:");
    text_escape(&buffer, copy, length, maximum);
    assert_memory_equal(buffer.data, "before:", 7);
    assert_string_equal(buffer.data + 7, expected);
    buffer_free(&buffer);
    free(copy);
}

static void test_escape_leaves_text_alone(void **state)
{
    (void)state;
    static const char *const harmless[] = {
        "",
        "plain text, ~!@#$%^&*()",
        "a\\b\"c'd",
        "\xe6\x81\xa2\xe5\xa4\x8d",         /* Chinese */
        "\xd7\xa9\xd7\x9c\xd7\x95\xd7\x9d", /* Hebrew letters are not controls */
        "\xf0\x9f\x98\x80",
        "\xc2\xa0",
        "\xef\xbf\xbd",
        "\xf3\x9f\xbf\xbf",
    };
    for (size_t i = 0; i < COUNT(harmless); i++) {
        assert_escaped(harmless[i], strlen(harmless[i]), 1000, harmless[i]);
    }
}

static void test_escape_controls(void **state)
{
    (void)state;
    for (unsigned code = 0; code < 0x100; code++) {
        char text[2] = {(char)code, (char)code};
        size_t length = 1;
        char expected[16];
        bool control = code < 0x20 || (code >= 0x7F && code <= 0x9F) || code == 0xAD;
        if (code >= 0x80) {
            text[0] = (char)(0xC0 | (code >> 6));
            text[1] = (char)(0x80 | (code & 0x3F));
            length = 2;
        }
        if (control) {
            (void)snprintf(expected, sizeof(expected), "\\u{%04x}", code);
        } else {
            (void)snprintf(expected, sizeof(expected), "%.*s", (int)length, text);
        }
        assert_escaped(text, length, 100, expected);
    }
    assert_escaped("a\nhbrsync: error: \x1b[31m", 23, 1000,
                   "a\\u{000a}hbrsync: error: \\u{001b}[31m");
    assert_escaped("a\0b", 3, 100, "a\\u{0000}b");
}

static void test_escape_bidi_and_separators(void **state)
{
    (void)state;
    static const struct {
        const char *text, *expected;
    } cases[] = {
        {"\xd8\x9c", "\\u{061c}"},     /* ALM */
        {"\xc2\xad", "\\u{00ad}"},     /* soft hyphen */
        {"\xd8\x80", "\\u{0600}"},     /* Arabic number sign */
        {"\xe1\xa0\x8e", "\\u{180e}"}, /* Mongolian vowel separator */
        {"\xef\xbf\xb9", "\\u{fff9}"}, /* interlinear annotation */
        {"\xef\xbf\xbb", "\\u{fffb}"},
        {"\xf0\x91\x82\xbd", "\\u{110bd}"},       /* Kaithi number sign */
        {"\xf0\x93\x91\x80", "\xf0\x93\x91\x80"}, /* behind the hieroglyphs' controls */
        {"\xf0\x9d\x85\xba", "\\u{1d17a}"},       /* end of a musical phrase */
        {"\xf3\xa0\x80\x81", "\\u{e0001}"},       /* language tag */
        {"\xe2\x80\x8b", "\\u{200b}"},            /* zero width space */
        {"\xe2\x80\x8e", "\\u{200e}"},            /* LRM */
        {"\xe2\x80\x8f", "\\u{200f}"},            /* RLM */
        {"\xe2\x80\xa8", "\\u{2028}"},            /* line separator */
        {"\xe2\x80\xa9", "\\u{2029}"},            /* paragraph separator */
        {"\xe2\x80\xaa", "\\u{202a}"},            /* LRE */
        {"\xe2\x80\xab", "\\u{202b}"},            /* RLE */
        {"\xe2\x80\xac", "\\u{202c}"},            /* PDF */
        {"\xe2\x80\xad", "\\u{202d}"},            /* LRO */
        {"\xe2\x80\xae", "\\u{202e}"},            /* RLO */
        {"\xe2\x81\xa6", "\\u{2066}"},            /* LRI */
        {"\xe2\x81\xa7", "\\u{2067}"},            /* RLI */
        {"\xe2\x81\xa8", "\\u{2068}"},            /* FSI */
        {"\xe2\x81\xa9", "\\u{2069}"},            /* PDI */
        {"\xef\xbb\xbf", "\\u{feff}"},            /* byte order mark */
        {"\xf3\xa0\x81\x81", "\\u{e0041}"}        /* a tag character */
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        assert_escaped(cases[i].text, strlen(cases[i].text), 100, cases[i].expected);
    }
}

static void test_escape_ill_formed(void **state)
{
    (void)state;
    static const struct {
        const char *text, *expected;
    } cases[] = {
        {"\x80", "\\x80"},
        {"\xff"
         "a",
         "\\xffa"},
        {"\xc3", "\\xc3"},                                     /* cut */
        {"\xe2\x80", "\\xe2\\x80"},                            /* cut */
        {"\xf0\x9f\x98", "\\xf0\\x9f\\x98"},                   /* cut */
        {"\xc3(", "\\xc3("},                                   /* no continuation */
        {"\xc0\x80", "\\xc0\\x80"},                            /* an overlong NUL */
        {"\xc0\x9b[m", "\\xc0\\x9b[m"},                        /* an overlong ESC */
        {"\xe0\x80\x9b", "\\xe0\\x80\\x9b"},                   /* overlong */
        {"\xf0\x80\x80\x9b", "\\xf0\\x80\\x80\\x9b"},          /* overlong */
        {"\xed\xa0\x80", "\\xed\\xa0\\x80"},                   /* a surrogate */
        {"\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80"},          /* beyond U+10FFFF */
        {"\xf8\x88\x80\x80\x80", "\\xf8\\x88\\x80\\x80\\x80"}, /* five bytes */
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        assert_escaped(cases[i].text, strlen(cases[i].text), 100, cases[i].expected);
    }
}

static void test_escape_is_cut(void **state)
{
    (void)state;
    assert_escaped("abcdef", 6, 6, "abcdef");
    assert_escaped("abcdef", 6, 5, "abcde...");
    assert_escaped("abcdef", 6, 0, "...");
    assert_escaped("", 0, 0, "");
    /* Neither an escape nor a character is cut in two, and the maximum holds. */
    assert_escaped("ab\n", 3, 9, "ab...");
    assert_escaped("ab\n", 3, 10, "ab\\u{000a}");
    assert_escaped("ab\xff", 3, 5, "ab...");
    assert_escaped("a\xe6\x81\xa2", 4, 3, "a...");
    assert_escaped("a\xe6\x81\xa2", 4, 4, "a\xe6\x81\xa2");
    static const char mixed[] = "x\n\xff\xe6\x81\xa2\xf3\xa0\x81\x81y\x1b";
    for (size_t maximum = 0; maximum < 60; maximum++) {
        struct buffer buffer;
        buffer_init(&buffer, 1000);
        text_escape(&buffer, mixed, sizeof(mixed) - 1, maximum);
        assert_in_range(buffer.length, 0, maximum + 3);
        buffer_free(&buffer);
    }
}

static void test_utf8(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t size;
        uint32_t code;
    } good[] = {
        {"a", 1, 'a'},
        {"\x7f", 1, 0x7F},
        {"\xc2\x80", 2, 0x80},
        {"\xdf\xbf", 2, 0x7FF},
        {"\xe0\xa0\x80", 3, 0x800},
        {"\xed\x9f\xbf", 3, 0xD7FF},
        {"\xee\x80\x80", 3, 0xE000},
        {"\xef\xbf\xbf", 3, 0xFFFF},
        {"\xf0\x90\x80\x80", 4, 0x10000},
        {"\xf4\x8f\xbf\xbf", 4, 0x10FFFF},
    };
    for (size_t i = 0; i < COUNT(good); i++) {
        uint32_t code = UNTOUCHED;
        size_t length = strlen(good[i].text);
        assert_int_equal(text_utf8_length(good[i].text, length, &code), good[i].size);
        assert_int_equal(code, good[i].code);
        for (size_t cut = 0; cut < length; cut++) {
            assert_int_equal(text_utf8_length(good[i].text, cut, &code), 0);
        }
    }
    static const char *const bad[] = {
        "\x80",
        "\xbf",
        "\xc0\xaf",
        "\xc1\xbf",
        "\xe0\x9f\xbf",
        "\xed\xa0\x80",
        "\xed\xbf\xbf",
        "\xf0\x8f\xbf\xbf",
        "\xf4\x90\x80\x80",
        "\xf5\x80\x80\x80",
        "\xfe",
        "\xff",
        "\xc3\x28",
        "\xe2\x28\xa1",
        "\xe2\x82\x28",
        "\xf0\x28\x8c\xbc",
        "\xf0\x90\x28\xbc",
        "\xf0\x28\x8c\x28",
    };
    for (size_t i = 0; i < COUNT(bad); i++) {
        uint32_t code = UNTOUCHED;
        assert_int_equal(text_utf8_length(bad[i], strlen(bad[i]), &code), 0);
    }
}

static void test_nocase(void **state)
{
    (void)state;
    assert_true(text_equal_nocase("", ""));
    assert_true(text_equal_nocase("X-Acs-Date", "x-aCS-dATE"));
    assert_true(text_equal_nocase("az", "AZ"));
    assert_false(text_equal_nocase("abc", "ab"));
    assert_false(text_equal_nocase("ab", "abc"));
    assert_false(text_equal_nocase("", "a"));
    assert_false(text_equal_nocase("@", "`"));               /* beside A and a */
    assert_false(text_equal_nocase("[", "{"));               /* beside Z and z */
    assert_false(text_equal_nocase("\xc3\x84", "\xc3\xa4")); /* not ASCII */
}

static void test_lower(void **state)
{
    (void)state;
    char text[] = "CN-Hangzhou@[`{9\xc3\x84";
    text_lower(text);
    assert_string_equal(text, "cn-hangzhou@[`{9\xc3\x84");
}

static void test_nearest(void **state)
{
    (void)state;
    static const char *const names[] = {"sync",        "status",    "region",
                                        "all-regions", "retry-for", "qps"};
    static const struct {
        const char *word, *nearest;
    } cases[] = {
        {"sync", "sync"},     {"SYNC", "sync"},
        {"snyc", "sync"},     {"stats", "status"},
        {"st", "status"},     {"reg", "region"},
        {"regoin", "region"}, {"all-region", "all-regions"},
        {"s", NULL},          {"", NULL},
        {"frobnicate", NULL}, {"retry_for", "retry-for"},
        {"qqps", "qps"},      {"regionregion", NULL},
        {"nots", NULL},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct text_nearest nearest = {.word = cases[i].word};
        for (size_t j = 0; j < sizeof(names) / sizeof(names[0]); j++) {
            text_nearest_try(&nearest, names[j]);
        }
        if (cases[i].nearest == NULL) {
            assert_null(nearest.best);
        } else {
            assert_non_null(nearest.best);
            assert_string_equal(nearest.best, cases[i].nearest);
        }
    }
    char longest[500];
    memset(longest, 'a', sizeof(longest));
    longest[sizeof(longest) - 1] = '\0';
    struct text_nearest nearest = {.word = longest};
    text_nearest_try(&nearest, longest);
    assert_null(nearest.best);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_copies),
        cmocka_unit_test(test_fit),
        cmocka_unit_test(test_integers),
        cmocka_unit_test(test_integer_ranges),
        cmocka_unit_test(test_durations),
        cmocka_unit_test(test_escape_leaves_text_alone),
        cmocka_unit_test(test_escape_controls),
        cmocka_unit_test(test_escape_bidi_and_separators),
        cmocka_unit_test(test_escape_ill_formed),
        cmocka_unit_test(test_escape_is_cut),
        cmocka_unit_test(test_utf8),
        cmocka_unit_test(test_nocase),
        cmocka_unit_test(test_lower),
        cmocka_unit_test(test_nearest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
