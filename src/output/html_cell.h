/* One value of a row as an element of the page. */
#ifndef HBRSYNC_OUTPUT_HTML_CELL_H
#define HBRSYNC_OUTPUT_HTML_CELL_H

#include <stdbool.h>

#include "base/buffer.h"
#include "base/cell.h"

/* Appends <th scope="col">; `number` puts it to the right. */
void html_heading(struct buffer *buffer, const char *name, bool number);

/* Appends <td>, or <th scope="row"> for the row's first cell. A number is a <data> element whose
 * `value` is exact, whatever is shown. */
void html_cell(struct buffer *buffer, const char *name, const struct cell *cell, bool first);

/* Appends one tile: a name and its value in a <dl>. */
void html_tile(struct buffer *buffer, const char *name, const struct cell *cell);

#endif
