#include "acs/fetch.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include <curl/curl.h>
#include <openssl/crypto.h>

#include "acs/endpoint.h"
#include "acs/failure.h"
#include "acs/setup.h"
#include "acs/transfer.h"
#include "base/clock.h"
#include "base/interrupt.h"
#include "base/text.h"

#define POLL_MAX_MS 1000

struct exchange {
    const struct acs_fetch *fetch;
    struct acs_fetched *fetched;
    struct acs_endpoint endpoint;
    CURLM *multi;
    CURL *easy;
    struct curl_slist *headers;
    char error_text[CURL_ERROR_SIZE];
    bool too_large;
};

static size_t on_body(char *bytes, size_t size, size_t count, void *context)
{
    struct exchange *exchange = context;
    size_t length = size * count;
    buffer_append(&exchange->fetched->body, bytes, length);
    exchange->too_large = exchange->fetched->body.too_long;
    return exchange->fetched->body.failed ? 0 : length;
}

static size_t on_header(char *bytes, size_t size, size_t count, void *context)
{
    struct exchange *exchange = context;
    size_t length = size * count;
    if (!acs_headers_line(&exchange->fetched->headers, bytes, length, clock_now())) {
        exchange->too_large = true;
        return 0;
    }
    return length;
}

static curl_socket_t open_metadata(void *context, curlsocktype purpose,
                                   struct curl_sockaddr *address)
{
    struct in_addr allowed;
    struct sockaddr_in ipv4;
    (void)context;
    (void)purpose;
    if (address->family != AF_INET || inet_pton(AF_INET, ACS_METADATA_ADDRESS, &allowed) != 1) {
        return CURL_SOCKET_BAD;
    }
    memcpy(&ipv4, &address->addr, sizeof(address->addr));
    if (ipv4.sin_addr.s_addr != allowed.s_addr) {
        return CURL_SOCKET_BAD;
    }
    return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

static bool is_metadata(const struct acs_fetch *fetch)
{
    static const char base[] = "http://" ACS_METADATA_ADDRESS "/";
    return fetch->metadata && strncmp(fetch->url, base, sizeof(base) - 1) == 0;
}

/* Takes the URL apart as far as it says whom to talk to. */
static bool parse_origin(struct exchange *exchange, struct error *err)
{
    char origin[ACS_ENDPOINT_MAX];
    const char *url = exchange->fetch->url;
    const char *host = strstr(url, "://");
    if (is_metadata(exchange->fetch)) {
        exchange->endpoint = (struct acs_endpoint){.loopback = true}; /* no proxy either */
        return text_fit(exchange->endpoint.base, sizeof(exchange->endpoint.base),
                        "http://" ACS_METADATA_ADDRESS);
    }
    size_t length = host == NULL ? strlen(url) : (size_t)(host - url) + 3;
    length += strcspn(url + length, "/?#");
    if (length >= sizeof(origin)) {
        return error_set(err, ERROR_USAGE, "the host of the URL is too long");
    }
    memcpy(origin, url, length);
    origin[length] = '\0';
    const char *why = acs_endpoint_read(origin, &exchange->endpoint);
    if (why == NULL) {
        return true;
    }
    error_set(err, ERROR_USAGE, "the URL, which is not shown: %s", why);
    return error_hint(err,
                      "Such a URL is https://HOST/... or, on this machine, http://localhost/...");
}

static bool add_header(struct exchange *exchange, const char *line)
{
    struct curl_slist *list = curl_slist_append(exchange->headers, line);
    if (list != NULL) {
        exchange->headers = list;
    }
    return list != NULL;
}

static bool add_headers(struct exchange *exchange)
{
    bool ok = add_header(exchange, "Expect:") && add_header(exchange, "Accept: */*");
    if (exchange->fetch->body == NULL) {
        ok = ok && add_header(exchange, "Content-Type:"); /* removes libcurl's own */
    }
    for (size_t i = 0; i < ACS_FETCH_HEADERS_MAX; i++) {
        const char *line = exchange->fetch->headers[i];
        ok = ok && (line == NULL || add_header(exchange, line));
    }
    return ok;
}

/* One option; does nothing after a failure, so that a series is checked once. */
#define SET(option, value)                                                                         \
    do {                                                                                           \
        if (result == CURLE_OK) {                                                                  \
            result = curl_easy_setopt(easy, option, value);                                        \
        }                                                                                          \
    } while (0)

static CURLcode set_options(struct exchange *exchange)
{
    const struct acs_fetch *fetch = exchange->fetch;
    CURL *easy = exchange->easy;
    CURLcode result = acs_transfer_secure(easy, &exchange->endpoint, fetch->ca_file);
    SET(CURLOPT_URL, fetch->url);
    if (strcmp(fetch->method, "GET") != 0) {
        SET(CURLOPT_POSTFIELDS, fetch->body != NULL ? fetch->body : "");
        SET(CURLOPT_POSTFIELDSIZE, fetch->body != NULL ? (long)strlen(fetch->body) : 0L);
        SET(CURLOPT_CUSTOMREQUEST, fetch->method);
    }
    SET(CURLOPT_HTTPHEADER, exchange->headers);
    SET(CURLOPT_USERAGENT, fetch->user_agent != NULL ? fetch->user_agent : "hbrsync");
    SET(CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    SET(CURLOPT_WRITEFUNCTION, on_body);
    SET(CURLOPT_WRITEDATA, exchange);
    SET(CURLOPT_HEADERFUNCTION, on_header);
    SET(CURLOPT_HEADERDATA, exchange);
    SET(CURLOPT_ERRORBUFFER, exchange->error_text);
    SET(CURLOPT_NOSIGNAL, 1L);
#if LIBCURL_VERSION_NUM >= 0x075700
    SET(CURLOPT_QUICK_EXIT, 1L); /* an interrupt does not wait for the resolver */
#endif
    SET(CURLOPT_CONNECTTIMEOUT_MS, (long)fetch->connect_timeout_ms);
    SET(CURLOPT_TIMEOUT_MS, (long)fetch->timeout_ms);
    SET(CURLOPT_CERTINFO, exchange->endpoint.https ? 1L : 0L);
    if (is_metadata(fetch)) {
        SET(CURLOPT_OPENSOCKETFUNCTION, open_metadata);
    }
    return result;
}

static bool no_option(CURLcode result, struct error *err)
{
    return error_set(err, ERROR_INTERNAL, "libcurl takes not all options: %s",
                     curl_easy_strerror(result));
}

static bool begin(struct exchange *exchange, struct error *err)
{
    exchange->multi = curl_multi_init();
    exchange->easy = curl_easy_init();
    if (exchange->multi == NULL || exchange->easy == NULL || !add_headers(exchange)) {
        return error_no_memory(err);
    }
    CURLcode result = set_options(exchange);
    if (result != CURLE_OK) {
        return no_option(result, err);
    }
    return curl_multi_add_handle(exchange->multi, exchange->easy) == CURLM_OK ||
           error_set(err, ERROR_INTERNAL, "libcurl takes no transfer");
}

/* The result of the only transfer, when it has ended. */
static bool has_ended(CURLM *multi, CURLcode *ret_result)
{
    int queued;
    CURLMsg *message = curl_multi_info_read(multi, &queued);
    if (message == NULL || message->msg != CURLMSG_DONE) {
        return false;
    }
    *ret_result = message->data.result;
    return true;
}

/* Ends by the transfer's own time limit at the latest. */
static bool wait_for_end(struct exchange *exchange, CURLcode *ret_result, struct error *err)
{
    struct curl_waitfd signals = {.fd = interrupt_descriptor(), .events = CURL_WAIT_POLLIN};
    int running = 0;
    for (;;) {
        if (!interrupt_check(err)) {
            return false;
        }
        CURLMcode code = curl_multi_perform(exchange->multi, &running);
        if (code == CURLM_OK && has_ended(exchange->multi, ret_result)) {
            return true;
        }
        if (code == CURLM_OK) {
            code = curl_multi_poll(exchange->multi, &signals, signals.fd >= 0 ? 1 : 0, POLL_MAX_MS,
                                   NULL);
        }
        if (code != CURLM_OK) {
            return error_set(err, ERROR_INTERNAL, "libcurl: %s", curl_multi_strerror(code));
        }
    }
}

static bool tell_failure(const struct exchange *exchange, CURLcode result, struct error *err)
{
    if (exchange->too_large) {
        return error_set(err, ERROR_SERVICE, "%s: the answer is larger than %zu bytes",
                         exchange->endpoint.base, ACS_FETCH_ANSWER_MAX);
    }
    (void)acs_failure_tell(exchange->easy, result, exchange->error_text, NULL, err);
    return error_context(err, "%s", exchange->endpoint.base);
}

/* OpenSSL writes "Expire date:Nov 24 12:00:00 2027 GMT". */
static int64_t read_certificate(CURL *easy)
{
    static const char label[] = "Expire date:";
    struct curl_certinfo *info = NULL;
    if (curl_easy_getinfo(easy, CURLINFO_CERTINFO, &info) != CURLE_OK || info == NULL ||
        info->num_of_certs < 1) {
        return 0;
    }
    for (const struct curl_slist *item = info->certinfo[0]; item != NULL; item = item->next) {
        struct tm parts = {0};
        if (strncmp(item->data, label, sizeof(label) - 1) == 0 &&
            strptime(item->data + sizeof(label) - 1, "%b %d %H:%M:%S %Y", &parts) != NULL) {
            return (int64_t)timegm(&parts);
        }
    }
    return 0;
}

static bool perform(struct exchange *exchange, struct error *err)
{
    CURLcode result = CURLE_OK;
    long status = 0;
    if (!begin(exchange, err) || !wait_for_end(exchange, &result, err)) {
        return false;
    }
    if (result != CURLE_OK) {
        return tell_failure(exchange, result, err);
    }
    result = curl_easy_getinfo(exchange->easy, CURLINFO_RESPONSE_CODE, &status);
    if (result != CURLE_OK) {
        return no_option(result, err);
    }
    exchange->fetched->status = (int)status;
    exchange->fetched->certificate_expires = read_certificate(exchange->easy);
    return true;
}

static void end(struct exchange *exchange)
{
    if (exchange->multi != NULL && exchange->easy != NULL) {
        (void)curl_multi_remove_handle(exchange->multi, exchange->easy);
    }
    curl_easy_cleanup(exchange->easy);
    if (exchange->multi != NULL) {
        (void)curl_multi_cleanup(exchange->multi);
    }
    for (struct curl_slist *item = exchange->headers; item != NULL; item = item->next) {
        OPENSSL_cleanse(item->data, strlen(item->data));
    }
    curl_slist_free_all(exchange->headers);
}

bool acs_fetch(const struct acs_fetch *fetch, struct acs_fetched *ret_fetched, struct error *err)
{
    struct exchange exchange = {.fetch = fetch, .fetched = ret_fetched};
    memset(ret_fetched, 0, sizeof(*ret_fetched));
    buffer_init(&ret_fetched->body, ACS_FETCH_ANSWER_MAX);
    acs_headers_init(&ret_fetched->headers);
    if (!parse_origin(&exchange, err)) {
        return false;
    }
    bool ok = acs_setup_libcurl(err) && perform(&exchange, err);
    end(&exchange);
    if (!ok) {
        acs_fetched_free(ret_fetched);
    }
    return ok;
}

void acs_fetched_free(struct acs_fetched *fetched)
{
    buffer_free_secret(&fetched->body);
    acs_headers_free(&fetched->headers);
}
