#include "fault.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "codec.h"

static const char *const kind_names[FAULT_KINDS] = {
    [FAULT_NONE] = "",
    [FAULT_HTTP] = "http",
    [FAULT_THROTTLE] = "throttle",
    [FAULT_CLOSE] = "close",
    [FAULT_RESET] = "reset",
    [FAULT_NOT_JSON] = "not_json",
    [FAULT_HTML] = "html",
    [FAULT_WRONG_JSON] = "wrong_json",
    [FAULT_HUGE] = "huge",
    [FAULT_GZIP_BOMB] = "gzip_bomb",
    [FAULT_SUCCESS_FALSE] = "success_false",
    [FAULT_TOKEN_EXPIRED] = "token_expired",
    [FAULT_REDIRECT] = "redirect",
    [FAULT_EMPTY_BODY] = "empty_body",
    [FAULT_CUT] = "cut",
    [FAULT_STALL] = "stall",
    [FAULT_SLOW] = "slow",
    [FAULT_GARBLED] = "garbled",
    [FAULT_WRONG_TYPES] = "wrong_types",
    [FAULT_NUL_ID] = "nul_id",
    [FAULT_DUPLICATE_ROWS] = "duplicate_rows",
};

static const char json_content[] = "application/json;charset=utf-8";

static const char *order_text(const struct fault *fault, const char *name, const char *otherwise)
{
    struct json_object *value = json_object_object_get(fault->order, name);
    return json_object_is_type(value, json_type_string) ? json_object_get_string(value) : otherwise;
}

static int64_t order_number(struct json_object *order, const char *name, int64_t otherwise)
{
    struct json_object *value = json_object_object_get(order, name);
    return json_object_is_type(value, json_type_int) ? json_object_get_int64(value) : otherwise;
}

/* What an order may hold besides its kind, and of which type. */
static bool entry_is_valid(const char *name, struct json_object *value)
{
    static const char *const numbers[] = {"at",           "count",   "status", "retry_after_ms",
                                          "time_left_ms", "seconds", "bytes",  "delay_ms"};
    static const char *const texts[] = {"kind",    "action", "region",   "code",
                                        "message", "mode",   "location", "parameter"};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        if (strcmp(name, numbers[i]) == 0) {
            return json_object_is_type(value, json_type_int) && json_object_get_int64(value) >= 0;
        }
    }
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        if (strcmp(name, texts[i]) == 0) {
            return json_object_is_type(value, json_type_string);
        }
    }
    return strcmp(name, "headers") == 0 && json_object_is_type(value, json_type_object);
}

static enum fault_kind find_kind(const char *name)
{
    int kind = FAULT_KINDS - 1;
    while (kind > FAULT_NONE && (name == NULL || strcmp(kind_names[kind], name) != 0)) {
        kind--;
    }
    return (enum fault_kind)kind;
}

bool fault_add(struct fault_list *list, struct json_object *order, char *problem, size_t size)
{
    json_object_object_foreach(order, name, value)
    {
        if (!entry_is_valid(name, value)) {
            snprintf(problem, size, "unknown or bad entry \"%s\" in a fault", name);
            return false;
        }
    }
    struct fault fault = {.order = order};
    fault.kind = find_kind(order_text(&fault, "kind", NULL));
    fault.at = order_number(order, "at", 1);
    fault.count = order_number(order, "count", 1);
    int64_t status = order_number(order, "status", 500);
    if (fault.kind == FAULT_NONE || list->count == MOST_FAULTS || fault.at < 1 || status < 200 ||
        status > 599) {
        snprintf(problem, size, "%s",
                 list->count == MOST_FAULTS ? "too many faults" : "unknown kind, or bad number");
        return false;
    }
    json_object_get(order);
    list->faults[list->count++] = fault;
    return true;
}

void fault_clear(struct fault_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        json_object_put(list->faults[i].order);
    }
    list->count = 0;
}

/* Whether a request has the parameter NAME or NAME=VALUE; every one has "". */
static bool carries(const struct pair_list *parameters, const char *wanted)
{
    size_t length = strcspn(wanted, "=");
    bool is_met = wanted[0] == '\0';
    for (size_t i = 0; i < parameters->count; i++) {
        const struct pair *parameter = &parameters->items[i];
        is_met =
            is_met ||
            (strlen(parameter->name) == length && strncmp(parameter->name, wanted, length) == 0 &&
             (wanted[length] == '\0' || strcmp(parameter->value, wanted + length + 1) == 0));
    }
    return is_met;
}

static bool concerns(const struct fault *fault, const char *action, const char *region,
                     const struct pair_list *parameters)
{
    return strcmp(order_text(fault, "action", action), action) == 0 &&
           strcmp(order_text(fault, "region", region), region) == 0 &&
           carries(parameters, order_text(fault, "parameter", ""));
}

const struct fault *fault_for_request(struct fault_list *list, const char *action,
                                      const char *region, const struct pair_list *parameters)
{
    const struct fault *met = NULL;
    for (size_t i = 0; i < list->count; i++) {
        struct fault *fault = &list->faults[i];
        if (!concerns(fault, action, region, parameters)) {
            continue;
        }
        fault->seen++;
        bool is_due = fault->seen >= fault->at &&
                      (fault->count == 0 || fault->seen < fault->at + fault->count);
        if (met == NULL && is_due) {
            met = fault;
        }
    }
    return met;
}

bool fault_replaces_answer(const struct fault *fault)
{
    return fault->kind < FAULT_CUT;
}

struct json_object *error_body(const char *request_id, const char *host, const char *code,
                               const char *message)
{
    struct json_object *body = json_object_new_object();
    char advice[512];
    snprintf(advice, sizeof advice,
             "https://api.aliyun.com/troubleshoot?q=%s&product=hbr&requestId=%s", code, request_id);
    json_object_object_add(body, "RequestId", json_object_new_string(request_id));
    json_object_object_add(body, "HostId", json_object_new_string(host));
    json_object_object_add(body, "Code", json_object_new_string(code));
    json_object_object_add(body, "Message", json_object_new_string(message));
    json_object_object_add(body, "Recommend", json_object_new_string(advice));
    return body;
}

static void add_number_header(struct reply *reply, const char *name, const char *format,
                              int64_t number)
{
    char text[128];
    snprintf(text, sizeof text, "%s%" PRId64, format, number);
    reply_header(reply, name, text);
}

/* The headers an order asks for: its waiting times, and its own. */
static void add_headers(const struct fault *fault, struct reply *reply)
{
    int64_t retry_after = order_number(fault->order, "retry_after_ms", -1);
    int64_t time_left = order_number(fault->order, "time_left_ms", -1);
    if (retry_after >= 0) {
        add_number_header(reply, "x-acs-retry-after", "", retry_after);
    }
    if (time_left >= 0) {
        add_number_header(reply, "x-ratelimit-user-api",
                          "Limit:600,Remain:0,Reset:0,TimeLeft:", time_left);
    }
    struct json_object *headers = json_object_object_get(fault->order, "headers");
    if (headers != NULL) {
        json_object_object_foreach(headers, name, value)
        {
            reply_header(reply, name, value != NULL ? json_object_get_string(value) : "");
        }
    }
}

static const char *replace_by_error(const struct fault *fault, struct reply *reply, unsigned status,
                                    const char *code, const char *message, const char *request_id,
                                    const char *host)
{
    code = order_text(fault, "code", code);
    reply_json(reply, status,
               error_body(request_id, host, code, order_text(fault, "message", message)));
    return code;
}

static const char *replace_by_failure(const struct fault *fault, struct reply *reply,
                                      const char *request_id)
{
    const char *code = order_text(fault, "code", "InternalError");
    struct json_object *body = json_object_new_object();
    json_object_object_add(body, "RequestId", json_object_new_string(request_id));
    json_object_object_add(body, "Success", json_object_new_boolean(false));
    json_object_object_add(body, "Code", json_object_new_string(code));
    json_object_object_add(
        body, "Message",
        json_object_new_string(order_text(fault, "message", "The request failed.")));
    reply_json(reply, 200, body);
    return code;
}

static void replace_by_wrong_json(const struct fault *fault, struct reply *reply)
{
    static const struct {
        const char *mode;
        const char *body;
    } shapes[] = {{"array", "[1,2,3]"},
                  {"string", "\"successful\""},
                  {"null", "null"},
                  {"number", "200"},
                  {"rows_object", "{\"Success\":true,\"Code\":\"200\",\"TotalCount\":1,"
                                  "\"RestoreJobs\":{\"RestoreJob\":{}}}"},
                  {"rows_strings", "{\"Success\":true,\"Code\":\"200\",\"TotalCount\":1,"
                                   "\"RestoreJobs\":{\"RestoreJob\":[\"r\"]}}"},
                  {"object", "{}"}};
    const char *mode = order_text(fault, "mode", "object");
    size_t shape = 0;
    while (shape < sizeof shapes / sizeof *shapes - 1 && strcmp(shapes[shape].mode, mode) != 0) {
        shape++;
    }
    reply_text(reply, 200, json_content, shapes[shape].body);
}

static void replace_by_bulk(const struct fault *fault, struct reply *reply)
{
    int64_t bytes = order_number(fault->order, "bytes", INT64_C(1) << 30);
    if (fault->kind == FAULT_GZIP_BOMB) {
        int64_t most = INT64_C(1) << 34;
        reply_text(reply, 200, json_content, "");
        gzip_bomb(&reply->body, (uint64_t)(bytes < most ? bytes : most));
        reply_header(reply, "Content-Encoding", "gzip");
        reply->may_gzip = false;
        return;
    }
    reply_text(reply, 200, json_content, "{\"RestoreJobs\":{\"RestoreJob\":[");
    for (int i = 0; i < 4096; i++) {
        buffer_text(&reply->body, "{\"Status\":\"COMPLETE\"},");
    }
    reply->delivery = DELIVER_ENDLESS;
    reply->bytes = bytes;
}

const char *fault_replace(const struct fault *fault, struct reply *reply, const char *request_id,
                          const char *host)
{
    const char *code = "";
    switch (fault->kind) {
    case FAULT_HTTP:
        code = replace_by_error(
            fault, reply, (unsigned)order_number(fault->order, "status", 500), "InternalError",
            "The request processing has failed due to some unknown error.", request_id, host);
        break;
    case FAULT_THROTTLE:
        code = replace_by_error(fault, reply, 400, "Throttling.User",
                                "Request was denied due to user flow control.", request_id, host);
        break;
    case FAULT_TOKEN_EXPIRED:
        code = replace_by_error(fault, reply, 400, "InvalidSecurityToken.Expired",
                                "Specified SecurityToken is expired.", request_id, host);
        break;
    case FAULT_CLOSE:
    case FAULT_RESET:
        reply->status = 0;
        reply->delivery = fault->kind == FAULT_CLOSE ? DELIVER_CLOSE : DELIVER_RESET;
        break;
    case FAULT_HTML:
        reply_text(reply, (unsigned)order_number(fault->order, "status", 200), "text/html",
                   "<!DOCTYPE html><html><body><h1>Please log in</h1></body></html>");
        break;
    case FAULT_WRONG_JSON:
        replace_by_wrong_json(fault, reply);
        break;
    case FAULT_HUGE:
    case FAULT_GZIP_BOMB:
        replace_by_bulk(fault, reply);
        break;
    case FAULT_SUCCESS_FALSE:
        code = replace_by_failure(fault, reply, request_id);
        break;
    case FAULT_REDIRECT:
        reply_text(reply, 302, "text/plain", "");
        reply_header(reply, "Location", order_text(fault, "location", "http://redirect.invalid/"));
        break;
    case FAULT_EMPTY_BODY:
        reply_text(reply, 200, json_content, "");
        break;
    default:
        reply_text(reply, 200, json_content, "this is not JSON {\"Success\":true,");
        break;
    }
    add_headers(fault, reply);
    return code;
}

void fault_spoil(const struct fault *fault, struct reply *reply)
{
    if (fault->kind == FAULT_CUT) {
        reply->delivery = DELIVER_CUT;
    } else if (fault->kind == FAULT_STALL) {
        reply->delivery = DELIVER_STALL;
        reply->pause_ms = order_number(fault->order, "seconds", 60) * 1000;
    } else if (fault->kind == FAULT_SLOW) {
        reply->delivery = DELIVER_SLOW;
        reply->pause_ms = order_number(fault->order, "delay_ms", 5);
    } else if (fault->kind == FAULT_GARBLED) {
        for (size_t i = 0; i < reply->body.length; i += 61) {
            reply->body.data[i] = (char)(reply->body.data[i] ^ 0x15);
        }
    }
    add_headers(fault, reply);
}

enum id_style fault_id_style(const struct fault *fault)
{
    const char *mode = order_text(fault, "mode", "absent");
    if (fault->kind != FAULT_NUL_ID) {
        return ID_RIGHT;
    }
    return strcmp(mode, "empty") == 0    ? ID_EMPTY
           : strcmp(mode, "number") == 0 ? ID_NUMBER
           : strcmp(mode, "null") == 0   ? ID_NULL
                                         : ID_ABSENT;
}
