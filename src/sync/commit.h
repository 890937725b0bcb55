/* What a verdict writes, each in one transaction: marks, the watermark and the capabilities. */
#ifndef HBRSYNC_SYNC_COMMIT_H
#define HBRSYNC_SYNC_COMMIT_H

#include <stdbool.h>

#include "base/error.h"
#include "sync/scope.h"

/*
 * Commits a scope by its evidence, and the capabilities of its source. Proved: jobs gone from the
 * service are marked, and the watermark moves where there is anything to move. Not proved:
 * nothing is marked, and the next run is a full scan.
 */
bool commit_scope(struct scope *scope, struct error *err) MUST_CHECK;

/* Jobs are listed again where there were none: ends the doubt at once, so that a run that is cut
 * short does not leave it for the next empty answer. */
bool commit_end_of_doubt(struct scope *scope, struct error *err) MUST_CHECK;

/* The source is listed by type from now on: it has no watermark as a whole. */
bool commit_listed_by_type(struct store *store, const struct store_source *source,
                           struct error *err) MUST_CHECK;

#endif
