#include "output/html.h"

#include <assert.h>
#include <stdarg.h>
#include <string.h>

#include "base/text.h"
#include "output/format.h"

#define SHORT_MAX 24 /* bytes of a text that stays on one line */

void html_text(struct buffer *buffer, const char *text, size_t length)
{
    static const char special[] = "&<>\"'";
    static const char *const references[] = {"&amp;", "&lt;", "&gt;", "&quot;", "&#39;"};
    struct buffer visible;
    buffer_init(&visible, HTML_TEXT_MAX + 8);
    text_escape(&visible, text, length, HTML_TEXT_MAX);
    for (size_t i = 0; i < visible.length; i++) {
        const char *at = strchr(special, visible.data[i]);
        if (at != NULL) {
            buffer_puts(buffer, references[at - special]);
        } else {
            buffer_putc(buffer, visible.data[i]);
        }
    }
    buffer->failed = buffer->failed || visible.failed;
    buffer_free(&visible);
}

void html_puts(struct buffer *buffer, const char *text)
{
    html_text(buffer, text, strlen(text));
}

void html_printf(struct buffer *buffer, const char *format, ...)
{
    va_list texts;
    va_start(texts, format);
    for (; *format != '\0'; format++) {
        if (*format == '%') {
            assert(format[1] == 's');
            html_puts(buffer, va_arg(texts, const char *));
            format++;
        } else {
            buffer_putc(buffer, *format);
        }
    }
    va_end(texts);
}

/* --- values -------------------------------------------------------------------------------- */

/* What is shown of a value. */
static void content(struct buffer *buffer, const char *name, const struct cell *cell)
{
    if (cell_is_number(cell)) {
        buffer_puts(buffer, "<data value=\"");
        format_number(buffer, cell);
        buffer_puts(buffer, "\">");
        quantity_text(buffer, quantity_of_column(name), cell);
        buffer_puts(buffer, "</data>");
    } else if (cell->kind == CELL_TEXT) {
        html_text(buffer, cell->text, cell->length);
    } else {
        buffer_puts(buffer, "\xE2\x80\x93"); /* an en dash */
    }
}

/* The class of a status: its outcome, as the plots colour it. */
static const char *status_class(const struct cell *cell)
{
    static const char *const classes[][2] = {
        {"COMPLETE", "succeeded"}, {"PARTIAL_COMPLETE", "partial"}, {"FAILED", "failed"},
        {"EXPIRED", "failed"},     {"CLIENT_DELETED", "failed"},    {"CANCELED", "canceled"},
    };
    for (size_t i = 0; i < sizeof(classes) / sizeof(classes[0]); i++) {
        if (strcmp(cell->text, classes[i][0]) == 0) {
            return classes[i][1];
        }
    }
    return "open";
}

static void attributes(struct buffer *buffer, const char *name, const struct cell *cell)
{
    double value = cell_value(cell);
    if (cell_is_number(cell) && quantity_of_column(name) == QUANTITY_PERCENT && value >= 0 &&
        value <= 100) {
        buffer_printf(buffer, " class=\"n share\" style=\"--share-w:%.1f%%\"", value);
    } else if (cell_is_number(cell)) {
        buffer_puts(buffer, " class=\"n\"");
    } else if (cell->kind == CELL_NULL) {
        buffer_puts(buffer, " class=\"none\"");
    } else if (text_ends_with(name, "_id")) {
        buffer_puts(buffer, " class=\"id\"");
    } else if (text_ends_with(name, "_utc") || strcmp(name, "period_start") == 0) {
        buffer_puts(buffer, " class=\"time\"");
    } else if (cell->length > SHORT_MAX) {
        buffer_puts(buffer, " class=\"long\"");
    }
}

void html_heading(struct buffer *buffer, const char *name, const struct cell *below)
{
    buffer_puts(buffer,
                cell_is_number(below) ? "<th scope=\"col\" class=\"n\">" : "<th scope=\"col\">");
    quantity_heading(buffer, name);
    buffer_puts(buffer, "</th>");
}

void html_cell(struct buffer *buffer, const char *name, const struct cell *cell, bool first)
{
    buffer_puts(buffer, first ? "<th scope=\"row\"" : "<td");
    attributes(buffer, name, cell);
    buffer_putc(buffer, '>');
    if (cell->kind == CELL_TEXT && text_ends_with(name, "status")) {
        buffer_printf(buffer, "<span class=\"status c-%s\">", status_class(cell));
        content(buffer, name, cell);
        buffer_puts(buffer, "</span>");
    } else {
        content(buffer, name, cell);
    }
    buffer_puts(buffer, first ? "</th>" : "</td>");
}

void html_tile(struct buffer *buffer, const char *name, const struct cell *cell)
{
    html_printf(buffer, "<div class=\"tile c-%s\"><dt>", name);
    quantity_heading(buffer, name);
    buffer_puts(buffer, "</dt><dd>");
    content(buffer, name, cell);
    buffer_puts(buffer, "</dd></div>\n");
}
