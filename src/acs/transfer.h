/*
 * Internal to acs: one attempt of a call on one libcurl easy handle; connections live in the multi
 * handle.
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

struct acs_call;

/* Credentials, kept as long as someone uses them: the client for new attempts, and each attempt
 * that was signed with them. */
struct acs_key_set {
    struct acs_credentials credentials;
    unsigned users;
};

/* A copy with one user; NULL when there is no memory. */
struct acs_key_set *acs_key_set_new(const struct acs_credentials *credentials);

/* Accepts NULL. The last user's wipes them. */
void acs_key_set_release(struct acs_key_set *keys);

/* What all attempts of a client share. */
struct acs_setup {
    const struct acs_client_options *options; /* ca_file as of acs_setup_ca_file */
    struct acs_key_set *keys;                 /* for new attempts */
};

struct acs_transfer {
    CURL *easy;
    struct curl_slist *headers; /* holds secrets: freed by wiping */
    struct buffer url;
    struct buffer body;
    struct acs_headers answer;
    char error_text[CURL_ERROR_SIZE];
    int64_t started_ms;
    size_t answer_max;
    const char *ca_file;             /* in use, borrowed; NULL: libcurl's default */
    bool too_large;                  /* the answer was cut off by us */
    struct acs_call *owner;          /* while the attempt is under way */
    struct acs_key_set *signed_with; /* NULL before the first attempt */
    char signature[65];
    struct acs_secrets secrets; /* of key and signature */
};

/* NULL when there is no memory. */
struct acs_transfer *acs_transfer_new(size_t answer_max);

/* Accepts NULL. The easy handle must not be in a multi handle any more. */
void acs_transfer_free(struct acs_transfer *transfer);

/* Adds a header line, "Name: value"; false: no memory. */
bool acs_transfer_header(struct acs_transfer *transfer, const char *line) MUST_CHECK;

/* One option; does nothing after a failure, so that a series is checked once. */
#define SET(option, value)                                                                         \
    do {                                                                                           \
        if (result == CURLE_OK) {                                                                  \
            result = curl_easy_setopt(easy, option, value);                                        \
        }                                                                                          \
    } while (0)

/* Sets every option but those of the method and its body. */
CURLcode acs_transfer_set(struct acs_transfer *transfer, const char *url,
                          const struct acs_setup *setup, const struct acs_endpoint *endpoint);
/* The check. */
bool acs_transfer_set_ok(CURLcode result, struct error *err) MUST_CHECK;

/* Signs with a new date and nonce, and sets every option. */
bool acs_transfer_prepare(struct acs_transfer *transfer, const struct acs_setup *setup,
                          const struct acs_call *call, struct error *err) MUST_CHECK;

/* Whether the multi handle did it; else ERROR_INTERNAL with libcurl's words. */
bool acs_multi_ok(CURLMcode code, struct error *err) MUST_CHECK;

/* The HTTP status of a finished attempt, 0 when there was no answer. */
int acs_transfer_status(const struct acs_transfer *transfer);

/* Fills *err for an attempt that libcurl ended with `result`, which is not CURLE_OK. Returns
 * whether another attempt may help. */
enum acs_outcome acs_transfer_error(const struct acs_transfer *transfer, CURLcode result,
                                    struct error *err);

/* Whom a handle may talk to: no other protocol, place or certificate than meant. */
CURLcode acs_transfer_secure(CURL *easy, const struct acs_endpoint *endpoint, const char *ca_file);

#endif
