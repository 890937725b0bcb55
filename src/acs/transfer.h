/*
 * Internal to acs: one HTTP exchange on one libcurl easy handle: an attempt of a signed call, whose
 * connection lives in the client's multi handle; or a plain exchange, unsigned and bounded: a call
 * to STS without a key, the metadata service, a credentials URI.
 *
 * https, or http to a loopback address. Redirects are not followed.
 */
#ifndef HBRSYNC_ACS_TRANSFER_H
#define HBRSYNC_ACS_TRANSFER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <curl/curl.h>

#include "acs/client.h"
#include "acs/endpoint.h"
#include "acs/headers.h"
#include "acs/redact.h"
#include "acs/retry.h"
#include "base/buffer.h"

struct acs_transfer {
    CURL *easy;
    struct curl_slist *headers; /* holds secrets: freed by wiping */
    struct buffer url;
    struct buffer body; /* its maximum is that of an answer */
    struct acs_headers answer;
    char error_text[CURL_ERROR_SIZE];
    int64_t started_ms;
    const char *ca_file;                /* in use, borrowed; NULL: libcurl's default */
    bool too_large;                     /* the headers were cut off by us */
    void *owner;                        /* the call, while the attempt is under way */
    struct acs_credentials credentials; /* that it was signed with */
    char signature[65];
    struct acs_secrets secrets; /* of key and signature */
};

/* NULL when there is no memory. */
struct acs_transfer *acs_transfer_new(size_t answer_max);

/* Accepts NULL. The easy handle must not be in a multi handle any more. */
void acs_transfer_free(struct acs_transfer *transfer);

/* Signs with a new date and nonce, and sets every option. */
bool acs_transfer_prepare(struct acs_transfer *transfer, const struct acs_client_options *options,
                          const struct acs_credentials *credentials,
                          const struct acs_endpoint *endpoint, const struct acs_request *request,
                          struct error *err) MUST_CHECK;

/* The HTTP status of a finished attempt, 0 when there was no answer. */
int acs_transfer_status(const struct acs_transfer *transfer);

/* Fills *err for an attempt that libcurl ended with `result`, which is not CURLE_OK. Returns
 * whether another attempt may help. */
enum acs_outcome acs_transfer_error(const struct acs_transfer *transfer, CURLcode result,
                                    struct error *err);

/* Whom a handle may talk to: no other protocol, place or certificate than meant. */
CURLcode acs_transfer_secure(CURL *easy, const struct acs_endpoint *endpoint, const char *ca_file);

#define ACS_FETCH_ANSWER_MAX ((size_t)64 * 1024)
#define ACS_FETCH_HEADERS_MAX 3

struct acs_fetch {
    const char *method; /* "GET", "POST", "PUT" */
    const char *url;
    const char *headers[ACS_FETCH_HEADERS_MAX]; /* "Name: value", NULL where there are fewer */
    const char *body;                           /* NULL: none */
    const char *ca_file;                        /* as of acs_setup_ca_file */
    const char *user_agent;
    int64_t connect_timeout_ms;
    int64_t timeout_ms; /* of the whole exchange */
    bool metadata;      /* http to ACS_METADATA_ADDRESS, too */
};

#define ACS_METADATA_ADDRESS "100.100.100.200" /* fixed, inside every ECS instance */

struct acs_fetched {
    int status;
    struct buffer body; /* may be a secret */
    struct acs_headers headers;
    int64_t certificate_expires; /* of the server's, UNIX seconds, 0: not known */
};

/*
 * Any HTTP status is a success. False: no answer (ERROR_SERVICE), a URL that is not allowed
 * (ERROR_USAGE), or ERROR_INTERRUPTED: the wait ends on SIGINT and SIGTERM. Then *ret_fetched holds
 * nothing. The URL is never shown beyond its host.
 */
bool acs_fetch(const struct acs_fetch *fetch, struct acs_fetched *ret_fetched,
               struct error *err) MUST_CHECK;

void acs_fetched_free(struct acs_fetched *fetched);

#endif
