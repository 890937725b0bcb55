#include "acs/failure.h"

#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/text.h"

#define REASON_MAX 400
#define QUOTE_MIN 16   /* so much of a value at its beginning is taken for the value, cut or not */
#define PASSWORD_MIN 4 /* a shorter one is in a text by chance */

/* --- the proxy's variable ------------------------------------------------------------------ */

/* The proxy for https: of the first variable that is set, as libcurl has it. */
struct proxy {
    const char *variable; /* NULL: none is set; then all texts are "" */
    const char *value;
    const char *authority; /* behind the scheme, in the value */
    const char *at;        /* behind the user's name and password; NULL: there are none */
};

static struct proxy find_proxy(void)
{
    static const char *const names[] = {"https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"};
    struct proxy proxy = {.value = ""};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]) && proxy.variable == NULL; i++) {
        const char *value = getenv(names[i]);
        if (value != NULL && value[0] != '\0') {
            proxy.value = value;
            proxy.variable = names[i];
        }
    }
    const char *mark = strstr(proxy.value, "://");
    proxy.authority = mark != NULL ? mark + 3 : proxy.value;
    proxy.at = strrchr(proxy.authority, '@');
    return proxy;
}

static bool names_user(const struct proxy *proxy)
{
    return proxy->at != NULL && strchr(":@", proxy->authority[0]) == NULL;
}

/* libcurl prefers Negotiate, which takes a ticket, no password, and gives up where there is none: a
 * name is meant for another method. */
unsigned long acs_proxy_methods(void)
{
    const struct proxy proxy = find_proxy();
    return names_user(&proxy) ? CURLAUTH_ANY & ~CURLAUTH_NEGOTIATE : CURLAUTH_ANY;
}

void acs_proxy_hint(int status, struct error *err)
{
    const struct proxy proxy = find_proxy();
    const char *variable = proxy.variable != NULL ? proxy.variable : "https_proxy";
    bool unknown = status == 407 || status == 401; /* as tinyproxy refuses a password */
    if (unknown && names_user(&proxy)) {
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
static bool is_refused(CURLcode result, const char *text, const struct proxy *proxy)
{
    size_t length = strlen(proxy->value);
    if (strcasestr(text, "unsupported proxy") != NULL) {
        return true;
    }
    if (proxy->at == NULL && proxy->authority == proxy->value) {
        return false; /* a mere HOST:PORT, which the text may name */
    }
    if (holds(text, proxy->value, length < QUOTE_MIN ? length : QUOTE_MIN)) {
        return true;
    }
    /* A delimiter in the password: libcurl took what stands before it for the host. */
    return result == CURLE_COULDNT_RESOLVE_PROXY && proxy->at != NULL &&
           proxy->authority + strcspn(proxy->authority, "/?#") < proxy->at;
}

static bool quotes_user(const char *text, const struct proxy *proxy)
{
    if (proxy->at == NULL) {
        return false;
    }
    size_t user = (size_t)(proxy->at - proxy->authority);
    const char *colon = memchr(proxy->authority, ':', user);
    size_t length = colon != NULL ? (size_t)(proxy->at - colon) - 1 : 0;
    return holds(text, proxy->authority, user) ||
           (length >= PASSWORD_MIN && holds(text, colon + 1, length));
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

/* Whether it failed at the proxy: that host is named, or its handshake did not end well. */
static bool is_of_proxy(CURL *easy, CURLcode result, const char *reason, const struct proxy *proxy)
{
    long unverified = 0;
    const char *host = proxy->at != NULL ? proxy->at + 1 : proxy->authority;
    if (result == CURLE_COULDNT_CONNECT) {
        return holds(reason, host, strcspn(host, ":/"));
    }
    return curl_easy_getinfo(easy, CURLINFO_PROXY_SSL_VERIFYRESULT, &unverified) == CURLE_OK &&
           unverified != 0;
}

/* --- a mistyped region --------------------------------------------------------------------- */

/* Source: the SDKs' table of endpoints. A region that is missing here works all the same. Each ends
 * with a NUL. */
static const char regions[] =
    "ap-northeast-1\0ap-northeast-2\0ap-south-1\0ap-southeast-1\0ap-southeast-2\0"
    "ap-southeast-3\0ap-southeast-5\0ap-southeast-6\0ap-southeast-7\0ap-southeast-8\0"
    "cn-beijing\0cn-beijing-finance-1\0cn-beijing-gov-1\0cn-chengdu\0cn-guangzhou\0"
    "cn-hangzhou\0cn-hangzhou-finance\0cn-heyuan\0cn-hongkong\0cn-huhehaote\0cn-qingdao\0"
    "cn-shanghai\0cn-shanghai-finance-1\0cn-shenzhen\0cn-shenzhen-finance-1\0cn-wulanchabu\0"
    "cn-zhangjiakou\0cn-zhongwei\0eu-central-1\0eu-west-1\0me-central-1\0me-east-1\0"
    "na-south-1\0us-east-1\0us-southeast-1\0us-west-1\0";

/* Where the host's second label ("hbr.cn-hangzou.aliyuncs.com") is no region, but like one. It has
 * no host then, which a proxy tells in ways of its own. */
static void suggest_region(CURL *easy, CURLcode result, int status, struct error *err)
{
    char label[64];
    const char *url = NULL;
    struct text_nearest nearest = {.word = label};
    bool unknown = result == CURLE_COULDNT_RESOLVE_HOST || status == 404 || status >= 500;
    if (!unknown || curl_easy_getinfo(easy, CURLINFO_EFFECTIVE_URL, &url) != CURLE_OK) {
        return;
    }
    const char *dot = strchr(url != NULL ? url : "", '.');
    (void)text_fit(label, sizeof(label), dot != NULL ? dot + 1 : "");
    label[strcspn(label, "./:")] = '\0';
    for (const char *name = regions; *name != '\0'; name += strlen(name) + 1) {
        text_nearest_try(&nearest, name);
    }
    if (nearest.best != NULL && strcmp(nearest.best, label) != 0) {
        (void)text_did_you_mean(&nearest, "", err);
    }
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
    error_hint(err, "%s%s; where it is another name's, check the region, --endpoint and the proxy.",
               ca_file != NULL ? ca_file
                               : "Where a proxy or a private CA signs the certificate, name the "
                                 "file of CA certificates with --ca-file or SSL_CERT_FILE",
               ca_file != NULL
                   ? " has to hold the certificate of the authority that signs here, as PEM"
                   : "");
}

static void hint(CURLcode result, bool of_proxy, const struct proxy *proxy, const char *ca_file,
                 struct error *err)
{
    switch (result) {
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
        hint_certificate(ca_file, err);
        break;
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_OPERATION_TIMEDOUT:
        if (of_proxy && proxy->variable != NULL) {
            error_hint(err,
                       "Most proxies speak plain HTTP to their clients, also for https: such a "
                       "one is http://HOST:PORT in %s.",
                       proxy->variable);
        } else if (result == CURLE_SSL_CONNECT_ERROR && text_starts_with(proxy->value, "https:")) {
            hint_certificate(ca_file, err); /* TLS in TLS: libcurl has lost the reason */
        }
        break;
    case CURLE_COULDNT_RESOLVE_PROXY:
    case CURLE_PROXY:
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_CONNECT:
        if (of_proxy || result == CURLE_COULDNT_RESOLVE_PROXY || result == CURLE_PROXY) {
            acs_proxy_hint(0, err);
        } else {
            error_hint(err, "Check the region, --endpoint, and %s.",
                       proxy->variable != NULL
                           ? "no_proxy, which keeps hosts from the proxy"
                           : "whether this machine needs a proxy (https_proxy)");
        }
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
    const struct proxy proxy = find_proxy();
    const char *reason = error_text[0] != '\0' ? error_text : curl_easy_strerror(result);
    bool of_proxy = is_of_proxy(easy, result, reason, &proxy);
    const char *part = tls_part(result, of_proxy);
    if (proxy.variable != NULL && is_refused(result, reason, &proxy)) {
        (void)error_set(err, ERROR_USAGE,
                        "libcurl cannot use the proxy in %s, whose value is not shown",
                        proxy.variable);
        (void)error_hint(err,
                         "Correct %s: http://HOST:PORT or http://USER:PASSWORD@HOST:PORT, where "
                         "characters such as # / ? @ in USER and PASSWORD are percent-encoded.",
                         proxy.variable);
        return ACS_PERMANENT;
    }
    if (quotes_user(reason, &proxy)) {
        reason = curl_easy_strerror(result);
    }
    buffer_init(&text, REASON_MAX * 8);
    acs_redact(&text, reason, strlen(reason), REASON_MAX, secrets);
    (void)error_set(err, ERROR_SERVICE, "%s%s", part, text.data);
    buffer_free(&text);

    int status = proxy_status(easy, result);
    enum acs_outcome outcome = acs_outcome_of_transfer((int)result);
    if (status != 0) { /* a refusal stays one, and passwords tried again may lock an account */
        outcome = status == 408 || status == 429 || status >= 500 ? ACS_TRANSPORT : ACS_PERMANENT;
    }
    suggest_region(easy, result, status, err);
    if (status != 0) {
        acs_proxy_hint(status, err);
    } else {
        hint(result, of_proxy, &proxy, ca_file, err);
    }
    err->retryable = outcome != ACS_PERMANENT;
    return outcome;
}
