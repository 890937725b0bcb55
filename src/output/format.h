/* Numbers, times and names as people read them, and how wide text is. */
#ifndef HBRSYNC_OUTPUT_FORMAT_H
#define HBRSYNC_OUTPUT_FORMAT_H

#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/cell.h"

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

/* Appends a number so that it reads back as the same; nothing for NULL. A whole real keeps ".0". */
void format_number(struct buffer *buffer, const struct cell *cell);

/* How many columns text takes on a terminal, whatever the locale: East Asian wide and fullwidth
 * characters and emoji take two columns, combining marks none; a byte that is not UTF-8 takes one.
 * The text holds no controls: see text_escape. */
size_t text_width(const char *text, size_t length);

/* --- quantities ---------------------------------------------------------------------------- */

/*
 * What a report's column counts, told by its name, and how people read it: "p95_seconds" is a time,
 * "bytes_restored" an amount of data, "overall_bytes_per_second" a rate, "share_percent" a share.
 */
enum quantity {
    QUANTITY_COUNT,
    QUANTITY_NAME, /* an id: digits that are not counted */
    QUANTITY_BYTES,
    QUANTITY_RATE,
    QUANTITY_SECONDS,
    QUANTITY_PERCENT
};

enum quantity quantity_of_column(const char *name);

/* Appends a number: "1,234", "1.2 GiB", "15.0 MiB/s", "4 h 21 min", "84.9 %". */
void quantity_text(struct buffer *buffer, enum quantity quantity, const struct cell *number);

/* Appends a column's name as a heading: "latest_utc" becomes "Latest (UTC)". */
void quantity_heading(struct buffer *buffer, const char *name);

/* The unit of amounts of about `value` bytes, "GiB", and what one is. */
const char *quantity_byte_unit(double value, double *ret_size);

#endif
