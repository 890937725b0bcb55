/* The search for stored jobs that are gone from the service, by counts of halves. */
#ifndef HBRSYNC_SYNC_VANISHED_H
#define HBRSYNC_SYNC_VANISHED_H

#include <stdbool.h>

#include "base/error.h"
#include "sync/scope.h"

/*
 * Finds which of the stored jobs that finished before evidence.edge the service, which counts
 * evidence.older_counted of them, lists no longer, and adds them to scope->gone. Halves at seconds
 * in which no stored job finished, one count for each half, until a part fits a page.
 * *ret_explained: the difference was found whole; else only a full scan can tell.
 */
bool vanished_find(struct scope *scope, bool *ret_explained, struct error *err) MUST_CHECK;

#endif
