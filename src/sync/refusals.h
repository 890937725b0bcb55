/* What the service refuses or ignores of a request, and what may be skipped for it. */
#ifndef HBRSYNC_SYNC_REFUSALS_H
#define HBRSYNC_SYNC_REFUSALS_H

#include <stdbool.h>

#include "base/error.h"
#include "sync/scope.h"

#define SAME_EDITION "the service lists the same jobs for every edition"

/* Whether the service takes the parameters of a request (NULL: the scope's own): a refusal narrows
 * what is read only where the request without the parameter is answered in the same run. */
bool refusals_is_answered(struct scope *scope, const char *edition, const char *restore_type,
                          bool *ret_answered, struct error *err) MUST_CHECK;

/* What the service refuses to list is skipped if no job of it is stored; else nobody can say what
 * became of those jobs, and the scope ends unproved. */
bool refusals_skip_scope(struct scope *scope, const char *name, const struct error *refusal,
                         bool *ret_skipped, struct error *err) MUST_CHECK;

/* Ends a task that lists nothing and as which no job is stored, as RUN_SKIPPED: complete as it is.
 */
bool refusals_skip_task(struct task *task, const char *why, struct error *err) MUST_CHECK;

/* The service refuses a parameter of this scope. *ret_settled: it was the Edition, for the request
 * without it is answered (or the one with `other_type` besides, unless that is NULL), and the task
 * is done. */
bool refusals_settle_edition(struct scope *scope, const struct error *refusal,
                             const char *other_type, bool *ret_settled,
                             struct error *err) MUST_CHECK;

/* A service that ignores Edition lists the jobs of STANDARD again. They need not be read twice
 * where this run has read as many jobs of STANDARD, and none is stored as this edition's own. */
bool refusals_is_same_edition(struct scope *scope, const struct scan_result *first, bool *ret_same,
                              struct error *err) MUST_CHECK;

#endif
