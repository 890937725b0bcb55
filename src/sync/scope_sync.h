/* One scope from its first answer to its end: full scan or delta, types, children, commit. */
#ifndef HBRSYNC_SYNC_SCOPE_SYNC_H
#define HBRSYNC_SYNC_SCOPE_SYNC_H

#include <stdbool.h>

#include "base/error.h"
#include "sync/scope.h"
#include "sync/types.h"

/* A full scan is the occasion to try again what the service did not honour, once a week. */
void scope_forget_capabilities(struct task *task);

/* The jobs of the scope that are stored and not marked missing. */
bool scope_count_stored(struct scope *scope, int64_t *ret_count, struct error *err) MUST_CHECK;

/*
 * Reads a scope by its first answer (of check_total). `types`: those to check a listing without
 * RestoreType by, NULL for others. *ret_by_type: that listing leaves types out, so they have to be
 * listed one by one.
 */
bool scope_read(struct scope *scope, struct type_list *types, struct scan_result *first,
                bool *ret_by_type, struct error *err) MUST_CHECK;

/* Writes what the scope's evidence proves, and takes it into the run's record. */
bool scope_end(struct scope *scope, struct error *err) MUST_CHECK;

#endif
