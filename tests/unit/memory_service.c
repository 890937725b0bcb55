#include "memory_service.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "hbr/restore_job.h"

#define PAGE_SIZE_MAX 99

/* --- names --------------------------------------------------------------------------------- */

static const char *const ids[MEMORY_JOBS_MAX] = {"r-e", "r-l", "r-g", "r-b", "r-i", "r-d",
                                                 "r-k", "r-f", "r-a", "r-h", "r-c", "r-j"};
static const char *const types[MEMORY_TYPES] = {"ECS_FILE", "OSS", "UDM_ECS", "UDM_ECS_DISK"};
static const char *const vaults[MEMORY_VAULTS] = {"v-1", "v-2"};
static const char *const finished[] = {"COMPLETE", "FAILED", "PARTIAL_COMPLETE"};
static const char *const event_names[MEMORY_EVENTS] = {
    "the clock ticks", "is created, open",  "is created, finished",
    "finishes",        "is open again",     "turns odd",
    "vanishes",        "returns",           "changes",
    "another order",   "the network fails", "a refusal",
    "interrupted"};
static const char *const order_names[MEMORY_ORDERS] = {"created asc", "created desc",
                                                       "complete desc", "updated desc", "id asc"};

const char *memory_id(int job)
{
    return ids[job];
}

const char *memory_type(unsigned type)
{
    return types[type % MEMORY_TYPES];
}

const char *memory_vault(unsigned vault)
{
    return vaults[vault % MEMORY_VAULTS];
}

const char *memory_status(int job, const struct memory_version *version)
{
    switch (version->state) {
    case MEMORY_OPEN:
        return hbr_open_statuses[(job + version->progress) % 4];
    case MEMORY_FINISHED:
        return finished[job % 3];
    case MEMORY_ODD:
        break;
    }
    return "MOUNTED";
}

/* --- the world ----------------------------------------------------------------------------- */

const struct memory_version *memory_now(const struct memory_job *job)
{
    return &job->versions[job->version_count - 1];
}

bool memory_was_odd(const struct memory_job *job)
{
    for (size_t i = 0; i < job->version_count; i++) {
        if (job->versions[i].state == MEMORY_ODD) {
            return true;
        }
    }
    return false;
}

bool memory_reachable(const struct memory_service *service, int job)
{
    const struct memory_job *it = &service->jobs[job];
    bool no_basic = service->ways.edition == MEMORY_EDITION_REFUSED ||
                    service->ways.edition == MEMORY_EDITION_FORBIDDEN;
    if (!it->exists || !it->listed || (it->basic && no_basic)) {
        return false;
    }
    if (it->parent < 0 || !service->ways.children_apart) {
        return true;
    }
    return service->ways.parent_id == MEMORY_HONOURED && service->jobs[it->parent].listed;
}

/* Notes who is not listed, after whatever happened. */
static void note_absent(struct memory_service *service)
{
    for (int i = 0; i < MEMORY_JOBS_MAX; i++) {
        if (!memory_reachable(service, i)) {
            service->jobs[i].always = false;
            service->jobs[i].absent = true;
        }
    }
}

void memory_begin_run(struct memory_service *service)
{
    service->answers = service->submitted = service->events = service->refusals = 0;
    service->begun = service->returned = service->endless = false;
    service->fail = service->refuse = service->stop = false;
    service->shuffle = 0;
    for (size_t i = 0; i < service->question_count; i++) {
        free(service->questions[i]);
    }
    service->question_count = 0;
    for (int i = 0; i < MEMORY_JOBS_MAX; i++) {
        service->jobs[i].always = service->jobs[i].absent = false;
    }
    note_absent(service);
}

/* The first answer: from now on a job is watched. */
static void begin(struct memory_service *service)
{
    service->begun = true;
    for (int i = 0; i < MEMORY_JOBS_MAX; i++) {
        struct memory_job *job = &service->jobs[i];
        job->always = memory_reachable(service, i);
        job->first_version = job->version_count > 0 ? job->version_count - 1 : 0;
    }
}

void memory_init(struct memory_service *service)
{
    memset(service, 0, sizeof(*service));
    service->now = MEMORY_NOW;
    for (int i = 0; i < MEMORY_JOBS_MAX; i++) {
        service->jobs[i].parent = -1;
    }
}

void memory_free(struct memory_service *service)
{
    memory_begin_run(service);
}

static bool add_version(struct memory_service *service, struct memory_job *job,
                        struct memory_version version)
{
    if (job->version_count == MEMORY_VERSIONS_MAX) {
        return false;
    }
    version.updated = service->now;
    job->versions[job->version_count++] = version;
    return true;
}

struct memory_job *memory_add(struct memory_service *service, int job, enum memory_state state,
                              int64_t complete)
{
    struct memory_job *added = &service->jobs[job];
    added->exists = added->listed = true;
    added->created = service->created++;
    added->version_count = 1;
    added->versions[0] =
        (struct memory_version){.state = state,
                                .complete = state == MEMORY_FINISHED ? complete : 0,
                                .updated = state == MEMORY_FINISHED ? complete : service->now - 1};
    return added;
}

static bool create(struct memory_service *service, struct memory_job *job, bool is_finished,
                   int64_t ago)
{
    struct memory_version version = {.state = is_finished ? MEMORY_FINISHED : MEMORY_OPEN,
                                     .complete = is_finished ? service->now - ago : 0};
    if (job->exists || !add_version(service, job, version)) {
        return false;
    }
    job->exists = job->listed = true;
    job->created = service->created++;
    return true;
}

/* A job that is listed goes over to another state. */
static bool move(struct memory_service *service, struct memory_job *job, enum memory_state state,
                 int64_t ago)
{
    if (!job->exists || !job->listed || memory_now(job)->state == state) {
        return false;
    }
    struct memory_version version = *memory_now(job);
    version.state = state;
    version.complete = state == MEMORY_FINISHED ? service->now - ago : 0;
    version.report_ready = false;
    return add_version(service, job, version);
}

static bool change(struct memory_service *service, struct memory_job *job)
{
    if (!job->exists || !job->listed) {
        return false;
    }
    struct memory_version version = *memory_now(job);
    if (version.state == MEMORY_FINISHED && job->report && !version.report_ready) {
        version.report_ready = true;
    } else {
        version.progress++;
    }
    return add_version(service, job, version);
}

static bool set_listed(struct memory_service *service, struct memory_job *job, bool listed)
{
    if (!job->exists || job->listed == listed) {
        return false;
    }
    job->listed = listed;
    service->returned |= listed;
    job->came_back |= listed;
    return true;
}

/* Whether it happened. */
static bool happen(struct memory_service *service, enum memory_event event, struct memory_job *job,
                   int64_t value)
{
    switch (event) {
    case MEMORY_TICK:
        service->now += value;
        return true;
    case MEMORY_CREATE:
    case MEMORY_CREATE_FINISHED:
        return create(service, job, event == MEMORY_CREATE_FINISHED, value);
    case MEMORY_FINISH:
        return move(service, job, MEMORY_FINISHED, value);
    case MEMORY_REOPEN:
        return job->exists && memory_now(job)->state == MEMORY_FINISHED &&
               move(service, job, MEMORY_OPEN, 0);
    case MEMORY_TURN_ODD:
        return move(service, job, MEMORY_ODD, 0);
    case MEMORY_VANISH:
    case MEMORY_RETURN:
        return set_listed(service, job, event == MEMORY_RETURN);
    case MEMORY_CHANGE:
        return change(service, job);
    case MEMORY_SHUFFLE:
        service->shuffle = value;
        return true;
    case MEMORY_FAIL:
        return service->fail = true;
    case MEMORY_REFUSE:
        return service->refuse = true;
    case MEMORY_STOP:
        return service->stop = true;
    case MEMORY_EVENTS:
        break;
    }
    return false;
}

bool memory_apply(struct memory_service *service, enum memory_event event, int job, int64_t value)
{
    if (!happen(service, event, &service->jobs[job], value)) {
        return false;
    }
    service->events++;
    note_absent(service);
    if (service->trace != NULL) {
        bool of_job = event >= MEMORY_CREATE && event <= MEMORY_CHANGE;
        (void)fprintf(service->trace, "        * %s%s%s (%" PRId64 "), now +%" PRId64 "\n",
                      of_job ? ids[job] : "", of_job ? " " : "", event_names[event], value,
                      service->now - MEMORY_NOW);
    }
    return true;
}

/* --- filters ------------------------------------------------------------------------------- */

enum verdict { SELECTED, LEFT_OUT, UNHEARD, DENIED, MALFORMED };

static enum verdict unless_honoured(enum memory_filter way)
{
    return way == MEMORY_IGNORED ? UNHEARD : DENIED;
}

static enum verdict select_if(bool selected)
{
    return selected ? SELECTED : LEFT_OUT;
}

static bool is_in(const struct hbr_filter *filter, const char *text)
{
    for (size_t i = 0; i < filter->value_count; i++) {
        if (strcmp(filter->values[i], text) == 0) {
            return true;
        }
    }
    return false;
}

/* IN, EQUAL and NOT_EQUAL of texts. */
static enum verdict compare_text(const struct hbr_filter *filter, const char *text)
{
    if (strcmp(filter->op, "NOT_EQUAL") == 0) {
        return select_if(!is_in(filter, text));
    }
    if (strcmp(filter->op, "IN") == 0 || strcmp(filter->op, "EQUAL") == 0) {
        return select_if(is_in(filter, text));
    }
    return MALFORMED;
}

/* A bound: a decimal number and nothing else. */
static bool read_bound(const struct hbr_filter *filter, size_t index, int64_t *ret_bound)
{
    char *end = NULL;
    if (index >= filter->value_count || filter->values[index][0] == '\0') {
        return false;
    }
    *ret_bound = strtoll(filter->values[index], &end, 10);
    return *end == '\0';
}

static enum verdict compare_complete(const struct memory_ways *ways,
                                     const struct hbr_filter *filter, int64_t complete)
{
    int64_t from = 0, to = 0;
    if (!read_bound(filter, 0, &from)) {
        return MALFORMED;
    }
    if (strcmp(filter->op, "GREATER_THAN_OR_EQUAL") == 0) {
        return select_if(complete > 0 && complete >= from);
    }
    if (strcmp(filter->op, "BETWEEN") != 0 || !read_bound(filter, 1, &to)) {
        return MALFORMED;
    }
    return select_if(complete > 0 && (ways->lower_out ? complete > from : complete >= from) &&
                     (ways->upper_out ? complete < to : complete <= to));
}

static enum verdict compare_id(const struct memory_ways *ways, const struct hbr_filter *filter,
                               const char *id)
{
    bool by_job_id = strcasecmp(filter->key, "JobId") == 0;
    if (ways->id_key == (by_job_id ? MEMORY_JOB_ID : MEMORY_RESTORE_ID)) {
        return compare_text(filter, id);
    }
    return ways->else_ids == MEMORY_HONOURED ? LEFT_OUT : unless_honoured(ways->else_ids);
}

static enum verdict compare_parent(const struct memory_service *service,
                                   const struct hbr_filter *filter, const struct memory_job *job)
{
    const struct memory_ways *ways = &service->ways;
    if (ways->parent_id != MEMORY_HONOURED) {
        return unless_honoured(ways->parent_id);
    }
    if (ways->parent_in_only && strcmp(filter->op, "NOT_EQUAL") == 0) {
        return DENIED;
    }
    bool reachable = job->parent < 0 || !ways->children_apart || service->jobs[job->parent].listed;
    enum verdict verdict = compare_text(filter, job->parent >= 0 ? ids[job->parent] : "");
    return verdict == SELECTED && !reachable ? LEFT_OUT : verdict;
}

static enum verdict judge_filter(const struct memory_service *service,
                                 const struct hbr_filter *filter, int index)
{
    const struct memory_ways *ways = &service->ways;
    const struct memory_job *job = &service->jobs[index];
    if (strcmp(filter->key, "Status") == 0) {
        return ways->status != MEMORY_HONOURED
                   ? unless_honoured(ways->status)
                   : compare_text(filter, memory_status(index, memory_now(job)));
    }
    if (strcmp(filter->key, "CompleteTime") == 0) {
        return ways->complete_time != MEMORY_HONOURED
                   ? unless_honoured(ways->complete_time)
                   : compare_complete(ways, filter, memory_now(job)->complete);
    }
    if (strcmp(filter->key, "VaultId") == 0) {
        return compare_text(filter, vaults[job->vault]);
    }
    if (strcasecmp(filter->key, "ParentId") == 0) {
        return compare_parent(service, filter, job);
    }
    if (strcasecmp(filter->key, "RestoreId") == 0 || strcmp(filter->key, "JobId") == 0) {
        return compare_id(ways, filter, ids[index]);
    }
    return MALFORMED;
}

static bool names_children(const struct memory_service *service, const struct hbr_query *query)
{
    for (size_t i = 0; i < query->filter_count; i++) {
        if (strcasecmp(query->filters[i].key, "ParentId") == 0) {
            return service->ways.parent_id == MEMORY_HONOURED;
        }
    }
    return false;
}

/* Whether the question selects a job, leaving its filters aside. */
static bool in_listing(const struct memory_service *service, const struct hbr_query *query,
                       int index)
{
    const struct memory_job *job = &service->jobs[index];
    bool basic = strcmp(query->edition, "BASIC") == 0;
    bool untyped = query->restore_type[0] == '\0';
    return job->exists && job->listed &&
           (service->ways.edition == MEMORY_EDITION_IGNORED || job->basic == basic) &&
           (untyped ? (service->ways.untyped_lacks >> job->type & 1U) == 0
                    : strcmp(query->restore_type, types[job->type]) == 0) &&
           (!service->ways.children_apart || job->parent < 0 || names_children(service, query));
}

/* Whether the service takes the question at all, whoever it selects. */
static enum verdict judge_question(const struct memory_service *service,
                                   const struct hbr_query *query)
{
    struct memory_service probe;
    bool basic = strcmp(query->edition, "BASIC") == 0;
    if ((basic && service->ways.edition == MEMORY_EDITION_REFUSED) ||
        (service->ways.untyped_refused && query->restore_type[0] == '\0')) {
        return DENIED;
    }
    for (size_t i = 0; i < query->filter_count; i++) {
        probe.ways = service->ways;
        probe.jobs[0] = (struct memory_job){.parent = -1, .version_count = 1};
        enum verdict verdict = judge_filter(&probe, &query->filters[i], 0);
        if (verdict == DENIED || verdict == MALFORMED) {
            return verdict;
        }
    }
    return SELECTED;
}

static bool selects(const struct memory_service *service, const struct hbr_query *query, int index)
{
    if (!in_listing(service, query, index)) {
        return false;
    }
    for (size_t i = 0; i < query->filter_count; i++) {
        if (judge_filter(service, &query->filters[i], index) == LEFT_OUT) {
            return false;
        }
    }
    return true;
}

/* --- order and pages ----------------------------------------------------------------------- */

static int64_t sort_key(const struct memory_service *service, int index)
{
    const struct memory_job *job = &service->jobs[index];
    const struct memory_version *version = memory_now(job);
    switch (service->ways.order) {
    case MEMORY_CREATED_ASC:
        return job->created;
    case MEMORY_CREATED_DESC:
        return -job->created;
    case MEMORY_COMPLETE_DESC:
        return version->complete > 0 ? -version->complete : -INT64_MAX;
    case MEMORY_UPDATED_DESC:
        return -version->updated;
    case MEMORY_ID_ASC:
    case MEMORY_ORDERS:
        break;
    }
    return 0;
}

/* Every job that the question selects, in the service's order; ties go by id. */
static size_t list_jobs(const struct memory_service *service, const struct hbr_query *query,
                        int list[MEMORY_JOBS_MAX])
{
    size_t count = 0;
    for (int i = 0; i < MEMORY_JOBS_MAX; i++) {
        if (!selects(service, query, i)) {
            continue;
        }
        size_t at = count++;
        int64_t key = sort_key(service, i);
        for (; at > 0; at--) {
            int64_t other = sort_key(service, list[at - 1]);
            if (other < key || (other == key && strcmp(ids[list[at - 1]], ids[i]) < 0)) {
                break;
            }
            list[at] = list[at - 1];
        }
        list[at] = i;
    }
    return count;
}

/* Another order, of this answer alone. */
static void shuffle(int *list, size_t count, int64_t how)
{
    for (size_t i = 1; i < count && how > 0; i++) {
        size_t other = (size_t)how % (i + 1);
        int kept = list[i];
        list[i] = list[other];
        list[other] = kept;
        how = how * 5 + 1;
        how &= 0xffffff;
    }
}

static void set_text(struct record *record, size_t part, const char *column, const char *text)
{
    int field = record_field_by_column(&hbr_restore_job_model.parts[part], column);
    record->present[part] = true;
    record->values[part][field] =
        (struct value){.kind = VALUE_TEXT, .length = (uint32_t)strlen(text), .text = text};
}

static void set_integer(struct record *record, const char *column, int64_t integer)
{
    int field = record_field_by_column(&hbr_restore_job_model.parts[HBR_JOB], column);
    record->values[HBR_JOB][field] = (struct value){.kind = VALUE_INTEGER, .integer = integer};
}

static void fill_record(const struct memory_service *service, int index, struct record *record)
{
    const struct memory_job *job = &service->jobs[index];
    const struct memory_version *version = memory_now(job);
    set_text(record, HBR_JOB, "restore_id", ids[index]);
    set_text(record, HBR_JOB, "parent_id", job->parent >= 0 ? ids[job->parent] : "");
    set_text(record, HBR_JOB, "restore_type", types[job->type]);
    set_text(record, HBR_JOB, "vault_id", vaults[job->vault]);
    set_text(record, HBR_JOB, "status", memory_status(index, version));
    set_integer(record, "progress", version->progress);
    set_integer(record, "created_time", MEMORY_NOW + job->created);
    set_integer(record, "updated_time", version->updated);
    if (version->complete > 0 || (service->ways.open_is_zero && version->state == MEMORY_OPEN)) {
        set_integer(record, "complete_time", version->complete);
    }
    if (job->report && version->state == MEMORY_FINISHED) {
        set_text(record, HBR_REPORT, "report_task_status",
                 version->report_ready ? "COMPLETE" : "RUNNING");
    }
}

/* --- answers ------------------------------------------------------------------------------- */

static void refuse(struct sync_answer *answer, enum hbr_refusal refusal, const char *code)
{
    error_set(&answer->failure, ERROR_SERVICE, "refused: %s", code);
    answer->failure.http_status = 400;
    (void)snprintf(answer->failure.api_code, sizeof(answer->failure.api_code), "%s", code);
    (void)snprintf(answer->failure.request_id, sizeof(answer->failure.request_id), "R-1");
    answer->refusal = refusal;
}

static void break_off(struct sync_answer *answer, int http_status, const char *what)
{
    error_set(&answer->failure, ERROR_SERVICE, "%s", what);
    answer->failure.http_status = http_status;
    answer->failure.retryable = http_status != 403;
}

/* Which rows of the list are on the page; false when a deep page fails. */
static bool cut_page(const struct memory_service *service, const struct hbr_query *query,
                     size_t count, size_t *ret_first, size_t *ret_rows, struct sync_answer *answer)
{
    int64_t size = query->page_size, begin_row = (query->page_number - 1) * size;
    int64_t cap = service->ways.page_cap;
    if (cap > 0 && begin_row >= cap) {
        switch (service->ways.deep) {
        case MEMORY_DEEP_ERROR: /* a 5xx would be an outage, for all that anyone can tell */
            refuse(answer, HBR_REFUSED_PARAMETER, "InvalidPageNumber");
            return false;
        case MEMORY_DEEP_REFUSED:
            refuse(answer, HBR_REFUSED, "ResultWindowTooLarge");
            return false;
        case MEMORY_DEEP_EMPTY:
            begin_row = (int64_t)count;
            break;
        case MEMORY_DEEP_REPEATED:
            begin_row = (cap - 1) / size * size;
            break;
        }
    }
    *ret_first = begin_row < (int64_t)count ? (size_t)begin_row : count;
    *ret_rows = count - *ret_first < (size_t)size ? count - *ret_first : (size_t)size;
    return true;
}

static void fill_page(struct memory_service *service, const struct hbr_query *query,
                      struct sync_answer *answer)
{
    int list[MEMORY_JOBS_MAX];
    size_t first = 0, rows = 0, count = list_jobs(service, query, list);
    struct hbr_page *page = &answer->page;
    int64_t total_cap = service->ways.total_cap;
    shuffle(list, count, service->shuffle);
    if (!cut_page(service, query, count, &first, &rows, answer)) {
        return;
    }
    page->jobs = calloc(rows > 0 ? rows : 1, sizeof(*page->jobs));
    if (page->jobs == NULL) {
        error_no_memory(&answer->failure);
        return;
    }
    buffer_init(&page->extra, 1);
    page->rows = page->job_count = rows;
    page->total_count = total_cap > 0 && (int64_t)count > total_cap ? total_cap : (int64_t)count;
    page->date = service->ways.undated ? 0 : service->now + service->ways.date_offset;
    (void)snprintf(page->request_id, sizeof(page->request_id), "R-%" PRId64, service->answers);
    for (size_t i = 0; i < rows; i++) {
        fill_record(service, list[first + i], &page->jobs[i]);
        service->jobs[list[first + i]].absent = false;
    }
}

static void answer_question(struct memory_service *service, const struct hbr_query *query,
                            struct sync_answer *answer)
{
    bool basic = strcmp(query->edition, "BASIC") == 0;
    enum verdict verdict = judge_question(service, query);
    if (service->fail) {
        break_off(answer, 0, "the network failed");
    } else if (basic && service->ways.edition == MEMORY_EDITION_FORBIDDEN) {
        break_off(answer, 403, "HTML");
    } else if (service->refuse || verdict == DENIED || verdict == MALFORMED) {
        service->unfit |= verdict == MALFORMED;
        refuse(answer, HBR_REFUSED_PARAMETER, "InvalidParameter");
        service->refusals += service->refuse ? 1 : 0;
    } else {
        if (!service->begun) {
            begin(service);
        }
        fill_page(service, query, answer);
    }
}

/* --- the trace ----------------------------------------------------------------------------- */

static void trace_query(const struct hbr_query *query, FILE *file)
{
    (void)fprintf(file, "%s%s%s", query->edition, query->restore_type[0] != '\0' ? " " : "",
                  query->restore_type);
    for (size_t i = 0; i < query->filter_count; i++) {
        const struct hbr_filter *filter = &query->filters[i];
        (void)fprintf(file, ", %s %s", filter->key, filter->op);
        for (size_t j = 0; j < filter->value_count; j++) {
            char *end = NULL;
            int64_t number = strtoll(filter->values[j], &end, 10);
            if (*end == '\0' && number > MEMORY_NOW / 2) {
                (void)fprintf(file, " %+" PRId64, number - MEMORY_NOW);
            } else {
                (void)fprintf(file, " '%s'", filter->values[j]);
            }
        }
    }
    (void)fprintf(file, ", page %" PRId64 " by %" PRId64, query->page_number, query->page_size);
}

static void trace_answer(const struct memory_service *service, const struct hbr_query *query,
                         const struct sync_answer *answer)
{
    if (service->trace == NULL) {
        return;
    }
    (void)fprintf(service->trace, "    %3" PRId64 " ", service->answers);
    trace_query(query, service->trace);
    if (answer->failure.code != ERROR_NONE) {
        (void)fprintf(service->trace, ": %s\n", answer->failure.message);
        return;
    }
    (void)fprintf(service->trace, ": total %" PRId64 ", rows {", answer->page.total_count);
    for (size_t i = 0; i < answer->page.job_count; i++) {
        const struct record *job = &answer->page.jobs[i];
        (void)fprintf(service->trace, " %s", job->values[HBR_JOB][HBR_RESTORE_ID].text);
    }
    (void)fprintf(service->trace, " }\n");
}

static const char *state_name(const struct memory_version *version)
{
    return version->state == MEMORY_OPEN       ? "open"
           : version->state == MEMORY_FINISHED ? "finished"
                                               : "odd";
}

void memory_print(const struct memory_service *service, FILE *file)
{
    static const char *const filter_names[] = {"honoured", "ignored", "refused"};
    static const char *const deep_names[] = {"error", "empty", "repeated", "refused"};
    static const char *const id_names[] = {"RestoreId", "JobId", "none"};
    static const char *const edition_names[] = {"honoured", "ignored", "refused", "forbidden"};
    const struct memory_ways *ways = &service->ways;
    (void)fprintf(file,
                  "    order %s; BETWEEN %s its lower, %s its upper end; deep pages from %" PRId64
                  " (%s); TotalCount ends at %" PRId64 "\n",
                  order_names[ways->order], ways->lower_out ? "excludes" : "includes",
                  ways->upper_out ? "excludes" : "includes", ways->page_cap, deep_names[ways->deep],
                  ways->total_cap);
    (void)fprintf(
        file, "    Status %s, CompleteTime %s, ParentId %s%s, ids by %s (else %s), Edition %s\n",
        filter_names[ways->status], filter_names[ways->complete_time],
        filter_names[ways->parent_id], ways->parent_in_only ? " with IN only" : "",
        id_names[ways->id_key], filter_names[ways->else_ids], edition_names[ways->edition]);
    (void)fprintf(file,
                  "    untyped %s, lacks %x; children %s; Date %s%+" PRId64 "; now %+" PRId64 "\n",
                  ways->untyped_refused ? "refused" : "listed", ways->untyped_lacks,
                  ways->children_apart ? "apart" : "listed", ways->undated ? "absent" : "",
                  ways->date_offset, service->now - MEMORY_NOW);
    for (int i = 0; i < MEMORY_JOBS_MAX; i++) {
        const struct memory_job *job = &service->jobs[i];
        if (!job->exists) {
            continue;
        }
        const struct memory_version *now = memory_now(job);
        (void)fprintf(file, "    %s %s%s, %s", ids[i], job->listed ? "" : "(not listed) ",
                      state_name(now), memory_status(i, now));
        if (now->complete > 0) {
            (void)fprintf(file, ", complete %+" PRId64, now->complete - MEMORY_NOW);
        }
        (void)fprintf(file,
                      ", updated %+" PRId64 ", progress %" PRId64 ", created %" PRId64 ", %s %s%s",
                      now->updated - MEMORY_NOW, now->progress, job->created, types[job->type],
                      vaults[job->vault], job->basic ? ", BASIC" : "");
        (void)fprintf(file, "%s%s%s\n", job->report ? ", report" : "",
                      job->parent >= 0 ? ", child of " : "",
                      job->parent >= 0 ? ids[job->parent] : "");
    }
}

/* --- the seam ------------------------------------------------------------------------------ */

static const char *copy_text(struct memory_question *question, const char *text, bool *fits)
{
    size_t size = strlen(text) + 1;
    if (size > sizeof(question->pool) - question->used) {
        *fits = false;
        return "";
    }
    char *copy = question->pool + question->used;
    memcpy(copy, text, size);
    question->used += size;
    return copy;
}

static bool copy_query(struct memory_question *question, const struct hbr_query *query)
{
    bool fits = query->filter_count <= HBR_FILTERS_MAX && query->page_number >= 1 &&
                query->page_size >= 1 && query->page_size <= PAGE_SIZE_MAX;
    const char *type = query->restore_type != NULL ? query->restore_type : "";
    question->query = *query;
    question->used = 0;
    question->query.edition = copy_text(question, query->edition, &fits);
    question->query.restore_type = copy_text(question, type, &fits);
    for (size_t i = 0; fits && i < query->filter_count; i++) {
        const struct hbr_filter *filter = &query->filters[i];
        fits = filter->value_count >= 1 && filter->value_count <= MEMORY_VALUES_MAX;
        for (size_t j = 0; fits && j < filter->value_count; j++) {
            question->values[i][j] = copy_text(question, filter->values[j], &fits);
        }
        question->query.filters[i].key = copy_text(question, filter->key, &fits);
        question->query.filters[i].op = copy_text(question, filter->op, &fits);
        question->query.filters[i].values = question->values[i];
    }
    return fits;
}

static bool submit(void *context, const struct hbr_query *query, void *tag, struct error *err)
{
    struct memory_service *service = context;
    if (service->question_count == MEMORY_QUESTIONS_MAX) {
        service->unfit = true;
        return error_set(err, ERROR_INTERNAL, "more than %d questions under way",
                         MEMORY_QUESTIONS_MAX);
    }
    if (service->submit_max > 0 && service->submitted >= service->submit_max) {
        return error_set(err, ERROR_UNPROVED, "stopped after %" PRId64 " requests",
                         service->submit_max);
    }
    struct memory_question *question = malloc(sizeof(*question));
    if (question == NULL) {
        return error_no_memory(err);
    }
    if (!copy_query(question, query)) {
        service->unfit = true;
        free(question);
        return error_set(err, ERROR_INTERNAL, "a question that the service cannot take");
    }
    question->tag = tag;
    service->questions[service->question_count++] = question;
    service->submitted++;
    return true;
}

/* What the script and the callback want to happen before the answer at hand. */
static void let_things_happen(struct memory_service *service)
{
    for (size_t i = 0; i < service->script_count; i++) {
        const struct memory_step *step = &service->script[i];
        if (step->answer == service->answers) {
            (void)memory_apply(service, step->event, step->job, step->value);
        }
    }
    if (service->before_answer != NULL) {
        service->before_answer(service, service->context);
    }
}

static struct memory_question *take_question(struct memory_service *service)
{
    size_t count = service->question_count, at = 0;
    if (count > 1 && service->choose != NULL) {
        at = service->choose(count, service->context) % count;
    }
    struct memory_question *question = service->questions[at];
    memmove(&service->questions[at], &service->questions[at + 1],
            (count - at - 1) * sizeof(service->questions[0]));
    service->question_count--;
    return question;
}

static bool wait_answer(void *context, struct sync_answer *ret_answer, struct error *err)
{
    struct memory_service *service = context;
    memset(ret_answer, 0, sizeof(*ret_answer));
    if (service->question_count == 0) {
        service->unfit = true;
        return error_set(err, ERROR_INTERNAL, "waiting for an answer without a question");
    }
    service->answers++;
    let_things_happen(service);
    service->endless |= service->max_answers > 0 && service->answers > service->max_answers;
    if (service->stop || service->endless) {
        return error_set(err, ERROR_INTERRUPTED, "interrupted");
    }
    struct memory_question *question = take_question(service);
    ret_answer->tag = question->tag;
    answer_question(service, &question->query, ret_answer);
    trace_answer(service, &question->query, ret_answer);
    free(question);
    service->fail = service->refuse = false;
    service->shuffle = 0;
    return true;
}

static void cancel(void *context)
{
    struct memory_service *service = context;
    for (size_t i = 0; i < service->question_count; i++) {
        free(service->questions[i]);
    }
    service->question_count = 0;
}

static struct sync_usage usage(const void *context)
{
    const struct memory_service *service = context;
    return (struct sync_usage){.requests = service->answers};
}

struct sync_service memory_bind(struct memory_service *service)
{
    return (struct sync_service){.context = service,
                                 .submit = submit,
                                 .wait = wait_answer,
                                 .cancel = cancel,
                                 .usage = usage};
}
