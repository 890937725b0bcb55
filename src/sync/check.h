/* The check: one function that full scans and deltas share. README.md tells why it is enough. */
#ifndef HBRSYNC_SYNC_CHECK_H
#define HBRSYNC_SYNC_CHECK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "sync/scope.h"

/* Asks for everything, the first page alone: T, and what its own answer lists. From here on a job
 * that was not known before counts as arrived. Fills scope->date and evidence.total. The answer
 * replaces *first, which may be NULL. */
bool check_total(struct scope *scope, struct scan_result *first, struct error *err) MUST_CHECK;

/* Chooses evidence.edge: the last second that is not after `latest` and in which no known job
 * finished; 0: none. From here on the scanner watches for jobs that did. */
bool check_choose_edge(struct scope *scope, int64_t latest, struct error *err) MUST_CHECK;

/* Lists the open jobs, and what finished at the edge or later, and adds them to `after`. Fills
 * evidence.steady. *ret_ignored: the service does not honour the filters. */
bool check_list_newer(struct scope *scope, struct row_set *after, bool *ret_ignored,
                      struct error *err) MUST_CHECK;

enum check_outcome {
    CHECK_DONE,      /* the evidence tells whether it holds */
    CHECK_IGNORED,   /* the service does not honour the filters */
    CHECK_UNANSWERED /* as CHECK_DONE, but reports under way could not be asked for by id */
};

/*
 * The rest of the check, after check_total and check_choose_edge: lists what is newer, asks by id
 * for stored jobs that should be listed and are not (and, with `reports`, for those with a report
 * under way), and counts the older. `older` are the ids of the windows read; NULL: the stored jobs
 * that finished before the edge, less scope->gone. Fills scope->evidence and scope->held. Whether
 * it holds is proof_judge's to say.
 */
bool check_after_total(struct scope *scope, const struct row_set *older, bool reports,
                       enum check_outcome *ret_outcome, struct error *err) MUST_CHECK;

/*
 * A TotalCount that ends at some number is told by halves: the counts of what finished in [1,
 * middle] and [middle, to] must add up to that of [1, to], all three seconds in which no known job
 * finished. Jobs may go between the counts, so a difference has to be met several times. Fills the
 * halves of scope->evidence, where there are stored jobs to choose the middle by.
 */
bool check_halves(struct scope *scope, int64_t to, struct error *err) MUST_CHECK;

/* Seconds in which no stored job finished and that halve those which finished in [from, to]: before
 * the median of them, and after it. 0: there is none. */
bool check_find_middles(struct scope *scope, int64_t from, int64_t to, int64_t ret_middles[2],
                        struct error *err) MUST_CHECK;

/* The service's count of jobs that finished in [from, to]; both are seconds in which no known job
 * finished, so that it does not matter which ends BETWEEN includes. -1: it does not tell. */
bool check_count(struct scope *scope, int64_t from, int64_t to, int64_t *ret_count,
                 struct error *err) MUST_CHECK;

#endif
