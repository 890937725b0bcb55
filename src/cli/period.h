/* Moments on the command line, of the zone in use (base/zone.h): a month, a date, with or without a
 * time, yesterday, or how long ago. */
#ifndef HBRSYNC_CLI_PERIOD_H
#define HBRSYNC_CLI_PERIOD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

/* "2026-01" (its first second), "2026-01-31", "2026-01-31 08:30:00", RFC 3339, "today",
 * "yesterday", or a duration before `now`, such as "90d". ERROR_USAGE names the option. */
bool period_parse(const char *option, const char *text, int64_t now, int64_t *ret_seconds,
                  struct error *err) MUST_CHECK;

/* From the second `since` to the second `until`, both included; the least and the greatest number
 * where open. */
struct period {
    int64_t now;
    int64_t since, until;
};

/* What lies between --since and before --until, NULL when not given. ERROR_USAGE also when nothing
 * does. */
bool period_between(const char *since, const char *until, int64_t now, struct period *ret_period,
                    struct error *err) MUST_CHECK;

#endif
