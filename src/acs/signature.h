/*
 * Signature V3 (ACS3-HMAC-SHA256) of Alibaba Cloud's OpenAPI, RPC style: all parameters in the
 * URL's query, empty body. Source: "V3 request body & signature mechanism" of the OpenAPI
 * documentation.
 */
#ifndef HBRSYNC_ACS_SIGNATURE_H
#define HBRSYNC_ACS_SIGNATURE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buffer.h"
#include "base/error.h"

struct acs_parameter {
    const char *name;
    const char *value;
};

#define ACS_PARAMETERS_MAX 1100 /* 2 filters of 500 values, and the rest */
#define ACS_NONCE_SIZE 33       /* 32 hexadecimal digits and a NUL */

/* What is signed. All texts are borrowed; `security_token` is NULL or "" for a plain access key. */
struct acs_signing_input {
    const char *host;    /* as in the Host header, with ":port" where that has one */
    const char *action;  /* "DescribeRestoreJobs2" */
    const char *version; /* "2017-09-08" */
    const char *date;    /* clock_to_iso8601 */
    const char *nonce;   /* acs_nonce, a new one each attempt */
    const char *access_key_id;
    const char *access_key_secret;
    const char *security_token;
    const struct acs_parameter *parameters; /* in any order */
    size_t parameter_count;
};

/* Appends the RFC 3986 encoding: all but A-Z a-z 0-9 - _ . ~ as %XX. */
void acs_percent_encode(struct buffer *buffer, const char *text);

/* Appends name=value&..., encoded, sorted by the bytes of the encoded names. Also the URL's query.
 */
bool acs_canonical_query(const struct acs_parameter *parameters, size_t count,
                         struct buffer *buffer, struct error *err) MUST_CHECK;

/* Appends the canonical request. */
bool acs_canonical_request(const struct acs_signing_input *input, struct buffer *buffer,
                           struct error *err) MUST_CHECK;

/* Appends the value of the Authorization header. */
bool acs_authorization(const struct acs_signing_input *input, struct buffer *buffer,
                       struct error *err) MUST_CHECK;

/* 128 random bits in hexadecimal. */
bool acs_nonce(char nonce[ACS_NONCE_SIZE], struct error *err) MUST_CHECK;

/* The SHA-256 of nothing, in hexadecimal: x-acs-content-sha256 of every request here. */
extern const char ACS_EMPTY_BODY_SHA256[];

#endif
