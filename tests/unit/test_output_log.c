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
#include "output/progress.h"

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
    assert_string_equal(written, "\r\033[Kcn-hangzhou STANDARD, 5,000 of about 20,000 jobs, 0/s"
                                 "\r\033[Khbrsync: message\n");
}

static void test_progress_of_unknown_total(void **state)
{
    (void)state;
    capture_terminal();
    progress_enable(true);
    progress_update("unknown", 7, 0);
    progress_enable(true);
    progress_update("beyond", 9, 5);
    progress_clear();
    progress_enable(false);
    release();
    assert_string_equal(written, "\r\033[Kunknown, 7 of ? jobs, 0/s"
                                 "\r\033[Kbeyond, 9 of about 5 jobs, 0/s"
                                 "\r\033[K");
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
    assert_in_range(occurrences(" of about 300 jobs"), 2, passed / 100 + 1);
}

static void test_progress_is_calm(void **state)
{
    (void)state;
    assert_calm("cn-hangzhou STANDARD");
    assert_memory_equal(written, "\r\033[Kcn-hangzhou STANDARD, 0 of about 300", 40);
    assert_non_null(strstr(written, " left")); /* there is a rate by now */
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
    assert_memory_equal(written, "\r\033[K\\u{000a}\\u{001b}lll", 22);
    assert_non_null(strstr(written, "..., 0 of about 300 jobs"));
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
        cmocka_unit_test(test_progress_is_calm),
        cmocka_unit_test(test_progress_labels),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
