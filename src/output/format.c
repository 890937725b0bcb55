#include "output/format.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"

#define WORD_SHOWN_MAX 2000 /* bytes of an account, region, edition or scope */

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
    if (seconds < 0) {
        seconds = 0;
    }
    if (seconds < 120) {
        (void)snprintf(text, FORMAT_AGE_SIZE, "%" PRId64 " s", seconds);
    } else if (seconds < 7200) {
        (void)snprintf(text, FORMAT_AGE_SIZE, "%" PRId64 " min", seconds / 60);
    } else if (seconds < 172800) {
        (void)snprintf(text, FORMAT_AGE_SIZE, "%" PRId64 " h", seconds / 3600);
    } else {
        (void)snprintf(text, FORMAT_AGE_SIZE, "%" PRId64 " days", seconds / 86400);
    }
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
