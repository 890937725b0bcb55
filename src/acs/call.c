#include "acs/call.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/text.h"

struct acs_share *acs_share_find(struct acs_share **list, const char *name, double rate,
                                 int64_t now_ms)
{
    for (struct acs_share *share = *list; share != NULL; share = share->next) {
        if (strcmp(share->name, name) == 0) {
            return share;
        }
    }
    struct acs_share *share = calloc(1, sizeof(*share));
    if (share == NULL) {
        return NULL;
    }
    share->name = text_copy(name);
    if (share->name == NULL) {
        free(share);
        return NULL;
    }
    acs_rate_limit_init(&share->limit, rate, now_ms);
    share->next = *list;
    *list = share;
    return share;
}

void acs_share_free_all(struct acs_share *list)
{
    while (list != NULL) {
        struct acs_share *next = list->next;
        free(list->name);
        free(list);
        list = next;
    }
}

/* A name that goes into a header or a message as it is. */
static bool copy_name(char target[ACS_NAME_MAX], const char *text, const char *what,
                      struct error *err)
{
    if (text[strspn(text, TEXT_ALPHANUMERIC "-_.")] != '\0') {
        return error_set(
            err, ERROR_USAGE,
            "the %s of a request may hold letters, digits, \"-\", \"_\" and \".\" only", what);
    }
    return text_fit(target, ACS_NAME_MAX, text) ||
           error_set(err, ERROR_USAGE, "the %s of a request is longer than %d characters", what,
                     ACS_NAME_MAX - 1);
}

/* All names and values go into one block. */
static bool copy_parameters(struct acs_call *call, const struct acs_request *request,
                            struct error *err)
{
    size_t size = 0;
    for (size_t i = 0; i < request->parameter_count; i++) {
        size += strlen(request->parameters[i].name) + strlen(request->parameters[i].value) + 2;
    }
    call->parameters = calloc(request->parameter_count + 1, sizeof(*call->parameters));
    call->texts = malloc(size + 1);
    if (call->parameters == NULL || call->texts == NULL) {
        return error_no_memory(err);
    }
    char *at = call->texts;
    for (size_t i = 0; i < request->parameter_count; i++) {
        size_t name_size = strlen(request->parameters[i].name) + 1;
        size_t value_size = strlen(request->parameters[i].value) + 1;
        call->parameters[i].name = memcpy(at, request->parameters[i].name, name_size);
        call->parameters[i].value =
            memcpy(at + name_size, request->parameters[i].value, value_size);
        at += name_size + value_size;
    }
    call->parameter_count = request->parameter_count;
    return true;
}

static bool fill(struct acs_call *call, const struct acs_request *request, struct error *err)
{
    if (request->parameter_count > ACS_PARAMETERS_MAX) {
        return error_set(err, ERROR_USAGE, "a request of %zu parameters; %d is the most",
                         request->parameter_count, ACS_PARAMETERS_MAX);
    }
    call->check = request->check;
    call->answer.tag = request->tag;
    return acs_endpoint_parse(request->endpoint, &call->endpoint, err) &&
           copy_name(call->region, request->region, "region", err) &&
           copy_name(call->action, request->action, "action", err) &&
           copy_name(call->version, request->version, "version", err) &&
           copy_parameters(call, request, err);
}

bool acs_call_new(const struct acs_request *request, struct acs_call **ret_call, struct error *err)
{
    struct acs_call *call = calloc(1, sizeof(*call));
    if (call == NULL) {
        return error_no_memory(err);
    }
    if (!fill(call, request, err)) {
        acs_call_free(call);
        return false;
    }
    *ret_call = call;
    return true;
}

void acs_call_free(struct acs_call *call)
{
    if (call == NULL) {
        return;
    }
    json_free(call->answer.root);
    free(call->parameters);
    free(call->texts);
    free(call);
}

void acs_call_context(const struct acs_call *call, int64_t now_ms, struct error *err)
{
    const char *in = call->region[0] != '\0' ? " in " : "";
    if (call->retry.attempts <= 1) {
        error_context(err, "%s%s%s at %s", call->action, in, call->region, call->endpoint.base);
        return;
    }
    error_context(err, "%s%s%s at %s: %u attempts in %" PRId64 " s", call->action, in, call->region,
                  call->endpoint.base, call->retry.attempts,
                  (now_ms - call->retry.started_ms + 500) / 1000);
}

void acs_call_append(struct acs_call_list *list, struct acs_call *call)
{
    call->next = NULL;
    if (list->last != NULL) {
        list->last->next = call;
    } else {
        list->first = call;
    }
    list->last = call;
}

void acs_call_remove(struct acs_call_list *list, struct acs_call *call)
{
    struct acs_call *before = NULL;
    struct acs_call **link = &list->first;
    while (*link != call) {
        before = *link;
        link = &before->next;
    }
    *link = call->next;
    if (list->last == call) {
        list->last = before;
    }
    call->next = NULL;
}
