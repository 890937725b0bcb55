/*
 * Internal to acs: which failures are worth another attempt, and when. Time and chance are
 * parameters, so that tests can choose them.
 */
#ifndef HBRSYNC_ACS_RETRY_H
#define HBRSYNC_ACS_RETRY_H

#include <stdbool.h>
#include <stdint.h>

enum acs_outcome {
    ACS_OK = 0,
    ACS_PERMANENT, /* the same request would fail again */
    ACS_TRANSPORT, /* no connection, a timeout, a cut answer */
    ACS_THROTTLED,
    ACS_SERVER, /* the service's own trouble */
    ACS_NONCE,  /* the nonce was seen before: at once again with a new one */
    ACS_GARBLED /* an answer that makes no sense */
};

struct acs_retry {
    unsigned attempts;  /* made so far */
    unsigned senseless; /* of them, those that failed as ACS_NONCE or ACS_GARBLED */
    int64_t started_ms; /* when the first attempt began */
    int64_t budget_ms;  /* for all retries, 0: none */
};

/* The outcome of a transfer by its CURLcode. */
enum acs_outcome acs_outcome_of_transfer(int curl_code);

/*
 * After an attempt failed: whether another one is made, and (always) the wait before it. `asked_ms`
 * is the wait that the service asked for, 0 when it asked for none; `chance` is any number.
 *
 * A wait that would overrun the budget is not begun, but a first retry is made even when the first
 * attempt used the budget up, unless the wait alone is longer than the budget.
 */
bool acs_retry_next(struct acs_retry *retry, enum acs_outcome outcome, int64_t asked_ms,
                    int64_t now_ms, uint32_t chance, int64_t *ret_wait_ms);

#endif
