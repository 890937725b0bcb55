/* One task, from the first row of its run record to the last: which scopes it has, what the service
 * refuses of them, and in which way each is read. */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "hbr/restore_job.h"
#include "sync/check.h"
#include "sync/commit.h"
#include "sync/filtered.h"
#include "sync/scope_sync.h"
#include "sync/sync.h"

#define CAPABILITIES_SECONDS                                                                       \
    (7 * 24 * 3600) /* after which what a service did not do is tried again */

/* --- type by type -------------------------------------------------------------------------- */

static bool run_type(struct task *task, const char *restore_type, struct error *ret_refusal,
                     struct error *err)
{
    struct scope scope;
    struct scan_result first = {.total = -1};
    bool by_type = false;
    bool skipped = false;
    bool done = scope_open(&scope, task, restore_type, err) && check_total(&scope, &first, err);
    *ret_refusal = first.refusal;
    done = done &&
           (first.refused ? scope_skip_refused(&scope, restore_type, &first.refusal, &skipped, err)
                          : scope_run(&scope, NULL, &first, &by_type, err));
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

/* --- everything, or one RestoreType -------------------------------------------------------- */

/* A full scan is the occasion to try again what the service did not honour, once a week. */
static void forget_capabilities(struct task *task)
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

/*
 * The service refuses a listing: because it wants a RestoreType, or because of the Edition; or it
 * did so just once, and `first` becomes the answer to a second request. A source that is listed by
 * type misses the types that nobody knows, so one refusal is not enough.
 */
static bool settle_refusal(struct scope *scope, struct scan_result *first, bool *ret_settled,
                           struct error *err)
{
    const struct error refusal = first->refusal;
    bool untyped = scope->stored.restore_type[0] == '\0';
    const char *type = untyped ? hbr_restore_types[0] : NULL;
    bool answered = false;
    if (untyped && !scope_is_answered(scope, NULL, type, &answered, err)) {
        return false;
    }
    if (answered) {
        return check_total(scope, first, err);
    }
    if (!scope_settle_edition(scope, &refusal, type, ret_settled, err)) {
        return false;
    }
    if (!*ret_settled) {
        *err = refusal;
    }
    return *ret_settled;
}

/* All types at once, or the one that was asked for, where `types` is NULL. *ret_by_type: they have
 * to be listed one by one. */
static bool run_whole(struct task *task, struct type_list *types, bool *ret_by_type,
                      struct error *err)
{
    struct scope scope;
    struct scan_result first = {.total = -1};
    bool settled = false;
    bool done = scope_open(&scope, task, task->spec->restore_type, err);
    /* A type that is new to the source may not be in the listing without a type. */
    scope.full =
        scope.full || (types != NULL && task->source.capabilities.untyped == CAPABILITY_UNKNOWN);
    if (done && scope.full) {
        task->run.mode = RUN_FULL;
        forget_capabilities(task);
    }
    done = done && check_total(&scope, &first, err) &&
           (!first.refused || settle_refusal(&scope, &first, &settled, err));
    *ret_by_type = done && !settled && first.refused;
    if (done && !settled && !first.refused) {
        done = (types != NULL || warn_of_unknown_type(&scope, first.total, err)) &&
               scope_run(&scope, types, &first, ret_by_type, err);
    }
    scan_result_free(&first);
    scope_close(&scope);
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
    bool by_type = false;
    if (!lists_by_type(task, &by_type, err) ||
        (!by_type && !run_whole(task, types, &by_type, err))) {
        return false;
    }
    task->source.capabilities.untyped = by_type ? CAPABILITY_NO : task->source.capabilities.untyped;
    return !by_type || run_typed(task, types, err);
}

static bool run_all_scopes(struct task *task, struct error *err)
{
    struct type_list types = {.count = 0};
    bool by_type = false;
    bool done = task->spec->filter_count > 0          ? filtered_run(task, &types, err)
                : task->spec->restore_type[0] != '\0' ? run_whole(task, NULL, &by_type, err)
                                                      : run_everything(task, &types, err);
    types_free(&types);
    return done;
}

/* --- the run record ------------------------------------------------------------------------ */

static void begin(struct task *task, int64_t run_id)
{
    buffer_init(&task->evidence, sizeof(task->run.proof_detail) - 2);
    buffer_init(&task->warning, 511);
    task->run.run_id = run_id;
    task->run.started_at = task->settings->now;
    task->run.total_count = -1;
    task->run.local_count = -1;
    task->run.outcome = RUN_RUNNING;
    task->run.mode = task->spec->filter_count > 0 ? RUN_FULL : RUN_DELTA;
    (void)text_fit(task->run.scope, sizeof(task->run.scope), task->spec->scope);
}

/* The run's row is there before the first request, so that a run that dies leaves a trace. */
static bool open_run(struct task *task, struct error *err)
{
    const struct sync_task_spec *spec = task->spec;
    if (!store_begin(task->store, err)) {
        return false;
    }
    bool done = store_source_open(task->store, spec->account_id, spec->region_id, spec->edition,
                                  &task->source, err);
    task->run.source_id = task->source.source_id;
    if (!done || !store_run_begin(task->store, &task->run, err) ||
        !store_commit(task->store, err)) {
        store_rollback(task->store);
        return false;
    }
    return true;
}

/* How many jobs are stored of the scope; what filters select is not known by that. */
static bool count_rows(struct task *task, struct error *err)
{
    struct store_scope scope = {task->source.source_id, task->spec->restore_type, STORE_EVERY_JOB};
    return (task->spec->filter_count > 0 ||
            store_job_count(task->store, &scope, &task->run.local_count, err)) &&
           store_job_count_open(task->store, &scope, &task->run.open_jobs, err);
}

/* Closes the run's row. What went wrong before is worth more than what goes wrong here. */
static void close_run(struct task *task, const struct sync_usage *before,
                      struct sync_task_result *result)
{
    struct error close_error;
    struct sync_usage now = task->service->usage(task->service->context);
    struct store_run *run = &task->run;
    run->requests = now.requests - before->requests;
    run->retries = now.retries - before->retries;
    run->throttled = now.throttled - before->throttled;
    run->finished_at = clock_now();
    proof_close_json(&task->evidence);
    (void)text_fit(run->proof_detail, sizeof(run->proof_detail), task->evidence.data);
    (void)text_fit(run->error, sizeof(run->error), result->error.message);
    store_rollback(task->store);
    error_clear(&close_error);
    bool done = store_begin(task->store, &close_error) && count_rows(task, &close_error) &&
                store_source_save(task->store, &task->source, &close_error) &&
                store_run_end(task->store, run, &close_error) &&
                store_commit(task->store, &close_error);
    if (!done) {
        store_rollback(task->store);
        if (result->error.code == ERROR_NONE) {
            result->error = close_error;
            run->outcome = RUN_FAILED;
            run->proved = false;
        }
    }
}

static enum store_run_outcome outcome_of(const struct task *task, const struct error *err)
{
    switch (err->code) {
    case ERROR_NONE:
        return task->run.outcome == RUN_SKIPPED ? RUN_SKIPPED : RUN_DONE;
    case ERROR_UNPROVED:
        return RUN_UNPROVED;
    case ERROR_INTERRUPTED:
        return RUN_INTERRUPTED;
    default:
        return RUN_FAILED;
    }
}

/* A region without the service has no jobs, and nobody asked for that region by name. Where jobs
 * are stored it is an error like any other. */
static bool forgive_inactive(struct task *task, struct error *err)
{
    struct store_scope scope = {task->source.source_id, task->spec->restore_type, STORE_EVERY_JOB};
    int64_t stored = 0;
    if (!task->settings->skip_inactive || strcmp(err->api_code, "ServiceNotActivated") != 0) {
        return false;
    }
    store_rollback(task->store);
    if (!store_job_count(task->store, &scope, &stored, err)) {
        return false;
    }
    if (stored > 0) {
        return error_hint(err,
                          "Jobs of this region are stored. If Cloud Backup was given up here, run "
                          "`hbrsync source retire --region %s`.",
                          task->spec->region_id);
    }
    task_warn(task, "Cloud Backup is not activated in this region, which was skipped");
    error_clear(err);
    struct scope skipped;
    bool done = scope_open(&skipped, task, task->spec->restore_type, err) &&
                scope_skip(&skipped, "Cloud Backup is not activated in this region", err);
    scope_close(&skipped);
    return done;
}

static void run_scopes(struct task *task, struct error *err)
{
    if (!run_all_scopes(task, err) && !forgive_inactive(task, err)) {
        return;
    }
    if (task->run.rejected > 0) {
        task->unproved = true;
        task_warn(task, "%lld jobs had no usable RestoreId and could not be stored",
                  (long long)task->run.rejected);
    }
    if (task->unproved) {
        error_set(err, ERROR_UNPROVED,
                  "stored, but it could not be proved that nothing is missing: %s", task->sentence);
        error_hint(err, task->spec->filter_count > 0
                            ? "If what the filters select changed while it was read, run it again."
                            : "The next sync is a full scan; see `hbrsync status`.");
    }
}

/* Whether the run can go on with other tasks after this error. */
static bool can_go_on(enum error_code code)
{
    return code == ERROR_NONE || code == ERROR_UNPROVED || code == ERROR_SERVICE ||
           code == ERROR_CREDENTIALS;
}

bool sync_task(struct store *store, const struct sync_service *service,
               const struct sync_settings *settings, const struct sync_progress *progress,
               int64_t run_id, const struct sync_task_spec *spec,
               struct sync_task_result *ret_result)
{
    struct task task = {.store = store,
                        .service = service,
                        .settings = settings,
                        .progress = progress,
                        .spec = spec};
    struct sync_usage before = service->usage(service->context);
    memset(ret_result, 0, sizeof(*ret_result));
    begin(&task, run_id);
    bool opened = open_run(&task, &ret_result->error);
    if (opened) {
        run_scopes(&task, &ret_result->error);
    }
    task.run.outcome = outcome_of(&task, &ret_result->error);
    task.run.proved = ret_result->error.code == ERROR_NONE;
    if (opened) {
        close_run(&task, &before, ret_result);
    }
    ret_result->run = task.run;
    (void)text_fit(ret_result->warning, sizeof(ret_result->warning), task.warning.data);
    (void)text_fit(ret_result->sentence, sizeof(ret_result->sentence), task.sentence);
    row_set_free(&task.listed);
    buffer_free(&task.evidence);
    buffer_free(&task.warning);
    return can_go_on(ret_result->error.code);
}
