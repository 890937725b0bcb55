#include "cli/period.h"

#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "base/zone.h"

#define MONTH_LENGTH 7   /* "2026-01" */
#define DATE_LENGTH 10   /* "2026-01-31" */
#define MINUTE_LENGTH 16 /* "2026-01-31 08:30" */
#define SECOND_LENGTH 19 /* "2026-01-31 08:30:00" */
#define DAY 86400

/* What follows a time: parts of a second, and the offset from UTC, else it is of the zone. */
static bool finish_moment(const char *rest, int64_t local, int64_t *ret_seconds)
{
    int64_t offset = 0;
    if (rest[0] == '.' && strspn(rest + 1, "0123456789") > 0) {
        rest += 1 + strspn(rest + 1, "0123456789");
    }
    if (rest[0] == '\0') {
        *ret_seconds = zone_to_utc(local);
        return true;
    }
    if (!text_equal_nocase(rest, "Z") && !zone_parse_offset(rest, &offset)) {
        return false;
    }
    *ret_seconds = local - offset;
    return true;
}

static bool parse_moment(const char *text, int64_t *ret_seconds)
{
    char iso[] = "0000-01-01T00:00:00Z";
    size_t length = strlen(text);
    int64_t local = 0;
    size_t stem = length == MONTH_LENGTH || length == DATE_LENGTH         ? length
                  : length >= SECOND_LENGTH && text[MINUTE_LENGTH] == ':' ? SECOND_LENGTH
                                                                          : MINUTE_LENGTH;
    if (stem > length) {
        return false;
    }
    memcpy(iso, text, stem);
    if (iso[DATE_LENGTH] == ' ' || iso[DATE_LENGTH] == 't') {
        iso[DATE_LENGTH] = 'T';
    }
    return clock_from_iso8601(iso, &local) && finish_moment(text + stem, local, ret_seconds);
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
