/* Numbers and times as people read them. */
#ifndef HBRSYNC_OUTPUT_FORMAT_H
#define HBRSYNC_OUTPUT_FORMAT_H

#include <stdint.h>

#include "base/buffer.h"

#define FORMAT_COUNT_SIZE 32
#define FORMAT_TIME_SIZE 32
#define FORMAT_AGE_SIZE 32

/* "20,000" */
void format_count(int64_t count, char text[FORMAT_COUNT_SIZE]);

/* "2026-01-15 08:30:00 UTC", or "never" for 0. */
void format_time(int64_t seconds, char text[FORMAT_TIME_SIZE]);

/* "12 s", "5 min", "3 h", "9 days"; an age from now on, never negative. */
void format_age(int64_t seconds, char text[FORMAT_AGE_SIZE]);

/*
 * Appends a source and its scope ("" when unrestricted) as one line of words, escaped: "ACCOUNT
 * REGION EDITION SCOPE". Jobs that were imported without a region have "imported" in its place;
 * other empty parts are left out.
 */
void format_source(const char *account_id, const char *region_id, const char *edition,
                   const char *scope, struct buffer *line);

#endif
