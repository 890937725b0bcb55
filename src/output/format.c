#include "output/format.h"

#include <inttypes.h>
#include <locale.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include "base/clock.h"
#include "base/text.h"

#define WORD_SHOWN_MAX 2000 /* bytes of an account, region, edition or scope */
#define MINUTE 60
#define HOUR 3600
#define DAY 86400

void format_count(int64_t count, char text[FORMAT_COUNT_SIZE])
{
    char digits[24];
    (void)snprintf(digits, sizeof(digits), "%" PRId64, count);
    size_t length = strlen(digits);
    size_t sign = digits[0] == '-' ? 1 : 0;
    size_t at = 0;
    for (size_t i = 0; i < length; i++) {
        if (i > sign && (length - i) % 3 == 0) {
            text[at++] = ',';
        }
        text[at++] = digits[i];
    }
    text[at] = '\0';
}

void format_time(int64_t seconds, char text[FORMAT_TIME_SIZE])
{
    char iso[CLOCK_ISO8601_SIZE];
    if (seconds == 0 || !clock_to_iso8601(seconds, iso)) {
        (void)snprintf(text, FORMAT_TIME_SIZE, "never");
        return;
    }
    (void)snprintf(text, FORMAT_TIME_SIZE, "%.10s %.8s UTC", iso, iso + 11);
}

void format_age(int64_t seconds, char text[FORMAT_AGE_SIZE])
{
    static const struct {
        int64_t below, unit;
        const char *name;
    } ages[] = {
        {2 * MINUTE, 1, "s"}, {2 * HOUR, MINUTE, "min"}, {2 * DAY, HOUR, "h"}, {0, DAY, "days"}};
    size_t i = 0;
    seconds = seconds > 0 ? seconds : 0;
    while (ages[i].below > 0 && seconds >= ages[i].below) {
        i++;
    }
    (void)snprintf(text, FORMAT_AGE_SIZE, "%" PRId64 " %s", seconds / ages[i].unit, ages[i].name);
}

void format_source(const char *account_id, const char *region_id, const char *edition,
                   const char *scope, struct buffer *line)
{
    const char *const words[] = {account_id, region_id[0] != '\0' ? region_id : "imported", edition,
                                 scope};
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (words[i][0] != '\0') {
            buffer_puts(line, line->length > 0 ? " " : "");
            text_escape(line, words[i], strlen(words[i]), WORD_SHOWN_MAX);
        }
    }
}

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

void format_number(struct buffer *buffer, const struct cell *cell)
{
    if (cell->kind == CELL_INTEGER) {
        buffer_printf(buffer, "%" PRId64, cell->integer);
    } else if (cell->kind == CELL_REAL) {
        real_number(buffer, cell->real);
    }
}

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

/* --- quantities ---------------------------------------------------------------------------- */

enum quantity quantity_of_column(const char *name)
{
    if (text_ends_with(name, "bytes_per_second")) {
        return QUANTITY_RATE;
    }
    if (text_ends_with(name, "seconds")) {
        return QUANTITY_SECONDS;
    }
    if (text_ends_with(name, "percent")) {
        return QUANTITY_PERCENT;
    }
    if (text_ends_with(name, "_id")) {
        return QUANTITY_NAME;
    }
    return strncmp(name, "bytes_", 6) == 0 || text_ends_with(name, "_bytes") ? QUANTITY_BYTES
                                                                             : QUANTITY_COUNT;
}

const char *quantity_byte_unit(double value, double *ret_size)
{
    static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB"};
    size_t unit = 0;
    double size = 1;
    while (unit + 1 < sizeof(units) / sizeof(units[0]) && value >= size * 1024) {
        size *= 1024;
        unit++;
    }
    *ret_size = size;
    return units[unit];
}

/* The two greatest units. */
static void seconds_text(struct buffer *buffer, int64_t seconds)
{
    if (seconds < MINUTE) {
        buffer_printf(buffer, "%" PRId64 " s", seconds);
    } else if (seconds < HOUR) {
        buffer_printf(buffer, "%" PRId64 " min %02" PRId64 " s", seconds / MINUTE,
                      seconds % MINUTE);
    } else if (seconds < DAY) {
        buffer_printf(buffer, "%" PRId64 " h %02" PRId64 " min", seconds / HOUR,
                      seconds % HOUR / MINUTE);
    } else {
        char days[FORMAT_COUNT_SIZE];
        format_count(seconds / DAY, days);
        buffer_printf(buffer, "%s d %" PRId64 " h", days, seconds % DAY / HOUR);
    }
}

void quantity_text(struct buffer *buffer, enum quantity quantity, const struct cell *number)
{
    bool whole = number->kind == CELL_INTEGER;
    double value = cell_value(number);
    if (quantity == QUANTITY_BYTES || quantity == QUANTITY_RATE) {
        double size = 1;
        const char *unit = quantity_byte_unit(value < 0 ? -value : value, &size);
        buffer_printf(buffer, "%.*f %s%s", size > 1 ? 1 : 0, value / size, unit,
                      quantity == QUANTITY_RATE ? "/s" : "");
    } else if (quantity == QUANTITY_PERCENT) {
        buffer_printf(buffer, "%.1f %%", value);
    } else if (!whole) {
        buffer_printf(buffer, "%.1f", value);
    } else if (quantity == QUANTITY_SECONDS) {
        seconds_text(buffer, number->integer);
    } else if (quantity == QUANTITY_NAME) {
        buffer_printf(buffer, "%" PRId64, number->integer);
    } else {
        char text[FORMAT_COUNT_SIZE];
        format_count(number->integer, text);
        buffer_puts(buffer, text);
    }
}

/* Words of columns' names that read better otherwise; "" leaves the word out. */
static const char *word_for(const char *word)
{
    static const char *const words[][2] = {
        {"p50", "median"},  {"p95", "95th percentile"}, {"p5", "5th percentile"},
        {"max", "maximum"}, {"bytes", "data"},          {"seconds", "time"},
        {"percent", ""},    {"utc", "(UTC)"},           {"id", "ID"},
    };
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (strcmp(word, words[i][0]) == 0) {
            return words[i][1];
        }
    }
    return word;
}

void quantity_heading(struct buffer *buffer, const char *name)
{
    /* What the unit at the end of a name becomes: nothing where another word says enough. */
    bool says_enough = text_starts_with(name, "p5") || text_starts_with(name, "p95") ||
                       text_starts_with(name, "max") || strstr(name, "time_") != NULL;
    bool is_rate = text_ends_with(name, "_bytes_per_second");
    size_t unit = is_rate ? 16 : says_enough && text_ends_with(name, "_seconds") ? 8 : 0;
    char stem[128];
    size_t start = buffer->length;
    char *rest = NULL;
    (void)snprintf(stem, sizeof(stem), "%.*s%s", (int)(strlen(name) - unit), name,
                   is_rate && !says_enough ? "rate" : "");
    for (char *word = strtok_r(stem, "_", &rest); word != NULL; word = strtok_r(NULL, "_", &rest)) {
        const char *better = word_for(word);
        if (better[0] != '\0') {
            buffer_puts(buffer, buffer->length > start ? " " : "");
            buffer_puts(buffer, better);
        }
    }
    char *first = buffer->data + start;
    if (!buffer->failed && buffer->length > start && *first >= 'a' && *first <= 'z') {
        *first = (char)(*first - 'a' + 'A');
    }
}
