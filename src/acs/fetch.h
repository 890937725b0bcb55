/*
 * Internal to acs: one plain HTTP exchange, unsigned and bounded: a call to STS without a key, the
 * metadata service, a credentials URI.
 *
 * https, or http to a loopback address. Redirects are not followed. The wait ends on SIGINT and
 * SIGTERM.
 */
#ifndef HBRSYNC_ACS_FETCH_H
#define HBRSYNC_ACS_FETCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "acs/headers.h"
#include "base/buffer.h"
#include "base/error.h"

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
 * (ERROR_USAGE), or ERROR_INTERRUPTED; then *ret_fetched holds nothing. The URL is never shown
 * beyond its host.
 */
bool acs_fetch(const struct acs_fetch *fetch, struct acs_fetched *ret_fetched,
               struct error *err) MUST_CHECK;

void acs_fetched_free(struct acs_fetched *fetched);

#endif
