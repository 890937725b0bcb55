/*
 * The delta: what is under way, what finished since shortly before the watermark, by id what should
 * be in neither, and a count of the rest, which can only have shrunk since it was proved, so that
 * equal counts mean equal sets.
 */
#include <inttypes.h>

#include "store/lookup.h"
#include "sync/by_id.h"
#include "sync/difference.h"
#include "sync/lane.h"
#include "sync/probe.h"

#define TRIES_MAX 4
#define SETTLE_ROUNDS_MAX 4 /* jobs may vanish while they are counted */

/* How many of the ids found finished at the edge or later, or did not finish. */
static bool count_newer(struct lane *lane, int64_t edge, int64_t proven, int64_t *ret_newer,
                        struct error *err)
{
    struct store *store = lane->unit->store;
    int64_t listed = 0;
    int64_t older = 0;
    if (!store_seen_count(store, proven, &listed, err) ||
        !store_seen_count_closed(store, proven, 1, edge - 1, &older, err)) {
        return false;
    }
    *ret_newer = listed - older;
    return true;
}

/*
 * Whether the counts agree: those of the service with its TotalCount, and then, for the jobs that
 * finished before the edge, with the rows stored. What is stored there holds at least what the
 * service lists, so that equal counts, of one answer, mean equal sets. Nothing is marked before the
 * service's own counts agree.
 */
static bool counts_agree(struct lane *lane, int64_t edge, int64_t total, int64_t proven,
                         bool *ret_agree, struct error *err)
{
    int64_t newer = 0;
    *ret_agree = false;
    if (!count_newer(lane, edge, proven, &newer, err)) {
        return false;
    }
    for (int round = 0; round < SETTLE_ROUNDS_MAX; round++) {
        int64_t closed = 0;
        bool explained = true;
        bool equal = true;
        if (edge > 1 && !difference_count(lane, 1, edge - 1, &closed, err)) {
            return false;
        }
        if (closed < 0 || total != closed + newer) {
            unit_note(lane->unit,
                      "counts do not agree: %" PRId64 " in all, %" PRId64
                      " finished before %" PRId64 ", %" PRId64 " newer or under way",
                      total, closed, edge, newer);
            return true;
        }
        if (edge > 1 && !difference_settle(lane, edge - 1, closed, &explained, &equal, err)) {
            return false;
        }
        if (equal) {
            *ret_agree = true;
            unit_note(lane->unit,
                      "counts agree: %" PRId64 " in all, %" PRId64 " finished before %" PRId64
                      ", %" PRId64 " newer or under way",
                      total, closed, edge, newer);
            return true;
        }
        if (!explained) {
            unit_note(lane->unit, "the counts before %" PRId64 " cannot be explained", edge);
            return true;
        }
    }
    return true;
}

/* A job that came after TotalCount was asked for hides one that is in neither class. */
static bool came(const struct lane *lane)
{
    return lane->arrivals != unit_arrivals(lane->unit);
}

static bool try_delta(struct lane *lane, const struct listing_result *first, int64_t edge,
                      int64_t proven, bool *ret_settled, struct error *err)
{
    struct reading open;
    *ret_settled = false;
    if (!lane_read_open(lane, proven, &open, err)) {
        return false;
    }
    if (!open.proved || open.date <= 0) {
        return true;
    }
    lane->cut = open.date;
    bool settled = false;
    bool ignored = false;
    if (!lane_read_since(lane, edge, proven, &settled, &ignored, err)) {
        return false;
    }
    if (!settled) {
        return true;
    }
    if (!by_id_ask(lane, first->set, proven, true, &settled, err)) {
        return false;
    }
    if (!settled || came(lane)) {
        return true;
    }
    return counts_agree(lane, edge, first->total, proven, ret_settled, err);
}

/* Marks what was stored as under way or recent and that the service does not list any more. */
static bool mark_vanished(struct lane *lane, int64_t edge, int64_t proven, struct error *err)
{
    struct unit *unit = lane->unit;
    struct store_window recent = {unit->source.source_id, lane->restore_type, edge, INT64_MAX};
    int64_t closed = 0;
    int64_t open = 0;
    if (!store_seen_merge(unit->store, proven, lane->fresh, err) ||
        !store_begin(unit->store, err)) {
        return false;
    }
    if (!store_job_mark_missing_window(unit->store, &unit->writer, &recent, proven, &closed, err) ||
        !store_job_mark_missing_open(unit->store, &unit->writer, lane->restore_type, proven, &open,
                                     err) ||
        !store_commit(unit->store, err)) {
        store_rollback(unit->store);
        return false;
    }
    unit->run.missing += closed + open;
    return true;
}

/* CompleteTime from which jobs are read again: before the watermark, and before the last proof
 * began. */
static int64_t edge_of(const struct lane *lane)
{
    const struct store_watermark *watermark = &lane->watermark;
    int64_t edge = watermark->updated_time;
    if (watermark->cut_time > 0 && watermark->cut_time < edge) {
        edge = watermark->cut_time;
    }
    edge -= lane->unit->settings->overlap;
    return edge > 1 ? edge : 1;
}

bool lane_delta(struct lane *lane, const struct listing_result *first, int64_t proven,
                enum lane_verdict *ret_verdict, struct error *err)
{
    struct unit *unit = lane->unit;
    int64_t edge = edge_of(lane);
    struct listing_result look = *first;
    bool settled = false;
    *ret_verdict = LANE_NEEDS_WALK;
    if (!probe_between(lane, err)) {
        return false;
    }
    if (unit->source.filters == LEARNT_NO || unit->source.between_lower == LEARNT_UNKNOWN ||
        unit->source.between_upper == LEARNT_UNKNOWN) {
        return true;
    }
    for (int try = 0; try < TRIES_MAX && !settled; try++) {
        bool again = try > 0;
        if (again &&
            (!store_seen_clear(unit->store, proven, err) || !lane_look(lane, &look, err))) {
            return false;
        }
        bool ok = try_delta(lane, &look, edge, proven, &settled, err);
        settled = settled && !came(lane);
        if (again && !listing_forget(lane, &look, ok ? err : NULL)) {
            ok = false;
        }
        if (!ok) {
            return false;
        }
    }
    if (!settled) {
        return true;
    }
    *ret_verdict = LANE_PROVED;
    return mark_vanished(lane, edge, proven, err);
}
