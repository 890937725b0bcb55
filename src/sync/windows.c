#include "sync/windows.h"

#define DEPTH_MAX 128 /* of halves; those of 64-bit seconds are rarely 64 deep */
#define AGAIN_MAX 5   /* scans of a window that halves are no help for ... */
#define CROWDED_MAX 2 /* ... and of one that they may be a help for */

struct window {
    int64_t from, to;
};

/* How a scan of a window went. */
enum fate { WINDOW_EXACT, WINDOW_HALVE, WINDOW_CROWDED, WINDOW_AGAIN, WINDOW_IGNORED };

static struct scan_query query_of(const struct scope *scope, const struct window *window)
{
    int64_t from = window->from > 1 ? window->from - 1 : 1; /* 0 may be what open jobs have */
    return (struct scan_query){
        .kind = SCAN_BETWEEN,
        .from = from,
        .to = window->to + 1,
        .keep_from = window->from,
        .keep_to = window->to,
        .stop_when_moved = true,
        .row_limit = scope->capabilities->page_cap,
    };
}

/* Until its last second is over a window can still gain rows; then only one answer is beyond doubt.
 * The same where an open job has a CompleteTime, which may change. */
static bool is_settled(const struct scope *scope, const struct window *window, int64_t date)
{
    return !scope->scanner.overlapping && date - scope->overlap > window->to + 1;
}

static enum fate judge(const struct scope *scope, const struct window *window,
                       int64_t believed_below, const struct scan_result *read)
{
    bool believed = believed_below == 0 || read->total < believed_below;
    if (read->refused || read->mismatched) {
        return WINDOW_IGNORED;
    }
    if (believed &&
        (is_settled(scope, window, read->date) ? scan_is_exact(read) : scan_is_one_answer(read))) {
        return WINDOW_EXACT;
    }
    /* A TotalCount that its own rows contradict says nothing about pages. */
    believed = believed && read->total >= read->listed;
    if (window->from == window->to || (believed && read->total <= read->page_size)) {
        return WINDOW_AGAIN;
    }
    /* Rows of the seconds at either side may be in the way: another scan is the first choice. */
    int64_t outside =
        read->complete ? row_set_count(&read->rows) - row_set_count(&read->inside) : 0;
    bool crowded = believed && read->total - outside <= read->page_size;
    return crowded ? WINDOW_CROWDED : WINDOW_HALVE;
}

/* Scans a window and takes its rows when it was exact. */
static bool read_window(struct scope *scope, const struct window *window, int64_t believed_below,
                        int scans, struct windows_result *result, enum fate *ret_fate,
                        struct error *err)
{
    struct scan_query query = query_of(scope, window);
    struct scan_result read;
    query.stop_when_moved = scans == 1;
    query.row_limit = scans == 1 ? query.row_limit : 0;
    bool done = scan_until_exact(&scope->scanner, &query, scans, &read, err);
    if (done) {
        *ret_fate = judge(scope, window, believed_below, &read);
        int64_t cap = scope->capabilities->page_cap;
        if (read.capped && (cap == 0 || read.cap < cap)) {
            scope->capabilities->page_cap = read.cap;
        }
        if (*ret_fate == WINDOW_EXACT) {
            scope->evidence.windows++;
            done = row_set_unite(&result->rows, &read.inside, err);
        }
    }
    scan_result_free(&read);
    return done;
}

/* Where to halve: at the median of the stored jobs, which are most of them by now; where they all
 * finished in one second, beside it; else in the middle. */
static bool find_middle(struct scope *scope, const struct window *window, int64_t *ret_middle,
                        struct error *err)
{
    struct store *store = scope->scanner.store;
    int64_t last = 0;
    if (!store_job_median(store, &scope->stored, window->from, window->to, ret_middle, err) ||
        !store_job_last_finished(store, &scope->stored, window->from, window->to, &last, err)) {
        return false;
    }
    if (*ret_middle >= window->from && *ret_middle < window->to) {
        return true;
    }
    *ret_middle = last == 0           ? window->from + (window->to - window->from) / 2
                  : last < window->to ? last
                                      : window->to - 1;
    return true;
}

static bool read_part(struct scope *scope, const struct window *window, int64_t believed_below,
                      int depth, struct windows_result *result, struct error *err)
{
    enum fate fate;
    int64_t middle = 0;
    if (!read_window(scope, window, believed_below, 1, result, &fate, err) ||
        (fate == WINDOW_CROWDED &&
         !read_window(scope, window, believed_below, CROWDED_MAX, result, &fate, err)) ||
        (fate == WINDOW_AGAIN &&
         !read_window(scope, window, believed_below, AGAIN_MAX, result, &fate, err))) {
        return false;
    }
    if (fate == WINDOW_EXACT) {
        return true;
    }
    if (fate == WINDOW_IGNORED || fate == WINDOW_AGAIN || depth == DEPTH_MAX) {
        result->ignored = fate == WINDOW_IGNORED;
        result->proved = false;
        return true;
    }
    scope->evidence.halved++;
    if (!find_middle(scope, window, &middle, err)) {
        return false;
    }
    /* The older half first: what finishes late lands in the newer one. */
    const struct window older = {window->from, middle};
    const struct window newer = {middle + 1, window->to};
    return read_part(scope, &older, believed_below, depth + 1, result, err) &&
           (!result->proved || read_part(scope, &newer, believed_below, depth + 1, result, err));
}

bool windows_read(struct scope *scope, int64_t from, int64_t to, int64_t believed_below,
                  struct windows_result *ret_result, struct error *err)
{
    const struct window all = {from, to};
    *ret_result = (struct windows_result){.proved = true};
    scope->evidence.windows = scope->evidence.windows < 0 ? 0 : scope->evidence.windows;
    scope->evidence.halved = scope->evidence.halved < 0 ? 0 : scope->evidence.halved;
    return to < from || read_part(scope, &all, believed_below, 0, ret_result, err);
}
