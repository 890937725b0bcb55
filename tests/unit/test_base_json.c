/* JSON: RFC 8259 and nothing else, within bounds, and nothing lost between what came and what is
 * written. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <json-c/json.h>

#include "../json_objects.h"
#include "base/json.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define UNTOUCHED ((void *)1)

/* Parses a copy of exactly these bytes and the NUL, so that reading beyond them is seen. */
static bool parse(const char *text, size_t length, struct json_object **root, struct error *err)
{
    char *copy = malloc(length + 1);
    assert_non_null(copy);
    memcpy(copy, text, length);
    copy[length] = '\0';
    *root = UNTOUCHED;
    error_clear(err);
    bool ok = json_parse(copy, length, JSON_VALUES_SAVED, root, err);
    free(copy);
    return ok;
}

static struct json_object *parsed(const char *text)
{
    struct json_object *root;
    struct error err;
    if (!parse(text, strlen(text), &root, &err)) {
        print_error("%s: %s\n", text, err.message);
        fail();
    }
    return root;
}

static void assert_refused_bytes(const char *text, size_t length)
{
    struct json_object *root;
    struct error err;
    if (parse(text, length, &root, &err)) {
        print_error("accepted: %s\n", text);
        json_release(root);
        fail();
    }
    assert_int_equal(err.code, ERROR_SERVICE);
    assert_true(err.retryable);
    assert_non_null(strstr(err.message, "not JSON at byte "));
}

static void assert_refused(const char *text)
{
    assert_refused_bytes(text, strlen(text));
}

static struct json_node *read_nodes(const char *text)
{
    struct json_node *root = NULL;
    struct error err;
    if (!json_read(text, strlen(text), JSON_VALUES_SAVED, &root, &err)) {
        print_error("%s: %s\n", text, err.message);
        fail();
    }
    return root;
}

/* The text comes back out as `expected`, and out of json-c's own writer, too. */
static void assert_text(const char *text, const char *expected)
{
    struct buffer out;
    struct json_node *nodes = read_nodes(text);
    struct json_object *root = parsed(text);
    buffer_init(&out, 100000);
    json_write(nodes, &out);
    assert_false(out.failed);
    assert_string_equal(out.data, expected);
    assert_string_equal(json_object_to_json_string_ext(root, JSON_C_TO_STRING_PLAIN |
                                                                 JSON_C_TO_STRING_NOSLASHESCAPE),
                        expected);
    buffer_free(&out);
    json_release(root);
    json_free(nodes);
}

static void test_documents(void **state)
{
    (void)state;
    static const char *const same[] = {
        "{}",
        "[]",
        "\"\"",
        "0",
        "1",
        "-1",
        "true",
        "false",
        "null",
        "[null]",
        "{\"\":null}",
        "[1,2,[3,{\"a\":[]}]]",
        "{\"a\":{\"b\":{\"a\":1}}}",
        "[{\"a\":1},{\"a\":1}]",
        "0.5",
        "-0.5",
        "1.50",
        "1e5",
        "1E5",
        "1e+5",
        "1e-5",
        "0e0",
        "1e400",
        "-0.0",
        "0.1",
        "12345678901234567890.5",
        "\"a/b\"",
        "\"\\\"\\\\\\b\\f\\n\\r\\t\"",
        "\"\\u0000\"",
        "\"a\\u0000b\"",
        "\"\xe6\x81\xa2\xe5\xa4\x8d\"",
        "\"\xf0\x9f\x98\x80\"",
        "\"\x7f\"",
        "\"\xef\xbf\xbf\"",
        "[\"a\",\"a\"]",
        "{\"A\":1,\"a\":2}",
    };
    for (size_t i = 0; i < COUNT(same); i++) {
        assert_text(same[i], same[i]);
    }
    assert_text(" \t\r\n{ \"a\" : [ 1 , true ] , \"b\" : { } } \n", "{\"a\":[1,true],\"b\":{}}");
    assert_text("\"\\/\"", "\"/\"");
    assert_text("\"\\u0041\\u00e9\\u6062\\ud83d\\ude00\"",
                "\"A\xc3\xa9\xe6\x81\xa2\xf0\x9f\x98\x80\"");
    assert_text("\"\\uD83D\\uDE00\\u00E9\"", "\"\xf0\x9f\x98\x80\xc3\xa9\"");
}

static void test_grammar(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        " ",
        "\n",
        "{",
        "}",
        "[",
        "]",
        "[}",
        "{]",
        "[1",
        "[1,",
        "[,1]",
        "[1,]",
        "[1,,2]",
        "[1 2]",
        ",",
        ":",
        "{\"a\"}",
        "{\"a\":}",
        "{\"a\" 1}",
        "{\"a\":1,}",
        "{,}",
        "{\"a\":1 \"b\":2}",
        "{a:1}",
        "{1:1}",
        "{null:1}",
        "{\"a\"::1}",
        "{\"a\":1,,\"b\":2}",
        "{\"a\":1;\"b\":2}",
        "tru",
        "truee",
        "True",
        "TRUE",
        "nul",
        "Null",
        "NULL",
        "nulll",
        "fals",
        "undefined",
        "\"",
        "\"abc",
        "\"\\\"",
        "\"\\",
        "abc",
        "\xef\xbb\xbf{}", /* a byte order mark */
        "// c\n1",
        "/* c */1",
        "[1/* c */]",
        "#\n1",
        "1\f",
        "\v1",
        ("\xc2\xa0"
         "1"),
    };
    for (size_t i = 0; i < COUNT(bad); i++) {
        assert_refused(bad[i]);
    }
}

static void test_numbers(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "+1",          "-",
        "--1",         "01",
        "-01",         "00",
        "007",         "1.",
        ".5",          "-.5",
        "1.e5",        "1e",
        "1e+",         "1E-",
        "1e5.5",       "1.5.5",
        "0x10",        "1_000",
        "1,000",       "- 1",
        "1 e5",        "1a",
        "NaN",         "nan",
        "-NaN",        "Infinity",
        "-Infinity",   "+Infinity",
        "inf",         "INF",
        "[NaN]",       "[-Infinity]",
        "{\"a\":NaN}", "{\"a\":Infinity}",
        "\xd9\xa1",
    };
    for (size_t i = 0; i < COUNT(bad); i++) {
        assert_refused(bad[i]);
    }
}

static void test_strings(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "'a'",         "{'a':1}",     "{\"a\":'b'}",    "[\"a']",      "\"\\a\"",
        "\"\\x41\"",   "\"\\'\"",     "\"\\0\"",        "\"\\u\"",     "\"\\u1\"",
        "\"\\u12\"",   "\"\\u123\"",  "\"\\u123",       "\"\\u12g4\"", "\"\\U0041\"",
        "\"\\u+123\"", "\"\\u 123\"", "\"\\ud83d\\u\"", "\"\\\n\"",
    };
    for (size_t i = 0; i < COUNT(bad); i++) {
        assert_refused(bad[i]);
    }
    for (char control = 0; control < 0x20; control++) {
        char value[] = {'"', 'a', control, 'b', '"'};
        char key[] = {'{', '"', control, '"', ':', '1', '}'};
        assert_refused_bytes(value, sizeof(value));
        assert_refused_bytes(key, sizeof(key));
    }
}

static void test_invalid_utf8(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "\x80",
        "\xff",
        "\xc3",
        "\xc3(",
        "\xe6\x81",
        "\xe6\x81(",
        "\xf0\x9f\x98",
        "\xc0\x80", /* an overlong NUL */
        "\xc0\xa2", /* an overlong quote */
        "\xe0\x80\x80",
        "\xf0\x80\x80\x80",
        "\xed\xa0\x80",
        "\xed\xbf\xbf",     /* surrogates */
        "\xf4\x90\x80\x80", /* beyond U+10FFFF */
        "\xf8\x88\x80\x80\x80",
    };
    for (size_t i = 0; i < COUNT(bad); i++) {
        char text[64];
        (void)snprintf(text, sizeof(text), "\"%s\"", bad[i]);
        assert_refused(text);
        (void)snprintf(text, sizeof(text), "\"%s", bad[i]);
        assert_refused(text);
        (void)snprintf(text, sizeof(text), "{\"a%s\":1}", bad[i]);
        assert_refused(text);
        (void)snprintf(text, sizeof(text), "[1]%s", bad[i]);
        assert_refused(text);
    }
}

/* RFC 8259 section 8.2 leaves open what these become; json-c writes U+FFFD for each, and so do we.
 */
static void test_lone_surrogates(void **state)
{
    (void)state;
    static const char fffd[] = "\xef\xbf\xbd";
    static const struct {
        const char *text, *before, *after;
    } cases[] = {
        {"\"\\ud800\"", "\"", "\""},
        {"\"\\udfff\"", "\"", "\""},
        {"\"a\\ud83dz\"", "\"a", "z\""},
        {"\"\\ud83d\\u0041\"", "\"", "A\""},
        {"\"\\ud800\\ud83d\\ude00\"", "\"", "\xf0\x9f\x98\x80\""},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        char expected[64];
        (void)snprintf(expected, sizeof(expected), "%s%s%s", cases[i].before, fffd, cases[i].after);
        assert_text(cases[i].text, expected);
    }
    /* json-c would make one key of them and lose the first value. */
    assert_refused("{\"\\ud800\":1,\"\\udfff\":2}");
    assert_refused("{\"\\ud800\":1,\"\xef\xbf\xbd\":2}");
}

static void test_trailing(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "{} {}",      "{}{}",       "{},",   "{}]",  "[]x",  "1 2", "null null",
        "\"a\"\"b\"", "{}\n\n\n{}", "true,", "12 x", "{}//", "{}#",
    };
    for (size_t i = 0; i < COUNT(bad); i++) {
        assert_refused(bad[i]);
    }
    assert_refused_bytes("{}\0", 3);
    assert_refused_bytes("{}\0{}", 5);
    assert_refused_bytes("1\0", 2);
    assert_refused_bytes("\0", 1);
    assert_refused_bytes("\0{}", 3);
    assert_refused_bytes("[1,\0 2]", 7);
}

static void test_every_cut_is_refused(void **state)
{
    (void)state;
    static const char whole[] = "{\"a\":[1,-2.5e3,true,null,\"x\\u00e9\\\"\xe6\x81\xa2\"],"
                                "\"b\":{\"c\":18446744073709551616},\"d\":false}";
    for (size_t length = 0; length < sizeof(whole) - 1; length++) {
        assert_refused_bytes(whole, length);
    }
    json_release(parsed(whole));
}

static void test_null_document(void **state)
{
    (void)state;
    struct json_object *root = parsed(" null ");
    assert_null(root);
    assert_int_equal(json_describe(root).kind, JSON_NULL);
    assert_false(json_is_object(root));
    assert_false(json_is_array(root));
    assert_int_equal(json_array_length(root), 0);
    assert_null(json_array_item(root, 0));
    assert_int_equal(json_member(root, "a").kind, JSON_MISSING);
    json_release(root);
}

static void test_offsets(void **state)
{
    (void)state;
    struct json_object *root;
    struct error err;
    assert_false(parse("{\"a\":01}", 8, &root, &err));
    assert_non_null(strstr(err.message, "at byte 6 of 8"));
    assert_false(parse("[1] x", 5, &root, &err));
    assert_non_null(strstr(err.message, "at byte 4 of 5"));
    assert_false(parse("", 0, &root, &err));
    assert_string_equal(err.message, "not JSON at byte 0 of 0: the text ends too early");
    assert_false(parse("[1,", 3, &root, &err));
    assert_string_equal(err.message, "not JSON at byte 3 of 3: the text ends too early");
}

static void test_duplicate_keys(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "{\"a\":1,\"a\":1}",
        "{\"a\":1,\"b\":2,\"c\":3,\"a\":4}",
        "{\"\":1,\"\":2}",
        "[{\"x\":{\"a\":1,\"b\":{\"a\":1},\"a\":2}}]",
        "{\"b\":{\"c\":1},\"b\":1}",
        /* the same key, written in another way */
        "{\"a\":1,\"\\u0061\":2}",
        "{\"\\u0061\":1,\"a\":2}",
        "{\"\\u0061\":1,\"\\u0061\":2}",
        "{\"\\u00e9\":1,\"\\u00E9\":2}",
        "{\"\xc3\xa9\":1,\"\\u00e9\":2}",
        "{\"/\":1,\"\\/\":2}",
        "{\"\\n\":1,\"\\u000a\":2}",
        "{\"\\\\\":1,\"\\u005c\":2}",
        "{\"\\\"\":1,\"\\u0022\":2}",
        "{\"\xf0\x9f\x98\x80\":1,\"\\ud83d\\ude00\":2}",
        "{\"x\\u0061\":1,\"y\":3,\"x\\u0061\":2}",
    };
    for (size_t i = 0; i < COUNT(bad); i++) {
        assert_refused(bad[i]);
    }
    static const char *const good[] = {
        "{\"a\":{\"a\":{\"a\":1}}}",
        "[{\"a\":1},{\"a\":2}]",
        "{\"a\":1,\"ab\":2,\"b\":3}",
        "{\"x\":{\"a\":1},\"y\":{\"a\":1},\"a\":1}",
        "{\"a\":1,\"A\":2}",
        "{\"b\":1,\"\\\\b\":2,\"\\b\":3}",
        "{\"n\":1,\"\\n\":2,\"\\t\":3}",
        "{\"ab\":1,\"a\\\"\":2,\"a\":3}",
    };
    for (size_t i = 0; i < COUNT(good); i++) {
        assert_text(good[i], good[i]);
    }
    assert_text("{\"\\u0061\":1,\"\\u0061b\":2,\"\\u0062\":3}", "{\"a\":1,\"ab\":2,\"b\":3}");
}

static void test_nul_in_keys(void **state)
{
    (void)state;
    assert_refused("{\"\\u0000\":1}");
    assert_refused("{\"a\\u0000b\":1}");
    assert_refused("{\"a\":{\"b\\u0000\":1}}");
    assert_text("{\"a\\\\u0000\":1}", "{\"a\\\\u0000\":1}"); /* a backslash, then letters */
}

static bool parse_many(const char *value, int count, size_t values_max)
{
    struct buffer text;
    struct json_object *root = NULL;
    struct error err;
    buffer_init(&text, 100000000);
    buffer_putc(&text, '[');
    for (int i = 0; i < count; i++) {
        buffer_puts(&text, value);
        buffer_putc(&text, ',');
    }
    buffer_puts(&text, "0]");
    assert_false(text.failed);
    bool ok = json_parse(text.data, text.length, values_max, &root, &err);
    buffer_free(&text);
    if (ok) {
        json_release(root);
    } else {
        assert_non_null(strstr(err.message, "too many values"));
    }
    return ok;
}

/* What is small as text and large in memory is refused: an empty object is 780 bytes there. The
 * outer array counts as 4, its last element as 1. */
static void test_values(void **state)
{
    (void)state;
    assert_true(parse_many("1", JSON_VALUES_ANSWER - 5, JSON_VALUES_ANSWER));
    assert_false(parse_many("1", JSON_VALUES_ANSWER - 4, JSON_VALUES_ANSWER));
    assert_true(parse_many("{}", JSON_VALUES_ANSWER / 8 - 1, JSON_VALUES_ANSWER));
    assert_false(parse_many("{}", JSON_VALUES_ANSWER / 8, JSON_VALUES_ANSWER));
    assert_true(parse_many("[]", JSON_VALUES_ANSWER / 4 - 2, JSON_VALUES_ANSWER));
    assert_false(parse_many("[]", JSON_VALUES_ANSWER / 4, JSON_VALUES_ANSWER));
    assert_false(parse_many("{\"a\":1}", JSON_VALUES_ANSWER / 9, JSON_VALUES_ANSWER));
    /* 100,000 saved jobs of 80 fields are read; what would take more than a GB is not. Nulls take
     * the least memory, so that the test does not. */
    assert_true(parse_many("null", 100000 * 80, JSON_VALUES_SAVED));
    assert_false(parse_many("null", 13000000, JSON_VALUES_SAVED));
}

static void test_depth(void **state)
{
    (void)state;
    char text[2 * JSON_DEPTH_MAX + 8];
    memset(text, '[', JSON_DEPTH_MAX);
    memset(text + JSON_DEPTH_MAX, ']', JSON_DEPTH_MAX);
    text[2 * JSON_DEPTH_MAX] = '\0';
    json_release(parsed(text));
    memset(text, '[', JSON_DEPTH_MAX + 1);
    memset(text + JSON_DEPTH_MAX + 1, ']', JSON_DEPTH_MAX + 1);
    text[2 * JSON_DEPTH_MAX + 2] = '\0';
    assert_refused(text);

    struct buffer objects;
    buffer_init(&objects, 100000);
    for (int depth = 1; depth <= JSON_DEPTH_MAX + 1; depth++) {
        struct json_object *root;
        struct error err;
        buffer_reset(&objects);
        for (int i = 0; i < depth; i++) {
            buffer_puts(&objects, "{\"a\":");
        }
        buffer_puts(&objects, "1");
        for (int i = 0; i < depth; i++) {
            buffer_puts(&objects, "}");
        }
        bool ok = parse(objects.data, objects.length, &root, &err);
        assert_int_equal(ok, depth <= JSON_DEPTH_MAX);
        if (ok) {
            json_release(root);
        }
    }
    buffer_reset(&objects);
    for (int i = 0; i < 50000; i++) {
        buffer_putc(&objects, '[');
    }
    assert_refused_bytes(objects.data, objects.length);
    buffer_free(&objects);
}

static void test_wide_depth(void **state)
{
    (void)state;
    /* Depth is of nesting: objects beside each other do not add up. */
    struct buffer text;
    buffer_init(&text, 100000);
    buffer_puts(&text, "[0");
    for (int i = 0; i < 1000; i++) {
        buffer_puts(&text, ",{\"a\":[]}");
    }
    buffer_puts(&text, "]");
    struct json_object *root = parsed(text.data);
    assert_int_equal(json_array_length(root), 1001);
    json_release(root);
    buffer_free(&text);
}

static void test_int64(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t value;
    } cases[] = {
        {"0", 0},
        {"-0", 0},
        {"-1", -1},
        {"9223372036854775807", INT64_MAX},
        {"-9223372036854775808", INT64_MIN},
        {"9007199254740993", 9007199254740993}, /* not a double */
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct json_object *root = parsed(cases[i].text);
        struct json_value value = json_describe(root);
        assert_int_equal(value.kind, JSON_INTEGER);
        assert_int_equal(value.integer, cases[i].value);
        json_release(root);
    }
    assert_text("-0", "0"); /* json-c drops the sign */
}

static void test_beyond_int64(void **state)
{
    (void)state;
    static const char *const beyond[] = {
        "9223372036854775808",
        "-9223372036854775809",
        "18446744073709551615",
        "18446744073709551616",
        "99999999999999999999999999999999999999999999999999",
        "-10000000000000000000000",
        "1000000000000000000000000000000000000000000000000000000000000",
    };
    for (size_t i = 0; i < COUNT(beyond); i++) {
        char text[512];
        struct json_object *root = parsed(beyond[i]);
        assert_int_equal(json_describe(root).kind, JSON_NUMBER);
        json_release(root);
        assert_text(beyond[i], beyond[i]);
        (void)snprintf(text, sizeof(text), "{\"a\":[%s,%s,1,{\"b\":%s}],\"c\":\"%se0\",\"d\":-5}",
                       beyond[i], beyond[i], beyond[i], beyond[i]);
        assert_text(text, text);
    }
}

/* The mark "e0" of such integers must not be mistaken in what has an exponent of its own. */
static void test_exponents_survive(void **state)
{
    (void)state;
    static const char *const same[] = {
        "1e0",
        "5e00",
        "123456789012345678e0",
        "1234567890123456789e5",
        "1234567890123456789e05",
        "0.1234567890123456789e05",
        "1234567890123456789E0",
        "1234567890123456789e-0",
        "1234567890123456789e+0",
        "[1e0,1234567890123456789012e07]",
        "{\"1234567890123456789e0\":\"1234567890123456789e0\"}",
        "[\"\\\"1234567890123456789e0\",\"\\\\\",12345678901234567890,\"e0\"]",
    };
    for (size_t i = 0; i < COUNT(same); i++) {
        assert_text(same[i], same[i]);
    }
}

static void test_long_numbers(void **state)
{
    (void)state;
    char text[1001];
    memset(text, '7', 400);
    text[400] = '\0';
    assert_text(text, text);
    memset(text, '7', 1000);
    text[1000] = '\0';
    assert_refused(text);
}

static void test_kinds(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum json_kind kind;
        int64_t integer;
    } cases[] = {
        {"{\"a\":null}", JSON_NULL, 0},    {"{\"a\":\"x\"}", JSON_TEXT, 0},
        {"{\"a\":\"\"}", JSON_TEXT, 0},    {"{\"a\":5}", JSON_INTEGER, 5},
        {"{\"a\":true}", JSON_BOOLEAN, 1}, {"{\"a\":false}", JSON_BOOLEAN, 0},
        {"{\"a\":5.0}", JSON_NUMBER, 0},   {"{\"a\":5e0}", JSON_NUMBER, 0},
        {"{\"a\":{}}", JSON_OBJECT, 0},    {"{\"a\":[]}", JSON_ARRAY, 0},
        {"{\"b\":1}", JSON_MISSING, 0},    {"{\"A\":1}", JSON_MISSING, 0},
        {"{}", JSON_MISSING, 0},           {"[\"a\"]", JSON_MISSING, 0},
        {"\"a\"", JSON_MISSING, 0},        {"7", JSON_MISSING, 0},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct json_object *root = parsed(cases[i].text);
        struct json_value value = json_member(root, "a");
        assert_int_equal(value.kind, cases[i].kind);
        assert_int_equal(value.integer, cases[i].integer);
        bool has_node = value.kind != JSON_MISSING && value.kind != JSON_NULL;
        assert_int_equal(value.object != NULL, has_node);
        json_release(root);
    }
    struct json_object *root = parsed("{\"a\":\"5\",\"b\":\"x\\u0000y\"}");
    struct json_value value = json_member(root, "a");
    assert_int_equal(value.kind, JSON_TEXT); /* never coerced */
    assert_int_equal(value.integer, 0);
    value = json_member(root, "b");
    assert_int_equal(value.length, 3);
    assert_memory_equal(value.text, "x\0y", 4);
    json_release(root);
}

static void test_arrays(void **state)
{
    (void)state;
    struct json_object *root = parsed("[10,null,[30]]");
    assert_true(json_is_array(root));
    assert_false(json_is_object(root));
    assert_int_equal(json_array_length(root), 3);
    assert_int_equal(json_describe(json_array_item(root, 0)).integer, 10);
    assert_null(json_array_item(root, 1));
    assert_true(json_is_array(json_array_item(root, 2)));
    assert_null(json_array_item(root, 3));
    json_release(root);
    root = parsed("{\"a\":1}");
    assert_true(json_is_object(root));
    assert_false(json_is_array(root));
    assert_int_equal(json_array_length(root), 0);
    assert_null(json_array_item(root, 0));
    json_release(root);
}

static void test_member_text(void **state)
{
    (void)state;
    struct json_object *root =
        parsed("{\"a\":\"abc\",\"n\":\"a\\u0000b\",\"i\":5,\"e\":\"\",\"z\":null}");
    char target[4];
    assert_true(json_member_text(root, "a", target, sizeof(target)));
    assert_string_equal(target, "abc");
    assert_false(json_member_text(root, "a", target, 3));
    assert_string_equal(target, "");
    static const char *const refused[] = {"n", "i", "z", "missing"};
    for (size_t i = 0; i < COUNT(refused); i++) {
        (void)strcpy(target, "old");
        assert_false(json_member_text(root, refused[i], target, sizeof(target)));
        assert_string_equal(target, "");
    }
    assert_true(json_member_text(root, "e", target, sizeof(target)));
    assert_string_equal(target, "");
    json_release(root);
}

/* What answers are read from says the same as the objects. */
static void test_nodes(void **state)
{
    (void)state;
    struct json_node *root = read_nodes("{\"a\":\"abc\",\"n\":\"a\\u0000b\",\"i\":-5,\"f\":1.50,"
                                        "\"t\":true,\"z\":null,\"l\":[1,[],{\"k\":2}],"
                                        "\"\\u006b\":\"\\n\"}");
    char target[4];
    assert_int_equal(root->kind, JSON_OBJECT);
    assert_int_equal(root->length, 8);
    assert_string_equal(root->first->key, "a");
    assert_int_equal(json_find(root, "n")->length, 3);
    assert_memory_equal(json_find(root, "n")->text, "a\0b", 4);
    assert_int_equal(json_find(root, "i")->integer, -5);
    assert_int_equal(json_find(root, "f")->kind, JSON_NUMBER);
    assert_string_equal(json_find(root, "f")->text, "1.50");
    assert_int_equal(json_find(root, "t")->kind, JSON_BOOLEAN);
    assert_int_equal(json_find(root, "t")->integer, 1);
    assert_int_equal(json_find(root, "z")->kind, JSON_NULL);
    assert_string_equal(json_find(root, "k")->text, "\n");
    assert_int_equal(json_find(root, "k")->key[1], '\0');
    const struct json_node *list = json_find(root, "l");
    assert_int_equal(list->kind, JSON_ARRAY);
    assert_int_equal(list->length, 3);
    assert_int_equal(list->first->integer, 1);
    assert_null(list->first->next->first);
    assert_int_equal(json_find(list->first->next->next, "k")->integer, 2);
    assert_null(list->first->next->next->next);
    assert_int_equal(json_find(list, "k")->kind, JSON_MISSING);
    assert_int_equal(json_find(NULL, "k")->kind, JSON_MISSING);
    assert_true(json_find_text(root, "a", target, sizeof(target)));
    assert_string_equal(target, "abc");
    static const char *const refused[] = {"n", "i", "z", "missing"};
    for (size_t i = 0; i < COUNT(refused); i++) {
        assert_false(json_find_text(root, refused[i], target, sizeof(target)));
        assert_string_equal(target, "");
    }
    assert_false(json_find_text(root, "a", target, 3));
    json_free(root);
    json_free(NULL);
}

/* Of any number of keys, whatever their hashes, a second of one is seen and no other. */
static void test_repeated_key_among_many(void **state)
{
    (void)state;
    for (int repeated = 0; repeated < 999; repeated += 37) {
        struct json_node *root = UNTOUCHED;
        struct error err;
        struct buffer text;
        buffer_init(&text, 100000);
        buffer_puts(&text, "{\"key0\":0");
        for (int i = 1; i < 999; i++) {
            buffer_printf(&text, ",\"key%d\":%d", i, i);
        }
        size_t length = text.length;
        buffer_putc(&text, '}');
        assert_true(json_read(text.data, text.length, JSON_VALUES_SAVED, &root, &err));
        assert_int_equal(root->length, 999);
        json_free(root);
        text.length = length;
        buffer_printf(&text, ",\"k\\u0065y%d\":1}", repeated);
        root = UNTOUCHED;
        assert_false(json_read(text.data, text.length, JSON_VALUES_SAVED, &root, &err));
        assert_non_null(strstr(err.message, "a key that its object has already"));
        assert_ptr_equal(root, UNTOUCHED);
        buffer_free(&text);
    }
}

struct visits {
    char names[64];
    int left;
};

static bool note_visit(const char *name, struct json_object *node, void *context)
{
    struct visits *visits = context;
    (void)node;
    (void)strcat(visits->names, name);
    return --visits->left > 0;
}

static void test_each_member(void **state)
{
    (void)state;
    struct json_object *root = parsed("{\"z\":1,\"a\":null,\"m\":[],\"b\":2}");
    struct visits all = {.left = 100};
    assert_true(json_each_member(root, note_visit, &all));
    assert_string_equal(all.names, "zamb");
    struct visits some = {.left = 2};
    assert_false(json_each_member(root, note_visit, &some));
    assert_string_equal(some.names, "za");
    json_release(root);
    root = parsed("[1]");
    struct visits none = {.left = 100};
    assert_true(json_each_member(root, note_visit, &none));
    assert_true(json_each_member(NULL, note_visit, &none));
    assert_string_equal(none.names, "");
    json_release(root);
}

static void test_text_reports_a_full_buffer(void **state)
{
    (void)state;
    struct buffer out;
    struct json_node *root = read_nodes("[1,2,3]");
    buffer_init(&out, 6);
    json_write(root, &out);
    assert_true(out.failed);
    buffer_free(&out);
    buffer_init(&out, 100);
    buffer_puts(&out, "x");
    json_write(root, &out);
    json_write(json_find(root, "a"), &out);
    assert_string_equal(out.data, "x[1,2,3]null");
    buffer_free(&out);
    json_free(root);
}

static void test_quote(void **state)
{
    (void)state;
    struct buffer out;
    buffer_init(&out, 1000);
    json_quote(&out, "", 0);
    json_quote(&out, "a\"b\\c/\n\x1f\0z\x7f", 11);
    assert_string_equal(out.data, "\"\"\"a\\\"b\\\\c/\\n\\u001f\\u0000z\x7f\"");
    buffer_free(&out);
}

static void test_quote_round_trip(void **state)
{
    (void)state;
    char all[0x80 + 16];
    for (int i = 0; i < 0x80; i++) {
        all[i] = (char)i;
    }
    (void)strcpy(all + 0x80, "\xc3\xa9\xe6\x81\xa2\xf0\x9f\x98\x80");
    size_t length = 0x80 + strlen(all + 0x80);
    for (size_t start = 0; start <= length; start++) {
        struct buffer out;
        bool inside = start < length && ((unsigned char)all[start] & 0xC0) == 0x80;
        if (inside) {
            continue; /* not the start of a character */
        }
        buffer_init(&out, 2000);
        json_quote(&out, all + start, length - start);
        struct json_object *root = parsed(out.data);
        struct json_value value = json_describe(root);
        assert_int_equal(value.kind, JSON_TEXT);
        assert_int_equal(value.length, length - start);
        assert_memory_equal(value.text, all + start, length - start);
        json_release(root);
        buffer_free(&out);
    }
}

static void test_many_members(void **state)
{
    (void)state;
    struct buffer text;
    buffer_init(&text, 100000);
    buffer_putc(&text, '{');
    for (int i = 0; i < 1000; i++) {
        buffer_printf(&text, "%s\"k%d\":%d", i > 0 ? "," : "", i, i);
    }
    size_t open = text.length;
    buffer_putc(&text, '}');
    struct json_object *root = parsed(text.data);
    assert_int_equal(json_member(root, "k999").integer, 999);
    json_release(root);
    text.length = open;
    buffer_puts(&text, ",\"k1000\":0}");
    assert_refused(text.data);
    text.length = open;
    buffer_puts(&text, "]");
    assert_refused(text.data);
    buffer_free(&text);
}

static void test_release_and_version(void **state)
{
    (void)state;
    json_release(NULL);
    assert_true(strlen(json_library_version()) >= 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_documents),      cmocka_unit_test(test_grammar),
        cmocka_unit_test(test_numbers),        cmocka_unit_test(test_strings),
        cmocka_unit_test(test_invalid_utf8),   cmocka_unit_test(test_lone_surrogates),
        cmocka_unit_test(test_trailing),       cmocka_unit_test(test_every_cut_is_refused),
        cmocka_unit_test(test_null_document),  cmocka_unit_test(test_offsets),
        cmocka_unit_test(test_duplicate_keys), cmocka_unit_test(test_nul_in_keys),
        cmocka_unit_test(test_values),         cmocka_unit_test(test_depth),
        cmocka_unit_test(test_wide_depth),     cmocka_unit_test(test_int64),
        cmocka_unit_test(test_beyond_int64),   cmocka_unit_test(test_exponents_survive),
        cmocka_unit_test(test_long_numbers),   cmocka_unit_test(test_kinds),
        cmocka_unit_test(test_arrays),         cmocka_unit_test(test_member_text),
        cmocka_unit_test(test_nodes),          cmocka_unit_test(test_repeated_key_among_many),
        cmocka_unit_test(test_each_member),    cmocka_unit_test(test_text_reports_a_full_buffer),
        cmocka_unit_test(test_quote),          cmocka_unit_test(test_quote_round_trip),
        cmocka_unit_test(test_many_members),   cmocka_unit_test(test_release_and_version),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
