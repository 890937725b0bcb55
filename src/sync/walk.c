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

#define PARTITION_TRIES_MAX 8
#define HALVES_TRIES_MAX 4
#define RECENT_TRIES_MAX 8
#define SKEW 60 /* seconds beyond the overlap that a clock may be off the Date header's */

/* What the partition check of a walk found. */
enum partition {
    PARTITION_HOLDS,  /* every job is under way or finished */
    PARTITION_MOVES,  /* the counts never agreed */
    PARTITION_CAPPED, /* TotalCount is less than the jobs that there are */
    PARTITION_IGNORED /* the service does not honour the filters */
};

/*
 * What was listed at one time. `edge` parts it: the jobs under way and what finished since are
 * known by their ids, what finished before by its number, which can only shrink.
 */
struct snapshot {
    int64_t ids; /* a set */
    int64_t older;
    bool odd; /* jobs neither under way nor finished were asked for by id */
};

static bool count_all(struct lane *lane, struct error *err)
{
    struct listing listing = {.kind = LISTING_ALL, .page_size = 1, .first_page_only = true};
    struct listing_result result;
    if (!listing_read(lane, &listing, &result, err)) {
        return false;
    }
    lane->total = result.total;
    lane->arrivals = unit_arrivals(lane->unit);
    return listing_forget(lane, &result, err);
}

/* The jobs under way; *edge is chosen when it is 0, by the Date of their listing, the cut. */
static bool add_open(struct lane *lane, int64_t ids, int64_t *edge, bool *ret_ignored,
                     struct error *err)
{
    struct listing listing = {.kind = LISTING_OPEN};
    struct listing_result read;
    int64_t skew = lane->unit->settings->overlap + SKEW;
    int64_t complete = 0;
    if (!listing_read(lane, &listing, &read, err)) {
        return false;
    }
    *ret_ignored = read.refused || read.mismatched;
    if (*edge == 0) {
        lane->cut = read.date;
        *edge = read.date > skew ? read.date - skew : 1;
    }
    if (!store_seen_merge(lane->unit->store, ids, read.set, err) ||
        !store_seen_count_closed(lane->unit->store, ids, 1, SYNC_FAR_FUTURE, &complete, err)) {
        return false;
    }
    lane->overlaps = complete > 0;
    return listing_forget(lane, &read, err);
}

/* What finished since the edge. */
static bool add_recent(struct lane *lane, int64_t ids, int64_t edge, bool *ret_ignored,
                       struct error *err)
{
    struct listing listing = {.kind = LISTING_SINCE, .from = edge};
    struct listing_result read;
    struct window_result window;
    if (!listing_read(lane, &listing, &read, err)) {
        return false;
    }
    bool capped = read.capped;
    *ret_ignored = read.refused || read.mismatched;
    if (!store_seen_merge(lane->unit->store, ids, read.set, err) ||
        !listing_forget(lane, &read, err)) {
        return false;
    }
    return !capped || window_read(lane, edge, SYNC_FAR_FUTURE, ids, &window, err);
}

/* Where the ends of BETWEEN are not known, nothing is counted that may be at or after the edge. */
static bool count_older(struct lane *lane, int64_t edge, int64_t *ret_count, struct error *err)
{
    int64_t to = lane->unit->source.between_upper == LEARNT_UNKNOWN ? edge - 1 : edge;
    *ret_count = 0;
    return to < 1 || difference_count(lane, 1, to, ret_count, err);
}

static bool take_snapshot(struct lane *lane, int64_t *edge, bool odd, struct snapshot *snapshot,
                          bool *ret_ignored, struct error *err)
{
    bool asked = false;
    if (!store_seen_clear(lane->unit->store, snapshot->ids, err) ||
        !add_open(lane, snapshot->ids, edge, ret_ignored, err)) {
        return false;
    }
    if (*ret_ignored) {
        return true;
    }
    if (!add_recent(lane, snapshot->ids, *edge, ret_ignored, err) ||
        (!*ret_ignored && !count_older(lane, *edge, &snapshot->older, err))) {
        return false;
    }
    *ret_ignored = *ret_ignored || snapshot->older < 0;
    snapshot->odd = odd || lane->odd;
    return *ret_ignored || !snapshot->odd ||
           by_id_ask(lane, lane->seen, snapshot->ids, false, &asked, err);
}

/*
 * How many jobs are accounted for between two snapshots: those whose ids both hold, and the older
 * finished ones, if both counted as many; else -1. Leaves in before->ids the ids that both hold.
 */
static bool account(struct lane *lane, int64_t edge, const struct snapshot *before,
                    const struct snapshot *after, int64_t *ret_count, struct error *err)
{
    struct store *store = lane->unit->store;
    int64_t known = 0;
    int64_t inside = 0; /* ids that are among the older ones, too */
    if (!store_seen_keep(store, before->ids, after->ids, err) ||
        !store_seen_count(store, before->ids, &known, err) ||
        !store_seen_count_closed(store, before->ids, 1, edge, &inside, err)) {
        return false;
    }
    *ret_count = before->older == after->older ? known - inside + before->older : -1;
    unit_note(lane->unit,
              "%" PRId64 " in all, %" PRId64 " finished before %" PRId64 " (then %" PRId64
              "), %" PRId64 " newer or under way",
              lane->total, before->older, edge, after->older, known - inside);
    return true;
}

/*
 * Whether every job is under way or finished, or asked for by id. TotalCount is asked for between
 * two snapshots. A job is listed from one moment to another without a gap, so an id that both hold
 * was listed at that moment; and a count that can only shrink and is the same before and after was
 * the same then. So nothing that comes, goes or finishes meanwhile can hide a job in neither class:
 * it makes the numbers differ, and the next try begins where this one ends.
 */
static bool check_partition(struct lane *lane, int64_t proven, enum partition *ret_partition,
                            struct error *err)
{
    struct store *store = lane->unit->store;
    struct snapshot before = {.ids = unit_new_set(lane->unit)};
    struct snapshot after = {.ids = unit_new_set(lane->unit)};
    int64_t edge = 0;
    int64_t last_excess = 0;
    bool ignored = false;
    *ret_partition = PARTITION_MOVES;
    if (!store_seen_clear(store, proven, err) || !store_seen_clear(store, lane->fresh, err) ||
        !probe_between(lane, err) || !take_snapshot(lane, &edge, false, &before, &ignored, err)) {
        return false;
    }
    for (int try = 0; try < PARTITION_TRIES_MAX && !ignored; try++) {
        int64_t count = 0;
        if (!count_all(lane, err) ||
            !take_snapshot(lane, &edge, before.odd, &after, &ignored, err) ||
            (!ignored && !account(lane, edge, &before, &after, &count, err))) {
            return false;
        }
        int64_t excess = count < 0 || lane->total < 0 ? 0 : lane->total - count;
        bool judged = !ignored && count >= 0 && lane->total >= 0;
        bool again = excess == last_excess;
        if (judged && (excess == 0 || (excess < 0 && again))) {
            *ret_partition = excess == 0 ? PARTITION_HOLDS : PARTITION_CAPPED;
            break;
        }
        if (judged && excess > 0 && before.odd && again) {
            break; /* nothing moves, and what does not fit never will */
        }
        if (judged && excess > 0 && !after.odd &&
            !take_snapshot(lane, &edge, true, &after, &ignored, err)) {
            return false;
        }
        last_excess = excess;
        const struct snapshot next = after;
        after = before;
        before = next;
    }
    if (ignored) {
        *ret_partition = PARTITION_IGNORED;
    }
    lane->total_cap = *ret_partition == PARTITION_CAPPED ? lane->total : 0;
    unit_note(lane->unit, "partition %s",
              *ret_partition == PARTITION_HOLDS    ? "holds"
              : *ret_partition == PARTITION_CAPPED ? "exceeds TotalCount"
                                                   : "does not hold");
    return store_seen_merge(store, proven, before.ids, err) &&
           store_seen_clear(store, before.ids, err) && store_seen_clear(store, after.ids, err);
}

static bool is_between(int64_t count, int64_t one, int64_t other)
{
    return one < other ? one <= count && count <= other : other <= count && count <= one;
}

/* A second that parts the finished jobs, as far as they are stored; 0 when there are none.
 * *ret_parts: some of them are at either side of it. */
static bool find_middle(struct lane *lane, int64_t *ret_middle, bool *ret_parts, struct error *err)
{
    struct unit *unit = lane->unit;
    struct store_window stored = {unit->source.source_id, lane->restore_type, 1, SYNC_FAR_FUTURE};
    if (!store_job_median(unit->store, &stored, ret_middle, ret_parts, err)) {
        return false;
    }
    if (*ret_parts) {
        return true;
    }
    int64_t latest = 0; /* all of one second */
    if (!store_job_latest_closed(unit->store, unit->source.source_id, lane->restore_type, &latest,
                                 err)) {
        return false;
    }
    *ret_middle = latest > 1 ? latest - 1 : 0;
    return true;
}

bool lane_check_halves(struct lane *lane, bool *ret_agree, bool *ret_parted, struct error *err)
{
    const struct store_source *source = &lane->unit->source;
    int64_t middle = 0;
    int64_t older = 0;
    int64_t newer = 0;
    *ret_agree = true;
    if (!find_middle(lane, &middle, ret_parted, err)) {
        return false;
    }
    /* Where the ends of BETWEEN are not known, the halves leave a second out, so that they do not
     * overlap: then they may be less than the whole. */
    bool exact = source->between_lower != LEARNT_UNKNOWN && source->between_upper != LEARNT_UNKNOWN;
    int64_t gap = exact ? 0 : 1;
    int64_t whole = 0;
    if (middle <= gap) {
        return true;
    }
    if (!difference_count(lane, 1, SYNC_FAR_FUTURE, &whole, err)) {
        return false;
    }
    for (int try = 0; try < HALVES_TRIES_MAX; try++) {
        int64_t before = whole;
        if (!difference_count(lane, 1, middle - gap, &older, err) ||
            !difference_count(lane, middle + 1 + gap, SYNC_FAR_FUTURE, &newer, err)) {
            return false;
        }
        *ret_parted = *ret_parted && older > 0 && newer > 0;
        if (older < 0 || newer < 0 || before < 0 || older + newer == before ||
            (!exact && older + newer < before)) {
            return true; /* or the filters are not honoured after all, and tell nothing */
        }
        if (!difference_count(lane, 1, SYNC_FAR_FUTURE, &whole, err)) {
            return false;
        }
        if (is_between(older + newer, before, whole)) {
            return true; /* jobs came or went */
        }
    }
    *ret_agree = false;
    lane->total_cap = older + newer > whole ? whole : lane->total_cap;
    unit_note(lane->unit, "%" PRId64 " finished jobs and %" PRId64 " are %" PRId64 " by TotalCount",
              older, newer, whole);
    return true;
}

/*
 * The way that assumes nothing of filters. Where they are honoured they still tell whether
 * TotalCount, on which it relies, ends at some number; what is beyond is read by windows.
 */
static bool walk_plainly(struct lane *lane, int64_t proven, enum lane_verdict *ret_verdict,
                         struct error *err)
{
    struct listing listing = {.kind = LISTING_ALL};
    struct reading reading;
    struct window_result window;
    struct store *store = lane->unit->store;
    int64_t known = unit_new_set(lane->unit);
    bool agree = true;
    bool parted = false;
    bool whole = true;
    unit_note(lane->unit, "read without filters until two readings agree");
    if (!store_seen_merge(store, known, proven, err) || !store_seen_clear(store, proven, err) ||
        !store_seen_clear(store, lane->fresh, err) ||
        !lane_read_twice(lane, &listing, proven, &reading, err) ||
        !store_seen_within(store, known, proven, &whole, err) ||
        !store_seen_clear(store, known, err)) {
        return false;
    }
    lane->cut = reading.date;
    if (!reading.proved) {
        unit_note(lane->unit, "no two readings agreed");
    } else if (!whole) {
        unit_note(lane->unit, "they do not hold all that filters had found");
    }
    if (lane->unit->source.filters != LEARNT_NO &&
        (!probe_between(lane, err) || !lane_check_halves(lane, &agree, &parted, err) ||
         (lane->total_cap > 0 && !window_read(lane, 1, SYNC_FAR_FUTURE, proven, &window, err)))) {
        return false;
    }
    *ret_verdict = reading.proved && whole && agree ? LANE_PROVED : LANE_UNPROVED;
    return true;
}

/* What finished since `from`, until nothing is left: a job may have gone from a window before that
 * was read, being under way again, say. Then more is listed in all than was seen since the cut. */
static bool walk_recent(struct lane *lane, int64_t from, int64_t proven, bool *ret_proved,
                        bool *ret_ignored, struct error *err)
{
    struct listing open = {.kind = LISTING_OPEN};
    struct listing_result read;
    struct store *store = lane->unit->store;
    bool recent = false;
    *ret_proved = false;
    for (int try = 0; try < RECENT_TRIES_MAX && !*ret_proved; try++) {
        int64_t seen = 0;
        if (!listing_read(lane, &open, &read, err) ||
            !store_seen_merge(store, proven, read.set, err) || !listing_forget(lane, &read, err) ||
            !lane_read_since(lane, from, proven, &recent, ret_ignored, err)) {
            return false;
        }
        if (*ret_ignored || !recent) {
            return true;
        }
        if (!count_all(lane, err) || !store_seen_count(store, lane->fresh, &seen, err)) {
            return false;
        }
        *ret_proved = lane->total <= seen;
    }
    if (!*ret_proved) {
        unit_note(lane->unit, "%" PRId64 " in all are more than were seen", lane->total);
    }
    return true;
}

/* The finished jobs, those of the last minutes apart: a clock that is not quite the Date header's
 * may still add to them. */
static bool walk_in_parts(struct lane *lane, int64_t proven, enum lane_verdict *ret_verdict,
                          bool *ret_ignored, struct error *err)
{
    struct window_result window;
    bool recent = false;
    bool agree = true;
    bool parted = false;
    int64_t skew = lane->unit->settings->overlap + SKEW;
    int64_t settled = lane->cut > skew ? lane->cut - skew : 1;
    if (!probe_between(lane, err) || !probe_id_filter(lane, err) ||
        !lane_check_halves(lane, &agree, &parted, err) ||
        !window_read(lane, 1, settled, proven, &window, err)) {
        return false;
    }
    /* What was stored before the windows may not have parted the jobs; what they gave beyond
     * TotalCount is read again. */
    if (!parted && (!lane_check_halves(lane, &agree, &parted, err) ||
                    (!agree && !window_read(lane, 1, settled, proven, &window, err)))) {
        return false;
    }
    unit_note(lane->unit, "%" PRId64 " windows read, %" PRId64 " halved", window.windows,
              window.halved);
    *ret_ignored = window.ignored;
    if (window.ignored) {
        return true;
    }
    /* From the last second of the windows on, in case that neither includes its end. */
    if (!walk_recent(lane, settled, proven, &recent, ret_ignored, err)) {
        return false;
    }
    *ret_verdict = agree && window.proved && recent ? LANE_PROVED : LANE_UNPROVED;
    return true;
}

bool lane_walk(struct lane *lane, const struct listing_result *first, int64_t proven,
               enum lane_verdict *ret_verdict, struct error *err)
{
    struct store_source *source = &lane->unit->source;
    enum partition partition = PARTITION_IGNORED;
    int64_t listed = 0;
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
    } else if (!check_partition(lane, proven, &partition, err)) {
        return false;
    }
    if (partition == PARTITION_HOLDS || partition == PARTITION_CAPPED) {
        source->filters = LEARNT_YES;
        if (!walk_in_parts(lane, proven, ret_verdict, &ignored, err)) {
            return false;
        }
        /* More ids than TotalCount: it ends somewhere. As many: the classes overlap. */
        if (partition == PARTITION_CAPPED &&
            !store_seen_count(lane->unit->store, proven, &listed, err)) {
            return false;
        }
        if (partition == PARTITION_CAPPED && listed != lane->total) {
            *ret_verdict = LANE_UNPROVED;
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
