/* The delta: the check alone, with the stored jobs as the older ones. */
#ifndef HBRSYNC_SYNC_DELTA_H
#define HBRSYNC_SYNC_DELTA_H

#include <stdbool.h>

#include "base/error.h"
#include "sync/scope.h"

/* Reads what is new. `first` is the answer of check_total. SCOPE_NEEDS_FULL when something is left
 * that only a full scan can settle. */
bool delta_read(struct scope *scope, const struct scan_result *first,
                enum scope_outcome *ret_outcome, struct error *err) MUST_CHECK;

#endif
