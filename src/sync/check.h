/* The check: one function that full scans and deltas share. README.md tells why it is enough. */
#ifndef HBRSYNC_SYNC_CHECK_H
#define HBRSYNC_SYNC_CHECK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "sync/scope.h"

/* Asks for everything, the first page alone: T, and what its own answer lists. From here on a job
 * that was not known before counts as arrived. Fills scope->date and evidence.total. */
bool check_total(struct scope *scope, struct scan_result *ret_first, struct error *err) MUST_CHECK;

struct check {
    int64_t edge;                /* a second in which no known job finished */
    const struct row_set *older; /* the ids of the windows read; NULL: the stored jobs that finished
                                    before the edge, less scope->gone */
    bool reports;                /* ask for jobs with a report under way, too */
};

/* What the check came to know besides the evidence. */
struct check_result {
    bool ignored;    /* the service does not honour the filters */
    bool unanswered; /* reports under way could not be asked for by id */
};

/*
 * The rest of the check, after check_total: lists the open jobs and what finished at the edge or
 * later, asks by id for stored jobs that should be among them and are not, and counts the older.
 * Fills scope->evidence and scope->held. Whether it holds is proof_judge's to say.
 */
bool check_after_total(struct scope *scope, const struct check *check,
                       struct check_result *ret_result, struct error *err) MUST_CHECK;

/*
 * A TotalCount that ends at some number is told by halves: the counts of what finished in [1,
 * middle] and [middle, to] must add up to that of [1, to], all three seconds in which no known job
 * finished. Jobs may go between the counts, so a difference has to be met several times. Fills the
 * halves of scope->evidence, where there are stored jobs to choose the middle by.
 */
bool check_halves(struct scope *scope, int64_t to, struct error *err) MUST_CHECK;

/* The service's count of jobs that finished in [from, to]; both are seconds in which no known job
 * finished, so that it does not matter which ends BETWEEN includes. -1: it does not tell. */
bool check_count(struct scope *scope, int64_t from, int64_t to, int64_t *ret_count,
                 struct error *err) MUST_CHECK;

#endif
