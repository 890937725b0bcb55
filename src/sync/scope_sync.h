/* One scope from its first answer to its end: full scan or delta, types, children, commit; and what
 * may be skipped of it, because the service refuses or ignores it. */
#ifndef HBRSYNC_SYNC_SCOPE_SYNC_H
#define HBRSYNC_SYNC_SCOPE_SYNC_H

#include <stdbool.h>

#include "base/error.h"
#include "sync/scope.h"
#include "sync/types.h"

/* The jobs of the scope that are stored and not marked missing. */
bool scope_count_stored(struct scope *scope, int64_t *ret_count, struct error *err) MUST_CHECK;

/*
 * Reads a scope by its first answer (of check_total), and ends it. A service that ignores Edition
 * lists the jobs of STANDARD again, which are not read twice. `types`: those to check a listing
 * without RestoreType by, NULL for others. *ret_by_type: that listing leaves types out, so they
 * have to be listed one by one, and it was not ended.
 */
bool scope_run(struct scope *scope, struct type_list *types, struct scan_result *first,
               bool *ret_by_type, struct error *err) MUST_CHECK;

/* Writes what the scope's evidence proves, and takes it into the run's record. */
bool scope_end(struct scope *scope, struct error *err) MUST_CHECK;

/* Ends a scope that lists nothing and of which no job is stored: complete as it is. Where it is the
 * whole task, that is RUN_SKIPPED. */
bool scope_skip(struct scope *scope, const char *why, struct error *err) MUST_CHECK;

/* What the service refuses to list is skipped if no job of it is stored; else nobody can say what
 * became of those jobs, and the scope ends unproved. */
bool scope_skip_refused(struct scope *scope, const char *name, const struct error *refusal,
                        bool *ret_skipped, struct error *err) MUST_CHECK;

/* Whether the service takes the parameters of a request (NULL: the scope's own): a refusal narrows
 * what is read only where the request without the parameter is answered in the same run. */
bool scope_is_answered(struct scope *scope, const char *edition, const char *restore_type,
                       bool *ret_answered, struct error *err) MUST_CHECK;

/* The service refuses a parameter of this scope. *ret_settled: it was the Edition, for the request
 * without it is answered (or the one with `other_type` besides, unless that is NULL), and the task
 * is done. */
bool scope_settle_edition(struct scope *scope, const struct error *refusal, const char *other_type,
                          bool *ret_settled, struct error *err) MUST_CHECK;

#endif
