#include "sync/by_id.h"

#include <stdlib.h>

#include "base/text.h"
#include "hbr/page.h"
#include "store/job.h"
#include "store/lookup.h"
#include "sync/probe.h"

#define IDS_MAX 1960 /* asked for at once; beyond this a full walk is the cheaper way */
#define REPORT_WINDOW                                                                              \
    (7 * 24 * 3600) /* seconds: a report under way is asked for so long after the job */

/* Ids collected from the database. */
struct id_list {
    char *ids[IDS_MAX + 1];
    size_t count;
};

static bool collect(const char *restore_id, void *context, struct error *err)
{
    struct id_list *list = context;
    char *copy = text_copy(restore_id);
    if (copy == NULL) {
        return error_no_memory(err);
    }
    list->ids[list->count++] = copy; /* the query's limit is IDS_MAX + 1 in all */
    return true;
}

static void free_ids(struct id_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        free(list->ids[i]);
    }
    free(list);
}

/* Jobs under way in the database that no answer held, and finished ones whose report is under way;
 * of these as many as there is room for: the full walk sees the others. */
static bool collect_ids(struct lane *lane, int64_t proven, bool reports, struct id_list *list,
                        struct error *err)
{
    struct unit *unit = lane->unit;
    int64_t source = unit->source.source_id;
    int64_t since = unit->writer.now - REPORT_WINDOW;
    return store_job_each_unseen(unit->store, source, lane->restore_type, PICK_OPEN, 0, proven,
                                 IDS_MAX + 1, collect, list, err) &&
           (!reports || list->count >= IDS_MAX ||
            store_job_each_unseen(unit->store, source, lane->restore_type, PICK_REPORT, since,
                                  proven, IDS_MAX - list->count, collect, list, err));
}

/* Some id that the service has just listed, so that an answer by id can be believed. */
static bool find_witness(struct lane *lane, int64_t candidates, int64_t proven, char *witness,
                         size_t size, struct error *err)
{
    return store_seen_any(lane->unit->store, proven, witness, size, err) &&
           (witness[0] != '\0' ||
            store_seen_any(lane->unit->store, candidates, witness, size, err));
}

bool by_id_ask(struct lane *lane, int64_t candidates, int64_t proven, bool reports,
               bool *ret_settled, struct error *err)
{
    char witness[HBR_RESTORE_ID_MAX + 1];
    struct id_list *list = calloc(1, sizeof(*list));
    if (list == NULL) {
        return error_no_memory(err);
    }
    bool ok = collect_ids(lane, proven, reports, list, err) &&
              find_witness(lane, candidates, proven, witness, sizeof(witness), err);
    *ret_settled = ok && list->count <= IDS_MAX && (list->count == 0 || witness[0] != '\0');
    for (size_t at = 0; ok && *ret_settled && at < list->count; at += PROBE_IDS_MAX) {
        size_t count = list->count - at < PROBE_IDS_MAX ? list->count - at : PROBE_IDS_MAX;
        ok = probe_ids(lane, (const char *const *)&list->ids[at], count, witness, proven,
                       ret_settled, err);
    }
    if (ok && list->count > 0) {
        unit_note(lane->unit, "%zu jobs asked for by id", list->count);
    }
    free_ids(list);
    return ok;
}
