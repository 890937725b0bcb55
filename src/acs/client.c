#include "acs/client.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <curl/curl.h>
#include <openssl/rand.h>

#include "acs/answer.h"
#include "acs/call.h"
#include "acs/setup.h"
#include "acs/trace.h"
#include "acs/transfer.h"
#include "base/clock.h"
#include "base/interrupt.h"
#include "base/json.h"
#include "base/text.h"

#define POLL_MAX_MS 1000 /* so often a wait looks around, whatever it was told */
#define RUNNING_MAX 64   /* attempts at once, all hosts together */
/* Between connections to a host: a short listen queue loses those that come at once. */
#define OPEN_APART_MS 3
#define SILENT_MS 5000 /* a first attempt may take so long without a word */

struct acs_client {
    struct acs_client_options options; /* its texts are owned here */
    char *user_agent;
    char *ca_file;
    bool refused; /* the service took no token of those in use */
    struct acs_setup setup;
    struct acs_trace trace;
    CURLM *multi;
    struct acs_call_list live; /* queued, waiting or under way, in order of submission */
    struct acs_call_list done;
    unsigned running;
    struct acs_share *regions;
    struct acs_share *hosts;
    struct acs_client_counters counters;
};

/* Copies what the client keeps. */
static bool copy_settings(struct acs_client *client, const struct acs_client_options *options,
                          const struct acs_credentials *credentials, struct error *err)
{
    const char *ca_file;
    if (!acs_setup_ca_file(options->ca_file, &ca_file, err)) {
        return false;
    }
    client->options = *options;
    client->setup.keys = acs_key_set_new(credentials);
    client->user_agent = text_copy(options->user_agent != NULL ? options->user_agent : "hbrsync");
    client->ca_file = ca_file != NULL ? text_copy(ca_file) : NULL;
    if (client->setup.keys == NULL || client->user_agent == NULL ||
        (ca_file != NULL && client->ca_file == NULL)) {
        return error_no_memory(err);
    }
    client->options.user_agent = client->user_agent;
    client->options.ca_file = client->ca_file;
    client->setup.options = &client->options;
    client->trace.file = options->trace;
    return true;
}

static bool open_multi(struct acs_client *client, struct error *err)
{
    client->multi = curl_multi_init();
    if (client->multi == NULL) {
        return error_no_memory(err);
    }
    /* Idle connections to keep: one per running attempt, so that none is closed to be opened again.
     */
    return acs_multi_ok(curl_multi_setopt(client->multi, CURLMOPT_MAXCONNECTS, (long)RUNNING_MAX),
                        err);
}

bool acs_client_new(const struct acs_client_options *options,
                    const struct acs_credentials *credentials, struct acs_client **ret_client,
                    struct error *err)
{
    if (!acs_setup_libcurl(err) || !acs_credentials_check(credentials, err)) {
        return false;
    }
    struct acs_client *client = calloc(1, sizeof(*client));
    if (client == NULL) {
        return error_no_memory(err);
    }
    if (!copy_settings(client, options, credentials, err) || !open_multi(client, err)) {
        acs_client_free(client);
        return false;
    }
    *ret_client = client;
    return true;
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
    acs_call_free(call);
}

static void free_calls(struct acs_client *client, struct acs_call_list *list)
{
    while (list->first != NULL) {
        struct acs_call *call = list->first;
        acs_call_remove(list, call);
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
    acs_share_free_all(client->regions);
    acs_share_free_all(client->hosts);
    free(client->user_agent);
    free(client->ca_file);
    acs_key_set_release(client->setup.keys);
    free(client);
}

bool acs_client_submit(struct acs_client *client, const struct acs_request *request,
                       struct error *err)
{
    struct acs_call *call;
    if (!acs_call_new(request, &call, err)) {
        return false;
    }
    int64_t now = clock_monotonic_ms();
    double rate = client->options.queries_per_second;
    call->region_share = acs_share_find(&client->regions, call->region, rate, now);
    call->host_share = acs_share_find(&client->hosts, call->endpoint.base, rate, now);
    if (call->region_share == NULL || call->host_share == NULL) {
        acs_call_free(call);
        return error_no_memory(err);
    }
    if (!take_request(client, call, err)) {
        acs_call_free(call);
        return false;
    }
    call->not_before_ms = now;
    call->retry.budget_ms = client->options.retry_for_ms;
    acs_call_append(&client->live, call);
    return true;
}

static void finish(struct acs_client *client, struct acs_call *call)
{
    acs_retry_ended(&call->waiting);
    acs_call_remove(&client->live, call);
    acs_call_append(&client->done, call);
}

static void finish_failed(struct acs_client *client, struct acs_call *call)
{
    acs_call_context(call, clock_monotonic_ms(), &call->answer.error);
    finish(client, call);
}

static struct acs_trace_call trace_call(const struct acs_call *call)
{
    return (struct acs_trace_call){call->action, call->region, call->retry.attempts};
}

/* Prepares an attempt and gives it to libcurl. */
static bool launch(struct acs_client *client, struct acs_call *call, struct acs_transfer *transfer,
                   struct error *err)
{
    if (!acs_transfer_prepare(transfer, &client->setup, call, err) ||
        !acs_multi_ok(curl_multi_add_handle(client->multi, transfer->easy), err)) {
        return false;
    }
    transfer->owner = call;
    return true;
}

/* Lets the source of the credentials replace them. What was signed with the old ones goes on. */
static bool renew_credentials(struct acs_client *client, struct error *err)
{
    bool refused = client->refused;
    bool renewed = false;
    if (client->options.renew == NULL) {
        return true;
    }
    struct acs_key_set *next = acs_key_set_new(&client->setup.keys->credentials);
    if (next == NULL) {
        return error_no_memory(err);
    }
    client->refused = false;
    bool ok = client->options.renew(client->options.renew_context, refused, &next->credentials,
                                    &renewed, err);
    if (ok && renewed) {
        acs_key_set_release(client->setup.keys);
        client->setup.keys = next;
    } else {
        acs_key_set_release(next);
    }
    return ok;
}

static void start_attempt(struct acs_client *client, struct acs_call *call, int64_t now)
{
    if (!take_request(client, call, &call->answer.error)) {
        finish(client, call); /* it is no failure of this call */
        return;
    }
    if (!renew_credentials(client, &call->answer.error)) {
        finish_failed(client, call);
        return;
    }
    struct acs_transfer *transfer = acs_transfer_new(client->options.answer_max);
    if (transfer == NULL) {
        (void)error_no_memory(&call->answer.error);
        finish_failed(client, call);
        return;
    }
    if (call->retry.attempts == 0) {
        call->retry.started_ms = now;
    } else {
        client->counters.retries++;
    }
    call->retry.attempts++;
    if (!launch(client, call, transfer, &call->answer.error)) {
        acs_transfer_free(transfer);
        finish_failed(client, call);
        return;
    }
    acs_rate_limit_take(&call->region_share->limit, now);
    call->paid = false;
    call->transfer = transfer;
    struct acs_share *host = call->host_share;
    client->running++;
    if (++host->running > host->connections) {
        host->connections = host->running;
        host->opened_ms = now;
    }
    client->counters.requests++;
    struct acs_trace_call traced = trace_call(call);
    client->trace.secrets = &transfer->secrets;
    acs_trace_request(&client->trace, &traced, transfer->url.data, transfer->headers);
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
        int64_t wait = acs_rate_limit_delay(&call->region_share->limit, now);
        if (call->not_before_ms - now > wait) {
            wait = call->not_before_ms - now;
        }
        const struct acs_share *host = call->host_share;
        if (host->running == host->connections && host->opened_ms + OPEN_APART_MS - now > wait) {
            wait = host->opened_ms + OPEN_APART_MS - now;
        }
        if (wait <= 0) {
            start_attempt(client, call, now);
        } else if (wait < soonest) {
            soonest = wait;
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
        .action = call->action,
        .version = call->version,
        .secrets = &call->transfer->secrets,
        .key_from = client->setup.keys->credentials.provider,
        .now = clock_now(),
    };
    enum acs_outcome outcome =
        acs_answer_judge(&reply, &answer->root, answer->request_id, &answer->error);
    if (outcome == ACS_OK &&
        (quotes(&reply, reply.secrets->key_secret) || quotes(&reply, reply.secrets->token))) {
        client->counters.quoting++;
    }
    if (outcome == ACS_OK && call->check != NULL &&
        !call->check(answer->root, answer->tag, &answer->error)) {
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
    struct acs_trace_call traced = trace_call(call);
    int64_t elapsed = clock_monotonic_ms() - transfer->started_ms;
    client->counters.bytes += transfer->body.length;
    client->trace.secrets = &transfer->secrets;
    error_clear(&call->answer.error);
    call->answer.request_id[0] = '\0';
    call->answer.date = transfer->answer.date;
    if (result == CURLE_OK) {
        acs_trace_answer(&client->trace, &traced, elapsed, &transfer->answer, transfer->body.data,
                         transfer->body.length);
        return judge(client, call);
    }
    enum acs_outcome outcome = acs_transfer_error(transfer, result, &call->answer.error);
    acs_trace_failure(&client->trace, &traced, elapsed, call->answer.error.message);
    return outcome;
}

static uint32_t chance(void)
{
    uint32_t value;
    unsigned char bytes[sizeof(value)];
    if (RAND_bytes(bytes, (int)sizeof(bytes)) != 1) {
        return UINT32_MAX; /* the longest wait, then */
    }
    memcpy(&value, bytes, sizeof(value));
    return value;
}

/* The wait that the service asks for; the rate-limit headers count when it throttles. */
static int64_t asked_wait(const struct acs_headers *headers, enum acs_outcome outcome)
{
    bool throttled = outcome == ACS_THROTTLED;
    return throttled && headers->rate_limit_ms > headers->retry_after_ms ? headers->rate_limit_ms
                                                                         : headers->retry_after_ms;
}

/* Expired, but also malformed, of another key, or missing: a new set is whole. */
static bool is_about_token(const char *api_code)
{
    return text_starts_with(api_code, "InvalidSecurityToken") ||
           text_starts_with(api_code, "MissingSecurityToken");
}

/* Whether the attempt, signed with the newest credentials or not, failed by its token and newer
 * ones can be had, once a call. */
static bool can_renew(struct acs_client *client, struct acs_call *call, bool newest)
{
    if (client->options.renew == NULL || call->renewed ||
        !is_about_token(call->answer.error.api_code)) {
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
    (void)error_context(&brief, "%s", call->region[0] != '\0' ? call->region : call->action);
    acs_call_context(call, clock_monotonic_ms(), &err);
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
    int64_t asked = asked_wait(&transfer->answer, outcome);
    int64_t now = clock_monotonic_ms();
    bool newest = transfer->signed_with == client->setup.keys;
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
    if (!acs_multi_ok(curl_multi_perform(client->multi, &running), err)) {
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

static bool poll_once(struct acs_client *client, int64_t timeout_ms, struct error *err)
{
    struct curl_waitfd signals = {.fd = interrupt_descriptor(), .events = CURL_WAIT_POLLIN};
    unsigned count = signals.fd >= 0 ? 1 : 0;
    return acs_multi_ok(curl_multi_poll(client->multi, &signals, count, (int)timeout_ms, NULL),
                        err);
}

bool acs_client_wait(struct acs_client *client, struct acs_answer *ret_answer, struct error *err)
{
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
            if (!poll_once(client, timeout, err)) {
                return false;
            }
        }
    }
    if (!interrupt_check(err)) {
        return false;
    }
    struct acs_call *call = client->done.first;
    acs_call_remove(&client->done, call);
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
    const struct acs_credentials *credentials = &client->setup.keys->credentials;
    const struct acs_secrets secrets = {.key_secret = credentials->access_key_secret,
                                        .token = credentials->security_token};
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
