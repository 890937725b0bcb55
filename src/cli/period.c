#include "cli/period.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "base/zone.h"

#define DAY 86400

static bool parse_moment(const char *text, int64_t *ret_seconds)
{
    static const struct {
        size_t length;
        const char *rest;
    } forms[] = {{7, "-01T00:00:00Z"}, {10, "T00:00:00Z"}, {16, ":00Z"}, {19, "Z"}};
    char moment[32];
    int64_t local = 0;
    for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
        if (strlen(text) == forms[i].length) { /* without an offset: of the zone */
            (void)snprintf(moment, sizeof(moment), "%s%s", text, forms[i].rest);
            if (clock_from_rfc3339(moment, &local)) {
                *ret_seconds = zone_to_utc(local);
                return true;
            }
        }
    }
    return clock_from_rfc3339(text, ret_seconds);
}

bool period_parse(const char *option, const char *text, int64_t now, int64_t *ret_seconds,
                  struct error *err)
{
    int64_t ago = 0;
    bool unit = text[strspn(text, "0123456789")] != '\0'; /* 20260131 is no number of seconds */
    bool yesterday = strcmp(text, "yesterday") == 0;
    if (unit && text_to_duration(text, &ago)) {
        *ret_seconds = now - ago;
        return true;
    }
    if (yesterday || strcmp(text, "today") == 0) {
        int64_t local = zone_to_local(now);
        *ret_seconds = zone_to_utc(local - local % DAY - (yesterday ? DAY : 0));
        return true;
    }
    if (parse_moment(text, ret_seconds)) {
        return true;
    }
    error_set(err, ERROR_USAGE, "--%s: \"%s\" is neither a date nor a duration", option, text);
    return error_hint(err,
                      "Write YYYY-MM, YYYY-MM-DD or 'YYYY-MM-DD HH:MM:SS' (times of %s; with Z or "
                      "+08:00 behind it, of that offset), today, yesterday, or how long ago, such "
                      "as 12h or 90d.",
                      zone_name());
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
