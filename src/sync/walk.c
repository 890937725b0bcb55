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
#define UNLISTED_MAX 2 /* tries in which the jobs under way could not be listed whole */
#define HALVES_TRIES_MAX 4
#define RECENT_TRIES_MAX 4
#define SKEW 60 /* seconds beyond the overlap that a clock may be off the Date header's */

/* What the partition check of a walk found. */
enum partition {
    PARTITION_HOLDS,  /* every job is under way or finished */
    PARTITION_MOVES,  /* the counts never agreed */
    PARTITION_CAPPED, /* TotalCount is less than the jobs that there are */
    PARTITION_IGNORED /* the service does not honour the filters */
};

/* What one try of it saw. */
struct classes {
    int64_t open_ids; /* the set of the jobs under way */
    int64_t all;      /* TotalCount without filters, the same before and after; else -1 */
    int64_t open, closed;
    int64_t both; /* jobs in both classes */
    int64_t odd;  /* jobs in neither, as far as they are known */
    bool listed;  /* the jobs under way were listed whole */
    bool came;    /* a job may have come between TotalCount `before` and the open listing */
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

/*
 * Jobs neither under way by their Status nor finished by their CompleteTime, as far as they are
 * stored: asked for by id, they explain what the two classes leave over. `both` of those under way
 * have a CompleteTime.
 */
static bool count_odd(struct lane *lane, int64_t proven, int64_t both, int64_t *ret_odd,
                      struct error *err)
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
    /* Where nothing is under way the witness that came along may be a finished job. */
    closed -= both;
    if (settled && closed <= (before == 0 ? 1 : 0)) {
        *ret_odd = after - before - closed;
        unit_note(lane->unit, "%" PRId64 " jobs are neither under way nor finished", *ret_odd);
    }
    return true;
}

/*
 * One try: the jobs under way, the count of the finished ones, TotalCount without filters, which
 * was asked for before them, too.
 */
static bool count_classes(struct lane *lane, int64_t proven, struct classes *classes,
                          enum partition *ret_partition, struct error *err)
{
    struct store *store = lane->unit->store;
    struct reading open;
    int64_t before = lane->total;
    int64_t arrivals = lane->arrivals;
    if (!lane_read_open(lane, classes->open_ids, &open, err)) {
        return false;
    }
    classes->came = arrivals != unit_arrivals(lane->unit);
    classes->all = -1;
    classes->listed = open.proved;
    if (open.ignored || !open.proved) {
        *ret_partition = open.ignored ? PARTITION_IGNORED : PARTITION_MOVES;
        return true;
    }
    lane->cut = open.date;
    classes->open = open.total;
    if (!store_seen_merge(store, proven, classes->open_ids, err) ||
        !store_seen_count_closed(store, proven, 1, SYNC_FAR_FUTURE, &classes->both, err) ||
        !difference_count(lane, 1, SYNC_FAR_FUTURE, &classes->closed, err)) {
        return false;
    }
    if (classes->closed < 0) {
        *ret_partition = PARTITION_IGNORED;
        return true;
    }
    if (!count_all(lane, err)) {
        return false;
    }
    classes->all = before == lane->total ? before : -1;
    classes->odd = 0;
    if (classes->all >= 0 &&
        (lane->odd || classes->all > classes->open + classes->closed - classes->both) &&
        !count_odd(lane, proven, classes->both, &classes->odd, err)) {
        return false;
    }
    unit_note(lane->unit,
              "%" PRId64 " in all, %" PRId64 " under way, %" PRId64 " finished, %" PRId64 " in all",
              before, classes->open, classes->closed, lane->total);
    return true;
}

static enum partition judge(const struct lane *lane, const struct classes *classes)
{
    if (classes->all < 0 || classes->came || (classes->odd == 0 && lane->odd)) {
        return PARTITION_MOVES;
    }
    int64_t counted = classes->open + classes->closed - classes->both;
    if (classes->all < counted) {
        return PARTITION_CAPPED;
    }
    return classes->all == counted + classes->odd ? PARTITION_HOLDS : PARTITION_MOVES;
}

/* Whether two tries saw the same counts, so that nothing moves: what does not fit then never will.
 */
static bool is_at_rest(const struct classes *left, const struct classes *right)
{
    return left->all >= 0 && !left->came && left->all == right->all && left->open == right->open &&
           left->closed == right->closed && left->both == right->both && left->odd == right->odd;
}

/* Whether the jobs that were under way when a try listed them still are, so that none of them was
 * counted as finished, too. One reading tells, if it holds them all. */
static bool still_open(struct lane *lane, const struct classes *classes, bool *ret_still,
                       struct error *err)
{
    struct listing listing = {.kind = LISTING_OPEN};
    struct listing_result read;
    return listing_read(lane, &listing, &read, err) &&
           store_seen_within(lane->unit->store, classes->open_ids, read.set, ret_still, err) &&
           listing_forget(lane, &read, err);
}

/*
 * Two tries have to agree, in which no job came before the open ones were listed and none of these
 * finished. Counts alone are not enough: a job that finishes after the open ones were listed is
 * counted twice, and hides a job that is in neither class; so does one that is created before they
 * are listed, while another vanishes after the finished ones were counted.
 */
static bool check_partition(struct lane *lane, int64_t proven, enum partition *ret_partition,
                            struct error *err)
{
    struct store *store = lane->unit->store;
    struct classes classes = {.open_ids = unit_new_set(lane->unit), .all = -1};
    enum partition last = PARTITION_MOVES;
    int unlisted = 0;
    *ret_partition = PARTITION_MOVES;
    for (int try = 0; try < PARTITION_TRIES_MAX && *ret_partition == PARTITION_MOVES; try++) {
        const struct classes previous = classes;
        bool still = false;
        if (!store_seen_clear(store, proven, err) || !store_seen_clear(store, lane->fresh, err) ||
            !store_seen_clear(store, classes.open_ids, err) ||
            !count_classes(lane, proven, &classes, ret_partition, err)) {
            return false;
        }
        unlisted += classes.listed ? 0 : 1;
        if (*ret_partition != PARTITION_MOVES || unlisted == UNLISTED_MAX) {
            break;
        }
        enum partition judged = judge(lane, &classes);
        if (judged == PARTITION_MOVES) {
            if (is_at_rest(&classes, &previous)) {
                break;
            }
            continue;
        }
        if (!still_open(lane, &classes, &still, err)) {
            return false;
        }
        if (still && judged == last) {
            *ret_partition = judged;
        }
        last = still ? judged : last;
    }
    lane->closed = classes.closed;
    lane->overlaps = classes.both > 0;
    lane->total_cap = *ret_partition == PARTITION_CAPPED ? classes.all : 0;
    unit_note(lane->unit, "partition %s",
              *ret_partition == PARTITION_HOLDS    ? "holds"
              : *ret_partition == PARTITION_CAPPED ? "exceeds TotalCount"
                                                   : "does not hold");
    return store_seen_clear(store, classes.open_ids, err);
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
    int64_t whole = lane->closed;
    if (middle <= gap) {
        return true;
    }
    for (int try = 0; try < HALVES_TRIES_MAX; try++) {
        int64_t before = whole;
        if (!difference_count(lane, 1, middle - gap, &older, err) ||
            !difference_count(lane, middle + 1 + gap, SYNC_FAR_FUTURE, &newer, err)) {
            return false;
        }
        *ret_parted = *ret_parted && older > 0 && newer > 0;
        if (older < 0 || newer < 0 || older + newer == before ||
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
        if (!lane_read_since(lane, from, proven, &recent, ret_ignored, err)) {
            return false;
        }
        if (*ret_ignored || !recent) {
            return true;
        }
        if (!listing_read(lane, &open, &read, err) ||
            !store_seen_merge(store, proven, read.set, err) || !listing_forget(lane, &read, err) ||
            !count_all(lane, err) || !store_seen_count(store, lane->fresh, &seen, err)) {
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
