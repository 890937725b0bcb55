#include "answer.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "moves.h"

static const char json_content[] = "application/json;charset=utf-8";

/* The rows of one page: from `first`, `count` of them. */
struct page {
    size_t first;
    size_t count;
};

/* Finds the page in the listing; past the cap on deep pages it fails, is empty, or is the last one
 * again. */
static bool find_page(const struct settings *settings, const struct listing_query *query,
                      size_t total, struct page *page, struct service_error *error)
{
    size_t size = (size_t)query->page_size;
    size_t first = ((size_t)query->page_number - 1) * size;
    size_t end = total;
    size_t cap = (size_t)settings->deep_page_cap;
    if (cap > 0 && cap < total) {
        if (settings->deep_page_mode == DEEP_ERROR && first + size > cap) {
            return refuse(error, 400, "InvalidParameter",
                          "PageNumber * PageSize must not exceed %zu.", cap);
        }
        if (settings->deep_page_mode == DEEP_SUCCESS_FALSE && first + size > cap) {
            return refuse(error, 200, "InvalidParameter.PageNumber",
                          "PageNumber * PageSize must not exceed %zu.", cap);
        }
        end = cap;
        if (settings->deep_page_mode == DEEP_REPEAT_LAST && first >= cap) {
            first = (cap - 1) / size * size;
        }
    }
    page->first = first < end ? first : end;
    page->count = end - page->first < size ? end - page->first : size;
    return true;
}

/* The rows that TotalCount tells of. */
static size_t count_rows(const struct settings *settings, const struct listing *listing)
{
    size_t cap = (size_t)settings->deep_page_cap;
    bool is_capped = settings->deep_page_mode == DEEP_COUNT && cap > 0 && cap < listing->count;
    return is_capped ? cap : listing->count;
}

static void write_total(struct json_writer *writer, int mode, size_t total)
{
    char text[32];
    switch (mode) {
    case TOTAL_ABSENT:
        break;
    case TOTAL_NEGATIVE:
        json_integer(writer, "TotalCount", -1);
        break;
    case TOTAL_HUGE:
        json_integer(writer, "TotalCount", INT64_MAX);
        break;
    case TOTAL_STRING:
        snprintf(text, sizeof text, "%zu", total);
        json_string(writer, "TotalCount", text);
        break;
    default:
        json_integer(writer, "TotalCount", (int64_t)total + (mode == TOTAL_WRONG_BY_ONE ? 1 : 0));
        break;
    }
}

static void write_rows(struct json_writer *writer, const char *key, struct simulator *simulator,
                       const struct listing_query *query, const struct listing *listing,
                       struct page page, const struct fault *fault)
{
    struct job_view view = {.world = &simulator->world,
                            .wrong_types_every = (unsigned)simulator->settings.wrong_types,
                            .extra_fields = simulator->settings.extra_fields,
                            .known_parents_only =
                                simulator->settings.children == CHILDREN_BY_PARENT};
    if (fault != NULL && fault->kind == FAULT_WRONG_TYPES) {
        view.wrong_types_every = 1;
    }
    bool repeats = fault != NULL && fault->kind == FAULT_DUPLICATE_ROWS;
    bool is_single = simulator->settings.single_object && page.count == 1;
    if (is_single) {
        json_raw(writer, key, "");
        writer->needs_comma = false;
    } else {
        json_open(writer, key, '[');
    }
    for (size_t i = 0; i < page.count; i++) {
        bool is_repeat = repeats && i > 0 && i == page.count - 1;
        const struct job *job = listing->rows[page.first + (is_repeat ? 0 : i)];
        enum id_style style = fault != NULL && i == 0 ? fault_id_style(fault) : ID_RIGHT;
        const struct job_state *state = listing_state(&simulator->world, query, job);
        const char *kept = fault == NULL && state == &job->now
                               ? render_cache_find(&simulator->rendered, &view, job)
                               : NULL;
        if (kept != NULL) {
            json_raw(writer, NULL, kept);
        } else {
            job_render(writer, &view, job, state, style);
        }
    }
    if (!is_single) {
        json_close(writer, ']');
    }
}

static void write_restore_jobs(struct json_writer *writer, struct simulator *simulator,
                               const struct listing_query *query, const struct listing *listing,
                               struct page page, const struct fault *fault)
{
    int envelope = simulator->settings.null_envelope;
    if (envelope == ENVELOPE_NULL || (envelope == ENVELOPE_NULL_WHEN_EMPTY && page.count == 0)) {
        json_null(writer, "RestoreJobs");
    } else if (envelope == ENVELOPE_ABSENT_WHEN_EMPTY && page.count == 0) {
        return;
    } else if (envelope == ENVELOPE_OBJECT_WHEN_EMPTY && page.count == 0) {
        json_raw(writer, "RestoreJobs", "{\"RestoreJob\":{}}");
    } else if (simulator->settings.flat_restore_jobs) {
        write_rows(writer, "RestoreJobs", simulator, query, listing, page, fault);
    } else {
        json_open(writer, "RestoreJobs", '{');
        write_rows(writer, "RestoreJob", simulator, query, listing, page, fault);
        json_close(writer, '}');
    }
}

static void write_status(struct json_writer *writer, const struct settings *settings,
                         const char *request_id)
{
    json_string(writer, "RequestId", request_id);
    json_raw(writer, "Success", settings->success_as_string ? "\"true\"" : "true");
    json_raw(writer, "Code", settings->code_as_number ? "200" : "\"200\"");
    json_string(writer, "Message", "successful");
}

/* Performs what scripts order before this answer. */
static void run_scripts(struct simulator *simulator)
{
    struct script_step step;
    char problem[256];
    for (bool is_first = true; script_next(&simulator->script, is_first, &step); is_first = false) {
        if (step.settings != NULL) {
            simulator_set(simulator, step.settings, problem, sizeof problem);
        }
        if (step.move != NULL) {
            json_object_put(move_world(&simulator->world, step.move, problem, sizeof problem));
        }
        simulator->world.clock_offset += step.advance;
        json_object_put(step.settings);
        json_object_put(step.move);
    }
}

static bool owns_the_jobs(const struct simulator *simulator, const struct key *caller)
{
    return simulator->settings.accounts_share_world ||
           strcmp(caller->account_id, simulator->world.account_id) == 0;
}

bool answer_restore_jobs(struct simulator *simulator, struct call *call, struct reply *reply,
                         struct service_error *error)
{
    const struct settings *settings = &simulator->settings;
    struct listing_query query = {.region = call->region};
    struct page page;
    if (!listing_query_parse(&query, call->request, settings, &call->unknown_parameters, error)) {
        return false;
    }
    run_scripts(simulator);
    simulator->answers++;
    query.is_empty = !owns_the_jobs(simulator, call->caller) ||
                     name_list_has(&settings->region_empty, simulator->world.regions[call->region]);
    query.is_stale =
        settings->stale_answers > 0 && simulator->answers % settings->stale_answers == 0;
    const struct listing *listing =
        listing_find(&simulator->listings, &simulator->world, settings, &query);
    size_t total = count_rows(settings, listing);
    if (!find_page(settings, &query, total, &page, error)) {
        return false;
    }
    struct json_writer writer = {.out = &reply->body};
    reply_text(reply, 200, json_content, "");
    json_open(&writer, NULL, '{');
    write_status(&writer, settings, call->request_id);
    json_integer(&writer, "PageNumber", query.page_number);
    json_integer(&writer, "PageSize", query.page_size + (settings->page_size_echo_wrong ? 1 : 0));
    write_total(&writer, settings->total_count, total);
    write_restore_jobs(&writer, simulator, &query, listing, page, call->fault);
    json_close(&writer, '}');
    for (size_t i = 0; settings->log_ids && i < page.count; i++) {
        call->ids = call->ids != NULL ? call->ids : json_object_new_array();
        json_object_array_add(call->ids, json_object_new_string(listing->rows[page.first + i]->id));
    }
    call->rows = (int64_t)page.count;
    call->total_count = (int64_t)total;
    drift_after_answer(&simulator->drift, &simulator->world, settings, query.region, query.edition);
    return true;
}

bool answer_regions(struct simulator *simulator, struct call *call, struct reply *reply,
                    struct service_error *error)
{
    (void)error;
    struct json_writer writer = {.out = &reply->body};
    reply_text(reply, 200, json_content, "");
    json_open(&writer, NULL, '{');
    write_status(&writer, &simulator->settings, call->request_id);
    json_open(&writer, "Regions", '{');
    json_open(&writer, "Region", '[');
    for (size_t i = 0; i < simulator->world.region_count; i++) {
        const char *region = simulator->world.regions[i];
        if (name_list_has(&simulator->settings.region_hidden, region)) {
            continue;
        }
        json_open(&writer, NULL, '{');
        if (!name_list_has(&simulator->settings.region_nameless, region)) {
            char id[64];
            size_t length = 0;
            for (; region[length] != '\0' && length + 1 < sizeof id; length++) {
                bool is_capital = simulator->settings.region_capitals;
                id[length] =
                    is_capital ? (char)toupper((unsigned char)region[length]) : region[length];
            }
            id[length] = '\0';
            json_string(&writer, "RegionId", id);
        }
        json_string(&writer, "LocalName", region);
        json_close(&writer, '}');
    }
    json_close(&writer, ']');
    json_close(&writer, '}');
    json_close(&writer, '}');
    return true;
}

bool answer_caller_identity(struct simulator *simulator, struct call *call, struct reply *reply,
                            struct service_error *error)
{
    static const char user[] = "200000000000000001";
    (void)simulator;
    (void)error;
    const char *account = call->caller->account_id;
    bool is_role = call->caller->token != NULL;
    char arn[256];
    snprintf(arn, sizeof arn, "acs:ram::%s:%s", account,
             is_role ? "assumed-role/simulator/session" : "user/simulator");
    struct json_writer writer = {.out = &reply->body};
    reply_text(reply, 200, json_content, "");
    json_open(&writer, NULL, '{');
    json_string(&writer, "RequestId", call->request_id);
    json_string(&writer, "AccountId", account);
    json_string(&writer, "UserId", is_role ? NULL : user);
    json_string(&writer, "Arn", arn);
    json_string(&writer, "IdentityType", is_role ? "AssumedRoleUser" : "RAMUser");
    json_string(&writer, "PrincipalId", is_role ? "300000000000000001:session" : user);
    json_close(&writer, '}');
    return true;
}
