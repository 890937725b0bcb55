#include "acs/retry.h"

#include <curl/curl.h>

#define BACKOFF_BASE_MS 500
#define BACKOFF_CAP_MS 60000
#define ATTEMPTS_MAX 1000
#define SENSELESS_RETRIES_MAX 4

enum acs_outcome acs_outcome_of_transfer(int curl_code)
{
    switch (curl_code) {
    case CURLE_OK:
        return ACS_OK;
    case CURLE_COULDNT_RESOLVE_PROXY:
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_CONNECT:
    case CURLE_PROXY:
    case CURLE_PARTIAL_FILE:
    case CURLE_OPERATION_TIMEDOUT:
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_GOT_NOTHING:
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
    case CURLE_AGAIN:
    case CURLE_HTTP2:
    case CURLE_HTTP2_STREAM:
        return ACS_TRANSPORT;
    case CURLE_BAD_CONTENT_ENCODING:
    case CURLE_WEIRD_SERVER_REPLY:
    case CURLE_UNSUPPORTED_PROTOCOL: /* an answer that is not HTTP/1; the URL's scheme is ours */
        return ACS_GARBLED;
    default:
        return ACS_PERMANENT;
    }
}

/* Exponential with full jitter: anything from nothing to the step's whole. */
static int64_t backoff(unsigned attempts, uint32_t chance)
{
    int64_t step = BACKOFF_BASE_MS;
    for (unsigned i = 1; i < attempts && step < BACKOFF_CAP_MS; i++) {
        step *= 2;
    }
    if (step > BACKOFF_CAP_MS) {
        step = BACKOFF_CAP_MS;
    }
    return (int64_t)((uint64_t)step * chance / UINT32_MAX);
}

bool acs_retry_next(struct acs_retry *retry, enum acs_outcome outcome, int64_t asked_ms,
                    int64_t now_ms, uint32_t chance, int64_t *ret_wait_ms)
{
    bool asked = asked_ms > 0 && (outcome == ACS_THROTTLED || outcome == ACS_SERVER);
    *ret_wait_ms = asked ? asked_ms : backoff(retry->attempts, chance);
    if (outcome == ACS_OK || outcome == ACS_PERMANENT || retry->budget_ms <= 0 ||
        retry->attempts >= ATTEMPTS_MAX) {
        return false;
    }
    bool senseless = outcome == ACS_NONCE || outcome == ACS_GARBLED;
    if (senseless && ++retry->senseless > SENSELESS_RETRIES_MAX) {
        return false;
    }
    if (now_ms - retry->started_ms + *ret_wait_ms <= retry->budget_ms) {
        return true;
    }
    if (!asked && *ret_wait_ms > retry->budget_ms) {
        *ret_wait_ms = retry->budget_ms;
    }
    return retry->attempts <= 1 && *ret_wait_ms <= retry->budget_ms;
}
