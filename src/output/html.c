#include "output/html.h"

#include <string.h>

#include "base/text.h"

static const char *reference_for(char byte)
{
    static const char *const references[] = {
        ['&'] = "&amp;", ['<'] = "&lt;", ['>'] = "&gt;", ['"'] = "&quot;", ['\''] = "&#39;"};
    size_t index = (unsigned char)byte;
    return index < sizeof(references) / sizeof(references[0]) ? references[index] : NULL;
}

void html_text(struct buffer *buffer, const char *text, size_t length)
{
    struct buffer visible;
    buffer_init(&visible, HTML_TEXT_MAX + 8);
    text_escape(&visible, text, length, HTML_TEXT_MAX);
    for (size_t i = 0; i < visible.length; i++) {
        const char *reference = reference_for(visible.data[i]);
        if (reference != NULL) {
            buffer_puts(buffer, reference);
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
