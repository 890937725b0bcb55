#include "acs/retry.h"

#include <stddef.h>
#include <string.h>

#include <curl/curl.h>

#include "base/text.h"

#define BACKOFF_BASE_MS 500
#define BACKOFF_CAP_MS 60000
#define ATTEMPTS_MAX 1000
#define SENSELESS_RETRIES_MAX 4

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Codes by their beginnings; a code goes before the HTTP status. */
static const struct {
    const char *prefix;
    enum acs_outcome outcome;
} code_outcomes[] = {
    {"SignatureNonceUsed", ACS_NONCE},
    {"InternalError", ACS_SERVER},
    {"ServiceUnavailable", ACS_SERVER},
    {"SystemBusy", ACS_SERVER},
    /* These stay wrong, whatever status they come with. */
    {"SignatureDoesNotMatch", ACS_PERMANENT},
    {"IncompleteSignature", ACS_PERMANENT},
    {"InvalidAccessKeyId", ACS_PERMANENT},
    {"InvalidSecurityToken", ACS_PERMANENT},
    {"MissingSecurityToken", ACS_PERMANENT},
    {"InvalidTimeStamp", ACS_PERMANENT},
    {"Forbidden", ACS_PERMANENT},
    {"NoPermission", ACS_PERMANENT},
    {"AccessDenied", ACS_PERMANENT},
    {"ServiceNotActivated", ACS_PERMANENT},
    {"InDebt", ACS_PERMANENT},
    {"RiskControlProhibited", ACS_PERMANENT},
    {"InvalidParameter", ACS_PERMANENT},
    {"MissingParameter", ACS_PERMANENT},
};

static enum acs_outcome outcome_of_status(int status)
{
    switch (status) {
    case 429:
        return ACS_THROTTLED;
    case 408:
    case 500:
    case 502:
    case 503:
    case 504:
    case 522: /* 522 and 524: a gateway's timeouts */
    case 524:
        return ACS_SERVER;
    default:
        return ACS_PERMANENT;
    }
}

enum acs_outcome acs_outcome_of_code(int http_status, const char *api_code)
{
    if (strstr(api_code, "Throttling") != NULL) {
        return ACS_THROTTLED;
    }
    for (size_t i = 0; i < COUNT(code_outcomes); i++) {
        if (text_starts_with(api_code, code_outcomes[i].prefix)) {
            return code_outcomes[i].outcome;
        }
    }
    /* A code may be a status of its own, in an answer of HTTP 200. */
    if (strlen(api_code) == 3 && strspn(api_code, "0123456789") == 3) {
        enum acs_outcome outcome = outcome_of_status((api_code[0] - '0') * 100 +
                                                     (api_code[1] - '0') * 10 + api_code[2] - '0');
        if (outcome != ACS_PERMANENT) {
            return outcome;
        }
    }
    return outcome_of_status(http_status);
}

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

static bool fits_budget(const struct acs_retry *retry, bool asked, int64_t now_ms,
                        int64_t *ret_wait_ms)
{
    if (now_ms - retry->started_ms + *ret_wait_ms <= retry->budget_ms) {
        return true;
    }
    if (retry->attempts > 1 || (asked && *ret_wait_ms > retry->budget_ms)) {
        return false;
    }
    if (*ret_wait_ms > retry->budget_ms) {
        *ret_wait_ms = retry->budget_ms;
    }
    return true;
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
    return fits_budget(retry, asked, now_ms, ret_wait_ms);
}
