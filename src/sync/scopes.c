#include "sync/scopes.h"

#include <string.h>

#include "hbr/restore_job.h"
#include "sync/check.h"
#include "sync/commit.h"
#include "sync/filtered.h"
#include "sync/refusals.h"
#include "sync/scope_sync.h"

/* --- type by type -------------------------------------------------------------------------- */

static bool run_type(struct task *task, const char *restore_type, struct error *ret_refusal,
                     struct error *err)
{
    struct scope scope;
    struct scan_result first = {.total = -1};
    bool same = false;
    bool by_type = false;
    bool skipped = false;
    error_clear(ret_refusal);
    bool done = scope_open(&scope, task, restore_type, err) && check_total(&scope, &first, err);
    if (done && first.refused) {
        *ret_refusal = first.refusal;
        done = refusals_skip_scope(&scope, restore_type, &first.refusal, &skipped, err);
    } else if (done && refusals_is_same_edition(&scope, &first, &same, err)) {
        if (same) {
            scope.full = false;
            scope.evidence.method = PROOF_SKIPPED;
            proof_note(&scope.evidence, SAME_EDITION);
        }
        done = (same || scope_read(&scope, NULL, &first, &by_type, err)) && scope_end(&scope, err);
    } else {
        done = false;
    }
    scan_result_free(&first);
    scope_close(&scope);
    return done;
}

/* A type that the service refuses has no jobs, where it takes others in the same run. */
static bool run_typed(struct task *task, struct type_list *types, struct error *err)
{
    size_t refused = 0;
    struct error refusal;
    task->run.total_count = 0;
    task->run.mode = RUN_DELTA; /* until a type is scanned as a whole */
    /* Before the types move on: else a run that is cut short leaves a proof of what they change. */
    if (!commit_listed_by_type(task->store, &task->source, err) || !types_read(task, types, err)) {
        return false;
    }
    for (size_t i = 0; i < types->count; i++) {
        struct error one;
        if (!run_type(task, types->types[i], &one, err)) {
            return false;
        }
        if (one.code != ERROR_NONE) {
            refused++;
            refusal = one;
        }
    }
    if (refused == types->count) {
        *err = refusal;
        return false;
    }
    return true;
}

/* --- everything ---------------------------------------------------------------------------- */

/*
 * The service refuses the plain listing: because it wants a RestoreType, or because of the Edition;
 * or it did so just once, and `first` becomes the answer to a second request. A source that is
 * listed by type misses the types that nobody knows, so one refusal is not enough.
 */
static bool settle_refusal(struct scope *scope, struct scan_result *first, bool *ret_settled,
                           struct error *err)
{
    const struct error refusal = first->refusal;
    bool answered = false;
    *ret_settled = false;
    if (!refusals_is_answered(scope, NULL, hbr_restore_types[0], &answered, err)) {
        return false;
    }
    if (answered) {
        return check_total(scope, first, err);
    }
    if (!refusals_settle_edition(scope, &refusal, hbr_restore_types[0], ret_settled, err)) {
        return false;
    }
    if (!*ret_settled) {
        *err = refusal;
    }
    return *ret_settled;
}

/* All types at once. *ret_by_type: they have to be listed one by one. */
static bool run_untyped(struct scope *scope, struct type_list *types, bool *ret_by_type,
                        struct error *err)
{
    struct task *task = scope->task;
    struct scan_result first = {.total = -1};
    bool settled = false;
    bool same = false;
    *ret_by_type = false;
    bool done = check_total(scope, &first, err) &&
                (!first.refused || settle_refusal(scope, &first, &settled, err));
    if (done && !settled && first.refused) {
        *ret_by_type = true;
    } else if (done && !settled) {
        done = refusals_is_same_edition(scope, &first, &same, err) &&
               (same ? refusals_skip_task(task, SAME_EDITION, err)
                     : scope_read(scope, types, &first, ret_by_type, err));
        if (done && !same && !*ret_by_type) {
            task->source.capabilities.untyped = CAPABILITY_YES;
            done = scope_end(scope, err);
        }
    }
    scan_result_free(&first);
    return done;
}

/* A type that is new to the world is listed by no other, so a full scan asks once more whether the
 * service lists all types at once. */
static bool lists_by_type(struct task *task, bool *ret_by_type, struct error *err)
{
    struct scope scope;
    *ret_by_type = false;
    if (task->source.capabilities.untyped != CAPABILITY_NO) {
        return true;
    }
    bool done = scope_open(&scope, task, hbr_restore_types[0], err);
    *ret_by_type = done && !scope.full;
    scope_close(&scope);
    return done;
}

static bool run_everything(struct task *task, struct type_list *types, struct error *err)
{
    struct scope scope;
    bool by_type = false;
    if (!lists_by_type(task, &by_type, err)) {
        return false;
    }
    if (!by_type) {
        bool done = scope_open(&scope, task, "", err);
        /* A type that is new to the source may not be in the listing without a type. */
        scope.full = scope.full || task->source.capabilities.untyped == CAPABILITY_UNKNOWN;
        if (done && scope.full) {
            task->run.mode = RUN_FULL;
            scope_forget_capabilities(task);
        }
        done = done && run_untyped(&scope, types, &by_type, err);
        scope_close(&scope);
        if (!done) {
            return false;
        }
        if (by_type) {
            task->source.capabilities.untyped = CAPABILITY_NO;
        }
    }
    return !by_type || run_typed(task, types, err);
}

/* --- one RestoreType ----------------------------------------------------------------------- */

/* A type that nobody knows is a slip of the pen as a rule, and its emptiness no news. */
static bool warn_of_unknown_type(struct scope *scope, int64_t total, struct error *err)
{
    const char *type = scope->stored.restore_type;
    int64_t stored = 0;
    for (size_t i = 0; hbr_restore_types[i] != NULL; i++) {
        if (strcmp(hbr_restore_types[i], type) == 0) {
            return true;
        }
    }
    if (!scope_count_stored(scope, &stored, err)) {
        return false;
    }
    if (total == 0 && stored == 0) {
        task_warn(scope->task,
                  "no job of RestoreType \"%s\" is listed or stored; is it spelled right?", type);
    }
    return true;
}

static bool run_one_type(struct task *task, struct error *err)
{
    struct scope scope;
    struct scan_result first = {.total = -1};
    bool settled = false;
    bool same = false;
    bool by_type = false;
    bool done = scope_open(&scope, task, task->spec->restore_type, err);
    if (done && scope.full) {
        task->run.mode = RUN_FULL;
        scope_forget_capabilities(task);
    }
    done = done && check_total(&scope, &first, err);
    if (done && first.refused) {
        done = refusals_settle_edition(&scope, &first.refusal, NULL, &settled, err);
        if (done && !settled) {
            *err = first.refusal;
            done = false;
        }
    } else if (done) {
        done =
            refusals_is_same_edition(&scope, &first, &same, err) &&
            (same ? refusals_skip_task(task, SAME_EDITION, err)
                  : warn_of_unknown_type(&scope, first.total, err) &&
                        scope_read(&scope, NULL, &first, &by_type, err) && scope_end(&scope, err));
    }
    scan_result_free(&first);
    scope_close(&scope);
    return done;
}

bool scopes_run(struct task *task, struct error *err)
{
    struct type_list types = {.count = 0};
    bool done;
    if (task->spec->restore_type[0] != '\0' && task->spec->filter_count == 0) {
        return run_one_type(task, err);
    }
    done = task->spec->filter_count > 0 ? filtered_run(task, &types, err)
                                        : run_everything(task, &types, err);
    types_free(&types);
    return done;
}
