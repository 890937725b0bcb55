#include <string.h>

#include "sync/lane.h"
#include "sync/window.h"

#define MOVING_READINGS_MAX 5 /* of a listing whose ids changed while it was read */
#define IDLE_MAX 2           /* readings in a row without a new id, where the order is steady ... */
#define IDLE_SHUFFLED_MAX 12 /* ... and where each answer has its own */
#define READINGS_MAX 40      /* enough for every row of a listing shuffled for each answer */

/*
 * The two unions of a repeated reading. `before` gathers ids until it holds as many as TotalCount
 * says, then `after` gathers them once more.
 *
 * Why that is a proof, whatever the order: a job is listed from one moment to another without a
 * gap. When both unions hold the same ids, each of them was seen before and after the first answer
 * of `after`, so all were listed at that moment, and its TotalCount says that there were no more.
 */
struct unions {
    int64_t before, after; /* sets */
    bool before_whole;
    int64_t total;      /* TotalCount of the first answer of `after` ... */
    int64_t date;       /* ... and its Date */
    int64_t last_total; /* of the reading before, -1 none */
    bool shuffled;      /* a later reading gave ids that an earlier one had not */
    int restarts;
    int idle; /* readings in a row that gave no new id */
};

static bool restart(struct lane *lane, struct unions *unions, struct error *err)
{
    unions->restarts++;
    unions->before_whole = false;
    unions->total = -1;
    return store_seen_clear(lane->unit->store, unions->before, err) &&
           store_seen_clear(lane->unit->store, unions->after, err);
}

/* Adds a reading to a union; *ret_whole when that holds as many ids as TotalCount says. More than
 * that: start anew. */
static bool add_reading(struct lane *lane, struct unions *unions, int64_t set, int64_t total,
                        const struct listing_result *read, bool *ret_whole, struct error *err)
{
    struct store *store = lane->unit->store;
    int64_t known = 0;
    int64_t count = 0;
    *ret_whole = false;
    if (!store_seen_count(store, set, &known, err) ||
        !store_seen_merge(store, set, read->set, err) ||
        !store_seen_count(store, set, &count, err)) {
        return false;
    }
    *ret_whole = count == total;
    unions->shuffled = unions->shuffled || (known > 0 && count > known);
    unions->idle = count == known && !*ret_whole ? unions->idle + 1 : 0;
    return count <= total || restart(lane, unions, err);
}

static bool take_reading(struct lane *lane, struct unions *unions,
                         const struct listing_result *read, bool *ret_proved, struct error *err)
{
    bool whole = false;
    *ret_proved = false;
    bool other_total = unions->last_total >= 0 && read->total != unions->last_total;
    unions->last_total = read->total;
    if (read->total < 0 || !read->complete || read->rejected || read->unsteady) {
        return restart(lane, unions, err);
    }
    if (other_total && !restart(lane, unions, err)) {
        return false;
    }
    if (!unions->before_whole) {
        return add_reading(lane, unions, unions->before, read->total, read, &unions->before_whole,
                           err);
    }
    if (unions->total < 0) {
        unions->total = read->total;
        unions->date = read->date;
    }
    if (!add_reading(lane, unions, unions->after, unions->total, read, &whole, err)) {
        return false;
    }
    if (!whole) {
        return true;
    }
    if (!store_seen_equal(lane->unit->store, unions->before, unions->after, ret_proved, err)) {
        return false;
    }
    return *ret_proved || restart(lane, unions, err);
}

static bool read_until_proved(struct lane *lane, const struct listing *listing, int64_t proven,
                              struct unions *unions, struct reading *reading, struct error *err)
{
    struct store *store = lane->unit->store;
    bool hopeless = false;
    for (int turn = 0; turn < READINGS_MAX && !hopeless && !reading->proved; turn++) {
        struct listing_result read;
        if (!listing_read(lane, listing, &read, err)) {
            return false;
        }
        reading->total = read.total;
        reading->date = read.date;
        reading->refused = read.refused;
        reading->refusal = read.refusal;
        reading->ignored = read.refused || read.mismatched;
        hopeless = reading->ignored || read.capped;
        bool ok = true;
        if (listing_is_one_answer(&read, listing, lane)) {
            reading->proved = true;
            ok = store_seen_merge(store, proven, read.set, err);
        } else if (!hopeless) {
            ok = take_reading(lane, unions, &read, &reading->proved, err);
            if (ok && reading->proved) {
                reading->total = unions->total;
                reading->date = unions->date;
                ok = store_seen_merge(store, proven, unions->after, err);
            }
        }
        /* What was contradicted once is moving: then a few readings are enough. */
        hopeless = hopeless || unions->idle >= (unions->shuffled ? IDLE_SHUFFLED_MAX : IDLE_MAX) ||
                   (unions->restarts > 0 && turn + 1 >= MOVING_READINGS_MAX);
        if (!ok || !listing_forget(lane, &read, err)) {
            return false;
        }
    }
    return true;
}

bool lane_read_twice(struct lane *lane, const struct listing *listing, int64_t proven,
                     struct reading *ret_reading, struct error *err)
{
    struct unions unions = {.before = unit_new_set(lane->unit),
                            .after = unit_new_set(lane->unit),
                            .total = -1,
                            .last_total = -1};
    memset(ret_reading, 0, sizeof(*ret_reading));
    return read_until_proved(lane, listing, proven, &unions, ret_reading, err) &&
           store_seen_clear(lane->unit->store, unions.before, err) &&
           store_seen_clear(lane->unit->store, unions.after, err);
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

bool lane_read_since(struct lane *lane, int64_t from, int64_t proven, bool *ret_proved,
                     bool *ret_ignored, struct error *err)
{
    struct listing listing = {.kind = LISTING_SINCE, .from = from};
    struct reading reading;
    struct window_result window;
    if (!lane_read_twice(lane, &listing, proven, &reading, err)) {
        return false;
    }
    *ret_proved = reading.proved;
    *ret_ignored = reading.ignored;
    if (reading.proved || reading.ignored) {
        return true;
    }
    if (!window_read(lane, from, SYNC_FAR_FUTURE, proven, &window, err)) {
        return false;
    }
    *ret_proved = window.proved;
    *ret_ignored = window.ignored;
    return true;
}
