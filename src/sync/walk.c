/*
 * The full walk. What makes it a proof is a part of the listing that can only lose rows, the jobs
 * that finished before a moment in the past; everything else is either under way, and listed first,
 * or newer than the walk.
 */
#include <inttypes.h>
#include <string.h>

#include "store/lookup.h"
#include "sync/by_id.h"
#include "sync/difference.h"
#include "sync/lane.h"
#include "sync/probe.h"
#include "sync/window.h"

#define PARTITION_TRIES_MAX 4
#define SKEW 60 /* seconds that the clock behind CompleteTime may be off the Date header's */
#define REST_OVERLAP 600 /* seconds before the cut that are read once more */

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
 * Jobs neither under way by their Status nor finished by their CompleteTime, as far as they are
 * stored: asked for by id, they explain what the two classes leave over.
 */
static bool count_odd(struct lane *lane, int64_t proven, int64_t *ret_odd, struct error *err)
{
    struct store *store = lane->unit->store;
    int64_t before = 0;
    int64_t after = 0;
    int64_t closed = 0;
    bool settled = false;
    *ret_odd = 0;
    if (!store_seen_count(store, proven, &before, err) ||
        !by_id_ask(lane, lane->seen, proven, false, &settled, err) ||
        !store_seen_count(store, proven, &after, err) ||
        !store_seen_count_closed(store, proven, 1, SYNC_FAR_FUTURE, &closed, err)) {
        return false;
    }
    if (settled && closed == 0) {
        *ret_odd = after - before;
        unit_note(lane->unit, "%" PRId64 " jobs are neither under way nor finished", *ret_odd);
    }
    return true;
}

/*
 * One try: TotalCount without filters, the jobs under way, the count of the finished ones,
 * TotalCount again. The jobs under way come before the finished ones, so that one that finishes
 * between is counted twice rather than in neither class.
 */
static bool try_partition(struct lane *lane, int64_t before, int64_t proven,
                          enum partition *ret_partition, int64_t *ret_after, struct error *err)
{
    struct reading open;
    int64_t closed = 0;
    int64_t odd = 0;
    if (!lane_read_open(lane, proven, &open, err)) {
        return false;
    }
    if (open.ignored || !open.proved) {
        *ret_partition = open.ignored ? PARTITION_IGNORED : PARTITION_UNPROVED;
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
    bool steady = before >= 0 && before == *ret_after;
    if (steady && (lane->odd || before > open.total + closed) &&
        !count_odd(lane, proven, &odd, err)) {
        return false;
    }
    bool holds = steady && before == open.total + closed + odd && (odd > 0 || !lane->odd);
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
            !store_seen_clear(lane->unit->store, lane->fresh, err) ||
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
    struct reading reading;
    unit_note(lane->unit, "read without filters until two readings agree");
    if (!store_seen_clear(lane->unit->store, proven, err) ||
        !store_seen_clear(lane->unit->store, lane->fresh, err) ||
        !lane_read_twice(lane, &listing, proven, &reading, err)) {
        return false;
    }
    lane->cut = reading.date;
    *ret_verdict = reading.proved ? LANE_PROVED : LANE_UNPROVED;
    if (!reading.proved) {
        unit_note(lane->unit, "no two readings agreed");
    }
    return true;
}

/*
 * What finished in the last minutes: one answer as a rule. Else the part up to the cut, whose
 * seconds are over by now, is proved like every window, and the rest freshens.
 */
static bool walk_recent(struct lane *lane, int64_t from, int64_t proven, bool *ret_proved,
                        bool *ret_ignored, struct error *err)
{
    struct window_result window;
    int64_t since = lane->cut > REST_OVERLAP ? lane->cut - REST_OVERLAP : 1;
    if (!lane_read_since(lane, since, proven, ret_proved, ret_ignored, err)) {
        return false;
    }
    if (*ret_proved || *ret_ignored) {
        return true;
    }
    if (!window_read(lane, from, lane->cut, proven, &window, err)) {
        return false;
    }
    *ret_proved = window.proved;
    *ret_ignored = window.ignored;
    return true;
}

/* The finished jobs, those of the last minute apart: a clock that is not quite the Date header's
 * may still add to them. */
static bool walk_in_parts(struct lane *lane, int64_t proven, enum lane_verdict *ret_verdict,
                          bool *ret_ignored, struct error *err)
{
    struct window_result window;
    bool recent = false;
    int64_t settled = lane->cut > SKEW ? lane->cut - SKEW : 1;
    if (!probe_between(lane, err) || !probe_id_filter(lane, err) ||
        !window_read(lane, 1, settled, proven, &window, err)) {
        return false;
    }
    unit_note(lane->unit, "%" PRId64 " windows read, %" PRId64 " halved", window.windows,
              window.halved);
    *ret_ignored = window.ignored;
    if (window.ignored) {
        return true;
    }
    if (!walk_recent(lane, settled + 1, proven, &recent, ret_ignored, err)) {
        return false;
    }
    *ret_verdict = window.proved && recent ? LANE_PROVED : LANE_UNPROVED;
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
