/*
 * The full walk. What makes it a proof is a part of the listing that can only lose rows, the jobs that finished before a
 * moment in the past; everything else is either under way, and listed first, or newer than the walk.
 */
#include <inttypes.h>
#include <string.h>

#include "sync/difference.h"
#include "sync/lane.h"
#include "sync/probe.h"
#include "sync/window.h"

#define PARTITION_TRIES_MAX 4
#define REST_OVERLAP 600 /* seconds; for a clock behind CompleteTime that is not the Date header's */

/* What the partition check of a walk found. */
enum partition {
    PARTITION_HOLDS,   /* every job is under way or finished */
    PARTITION_MOVES,   /* the counts never agreed */
    PARTITION_IGNORED, /* the service does not honour the filters */
    PARTITION_UNPROVED /* the jobs under way could not be listed whole */
};

static bool count_all(struct lane *lane, int64_t *ret_total, struct error *err)
{
    struct listing listing = {.kind = LISTING_ALL, .page_size = 1, .first_page_only = true};
    struct listing_result result;
    if (!listing_read(lane, &listing, &result, err)) {
        return false;
    }
    *ret_total = result.total;
    lane->total = result.total;
    return listing_forget(lane, &result, err);
}

/*
 * One try: TotalCount without filters, the jobs under way, the count of the finished ones, TotalCount again. The jobs under way
 * come before the finished ones, so that one that finishes between is counted twice rather than in neither class.
 */
static bool try_partition(struct lane *lane, int64_t before, int64_t proven,
                          enum partition *ret_partition, int64_t *ret_after, struct error *err)
{
    struct open_result open;
    int64_t closed = 0;
    if (!lane_read_open(lane, proven, &open, err)) {
        return false;
    }
    if (open.ignored) {
        *ret_partition = PARTITION_IGNORED;
        return true;
    }
    if (!open.proved) {
        *ret_partition = PARTITION_UNPROVED;
        return true;
    }
    lane->cut = open.date;
    if (!difference_count(lane, 1, SYNC_FAR_FUTURE, &closed, err)) {
        return false;
    }
    if (closed < 0) {
        *ret_partition = PARTITION_IGNORED;
        return true;
    }
    if (!count_all(lane, ret_after, err)) {
        return false;
    }
    bool holds = before >= 0 && before == *ret_after && before == open.total + closed;
    *ret_partition = holds ? PARTITION_HOLDS : PARTITION_MOVES;
    unit_note(lane->unit,
              "partition %s: %" PRId64 " in all, %" PRId64 " under way, %" PRId64
              " finished, %" PRId64 " in all",
              holds ? "holds" : "does not hold", before, open.total, closed, *ret_after);
    return true;
}

static bool check_partition(struct lane *lane, int64_t before, int64_t proven,
                            enum partition *ret_partition, struct error *err)
{
    *ret_partition = PARTITION_MOVES;
    for (int try = 0; try < PARTITION_TRIES_MAX && *ret_partition == PARTITION_MOVES; try++) {
        int64_t after = 0;
        if (!store_seen_clear(lane->unit->store, proven, err) ||
            !try_partition(lane, before, proven, ret_partition, &after, err)) {
            return false;
        }
        before = after;
    }
    return true;
}

/* The way that assumes nothing of filters. */
static bool walk_plainly(struct lane *lane, int64_t proven, enum lane_verdict *ret_verdict,
                         struct error *err)
{
    struct listing listing = {.kind = LISTING_ALL};
    bool proved = false;
    int64_t date = 0;
    unit_note(lane->unit, "read without filters until two readings agree");
    if (!store_seen_clear(lane->unit->store, proven, err) ||
        !lane_read_twice(lane, &listing, proven, &proved, &date, err)) {
        return false;
    }
    lane->cut = date;
    *ret_verdict = proved ? LANE_PROVED : LANE_UNPROVED;
    if (!proved) {
        unit_note(lane->unit, "no two readings agreed");
    }
    return true;
}

/* The finished jobs up to the cut, then what finished since, which only freshens. */
static bool walk_in_parts(struct lane *lane, int64_t proven, enum lane_verdict *ret_verdict,
                          bool *ret_ignored, struct error *err)
{
    struct window_result window;
    bool exact = false;
    if (!probe_between(lane, err) || !probe_id_filter(lane, err) ||
        !window_read(lane, 1, lane->cut, proven, &window, err)) {
        return false;
    }
    *ret_ignored = window.ignored;
    if (window.ignored) {
        return true;
    }
    unit_note(lane->unit, "%" PRId64 " windows read, %" PRId64 " halved", window.windows,
              window.halved);
    int64_t since = lane->cut > REST_OVERLAP ? lane->cut - REST_OVERLAP : 1;
    if (!lane_read_since(lane, since, proven, &exact, ret_ignored, err)) {
        return false;
    }
    *ret_verdict = window.proved ? LANE_PROVED : LANE_UNPROVED;
    return true;
}

bool lane_walk(struct lane *lane, const struct listing_result *first, int64_t proven,
               enum lane_verdict *ret_verdict, struct error *err)
{
    struct store_source *source = &lane->unit->source;
    enum partition partition = PARTITION_IGNORED;
    bool ignored = false;
    *ret_verdict = LANE_UNPROVED;
    if (lane_is_whole(lane, first)) {
        lane->cut = first->date;
        *ret_verdict = LANE_PROVED;
        unit_note(lane->unit, "one answer held all %" PRId64 " jobs", first->total);
        return store_seen_merge(lane->unit->store, proven, first->set, err);
    }
    if (first->total < 0) {
        unit_note(lane->unit, "answers without a usable TotalCount");
    } else if (first->date <= 0) {
        unit_note(lane->unit, "answers without a Date");
    } else if (!check_partition(lane, first->total, proven, &partition, err)) {
        return false;
    }
    if (partition == PARTITION_HOLDS) {
        source->filters = LEARNT_YES;
        if (!walk_in_parts(lane, proven, ret_verdict, &ignored, err)) {
            return false;
        }
        if (!ignored) {
            return true;
        }
    }
    if (partition == PARTITION_IGNORED || ignored) {
        source->filters = LEARNT_NO;
    }
    return walk_plainly(lane, proven, ret_verdict, err);
}
