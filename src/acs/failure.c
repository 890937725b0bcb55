#include "acs/failure.h"

#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/text.h"

#define REASON_MAX 400
#define QUOTE_MIN 16   /* so much of a value at its beginning is taken for the value, cut or not */
#define PASSWORD_MIN 4 /* a shorter one is in a text by chance */

/* --- the proxy's variable ------------------------------------------------------------------ */

/* The proxy for https; the first that is set, as libcurl has it. NULL: none, then the value is "".
 */
static const char *proxy_variable(const char **ret_value)
{
    static const char *const names[] = {"https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"};
    *ret_value = "";
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        const char *value = getenv(names[i]);
        if (value != NULL && value[0] != '\0') {
            *ret_value = value;
            return names[i];
        }
    }
    return NULL;
}

/* Where the value's authority begins. */
static const char *after_scheme(const char *value)
{
    const char *mark = strstr(value, "://");
    return mark != NULL ? mark + 3 : value;
}

static bool names_user(const char *value)
{
    const char *user = after_scheme(value);
    return strrchr(user, '@') != NULL && user[0] != ':' && user[0] != '@';
}

/* libcurl prefers Negotiate, which takes a ticket, no password, and gives up where there is none: a
 * name is meant for another method. */
unsigned long acs_proxy_methods(void)
{
    const char *value;
    (void)proxy_variable(&value);
    return names_user(value) ? CURLAUTH_ANY & ~CURLAUTH_NEGOTIATE : CURLAUTH_ANY;
}

void acs_proxy_hint(int status, struct error *err)
{
    const char *value;
    const char *variable = proxy_variable(&value);
    bool unknown = status == 407 || status == 401; /* as tinyproxy refuses a password */
    variable = variable != NULL ? variable : "https_proxy";
    if (unknown && names_user(value)) {
        error_hint(err,
                   "Correct the name and password in %s; if they are right, the proxy asks for "
                   "them in a way that libcurl does not know.",
                   variable);
    } else if (unknown) {
        error_hint(err,
                   "The proxy wants a name and password; put them into %s: "
                   "http://USER:PASSWORD@HOST:PORT, or http://:@HOST:PORT with a Kerberos ticket.",
                   variable);
    } else if (status == 403) {
        error_hint(err, "The proxy does not let this machine reach the host: have it allowed "
                        "there, or except the host with no_proxy.");
    } else {
        error_hint(err, "Check the proxy that %s names.", variable);
    }
}

static bool holds(const char *text, const char *part, size_t length)
{
    return length > 0 && memmem(text, strlen(text), part, length) != NULL;
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

/* Whether it failed at the proxy: that host is named, or its handshake did not end well. */
static bool is_of_proxy(CURL *easy, CURLcode result, const char *reason, const char *value)
{
    long unverified = 0;
    const char *host = after_scheme(value);
    const char *at = strrchr(host, '@');
    host = at != NULL ? at + 1 : host;
    if (result == CURLE_COULDNT_CONNECT) {
        return holds(reason, host, strcspn(host, ":/"));
    }
    return curl_easy_getinfo(easy, CURLINFO_PROXY_SSL_VERIFYRESULT, &unverified) == CURLE_OK &&
           unverified != 0;
}

/* --- a mistyped region --------------------------------------------------------------------- */

/* Source: the SDKs' table of endpoints. A region that is missing here works all the same. */
static const char regions[] =
    "ap-northeast-1 ap-northeast-2 ap-south-1 ap-southeast-1 ap-southeast-2 ap-southeast-3 "
    "ap-southeast-5 ap-southeast-6 ap-southeast-7 ap-southeast-8 cn-beijing cn-beijing-finance-1 "
    "cn-beijing-gov-1 cn-chengdu cn-guangzhou cn-hangzhou cn-hangzhou-finance cn-heyuan "
    "cn-hongkong cn-huhehaote cn-qingdao cn-shanghai cn-shanghai-finance-1 cn-shenzhen "
    "cn-shenzhen-finance-1 cn-wulanchabu cn-zhangjiakou cn-zhongwei eu-central-1 eu-west-1 "
    "me-central-1 me-east-1 na-south-1 us-east-1 us-southeast-1 us-west-1";

/* Where the host's second label ("hbr.cn-hangzou.aliyuncs.com") is no region, but like one. It has
 * no host then, which a proxy tells in ways of its own. */
static void suggest_region(CURL *easy, CURLcode result, int status, struct error *err)
{
    char names[sizeof(regions)], label[64], *rest = NULL;
    const char *url = NULL;
    struct text_nearest nearest = {.word = label};
    bool unknown = result == CURLE_COULDNT_RESOLVE_HOST || status == 404 || status >= 500;
    if (!unknown || curl_easy_getinfo(easy, CURLINFO_EFFECTIVE_URL, &url) != CURLE_OK) {
        return;
    }
    const char *dot = strchr(url != NULL ? url : "", '.');
    (void)text_fit(label, sizeof(label), dot != NULL ? dot + 1 : "");
    label[strcspn(label, "./:")] = '\0';
    memcpy(names, regions, sizeof(regions));
    for (char *name = strtok_r(names, " ", &rest); name != NULL;
         name = strtok_r(NULL, " ", &rest)) {
        if (strcmp(name, label) == 0) {
            return;
        }
        text_nearest_try(&nearest, name);
    }
    (void)text_did_you_mean(&nearest, "", err);
}

/* --- the failure --------------------------------------------------------------------------- */

/* What failed, where libcurl's text does not say whose it is, else NULL. */
static const char *tls_part(CURLcode result, bool of_proxy)
{
    if (result == CURLE_PEER_FAILED_VERIFICATION || result == CURLE_SSL_ISSUER_ERROR) {
        return of_proxy ? "the proxy's certificate: " : "the service's certificate: ";
    }
    if (result == CURLE_SSL_CONNECT_ERROR || (result == CURLE_OPERATION_TIMEDOUT && of_proxy)) {
        return of_proxy ? "TLS with the proxy: " : "TLS with the service: ";
    }
    return "";
}

static void hint_certificate(const char *ca_file, struct error *err)
{
    error_hint(err,
               ca_file == NULL
                   ? "Where a proxy or a private CA signs the certificate, name the file of CA "
                     "certificates with --ca-file or SSL_CERT_FILE%s; where it is another name's, "
                     "check the region, --endpoint and the proxy."
                   : "%s has to hold the certificate of the authority that signs here, as PEM; "
                     "where it is another name's, check the region, --endpoint and the proxy.",
               ca_file == NULL ? "" : ca_file);
}

static void hint(CURLcode result, bool of_proxy, const char *ca_file, struct error *err)
{
    const char *value;
    const char *variable = proxy_variable(&value);
    switch (result) {
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
        hint_certificate(ca_file, err);
        break;
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_OPERATION_TIMEDOUT:
        if (of_proxy && variable != NULL) {
            error_hint(err,
                       "Most proxies speak plain HTTP to their clients, also for https: such a "
                       "one is http://HOST:PORT in %s.",
                       variable);
        } else if (result == CURLE_SSL_CONNECT_ERROR && text_starts_with(value, "https:")) {
            hint_certificate(ca_file, err); /* TLS in TLS: libcurl has lost the reason */
        }
        break;
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_CONNECT:
        if (of_proxy) {
            acs_proxy_hint(0, err);
        } else {
            error_hint(err, "Check the region, --endpoint, and %s.",
                       variable != NULL ? "no_proxy, which keeps hosts from the proxy"
                                        : "whether this machine needs a proxy (https_proxy)");
        }
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
                                  const struct acs_secrets *secrets, const char *ca_file,
                                  struct error *err)
{
    struct buffer text;
    const char *value;
    const char *variable = proxy_variable(&value);
    const char *reason = error_text[0] != '\0' ? error_text : curl_easy_strerror(result);
    bool of_proxy = is_of_proxy(easy, result, reason, value);
    const char *part = tls_part(result, of_proxy);
    if (variable != NULL && is_refused(result, reason, value)) {
        return tell_refused_proxy(variable, err);
    }
    if (variable != NULL && quotes_user(reason, value)) {
        reason = curl_easy_strerror(result);
    }
    buffer_init(&text, REASON_MAX * 8);
    acs_redact(&text, reason, strlen(reason), REASON_MAX, secrets);
    (void)error_set(err, ERROR_SERVICE, "%s%s", part, text.data);
    buffer_free(&text);

    int status = proxy_status(easy, result);
    enum acs_outcome outcome =
        status != 0 ? outcome_of_proxy(status) : acs_outcome_of_transfer((int)result);
    suggest_region(easy, result, status, err);
    if (status != 0) {
        acs_proxy_hint(status, err);
    } else {
        hint(result, of_proxy, ca_file, err);
    }
    if (err != NULL) {
        err->retryable = outcome != ACS_PERMANENT;
    }
    return outcome;
}
