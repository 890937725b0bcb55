/*
 * Closed windows: jobs whose CompleteTime lies in a range of the past. Such a set can only lose
 * rows, so a listing of it during which nothing moved is exactly that set.
 */
#ifndef HBRSYNC_SYNC_WINDOW_H
#define HBRSYNC_SYNC_WINDOW_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "sync/unit.h"

struct window_result {
    bool proved;
    bool ignored;    /* the service refuses or ignores the CompleteTime filter */
    int64_t windows; /* windows read to the end */
    int64_t halved;  /* windows that moved or were too deep and were read again in halves */
};

/*
 * Reads every job with CompleteTime in [from, to], in halves where a window moves or its deep pages
 * fail. Ids of windows that were exact are added to the set `proven`.
 */
bool window_read(struct lane *lane, int64_t from, int64_t to, int64_t proven,
                 struct window_result *ret_result, struct error *err) MUST_CHECK;

#endif
