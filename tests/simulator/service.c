#include "service.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "answer.h"
#include "signature.h"
#include "temporary_keys.h"

/* The one action that is not signed, and named in the query. */
#define OIDC_ACTION "AssumeRoleWithOIDC"

struct action {
    const char *name;
    const char *version;
    bool is_regional; /* fails where the region is down */
    bool (*answer)(struct simulator *, struct call *, struct reply *, struct service_error *);
};

static const struct action actions[] = {
    {"DescribeRestoreJobs2", "2017-09-08", true, answer_restore_jobs},
    {"DescribeRegions", "2017-09-08", false, answer_regions},
    {"GetCallerIdentity", "2015-04-01", false, answer_caller_identity},
    {"AssumeRole", "2015-04-01", false, answer_assume_role},
    {OIDC_ACTION, "2015-04-01", false, answer_assume_role_with_oidc},
};

static const struct action *find_action(const char *name)
{
    for (size_t i = 0; name != NULL && i < sizeof actions / sizeof *actions; i++) {
        if (strcmp(actions[i].name, name) == 0) {
            return &actions[i];
        }
    }
    return NULL;
}

/* The region is the first label of the host, or the second ("hbr.cn-beijing.aliyuncs.com"); else
 * the first region. */
static size_t find_region(const struct world *world, const char *host)
{
    char label[64];
    for (int i = 0; i < 2; i++) {
        size_t length = strcspn(host, ".:");
        snprintf(label, sizeof label, "%.*s", (int)(length < sizeof label ? length : 0), host);
        size_t region = world_region(world, label);
        if (region < world->region_count) {
            return region;
        }
        host += length + (host[length] == '.' ? 1 : 0);
    }
    return 0;
}

/* The name of the action, NULL when there is none. */
static const char *action_name(const struct request *request)
{
    const char *header = pair_find(&request->headers, "x-acs-action");
    const char *parameter = pair_find(&request->parameters, "Action");
    bool is_oidc = header == NULL && parameter != NULL && strcmp(parameter, OIDC_ACTION) == 0;
    return is_oidc ? OIDC_ACTION : header;
}

static void make_request_id(struct prng *prng, char out[37])
{
    uint64_t a = prng_next(prng);
    uint64_t b = prng_next(prng);
    snprintf(out, 37, "%08" PRIX64 "-%04" PRIX64 "-5%03" PRIX64 "-B%03" PRIX64 "-%012" PRIX64,
             a >> 32, a >> 16 & 0xffff, a & 0xfff, b >> 52, b & 0xffffffffffff);
}

static bool check_action(const struct request *request, const struct action *action,
                         struct service_error *error)
{
    const char *name = pair_find(&request->headers, "x-acs-action");
    const char *version = pair_find(&request->headers, "x-acs-version");
    if (name != NULL && action == NULL) {
        return refuse(error, 404, "InvalidAction.NotFound",
                      "Specified api is not found, please check your url and method.");
    }
    if (action != NULL && version != NULL && strcmp(action->version, version) != 0) {
        return refuse(error, 400, "InvalidVersion", "Specified parameter Version is not valid.");
    }
    return !request->malformed ||
           refuse(error, 400, "InvalidParameter", "The query string is malformed.");
}

static bool check_signature(struct simulator *simulator, struct call *call,
                            struct service_error *error)
{
    const char *name = action_name(call->request);
    int64_t skew = simulator->settings.clock_skew_seconds;
    if (name != NULL && strcmp(name, OIDC_ACTION) == 0) {
        return pair_find(&call->request->headers, "authorization") == NULL ||
               refuse(error, 400, "InvalidParameter", "This action is not signed.");
    }
    struct signature_clock clock = {.real = (int64_t)time(NULL) + skew,
                                    .world = world_now(&simulator->world)};
    return signature_check(call->request, &simulator->keys, &simulator->nonces, clock,
                           &call->caller, error);
}

static bool check_permission(struct simulator *simulator, const struct call *call,
                             const struct action *action, struct service_error *error)
{
    const struct settings *settings = &simulator->settings;
    const char *region = simulator->world.regions[call->region];
    if (name_list_has(&settings->permission, "deny_all") ||
        name_list_has(&settings->permission, action->name)) {
        return refuse(error, 403, "NoPermission", "User is not authorized to do this operation.");
    }
    if (action->is_regional && name_list_has(&settings->region_down, region)) {
        return refuse(error, 403, "ServiceNotActivated",
                      "The service is not activated in this region.");
    }
    if (action->is_regional && name_list_has(&settings->region_unavailable, region)) {
        return refuse(error, 503, "ServiceUnavailable",
                      "The request has failed due to a temporary failure of the server.");
    }
    return true;
}

/* Counts the request against the region's quota of this minute. */
static bool check_quota(struct simulator *simulator, const struct call *call, struct reply *reply,
                        struct service_error *error)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    struct quota *quota = &simulator->quotas[call->region];
    if (quota->minute != now.tv_sec / 60) {
        *quota = (struct quota){.minute = now.tv_sec / 60};
    }
    if (simulator->settings.quota_per_minute == 0 ||
        quota->used++ < simulator->settings.quota_per_minute) {
        return true;
    }
    char left[32];
    snprintf(left, sizeof left, "%" PRId64,
             (int64_t)(60 - now.tv_sec % 60) * 1000 - now.tv_nsec / 1000000);
    reply_header(reply, "x-acs-retry-after", left);
    return refuse(error, 400, "Throttling.User", "Request was denied due to user flow control.");
}

static struct json_object *list_parameters(const struct pair_list *parameters)
{
    struct json_object *list = json_object_new_object();
    for (size_t i = 0; i < parameters->count; i++) {
        json_object_object_add(list, parameters->items[i].name,
                               json_object_new_string(parameters->items[i].value));
    }
    return list;
}

static void take_unknown(struct name_list *names, struct json_object *entry)
{
    struct json_object *list = json_object_new_array();
    for (size_t i = 0; i < names->count; i++) {
        json_object_array_add(list, json_object_new_string(names->names[i]));
        free(names->names[i]);
    }
    free(names->names);
    json_object_object_add(entry, "unknown_parameters", list);
}

static void note(struct simulator *simulator, struct call *call, const struct reply *reply,
                 const char *code)
{
    const char *action = action_name(call->request);
    char key_id[128];
    struct json_object *entry = json_object_new_object();
    signature_key_id(call->request, key_id, sizeof key_id);
    json_object_object_add(entry, "action", json_object_new_string(action != NULL ? action : ""));
    json_object_object_add(entry, "region",
                           json_object_new_string(simulator->world.regions[call->region]));
    json_object_object_add(entry, "host", json_object_new_string(call->host));
    json_object_object_add(entry, "method", json_object_new_string(call->request->method));
    json_object_object_add(entry, "parameters", list_parameters(&call->request->parameters));
    take_unknown(&call->unknown_parameters, entry);
    json_object_object_add(entry, "access_key_id", json_object_new_string(key_id));
    bool has_token = pair_find(&call->request->headers, "x-acs-security-token") != NULL;
    json_object_object_add(entry, "token_present", json_object_new_boolean(has_token));
    json_object_object_add(entry, "status", json_object_new_int64(reply->status));
    json_object_object_add(entry, "code", json_object_new_string(code));
    json_object_object_add(entry, "fault", json_object_new_boolean(call->fault != NULL));
    if (call->rows >= 0) {
        json_object_object_add(entry, "rows", json_object_new_int64(call->rows));
        json_object_object_add(entry, "total_count", json_object_new_int64(call->total_count));
    }
    if (call->ids != NULL) {
        json_object_object_add(entry, "ids", call->ids);
    }
    json_object_object_add(entry, "world",
                           json_object_new_int64((int64_t)simulator->world.generation));
    json_object_object_add(entry, "time", json_object_new_int64(world_now(&simulator->world)));
    request_log_add(&simulator->log, entry);
}

static bool answer_call(struct simulator *simulator, struct call *call, const struct action *action,
                        struct reply *reply, struct service_error *error)
{
    return check_action(call->request, action, error) && check_signature(simulator, call, error) &&
           (call->fault == NULL || !fault_replaces_answer(call->fault)) &&
           check_permission(simulator, call, action, error) &&
           (!action->is_regional || check_quota(simulator, call, reply, error)) &&
           action->answer(simulator, call, reply, error);
}

void service_answer(struct simulator *simulator, const struct request *request, struct reply *reply)
{
    const char *host = pair_find(&request->headers, "host");
    const char *name = action_name(request);
    struct call call = {.request = request, .host = host != NULL ? host : "", .rows = -1};
    struct service_error error = {0};
    const char *code = "";
    call.region = find_region(&simulator->world, call.host);
    call.fault = fault_for_request(&simulator->faults, name != NULL ? name : "",
                                   simulator->world.regions[call.region], &request->parameters);
    make_request_id(&simulator->request_ids, call.request_id);
    reply->may_gzip = simulator->settings.gzip;
    reply->latency_ms = simulator->settings.latency_ms;
    if (!answer_call(simulator, &call, find_action(name), reply, &error)) {
        if (error.code != NULL) {
            code = error.code;
            struct json_object *body =
                error_body(call.request_id, call.host, error.code, error.message);
            if (error.status == 200) {
                json_object_object_add(body, "Success", json_object_new_boolean(false));
            }
            reply_json(reply, error.status, body);
        } else {
            code = fault_replace(call.fault, reply, call.request_id, call.host);
        }
    }
    if (call.fault != NULL && !fault_replaces_answer(call.fault)) {
        fault_spoil(call.fault, reply);
    }
    reply_header(reply, "x-acs-request-id", call.request_id);
    note(simulator, &call, reply, code);
    service_error_release(&error);
}
