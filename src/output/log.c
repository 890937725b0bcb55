#include "output/log.h"

#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

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
    progress_clear();
    /* Without memory to escape it, only what needs no escape, which our own messages do not. */
    int plain = (int)strspn(text, PLAIN);
    (void)fprintf(stderr, "hbrsync: %s%.*s\n", kind, line.failed ? plain : INT_MAX,
                  line.failed ? text : line.data);
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
