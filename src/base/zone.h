/* The time zone in which people write and read times; machines get UNIX seconds and UTC.
 * Process-wide (it sets TZ), so choose it before there are threads. Until then it is UTC. */
#ifndef HBRSYNC_BASE_ZONE_H
#define HBRSYNC_BASE_ZONE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

#define ZONE_NAME_SIZE 64
#define ZONE_TEXT_SIZE 32

/*
 * An IANA name whose file is in $TZDIR, else /usr/share/zoneinfo; "+08:00", from -12:00 to +14:00;
 * "UTC". NULL: TZ, which may also be a rule of POSIX, else the machine's zone. ERROR_USAGE for a
 * zone that there is not: libc would silently take UTC.
 */
bool zone_use(const char *name, struct error *err) MUST_CHECK;

/* As it was named, "Asia/Shanghai"; of the machine, the name its file has, else "local time". */
const char *zone_name(void);

/* "2026-01-15 16:30:00 +08:00"; "-" for a year outside 0 to 9999. */
void zone_text(int64_t seconds, char text[ZONE_TEXT_SIZE]);

/* UNIX seconds of a time of the zone, `local` counted as if it were UTC. Of a time that the clocks
 * show twice, the first; one that they skip is as long after the skip's begin. */
int64_t zone_to_utc(int64_t local);

/* The other way. */
int64_t zone_to_local(int64_t seconds);

#endif
