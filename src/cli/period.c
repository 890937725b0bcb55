#include "cli/period.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"

#define DATE_LENGTH 10 /* "2026-01-31" */
#define FULL_LENGTH 19 /* "2026-01-31 08:30:00" */

static bool parse_moment(const char *text, int64_t *ret_seconds)
{
    char moment[64];
    size_t length = strlen(text);
    (void)snprintf(moment, sizeof(moment), "%s%s", text,
                   length == DATE_LENGTH   ? "T00:00:00Z"
                   : length == FULL_LENGTH ? "Z"
                                           : "");
    return clock_from_rfc3339(moment, ret_seconds);
}

bool period_parse(const char *option, const char *text, int64_t now, int64_t *ret_seconds,
                  struct error *err)
{
    int64_t ago = 0;
    bool unit = text[strspn(text, "0123456789")] != '\0'; /* 20260131 is no number of seconds */
    if (unit && text_to_duration(text, &ago)) {
        *ret_seconds = now - ago;
        return true;
    }
    if (parse_moment(text, ret_seconds)) {
        return true;
    }
    error_set(err, ERROR_USAGE, "--%s: \"%s\" is neither a date nor a duration", option, text);
    return error_hint(err,
                      "Write YYYY-MM-DD or 'YYYY-MM-DD HH:MM:SS' (UTC, or +08:00 after it), or "
                      "how long ago, such as 12h or 90d.");
}

bool period_between(const char *since, const char *until, int64_t now, struct period *ret_period,
                    struct error *err)
{
    struct period period = {.now = now, .since = INT64_MIN, .until = INT64_MAX};
    if ((since != NULL && !period_parse("since", since, now, &period.since, err)) ||
        (until != NULL && !period_parse("until", until, now, &period.until, err))) {
        return false;
    }
    period.until -= until != NULL; /* the last second before it */
    if (period.since > period.until) {
        return error_set(err, ERROR_USAGE, "--since %s is not before --until %s", since, until);
    }
    *ret_period = period;
    return true;
}
