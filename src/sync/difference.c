#include "sync/difference.h"

#include <inttypes.h>

#include "store/lookup.h"
#include "sync/listing.h"

#define STACK_MAX 256
#define QUESTIONS_MAX 400 /* beyond this a full walk is the cheaper way */

struct part {
    int64_t from, to;
    int64_t remote; /* the service's count */
};

struct search {
    struct lane *lane;
    struct part parts[STACK_MAX];
    size_t count;
    int64_t questions;
    bool settled;
};

bool difference_count(struct lane *lane, int64_t from, int64_t to, int64_t *ret_total,
                      struct error *err)
{
    struct listing listing = {.kind = LISTING_CLOSED,
                              .from = from,
                              .to = to,
                              .page_size = 1,
                              .first_page_only = true,
                              .counted = true};
    struct listing_result result;
    if (!listing_read(lane, &listing, &result, err)) {
        return false;
    }
    *ret_total = result.refused || result.mismatched ? -1 : result.total;
    return listing_forget(lane, &result, err);
}

static struct store_window stored_window(const struct lane *lane, int64_t from, int64_t to)
{
    return (struct store_window){lane->unit->source.source_id, lane->restore_type, from, to};
}

static void push(struct search *search, int64_t from, int64_t to, int64_t remote)
{
    search->settled = search->settled && search->count < STACK_MAX;
    if (search->settled) {
        search->parts[search->count++] = (struct part){from, to, remote};
    }
}

/*
 * Reads a part that fits a page, which is one answer, and marks missing the rows that it does not
 * hold. *ret_too_many: with the seconds about it, it does not fit.
 *
 * The rows that it does hold have to be as many as were counted: else the counts, and with them
 * every half that was not read, mean something else than was thought.
 */
static bool settle_page(struct search *search, const struct part *part, bool *ret_too_many,
                        struct error *err)
{
    struct lane *lane = search->lane;
    struct unit *unit = lane->unit;
    struct listing listing = {.kind = LISTING_CLOSED,
                              .from = part->from,
                              .to = part->to,
                              .row_limit = unit->settings->page_size};
    struct listing_result result;
    int64_t rows = 0;
    search->questions++;
    if (!listing_read(lane, &listing, &result, err) ||
        !store_seen_count_closed(unit->store, result.set, part->from, part->to, &rows, err)) {
        return false;
    }
    *ret_too_many = result.total > listing.row_limit;
    if (!listing_is_one_answer(&result, &listing, lane) || rows != part->remote) {
        search->settled = *ret_too_many;
        return listing_forget(lane, &result, err);
    }
    struct store_window window = stored_window(lane, part->from, part->to);
    int64_t marked = 0;
    if (!store_begin(unit->store, err)) {
        return false;
    }
    if (!store_job_mark_missing_window(unit->store, &unit->writer, &window, result.set, &marked,
                                       err) ||
        !store_commit(unit->store, err)) {
        store_rollback(unit->store);
        return false;
    }
    unit->run.missing += marked;
    return listing_forget(lane, &result, err);
}

/* Asks for the older half; the newer half's count follows. */
static bool halve(struct search *search, const struct part *part, struct error *err)
{
    struct lane *lane = search->lane;
    struct store_window window = stored_window(lane, part->from, part->to);
    int64_t middle = 0;
    int64_t older = 0;
    bool found = false;
    if (!store_job_median(lane->unit->store, &window, &middle, &found, err)) {
        return false;
    }
    if (!found || middle < part->from || middle >= part->to) {
        search->settled = false; /* one second with more jobs than a page: a full walk's business */
        return true;
    }
    if (!difference_count(lane, part->from, middle, &older, err)) {
        return false;
    }
    search->questions++;
    if (older < 0 || older > part->remote) {
        search->settled = false;
        return true;
    }
    push(search, middle + 1, part->to, part->remote - older);
    push(search, part->from, middle, older);
    return true;
}

static bool settle_part(struct search *search, const struct part *part, struct error *err)
{
    struct lane *lane = search->lane;
    struct store_window window = stored_window(lane, part->from, part->to);
    int64_t local = 0;
    if (!store_job_count_closed(lane->unit->store, &window, &local, err)) {
        return false;
    }
    if (local == part->remote) {
        return true;
    }
    if (local < part->remote) {
        search->settled = false; /* the service has what the database has not */
        return true;
    }
    bool too_many = part->remote > lane->unit->settings->page_size;
    if (!too_many && !settle_page(search, part, &too_many, err)) {
        return false;
    }
    return !too_many || halve(search, part, err);
}

bool difference_settle(struct lane *lane, int64_t to, int64_t remote, bool *ret_explained,
                       bool *ret_equal, struct error *err)
{
    struct search search = {.lane = lane, .settled = true};
    int64_t marked_before = lane->unit->run.missing;
    push(&search, 1, to, remote);
    while (search.count > 0 && search.settled) {
        struct part part = search.parts[--search.count];
        if (!settle_part(&search, &part, err)) {
            return false;
        }
        search.settled = search.settled && search.questions <= QUESTIONS_MAX;
    }
    if (search.questions > 0) {
        unit_note(lane->unit, "%" PRId64 " counts located %" PRId64 " vanished jobs",
                  search.questions, lane->unit->run.missing - marked_before);
    }
    if (!search.settled) {
        /* Perhaps the ends of BETWEEN are not what they were: ask again. */
        lane->unit->source.between_lower = LEARNT_UNKNOWN;
        lane->unit->source.between_upper = LEARNT_UNKNOWN;
    }
    *ret_explained = search.settled;
    *ret_equal = search.settled && search.questions == 0;
    return true;
}
