/*
 * What a report's column counts, told by its name, and how people read it: "p95_seconds" is a time,
 * "bytes_restored" an amount of data, "overall_bytes_per_second" a rate, "share_percent" a share.
 */
#ifndef HBRSYNC_OUTPUT_QUANTITY_H
#define HBRSYNC_OUTPUT_QUANTITY_H

#include "base/buffer.h"
#include "base/cell.h"

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
