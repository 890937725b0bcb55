/* Time: the clocks, and the forms of time text that the service and its tools use. */
#ifndef HBRSYNC_BASE_CLOCK_H
#define HBRSYNC_BASE_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

#define CLOCK_ISO8601_SIZE 32

/* UNIX seconds of the wall clock. */
int64_t clock_now(void);

/* Milliseconds of a clock that never goes back; only differences mean anything. */
int64_t clock_monotonic_ms(void);

/* "2026-01-15T08:30:00Z" (Signature V3, x-acs-date). False for a year outside 0 to 9999. */
bool clock_to_iso8601(int64_t seconds, char text[CLOCK_ISO8601_SIZE]) MUST_CHECK;

/* A time of RFC 3339, with a fraction (cut) and any offset, to UNIX seconds; a blank may stand for
 * the T. A day that its month does not have is refused, as are years outside 1 to 9999. */
bool clock_from_rfc3339(const char *text, int64_t *ret_seconds) MUST_CHECK;

/* "Thu, 15 Jan 2026 08:30:00 GMT" (RFC 9110 section 5.6.7, IMF-fixdate) to UNIX seconds. */
bool clock_from_http_date(const char *text, int64_t *ret_seconds) MUST_CHECK;

#endif
