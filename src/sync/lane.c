#include "sync/lane.h"

#include <inttypes.h>
#include <string.h>

#include "sync/window.h"

#define TWICE_TRIES_MAX 5
#define SINCE_TRIES_MAX 3

bool lane_look(struct lane *lane, struct listing_result *ret_first, struct error *err)
{
    struct listing listing = {.kind = LISTING_ALL, .row_limit = lane->unit->settings->page_size};
    if (!listing_read(lane, &listing, ret_first, err)) {
        return false;
    }
    lane->total = ret_first->total;
    return true;
}

/* Takes a reading that did not move: proved by itself if it is one answer, else if the one before holds the same ids. */
static bool take_reading(struct lane *lane, const struct listing *listing,
                         const struct listing_result *read, int64_t *previous, int64_t proven,
                         struct reading *reading, struct error *err)
{
    struct store *store = lane->unit->store;
    reading->proved = listing_is_one_answer(read, listing, lane);
    if (!reading->proved && *previous != 0 &&
        !store_seen_equal(store, *previous, read->set, &reading->proved, err)) {
        return false;
    }
    if (*previous != 0 && !store_seen_clear(store, *previous, err)) {
        return false;
    }
    *previous = read->set;
    return !reading->proved || store_seen_merge(store, proven, read->set, err);
}

/*
 * Why two agreeing readings are a proof, whatever the order: every id of the set was seen in both, so all were listed at the
 * second's first answer, and its TotalCount says that there were no more.
 */
bool lane_read_twice(struct lane *lane, const struct listing *listing, int64_t proven,
                     struct reading *ret_reading, struct error *err)
{
    struct store *store = lane->unit->store;
    int64_t previous = 0; /* the set of the reading before, 0: none that did not move */
    bool hopeless = false;
    memset(ret_reading, 0, sizeof(*ret_reading));
    for (int try = 0; try < TWICE_TRIES_MAX && !ret_reading->proved && !hopeless; try++) {
        struct listing_result read;
        if (!listing_read(lane, listing, &read, err)) {
            return false;
        }
        ret_reading->total = read.total;
        ret_reading->date = read.date;
        ret_reading->ignored = read.refused || read.mismatched;
        hopeless = ret_reading->ignored || read.capped;
        if (listing_is_exact(&read)) {
            if (!take_reading(lane, listing, &read, &previous, proven, ret_reading, err)) {
                return false;
            }
            continue;
        }
        if (!listing_forget(lane, &read, err) ||
            (previous != 0 && !store_seen_clear(store, previous, err))) {
            return false;
        }
        previous = 0;
    }
    return previous == 0 || store_seen_clear(store, previous, err);
}

bool lane_read_open(struct lane *lane, int64_t proven, struct reading *ret_reading,
                    struct error *err)
{
    struct listing listing = {.kind = LISTING_OPEN};
    if (!lane_read_twice(lane, &listing, proven, ret_reading, err)) {
        return false;
    }
    if (!ret_reading->proved && !ret_reading->ignored) {
        unit_note(lane->unit, "the jobs under way changed during every reading");
    }
    return true;
}

bool lane_read_since(struct lane *lane, int64_t from, int64_t proven, bool *ret_exact,
                     bool *ret_ignored, struct error *err)
{
    struct listing listing = {.kind = LISTING_SINCE, .from = from};
    *ret_exact = false;
    *ret_ignored = false;
    for (int try = 0; try < SINCE_TRIES_MAX && !*ret_exact && !*ret_ignored; try++) {
        struct listing_result read;
        if (!listing_read(lane, &listing, &read, err)) {
            return false;
        }
        *ret_ignored = read.refused || read.mismatched;
        *ret_exact = listing_is_one_answer(&read, &listing, lane);
        if (*ret_exact && !store_seen_merge(lane->unit->store, proven, read.set, err)) {
            return false;
        }
        bool many = read.total < 0 || read.total > lane->unit->settings->page_size;
        if (!listing_forget(lane, &read, err)) {
            return false;
        }
        if (many) {
            break; /* more than one answer: it can grow and shrink, so it proves nothing by itself */
        }
    }
    return true;
}

static bool finish(struct lane *lane, int64_t proven, bool mark, bool walked, struct error *err)
{
    struct unit *unit = lane->unit;
    struct store_watermark next = lane->watermark;
    int64_t marked = 0;
    if (mark && !store_job_mark_missing(unit->store, &unit->writer, lane->restore_type, proven,
                                        &marked, err)) {
        return false;
    }
    unit->run.missing += marked;
    if (!store_job_max_updated(unit->store, unit->source.source_id, lane->restore_type,
                               &next.updated_time, err)) {
        return false;
    }
    bool changed = lane->unproved_marked || marked > 0 || !lane->watermark.known ||
                   !lane->watermark.proved || next.updated_time != lane->watermark.updated_time;
    if (changed || walked) {
        next.known = true;
        next.proved = true;
        next.run_id = unit->run.run_id;
        if (lane->cut > 0) {
            next.cut_time = lane->cut;
        }
        if (walked) {
            next.full_walk_at = unit->writer.now;
        }
        if (!store_watermark_put(unit->store, unit->source.source_id, lane->restore_type, &next,
                                 err)) {
            return false;
        }
    }
    lane->watermark = next;
    return true;
}

bool lane_finish(struct lane *lane, int64_t proven, bool mark, bool walked, struct error *err)
{
    struct store *store = lane->unit->store;
    int64_t missing = lane->unit->run.missing;
    if (!store_begin(store, err)) {
        return false;
    }
    if (!finish(lane, proven, mark, walked, err) || !store_source_save(store, &lane->unit->source, err) ||
        !store_commit(store, err)) {
        store_rollback(store);
        lane->unit->run.missing = missing;
        return false;
    }
    return true;
}

bool lane_is_whole(const struct lane *lane, const struct listing_result *first)
{
    struct listing listing = {.kind = LISTING_ALL};
    return listing_is_one_answer(first, &listing, lane);
}
