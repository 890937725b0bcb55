/* A line on standard error that is rewritten, for a terminal that can do so: how far the run is, or
 * what keeps it waiting. Any thread may call these. */
#ifndef HBRSYNC_OUTPUT_PROGRESS_H
#define HBRSYNC_OUTPUT_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"

/* Shows the line from now on if `wanted` and standard error is such a terminal. */
void progress_enable(bool wanted);

/* Of the run as a whole; `total` is an estimate, 0: none yet. Redrawn at most ten times a second.
 */
void progress_update(const char *label, int64_t done, int64_t total);

/*
 * Shows `failure`, which is tried again until `until` ("20:45:31"), in the line's place; NULL: the
 * line again, redrawn for its elapsed time and the terminal's width. False if standard error is a
 * terminal that shows no such line.
 */
bool progress_waiting(const char *failure, const char *until);

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
