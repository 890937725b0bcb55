/* Text made safe for HTML and SVG. */
#ifndef HBRSYNC_OUTPUT_HTML_H
#define HBRSYNC_OUTPUT_HTML_H

#include <stddef.h>

#include "base/buffer.h"

#define HTML_TEXT_MAX 4096 /* bytes of one text; what is longer ends with "..." */

/* Appends foreign text: controls and bytes that are not UTF-8 are made visible (text_escape), then
 * the characters that mean something in HTML, quotes included, become references. */
void html_text(struct buffer *buffer, const char *text, size_t length);

/* The same of a NUL-terminated text. */
void html_puts(struct buffer *buffer, const char *text);

#endif
