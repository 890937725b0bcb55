/* Messages and the progress line, as they reach standard error. */
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "output/log.h"

#define END "\x01the end"
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static char written[20000];
static int saved_stderr = -1, reader = -1;

static void capture(int writer, int from)
{
    (void)fflush(stderr);
    saved_stderr = dup(STDERR_FILENO);
    assert_true(saved_stderr >= 0);
    assert_int_equal(dup2(writer, STDERR_FILENO), STDERR_FILENO);
    reader = from;
}

static void capture_file(void)
{
    char path[] = "/tmp/hbrsync-log-XXXXXX";
    int file = mkstemp(path);
    assert_true(file >= 0);
    assert_int_equal(unlink(path), 0);
    capture(file, file);
}

/* Reads what was written up to END; a terminal gives it in pieces, some time later. */
static void read_until_end(void)
{
    size_t length = 0;
    char *end = NULL;
    while (end == NULL && length < sizeof(written) - 1) {
        struct pollfd ready = {.fd = reader, .events = POLLIN};
        if (poll(&ready, 1, 10000) != 1) {
            break;
        }
        ssize_t got = read(reader, written + length, sizeof(written) - 1 - length);
        if (got <= 0) {
            break;
        }
        length += (size_t)got;
        written[length] = '\0';
        end = strstr(written, END);
    }
    assert_non_null(end);
    *end = '\0';
}

/* What was written since capture_*, in `written`. */
static void release(void)
{
    (void)fputs(END, stderr);
    (void)fflush(stderr);
    assert_int_equal(dup2(saved_stderr, STDERR_FILENO), STDERR_FILENO);
    (void)close(saved_stderr);
    (void)lseek(reader, 0, SEEK_SET); /* of a file; a terminal has no place */
    read_until_end();
    (void)close(reader);
}

static void say_everything(void)
{
    struct error err;
    error_set(&err, ERROR_USAGE, "E");
    error_hint(&err, "H.");
    log_error(&err);
    log_warning("W%d", 1);
    log_info("I%d", 2);
    log_detail("D%d", 3);
}

static void test_levels(void **state)
{
    (void)state;
    static const struct {
        enum log_level level;
        const char *expected;
    } cases[] = {
        {LOG_QUIET, "hbrsync: error: E\nhbrsync: hint: H.\n"},
        {LOG_NORMAL, "hbrsync: error: E\nhbrsync: hint: H.\nhbrsync: warning: W1\nhbrsync: I2\n"},
        {LOG_VERBOSE, "hbrsync: error: E\nhbrsync: hint: H.\nhbrsync: warning: W1\nhbrsync: I2\n"
                      "hbrsync: D3\n"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        log_set_level(cases[i].level);
        capture_file();
        say_everything();
        release();
        assert_string_equal(written, cases[i].expected);
    }
    log_set_level(LOG_NORMAL);
}

static void test_error_forms(void **state)
{
    (void)state;
    struct error err;
    error_set(&err, ERROR_USAGE, "it failed");
    capture_file();
    log_error(&err);
    log_error_about("cn-hangzhou", &err);
    release();
    assert_string_equal(written,
                        "hbrsync: error: it failed\nhbrsync: error: cn-hangzhou: it failed\n");
}

static void test_foreign_text(void **state)
{
    (void)state;
    struct error err;
    error_set(&err, ERROR_SERVICE, "a\nhbrsync: error: forged\r\x1b[2J");
    error_hint(&err, "b\nc");
    capture_file();
    log_error_about("d\ne", &err);
    log_warning("%s", "\xe2\x80\xae"
                      "f\xff");
    log_info("%s", "100%n%s");
    release();
    assert_string_equal(written, "hbrsync: error: d\\u{000a}e: a\\u{000a}hbrsync: error: "
                                 "forged\\u{000d}\\u{001b}[2J\n"
                                 "hbrsync: hint: b\\u{000a}c\n"
                                 "hbrsync: warning: \\u{202e}f\\xff\n"
                                 "hbrsync: 100%n%s\n");
}

static void test_long_text(void **state)
{
    (void)state;
    static char text[15000];
    memset(text, 'm', sizeof(text) - 1);
    capture_file();
    log_info("%s", text);
    memset(text, '\n', sizeof(text) - 1);
    log_info("%s", text);
    release();
    char *end = strchr(written, '\n');
    assert_non_null(end);
    assert_in_range(end - written, 4000, 4200);
    char *second = end + 1;
    end = strchr(second, '\n');
    assert_non_null(end);
    assert_int_equal(end[1], '\0'); /* one message, one line */
    assert_memory_equal(end - 3, "...", 3);
}

/* Standard error becomes a terminal. */
static void capture_terminal(void)
{
    int master = posix_openpt(O_RDWR | O_NOCTTY);
    assert_true(master >= 0);
    assert_int_equal(grantpt(master), 0);
    assert_int_equal(unlockpt(master), 0);
    int terminal = open(ptsname(master), O_RDWR | O_NOCTTY);
    assert_true(terminal >= 0);
    struct termios settings;
    assert_int_equal(tcgetattr(terminal, &settings), 0);
    cfmakeraw(&settings);
    assert_int_equal(tcsetattr(terminal, TCSANOW, &settings), 0);
    capture(terminal, master);
}

static void test_progress_needs_a_terminal(void **state)
{
    (void)state;
    capture_file();
    progress_enable(true);
    progress_update("cn-hangzhou", 1, 2);
    progress_clear();
    release();
    assert_string_equal(written, "");
    capture_terminal();
    progress_enable(false);
    progress_update("cn-hangzhou", 1, 2);
    progress_clear();
    release();
    assert_string_equal(written, "");
}

static void test_progress_line(void **state)
{
    (void)state;
    capture_terminal();
    progress_enable(true);
    progress_update("cn-hangzhou STANDARD", 5000, 20000);
    log_info("message");
    progress_enable(false);
    release();
    assert_string_equal(written, "cn-hangzhou STANDARD [##........] 5,000/~20,000 jobs 0:00"
                                 "\r\033[Khbrsync: message\n");
}

static void test_progress_of_unknown_total(void **state)
{
    (void)state;
    capture_terminal();
    progress_enable(true);
    progress_update("unknown", 7, 0);
    progress_clear();
    progress_enable(true);
    progress_update("beyond", 9, 5);
    progress_clear();
    progress_enable(false);
    release();
    assert_string_equal(written, "unknown 7/? jobs 0:00\r\033[K"
                                 "beyond [##########] 9/~5 jobs 0:00\r\033[K");
}

/* What does not fit goes: the time left, the rate, the bar bit by bit, the elapsed time, the label.
 */
static void test_progress_at_any_width(void **state)
{
    (void)state;
    static const struct {
        size_t columns;
        const char *expected;
    } cases[] = {
        {199, "12 of 30 regions [#####.....] 12,345/~24,000 jobs 1:01:07 1,165/s 0:10 left"},
        {75, "12 of 30 regions [#####.....] 12,345/~24,000 jobs 1:01:07 1,165/s 0:10 left"},
        {74, "12 of 30 regions [#####.....] 12,345/~24,000 jobs 1:01:07 1,165/s"},
        {65, "12 of 30 regions [#####.....] 12,345/~24,000 jobs 1:01:07 1,165/s"},
        {64, "12 of 30 regions [#####.....] 12,345/~24,000 jobs 1:01:07"},
        {56, "12 of 30 regions [####....] 12,345/~24,000 jobs 1:01:07"},
        {52, "12 of 30 regions [##..] 12,345/~24,000 jobs 1:01:07"},
        {50, "12 of 30 regions 12,345/~24,000 jobs 1:01:07"},
        {39, "12 of 30 regions 12,345/~24,000 jobs"},
        {20, "12,345/~24,000 jobs"},
        {19, "12,345/~24,000 jobs"},
        {9, "12,345/~2"},
        {0, ""},
    };
    struct progress_state run = {.label = "12 of 30 regions",
                                 .done = 12345,
                                 .total = 24000,
                                 .rate = 1165,
                                 .elapsed_ms = 3667000};
    struct buffer line;
    buffer_init(&line, 1000);
    for (size_t i = 0; i < COUNT(cases); i++) {
        progress_compose(&line, &run, cases[i].columns);
        assert_string_equal(line.data, cases[i].expected);
    }
    run.elapsed_ms = 2999; /* too soon to tell how long it takes */
    progress_compose(&line, &run, 199);
    assert_string_equal(line.data,
                        "12 of 30 regions [#####.....] 12,345/~24,000 jobs 0:02 1,165/s");
    run.rate = 0;
    run.elapsed_ms = 60000;
    progress_compose(&line, &run, 199);
    assert_string_equal(line.data, "12 of 30 regions [#####.....] 12,345/~24,000 jobs 1:00");
    buffer_free(&line);
}

/* A wide character takes two columns. */
static void test_wide_characters(void **state)
{
    (void)state;
    static const struct progress_state run = {.label = "备份库", .done = 1, .total = 2};
    struct buffer line;
    buffer_init(&line, 1000);
    progress_compose(&line, &run, 37);
    assert_string_equal(line.data, "备份库 [#####.....] 1/~2 jobs 0:00");
    progress_compose(&line, &run, 33);
    assert_string_equal(line.data, "备份库 [####....] 1/~2 jobs 0:00");
    progress_compose_waiting(&line, "备份库备份库备份库", "20:45:31", 199);
    assert_string_equal(line.data, "备份库备份库备份库; retrying until 20:45:31");
    progress_compose_waiting(&line, "备份库备份库备份库", "20:45:31", 36);
    assert_string_equal(line.data, "备份库...备份库; retry to 20:45:31");
    buffer_free(&line);
}

static void test_waiting_at_any_width(void **state)
{
    (void)state;
    static const struct {
        size_t columns;
        const char *expected;
    } cases[] = {
        {199,
         "cn-hangzou: Could not resolve host: sts (did you mean 'cn-hangzhou'?); retrying until "
         "20:45:31"},
        {79, "cn-hangzou: Could not res... you mean 'cn-hangzhou'?); retrying until 20:45:31"},
        {39, "cn-hangz...gzhou'?); retry to 20:45:31"},
        {26, "retry to 20:45:31"},
        {17, "retry to 20:45:31"},
        {8, "retry to"},
    };
    struct buffer line;
    buffer_init(&line, 1000);
    for (size_t i = 0; i < COUNT(cases); i++) {
        progress_compose_waiting(&line,
                                 "cn-hangzou: Could not resolve host: sts (did you mean "
                                 "'cn-hangzhou'?)",
                                 "20:45:31", cases[i].columns);
        assert_string_equal(line.data, cases[i].expected);
    }
    buffer_free(&line);
}

/* What fails takes the line's place, until it does not any more. */
static void test_waiting_line(void **state)
{
    (void)state;
    assert_int_equal(setenv("TZ", "UTC-8", 1), 0);
    capture_terminal();
    progress_enable(true);
    progress_update("cn-hangzhou", 1, 2);
    log_waiting(NULL, 0);
    (void)usleep(150000);
    log_waiting("cn-hangzhou: refused\n", 45931);
    log_waiting(NULL, 0);
    progress_enable(false);
    release();
    assert_non_null(strstr(written, "\r\033[Kcn-hangzhou: refused\\u{000a}; retrying until 20:45:31"
                                    "\r\033[K"));
    capture_terminal();
    for (int i = 0; i < 3; i++) {
        log_waiting("cn-hangzhou: refused", 45931); /* once, where no line is shown */
    }
    log_attempt("refused", 45931); /* nothing but with LOG_VERBOSE */
    release();
    assert_string_equal(written, "hbrsync: cn-hangzhou: refused; retrying until 20:45:31\n");
    log_waiting(NULL, 0);
    capture_file();
    log_waiting("cn-hangzhou: refused", 45931);
    log_set_level(LOG_VERBOSE);
    log_attempt("refused", 45931);
    log_set_level(LOG_NORMAL);
    release();
    assert_string_equal(written, "hbrsync: refused; retrying until 20:45:31\n");
}

/* The number of times that this was written. */
static size_t occurrences(const char *text)
{
    size_t count = 0;
    for (const char *at = strstr(written, text); at != NULL; at = strstr(at + 1, text)) {
        count++;
    }
    return count;
}

/* Updates 300 times within some tenths of a second; drawn at most ten times a second. */
static void assert_calm(const char *label)
{
    capture_terminal();
    progress_enable(true);
    int64_t start = clock_monotonic_ms();
    for (int i = 0; i < 300; i++) {
        struct timespec pause = {.tv_nsec = 1000000};
        progress_update(label, i, 300);
        (void)nanosleep(&pause, NULL);
    }
    int64_t passed = clock_monotonic_ms() - start;
    progress_clear();
    progress_enable(false);
    release();
    assert_in_range(occurrences("/~300 jobs"), 2, passed / 100 + 1);
}

static void test_progress_is_calm(void **state)
{
    (void)state;
    assert_calm("cn-hangzhou STANDARD");
    assert_memory_equal(written, "cn-hangzhou STANDARD [..........] 0/~300 jobs", 45);
}

/* A label is shown safely, and cut when it is long. */
static void test_progress_labels(void **state)
{
    (void)state;
    char label[400];
    memset(label, 'l', sizeof(label) - 1);
    label[sizeof(label) - 1] = '\0';
    label[0] = '\n';
    label[1] = '\x1b';
    assert_calm(label);
    assert_non_null(strstr(written, "0/~300 jobs"));
    assert_null(strchr(written, '\n'));
    assert_null(strstr(written, "\033l"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_levels),
        cmocka_unit_test(test_error_forms),
        cmocka_unit_test(test_foreign_text),
        cmocka_unit_test(test_long_text),
        cmocka_unit_test(test_progress_needs_a_terminal),
        cmocka_unit_test(test_progress_line),
        cmocka_unit_test(test_progress_of_unknown_total),
        cmocka_unit_test(test_progress_at_any_width),
        cmocka_unit_test(test_wide_characters),
        cmocka_unit_test(test_waiting_at_any_width),
        cmocka_unit_test(test_waiting_line),
        cmocka_unit_test(test_progress_is_calm),
        cmocka_unit_test(test_progress_labels),
    };
    return setenv("TERM", "xterm", 1) != 0 || cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
