/*
 * Windows: jobs whose CompleteTime lies in a range of the past. Such a set can only lose rows, so a
 * scan of it during which nothing moved is exactly that set.
 */
#ifndef HBRSYNC_SYNC_WINDOWS_H
#define HBRSYNC_SYNC_WINDOWS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "sync/scope.h"

#define SYNC_FAR_FUTURE INT64_C(253402300799) /* 9999-12-31 23:59:59: no upper end */

struct windows_result {
    struct row_set rows; /* finished in [from, to], of windows that were exact */
    bool proved;         /* all of them were */
    bool ignored;        /* the service refuses or ignores the CompleteTime filter */
};

/*
 * Reads every job with CompleteTime in [from, to]. A window is asked for a second wider at either
 * side, so that the ends of BETWEEN do not matter; one that moves, whose deep pages fail, or whose
 * TotalCount is not below `believed_below` (0: any is believed) is read again in halves. Counts
 * windows and halves in scope->evidence. Free result->rows in any case.
 */
bool windows_read(struct scope *scope, int64_t from, int64_t to, int64_t believed_below,
                  struct windows_result *ret_result, struct error *err) MUST_CHECK;

#endif
