/* The lanes of a unit: which there are, and in which way each is synced. */
#ifndef HBRSYNC_SYNC_LANES_H
#define HBRSYNC_SYNC_LANES_H

#include <stdbool.h>

#include "base/error.h"
#include "sync/unit.h"

/* Syncs every lane of the unit. *ret_proved when each was proved. False with the error that ended
 * it. */
bool lanes_run(struct unit *unit, bool *ret_proved, struct error *err) MUST_CHECK;

/* Ends a unit that lists nothing and as which no job is stored, as RUN_SKIPPED: complete as it is.
 */
bool lanes_skip(struct unit *unit, struct error *err) MUST_CHECK;

#endif
