/* One task: its run record, from the first row to the last. */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "sync/refusals.h"
#include "sync/scopes.h"
#include "sync/sync.h"

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
        return error_hint(err, "Jobs of this region are stored. If Cloud Backup was given up here, "
                               "name the other regions with --region.");
    }
    task_warn(task, "Cloud Backup is not activated in this region, which was skipped");
    error_clear(err);
    return refusals_skip_task(task, "Cloud Backup is not activated in this region", err);
}

static void run_scopes(struct task *task, struct error *err)
{
    if (!scopes_run(task, err) && !forgive_inactive(task, err)) {
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
