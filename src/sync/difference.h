/*
 * Finding what vanished by counting: where the service lists fewer closed jobs than are stored,
 * halve the window and count again until what differs fits a page.
 */
#ifndef HBRSYNC_SYNC_DIFFERENCE_H
#define HBRSYNC_SYNC_DIFFERENCE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "sync/unit.h"

/*
 * Compares the closed jobs with CompleteTime in [1, to], of which the service lists `remote`, with
 * the rows stored. *ret_equal when they are as many. Else it marks missing what is gone; then the
 * jobs have to be counted again, because more may have vanished in the meantime. *ret_explained is
 * false when counting does not explain the difference.
 */
bool difference_settle(struct lane *lane, int64_t to, int64_t remote, bool *ret_explained,
                       bool *ret_equal, struct error *err) MUST_CHECK;

/* The service's count of closed jobs with CompleteTime in [from, to]; -1 when the filter is refused
 * or ignored. */
bool difference_count(struct lane *lane, int64_t from, int64_t to, int64_t *ret_total,
                      struct error *err) MUST_CHECK;

#endif
