#include "output/width.h"

#include <locale.h>
#include <stdint.h>
#include <wchar.h>

#include "base/text.h"

/* By the C library's tables, which it has for UTF-8 locales alone, whatever the user's is. */
static size_t character_width(uint32_t code)
{
    int width = wcwidth((wchar_t)code);
    return width < 0 ? 1 : (size_t)width;
}

size_t text_width(const char *text, size_t length)
{
    static locale_t
        utf8; /* made once, for all of the process's life; of its only thread that prints tables */
    size_t width = 0;
    size_t at = 0;
    if (utf8 == (locale_t)0) {
        utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
    }
    locale_t before = uselocale(utf8); /* 0, where there is none, changes nothing */
    while (at < length) {
        uint32_t code = 0;
        size_t size = text_utf8_length(text + at, length - at, &code);
        width += size == 0 ? 1 : character_width(code);
        at += size == 0 ? 1 : size;
    }
    (void)uselocale(before);
    return width;
}
