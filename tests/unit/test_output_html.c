/* What the HTML page is made of: escaped text, quantities, headings, plots. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "output/format.h"
#include "output/html.h"
#include "output/svg_plot.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define TEXT(literal)                                                                              \
    {                                                                                              \
        .kind = CELL_TEXT, .text = (literal), .length = sizeof(literal) - 1                        \
    }
#define INTEGER(number)                                                                            \
    {                                                                                              \
        .kind = CELL_INTEGER, .integer = (number)                                                  \
    }

static struct buffer fresh(void)
{
    struct buffer buffer;
    buffer_init(&buffer, 1U << 20);
    return buffer;
}

static void test_text(void **state)
{
    (void)state;
    struct buffer buffer = fresh();
    html_puts(&buffer, "<b a='\"'>&恢复\x1b\xff");
    assert_string_equal(buffer.data, "&lt;b a=&#39;&quot;&#39;&gt;&amp;恢复\\u{001b}\\xff");
    buffer_free(&buffer);
}

static void test_quantities(void **state)
{
    (void)state;
    static const struct {
        const char *column;
        struct cell cell;
        const char *text;
    } cases[] = {
        {"restores", INTEGER(1234567), "1,234,567"},
        {"last_run_id", INTEGER(1234567), "1234567"},
        {"bytes_restored", INTEGER(0), "0 B"},
        {"bytes_restored", INTEGER(1023), "1023 B"},
        {"last_success_bytes", INTEGER(1536), "1.5 KiB"},
        {"bytes_restored", INTEGER(INT64_MAX), "8192.0 PiB"},
        {"max_bytes_per_second", INTEGER(1048576), "1.0 MiB/s"},
        {"open_seconds", INTEGER(59), "59 s"},
        {"open_seconds", INTEGER(3599), "59 min 59 s"},
        {"open_seconds", INTEGER(3660), "1 h 01 min"},
        {"open_seconds", INTEGER(86400 * 1000 + 7200), "1,000 d 2 h"},
        {"share_percent", {.kind = CELL_REAL, .real = 99.96}, "100.0 %"},
        {"share_percent", INTEGER(5), "5.0 %"},
        {"average", {.kind = CELL_REAL, .real = 2.25}, "2.2"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct buffer buffer = fresh();
        quantity_text(&buffer, quantity_of_column(cases[i].column), &cases[i].cell);
        assert_string_equal(buffer.data, cases[i].text);
        buffer_free(&buffer);
    }
}

static void test_headings(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"restore_type", "Restore type"},
        {"latest_utc", "Latest (UTC)"},
        {"p95_seconds", "95th percentile"},
        {"max_bytes_per_second", "Maximum"},
        {"overall_bytes_per_second", "Overall rate"},
        {"running_seconds", "Running time"},
        {"restore_time_p50_seconds", "Restore time median"},
        {"success_rate_percent", "Success rate"},
        {"latest_restore_id", "Latest restore ID"},
        {"bytes_restored", "Data restored"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct buffer buffer = fresh();
        quantity_heading(&buffer, cases[i][0]);
        assert_string_equal(buffer.data, cases[i][1]);
        buffer_free(&buffer);
    }
}

static void test_cells(void **state)
{
    (void)state;
    static const struct cell bytes = INTEGER(1536);
    static const struct cell status = TEXT("FAILED");
    static const struct cell none = {.kind = CELL_NULL};
    struct buffer buffer = fresh();
    html_cell(&buffer, "bytes_restored", &bytes, false);
    html_cell(&buffer, "status", &status, true);
    html_cell(&buffer, "anything", &none, false);
    assert_string_equal(buffer.data,
                        "<td class=\"n\"><data value=\"1536\">1.5 KiB</data></td>"
                        "<th scope=\"row\"><span class=\"status c-failed\">FAILED</span></th>"
                        "<td class=\"none\">\u2013</td>");
    buffer_free(&buffer);
}

static void test_plot(void **state)
{
    (void)state;
    static const char *const names[] = {"unit", "day", "good", "bad"};
    static const struct cell rows[][4] = {
        {TEXT("day"), TEXT("<1>"), INTEGER(3), INTEGER(1)},
        {TEXT("day"), TEXT("2"), INTEGER(0), INTEGER(0)},
    };
    struct kept_rows kept = {0};
    struct buffer buffer = fresh();
    struct error err;
    assert_true(kept_rows_columns(&kept, names, 4, &err));
    assert_true(svg_plot(&buffer, "bars | Title | day | good", "p", &kept, &err));
    assert_string_equal(buffer.data, ""); /* no rows, no plot */
    assert_true(kept_rows_add(&kept, rows[0], &err) && kept_rows_add(&kept, rows[1], &err));
    assert_true(svg_plot(&buffer, "stacked | Each {unit} | day | good bad", "p", &kept, &err));
    assert_non_null(strstr(buffer.data, "<title id=\"p-t\">Each day</title>"));
    assert_non_null(strstr(buffer.data, "2 bars, from &lt;1&gt; to 2; together 4, the greatest "
                                        "&lt;1&gt; with 4."));
    assert_non_null(strstr(buffer.data, "<rect class=\"c-good\""));
    static const char *const wrong[] = {"bars | T | day | good bad", "bars | T | nothing | good",
                                        "stacked | T | day | nothing", "bars | T | day |", ""};
    for (size_t i = 0; i < COUNT(wrong); i++) {
        assert_false(svg_plot(&buffer, wrong[i], "p", &kept, &err));
        assert_int_equal(err.code, ERROR_INTERNAL);
    }
    kept_rows_free(&kept);
    buffer_free(&buffer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_text),     cmocka_unit_test(test_quantities),
        cmocka_unit_test(test_headings), cmocka_unit_test(test_cells),
        cmocka_unit_test(test_plot),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
