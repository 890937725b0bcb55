/*
 * Plots of rows as inline SVG: a figure with its caption, a legend where there is one, and for
 * those who do not see it a title and a description. Colours are the page's (html_style.css).
 */
#ifndef HBRSYNC_OUTPUT_SVG_PLOT_H
#define HBRSYNC_OUTPUT_SVG_PLOT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buffer.h"
#include "base/cell.h"
#include "base/error.h"

#define KEPT_ROWS_MAX 20000

/* Rows kept in memory, for what has to see all of them before it can draw. All-zero it is empty. */
struct kept_rows {
    size_t columns, rows;
    struct buffer cells; /* the names as texts, then each row; their texts are owned */
};

bool kept_rows_columns(struct kept_rows *kept, const char *const *names, size_t count,
                       struct error *err) MUST_CHECK;

/* ERROR_INTERNAL beyond KEPT_ROWS_MAX rows. */
bool kept_rows_add(struct kept_rows *kept, const struct cell *cells, struct error *err) MUST_CHECK;

const char *kept_rows_name(const struct kept_rows *kept, size_t column);
const struct cell *kept_rows_cell(const struct kept_rows *kept, size_t row, size_t column);

/* Leaves the structure empty. */
void kept_rows_free(struct kept_rows *kept);

/*
 * Appends the plot that `spec` describes: "KIND | TITLE | LABEL | VALUE...". KIND is `bars` (one
 * value) or `stacked`; LABEL and VALUE are columns of the rows; "{name}" in the title stands for
 * that column of the first row. `id` makes the ids of the page unique. Nothing when there are no
 * rows.
 */
bool svg_plot(struct buffer *buffer, const char *spec, const char *id, const struct kept_rows *rows,
              struct error *err) MUST_CHECK;

#endif
