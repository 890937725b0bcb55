/* A progress line on standard error, for a terminal alone: a bar, the rate, and the time left. */
#ifndef HBRSYNC_OUTPUT_PROGRESS_H
#define HBRSYNC_OUTPUT_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

/* Shows progress from now on if `wanted` and standard error is a terminal. */
void progress_enable(bool wanted);

/* `total` 0: not known. A new label starts the rate anew. Redrawn at most ten times a second. */
void progress_update(const char *label, int64_t done, int64_t total);

/* Of several sources together: one rate for all, an estimated total, and no bar. */
void progress_update_all(const char *label, int64_t done, int64_t total);

/* Takes the line away, so that a message can be printed. */
void progress_clear(void);

#endif
