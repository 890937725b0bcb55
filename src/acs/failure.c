#include "acs/failure.h"

#include <stdlib.h>
#include <string.h>

#include "acs/answer_hint.h"
#include "base/buffer.h"

#define REASON_MAX 400
#define QUOTE_MIN 16   /* so much of a value at its beginning is taken for the value, cut or not */
#define PASSWORD_MIN 4 /* a shorter one is in a text by chance */

/* The proxy for https; the first that is set, as libcurl has it. NULL: none. */
static const char *proxy_variable(const char **ret_value)
{
    static const char *const names[] = {"https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        const char *value = getenv(names[i]);
        if (value != NULL && value[0] != '\0') {
            *ret_value = value;
            return names[i];
        }
    }
    return NULL;
}

static bool holds(const char *text, const char *part, size_t length)
{
    return length > 0 && memmem(text, strlen(text), part, length) != NULL;
}

/* Where the value's authority begins. */
static const char *after_scheme(const char *value)
{
    const char *mark = strstr(value, "://");
    return mark != NULL ? mark + 3 : value;
}

/* Whether libcurl could not read the variable; then its text quotes the value. */
static bool is_refused(CURLcode result, const char *text, const char *value)
{
    const char *authority = after_scheme(value);
    const char *at = strrchr(authority, '@');
    size_t length = strlen(value);
    if (strcasestr(text, "unsupported proxy") != NULL) {
        return true;
    }
    if (at == NULL && authority == value) {
        return false; /* a mere HOST:PORT, which the text may name */
    }
    if (holds(text, value, length < QUOTE_MIN ? length : QUOTE_MIN)) {
        return true;
    }
    /* A delimiter in the password: libcurl took what stands before it for the host. */
    return result == CURLE_COULDNT_RESOLVE_PROXY && at != NULL &&
           authority + strcspn(authority, "/?#") < at;
}

static bool quotes_user(const char *text, const char *value)
{
    const char *user = after_scheme(value);
    const char *at = strrchr(user, '@');
    if (at == NULL) {
        return false;
    }
    const char *colon = memchr(user, ':', (size_t)(at - user));
    size_t length = colon != NULL ? (size_t)(at - colon) - 1 : 0;
    return holds(text, user, (size_t)(at - user)) ||
           (length >= PASSWORD_MIN && holds(text, colon + 1, length));
}

static enum acs_outcome tell_refused_proxy(const char *variable, struct error *err)
{
    (void)error_set(err, ERROR_USAGE,
                    "libcurl cannot use the proxy in %s, whose value is not shown", variable);
    (void)error_hint(err,
                     "Correct %s: http://HOST:PORT or http://USER:PASSWORD@HOST:PORT, where "
                     "characters such as # / ? @ in USER and PASSWORD are percent-encoded.",
                     variable);
    return ACS_PERMANENT;
}

/* The proxy's own status to CONNECT when that ended the transfer, else 0. */
static int proxy_status(CURL *easy, CURLcode result)
{
    long status = 0;
    if (result == CURLE_OPERATION_TIMEDOUT ||
        curl_easy_getinfo(easy, CURLINFO_HTTP_CONNECTCODE, &status) != CURLE_OK || status < 400) {
        return 0;
    }
    return (int)status;
}

/* A refusal stays one, and wrong passwords tried again may lock an account. */
static enum acs_outcome outcome_of_proxy(int status)
{
    return status == 408 || status == 429 || status >= 500 ? ACS_TRANSPORT : ACS_PERMANENT;
}

static void hint(CURLcode result, struct error *err)
{
    switch (result) {
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
        error_hint(err,
                   "The server's certificate could not be verified. Where a proxy or a private "
                   "CA signs it, name the file of CA certificates with --ca-file or "
                   "SSL_CERT_FILE; where it is another name's, check the region, --endpoint and "
                   "the proxy.");
        break;
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_CONNECT:
        error_hint(err, "Check the region, --endpoint, and whether this machine needs a proxy "
                        "(https_proxy).");
        break;
    case CURLE_COULDNT_RESOLVE_PROXY:
    case CURLE_PROXY:
        acs_proxy_hint(0, err);
        break;
    default:
        break;
    }
}

enum acs_outcome acs_failure_tell(CURL *easy, CURLcode result, const char *error_text,
                                  const struct acs_secrets *secrets, struct error *err)
{
    struct buffer text;
    const char *value = "";
    const char *variable = proxy_variable(&value);
    const char *reason = error_text[0] != '\0' ? error_text : curl_easy_strerror(result);
    if (variable != NULL && is_refused(result, reason, value)) {
        return tell_refused_proxy(variable, err);
    }
    if (variable != NULL && quotes_user(reason, value)) {
        reason = curl_easy_strerror(result);
    }
    buffer_init(&text, REASON_MAX * 8);
    acs_redact(&text, reason, strlen(reason), REASON_MAX, secrets);
    (void)error_set(err, ERROR_SERVICE, "%s", text.data);
    buffer_free(&text);

    int status = proxy_status(easy, result);
    enum acs_outcome outcome =
        status != 0 ? outcome_of_proxy(status) : acs_outcome_of_transfer((int)result);
    if (status != 0) {
        acs_proxy_hint(status, err);
    } else {
        hint(result, err);
    }
    if (err != NULL) {
        err->retryable = outcome != ACS_PERMANENT;
    }
    return outcome;
}
