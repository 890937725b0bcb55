/* What people are told on standard error: messages, `hbrsync: error: ...`, and the progress line.
 * The only printers besides the commands' own output. */
#ifndef HBRSYNC_OUTPUT_LOG_H
#define HBRSYNC_OUTPUT_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/error.h"

enum log_level { LOG_QUIET, LOG_NORMAL, LOG_VERBOSE };

void log_set_level(enum log_level level);

/* An error with its hint, and "subject: " before the message unless it is ""; printed at every
 * level. The texts are escaped. */
void log_error_about(const char *subject, const struct error *err);
#define log_error(err) log_error_about("", err)

/* Printed at this level and above. */
void log_print(enum log_level least, const char *kind, const char *format, ...) PRINTF_LIKE(3, 4);
#define log_warning(...) log_print(LOG_NORMAL, "warning: ", __VA_ARGS__)
#define log_info(...) log_print(LOG_NORMAL, "", __VA_ARGS__)
#define log_detail(...) log_print(LOG_VERBOSE, "", __VA_ARGS__)

/* An attempt that failed and is followed by another, until this time, UNIX seconds: a line each
 * with LOG_VERBOSE. */
void log_attempt(const char *failure, int64_t until);

/* What fails for some time now, or NULL, told about once a second by one thread at a time: on the
 * progress line, or once on a terminal that shows none. */
void log_waiting(const char *failure, int64_t until);

/* --- the progress line --------------------------------------------------------------------- */

/* A line that is rewritten, for a terminal that can do so: how far the run is, or what keeps it
 * waiting. Any thread may call these. */

/* Shows the line from now on if `wanted` and standard error is such a terminal. */
void progress_enable(bool wanted);

/* Of the run as a whole; `total` is an estimate, 0: none yet. Redrawn at most ten times a second.
 */
void progress_update(const char *label, int64_t done, int64_t total);

/* Takes the line away, so that a message can be printed. */
void progress_clear(void);

struct progress_state {
    const char *label; /* what is read; "" only before the first update */
    int64_t done, total;
    int64_t rate;       /* a second, of late; 0: none yet */
    int64_t elapsed_ms; /* since the first update */
};

/*
 * Composes the line for so many columns: where they are too few, the time left goes first, then the
 * rate, then the bar shrinks; then the elapsed time goes, and the label.
 */
void progress_compose(struct buffer *line, const struct progress_state *state, size_t columns);

/* The same for what keeps the run waiting; `failure` loses its middle. */
void progress_compose_waiting(struct buffer *line, const char *failure, const char *until,
                              size_t columns);

#endif
