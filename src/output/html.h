/* The pieces of an HTML page: text made safe for HTML and SVG, values as elements, the style. */
#ifndef HBRSYNC_OUTPUT_HTML_H
#define HBRSYNC_OUTPUT_HTML_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buffer.h"
#include "base/cell.h"

#define HTML_TEXT_MAX 4096 /* bytes of one text; what is longer ends with "..." */

/* Appends foreign text: controls and bytes that are not UTF-8 are made visible (text_escape), then
 * the characters that mean something in HTML, quotes included, become references. */
void html_text(struct buffer *buffer, const char *text, size_t length);

/* The same of a NUL-terminated text. */
void html_puts(struct buffer *buffer, const char *text);

/* Appends `format`, each "%s" in it (there is nothing else) replaced by html_puts of a text. */
void html_printf(struct buffer *buffer, const char *format, ...) PRINTF_LIKE(2, 3);

/* Appends <th scope="col">; above a number it stands to the right. */
void html_heading(struct buffer *buffer, const char *name, const struct cell *below);

/* Appends <td>, or <th scope="row"> for the row's first cell. A number is a <data> element whose
 * `value` is exact, whatever is shown. */
void html_cell(struct buffer *buffer, const char *name, const struct cell *cell, bool first);

/* Appends one tile: a name and its value in a <dl>. */
void html_tile(struct buffer *buffer, const char *name, const struct cell *cell);

/* The style sheet html_style.css, ended by a NUL. */
extern const unsigned char html_style[];

#endif
