#include "cli/sync_tasks.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "cli/sync_service.h"
#include "output/log.h"
#include "output/progress.h"
#include "store/state.h"

bool sync_tasks_begin(struct sync_tasks *tasks, struct error *err)
{
    int64_t crashed = 0;
    struct store *store = tasks->store;
    if (!store_begin(store, err)) {
        return false;
    }
    if (!store_run_close_crashed(store, clock_now(), &crashed, err) ||
        !store_run_next_id(store, &tasks->summary->run_id, err) || !store_commit(store, err)) {
        store_rollback(store);
        return false;
    }
    if (crashed > 0) {
        log_warning("an earlier sync died before its end; what it had stored is kept");
    }
    return true;
}

static void task_subject(const struct sync_tasks *tasks, const struct sync_task_spec *spec,
                         char *text, size_t size)
{
    (void)snprintf(text, size, "%s%s%s %s%s%s", tasks->show_account ? spec->account_id : "",
                   tasks->show_account ? " " : "", spec->region_id, spec->edition,
                   spec->scope[0] != '\0' ? " " : "", spec->scope);
}

static void show_progress(void *context, const struct sync_task_spec *spec, int64_t done,
                          int64_t total)
{
    char label[200];
    task_subject(context, spec, label, sizeof(label));
    progress_update(label, done, total);
}

static void tell_task(const struct sync_tasks *tasks, const struct sync_task_spec *spec,
                      const struct sync_task_result *result)
{
    char subject[200];
    task_subject(tasks, spec, subject, sizeof(subject));
    if (result->warning[0] != '\0') {
        log_warning("%s: %s", subject, result->warning);
    }
    if (result->run.unknown_fields > 0) {
        log_detail("%s: %" PRId64 " values are unknown to this version and kept in `extra`",
                   subject, result->run.unknown_fields);
    }
    if (result->sentence[0] != '\0') {
        log_detail("%s: %s", subject, result->sentence);
    }
    if (result->error.code != ERROR_NONE) {
        log_error_about(subject, &result->error);
    }
}

static bool add_row(struct sync_summary *summary, const struct sync_task_spec *spec,
                    const struct sync_task_result *result, struct error *err)
{
    /* Grows at the powers of two. */
    if ((summary->count & (summary->count - 1)) == 0) {
        size_t capacity = summary->count == 0 ? 1 : summary->count * 2;
        struct sync_summary_row *rows = realloc(summary->rows, capacity * sizeof(*rows));
        if (rows == NULL) {
            return error_no_memory(err);
        }
        summary->rows = rows;
    }
    struct sync_summary_row *row = &summary->rows[summary->count++];
    row->result = *result;
    (void)text_fit(row->account_id, sizeof(row->account_id), spec->account_id);
    (void)text_fit(row->region_id, sizeof(row->region_id), spec->region_id);
    (void)text_fit(row->edition, sizeof(row->edition), spec->edition);
    return true;
}

void sync_tasks_add_failure(struct sync_tasks *tasks, const struct error *failure)
{
    static const struct sync_task_spec none = {.account_id = "", .region_id = "", .edition = ""};
    struct sync_task_result result = {
        .run = {.outcome = RUN_FAILED, .total_count = -1, .local_count = -1},
        .error = *failure,
    };
    struct error err;
    if (!add_row(tasks->summary, &none, &result, &err)) {
        tasks->summary->error = err;
    }
}

/* The scope as the run's record names it. */
static void name_scope(const struct sync_tasks *tasks, const char *restore_type, char *scope,
                       size_t size)
{
    const char *filters = tasks->filter_scope;
    if (restore_type[0] != '\0') {
        (void)snprintf(scope, size, "RestoreType=%s%s%s", restore_type,
                       filters[0] != '\0' ? " AND " : "", filters);
    } else {
        (void)snprintf(scope, size, "%s", filters);
    }
}

static bool run_task(struct sync_tasks *tasks, const char *region, const char *edition,
                     const char *restore_type)
{
    char scope[512] = "";
    struct sync_task_result result;
    struct sync_progress progress = {.update = show_progress, .context = tasks};
    struct sync_summary *summary = tasks->summary;
    name_scope(tasks, restore_type, scope, sizeof(scope));
    struct sync_task_spec spec = {
        .account_id = tasks->session->account_id,
        .region_id = region,
        .edition = edition,
        .restore_type = restore_type,
        .filters = tasks->filters,
        .filter_count = tasks->filter_count,
        .scope = scope,
    };
    struct sync_service service = sync_service_of(&tasks->session->service);
    bool go_on = sync_task(tasks->store, &service, tasks->settings, &progress, summary->run_id,
                           &spec, &result);
    tell_task(tasks, &spec, &result);
    if (!go_on) {
        summary->error = result.error;
    }
    struct error row_error;
    if (!add_row(summary, &spec, &result, &row_error)) {
        summary->error = row_error;
        return false;
    }
    return go_on;
}

static bool run_source(struct sync_tasks *tasks, const char *region, const char *edition)
{
    const struct cli_list *types = tasks->restore_types;
    if (types->count == 0) {
        return run_task(tasks, region, edition, "");
    }
    for (size_t i = 0; i < types->count; i++) {
        if (!run_task(tasks, region, edition, types->values[i])) {
            return false;
        }
    }
    return true;
}

static bool wants_edition(const struct sync_tasks *tasks, const char *edition)
{
    for (size_t i = 0; i < tasks->editions->count; i++) {
        if (strcmp(tasks->editions->values[i], edition) == 0) {
            return true;
        }
    }
    return tasks->editions->count == 0;
}

/* Jobs of a region of which DescribeRegions, that was asked for every one, does not tell any more.
 */
static bool check_named(const struct store_status *status, void *context, struct error *err)
{
    struct sync_tasks *tasks = context;
    struct error unnamed;
    (void)err;
    if (status->jobs == 0 || status->scope[0] != '\0' ||
        strcmp(status->source.account_id, tasks->session->account_id) != 0 ||
        session_has_region(tasks->session, status->source.region_id)) {
        return true;
    }
    error_clear(&unnamed);
    error_set(&unnamed, ERROR_SERVICE,
              "%s %s: %" PRId64 " jobs are stored, but DescribeRegions does not name the region",
              status->source.region_id, status->source.edition, status->jobs);
    error_hint(&unnamed,
               "Name it with --region to sync it; if Cloud Backup was given up there, name "
               "the others.");
    log_error(&unnamed);
    sync_tasks_add_failure(tasks, &unnamed);
    return true;
}

/* Together one failed source: they cannot be named. */
static void tell_unusable(struct sync_tasks *tasks)
{
    struct error unusable;
    if (tasks->session->unusable_regions == 0) {
        return;
    }
    error_clear(&unusable);
    error_set(&unusable, ERROR_SERVICE,
              "%zu of the regions that DescribeRegions lists have an id that is none",
              tasks->session->unusable_regions);
    error_hint(&unusable, "The others were read. Look at the answer with --trace, and name regions "
                          "with --region.");
    log_error(&unusable);
    sync_tasks_add_failure(tasks, &unusable);
}

static void check_regions(struct sync_tasks *tasks)
{
    struct error err;
    tell_unusable(tasks);
    if (tasks->session->options->all_regions &&
        !store_status_each(tasks->store, check_named, tasks, &err)) {
        log_error(&err);
        tasks->summary->error = err;
    }
}

/* STANDARD before BASIC: a service that ignores Edition is recognised by listing the same jobs
 * again. */
void sync_tasks_run(struct sync_tasks *tasks)
{
    static const char *const editions[] = {"STANDARD", "BASIC"};
    for (size_t i = 0; i < tasks->session->region_count; i++) {
        for (size_t j = 0; j < 2; j++) {
            if (wants_edition(tasks, editions[j]) &&
                !run_source(tasks, tasks->session->regions[i], editions[j])) {
                return;
            }
        }
    }
    check_regions(tasks);
}
