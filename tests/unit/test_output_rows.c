/* Rows as a table, CSV and JSON: widths, quoting, exact numbers, and output that cannot be written.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "output/format.h"
#include "output/rows.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define TEXT(literal)                                                                              \
    {                                                                                              \
        .kind = CELL_TEXT, .text = (literal), .length = sizeof(literal) - 1                        \
    }
#define INTEGER(number)                                                                            \
    {                                                                                              \
        .kind = CELL_INTEGER, .integer = (number)                                                  \
    }
#define REAL(number)                                                                               \
    {                                                                                              \
        .kind = CELL_REAL, .real = (number)                                                        \
    }
#define NOTHING                                                                                    \
    {                                                                                              \
        .kind = CELL_NULL                                                                          \
    }

/* What the rows become, to be freed; `cells` holds `rows` times `count`. */
static char *written(enum rows_format format, const char *const *names, size_t count,
                     const struct cell *cells, size_t rows)
{
    struct rows_writer *writer = NULL;
    struct error err;
    char *text = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&text, &length);
    assert_non_null(out);
    assert_true(rows_writer_new(format, out, &writer, &err));
    assert_true(rows_writer_columns(writer, names, count, &err));
    for (size_t i = 0; i < rows; i++) {
        assert_true(rows_writer_row(writer, cells + i * count, count, &err));
    }
    assert_true(rows_writer_end(writer, &err));
    rows_writer_free(writer);
    (void)fclose(out);
    return text;
}

static void expect(enum rows_format format, const char *const *names, size_t count,
                   const struct cell *cells, size_t rows, const char *wanted)
{
    char *text = written(format, names, count, cells, rows);
    assert_string_equal(text, wanted);
    free(text);
}

static void test_table(void **state)
{
    (void)state;
    static const char *const names[] = {"name", "count", "note"};
    static const struct cell cells[] = {
        TEXT("abc"), INTEGER(7),        TEXT("x"), TEXT("恢复已取消"), INTEGER(-1234),
        NOTHING,     TEXT("e\u0301te"), REAL(2.5), TEXT("last one"),
    };
    expect(ROWS_TABLE, names, 3, cells, 3,
           "name        count  note\n"
           "----------  -----  --------\n"
           "abc             7  x\n"
           "恢复已取消  -1234  -\n"
           "e\u0301te           2.5  last one\n");
}

static void test_table_escapes(void **state)
{
    (void)state;
    static const char *const names[] = {"a\x1b", "b"};
    static const struct cell cells[] = {TEXT("red\x1b[31m\r\n"), TEXT("a\0b\xff"), TEXT("\u202e"),
                                        TEXT("")};
    char *text = written(ROWS_TABLE, names, 2, cells, 2);
    assert_non_null(strstr(text, "red\\u{001b}[31m\\u{000d}\\u{000a}  a\\u{0000}b\\xff\n"));
    assert_non_null(strstr(text, "\\u{202e}"));
    for (const char *at = text; *at != '\0'; at++) {
        assert_true(*at == '\n' || (unsigned char)*at >= 0x20);
    }
    free(text);
}

static void test_empty(void **state)
{
    (void)state;
    static const char *const names[] = {"a", "long name"};
    expect(ROWS_TABLE, names, 2, NULL, 0, "a  long name\n-  ---------\n");
    expect(ROWS_CSV, names, 2, NULL, 0, "a,long name\r\n");
    expect(ROWS_JSON, names, 2, NULL, 0, "[]\n");
}

static void test_csv(void **state)
{
    (void)state;
    static const char *const names[] = {"a", "b,c"};
    static const struct cell cells[] = {
        TEXT("plain"), TEXT("say \"hi\""), TEXT("one,two"), TEXT("two\r\nlines"), TEXT(""),
        NOTHING,       INTEGER(INT64_MIN), REAL(0.1),       TEXT("恢复"),         TEXT("\n"),
        TEXT("a\rb"),  TEXT("\r"),
    };
    expect(ROWS_CSV, names, 2, cells, 6,
           "a,\"b,c\"\r\n"
           "plain,\"say \"\"hi\"\"\"\r\n"
           "\"one,two\",\"two\r\nlines\"\r\n"
           "\"\",\r\n"
           "-9223372036854775808,0.1\r\n"
           "恢复,\"\n\"\r\n"
           "\"a\rb\",\"\r\"\r\n");
}

static void test_spreadsheet(void **state)
{
    (void)state;
    static const char *const names[] = {"a", "b"};
    static const struct cell cells[] = {
        TEXT("恢复"),
        TEXT("=1+\"1\""),
        TEXT("r-000, plain"),
        TEXT("2026-01-02 03:04:05"),
        TEXT("TRUE"),
        TEXT("trues"),
        TEXT("MAR1"),
        TEXT("March"),
        NOTHING,
        TEXT(""),
        INTEGER(99999999999),
        INTEGER(100000000000),
        INTEGER(-1),
        INTEGER(INT64_MIN),
        REAL(0.1),
        REAL(1.0 / 3),
        REAL(1e300),
        REAL(12345.5),
        TEXT("\xEF\xBC\x9D"
             "1"),
        TEXT("\t=1"),
    };
    expect(ROWS_SPREADSHEET, names, 2, cells, 10,
           "\xEF\xBB\xBF"
           "a,b\r\n"
           "恢复,\"=\"\"=1+\"\"\"\"1\"\"\"\"\"\"\"\r\n"
           "\"r-000, plain\",\"=\"\"2026-01-02 03:04:05\"\"\"\r\n"
           "\"=\"\"TRUE\"\"\",trues\r\n"
           "\"=\"\"MAR1\"\"\",March\r\n"
           ",\"\"\r\n"
           "99999999999,\"=\"\"100000000000\"\"\"\r\n"
           "-1,\"=\"\"-9223372036854775808\"\"\"\r\n"
           "0.1,\"=\"\"0.3333333333333333\"\"\"\r\n"
           "\"=\"\"1e+300\"\"\",12345.5\r\n"
           "\"=\"\"\xEF\xBC\x9D"
           "1\"\"\",\"=\"\"\t=1\"\"\"\r\n");
}

/* A text in a formula has at most 255 characters, a formula 8192. */
static void test_spreadsheet_long_texts(void **state)
{
    (void)state;
    static const char *const names[] = {"a"};
    char bytes[9000];
    struct cell cell = {.kind = CELL_TEXT, .text = bytes};
    for (cell.length = 239; cell.length < sizeof(bytes); cell.length += 1251) {
        memset(bytes, '-', sizeof(bytes));
        char *text = written(ROWS_SPREADSHEET, names, 1, &cell, 1);
        const char *at = text + strlen("\xEF\xBB\xBF"
                                       "a\r\n");
        if (cell.length > 8000) {
            assert_memory_equal(at, "'---", 4);
        } else {
            assert_memory_equal(at, "\"=\"\"-", 5);
            size_t longest = 0;
            for (size_t run; *at != '\0'; at += run > 0 ? run : 1) {
                run = strspn(at, "-");
                longest = run > longest ? run : longest;
            }
            assert_in_range(longest, 200, 255);
        }
        free(text);
    }
}

static void test_json(void **state)
{
    (void)state;
    static const char *const names[] = {"a\"", "b"};
    static const struct cell cells[] = {
        INTEGER(INT64_MAX),
        TEXT("q\"\\\n\x01 恢复"),
        NOTHING,
        TEXT("a\0b"),
        REAL(100),
        REAL(1.0 / 3),
        REAL(1e300),
        TEXT("bad\xff\xe6"
             "end"),
    };
    expect(ROWS_JSON, names, 2, cells, 4,
           "[\n"
           "{\"a\\\"\":9223372036854775807,\"b\":\"q\\\"\\\\\\n\\u0001 恢复\"},\n"
           "{\"a\\\"\":null,\"b\":\"a\\u0000b\"},\n"
           "{\"a\\\"\":100.0,\"b\":0.3333333333333333},\n"
           "{\"a\\\"\":1e+300,\"b\":\"bad\uFFFD\uFFFD"
           "end\"}\n"
           "]\n");
}

static void test_not_finite(void **state)
{
    (void)state;
    static const char *const names[] = {"a"};
    const struct cell cells[] = {REAL(strtod("inf", NULL))};
    expect(ROWS_JSON, names, 1, cells, 1, "[\n{\"a\":null}\n]\n");
}

static void test_full_disk(void **state)
{
    (void)state;
    static const char *const names[] = {"a"};
    static const struct cell cells[] = {TEXT("some text")};
    for (int format = ROWS_TABLE; format <= ROWS_JSON; format++) {
        struct rows_writer *writer = NULL;
        struct error err;
        FILE *full = fopen("/dev/full", "w");
        assert_non_null(full);
        assert_int_equal(setvbuf(full, NULL, _IONBF, 0), 0);
        assert_true(rows_writer_new((enum rows_format)format, full, &writer, &err));
        assert_false(rows_writer_columns(writer, names, 1, &err) &&
                     rows_writer_row(writer, cells, 1, &err) && rows_writer_end(writer, &err));
        assert_non_null(strstr(err.message, "No space left"));
        rows_writer_free(writer);
        (void)fclose(full);
    }
}

static void test_table_limit(void **state)
{
    (void)state;
    static const char *const names[] = {"a", "b", "c"};
    struct rows_writer *writer = NULL;
    struct error err;
    struct cell cells[3];
    char text[201];
    memset(text, 'x', sizeof(text) - 1);
    text[200] = '\0';
    for (size_t i = 0; i < COUNT(cells); i++) {
        cells[i] = (struct cell){.kind = CELL_TEXT, .text = text, .length = 200};
    }
    assert_true(rows_writer_new(ROWS_TABLE, stderr, &writer, &err));
    assert_true(rows_writer_columns(writer, names, 3, &err));
    size_t rows = 0;
    while (rows < ROWS_TABLE_MAX && rows_writer_row(writer, cells, 3, &err)) {
        rows++;
    }
    assert_in_range(rows, ROWS_TABLE_MAX / 603 - 2, ROWS_TABLE_MAX / 603);
    assert_non_null(strstr(err.hint, "csv"));
    rows_writer_free(writer);
}

static void test_width(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t width;
    } cases[] = {
        {"", 0},        {"abc", 3},          {"恢复", 4},     {"é", 1},
        {"e\u0301", 1}, {"한국", 4},         {"ｆｕｌｌ", 8}, {"half\uff71", 5},
        {"💾", 2},       {"\xff\xfe", 2},     {"²", 1},        {"Привет", 6},
        {"𠀀", 2},      {"\u0e01\u0e31", 1}, {"、。", 4},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        assert_int_equal(text_width(cases[i].text, strlen(cases[i].text)), cases[i].width);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table),       cmocka_unit_test(test_table_escapes),
        cmocka_unit_test(test_empty),       cmocka_unit_test(test_csv),
        cmocka_unit_test(test_spreadsheet), cmocka_unit_test(test_spreadsheet_long_texts),
        cmocka_unit_test(test_json),        cmocka_unit_test(test_not_finite),
        cmocka_unit_test(test_full_disk),   cmocka_unit_test(test_table_limit),
        cmocka_unit_test(test_width),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
