#include "output/log.h"

#include <inttypes.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/text.h"
#include "output/format.h"

#define LINE_MAX_BYTES 4096
#define PLAIN                                                                                      \
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 "                              \
    ".,:;!?()[]{}<>/\"'`-_+*=&%$#@~"
#define REDRAW_MS 100
#define COLUMNS_MAX 512
#define COLUMNS_UNKNOWN 80
#define TEXT_MAX 124
#define TEXT_SIZE 512
#define BAR_COLUMNS 10
#define BAR_MIN 4
#define SAMPLES 11 /* a second apart: the rate is that of the last ten */
#define SAMPLE_MS 1000
#define LEFT_AFTER_MS 3000 /* the first rates say nothing of the rest */

/* Several threads write: one at a time, whole lines. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

/* Guarded by the lock. */
static struct {
    bool enabled, shown;
    int64_t started_ms, drawn_ms;
    char label[TEXT_SIZE], failure[TEXT_SIZE], until[16];
    int64_t done, total;
    struct sample {
        int64_t at_ms, done;
    } samples[SAMPLES];
    size_t sampled;
} progress;

void progress_enable(bool wanted)
{
    const char *kind = getenv("TERM");
    memset(&progress, 0, sizeof(progress));
    progress.enabled =
        wanted && isatty(STDERR_FILENO) == 1 && (kind == NULL || strcmp(kind, "dumb") != 0);
}

static void clear(void)
{
    if (progress.shown) {
        (void)fputs("\r\033[K", stderr);
        progress.shown = false;
    }
}

void progress_clear(void)
{
    (void)pthread_mutex_lock(&lock);
    clear();
    (void)pthread_mutex_unlock(&lock);
}

/* What the terminal takes in one line; its last column would make some wrap. */
static size_t line_columns(void)
{
    struct winsize size;
    bool known = ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
    size_t columns = known ? size.ws_col : COLUMNS_UNKNOWN;
    return columns > COLUMNS_MAX ? COLUMNS_MAX - 1 : columns - 1;
}

/* " 1:05" */
static void add_time(struct buffer *line, int64_t seconds)
{
    if (seconds >= 3600) {
        buffer_printf(line, " %" PRId64 ":%02d", seconds / 3600, (int)(seconds / 60 % 60));
    } else {
        buffer_printf(line, " %d", (int)(seconds / 60));
    }
    buffer_printf(line, ":%02d", (int)(seconds % 60));
}

/* The line without the first `drop` of what may go. */
static void add_parts(struct buffer *line, const struct progress_state *state, int drop)
{
    char done[FORMAT_COUNT_SIZE], total[FORMAT_COUNT_SIZE], rate[FORMAT_COUNT_SIZE];
    int bar = drop <= 2 ? BAR_COLUMNS : BAR_COLUMNS - 2 * (drop - 2);
    int64_t left = state->total - state->done;
    format_count(state->done, done);
    format_count(state->total, total);
    format_count(state->rate, rate);
    buffer_reset(line);
    if (drop <= 7) {
        buffer_printf(line, "%s ", state->label);
        if (bar >= BAR_MIN && state->total > 0) { /* "[###.......] " */
            double share =
                state->done < state->total ? (double)state->done / (double)state->total : 1;
            int full = (int)(share * bar);
            buffer_printf(line, "[%.*s%.*s] ", full, "##########", bar - full, "..........");
        }
    }
    buffer_printf(line, "%s/%s%s jobs", done, state->total > 0 ? "~" : "?",
                  state->total > 0 ? total : "");
    if (drop <= 6) {
        add_time(line, state->elapsed_ms / 1000);
    }
    if (drop <= 1 && state->rate > 0) {
        buffer_printf(line, " %s/s", rate);
    }
    if (drop == 0 && state->rate > 0 && left > 0 && state->elapsed_ms >= LEFT_AFTER_MS) {
        add_time(line, left / state->rate);
        buffer_puts(line, " left");
    }
}

void progress_compose(struct buffer *line, const struct progress_state *state, size_t columns)
{
    for (int drop = 0; drop <= 8; drop++) {
        add_parts(line, state, drop);
        if (text_width(line->data, line->length) <= columns) {
            return;
        }
    }
    line->length = columns; /* of digits alone by now */
    line->data[columns] = '\0';
}

/* The bytes of the character. */
static size_t step(const char *text)
{
    uint32_t code;
    size_t size = text_utf8_length(text, strlen(text), &code);
    return size > 0 ? size : 1;
}

void progress_compose_waiting(struct buffer *line, const char *failure, const char *until,
                              size_t columns)
{
    char tail[64];
    size_t length = strlen(failure), head = length, rest = length;
    (void)snprintf(tail, sizeof(tail), "; %s %s", columns < 60 ? "retry to" : "retrying until",
                   until);
    buffer_reset(line);
    if (columns < strlen(tail) + 8) {
        buffer_printf(line, "%.*s", (int)columns, tail + 2);
        return;
    }
    size_t room = columns - strlen(tail);
    if (text_width(failure, length) > room) {
        for (head = 0; text_width(failure, head + step(failure + head)) <= (room - 3) / 2;) {
            head += step(failure + head);
        }
        for (rest = head; text_width(failure + rest, length - rest) > (room - 3) / 2;) {
            rest += step(failure + rest);
        }
    }
    buffer_append(line, failure, head);
    buffer_printf(line, "%s%s%s", head < length ? "..." : "", failure + rest, tail);
}

/* --- the line on the terminal -------------------------------------------------------------- */

static int64_t rate_at(int64_t now)
{
    size_t kept = progress.sampled < SAMPLES ? progress.sampled : SAMPLES;
    const struct sample *oldest = &progress.samples[(progress.sampled - kept) % SAMPLES];
    int64_t span = now - oldest->at_ms;
    int64_t rate = span >= SAMPLE_MS ? (progress.done - oldest->done) * 1000 / span : 0;
    return rate > 0 ? rate : 0;
}

/* Unless it was drawn a moment ago. */
static void draw(void)
{
    struct buffer line;
    int64_t now = clock_monotonic_ms();
    if (!progress.enabled || now - progress.drawn_ms < REDRAW_MS) {
        return;
    }
    clear();
    if (progress.failure[0] == '\0' && progress.label[0] == '\0') {
        return;
    }
    progress.drawn_ms = now;
    buffer_init(&line, (size_t)4 * TEXT_SIZE);
    if (progress.failure[0] != '\0') {
        progress_compose_waiting(&line, progress.failure, progress.until, line_columns());
    } else {
        const struct progress_state state = {.label = progress.label,
                                             .done = progress.done,
                                             .total = progress.total,
                                             .rate = rate_at(now),
                                             .elapsed_ms = now - progress.started_ms};
        progress_compose(&line, &state, line_columns());
    }
    (void)fputs(line.data, stderr);
    (void)fflush(stderr);
    buffer_free(&line);
    progress.shown = true;
}

void progress_update(const char *label, int64_t done, int64_t total)
{
    int64_t now = clock_monotonic_ms();
    (void)pthread_mutex_lock(&lock);
    const struct sample *last = &progress.samples[(progress.sampled + SAMPLES - 1) % SAMPLES];
    if (progress.sampled == 0) {
        progress.started_ms = now;
    }
    if (progress.sampled == 0 || now - last->at_ms >= SAMPLE_MS) {
        progress.samples[progress.sampled++ % SAMPLES] = (struct sample){now, done};
    }
    text_show(progress.label, sizeof(progress.label), label, strlen(label), TEXT_MAX);
    progress.done = done;
    progress.total = total;
    draw();
    (void)pthread_mutex_unlock(&lock);
}

/* --- messages ------------------------------------------------------------------------------ */

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
    (void)pthread_mutex_lock(&lock);
    clear();
    /* Without memory to escape it, only what needs no escape, which our own messages do not. */
    int plain = (int)strspn(text, PLAIN);
    (void)fprintf(stderr, "hbrsync: %s%.*s\n", kind, line.failed ? plain : INT_MAX,
                  line.failed ? text : line.data);
    (void)pthread_mutex_unlock(&lock);
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
    const char *shown = failure != NULL ? failure : "";
    char clock[16];
    format_clock(until, clock);
    (void)pthread_mutex_lock(&lock);
    bool waited = progress.failure[0] != '\0';
    text_show(progress.failure, sizeof(progress.failure), shown, strlen(shown),
              sizeof(progress.failure) - 4);
    memcpy(progress.until, clock, sizeof(clock));
    if (failure == NULL && waited) {
        clear(); /* somebody may print next */
    }
    draw();
    bool needs_telling = !progress.enabled && isatty(STDERR_FILENO) == 1 && level == LOG_NORMAL;
    (void)pthread_mutex_unlock(&lock);
    told = told && failure != NULL;
    if (needs_telling && failure != NULL && !told) {
        log_info("%s; retrying until %s", failure, clock);
        told = true;
    }
}
