#include "output/log.h"

#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/buffer.h"
#include "base/text.h"
#include "output/progress.h"

#define LINE_MAX_BYTES 4096
#define PLAIN                                                                                      \
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 "                              \
    ".,:;!?()[]{}<>/\"'`-_+*=&%$#@~"

static enum log_level level = LOG_NORMAL;

void log_set_level(enum log_level new_level)
{
    level = new_level;
}

/* Every message is one line, whatever it quotes. */
static void print_line(const char *kind, const char *text)
{
    struct buffer line;
    buffer_init(&line, LINE_MAX_BYTES * 10);
    text_escape(&line, text, strlen(text), LINE_MAX_BYTES);
    flockfile(stderr);
    progress_clear();
    /* Without memory to escape it, only what needs no escape, which our own messages do not. */
    int plain = (int)strspn(text, PLAIN);
    (void)fprintf(stderr, "hbrsync: %s%.*s\n", kind, line.failed ? plain : INT_MAX,
                  line.failed ? text : line.data);
    funlockfile(stderr);
    buffer_free(&line);
}

void log_error_about(const char *subject, const struct error *err)
{
    char text[LINE_MAX_BYTES];
    (void)snprintf(text, sizeof(text), "%s%s%s", subject, subject[0] != '\0' ? ": " : "",
                   err->message);
    print_line("error: ", text);
    if (err->hint[0] != '\0') {
        print_line("hint: ", err->hint);
    }
}

void log_error(const struct error *err)
{
    log_error_about("", err);
}

void log_print(enum log_level least, const char *kind, const char *format, ...)
{
    char text[LINE_MAX_BYTES];
    va_list args;
    va_start(args, format);
    if (level >= least && vsnprintf(text, sizeof(text), format, args) >= 0) {
        print_line(kind, text);
    }
    va_end(args);
}

/* As people who wait read it from a clock. */
static void format_clock(int64_t seconds, char text[16])
{
    time_t time = (time_t)seconds;
    struct tm parts;
    if (localtime_r(&time, &parts) == NULL || strftime(text, 16, "%H:%M:%S", &parts) == 0) {
        (void)text_fit(text, 16, "?");
    }
}

void log_attempt(const char *failure, int64_t until)
{
    char clock[16];
    format_clock(until, clock);
    log_detail("%s; retrying until %s", failure, clock);
}

void log_waiting(const char *failure, int64_t until)
{
    static bool told; /* by the caller's lock one thread at a time */
    char clock[16];
    format_clock(until, clock);
    told = told && failure != NULL;
    if (!progress_waiting(failure, clock) && failure != NULL && !told && level == LOG_NORMAL) {
        log_info("%s; retrying until %s", failure, clock);
        told = true;
    }
}
