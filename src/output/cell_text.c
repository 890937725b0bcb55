#include "output/cell_text.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/text.h"

#define REPLACEMENT "\xEF\xBF\xBD" /* U+FFFD */

/* The shortest text that reads back as the same double. */
static void real_number(struct buffer *buffer, double value)
{
    char text[40];
    for (int digits = 15; digits <= 17; digits++) {
        (void)snprintf(text, sizeof(text), "%.*g", digits, value);
        if (strtod(text, NULL) == value) {
            break;
        }
    }
    buffer_puts(buffer, text);
    if (strspn(text, "-0123456789") == strlen(text)) {
        buffer_puts(buffer, ".0");
    }
}

void cell_number(struct buffer *buffer, const struct cell *cell)
{
    if (cell->kind == CELL_INTEGER) {
        buffer_printf(buffer, "%" PRId64, cell->integer);
    } else if (cell->kind == CELL_REAL) {
        real_number(buffer, cell->real);
    }
}

/* Copies the text with every byte that is not UTF-8 replaced. */
static void mend(struct buffer *mended, const char *text, size_t length)
{
    for (size_t at = 0; at < length;) {
        uint32_t code = 0;
        size_t size = text_utf8_length(text + at, length - at, &code);
        if (size == 0) {
            buffer_puts(mended, REPLACEMENT);
        } else {
            buffer_append(mended, text + at, size);
        }
        at += size == 0 ? 1 : size;
    }
}

void cell_quote(struct buffer *buffer, const char *text, size_t length)
{
    size_t at = 0;
    size_t size = 1;
    while (at < length && size > 0) {
        uint32_t code = 0;
        size = text_utf8_length(text + at, length - at, &code);
        at += size;
    }
    if (at == length) {
        json_quote(buffer, text, length);
        return;
    }
    struct buffer mended;
    buffer_init(&mended, buffer->maximum);
    mend(&mended, text, length);
    buffer->failed = buffer->failed || mended.failed;
    buffer->too_long = buffer->too_long || mended.too_long;
    json_quote(buffer, mended.data, mended.length);
    buffer_free(&mended);
}
