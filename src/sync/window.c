#include "sync/window.h"

#include <inttypes.h>
#include <string.h>

#include "store/lookup.h"
#include "sync/lane.h"
#include "sync/listing.h"

#define STACK_MAX                                                                                  \
    128 /* halving 64-bit seconds goes 64 deep at most, one sibling waits at each depth */
#define WINDOWS_MAX 100000 /* of one call */

struct window {
    int64_t from, to;
};

struct stack {
    struct window windows[STACK_MAX];
    size_t count;
};

static bool push(struct stack *stack, int64_t from, int64_t to)
{
    if (stack->count == STACK_MAX) {
        return false;
    }
    stack->windows[stack->count++] = (struct window){from, to};
    return true;
}

/* Where to halve: at the median of the jobs that are stored, which is most of them by now, else in
 * the middle. */
static bool split_point(struct lane *lane, const struct window *window, int64_t *ret_middle,
                        struct error *err)
{
    struct store_window stored = {
        .source_id = lane->unit->source.source_id,
        .restore_type = lane->restore_type,
        .from = window->from,
        .to = window->to,
    };
    bool found = false;
    if (!store_job_median(lane->unit->store, &stored, ret_middle, &found, err)) {
        return false;
    }
    if (!found || *ret_middle < window->from || *ret_middle >= window->to) {
        *ret_middle = window->from + (window->to - window->from) / 2;
    }
    return true;
}

/* Reads one window; *ret_again tells that it has to be halved or tried again, *ret_one_page that a
 * page would hold it, so that halves are of no use. */
static bool read_one(struct lane *lane, const struct window *window, int64_t proven,
                     struct window_result *result, bool *ret_again, bool *ret_one_page,
                     struct error *err)
{
    struct listing listing = {
        .kind = LISTING_CLOSED,
        .from = window->from,
        .to = window->to,
        .row_limit = lane->unit->source.page_cap,
    };
    struct listing_result read;
    if (!listing_read(lane, &listing, &read, err)) {
        return false;
    }
    /* Until its last second is over a window can still gain rows; then only one answer is beyond
     * doubt. */
    bool settled = !lane->overlaps &&
                   read.date - lane->unit->settings->overlap > window->to + 1; /* as is asked for */
    bool exact = settled ? listing_is_exact(&read) : listing_is_one_answer(&read, &listing, lane);
    bool believed = lane->total_cap == 0 || read.total < lane->total_cap;
    exact = exact && believed;
    bool ok = true;
    if (exact) {
        result->windows++;
        ok = store_seen_merge(lane->unit->store, proven, read.set, err);
    }
    if (read.capped &&
        (lane->unit->source.page_cap == 0 || read.cap < lane->unit->source.page_cap)) {
        lane->unit->source.page_cap = read.cap;
        unit_note(lane->unit, "pages beyond row %" PRId64 " fail", read.cap);
    }
    result->ignored = result->ignored || read.refused || read.mismatched;
    *ret_again = !exact;
    /* Rows of the seconds at either side are no reason to halve. */
    int64_t inside = read.distinct;
    if (*ret_again && read.complete &&
        !store_seen_count_closed(lane->unit->store, read.set, window->from, window->to, &inside,
                                 err)) {
        return false;
    }
    *ret_one_page = read.total >= 0 && believed &&
                    read.total - (read.distinct - inside) <= lane->unit->settings->page_size;
    return ok && listing_forget(lane, &read, err);
}

/* More jobs in one second than fit a page, or a page that is not what its TotalCount says: read
 * until it is seen twice. */
static bool read_unsplittable(struct lane *lane, const struct window *window, int64_t proven,
                              bool *ret_proved, struct error *err)
{
    struct listing listing = {
        .kind = LISTING_CLOSED, .from = window->from, .to = window->to, .read_on = true};
    struct reading reading;
    if (!lane_read_twice(lane, &listing, proven, &reading, err)) {
        return false;
    }
    *ret_proved = reading.proved;
    return true;
}

bool window_read(struct lane *lane, int64_t from, int64_t to, int64_t proven,
                 struct window_result *ret_result, struct error *err)
{
    struct stack stack = {.count = 0};
    memset(ret_result, 0, sizeof(*ret_result));
    (void)push(&stack, from, to); /* an empty stack has room */
    for (int64_t turn = 0; stack.count > 0; turn++) {
        struct window window = stack.windows[--stack.count];
        bool again = false;
        bool one_page = false;
        if (turn == WINDOWS_MAX) {
            unit_note(lane->unit, "more than %d windows", WINDOWS_MAX);
            return true;
        }
        if (!read_one(lane, &window, proven, ret_result, &again, &one_page, err)) {
            return false;
        }
        if (ret_result->ignored) {
            return true;
        }
        if (!again) {
            continue;
        }
        if (window.from == window.to || one_page) {
            bool proved = false;
            if (!read_unsplittable(lane, &window, proven, &proved, err)) {
                return false;
            }
            if (!proved) {
                unit_note(lane->unit,
                          "CompleteTime %" PRId64 " to %" PRId64 " was never listed whole",
                          window.from, window.to);
                return true;
            }
            ret_result->windows++;
            continue;
        }
        int64_t middle;
        ret_result->halved++;
        if (!split_point(lane, &window, &middle, err)) {
            return false;
        }
        /* The older half first: what finishes late lands in the newer one. */
        if (!push(&stack, middle + 1, window.to) || !push(&stack, window.from, middle)) {
            unit_note(lane->unit, "windows were halved too often");
            return true;
        }
    }
    ret_result->proved = true;
    return true;
}
