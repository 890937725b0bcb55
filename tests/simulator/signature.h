/* The strict check of Signature V3 (ACS3-HMAC-SHA256). */
#ifndef SIMULATOR_SIGNATURE_H
#define SIMULATOR_SIGNATURE_H

#include <stdbool.h>
#include <stdint.h>

#include "keys.h"
#include "request.h"
#include "service_error.h"

struct signature_clock {
    int64_t real;  /* the clock x-acs-date is held to: real time plus the skew that was set */
    int64_t world; /* the clock STS tokens expire by */
};

/* Checks everything about the request's signature and spends its nonce. On success sets `*caller`,
 * on failure fills `error` and returns false; `*caller` is then the key of the named id, when there
 * is one. */
bool signature_check(const struct request *request, const struct key_ring *ring,
                     struct nonce_set *nonces, struct signature_clock clock,
                     const struct key **caller, struct service_error *error);

/* Copies the access key id of the Authorization header into `out`, "" when there is none. */
void signature_key_id(const struct request *request, char *out, size_t size);

#endif
