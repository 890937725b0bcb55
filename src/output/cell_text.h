/* Values as text, as the writers of rows and of the HTML page need them. */
#ifndef HBRSYNC_OUTPUT_CELL_TEXT_H
#define HBRSYNC_OUTPUT_CELL_TEXT_H

#include <stddef.h>

#include "base/buffer.h"
#include "base/cell.h"

/* Appends a number so that it reads back as the same; nothing for NULL. A whole real keeps ".0". */
void cell_number(struct buffer *buffer, const struct cell *cell);

/* Appends a JSON string literal; bytes that are not UTF-8 become U+FFFD. */
void cell_quote(struct buffer *buffer, const char *text, size_t length);

#endif
