#include "sync/type_list.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "hbr/restore_job.h"
#include "store/lookup.h"
#include "sync/lane.h"
#include "sync/listing.h"

static bool add_type(const char *restore_type, void *context, struct error *err)
{
    struct type_list *list = context;
    for (size_t i = 0; i < list->count; i++) {
        if (strcmp(list->types[i], restore_type) == 0) {
            return true;
        }
    }
    if (restore_type[0] == '\0' || list->count == TYPES_MAX) {
        return true;
    }
    list->types[list->count] = text_copy(restore_type);
    return list->types[list->count++] != NULL ? true : error_no_memory(err);
}

bool type_list_read(struct unit *unit, struct type_list *list, struct error *err)
{
    for (size_t i = 0; hbr_restore_types[i] != NULL; i++) {
        if (!add_type(hbr_restore_types[i], list, err)) {
            return false;
        }
    }
    return store_job_each_type(unit->store, unit->source.source_id, TYPES_MAX, add_type, list, err);
}

void type_list_free(struct type_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        free(list->types[i]);
    }
}

/* TotalCount of a type; what its answer lists is newer than the first answer of `untyped`, and is
 * added to `listed`. */
static bool count_type(struct lane *untyped, const char *restore_type, int64_t listed,
                       int64_t *ret_total, struct error *err)
{
    struct unit *unit = untyped->unit;
    struct lane lane;
    struct listing listing = {.kind = LISTING_ALL, .page_size = 1, .first_page_only = true};
    struct listing_result result;
    if (!lane_open(&lane, unit, restore_type, err) ||
        !listing_read(&lane, &listing, &result, err)) {
        return false;
    }
    *ret_total = result.refused || result.mismatched || result.total < 0 ? 0 : result.total;
    return store_seen_merge(unit->store, untyped->fresh, lane.fresh, err) &&
           store_seen_merge(unit->store, listed, result.set, err) &&
           listing_forget(&lane, &result, err) && store_seen_clear(unit->store, lane.fresh, err) &&
           (lane.seen == unit->seen || store_seen_clear(unit->store, lane.seen, err));
}

static bool count_types(struct lane *untyped, const struct type_list *types, int64_t listed,
                        int64_t *ret_sum, struct error *err)
{
    *ret_sum = 0;
    for (size_t i = 0; i < types->count; i++) {
        int64_t total = 0;
        if (!count_type(untyped, types->types[i], listed, &total, err)) {
            return false;
        }
        *ret_sum += total;
    }
    return true;
}

bool type_list_is_listed(struct lane *lane, const struct type_list *types, int64_t untyped_total,
                         int64_t listed, bool *ret_every, struct error *err)
{
    int64_t sum = 0;
    int64_t all = untyped_total;
    *ret_every = false;
    for (int try = 0; try < 2 && !*ret_every; try++) {
        if (!count_types(lane, types, listed, &sum, err) ||
            (sum > all && !count_type(lane, "", listed, &all, err))) {
            return false;
        }
        *ret_every = sum <= all;
    }
    if (!*ret_every) {
        unit_note(lane->unit,
                  "a listing without RestoreType holds %" PRId64
                  " jobs, the types one by one %" PRId64,
                  all, sum);
    }
    return true;
}

bool type_list_is_held(struct lane *lane, const struct type_list *types, int64_t proven,
                       int64_t listed, bool *ret_holds, struct error *err)
{
    struct store *store = lane->unit->store;
    int64_t again = unit_new_set(lane->unit);
    int64_t sum = 0;
    if (!store_seen_within(store, listed, proven, ret_holds, err)) {
        return false;
    }
    if (*ret_holds) {
        return true;
    }
    if (!count_types(lane, types, again, &sum, err) ||
        !store_seen_keep(store, listed, again, err) || !store_seen_clear(store, again, err) ||
        !store_seen_within(store, listed, proven, ret_holds, err)) {
        return false;
    }
    if (!*ret_holds) {
        unit_note(lane->unit,
                  "a listing without RestoreType leaves jobs out that their type lists");
    }
    return true;
}
