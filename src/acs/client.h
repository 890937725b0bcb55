/*
 * The OpenAPI client: signed RPC calls over HTTPS, several at a time, with retries and a rate limit
 * per region.
 *
 * A client is one thread's, with one libcurl multi handle. Calls are submitted, and finished calls
 * are taken one by one; all waiting (network, backoff, rate limit) happens in acs_client_wait,
 * which also ends on SIGINT and SIGTERM. Every attempt has its own date, nonce and signature. HTTP
 * status, then `Success`, then `Code` decide success; throttling is HTTP 400 with a Throttling
 * code.
 */
#ifndef HBRSYNC_ACS_CLIENT_H
#define HBRSYNC_ACS_CLIENT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "acs/credentials.h"
#include "acs/signature.h"
#include "base/error.h"

struct json_node;
struct acs_client;

/* A limit on the requests of several clients together. */
struct acs_budget {
    int64_t most; /* 0: no limit */
    atomic_int_fast64_t taken;
};

/* The texts are borrowed while the client lives. */
struct acs_client_options {
    const char *ca_file;       /* NULL: SSL_CERT_FILE, CURL_CA_BUNDLE, then libcurl's default */
    const char *user_agent;    /* NULL: "hbrsync" */
    unsigned connections;      /* at most so many at once to a host, 1 to 64 */
    double queries_per_second; /* of a region; the documented quota is 600 a minute */
    int64_t connect_timeout_ms;
    int64_t stall_timeout_ms;   /* no byte for so long ends the attempt */
    int64_t attempt_timeout_ms; /* one attempt as a whole */
    int64_t retry_for_ms; /* budget of time for the retries of a call, and of a region's pause */
    size_t answer_max;    /* bytes, after decompression */
    FILE *trace;          /* NULL, or where requests and answers go, secrets removed */
    struct acs_budget *budget; /* NULL, or what every request is taken from; borrowed */
    /*
     * NULL, or asked before an attempt is signed: may replace the credentials (*ret_renewed).
     * `refused`: the service did not take their token. False ends the call with the error.
     */
    bool (*renew)(void *context, bool refused, struct acs_credentials *credentials,
                  bool *ret_renewed, struct error *err);
    void *renew_context;
};

/* Defaults: 10 connections, 10/s, 10 s, 30 s, 120 s, 300 s, 8 MiB, no trace. */
void acs_client_defaults(struct acs_client_options *options);

/*
 * One call. Everything is copied by acs_client_submit. `check` (may be NULL) sees the parsed answer
 * of a successful call and may refuse it with an error; a retryable one is retried like a garbled
 * answer.
 */
struct acs_request {
    const char *endpoint; /* "https://hbr.cn-beijing.aliyuncs.com", port allowed, no path */
    const char *region;   /* key of the rate limit */
    const char *action;
    const char *version;
    const struct acs_parameter *parameters;
    size_t parameter_count;
    bool (*check)(struct json_node *root, const void *tag, struct error *err);
    void *tag; /* the caller's, given back with the answer */
};

struct acs_answer {
    void *tag;
    bool ok;
    struct json_node *root; /* owned by the receiver of the answer; NULL when !ok */
    char request_id[64];
    int64_t date; /* the answer's Date header, UNIX seconds, 0 when absent */
    /* When !ok: of the last attempt, with the number of attempts in its message. */
    struct error error;
};

/* Of all calls so far. */
struct acs_client_counters {
    uint64_t requests; /* attempts that were sent */
    uint64_t retries;
    uint64_t throttled; /* answers with a throttling code */
    uint64_t bytes;     /* of answers, after decompression */
    uint64_t quoting;   /* answers that succeeded and hold secret or token as they are */
};

/* The credentials are copied. */
bool acs_client_new(const struct acs_client_options *options,
                    const struct acs_credentials *credentials, struct acs_client **ret_client,
                    struct error *err) MUST_CHECK;

/* Cancels what is under way, wipes the credentials. Accepts NULL. */
void acs_client_free(struct acs_client *client);

/* Queues a call. ERROR_UNPROVED when the budget is used up; a retry may fail so, too. */
bool acs_client_submit(struct acs_client *client, const struct acs_request *request,
                       struct error *err) MUST_CHECK;

/*
 * Waits until a call is finished and hands over its answer, in order of completion. Calls that
 * failed come as answers with !ok; false is returned for ERROR_INTERRUPTED, a broken client, and
 * when no call is under way.
 */
bool acs_client_wait(struct acs_client *client, struct acs_answer *ret_answer,
                     struct error *err) MUST_CHECK;

/* Forgets every call that is queued, waiting or under way. */
void acs_client_cancel(struct acs_client *client);

/*
 * Submit and wait for one call when nothing else is under way. False, with *err, also when the call
 * failed; then *ret_answer still tells the date and request id of its last answer, and holds
 * nothing to free.
 */
bool acs_client_call(struct acs_client *client, const struct acs_request *request,
                     struct acs_answer *ret_answer, struct error *err) MUST_CHECK;

/* Whether a text of the service, which is to be shown or kept as a name, holds a secret. */
bool acs_client_holds_secret(const struct acs_client *client, const char *text);

struct acs_client_counters acs_client_counters(const struct acs_client *client);

/* Releases the root. */
void acs_answer_free(struct acs_answer *answer);

/*
 * Checks an endpoint: https, or http to a loopback address or name (127.0.0.0/8, ::1, localhost,
 * *.localhost); no user information, path, query or fragment. "{region}" may stand in the host.
 * ERROR_USAGE.
 */
bool acs_endpoint_check(const char *endpoint, struct error *err) MUST_CHECK;

/* Whether it is letters, digits and "-", as every region id is; else ERROR_USAGE. */
bool acs_region_check(const char *region, struct error *err) MUST_CHECK;

/* Puts the region in place of "{region}". ERROR_USAGE when it is no region id or the endpoint does
 * not fit in `size`, which is not 0. */
bool acs_endpoint_for_region(const char *pattern, const char *region, char *target, size_t size,
                             struct error *err) MUST_CHECK;

#endif
