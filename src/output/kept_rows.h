/* Rows kept in memory, for what has to see all of them before it can draw. */
#ifndef HBRSYNC_OUTPUT_KEPT_ROWS_H
#define HBRSYNC_OUTPUT_KEPT_ROWS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/cell.h"
#include "base/error.h"

#define KEPT_ROWS_MAX 20000

struct kept_rows {
    char **names; /* owned, `columns` of them */
    size_t columns;
    struct cell *cells; /* owned with their texts: `rows` times `columns` */
    size_t rows;
    size_t capacity; /* in rows */
};

/* An all-zero structure is empty. */
bool kept_rows_columns(struct kept_rows *kept, const char *const *names, size_t count,
                       struct error *err) MUST_CHECK;

/* ERROR_INTERNAL beyond KEPT_ROWS_MAX rows. */
bool kept_rows_add(struct kept_rows *kept, const struct cell *cells, struct error *err) MUST_CHECK;

const struct cell *kept_rows_cell(const struct kept_rows *kept, size_t row, size_t column);

/* The column of that name, or `columns` when there is none. */
size_t kept_rows_find(const struct kept_rows *kept, const char *name, size_t length);

/* Leaves the structure empty. */
void kept_rows_free(struct kept_rows *kept);

#endif
