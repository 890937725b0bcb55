/* Internal to acs: an endpoint taken apart, for the Host header and the URL. */
#ifndef HBRSYNC_ACS_ENDPOINT_H
#define HBRSYNC_ACS_ENDPOINT_H

#include <stdbool.h>

#include "base/error.h"

#define ACS_ENDPOINT_MAX 320

struct acs_endpoint {
    bool https;
    bool loopback;               /* by its address or name, so no proxy */
    char host[ACS_ENDPOINT_MAX]; /* as sent and signed: lower case, ":port" unless the default */
    char base[ACS_ENDPOINT_MAX]; /* scheme, "://" and host */
};

/* The rules of acs_endpoint_check, with no "{region}" left. Returns NULL, or what is wrong: a text
 * that shows nothing of the endpoint. */
const char *acs_endpoint_read(const char *text, struct acs_endpoint *ret_endpoint) MUST_CHECK;

/* The same as an error: ERROR_USAGE, which shows neither user information nor a query. */
bool acs_endpoint_parse(const char *text, struct acs_endpoint *ret_endpoint,
                        struct error *err) MUST_CHECK;

#endif
