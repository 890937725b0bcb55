#include "sync_oracle.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "store/internal.h"

#define SKEW 60 /* seconds that the edge lies before the Date, besides the overlap */

/* --- reading the database ------------------------------------------------------------------ */

static const char rows_sql[] =
    "SELECT j.restore_id, j.missing_since, s.edition, j.status, j.restore_type, j.parent_id,"
    " r.report_task_status, j.complete_time, j.updated_time, j.progress, j.created_time"
    " FROM restore_job AS j JOIN sync_source AS s ON s.source_id = j.source_id"
    " LEFT JOIN restore_job_report AS r ON r.restore_id = j.restore_id";

static void copy_column(sqlite3_stmt *handle, int column, char target[ORACLE_TEXT_MAX])
{
    const unsigned char *text = sqlite3_column_text(handle, column);
    (void)snprintf(target, ORACLE_TEXT_MAX, "%s", text != NULL ? (const char *)text : "");
}

static int job_by_id(const char *id)
{
    for (int i = 0; i < MEMORY_JOBS_MAX; i++) {
        if (strcmp(memory_id(i), id) == 0) {
            return i;
        }
    }
    return -1;
}

static void read_row(sqlite3_stmt *handle, struct oracle_snapshot *snapshot)
{
    char id[ORACLE_TEXT_MAX], edition[ORACLE_TEXT_MAX];
    copy_column(handle, 0, id);
    int job = job_by_id(id);
    if (job < 0) {
        snapshot->strangers++;
        return;
    }
    struct oracle_row *row = &snapshot->rows[job];
    row->stored = true;
    row->marked = sqlite3_column_type(handle, 1) != SQLITE_NULL;
    copy_column(handle, 2, edition);
    row->basic = strcmp(edition, "BASIC") == 0;
    copy_column(handle, 3, row->status);
    copy_column(handle, 4, row->restore_type);
    copy_column(handle, 5, row->parent);
    copy_column(handle, 6, row->report);
    row->complete = sqlite3_column_int64(handle, 7);
    row->updated = sqlite3_column_int64(handle, 8);
    row->progress = sqlite3_column_int64(handle, 9);
    row->created = sqlite3_column_int64(handle, 10);
}

bool oracle_open(struct oracle *oracle, struct store *store, struct error *err)
{
    *oracle = (struct oracle){.store = store};
    bool done = sqlite3_prepare_v2(store->db, rows_sql, -1, &oracle->rows, NULL) == SQLITE_OK &&
                sqlite3_prepare_v2(store->db, "SELECT source_id FROM sync_source WHERE edition = ?",
                                   -1, &oracle->source, NULL) == SQLITE_OK;
    return done || error_set(err, ERROR_DATABASE, "prepare to read: %s", sqlite3_errmsg(store->db));
}

void oracle_close(struct oracle *oracle)
{
    (void)sqlite3_finalize(oracle->rows);
    (void)sqlite3_finalize(oracle->source);
}

static bool read_rows(struct oracle *oracle, struct oracle_snapshot *snapshot, struct error *err)
{
    int result;
    while ((result = sqlite3_step(oracle->rows)) == SQLITE_ROW) {
        read_row(oracle->rows, snapshot);
    }
    (void)sqlite3_reset(oracle->rows);
    return result == SQLITE_DONE || error_set(err, ERROR_DATABASE, "read the jobs");
}

static bool find_source(struct oracle *oracle, const char *edition, int64_t *ret_source_id,
                        struct error *err)
{
    int result = sqlite3_bind_text(oracle->source, 1, edition, -1, SQLITE_STATIC);
    result = result == SQLITE_OK ? sqlite3_step(oracle->source) : result;
    *ret_source_id = result == SQLITE_ROW ? sqlite3_column_int64(oracle->source, 0) : 0;
    (void)sqlite3_reset(oracle->source);
    return result == SQLITE_ROW || result == SQLITE_DONE ||
           error_set(err, ERROR_DATABASE, "read the sources");
}

bool oracle_read(struct oracle *oracle, const struct sync_task_spec *spec,
                 struct oracle_snapshot *ret_snapshot, struct error *err)
{
    memset(ret_snapshot, 0, sizeof(*ret_snapshot));
    if (!read_rows(oracle, ret_snapshot, err) ||
        !find_source(oracle, spec->edition, &ret_snapshot->source_id, err) ||
        !store_watermark_get(oracle->store, ret_snapshot->source_id, spec->restore_type,
                             &ret_snapshot->watermark, err)) {
        return false;
    }
    for (unsigned i = 0; i < MEMORY_TYPES; i++) {
        if (!store_watermark_get(oracle->store, ret_snapshot->source_id, memory_type(i),
                                 &ret_snapshot->of_type[i], err)) {
            return false;
        }
    }
    return true;
}

void oracle_print(const struct oracle_snapshot *snapshot, FILE *file)
{
    for (int i = 0; i < MEMORY_JOBS_MAX; i++) {
        const struct oracle_row *row = &snapshot->rows[i];
        if (row->stored) {
            (void)fprintf(file, "      = %s%s %s", memory_id(i), row->marked ? " (missing)" : "",
                          row->status);
            if (row->complete > 0) {
                (void)fprintf(file, ", complete %+" PRId64, row->complete - MEMORY_NOW);
            }
            (void)fprintf(file, ", updated %+" PRId64 ", progress %" PRId64 "%s%s\n",
                          row->updated - MEMORY_NOW, row->progress,
                          row->report[0] != '\0' ? ", report " : "", row->report);
        }
    }
    const struct store_watermark *mark = &snapshot->watermark;
    if (mark->known) {
        (void)fprintf(file, "      = watermark %+" PRId64 ", full scan %+" PRId64 ", %s\n",
                      mark->updated_time > 0 ? mark->updated_time - MEMORY_NOW : 0,
                      mark->full_walk_at > 0 ? mark->full_walk_at - MEMORY_NOW : 0,
                      mark->proved ? "proved" : "unproved");
    }
}

/* --- judging ------------------------------------------------------------------------------- */

struct verdict {
    char *message;
    size_t size;
};

static bool fail(const struct verdict *verdict, const char *format, ...) PRINTF_LIKE(2, 3);

static bool fail(const struct verdict *verdict, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    (void)vsnprintf(verdict->message, verdict->size, format, args);
    va_end(args);
    return false;
}

static bool is_restricted(const struct oracle_task *task)
{
    return task->spec->restore_type[0] != '\0' || task->spec->filter_count > 0;
}

/* A run that was killed claims what it committed. */
static bool is_proved(const struct oracle_task *task)
{
    const struct store_watermark *mark = &task->after->watermark;
    if (task->killed) {
        return mark->known && mark->proved && mark->run_id == task->run_id &&
               task->spec->filter_count == 0;
    }
    return task->result->error.code == ERROR_NONE && task->result->run.proved;
}

/* Whether the type was proved by this run although the whole was not. */
static bool is_type_proved(const struct oracle_task *task, int job)
{
    const struct store_watermark *mark =
        &task->after->of_type[task->service->jobs[job].type % MEMORY_TYPES];
    return mark->known && mark->proved && mark->run_id == task->run_id;
}

/* Whether the run read everything of the job's type. Where types are listed one by one, one that
 * was read as a whole does not make the others so. */
static bool was_full(const struct oracle_task *task, int job)
{
    unsigned type = task->service->jobs[job].type % MEMORY_TYPES;
    bool by_type = task->spec->restore_type[0] == '\0' && task->spec->filter_count == 0 &&
                   !task->after->watermark.known;
    return task->result->run.mode == RUN_FULL &&
           (!by_type ||
            task->after->of_type[type].full_walk_at != task->before->of_type[type].full_walk_at);
}

/* Whether the service lists this job where the task looks. */
static bool in_edition(const struct oracle_task *task, int job)
{
    enum memory_edition way = task->service->ways.edition;
    if (way == MEMORY_EDITION_IGNORED) {
        return !task->basic; /* what is read twice is a matter of the edition that came first */
    }
    return task->service->jobs[job].basic == task->basic &&
           (!task->basic || way == MEMORY_EDITION_HONOURED);
}

static bool in_scope(const struct oracle_task *task, int job)
{
    const struct memory_job *it = &task->service->jobs[job];
    const struct sync_task_spec *spec = task->spec;
    return (spec->restore_type[0] == '\0' ||
            strcmp(spec->restore_type, memory_type(it->type)) == 0) &&
           (spec->filter_count == 0 ||
            strcmp(spec->filters[0].values[0], memory_vault(it->vault)) == 0);
}

/*
 * A count that ends at some number where pages end, too, can hide what lies beyond it in any one
 * question that cannot be divided. And where the open and finished jobs are just as many as that
 * number, every count agrees without the odd ones, which no filter shows.
 */
static bool is_blind(const struct memory_service *service)
{
    int64_t cap = service->ways.total_cap, open = 0;
    if (cap == 0) {
        return false;
    }
    for (int i = 0; i < MEMORY_JOBS_MAX; i++) {
        const struct memory_job *job = &service->jobs[i];
        if (job->exists && memory_was_odd(job)) {
            return true;
        }
    }
    if (service->ways.page_cap == 0) {
        return false;
    }
    for (int i = 0; i < MEMORY_JOBS_MAX; i++) {
        const struct memory_job *job = &service->jobs[i];
        int64_t same_second = 0;
        for (int j = 0; job->exists && j < MEMORY_JOBS_MAX; j++) {
            const struct memory_job *other = &service->jobs[j];
            same_second +=
                other->exists && memory_now(other)->complete == memory_now(job)->complete;
        }
        /* Without a Date there is no edge, and nothing is divided. */
        open += job->exists && (service->ways.undated || memory_now(job)->state != MEMORY_FINISHED);
        if (same_second >= cap) {
            return true;
        }
    }
    return open >= cap;
}

/* Whether the service gives up the job without its own type or its parent being asked for. */
static bool is_plainly_listed(const struct memory_service *service, int job)
{
    const struct memory_job *it = &service->jobs[job];
    return (it->parent < 0 || !service->ways.children_apart) && !service->ways.untyped_refused &&
           (service->ways.untyped_lacks >> it->type & 1U) == 0;
}

/* A child that is listed apart, and only with its own type: its parent is asked without one, and
 * nothing shows that the listing leaves the type out. */
static bool is_hidden(const struct memory_service *service, int job)
{
    const struct memory_job *it = &service->jobs[job];
    return it->parent >= 0 && service->ways.children_apart &&
           (service->ways.untyped_lacks >> it->type & 1U) != 0;
}

/* Whether a proved run owes us the job: listed without a gap, and to be found. */
static bool is_owed(const struct oracle_task *task, int job)
{
    const struct memory_service *service = task->service;
    const struct memory_job *it = &service->jobs[job];
    if (!it->always || !in_edition(task, job) || !in_scope(task, job)) {
        return false;
    }
    if (service->returned || is_blind(service) || is_hidden(service, job) ||
        task->result->run.outcome == RUN_SKIPPED) {
        return false;
    }
    if (service->refusals > 0 &&
        (service->refusals > 1 || task->basic || !is_plainly_listed(service, job))) {
        return false; /* the service said so */
    }
    const struct oracle_row *before = &task->before->rows[job];
    if (!was_full(task, job) && it->came_back && (!before->stored || before->marked)) {
        return false; /* a count takes it for another one that vanished meanwhile */
    }
    bool apart = it->parent >= 0 && service->ways.children_apart;
    bool lacks = (service->ways.untyped_lacks >> it->type & 1U) != 0;
    if (apart) {
        return was_full(task, job) && !is_restricted(task);
    }
    return !lacks || task->spec->restore_type[0] != '\0' ||
           (task->result->run.mode == RUN_FULL && task->spec->filter_count == 0);
}

static bool is_version(const struct oracle_row *row, const struct memory_job *job, int index,
                       const struct memory_version *version)
{
    const char *report = !job->report || version->state != MEMORY_FINISHED ? ""
                         : version->report_ready                           ? "COMPLETE"
                                                                           : "RUNNING";
    return row->complete == version->complete && row->updated == version->updated &&
           row->progress == version->progress && strcmp(row->report, report) == 0 &&
           strcmp(row->status, memory_status(index, version)) == 0;
}

/*
 * Whether the row is the job as it was at some moment of the run. Nobody can ask a delta for what
 * changed in place about a job that had finished: an older version of the same end will do there.
 */
static bool is_of_the_run(const struct oracle_task *task, int index)
{
    const struct memory_job *job = &task->service->jobs[index];
    const struct oracle_row *row = &task->after->rows[index];
    bool full = was_full(task, index) && !task->killed;
    for (size_t i = job->first_version; i < job->version_count; i++) {
        const struct memory_version *version = &job->versions[i];
        for (size_t j = 0; j <= i; j++) {
            const struct memory_version *before = &job->versions[j];
            bool same_end = !full && version->state == MEMORY_FINISHED &&
                            before->state == MEMORY_FINISHED &&
                            before->complete == version->complete;
            if ((j == i || same_end) && is_version(row, job, index, before)) {
                return true;
            }
        }
    }
    return false;
}

static bool judge_stored(const struct oracle_task *task, int job, const struct verdict *verdict)
{
    const struct oracle_row *row = &task->after->rows[job];
    const struct memory_job *it = &task->service->jobs[job];
    if (!row->stored) {
        return fail(verdict, "proved, and %s, listed all the time, is not stored", memory_id(job));
    }
    if (row->marked) {
        return fail(verdict, "proved, and %s, listed all the time, is marked missing",
                    memory_id(job));
    }
    if (!is_of_the_run(task, job)) {
        return fail(verdict, "proved, and %s is not stored as it was during the run",
                    memory_id(job));
    }
    if (strcmp(row->restore_type, memory_type(it->type)) != 0 ||
        strcmp(row->parent, it->parent >= 0 ? memory_id(it->parent) : "") != 0 ||
        row->created != MEMORY_NOW + it->created) {
        return fail(verdict, "%s has another type, parent or creation", memory_id(job));
    }
    return row->basic == task->basic || task->service->ways.edition == MEMORY_EDITION_IGNORED ||
           fail(verdict, "%s is stored in the other edition", memory_id(job));
}

static bool judge_mark(const struct oracle_task *task, int job, const struct verdict *verdict)
{
    const struct oracle_row *row = &task->after->rows[job], *before = &task->before->rows[job];
    if (!row->marked || before->marked) {
        return true;
    }
    if (!is_proved(task) && !is_type_proved(task, job)) {
        return fail(verdict, "not proved, and %s was marked missing", memory_id(job));
    }
    if (task->spec->filter_count > 0 || !in_scope(task, job) || row->basic != task->basic) {
        return fail(verdict, "%s was marked missing by a run that did not look for it",
                    memory_id(job));
    }
    const struct memory_job *it = &task->service->jobs[job];
    bool full = was_full(task, job);
    if (is_hidden(task->service, job) ||
        (!full && it->came_back && !is_plainly_listed(task->service, job))) {
        return true; /* gone while a full scan counted the types: to a delta it still is */
    }
    return it->absent || task->service->returned || task->service->refusals > 1 ||
           is_blind(task->service) ||
           fail(verdict, "%s was marked missing and never ceased to be listed", memory_id(job));
}

static bool changed(const struct oracle_task *task)
{
    for (int i = 0; i < MEMORY_JOBS_MAX; i++) {
        const struct oracle_row *row = &task->after->rows[i];
        if (row->basic == task->basic && memcmp(row, &task->before->rows[i], sizeof(*row)) != 0) {
            return true;
        }
    }
    return false;
}

/* Where the edition is ignored, a job may go over to the source of the other one. */
static int64_t latest_stored(const struct oracle_task *task)
{
    bool ignored = task->service->ways.edition == MEMORY_EDITION_IGNORED;
    int64_t latest = 0;
    for (int i = 0; i < MEMORY_JOBS_MAX; i++) {
        const struct oracle_row *row = &task->after->rows[i];
        if (row->stored && (ignored || row->basic == task->basic) && row->updated > latest) {
            latest = row->updated;
        }
    }
    return latest;
}

static bool judge_watermark(const struct oracle_task *task, const struct verdict *verdict)
{
    const struct store_watermark *before = &task->before->watermark,
                                 *after = &task->after->watermark;
    bool moved =
        after->updated_time != before->updated_time || after->full_walk_at != before->full_walk_at;
    if ((!is_proved(task) || task->spec->filter_count > 0) && after->known && moved) {
        return fail(verdict, "the watermark moved without a proof");
    }
    if (task->spec->filter_count > 0) {
        return true;
    }
    if (!is_proved(task) && before->proved && after->proved && changed(task)) {
        return fail(verdict, "rows were stored without a proof, and the source counts as proved");
    }
    if (!is_proved(task) && !before->proved && after->proved) {
        return fail(verdict, "the source counts as proved without a proof");
    }
    return !after->known || !after->proved || after->updated_time <= latest_stored(task) ||
           fail(verdict, "the watermark is ahead of what is stored");
}

/* What sync_task says must fit together. */
static bool judge_result(const struct oracle_task *task, const struct verdict *verdict)
{
    const struct sync_task_result *result = task->result;
    enum error_code code = result->error.code;
    if (task->service->endless) {
        return fail(verdict, "it does not end: %" PRId64 " answers", task->service->answers);
    }
    if (task->service->unfit) {
        return fail(verdict, "it asks what the service cannot answer: %s", result->error.message);
    }
    if (task->killed) {
        return true;
    }
    if (task->transaction_open || (task->went_on && task->service->question_count > 0)) {
        return fail(verdict, "it leaves a %s behind",
                    task->transaction_open ? "transaction" : "question");
    }
    if ((code == ERROR_NONE) != result->run.proved) {
        return fail(verdict, "error %d and proved %d do not agree: %s", (int)code,
                    (int)result->run.proved, result->error.message);
    }
    if (code == ERROR_DATABASE || code == ERROR_INTERNAL || code == ERROR_LOCKED) {
        return fail(verdict, "it failed: %s", result->error.message);
    }
    if (task->went_on == (code == ERROR_INTERRUPTED)) {
        return fail(verdict, "error %d, and it %s", (int)code,
                    task->went_on ? "goes on" : "does not go on");
    }
    return true;
}

/* A listing that is suddenly empty takes two runs to believe. Children apart do not count. */
static bool judge_emptiness(const struct oracle_task *task, const struct verdict *verdict)
{
    bool stored = false;
    for (int i = 0; i < MEMORY_JOBS_MAX; i++) {
        const struct oracle_row *row = &task->before->rows[i];
        stored |=
            row->stored && !row->marked && row->basic == task->basic && row->parent[0] == '\0';
    }
    return task->killed || !is_proved(task) || is_restricted(task) || !stored ||
           !task->after->watermark.known || task->before->watermark.empty_since != 0 ||
           task->result->run.outcome != RUN_DONE || task->result->run.total_count != 0 ||
           fail(verdict, "a listing that is suddenly empty was believed at once");
}

bool oracle_judge(const struct oracle_task *task, char *message, size_t size)
{
    struct verdict verdict = {message, size};
    if (!judge_result(task, &verdict)) {
        return false;
    }
    if (task->after->strangers > 0) {
        return fail(&verdict, "a row that is no job of the service");
    }
    for (int i = 0; i < MEMORY_JOBS_MAX; i++) {
        if ((is_proved(task) && is_owed(task, i) && !judge_stored(task, i, &verdict)) ||
            !judge_mark(task, i, &verdict)) {
            return false;
        }
    }
    return judge_emptiness(task, &verdict) && judge_watermark(task, &verdict);
}

/* --- at rest ------------------------------------------------------------------------------- */

/* Whether deep pages keep a task from a proof although they can be avoided in principle. */
static bool is_too_deep(const struct oracle_task *task)
{
    const struct memory_service *service = task->service;
    const struct memory_ways *ways = &service->ways;
    int64_t cap = ways->page_cap, edge = service->now - task->overlap - 2 * SKEW;
    int64_t all = 0, recent = 0, apart = 0;
    bool crowded = false;
    for (int i = 0; i < MEMORY_JOBS_MAX; i++) {
        const struct memory_job *job = &service->jobs[i];
        int64_t near = 0;
        if (!job->exists || !job->listed) {
            continue;
        }
        all++;
        apart += job->parent >= 0 && ways->children_apart; /* one question is about many parents */
        const struct memory_version *now = memory_now(job);
        crowded |= now->state == MEMORY_ODD;
        recent += now->state == MEMORY_OPEN || now->complete >= edge - task->overlap;
        for (int j = 0; j < MEMORY_JOBS_MAX; j++) {
            const struct memory_job *other = &service->jobs[j];
            near += other->exists && other->listed && memory_now(other)->complete > 0 &&
                    llabs((long long)(memory_now(other)->complete - now->complete)) <= 4;
        }
        crowded |= near > cap;
    }
    /* Where the last page is repeated for ever, a full page of jobs that can become more may not be
     * the last. */
    cap -= ways->deep == MEMORY_DEEP_REPEATED ? 1 : 0;
    return ways->page_cap > 0 && all > cap &&
           (crowded || recent > cap || apart > cap || ways->status != MEMORY_HONOURED ||
            ways->complete_time != MEMORY_HONOURED);
}

/* Where exit 8 is right although nothing happens. */
static bool may_stay_unproved(const struct oracle_task *task)
{
    const struct memory_service *service = task->service;
    int64_t all = 0;
    for (int i = 0; i < MEMORY_JOBS_MAX; i++) {
        all += service->jobs[i].exists && service->jobs[i].listed;
    }
    return service->ways.undated || is_too_deep(task) ||
           (service->ways.total_cap > 0 && all > service->ways.total_cap) ||
           (task->basic && service->ways.edition == MEMORY_EDITION_FORBIDDEN);
}

static bool judge_truth(const struct oracle_task *task, int job, const struct verdict *verdict)
{
    const struct memory_job *it = &task->service->jobs[job];
    const struct oracle_row *row = &task->after->rows[job];
    bool listed = memory_reachable(task->service, job);
    if (is_hidden(task->service, job)) {
        return true;
    }
    bool ignored = task->service->ways.edition == MEMORY_EDITION_IGNORED;
    if (!ignored && it->basic != task->basic) {
        return true;
    }
    if (ignored && task->basic) {
        return true;
    }
    if (!listed && row->basic != task->basic) {
        return true; /* the other edition's to mark */
    }
    if (listed && (!row->stored || row->marked)) {
        return fail(verdict, "at rest, %s is listed and %s", memory_id(job),
                    row->stored ? "marked missing" : "not stored");
    }
    /* Without a child to be listed nothing shows that ParentId selects; the proof says so. */
    const char *detail = task->result->run.proof_detail;
    bool told = strstr(detail, "cannot be told") == NULL && strstr(detail, "by parent") == NULL;
    if (!listed && row->stored && !row->marked &&
        (it->parent < 0 || !task->service->ways.parent_in_only || told)) {
        return fail(verdict, "at rest, %s is not listed and not marked", memory_id(job));
    }
    return !listed || is_version(row, it, job, memory_now(it)) ||
           fail(verdict, "at rest, %s is stored as it was once", memory_id(job));
}

bool oracle_judge_rest(const struct oracle_task *task, char *message, size_t size)
{
    struct verdict verdict = {message, size};
    if (!is_proved(task)) {
        return may_stay_unproved(task) || fail(&verdict, "at rest and not proved: %s (%s)",
                                               task->result->error.message, task->result->sentence);
    }
    for (int i = 0; i < MEMORY_JOBS_MAX; i++) {
        if (!is_blind(task->service) && !judge_truth(task, i, &verdict)) {
            return false;
        }
    }
    return true;
}
