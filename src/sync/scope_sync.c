#include "sync/scope_sync.h"

#include <inttypes.h>
#include <string.h>

#include "sync/check.h"
#include "sync/children.h"
#include "sync/commit.h"
#include "sync/listing.h"

#define CAPABILITIES_SECONDS                                                                       \
    (7 * 24 * 3600) /* after which what a service did not do is tried again */

void scope_forget_capabilities(struct task *task)
{
    struct store_capabilities *known = &task->source.capabilities;
    int64_t age = task->settings->now - known->checked_at;
    if (strcmp(known->id_filter, "-") == 0) {
        known->id_filter[0] = '\0';
    }
    if (task->settings->full || age < 0 || age >= CAPABILITIES_SECONDS) {
        known->checked_at = task->settings->now;
        known->filters = CAPABILITY_UNKNOWN;
        known->id_filter[0] = '\0';
        known->page_cap = 0;
    }
}

bool scope_count_stored(struct scope *scope, int64_t *ret_count, struct error *err)
{
    struct store_scope every = scope->stored;
    every.part = STORE_EVERY_JOB;
    return store_job_count(scope->task->store, &every, ret_count, err);
}

/* A listing that is suddenly empty is more often a wrong endpoint or a lost permission than an
 * empty account, so it takes two runs to believe it; unless a type lists jobs all the same. */
static bool doubt_empty(struct scope *scope, struct type_list *types, struct scan_result *first,
                        bool *ret_doubted, bool *ret_by_type, struct error *err)
{
    int64_t stored = 0;
    *ret_doubted = false;
    if (scope->evidence.total != 0) {
        return scope->evidence.total < 0 || commit_end_of_doubt(scope, err);
    }
    /* Children that are listed apart tell nothing about this listing. */
    if (!store_job_count(scope->task->store, &scope->stored, &stored, err)) {
        return false;
    }
    if (stored == 0) {
        return true;
    }
    if (types != NULL) {
        struct row_set listed = {0};
        bool counted = true;
        bool done = types_are_counted(scope, types, first, &listed, &counted, err);
        row_set_free(&listed);
        *ret_by_type = !counted;
        if (!done || !counted || scope->evidence.total != 0) {
            return done;
        }
    }
    if (scope->watermark.empty_since != 0) {
        return true;
    }
    scope->watermark.empty_since = scope->task->settings->now;
    *ret_doubted = true;
    proof_note(&scope->evidence, "the service lists no job, although some are stored");
    task_warn(scope->task,
              "the service lists no job where %" PRId64
              " are stored; nothing was marked missing, the"
              " next sync that finds the same marks them",
              stored);
    return true;
}

/* By a delta; where that is not enough, the scope is begun anew as a full scan. */
static bool read_listing(struct scope *scope, struct type_list *types, struct scan_result *first,
                         bool *ret_by_type, struct error *err)
{
    struct row_set listed = {0};
    bool counted = true;
    if (!scope->full && !scan_is_one_answer(first)) {
        bool settled = false;
        if (!listing_read_delta(scope, first, &settled, err) || settled) {
            return settled;
        }
        scope->full = true;
        row_set_free(&scope->gone);
        proof_begin(&scope->evidence, scope->stored.restore_type, "");
        if (!check_total(scope, first, err)) {
            return false;
        }
    }
    if (scope->full) {
        scope->task->run.mode = RUN_FULL;
    }
    bool check_types = scope->full && types != NULL;
    bool done = !check_types || types_are_counted(scope, types, first, &listed, &counted, err);
    if (done && counted) {
        done = listing_read_fully(scope, first, err) &&
               (!check_types || !proof_judge(&scope->evidence) ||
                types_are_held(scope, types, &listed, err));
    }
    row_set_free(&listed);
    *ret_by_type = !counted || scope->evidence.types_unseen > 0;
    return done;
}

bool scope_read(struct scope *scope, struct type_list *types, struct scan_result *first,
                bool *ret_by_type, struct error *err)
{
    bool doubted = false;
    *ret_by_type = false;
    if (!doubt_empty(scope, types, first, &doubted, ret_by_type, err)) {
        return false;
    }
    if (doubted || *ret_by_type) {
        return true;
    }
    bool began_empty = first->total == 0;
    if (!read_listing(scope, types, first, ret_by_type, err)) {
        return false;
    }
    /* Empty since a moment ago. */
    if (!began_empty && !*ret_by_type && scope->evidence.total == 0) {
        if (!doubt_empty(scope, NULL, first, &doubted, ret_by_type, err)) {
            return false;
        }
        scope->evidence.method = doubted ? PROOF_NONE : scope->evidence.method;
    }
    if (*ret_by_type || !proof_judge(&scope->evidence)) {
        return true;
    }
    return scope->full ? children_after_full(scope, err) : children_after_delta(scope, err);
}

bool scope_end(struct scope *scope, struct error *err)
{
    struct task *task = scope->task;
    scope->evidence.rejected = task->run.rejected > 0 ? task->run.rejected : -1;
    if (task->spec->filter_count == 0 && !commit_scope(scope, err)) {
        return false;
    }
    bool proved = scope_is_proved(scope);
    const struct evidence *told = scope->has_children && !proved && proof_judge(&scope->evidence)
                                      ? &scope->children
                                      : &scope->evidence;
    if (!task->unproved) {
        proof_sentence(told, task->sentence, sizeof(task->sentence));
    }
    task->unproved = task->unproved || !proved;
    proof_add_json(&task->evidence, &scope->evidence);
    if (scope->has_children) {
        proof_add_json(&task->evidence, &scope->children);
    }
    if (scope->evidence.total >= 0) {
        int64_t before = task->run.total_count > 0 ? task->run.total_count : 0;
        int64_t children =
            scope->has_children && scope->children.total > 0 ? scope->children.total : 0;
        task->run.total_count = before + scope->evidence.total + children;
    }
    return true;
}
