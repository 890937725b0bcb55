#include "cli/sync_tasks.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "output/log.h"
#include "store/state.h"

bool sync_tasks_begin(struct sync_tasks *tasks, struct error *err)
{
    int64_t crashed = 0;
    struct store *store = tasks->store;
    tasks->lock = (pthread_mutex_t)PTHREAD_MUTEX_INITIALIZER;
    if (!store_begin(store, err)) {
        return false;
    }
    if ((tasks->database_label != NULL &&
         !store_database_label(store, tasks->database_label, err)) ||
        !store_run_close_crashed(store, clock_now(), &crashed, err) ||
        !store_run_prune(store, clock_now(), err) ||
        !store_run_next_id(store, &tasks->summary->run_id, err) || !store_commit(store, err)) {
        store_rollback(store);
        return false;
    }
    if (crashed > 0) {
        log_warning("an earlier sync died before its end; what it had stored is kept");
    }
    return true;
}

/* --- what is to be done -------------------------------------------------------------------- */

static struct sync_summary_row *add_row(struct sync_summary *summary, struct error *err)
{
    /* Grows at the powers of two. */
    if ((summary->count & (summary->count - 1)) == 0) {
        size_t capacity = summary->count == 0 ? 1 : summary->count * 2;
        struct sync_summary_row *rows = realloc(summary->rows, capacity * sizeof(*rows));
        if (rows == NULL) {
            (void)error_no_memory(err);
            return NULL;
        }
        summary->rows = rows;
    }
    struct sync_summary_row *row = &summary->rows[summary->count++];
    memset(row, 0, sizeof(*row));
    return row;
}

void sync_tasks_add_failure(struct sync_tasks *tasks, const struct error *failure)
{
    struct sync_summary_row *row = add_row(tasks->summary, &tasks->summary->error);
    log_error(failure);
    if (row != NULL) {
        row->result.run =
            (struct store_run){.outcome = RUN_FAILED, .total_count = -1, .local_count = -1};
        row->result.error = *failure;
        row->ended = row->told_failure = true;
    }
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

/* A retired source is synced only where its region was named. */
static bool is_left_out(struct sync_tasks *tasks, const struct session *session, const char *region,
                        const char *edition, bool *ret_left_out, struct error *err)
{
    int64_t retired_at = 0;
    if (!store_source_retired_at(tasks->store, session->account_id, region, edition, &retired_at,
                                 err)) {
        return false;
    }
    *ret_left_out = retired_at != 0 && session->options->all_regions;
    tasks->retired += *ret_left_out ? 1 : 0;
    if (*ret_left_out) {
        log_detail("%s %s is retired and left out", region, edition);
    } else if (retired_at != 0) {
        log_warning("%s %s is retired; it is synced because the region was named", region, edition);
    }
    return true;
}

/* As the run's record names it. */
static void name_scope(const struct sync_tasks *tasks, struct sync_summary_row *row)
{
    bool typed = row->restore_type[0] != '\0', filtered = tasks->filter_scope[0] != '\0';
    (void)snprintf(row->scope, sizeof(row->scope), "%s%s%s%s", typed ? "RestoreType=" : "",
                   row->restore_type, typed && filtered ? " AND " : "", tasks->filter_scope);
}

/* STANDARD before BASIC: a service that ignores Edition is recognised by listing the same jobs
 * again. */
static bool add_worker(struct sync_tasks *tasks, struct session *session, const char *region,
                       struct error *err)
{
    static const char *const editions[] = {"STANDARD", "BASIC"};
    const struct cli_list *types = tasks->restore_types;
    struct sync_worker *workers =
        realloc(tasks->workers, (tasks->worker_count + 1) * sizeof(*workers));
    if (workers == NULL) {
        return error_no_memory(err);
    }
    tasks->workers = workers;
    struct sync_worker *worker = &workers[tasks->worker_count++];
    *worker = (struct sync_worker){
        .tasks = tasks, .session = session, .region = region, .first = tasks->summary->count};
    for (size_t i = 0; i < 2; i++) {
        bool left_out = !wants_edition(tasks, editions[i]);
        if (!left_out && !is_left_out(tasks, session, region, editions[i], &left_out, err)) {
            return false;
        }
        for (size_t j = 0; !left_out && (j == 0 || j < types->count); j++) {
            struct sync_summary_row *row = add_row(tasks->summary, err);
            if (row == NULL) {
                return false;
            }
            (void)text_fit(row->account_id, sizeof(row->account_id), session->account_id);
            (void)text_fit(row->region_id, sizeof(row->region_id), region);
            (void)text_fit(row->edition, sizeof(row->edition), editions[i]);
            row->restore_type = types->count > 0 ? types->values[j] : "";
            name_scope(tasks, row);
            worker->count++;
        }
    }
    tasks->worker_count -= worker->count == 0 ? 1 : 0;
    return true;
}

bool sync_tasks_add(struct sync_tasks *tasks, struct session *session, struct error *err)
{
    size_t added = 0;
    for (size_t i = 0; i < session->region_count; i++) {
        bool there = false;
        for (size_t j = 0; j < tasks->worker_count; j++) {
            const struct sync_worker *other = &tasks->workers[j];
            there = there || (strcmp(other->region, session->regions[i]) == 0 &&
                              strcmp(other->session->account_id, session->account_id) == 0);
        }
        if (!there && !add_worker(tasks, session, session->regions[i], err)) {
            return false;
        }
        added += there ? 0 : 1;
    }
    if (added == 0) {
        log_warning("--profile %s belongs to the account %s, which is done already",
                    session->options->profile, session->account_id);
    }
    return true;
}

/* --- what is told -------------------------------------------------------------------------- */

static void name_subject(const struct sync_tasks *tasks, const struct sync_summary_row *row,
                         char *text, size_t size)
{
    (void)snprintf(text, size, "%s%s%s %s%s%s", tasks->show_account ? row->account_id : "",
                   tasks->show_account ? " " : "", row->region_id, row->edition,
                   row->scope[0] != '\0' ? " " : "", row->scope);
}

static void show_progress(void *context, const struct sync_task_spec *spec, int64_t done,
                          int64_t total)
{
    struct sync_worker *worker = context;
    struct sync_tasks *tasks = worker->tasks;
    char label[1024];
    (void)spec;
    total = total > 0 ? total : 0;
    tasks->done += done - worker->done;
    tasks->total += total - worker->total;
    worker->done = done;
    worker->total = total;
    if (tasks->worker_count == 1) {
        name_subject(tasks, worker->row, label, sizeof(label));
    } else {
        (void)snprintf(label, sizeof(label), "%zu of %zu regions", tasks->finished,
                       tasks->worker_count);
    }
    progress_update(label, tasks->done, tasks->total);
}

static void tell_task(const struct sync_tasks *tasks, const struct sync_summary_row *row)
{
    const struct sync_task_result *result = &row->result;
    char subject[1024];
    name_subject(tasks, row, subject, sizeof(subject));
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
}

/* A message without what is a source's own: the region it is about, and times that were taken. */
static void get_reason(const struct sync_summary_row *row, char reason[ERROR_MESSAGE_MAX])
{
    const char *message = row->result.error.message;
    while (*message != '\0') {
        size_t digits = strspn(message, "0123456789");
        if (row->region_id[0] != '\0' && text_starts_with(message, row->region_id)) {
            message += strlen(row->region_id);
        } else if (digits > 0 && text_starts_with(message + digits, " ms")) {
            message += digits;
        } else {
            *reason++ = *message++;
        }
    }
    *reason = '\0';
}

/* Whether both failed for one reason, which is told once: of an answer of the service its Code
 * counts, since the message names the request, too. */
static bool is_same_failure(const struct sync_summary_row *left,
                            const struct sync_summary_row *right)
{
    const struct error *first = &left->result.error, *other = &right->result.error;
    char reason[ERROR_MESSAGE_MAX], other_reason[ERROR_MESSAGE_MAX];
    get_reason(left, reason);
    get_reason(right, other_reason);
    return first->code == other->code && strcmp(first->api_code, other->api_code) == 0 &&
           (first->api_code[0] != '\0' || first->code == ERROR_INTERRUPTED ||
            strcmp(reason, other_reason) == 0);
}

/* Each reason with the number of sources, at the end: only then all are known. What was stopped
 * by another's failure has nothing to say. */
static void tell_failures(struct sync_tasks *tasks)
{
    struct sync_summary *summary = tasks->summary;
    for (size_t i = 0; i < summary->count; i++) {
        char first[1024], subject[1100];
        const struct error *failure = &summary->rows[i].result.error;
        size_t same = 0;
        for (size_t j = i; j < summary->count && !summary->rows[i].told_failure; j++) {
            struct sync_summary_row *other = &summary->rows[j];
            if (other->ended && is_same_failure(&summary->rows[i], other)) {
                same++;
                other->told_failure = j != i;
            }
        }
        if (same == 0 || failure->code == ERROR_NONE ||
            (failure->code == ERROR_INTERRUPTED && summary->error.code != ERROR_INTERRUPTED)) {
            continue;
        }
        name_subject(tasks, &summary->rows[i], first, sizeof(first));
        (void)snprintf(subject, sizeof(subject), "%zu sources, the first %s", same, first);
        log_error_about(same > 1 ? subject : first, failure);
    }
}

/* In their order, whichever ended first; `all`: also beyond one that did not end. */
static void tell_ended(struct sync_tasks *tasks, bool all)
{
    const struct sync_summary *summary = tasks->summary;
    for (; tasks->told < summary->count; tasks->told++) {
        struct sync_summary_row *row = &summary->rows[tasks->told];
        if (!row->ended && !all) {
            return;
        }
        if (row->ended) {
            tell_task(tasks, row);
        }
    }
}

/* --- a worker ------------------------------------------------------------------------------ */

/* The service as the core sees it. A worker that waits for an answer gives the turn away. */
static bool submit(void *context, const struct hbr_query *query, void *tag, struct error *err)
{
    struct sync_worker *worker = context;
    return hbr_list_submit(&worker->service, query, tag, err);
}

static bool wait_for_answer(void *context, struct sync_answer *ret_answer, struct error *err)
{
    struct sync_worker *worker = context;
    (void)pthread_mutex_unlock(&worker->tasks->lock);
    bool ok = hbr_list_wait(&worker->service, &ret_answer->page, &ret_answer->tag,
                            &ret_answer->failure, err);
    (void)pthread_mutex_lock(&worker->tasks->lock);
    if (ok && worker->tasks->ended) {
        hbr_page_free(&ret_answer->page);
        return error_set(err, ERROR_INTERRUPTED, "stopped: another source ended the run");
    }
    ret_answer->refusal = ok ? hbr_refusal_of(&ret_answer->failure) : HBR_NO_REFUSAL;
    return ok;
}

static void cancel(void *context)
{
    struct sync_worker *worker = context;
    acs_client_cancel(worker->service.client);
}

static struct sync_usage usage(const void *context)
{
    const struct sync_worker *worker = context;
    struct acs_client_counters counters = acs_client_counters(worker->service.client);
    return (struct sync_usage){
        .requests = (int64_t)counters.requests,
        .retries = (int64_t)counters.retries,
        .throttled = (int64_t)counters.throttled,
    };
}

/* The first reason is the run's. */
static void end_run(struct sync_tasks *tasks, const struct error *why)
{
    if (!tasks->ended) {
        tasks->ended = true;
        tasks->summary->error = *why;
    }
}

static void run_task(struct sync_worker *worker, struct sync_summary_row *row)
{
    struct sync_tasks *tasks = worker->tasks;
    const struct sync_service service = {worker, submit, wait_for_answer, cancel, usage};
    const struct sync_progress progress = {.update = show_progress, .context = worker};
    const struct sync_task_spec spec = {
        .account_id = row->account_id,
        .region_id = row->region_id,
        .edition = row->edition,
        .restore_type = row->restore_type,
        .filters = tasks->filters,
        .filter_count = tasks->filter_count,
        .scope = row->scope,
    };
    worker->row = row;
    if (!sync_task(tasks->store, &service, tasks->settings, &progress, tasks->summary->run_id,
                   &spec, &row->result)) {
        end_run(tasks, &row->result.error);
    }
    row->ended = true;
    tasks->total += worker->done - worker->total;
    worker->done = worker->total = 0;
    tell_ended(tasks, false);
}

/* Has the turn, but while it waits. */
static void run_worker(struct sync_worker *worker)
{
    struct sync_tasks *tasks = worker->tasks;
    struct acs_client *client = NULL;
    struct error err;
    (void)pthread_mutex_unlock(&tasks->lock);
    bool ok = session_open_client(worker->session, &client, &err); /* may wait for new keys */
    (void)pthread_mutex_lock(&tasks->lock);
    if (!ok && !tasks->ended) {
        log_error(&err);
        end_run(tasks, &err);
    }
    worker->service = (struct hbr_service){client, worker->session->service.endpoint};
    for (size_t i = 0; i < worker->count && !tasks->ended; i++) {
        run_task(worker, &tasks->summary->rows[worker->first + i]);
    }
    session_close_client(worker->session, client);
    tasks->finished++;
}

static void *work(void *context)
{
    struct sync_tasks *tasks = context;
    (void)pthread_mutex_lock(&tasks->lock);
    while (tasks->next < tasks->worker_count && !tasks->ended) {
        run_worker(&tasks->workers[tasks->next++]);
    }
    (void)pthread_mutex_unlock(&tasks->lock);
    return NULL;
}

/* Rows of tasks that the end of the run left undone. */
static void drop_undone(struct sync_summary *summary)
{
    size_t kept = 0;
    for (size_t i = 0; i < summary->count; i++) {
        if (summary->rows[i].ended) {
            summary->rows[kept++] = summary->rows[i];
        }
    }
    summary->count = kept;
}

void sync_tasks_run(struct sync_tasks *tasks)
{
    pthread_t threads[SESSION_PARALLEL_MAX];
    size_t count = 0;
    size_t wanted = (size_t)tasks->parallel < tasks->worker_count ? (size_t)tasks->parallel
                                                                  : tasks->worker_count;
    if (wanted == 0 && tasks->retired > 0) {
        struct error err;
        error_set(&err, ERROR_USAGE, "every source is retired, so there is nothing to sync");
        error_hint(&err, "See `hbrsync source list`; `hbrsync source revive` takes one back.");
        log_error(&err);
        end_run(tasks, &err);
    }
    /* This thread works, too; where the system has no more of them, there are fewer at once. */
    while (count + 1 < wanted && pthread_create(&threads[count], NULL, work, tasks) == 0) {
        count++;
    }
    (void)work(tasks);
    while (count > 0) {
        (void)pthread_join(threads[--count], NULL);
    }
    tell_ended(tasks, true);
    tell_failures(tasks);
    drop_undone(tasks->summary);
}

/* --- regions that are not read ------------------------------------------------------------- */

struct unread {
    struct sync_tasks *tasks;
    const struct session *session;
};

/* Jobs of a region of which DescribeRegions, that was asked for every one, does not tell any more.
 */
static bool check_named(const struct store_status *status, void *context, struct error *err)
{
    const struct unread *unread = context;
    struct error unnamed;
    (void)err;
    if (status->jobs == 0 || status->scope[0] != '\0' || status->source.retired_at != 0 ||
        strcmp(status->source.account_id, unread->session->account_id) != 0 ||
        session_has_region(unread->session, status->source.region_id)) {
        return true;
    }
    error_set(&unnamed, ERROR_SERVICE,
              "%s %s: %" PRId64 " jobs are stored, but DescribeRegions does not name the region",
              status->source.region_id, status->source.edition, status->jobs);
    error_hint(&unnamed,
               "Name it with --region to sync it; if Cloud Backup was given up there, run "
               "`hbrsync source retire --region %s`.",
               status->source.region_id);
    sync_tasks_add_failure(unread->tasks, &unnamed);
    return true;
}

void sync_tasks_check_regions(struct sync_tasks *tasks, const struct session *session)
{
    struct error err;
    struct unread unread = {tasks, session};
    if (session->unusable_regions > 0) { /* together one failed source: they cannot be named */
        error_set(&err, ERROR_SERVICE,
                  "%zu of the regions that DescribeRegions lists have an id that is none",
                  session->unusable_regions);
        error_hint(&err, "The others were read. Look at the answer with --trace, and name regions "
                         "with --region.");
        sync_tasks_add_failure(tasks, &err);
    }
    if (session->options->all_regions &&
        !store_status_each(tasks->store, check_named, &unread, &err)) {
        log_error(&err);
        tasks->summary->error = err;
    }
}
