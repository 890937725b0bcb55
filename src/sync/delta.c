#include "sync/delta.h"

#include "sync/check.h"
#include "sync/vanished.h"

#define TRIES_MAX 4

/* Jobs that finished before this were stored by the last proof: all of them, whatever the clocks.
 */
static int64_t latest_edge(const struct scope *scope)
{
    const struct store_watermark *watermark = &scope->watermark;
    int64_t edge = watermark->cut_time < scope->date ? watermark->cut_time : scope->date;
    if (watermark->updated_time > 0 && watermark->updated_time < edge) {
        edge = watermark->updated_time;
    }
    return edge - scope->overlap - SYNC_SKEW;
}

/* The check, once; where the older ones are fewer than stored, what is gone is looked for, and the
 * next try begins with it. */
static bool try_once(struct scope *scope, int64_t edge, bool first_try,
                     enum scope_outcome *ret_outcome, struct error *err)
{
    struct check check = {.edge = edge, .reports = first_try};
    const struct evidence *evidence = &scope->evidence;
    struct check_result result;
    bool explained = true;
    scope->scanner.watched = edge;
    scope->scanner.watched_met = false;
    if (!check_after_total(scope, &check, &result, err)) {
        return false;
    }
    if (!result.ignored && !proof_judge(evidence) && evidence->older_counted != evidence->older &&
        !vanished_find(scope, edge, evidence->older_counted, &explained, err)) {
        return false;
    }
    *ret_outcome =
        result.ignored || result.unanswered || !explained ? SCOPE_NEEDS_FULL : SCOPE_DONE;
    return true;
}

bool delta_read(struct scope *scope, const struct scan_result *first,
                enum scope_outcome *ret_outcome, struct error *err)
{
    *ret_outcome = SCOPE_NEEDS_FULL;
    if (first->total < 0 || first->date <= 0 || scope->capabilities->filters == CAPABILITY_NO) {
        return true;
    }
    for (int i = 0; i < TRIES_MAX; i++) {
        int64_t edge = 0;
        int64_t latest = latest_edge(scope);
        if (i > 0) {
            struct scan_result again;
            bool done = check_total(scope, &again, err);
            scan_result_free(&again);
            if (!done) {
                return false;
            }
        }
        if (!store_job_empty_second(scope->scanner.store, &scope->stored, STORE_LATEST, 1, latest,
                                    &edge, err)) {
            return false;
        }
        scope->evidence.method = PROOF_DELTA;
        *ret_outcome = SCOPE_NEEDS_FULL;
        if (edge == 0) {
            return true;
        }
        if (!try_once(scope, edge, i == 0, ret_outcome, err)) {
            return false;
        }
        if (*ret_outcome == SCOPE_NEEDS_FULL || proof_judge(&scope->evidence)) {
            return true;
        }
    }
    *ret_outcome = SCOPE_NEEDS_FULL;
    return true;
}
