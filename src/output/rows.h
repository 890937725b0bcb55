/*
 * Writers of rows: an aligned table for people, CSV (RFC 4180), JSON (an array of objects). Streams
 * but for the table, which has to know its widths and keeps at most ROWS_TABLE_MAX bytes.
 *
 * ROWS_SPREADSHEET is CSV that a spreadsheet shows as it is stored: with a byte order mark, and
 * what it would take for a formula, a date or a number of fewer digits than there are as ="text".
 */
#ifndef HBRSYNC_OUTPUT_ROWS_H
#define HBRSYNC_OUTPUT_ROWS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "base/cell.h"
#include "base/error.h"

#define ROWS_TABLE_MAX (64U * 1024 * 1024)

enum rows_format {
    ROWS_TABLE,
    ROWS_CSV,
    ROWS_JSON,
    ROWS_SPREADSHEET,
    ROWS_OBJECT /* of JSON, for one row */
};

struct rows_writer;

/* `out` must outlive the writer. */
bool rows_writer_new(enum rows_format format, FILE *out, struct rows_writer **ret_writer,
                     struct error *err) MUST_CHECK;

/* The columns' names, once, before any row. */
bool rows_writer_columns(struct rows_writer *writer, const char *const *names, size_t count,
                         struct error *err) MUST_CHECK;
bool rows_writer_row(struct rows_writer *writer, const struct cell *cells, size_t count,
                     struct error *err) MUST_CHECK;

/* Writes what is left and the end. Whether everything arrives shows when `out` is flushed. */
bool rows_writer_end(struct rows_writer *writer, struct error *err) MUST_CHECK;

/* Accepts NULL. */
void rows_writer_free(struct rows_writer *writer);

#endif
