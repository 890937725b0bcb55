/*
 * Plots of rows as inline SVG: a figure with its caption, a legend where there is one, and for
 * those who do not see it a title and a description. Colours are the page's (html_style.css).
 */
#ifndef HBRSYNC_OUTPUT_SVG_PLOT_H
#define HBRSYNC_OUTPUT_SVG_PLOT_H

#include <stdbool.h>

#include "base/buffer.h"
#include "base/error.h"
#include "output/kept_rows.h"

/*
 * Appends the plot that `spec` describes: "KIND | TITLE | LABEL | VALUE...". KIND is `bars` (one
 * value) or `stacked`; LABEL and VALUE are columns of the rows; "{name}" in the title stands for
 * that column of the first row. `id` makes the ids of the page unique. Nothing when there are no
 * rows.
 */
bool svg_plot(struct buffer *buffer, const char *spec, const char *id, const struct kept_rows *rows,
              struct error *err) MUST_CHECK;

#endif
