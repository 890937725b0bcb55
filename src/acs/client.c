#include "acs/client.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <curl/curl.h>
#include <openssl/rand.h>

#include "acs/answer.h"
#include "acs/rate_limit.h"
#include "acs/retry_watch.h"
#include "acs/setup.h"
#include "acs/trace.h"
#include "acs/transfer.h"
#include "base/clock.h"
#include "base/interrupt.h"
#include "base/json.h"
#include "base/text.h"

#define NAME_MAX_LENGTH 63
#define POLL_MAX_MS 1000 /* so often a wait looks around, whatever it was told */
#define RUNNING_MAX 64   /* attempts at once, all hosts together */
/* Between connections to a host: a short listen queue loses those that come at once. */
#define OPEN_APART_MS 3
#define SILENT_MS 5000 /* a first attempt may take so long without a word */

/* What calls to one region share: the rate limit; and what calls to one host share: connections. */
struct share {
    struct acs_rate_limit limit;
    unsigned running;
    unsigned connections; /* of a host: the most that ran at once, so that more opens another ... */
    int64_t opened_ms;    /* ... which happened last at this time */
    struct share *next;
    char name[];
};

/* A call that was submitted, from then until its answer is taken. */
struct acs_call {
    struct acs_endpoint endpoint;
    struct acs_request request;       /* a copy: */
    struct acs_parameter *parameters; /* owned; the texts of all are in `texts` */
    char *texts;
    struct share *region_share;    /* the client's */
    struct share *host_share;      /* the client's */
    struct acs_transfer *transfer; /* while an attempt is under way, else NULL */
    int64_t not_before_ms;
    bool paid;    /* its next attempt is taken from the budget already */
    bool renewed; /* was tried again because its credentials had expired */
    struct acs_retry retry;
    struct acs_waiting waiting;
    struct acs_answer answer;
    struct acs_call *next;
};

/* First in, first out. */
struct call_list {
    struct acs_call *first;
    struct acs_call *last;
};

struct acs_client {
    struct acs_client_options options;  /* ca_file as of acs_setup_ca_file */
    struct acs_credentials credentials; /* for new attempts */
    bool refused;                       /* the service took no token of those in use */
    struct acs_trace trace;
    CURLM *multi;
    struct call_list live; /* queued, waiting or under way, in order of submission */
    struct call_list done;
    unsigned running;
    struct share *regions;
    struct share *hosts;
    struct acs_client_counters counters;
};

void acs_client_defaults(struct acs_client_options *options)
{
    *options = (struct acs_client_options){
        .connections = 10,
        .queries_per_second = 10,
        .connect_timeout_ms = 10000,
        .stall_timeout_ms = 30000,
        .attempt_timeout_ms = 120000,
        .retry_for_ms = 300000,
        .answer_max = (size_t)8 * 1024 * 1024,
    };
}

/* Whether the multi handle did it; else ERROR_INTERNAL with libcurl's words. */
static bool multi_ok(CURLMcode code, struct error *err)
{
    return code == CURLM_OK ||
           error_set(err, ERROR_INTERNAL, "libcurl: %s", curl_multi_strerror(code));
}

bool acs_client_new(const struct acs_client_options *options,
                    const struct acs_credentials *credentials, struct acs_client **ret_client,
                    struct error *err)
{
    const char *ca_file;
    if (!acs_setup_libcurl(err) || !acs_setup_ca_file(options->ca_file, &ca_file, err)) {
        return false;
    }
    struct acs_client *client = calloc(1, sizeof(*client));
    if (client == NULL) {
        return error_no_memory(err);
    }
    client->options = *options;
    client->options.ca_file = ca_file;
    client->credentials = *credentials;
    client->trace.file = options->trace;
    client->multi = curl_multi_init();
    /* Idle connections to keep: one per running attempt, so that none is closed to be opened again.
     */
    bool ok = client->multi != NULL || error_no_memory(err);
    if (!ok ||
        !multi_ok(curl_multi_setopt(client->multi, CURLMOPT_MAXCONNECTS, (long)RUNNING_MAX), err)) {
        acs_client_free(client);
        return false;
    }
    *ret_client = client;
    return true;
}

/* --- calls --------------------------------------------------------------------------------- */

/* The share of this name, made when there is none; NULL when there is no memory. */
static struct share *find_share(struct share **list, const char *name, double rate, int64_t now)
{
    size_t size = strlen(name) + 1;
    struct share *share = *list;
    while (share != NULL && strcmp(share->name, name) != 0) {
        share = share->next;
    }
    if (share != NULL) {
        return share;
    }
    share = calloc(1, sizeof(*share) + size);
    if (share != NULL) {
        memcpy(share->name, name, size);
        acs_rate_limit_init(&share->limit, rate, now);
        share->next = *list;
        *list = share;
    }
    return share;
}

static void free_shares(struct share *list)
{
    while (list != NULL) {
        struct share *next = list->next;
        free(list);
        list = next;
    }
}

/* A name goes into a header or a message as it is. */
static bool check_name(const char *text, const char *what, struct error *err)
{
    if (text[strspn(text, TEXT_ALPHANUMERIC "-_.")] != '\0') {
        return error_set(
            err, ERROR_USAGE,
            "the %s of a request may hold letters, digits, \"-\", \"_\" and \".\" only", what);
    }
    return strlen(text) <= NAME_MAX_LENGTH ||
           error_set(err, ERROR_USAGE, "the %s of a request is longer than %d characters", what,
                     NAME_MAX_LENGTH);
}

/* Copies the text to *at, and moves that behind it. */
static const char *put(char **at, const char *text)
{
    const char *start = *at;
    *at = stpcpy(*at, text) + 1;
    return start;
}

/* A copy of the request, checked for what could not be sent. */
static bool copy_request(struct acs_call *call, const struct acs_request *request,
                         struct error *err)
{
    if (request->parameter_count > ACS_PARAMETERS_MAX) {
        return error_set(err, ERROR_USAGE, "a request of %zu parameters; %d is the most",
                         request->parameter_count, ACS_PARAMETERS_MAX);
    }
    if (!acs_endpoint_parse(request->endpoint, &call->endpoint, err) ||
        !check_name(request->region, "region", err) ||
        !check_name(request->action, "action", err) ||
        !check_name(request->version, "version", err)) {
        return false;
    }
    size_t size = strlen(request->region) + strlen(request->action) + strlen(request->version) + 3;
    for (size_t i = 0; i < request->parameter_count; i++) {
        size += strlen(request->parameters[i].name) + strlen(request->parameters[i].value) + 2;
    }
    call->parameters = calloc(request->parameter_count + 1, sizeof(*call->parameters));
    call->texts = malloc(size);
    if (call->parameters == NULL || call->texts == NULL) {
        return error_no_memory(err);
    }
    char *at = call->texts;
    call->request = *request;
    call->request.endpoint = call->endpoint.base;
    call->request.region = put(&at, request->region);
    call->request.action = put(&at, request->action);
    call->request.version = put(&at, request->version);
    call->request.parameters = call->parameters;
    for (size_t i = 0; i < request->parameter_count; i++) {
        call->parameters[i].name = put(&at, request->parameters[i].name);
        call->parameters[i].value = put(&at, request->parameters[i].value);
    }
    call->answer.tag = request->tag;
    return true;
}

static void append(struct call_list *list, struct acs_call *call)
{
    call->next = NULL;
    *(list->last != NULL ? &list->last->next : &list->first) = call;
    list->last = call;
}

/* The list must hold it. */
static void remove_call(struct call_list *list, struct acs_call *call)
{
    struct acs_call *before = NULL;
    for (struct acs_call *other = list->first; other != call; other = other->next) {
        before = other;
    }
    *(before != NULL ? &before->next : &list->first) = call->next;
    list->last = list->last == call ? before : list->last;
}

/* Puts "ACTION in REGION at ENDPOINT: N attempts in S s: " before the message. */
static void add_context(const struct acs_call *call, struct error *err)
{
    char attempts[64] = "";
    const struct acs_request *request = &call->request;
    if (call->retry.attempts > 1) {
        (void)snprintf(attempts, sizeof(attempts), ": %u attempts in %" PRId64 " s",
                       call->retry.attempts,
                       (clock_monotonic_ms() - call->retry.started_ms + 500) / 1000);
    }
    error_context(err, "%s%s%s at %s%s", request->action, request->region[0] != '\0' ? " in " : "",
                  request->region, request->endpoint, attempts);
}

/* Takes the attempt of a call out of the multi handle. */
static void end_attempt(struct acs_client *client, struct acs_call *call)
{
    struct acs_transfer *transfer = call->transfer;
    if (transfer == NULL) {
        return;
    }
    call->transfer = NULL;
    client->running--;
    call->host_share->running--;
    if (curl_multi_remove_handle(client->multi, transfer->easy) == CURLM_OK) {
        acs_transfer_free(transfer);
    } /* else libcurl may still hold it; better lost than freed twice */
}

/* One request of the budget, if there is one left. */
static bool take_request(struct acs_client *client, struct acs_call *call, struct error *err)
{
    struct acs_budget *budget = client->options.budget;
    if (budget != NULL && budget->most != 0 && !call->paid) {
        if (atomic_fetch_add(&budget->taken, 1) >= budget->most) {
            (void)atomic_fetch_sub(&budget->taken, 1);
            return error_set(err, ERROR_UNPROVED,
                             "stopped after %" PRId64 " requests (--max-requests)", budget->most);
        }
        call->paid = true;
    }
    return true;
}

/* A request that was not sent goes back to the budget. */
static void free_call(struct acs_client *client, struct acs_call *call)
{
    if (call->paid) {
        (void)atomic_fetch_sub(&client->options.budget->taken, 1);
    }
    acs_retry_ended(&call->waiting);
    acs_answer_free(&call->answer);
    free(call->parameters);
    free(call->texts);
    free(call);
}

static void free_calls(struct acs_client *client, struct call_list *list)
{
    while (list->first != NULL) {
        struct acs_call *call = list->first;
        remove_call(list, call);
        end_attempt(client, call);
        free_call(client, call);
    }
}

void acs_client_cancel(struct acs_client *client)
{
    free_calls(client, &client->live);
    free_calls(client, &client->done);
}

void acs_client_free(struct acs_client *client)
{
    if (client == NULL) {
        return;
    }
    acs_client_cancel(client);
    if (client->multi != NULL) {
        (void)curl_multi_cleanup(client->multi);
    }
    free_shares(client->regions);
    free_shares(client->hosts);
    acs_credentials_wipe(&client->credentials);
    free(client);
}

bool acs_client_submit(struct acs_client *client, const struct acs_request *request,
                       struct error *err)
{
    int64_t now = clock_monotonic_ms();
    double rate = client->options.queries_per_second;
    struct acs_call *call = calloc(1, sizeof(*call));
    if (call == NULL) {
        return error_no_memory(err);
    }
    bool ok = copy_request(call, request, err);
    if (ok) {
        call->region_share = find_share(&client->regions, request->region, rate, now);
        call->host_share = find_share(&client->hosts, call->endpoint.base, rate, now);
        ok = (call->region_share != NULL && call->host_share != NULL) || error_no_memory(err);
    }
    if (!ok || !take_request(client, call, err)) {
        free_call(client, call);
        return false;
    }
    call->not_before_ms = now;
    call->retry.budget_ms = client->options.retry_for_ms;
    append(&client->live, call);
    return true;
}

static void finish(struct acs_client *client, struct acs_call *call)
{
    acs_retry_ended(&call->waiting);
    remove_call(&client->live, call);
    append(&client->done, call);
}

static void finish_failed(struct acs_client *client, struct acs_call *call)
{
    add_context(call, &call->answer.error);
    finish(client, call);
}

/* The trace, told which attempt is next. */
static struct acs_trace *trace_of(struct acs_client *client, const struct acs_call *call)
{
    client->trace.secrets = &call->transfer->secrets;
    client->trace.action = call->request.action;
    client->trace.region = call->request.region;
    client->trace.attempt = call->retry.attempts;
    return &client->trace;
}

/* Lets the source of the credentials replace them. What was signed with the old ones goes on. */
static bool renew_credentials(struct acs_client *client, struct error *err)
{
    bool refused = client->refused;
    bool renewed;
    client->refused = false;
    return client->options.renew == NULL ||
           client->options.renew(client->options.renew_context, refused, &client->credentials,
                                 &renewed, err);
}

/* Prepares an attempt and gives it to libcurl. */
static bool launch(struct acs_client *client, struct acs_call *call, int64_t now, struct error *err)
{
    struct share *host = call->host_share;
    if (!renew_credentials(client, err)) {
        return false;
    }
    struct acs_transfer *transfer = acs_transfer_new(client->options.answer_max);
    if (transfer == NULL) {
        return error_no_memory(err);
    }
    if (call->retry.attempts == 0) {
        call->retry.started_ms = now;
    } else {
        client->counters.retries++;
    }
    call->retry.attempts++;
    if (!acs_transfer_prepare(transfer, &client->options, &client->credentials, &call->endpoint,
                              &call->request, err) ||
        !multi_ok(curl_multi_add_handle(client->multi, transfer->easy), err)) {
        acs_transfer_free(transfer);
        return false;
    }
    transfer->owner = call;
    call->transfer = transfer;
    call->paid = false;
    acs_rate_limit_take(&call->region_share->limit, now);
    client->running++;
    if (++host->running > host->connections) {
        host->connections = host->running;
        host->opened_ms = now;
    }
    client->counters.requests++;
    acs_trace_request(trace_of(client, call), transfer->url.data, transfer->headers);
    return true;
}

static int64_t later(int64_t left, int64_t right)
{
    return left > right ? left : right;
}

/* Starts what may start now. Returns the milliseconds until something more may. */
static int64_t start_ready(struct acs_client *client)
{
    int64_t now = clock_monotonic_ms();
    int64_t soonest = POLL_MAX_MS;
    struct acs_call *next;
    for (struct acs_call *call = client->live.first; call != NULL; call = next) {
        next = call->next;
        if (call->transfer != NULL || client->running >= RUNNING_MAX ||
            call->host_share->running >= client->options.connections) {
            continue;
        }
        const struct share *host = call->host_share;
        int64_t wait =
            later(acs_rate_limit_delay(&call->region_share->limit, now), call->not_before_ms - now);
        if (host->running == host->connections) {
            wait = later(wait, host->opened_ms + OPEN_APART_MS - now);
        }
        if (wait > 0) {
            soonest = wait < soonest ? wait : soonest;
        } else if (!take_request(client, call, &call->answer.error)) {
            finish(client, call); /* it is no failure of this call */
        } else if (!launch(client, call, now, &call->answer.error)) {
            finish_failed(client, call);
        }
    }
    return soonest;
}

static bool quotes(const struct acs_reply *reply, const char *secret)
{
    size_t length = strlen(secret); /* a short one is in a text by chance */
    return length >= 12 && memmem(reply->body, reply->length, secret, length) != NULL;
}

/* Judges the answer of an attempt that libcurl completed. */
static enum acs_outcome judge(struct acs_client *client, struct acs_call *call)
{
    struct acs_answer *answer = &call->answer;
    struct acs_reply reply = {
        .http_status = acs_transfer_status(call->transfer),
        .headers = &call->transfer->answer,
        .body = call->transfer->body.data,
        .length = call->transfer->body.length,
        .action = call->request.action,
        .version = call->request.version,
        .secrets = &call->transfer->secrets,
        .key_from = client->credentials.provider,
        .now = clock_now(),
    };
    enum acs_outcome outcome =
        acs_answer_judge(&reply, &answer->root, answer->request_id, &answer->error);
    if (outcome == ACS_OK &&
        (quotes(&reply, reply.secrets->key_secret) || quotes(&reply, reply.secrets->token))) {
        client->counters.quoting++;
    }
    if (outcome == ACS_OK && call->request.check != NULL &&
        !call->request.check(answer->root, answer->tag, &answer->error)) {
        acs_answer_free(answer);
        answer->error.http_status = reply.http_status;
        (void)text_fit(answer->error.request_id, sizeof(answer->error.request_id),
                       answer->request_id);
        outcome = answer->error.retryable ? ACS_GARBLED : ACS_PERMANENT;
    }
    return outcome;
}

/* What came of the attempt; traces it. */
static enum acs_outcome evaluate(struct acs_client *client, struct acs_call *call, CURLcode result)
{
    struct acs_transfer *transfer = call->transfer;
    struct acs_trace *trace = trace_of(client, call);
    int64_t elapsed = clock_monotonic_ms() - transfer->started_ms;
    client->counters.bytes += transfer->body.length;
    error_clear(&call->answer.error);
    call->answer.request_id[0] = '\0';
    call->answer.date = transfer->answer.date;
    if (result == CURLE_OK) {
        acs_trace_answer(trace, elapsed, &transfer->answer, transfer->body.data,
                         transfer->body.length);
        return judge(client, call);
    }
    enum acs_outcome outcome = acs_transfer_error(transfer, result, &call->answer.error);
    acs_trace_failure(trace, elapsed, call->answer.error.message);
    return outcome;
}

static uint32_t chance(void)
{
    uint32_t value;
    /* Else the longest wait. */
    return RAND_bytes((unsigned char *)&value, (int)sizeof(value)) == 1 ? value : UINT32_MAX;
}

/* Whether the attempt, signed with the newest credentials or not, failed by its token and newer
 * ones can be had, once a call. The token may have expired, but also be malformed, of another key,
 * or missing: a new set is whole. */
static bool can_renew(struct acs_client *client, struct acs_call *call, bool newest)
{
    const char *code = call->answer.error.api_code;
    if (client->options.renew == NULL || call->renewed ||
        (!text_starts_with(code, "InvalidSecurityToken") &&
         !text_starts_with(code, "MissingSecurityToken"))) {
        return false;
    }
    call->renewed = true;
    client->refused = client->refused || newest;
    return true;
}

/* `wait_ms` and `reason` as of acs_retry_failed. */
static void tell_waiting(struct acs_call *call, int64_t wait_ms, const struct error *reason)
{
    struct error brief = *reason;
    struct error err = *reason;
    (void)error_context(&brief, "%s",
                        call->request.region[0] != '\0' ? call->request.region
                                                        : call->request.action);
    add_context(call, &err);
    acs_retry_failed(&call->waiting, &call->retry, wait_ms, brief.message, &err);
}

/* A first attempt that takes long is told, too. */
static void look_at_waiting(const struct acs_client *client)
{
    int64_t late = clock_monotonic_ms() - SILENT_MS;
    struct error err;
    for (struct acs_call *call = client->live.first; call != NULL; call = call->next) {
        if (call->transfer != NULL && !call->waiting.listed && call->transfer->started_ms <= late &&
            call->transfer->body.length == 0) {
            (void)error_set(&err, ERROR_SERVICE, "no answer yet");
            tell_waiting(call, -1, &err);
        }
    }
    acs_retry_look();
}

/* An attempt has ended: the call is done, or waits for its next attempt. */
static void take_result(struct acs_client *client, struct acs_transfer *transfer, CURLcode result)
{
    struct acs_call *call = transfer->owner;
    enum acs_outcome outcome = evaluate(client, call, result);
    /* The wait that the service asks for; the rate-limit headers count when it throttles. */
    int64_t asked = later(transfer->answer.retry_after_ms,
                          outcome == ACS_THROTTLED ? transfer->answer.rate_limit_ms : 0);
    int64_t now = clock_monotonic_ms();
    const struct acs_credentials *used = &transfer->credentials;
    bool newest = strcmp(used->access_key_id, client->credentials.access_key_id) == 0 &&
                  strcmp(used->security_token, client->credentials.security_token) == 0;
    end_attempt(client, call);
    if (outcome == ACS_OK) {
        call->answer.ok = true;
        finish(client, call);
        return;
    }
    if (outcome == ACS_PERMANENT && can_renew(client, call, newest)) {
        call->not_before_ms = now;
        return;
    }
    int64_t wait;
    bool again = acs_retry_next(&call->retry, outcome, asked, now, chance(), &wait);
    if (outcome == ACS_THROTTLED) {
        /* The other calls wait, too, but not for longer than one of them may. */
        int64_t most = client->options.retry_for_ms;
        client->counters.throttled++;
        acs_rate_limit_throttled(&call->region_share->limit, now,
                                 now + (wait < most ? wait : most));
    }
    if (again) {
        call->not_before_ms = now + wait;
        tell_waiting(call, wait, &call->answer.error);
    } else {
        finish_failed(client, call);
    }
}

/* Lets libcurl work, and takes one attempt that it has completed: *ret_taken. The others wait as
 * they came: decoded, an answer takes three times the room. */
static bool perform(struct acs_client *client, bool *ret_taken, struct error *err)
{
    int running;
    *ret_taken = false;
    if (!multi_ok(curl_multi_perform(client->multi, &running), err)) {
        return false;
    }
    int queued;
    CURLMsg *message = curl_multi_info_read(client->multi, &queued);
    if (message == NULL || message->msg != CURLMSG_DONE) {
        return true;
    }
    /* The message is gone once the handle is removed. */
    CURLcode result = message->data.result;
    struct acs_transfer *transfer = NULL;
    if (curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &transfer) != CURLE_OK ||
        transfer == NULL || transfer->owner == NULL) {
        return error_set(err, ERROR_INTERNAL, "libcurl completed what was not asked");
    }
    take_result(client, transfer, result);
    *ret_taken = true;
    return true;
}

bool acs_client_wait(struct acs_client *client, struct acs_answer *ret_answer, struct error *err)
{
    struct curl_waitfd signals = {.fd = interrupt_descriptor(), .events = CURL_WAIT_POLLIN};
    while (client->done.first == NULL) {
        if (!interrupt_check(err)) {
            return false;
        }
        if (client->live.first == NULL) {
            return error_set(err, ERROR_INTERNAL, "no call is under way");
        }
        int64_t timeout = start_ready(client);
        bool taken;
        if (!perform(client, &taken, err)) {
            return false;
        }
        /* What was taken may let another attempt start: no wait before that was looked at. */
        if (!taken && client->done.first == NULL) {
            look_at_waiting(client);
            if (!multi_ok(curl_multi_poll(client->multi, &signals, signals.fd >= 0 ? 1 : 0,
                                          (int)timeout, NULL),
                          err)) {
                return false;
            }
        }
    }
    if (!interrupt_check(err)) {
        return false;
    }
    struct acs_call *call = client->done.first;
    remove_call(&client->done, call);
    *ret_answer = call->answer;
    call->answer.root = NULL;
    free_call(client, call);
    return true;
}

bool acs_client_call(struct acs_client *client, const struct acs_request *request,
                     struct acs_answer *ret_answer, struct error *err)
{
    memset(ret_answer, 0, sizeof(*ret_answer));
    if (client->live.first != NULL || client->done.first != NULL) {
        return error_set(err, ERROR_INTERNAL, "another call is under way");
    }
    if (!acs_client_submit(client, request, err)) {
        return false;
    }
    if (!acs_client_wait(client, ret_answer, err)) {
        acs_client_cancel(client);
        return false;
    }
    return ret_answer->ok || error_copy(err, &ret_answer->error);
}

bool acs_client_holds_secret(const struct acs_client *client, const char *text)
{
    const struct acs_secrets secrets = {.key_secret = client->credentials.access_key_secret,
                                        .token = client->credentials.security_token};
    return acs_holds_secret(text, strlen(text), &secrets);
}

struct acs_client_counters acs_client_counters(const struct acs_client *client)
{
    return client->counters;
}

void acs_answer_free(struct acs_answer *answer)
{
    if (answer != NULL) {
        json_free(answer->root);
        answer->root = NULL;
    }
}
