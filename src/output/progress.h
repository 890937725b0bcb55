/* A progress line on standard error, for a terminal alone: how much is done, the rate, and the time
 * left. */
#ifndef HBRSYNC_OUTPUT_PROGRESS_H
#define HBRSYNC_OUTPUT_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

/* Shows progress from now on if `wanted` and standard error is a terminal. */
void progress_enable(bool wanted);

/* Of the run as a whole; `total` is an estimate, 0: none yet. Redrawn at most ten times a second,
 * cut to the terminal's width. */
void progress_update(const char *label, int64_t done, int64_t total);

/* Takes the line away, so that a message can be printed. */
void progress_clear(void);

#endif
