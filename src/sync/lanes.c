#include "sync/lanes.h"

#include <inttypes.h>
#include <string.h>

#include "base/text.h"
#include "hbr/restore_job.h"
#include "store/lookup.h"
#include "sync/lane.h"
#include "sync/type_list.h"

#define LEARNT_FOR                                                                                 \
    (7 * 24 * 3600) /* seconds after which what a service did not do is tried again */

/* --- what was learnt, and when to doubt it ------------------------------------------------ */

/* A full walk is the occasion to try again what the service did not honour before. */
static void doubt(struct unit *unit)
{
    struct store_source *source = &unit->source;
    if (!unit->settings->full && unit->writer.now - source->learnt_at < LEARNT_FOR &&
        unit->writer.now >= source->learnt_at) {
        return;
    }
    source->learnt_at = unit->writer.now;
    source->filters = LEARNT_UNKNOWN;
    source->between_lower = LEARNT_UNKNOWN;
    source->between_upper = LEARNT_UNKNOWN;
    source->id_filter[0] = '\0';
    source->page_cap = 0;
}

/* --- what need not be read ----------------------------------------------------------------- */

bool lanes_skip(struct unit *unit, struct error *err)
{
    struct lane lane;
    unit->run.outcome = RUN_SKIPPED;
    unit->run.mode = unit->spec->filter_count > 0 ? RUN_FULL : RUN_DELTA; /* nothing was walked */
    if (unit->spec->filter_count > 0) {
        return true; /* no watermark is about what filters select */
    }
    return lane_open(&lane, unit, unit->spec->restore_type, err) &&
           lane_finish(&lane, unit_new_set(unit), false, false, err);
}

/* What the service refuses to list is skipped if no job of it is stored; else nobody can say what
 * became of those jobs. */
static bool skip_refused(struct lane *lane, const char *name, const struct error *refusal,
                         bool *ret_proved, struct error *err)
{
    struct unit *unit = lane->unit;
    int64_t stored = 0;
    if (!store_job_count(unit->store, unit->source.source_id, lane->restore_type, &stored, err)) {
        return false;
    }
    *ret_proved = stored == 0;
    if (stored == 0) {
        return true;
    }
    unit_note(unit, "%s is refused (%s)", name, refusal->api_code);
    unit_warn(unit, "%s is refused (%s), although %" PRId64 " jobs of it are stored", name,
              refusal->api_code, stored);
    return lane_mark_unproved(lane, err);
}

/*
 * A lane's first answer. A service that ignores Edition lists the jobs of STANDARD again
 * (`foreign`). They are not read twice, unless this run has not read STANDARD, or there are more of
 * them than those of STANDARD, or some are stored as this edition's own: about these only a whole
 * listing can tell.
 */
static bool look(struct lane *lane, struct listing_result *ret_first, struct error *err)
{
    struct unit *unit = lane->unit;
    int64_t others = 0;
    int64_t own = 0;
    if (!lane_look(lane, ret_first, err)) {
        return false;
    }
    if (!ret_first->foreign) {
        return true;
    }
    unit->source.edition_honoured = LEARNT_NO;
    if (!store_run_of_sibling(unit->store, &unit->run, &unit->source, lane->restore_type, &others,
                              err) ||
        !store_job_count(unit->store, unit->source.source_id, lane->restore_type, &own, err)) {
        return false;
    }
    if (own == 0 && ret_first->total == others) {
        return true;
    }
    lane->of_any_edition = true;
    lane->full = true;
    unit_note(unit, "the service lists jobs of another edition; they are read again");
    return listing_forget(lane, ret_first, err) && lane_look(lane, ret_first, err);
}

/* --- which lanes --------------------------------------------------------------------------- */

static bool check_untyped(struct lane *lane, const struct type_list *types, int64_t untyped_total,
                          int64_t listed, struct error *err)
{
    struct store_source *source = &lane->unit->source;
    bool every = false;
    if (source->untyped != LEARNT_UNKNOWN) {
        return true;
    }
    if (!type_list_is_listed(lane, types, untyped_total, listed, &every, err)) {
        return false;
    }
    source->untyped = every ? LEARNT_YES : LEARNT_NO;
    return true;
}

/* A source that is listed by type has no watermark as a whole. */
static bool drop_untyped(struct unit *unit, struct error *err)
{
    if (!store_begin(unit->store, err)) {
        return false;
    }
    if (!store_watermark_drop(unit->store, unit->source.source_id, "", err) ||
        !store_commit(unit->store, err)) {
        store_rollback(unit->store);
        return false;
    }
    return true;
}

static bool run_typed(struct unit *unit, const struct type_list *types, bool *ret_proved,
                      struct error *err)
{
    size_t refused = 0;
    struct error refusal;
    error_clear(&refusal);
    *ret_proved = true;
    unit->run.total_count = 0;
    unit->run.mode = RUN_DELTA; /* until a lane is walked */
    for (size_t i = 0; i < types->count; i++) {
        struct lane lane;
        struct listing_result first;
        bool proved = false;
        if (!lane_open(&lane, unit, types->types[i], err) || !look(&lane, &first, err)) {
            return false;
        }
        if (first.refused) {
            refused++; /* a type that this service does not know has no jobs */
            refusal = first.refusal;
            if (!skip_refused(&lane, types->types[i], &refusal, &proved, err)) {
                return false;
            }
        } else if (first.foreign) {
            proved = true;
            if (!listing_forget(&lane, &first, err)) {
                return false;
            }
        } else if (!lane_run(&lane, &first, &proved, err)) {
            return false;
        }
        *ret_proved = *ret_proved && proved;
    }
    if (refused == types->count) {
        *err = refusal;
        return false;
    }
    return drop_untyped(unit, err);
}

/* --- the unit ------------------------------------------------------------------------------ */

static bool is_default_edition(const struct unit *unit)
{
    return strcmp(unit->spec->edition, "STANDARD") == 0;
}

static bool skip_foreign(struct lane *lane, struct listing_result *first, bool *ret_proved,
                         struct error *err)
{
    unit_note(lane->unit, "the service lists the same jobs for every edition; they are read once");
    *ret_proved = true;
    return listing_forget(lane, first, err) && lanes_skip(lane->unit, err);
}

static bool skip_edition(struct unit *unit, const struct error *refusal, bool *ret_proved,
                         struct error *err)
{
    struct lane lane;
    unit->source.edition_honoured = LEARNT_NO;
    if (!lane_open(&lane, unit, unit->spec->restore_type, err) ||
        !skip_refused(&lane, "edition", refusal, ret_proved, err)) {
        return false;
    }
    if (!*ret_proved) {
        return true;
    }
    unit_warn(unit, "edition %s is refused (%s) and was skipped", unit->spec->edition,
              refusal->api_code);
    return lanes_skip(unit, err);
}

/*
 * The service refuses the plain listing: because it wants a RestoreType, or because of the Edition;
 * or it did so just once, and `first` becomes the answer to a second request. A source that is
 * listed by type misses the types that nobody knows, so one refusal is not enough.
 */
static bool settle_refusal(struct lane *untyped, const struct type_list *types,
                           struct listing_result *first, bool *ret_proved, bool *ret_settled,
                           struct error *err)
{
    struct unit *unit = untyped->unit;
    struct lane lane;
    struct listing_result of_type;
    const struct error refusal = first->refusal;
    *ret_settled = false;
    if (!lane_open(&lane, unit, types->types[0], err) || !lane_look(&lane, &of_type, err) ||
        !listing_forget(&lane, &of_type, err)) {
        return false;
    }
    if (!of_type.refused) {
        if (!look(untyped, first, err)) {
            return false;
        }
        if (first->refused) {
            unit->source.untyped = LEARNT_NO;
            unit_note(unit, "the service wants a RestoreType");
        }
        return true;
    }
    *ret_settled = true;
    if (!is_default_edition(unit)) {
        return skip_edition(unit, &refusal, ret_proved, err);
    }
    *err = refusal;
    return false;
}

/* With a RestoreType or filters a refusal may be about those; about the Edition, where this run has
 * read the same of another one. */
static bool settle_restricted(struct unit *unit, const struct error *refusal, bool *ret_proved,
                              struct error *err)
{
    int64_t others = -1;
    if (!is_default_edition(unit) &&
        !store_run_of_sibling(unit->store, &unit->run, &unit->source, "", &others, err)) {
        return false;
    }
    if (others >= 0) {
        return skip_edition(unit, refusal, ret_proved, err);
    }
    *err = *refusal;
    return false;
}

/* A type that is new to the world is listed by no other, so that a full walk asks once more whether
 * the service lists all types at once. */
static bool doubt_types(struct unit *unit, const struct type_list *types, struct error *err)
{
    struct lane lane;
    if (unit->source.untyped != LEARNT_NO) {
        return true;
    }
    if (!lane_open(&lane, unit, types->types[0], err)) {
        return false;
    }
    unit->source.untyped = lane.full ? LEARNT_UNKNOWN : LEARNT_NO;
    return true;
}

/* All types at once, if they are listed so. */
static bool run_untyped(struct lane *lane, const struct type_list *types,
                        struct listing_result *first, bool *ret_proved, struct error *err)
{
    struct unit *unit = lane->unit;
    int64_t proven = unit_new_set(unit);
    int64_t listed = unit_new_set(unit);
    bool holds = true;
    if (!check_untyped(lane, types, first->total, listed, err)) {
        return false;
    }
    if (unit->source.untyped != LEARNT_NO &&
        (!lane_read(lane, first, proven, ret_proved, err) ||
         (*ret_proved && lane->full &&
          !type_list_is_held(lane, types, proven, listed, &holds, err)))) {
        return false;
    }
    if (!store_seen_clear(unit->store, listed, err)) {
        return false;
    }
    if (!holds) {
        unit->source.untyped = LEARNT_NO;
    }
    if (unit->source.untyped == LEARNT_NO) {
        return store_seen_clear(unit->store, proven, err) && listing_forget(lane, first, err) &&
               run_typed(unit, types, ret_proved, err);
    }
    return lane_end(lane, first, proven, *ret_proved, err);
}

static bool run_unrestricted(struct unit *unit, const struct type_list *types, bool *ret_proved,
                             struct error *err)
{
    struct lane lane;
    struct listing_result first;
    bool settled = false;
    if (!lane_open(&lane, unit, "", err)) {
        return false;
    }
    if (lane.full) {
        unit->run.mode = RUN_FULL;
        doubt(unit);
        store_source_doubt_untyped(&unit->source);
    }
    if (!doubt_types(unit, types, err)) {
        return false;
    }
    if (unit->source.untyped == LEARNT_NO) {
        return run_typed(unit, types, ret_proved, err);
    }
    if (!look(&lane, &first, err)) {
        return false;
    }
    if (first.refused && !settle_refusal(&lane, types, &first, ret_proved, &settled, err)) {
        return false;
    }
    if (settled) {
        return true;
    }
    if (first.refused) {
        return run_typed(unit, types, ret_proved, err);
    }
    if (first.foreign) {
        return skip_foreign(&lane, &first, ret_proved, err);
    }
    if (first.total > 0 && !lane.of_any_edition) {
        unit->source.edition_honoured = LEARNT_YES;
    }
    return run_untyped(&lane, types, &first, ret_proved, err);
}

/* A type that nobody knows is a slip of the pen as a rule, and its emptiness no news. */
static bool warn_of_unknown_type(struct unit *unit, int64_t total, struct error *err)
{
    const char *type = unit->spec->restore_type;
    int64_t stored = 0;
    for (size_t i = 0; hbr_restore_types[i] != NULL; i++) {
        if (strcmp(hbr_restore_types[i], type) == 0) {
            return true;
        }
    }
    if (!store_job_count(unit->store, unit->source.source_id, type, &stored, err)) {
        return false;
    }
    if (total == 0 && stored == 0) {
        unit_warn(unit, "no job of RestoreType \"%s\" is listed or stored; is it spelled right?",
                  type);
    }
    return true;
}

static bool run_one_type(struct unit *unit, bool *ret_proved, struct error *err)
{
    struct lane lane;
    struct listing_result first;
    store_source_doubt_untyped(&unit->source); /* it may be a type that is new to the source */
    if (!lane_open(&lane, unit, unit->spec->restore_type, err)) {
        return false;
    }
    if (lane.full) {
        unit->run.mode = RUN_FULL;
        doubt(unit);
    }
    if (!look(&lane, &first, err)) {
        return false;
    }
    if (first.refused) {
        return settle_restricted(unit, &first.refusal, ret_proved, err);
    }
    if (first.foreign) {
        return skip_foreign(&lane, &first, ret_proved, err);
    }
    return warn_of_unknown_type(unit, first.total, err) && lane_run(&lane, &first, ret_proved, err);
}

/* Whether TotalCount, by which several pages were proved, ends at some number: the finished jobs
 * that the filters select are counted in halves, where the filters leave room for that. */
static bool check_filtered_total(struct lane *lane, const struct reading *reading, bool *ret_agree,
                                 struct error *err)
{
    const struct sync_unit_spec *spec = lane->unit->spec;
    bool parted = false;
    bool room = spec->filter_count < HBR_FILTERS_MAX;
    *ret_agree = true;
    for (size_t i = 0; i < spec->filter_count; i++) {
        room = room && !text_equal_nocase(spec->filters[i].key, "CompleteTime");
    }
    if (!room || reading->total <= lane->unit->settings->page_size ||
        lane->unit->source.filters == LEARNT_NO) {
        return true;
    }
    return lane_check_halves(lane, ret_agree, &parted, err);
}

/* What filters select of one RestoreType, or of all: read until it is proved; it has no watermark
 * and marks nothing missing. */
static bool read_filtered(struct unit *unit, const char *restore_type, struct reading *ret_reading,
                          struct error *err)
{
    struct listing listing = {.kind = LISTING_ALL};
    struct lane lane;
    int64_t count = 0;
    int64_t proven = unit_new_set(unit);
    bool agree = true;
    if (!lane_open(&lane, unit, restore_type, err)) {
        return false;
    }
    lane.of_any_edition = true;
    if (!lane_read_twice(&lane, &listing, proven, ret_reading, err) ||
        (ret_reading->proved && !check_filtered_total(&lane, ret_reading, &agree, err)) ||
        !store_seen_count(unit->store, proven, &count, err)) {
        return false;
    }
    ret_reading->proved = ret_reading->proved && agree;
    unit->run.total_count = (unit->run.total_count > 0 ? unit->run.total_count : 0) + count;
    return store_seen_clear(unit->store, proven, err) &&
           store_seen_clear(unit->store, lane.seen, err) &&
           store_seen_clear(unit->store, lane.fresh, err);
}

/* Whether the filtered listing without RestoreType can be relied upon. A full walk may have told;
 * else the types are counted, which tells only about these filters. */
static bool asks_untyped(struct unit *unit, const struct type_list *types, bool *ret_untyped,
                         struct error *err)
{
    struct listing listing = {.kind = LISTING_ALL, .page_size = 1, .first_page_only = true};
    struct listing_result first;
    struct lane lane;
    int64_t listed = unit_new_set(unit);
    *ret_untyped = unit->source.untyped != LEARNT_NO;
    if (unit->source.untyped != LEARNT_UNKNOWN) {
        return true;
    }
    if (!lane_open(&lane, unit, "", err)) {
        return false;
    }
    lane.of_any_edition = true;
    if (!listing_read(&lane, &listing, &first, err) || !listing_forget(&lane, &first, err)) {
        return false;
    }
    *ret_untyped = !first.refused;
    return first.refused || first.total < 0 ||
           (type_list_is_listed(&lane, types, first.total, listed, ret_untyped, err) &&
            store_seen_clear(unit->store, listed, err));
}

static bool run_filtered(struct unit *unit, const struct type_list *types, bool *ret_proved,
                         struct error *err)
{
    const char *all[] = {unit->spec->restore_type};
    const char *const *asked = all;
    size_t count = 1;
    size_t refused = 0;
    bool untyped = true;
    struct error refusal;
    error_clear(&refusal);
    if (all[0][0] != '\0') {
        store_source_doubt_untyped(&unit->source);
    } else if (!asks_untyped(unit, types, &untyped, err)) {
        return false;
    }
    if (!untyped) {
        asked = (const char *const *)types->types;
        count = types->count;
    }
    *ret_proved = true;
    for (size_t i = 0; i < count; i++) {
        struct reading reading;
        struct lane lane;
        if (!read_filtered(unit, asked[i], &reading, err)) {
            return false;
        }
        bool proved = reading.proved;
        if (reading.refused) {
            refused++; /* a type that this service does not know has no jobs */
            refusal = reading.refusal;
        }
        if (reading.refused && !untyped &&
            (!lane_open(&lane, unit, asked[i], err) ||
             !skip_refused(&lane, asked[i], &refusal, &proved, err))) {
            return false;
        }
        *ret_proved = *ret_proved && proved;
    }
    if (refused < count) {
        return true;
    }
    error_hint(&refusal, "Check the key, the operator and the values of --filter.");
    return settle_restricted(unit, &refusal, ret_proved, err);
}

bool lanes_run(struct unit *unit, bool *ret_proved, struct error *err)
{
    struct type_list types = {.count = 0};
    *ret_proved = false;
    bool ok;
    if (unit->spec->filter_count > 0) {
        ok = type_list_read(unit, &types, err) && run_filtered(unit, &types, ret_proved, err);
    } else if (unit->spec->restore_type[0] != '\0') {
        ok = run_one_type(unit, ret_proved, err);
    } else {
        ok = type_list_read(unit, &types, err) && run_unrestricted(unit, &types, ret_proved, err);
    }
    type_list_free(&types);
    if (ok && unit->run.rejected > 0) {
        *ret_proved = false;
        unit_note(unit, "%" PRId64 " rows had no usable RestoreId", unit->run.rejected);
        unit_warn(unit, "%" PRId64 " jobs had no usable RestoreId and could not be stored",
                  unit->run.rejected);
    }
    return ok;
}
