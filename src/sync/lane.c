#include "sync/lane.h"

#include <inttypes.h>
#include <string.h>

#include "store/lookup.h"

static bool needs_full(const struct lane *lane)
{
    const struct unit *unit = lane->unit;
    const struct store_watermark *watermark = &lane->watermark;
    int64_t age = unit->writer.now - watermark->full_walk_at;
    return unit->settings->full || !watermark->known || !watermark->proved || age < 0 ||
           age >= unit->settings->full_every || unit->source.filters == LEARNT_NO;
}

/* Whether a lane is the unit as a whole: then what it saw is what the unit saw. */
static bool is_units_own(const struct unit *unit, const char *restore_type)
{
    return strcmp(restore_type, unit->spec->restore_type) == 0;
}

bool lane_open(struct lane *lane, struct unit *unit, const char *restore_type, struct error *err)
{
    memset(lane, 0, sizeof(*lane));
    lane->unit = unit;
    lane->restore_type = restore_type;
    lane->seen = is_units_own(unit, restore_type) ? unit->seen : unit_new_set(unit);
    lane->fresh = unit_new_set(unit);
    if (!store_watermark_get(unit->store, unit->source.source_id, restore_type, &lane->watermark,
                             err)) {
        return false;
    }
    lane->full = needs_full(lane);
    return true;
}

/* Jobs are listed again. Written at once: a run that is cut short must not leave the doubt for the
 * next empty answer. */
static bool end_doubt(struct lane *lane, struct error *err)
{
    struct store *store = lane->unit->store;
    struct store_watermark *watermark = &lane->watermark;
    watermark->empty_since = 0;
    watermark->proved = watermark->proved && !lane->unproved_marked;
    if (!store_begin(store, err)) {
        return false;
    }
    if (!store_watermark_put(store, lane->unit->source.source_id, lane->restore_type, watermark,
                             err) ||
        !store_commit(store, err)) {
        store_rollback(store);
        return false;
    }
    return true;
}

bool lane_look(struct lane *lane, struct listing_result *ret_first, struct error *err)
{
    struct listing listing = {.kind = LISTING_ALL, .row_limit = lane->unit->settings->page_size};
    if (!listing_read(lane, &listing, ret_first, err)) {
        return false;
    }
    lane->total = ret_first->total;
    lane->arrivals = unit_arrivals(lane->unit);
    return lane->total <= 0 || lane->watermark.empty_since == 0 || end_doubt(lane, err);
}

bool lane_is_whole(const struct lane *lane, const struct listing_result *first)
{
    struct listing listing = {.kind = LISTING_ALL};
    return listing_is_one_answer(first, &listing, lane);
}

/* Listed jobs that are stored under another source. While there are any, a delta's counts, which
 * are about this source's rows, mean nothing. */
static bool count_elsewhere(struct lane *lane, int64_t proven, int64_t *ret_count,
                            struct error *err)
{
    struct unit *unit = lane->unit;
    int64_t listed = 0;
    int64_t own = 0;
    if (!store_seen_count(unit->store, proven, &listed, err) ||
        !store_job_count(unit->store, unit->source.source_id, lane->restore_type, &own, err)) {
        return false;
    }
    *ret_count = listed > own ? listed - own : 0;
    if (*ret_count > 0) {
        unit_note(unit, "%" PRId64 " jobs that it lists are stored under another source",
                  *ret_count);
    }
    return true;
}

static bool finish(struct lane *lane, int64_t proven, bool mark, bool walked, struct error *err)
{
    struct unit *unit = lane->unit;
    struct store_watermark next = lane->watermark;
    int64_t marked = 0;
    int64_t elsewhere = 0;
    if (mark && (!store_seen_merge(unit->store, proven, lane->fresh, err) ||
                 !store_job_mark_missing(unit->store, &unit->writer, lane->restore_type, proven,
                                         &marked, err))) {
        return false;
    }
    unit->run.missing += marked;
    if (walked && !count_elsewhere(lane, proven, &elsewhere, err)) {
        return false;
    }
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
            next.full_walk_at = elsewhere == 0 ? unit->writer.now : 0;
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
    if (!finish(lane, proven, mark, walked, err) ||
        (lane->restore_type[0] == '\0' &&
         !store_watermark_drop_unproved_types(store, lane->unit->source.source_id, err)) ||
        !store_source_save(store, &lane->unit->source, err) || !store_commit(store, err)) {
        store_rollback(store);
        lane->unit->run.missing = missing;
        return false;
    }
    return true;
}

static bool write_unproved(struct lane *lane, struct error *err)
{
    int64_t source_id = lane->unit->source.source_id;
    if (!lane->doubted) {
        return store_watermark_unproved(lane->unit->store, source_id, lane->restore_type, err);
    }
    lane->watermark.proved = false;
    lane->watermark.run_id = lane->unit->run.run_id;
    return store_watermark_put(lane->unit->store, source_id, lane->restore_type, &lane->watermark,
                               err);
}

bool lane_mark_unproved(struct lane *lane, struct error *err)
{
    struct store *store = lane->unit->store;
    if (lane->unit->spec->filter_count > 0) {
        return true; /* no watermark is about what filters select */
    }
    if (!store_begin(store, err)) {
        return false;
    }
    if (!write_unproved(lane, err) || !store_source_save(store, &lane->unit->source, err) ||
        !store_commit(store, err)) {
        store_rollback(store);
        return false;
    }
    lane->unproved_marked = true;
    return true;
}

/*
 * A listing that is suddenly empty is more often a wrong endpoint or a lost permission than an
 * empty account, so it takes two runs to believe it.
 */
static bool doubt_empty(struct lane *lane, int64_t total, bool *ret_doubted, struct error *err)
{
    struct unit *unit = lane->unit;
    struct store_watermark *watermark = &lane->watermark;
    int64_t stored = 0;
    *ret_doubted = false;
    if (total != 0) {
        return true;
    }
    if (!store_job_count(unit->store, unit->source.source_id, lane->restore_type, &stored, err)) {
        return false;
    }
    if (stored == 0 || watermark->empty_since != 0) {
        return true;
    }
    watermark->empty_since = unit->writer.now;
    lane->doubted = true;
    *ret_doubted = true;
    unit_warn(
        unit,
        "the service lists no job where %" PRId64
        " are stored; nothing was marked missing, the next sync that finds the same marks them",
        stored);
    return true;
}

static bool walk_or_delta(struct lane *lane, struct listing_result *first, int64_t proven,
                          enum lane_verdict *ret_verdict, struct error *err)
{
    if (!lane->full && !lane_is_whole(lane, first)) {
        if (!lane_delta(lane, first, proven, ret_verdict, err)) {
            return false;
        }
        if (*ret_verdict != LANE_NEEDS_WALK) {
            return true;
        }
        unit_note(lane->unit, "a delta was not enough");
        lane->full = true;
        if (!listing_forget(lane, first, err) ||
            !store_seen_clear(lane->unit->store, proven, err) || !lane_look(lane, first, err)) {
            return false;
        }
    }
    return lane_walk(lane, first, proven, ret_verdict, err);
}

bool lane_read(struct lane *lane, struct listing_result *first, int64_t proven, bool *ret_proved,
               struct error *err)
{
    struct unit *unit = lane->unit;
    enum lane_verdict verdict = LANE_UNPROVED;
    bool doubted = false;
    if (lane->full) {
        unit->run.mode = RUN_FULL;
    }
    if (!doubt_empty(lane, first->total, &doubted, err)) {
        return false;
    }
    if (!doubted && !walk_or_delta(lane, first, proven, &verdict, err)) {
        return false;
    }
    /* A row that cannot be stored may be a job. */
    *ret_proved = verdict == LANE_PROVED && unit->run.rejected == 0;
    if (lane->full) {
        unit->run.mode = RUN_FULL;
    }
    return true;
}

bool lane_end(struct lane *lane, struct listing_result *first, int64_t proven, bool proved,
              struct error *err)
{
    struct unit *unit = lane->unit;
    bool mark = lane->full || lane_is_whole(lane, first);
    bool ok =
        proved ? lane_finish(lane, proven, mark, lane->full, err) : lane_mark_unproved(lane, err);
    if (lane->watermark.updated_time > unit->run.watermark) {
        unit->run.watermark = lane->watermark.updated_time;
    }
    if (lane->total >= 0) {
        unit->run.total_count =
            (unit->run.total_count > 0 ? unit->run.total_count : 0) + lane->total;
    }
    return ok && store_seen_clear(unit->store, proven, err) &&
           store_seen_clear(unit->store, lane->seen, err) &&
           store_seen_clear(unit->store, lane->fresh, err) && listing_forget(lane, first, err);
}

bool lane_run(struct lane *lane, struct listing_result *first, bool *ret_proved, struct error *err)
{
    int64_t proven = unit_new_set(lane->unit);
    return lane_read(lane, first, proven, ret_proved, err) &&
           lane_end(lane, first, proven, *ret_proved, err);
}
