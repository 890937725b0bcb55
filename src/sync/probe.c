#include "sync/probe.h"

#include <inttypes.h>
#include <string.h>

#include "base/text.h"
#include "store/lookup.h"
#include "sync/listing.h"

#define NO_ID_FILTER "-"

/* The keys that select by RestoreId: the field's own name as the Terraform provider sends it, and
 * JobId, which multicloudj's restore code passes restore ids under. */
static const char *const id_keys[] = {"restoreId", "RestoreId", "JobId", NULL};

/* Whether BETWEEN with these bounds, exactly as given, lists a job that finished at `known`; -1: it
 * does not tell. */
static bool lists_known(struct lane *lane, int64_t from, int64_t to, int64_t known, int *ret_lists,
                        struct error *err)
{
    struct listing listing = {
        .kind = LISTING_CLOSED, .from = from, .to = to, .first_page_only = true, .counted = true};
    struct listing_result result;
    struct store_source *source = &lane->unit->source;
    enum store_learnt lower = source->between_lower;
    enum store_learnt upper = source->between_upper;
    int64_t count = 0;
    source->between_lower = LEARNT_YES; /* so that the bounds are sent unwidened */
    source->between_upper = LEARNT_YES;
    bool ok = listing_read(lane, &listing, &result, err);
    source->between_lower = lower;
    source->between_upper = upper;
    if (!ok || !store_seen_count_closed(lane->unit->store, result.set, known, known, &count, err) ||
        !listing_forget(lane, &result, err)) {
        return false;
    }
    *ret_lists = result.refused || result.mismatched ? -1 : count > 0;
    return true;
}

/* The ends one by one, when BETWEEN known AND known gave nothing. */
static bool probe_ends(struct lane *lane, int64_t known, struct error *err)
{
    struct store_source *source = &lane->unit->source;
    int lower = 0;
    int upper = 0;
    int around = 0;
    if (!lists_known(lane, known, known + 1, known, &lower, err) ||
        !lists_known(lane, known - 1, known, known, &upper, err) ||
        !lists_known(lane, known - 1, known + 1, known, &around, err)) {
        return false;
    }
    /* Nothing even around it may mean that the job vanished just now: then nothing is learnt. */
    if (lower >= 0 && upper >= 0 && around > 0) {
        source->between_lower = lower > 0 ? LEARNT_YES : LEARNT_NO;
        source->between_upper = upper > 0 ? LEARNT_YES : LEARNT_NO;
    }
    return true;
}

bool probe_between(struct lane *lane, struct error *err)
{
    struct store_source *source = &lane->unit->source;
    int64_t known = 0;
    int lists = 0;
    if (source->between_lower != LEARNT_UNKNOWN && source->between_upper != LEARNT_UNKNOWN) {
        return true;
    }
    if (!store_job_latest_closed(lane->unit->store, source->source_id, lane->restore_type, &known,
                                 err)) {
        return false;
    }
    if (known <= 1) {
        return true;
    }
    if (!lists_known(lane, known, known, known, &lists, err)) {
        return false;
    }
    if (lists > 0) {
        source->between_lower = source->between_upper = LEARNT_YES;
    }
    return lists != 0 || probe_ends(lane, known, err);
}

static bool ask_with_key(struct lane *lane, const char *key, const char *const *ids, size_t count,
                         const char *witness, int64_t found, bool *ret_honoured, struct error *err)
{
    /* What is found can only vanish, so that several pages are as good as one. */
    int64_t page_size = lane->unit->settings->page_size;
    struct listing listing = {.kind = LISTING_IDS,
                              .id_key = key,
                              .ids = ids,
                              .id_count = count,
                              .row_limit = (int64_t)count > page_size ? (int64_t)count : page_size};
    struct listing_result result;
    bool has_witness = false;
    if (!listing_read(lane, &listing, &result, err) ||
        !store_seen_has(lane->unit->store, result.set, witness, &has_witness, err)) {
        return false;
    }
    *ret_honoured = listing_is_exact(&result) && has_witness;
    if (*ret_honoured && !store_seen_merge(lane->unit->store, found, result.set, err)) {
        return false;
    }
    return listing_forget(lane, &result, err);
}

bool probe_ids(struct lane *lane, const char *const *ids, size_t count, const char *witness,
               int64_t found, bool *ret_honoured, struct error *err)
{
    struct store_source *source = &lane->unit->source;
    const char *asked[PROBE_IDS_MAX + 1];
    *ret_honoured = false;
    if (count > PROBE_IDS_MAX) {
        return error_set(err, ERROR_INTERNAL, "%zu ids asked for at once", count);
    }
    for (size_t i = 0; i < count; i++) {
        asked[i] = ids[i];
    }
    asked[count] = witness;
    if (source->id_filter[0] != '\0' && strcmp(source->id_filter, NO_ID_FILTER) != 0) {
        if (!ask_with_key(lane, source->id_filter, asked, count + 1, witness, found, ret_honoured,
                          err)) {
            return false;
        }
        if (*ret_honoured) {
            return true;
        }
    }
    for (size_t i = 0; id_keys[i] != NULL; i++) {
        if (strcmp(id_keys[i], source->id_filter) == 0) {
            continue;
        }
        if (!ask_with_key(lane, id_keys[i], asked, count + 1, witness, found, ret_honoured, err)) {
            return false;
        }
        if (*ret_honoured) {
            (void)text_fit(source->id_filter, sizeof(source->id_filter), id_keys[i]);
            return true;
        }
    }
    (void)text_fit(source->id_filter, sizeof(source->id_filter), NO_ID_FILTER);
    unit_note(lane->unit, "no filter selects by id");
    return true;
}

bool probe_id_filter(struct lane *lane, struct error *err)
{
    char witness[HBR_RESTORE_ID_MAX + 1];
    bool honoured = false;
    if (lane->unit->source.id_filter[0] != '\0') {
        return true;
    }
    if (!store_seen_any(lane->unit->store, lane->seen, witness, sizeof(witness), err)) {
        return false;
    }
    int64_t found = unit_new_set(lane->unit);
    return witness[0] == '\0' || (probe_ids(lane, NULL, 0, witness, found, &honoured, err) &&
                                  store_seen_clear(lane->unit->store, found, err));
}
