/* The period of a report: --since and --until. */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "cli/report.h"
#include "output/format.h"

#define DAY_LENGTH 10    /* YYYY-MM-DD */
#define SECOND_LENGTH 19 /* YYYY-MM-DD HH:MM:SS */

static bool moment(const char *option, const char *text, int64_t now, const char *time_of_day,
                   int64_t *ret_seconds, struct error *err)
{
    char iso[CLOCK_ISO8601_SIZE];
    int64_t ago = 0;
    size_t length = strlen(text);
    if (text_to_duration(text, &ago)) {
        *ret_seconds = now - ago;
        return true;
    }
    if (length == DAY_LENGTH) {
        (void)snprintf(iso, sizeof(iso), "%sT%sZ", text, time_of_day);
    } else if (length == SECOND_LENGTH && (text[DAY_LENGTH] == ' ' || text[DAY_LENGTH] == 'T')) {
        (void)snprintf(iso, sizeof(iso), "%.10sT%sZ", text, text + DAY_LENGTH + 1);
    } else {
        iso[0] = '\0';
    }
    if (!clock_from_iso8601(iso, ret_seconds)) {
        error_set(err, ERROR_USAGE, "--%s: \"%s\" is not a time", option, text);
        return error_hint(err, "It takes YYYY-MM-DD or \"YYYY-MM-DD HH:MM:SS\" (UTC), or a "
                               "duration such as 90d, which means that long ago.");
    }
    return true;
}

bool report_period_parse(const char *since, const char *until, int64_t now,
                         struct report_period *ret_period, struct error *err)
{
    struct report_period period = {.now = now, .since = INT64_MIN, .until = INT64_MAX};
    if ((since != NULL && !moment("since", since, now, "00:00:00", &period.since, err)) ||
        (until != NULL && !moment("until", until, now, "23:59:59", &period.until, err))) {
        return false;
    }
    if (period.since > period.until) {
        return error_set(err, ERROR_USAGE, "--since %s is after --until %s", since, until);
    }
    *ret_period = period;
    return true;
}

void report_period_text(const struct report_period *period, char text[REPORT_PERIOD_SIZE])
{
    char since[FORMAT_TIME_SIZE], until[FORMAT_TIME_SIZE];
    format_time(period->since, since);
    format_time(period->until, until);
    if (period->since == INT64_MIN && period->until == INT64_MAX) {
        (void)snprintf(text, REPORT_PERIOD_SIZE, "everything");
    } else if (period->since == INT64_MIN) {
        (void)snprintf(text, REPORT_PERIOD_SIZE, "until %s", until);
    } else if (period->until == INT64_MAX) {
        (void)snprintf(text, REPORT_PERIOD_SIZE, "since %s", since);
    } else {
        (void)snprintf(text, REPORT_PERIOD_SIZE, "%.19s to %s", since, until);
    }
}
