/* The period of a report: --since and --until. */
#include <stdio.h>

#include "cli/period.h"
#include "cli/report.h"
#include "output/format.h"

bool report_period_parse(const char *since, const char *until, int64_t now,
                         struct report_period *ret_period, struct error *err)
{
    struct report_period period = {.now = now, .since = INT64_MIN, .until = INT64_MAX};
    if (since != NULL && !period_parse("since", since, now, &period.since, err)) {
        return false;
    }
    if (until != NULL) {
        if (!period_parse("until", until, now, &period.until, err)) {
            return false;
        }
        period.until--; /* the last second before it */
    }
    if (!period_check(since, until, period.since, period.until, err)) {
        return false;
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
