/* How many columns text takes on a terminal, whatever the locale. */
#ifndef HBRSYNC_OUTPUT_WIDTH_H
#define HBRSYNC_OUTPUT_WIDTH_H

#include <stddef.h>

/* East Asian wide and fullwidth characters and emoji take two columns, combining marks none; a byte
 * that is not UTF-8 takes one. The text holds no controls: see text_escape. */
size_t text_width(const char *text, size_t length);

#endif
