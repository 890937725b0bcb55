/* The full scan: everything that the service lists, and the check of it. */
#ifndef HBRSYNC_SYNC_FULL_H
#define HBRSYNC_SYNC_FULL_H

#include <stdbool.h>

#include "base/error.h"
#include "sync/scope.h"

/* Reads everything; `first` is the answer of check_total. scope->evidence tells whether that is
 * proved. */
bool full_read(struct scope *scope, const struct scan_result *first, struct error *err) MUST_CHECK;

#endif
