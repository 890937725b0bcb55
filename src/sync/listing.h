/* The ways to read a listing: the full scan, the delta, and complete scans without filters. */
#ifndef HBRSYNC_SYNC_LISTING_H
#define HBRSYNC_SYNC_LISTING_H

#include <stdbool.h>

#include "base/error.h"
#include "sync/scope.h"

/*
 * Scans a query as a whole until one answer holds it all, or two scans in a row hold the same ids,
 * as many as TotalCount; five scans at most. This assumes nothing of filters. Fills *evidence; free
 * *ret_last, the last scan, in any case.
 *
 * A job that is listed without a gap is in both scans. An id of both was listed when the second
 * began, and TotalCount then says that there were no more.
 */
bool listing_read_plainly(struct scope *scope, const struct scan_query *query,
                          struct evidence *evidence, struct scan_result *ret_last,
                          struct error *err) MUST_CHECK;

/* Reads everything; `first` is the answer of check_total. scope->evidence tells whether that is
 * proved. */
bool listing_read_fully(struct scope *scope, const struct scan_result *first,
                        struct error *err) MUST_CHECK;

/* Reads what is new: the check alone, with the stored jobs as the older ones. *ret_done false:
 * something is left that only a full scan can settle. */
bool listing_read_delta(struct scope *scope, const struct scan_result *first, bool *ret_done,
                        struct error *err) MUST_CHECK;

#endif
