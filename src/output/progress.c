#include "output/progress.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "base/text.h"
#include "output/format.h"

#define REDRAW_MS 100
#define BAR_WIDTH 20
#define LINE_SIZE 512

static struct {
    bool enabled;
    bool shown;
    char label[128];
    int64_t started_ms, drawn_ms;
    int64_t started_at; /* jobs done when the label was new */
} progress;

void progress_enable(bool wanted)
{
    progress.enabled = wanted && isatty(STDERR_FILENO) == 1;
}

void progress_clear(void)
{
    if (progress.shown) {
        (void)fputs("\r\033[K", stderr);
        progress.shown = false;
    }
}

static void draw_bar(char bar[BAR_WIDTH + 1], int64_t done, int64_t total)
{
    int filled = 0;
    if (total > 0) {
        filled = done >= total ? BAR_WIDTH : (int)((double)done / (double)total * BAR_WIDTH);
    }
    memset(bar, '.', BAR_WIDTH);
    memset(bar, '#', (size_t)filled);
    bar[BAR_WIDTH] = '\0';
}

/* What the terminal takes in one line. */
static size_t line_width(void)
{
    struct winsize size;
    bool known = ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 1;
    return known && size.ws_col <= LINE_SIZE ? size.ws_col - 1U : LINE_SIZE - 1;
}

static void draw(bool all, int64_t done, int64_t total, int64_t elapsed_ms)
{
    char line[LINE_SIZE], fitted[LINE_SIZE], left_text[48] = "";
    char bar[BAR_WIDTH + 1], done_text[FORMAT_COUNT_SIZE], total_text[FORMAT_COUNT_SIZE];
    char rate_text[FORMAT_COUNT_SIZE];
    int64_t since = done - progress.started_at;
    int64_t rate = elapsed_ms > 0 ? since * 1000 / elapsed_ms : 0;
    draw_bar(bar, done, total);
    format_count(done, done_text);
    format_count(total, total_text);
    format_count(rate, rate_text);
    if (rate > 0 && total > done) {
        int64_t left = (total - done) / rate;
        (void)snprintf(left_text, sizeof(left_text), ", %" PRId64 ":%02" PRId64 " left", left / 60,
                       left % 60);
    }
    (void)snprintf(line, sizeof(line), "%s%s%s%s %s of %s%s jobs, %s/s%s", progress.label,
                   all ? "," : " [", all ? "" : bar, all ? "" : "]", done_text,
                   all && total > 0 ? "about " : "", total > 0 ? total_text : "?", rate_text,
                   left_text);
    (void)text_fit(fitted, line_width() + 1, line); /* no character takes more columns than bytes */
    (void)fprintf(stderr, "\r\033[K%s", fitted);
    (void)fflush(stderr);
    progress.shown = true;
}

/* What is shown of a label: it may quote the service, and may be longer than there is room for. */
static void fit_label(char target[sizeof(progress.label)], const char *label)
{
    struct buffer safe;
    buffer_init(&safe, sizeof(progress.label) - 1);
    text_escape(&safe, label, strlen(label), sizeof(progress.label) - 1 - strlen("..."));
    (void)text_fit(target, sizeof(progress.label), safe.data);
    buffer_free(&safe);
}

static void update(const char *label, bool all, int64_t done, int64_t total)
{
    if (!progress.enabled) {
        return;
    }
    int64_t now = clock_monotonic_ms();
    char fitted[sizeof(progress.label)];
    fit_label(fitted, label);
    if (strcmp(fitted, progress.label) != 0) {
        bool first = progress.label[0] == '\0' || !all;
        memcpy(progress.label, fitted, sizeof(fitted));
        progress.started_ms = first ? now : progress.started_ms;
        progress.started_at = first ? done : progress.started_at;
        progress.drawn_ms = 0;
    }
    if (now - progress.drawn_ms >= REDRAW_MS) {
        progress.drawn_ms = now;
        draw(all, done, total, now - progress.started_ms);
    }
}

void progress_update(const char *label, int64_t done, int64_t total)
{
    update(label, false, done, total);
}

void progress_update_all(const char *label, int64_t done, int64_t total)
{
    update(label, true, done, total);
}
