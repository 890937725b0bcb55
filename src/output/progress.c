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
#define LINE_SIZE 512
#define LABEL_MAX 124

static struct {
    bool enabled;
    bool shown;
    int64_t started_ms, drawn_ms;
} progress;

void progress_enable(bool wanted)
{
    progress.enabled = wanted && isatty(STDERR_FILENO) == 1;
    progress.started_ms = progress.drawn_ms = 0;
}

void progress_clear(void)
{
    if (progress.shown) {
        (void)fputs("\r\033[K", stderr);
        progress.shown = false;
    }
}

/* What the terminal takes in one line. */
static size_t line_width(void)
{
    struct winsize size;
    bool known = ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 1;
    return known && size.ws_col <= LINE_SIZE ? size.ws_col - 1U : LINE_SIZE - 1;
}

static void draw(const char *label, int64_t done, int64_t total, int64_t elapsed_ms)
{
    struct buffer line;
    char fitted[LINE_SIZE], text[3][FORMAT_COUNT_SIZE];
    int64_t rate = elapsed_ms > 0 ? done * 1000 / elapsed_ms : 0;
    format_count(done, text[0]);
    format_count(total, text[1]);
    format_count(rate, text[2]);
    buffer_init(&line, (size_t)2 * LINE_SIZE);
    text_escape(&line, label, strlen(label), LABEL_MAX); /* it may quote the service */
    buffer_printf(&line, ", %s of %s%s jobs, %s/s", text[0], total > 0 ? "about " : "",
                  total > 0 ? text[1] : "?", text[2]);
    if (rate > 0 && total > done) {
        int64_t left = (total - done) / rate;
        buffer_printf(&line, ", %" PRId64 ":%02" PRId64 " left", left / 60, left % 60);
    }
    (void)text_fit(fitted, line_width() + 1, line.data); /* no column without a byte */
    (void)fprintf(stderr, "\r\033[K%s", fitted);
    (void)fflush(stderr);
    buffer_free(&line);
    progress.shown = true;
}

void progress_update(const char *label, int64_t done, int64_t total)
{
    int64_t now = clock_monotonic_ms();
    if (progress.started_ms == 0) {
        progress.started_ms = now;
    }
    if (progress.enabled && now - progress.drawn_ms >= REDRAW_MS) {
        progress.drawn_ms = now;
        draw(label, done, total, now - progress.started_ms);
    }
}
