#include "acs/transfer.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include <openssl/crypto.h>

#include "acs/failure.h"
#include "acs/retry_watch.h"
#include "acs/setup.h"
#include "base/clock.h"
#include "base/interrupt.h"
#include "base/text.h"

#define URL_MAX ((size_t)1024 * 1024)
#define HEADER_LINE_MAX ((size_t)16 * 1024)
#define CONNECTION_LIFETIME_SECONDS 3600L
#define STALL_BYTES_PER_SECOND 1L

/* One option; does nothing after a failure, so that a series is checked once. */
#define SET(option, value)                                                                         \
    do {                                                                                           \
        if (result == CURLE_OK) {                                                                  \
            result = curl_easy_setopt(easy, option, value);                                        \
        }                                                                                          \
    } while (0)

struct acs_transfer *acs_transfer_new(size_t answer_max)
{
    struct acs_transfer *transfer = calloc(1, sizeof(*transfer));
    if (transfer == NULL) {
        return NULL;
    }
    buffer_init(&transfer->url, URL_MAX);
    buffer_init(&transfer->body, answer_max);
    acs_headers_init(&transfer->answer);
    transfer->easy = curl_easy_init();
    if (transfer->easy == NULL) {
        acs_transfer_free(transfer);
        return NULL;
    }
    return transfer;
}

void acs_transfer_free(struct acs_transfer *transfer)
{
    if (transfer == NULL) {
        return;
    }
    curl_easy_cleanup(transfer->easy);
    for (struct curl_slist *item = transfer->headers; item != NULL; item = item->next) {
        OPENSSL_cleanse(item->data, strlen(item->data));
    }
    curl_slist_free_all(transfer->headers);
    acs_credentials_wipe(&transfer->credentials);
    buffer_free(&transfer->url);
    buffer_free_secret(&transfer->body); /* an answer of STS is a key */
    acs_headers_free(&transfer->answer);
    free(transfer);
}

/* --- libcurl's callbacks ------------------------------------------------------------------- */

/* Bounded here, after decompression: libcurl's own limit is not. */
static size_t on_body(char *bytes, size_t size, size_t count, void *context)
{
    struct acs_transfer *transfer = context;
    buffer_append(&transfer->body, bytes, size * count);
    return transfer->body.failed ? 0 : size * count;
}

static size_t on_header(char *bytes, size_t size, size_t count, void *context)
{
    struct acs_transfer *transfer = context;
    transfer->too_large = !acs_headers_line(&transfer->answer, bytes, size * count, clock_now());
    return transfer->too_large ? 0 : size * count;
}

/* About once a second, and after each signal that this thread gets: ends the transfer then. */
static int look(void *context, curl_off_t total, curl_off_t done, curl_off_t to_send,
                curl_off_t sent)
{
    (void)context, (void)total, (void)done, (void)to_send, (void)sent;
    acs_retry_look();
    return interrupt_signal() != 0;
}

/* libcurl's own sockets stay open in the programs that we start. */
static curl_socket_t open_socket(void *context, curlsocktype purpose, struct curl_sockaddr *address)
{
    (void)context;
    (void)purpose;
    return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

/* In network order; 0: it is another kind of address. */
static in_addr_t ipv4_of(const struct curl_sockaddr *address)
{
    struct sockaddr_in ipv4 = {.sin_addr = {0}};
    if (address->family == AF_INET) {
        memcpy(&ipv4, &address->addr, sizeof(address->addr));
    }
    return ipv4.sin_addr.s_addr;
}

/* For plain http: whatever a name resolves to, only a loopback address is connected to. */
static curl_socket_t open_loopback(void *context, curlsocktype purpose,
                                   struct curl_sockaddr *address)
{
    bool loopback = (ntohl(ipv4_of(address)) >> 24) == 127;
    if (address->family == AF_INET6 && address->addrlen >= sizeof(struct sockaddr_in6)) {
        struct sockaddr_in6 ipv6;
        /* curl_sockaddr declares a sockaddr but holds what addrlen says. */
        const void *start = &address->addr;
        memcpy(&ipv6, start, sizeof(ipv6));
        loopback = IN6_IS_ADDR_LOOPBACK(&ipv6.sin6_addr);
    }
    return loopback ? open_socket(context, purpose, address) : CURL_SOCKET_BAD;
}

static curl_socket_t open_metadata(void *context, curlsocktype purpose,
                                   struct curl_sockaddr *address)
{
    return ipv4_of(address) == inet_addr(ACS_METADATA_ADDRESS)
               ? open_socket(context, purpose, address)
               : CURL_SOCKET_BAD;
}

/* --- options ------------------------------------------------------------------------------- */

CURLcode acs_transfer_secure(CURL *easy, const struct acs_endpoint *endpoint, const char *ca_file)
{
    CURLcode result = CURLE_OK;
    SET(CURLOPT_PROTOCOLS_STR, endpoint->https ? "https" : "http");
    SET(CURLOPT_FOLLOWLOCATION, 0L);
    SET(CURLOPT_DISALLOW_USERNAME_IN_URL, 1L);
    SET(CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
    SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    SET(CURLOPT_SSL_VERIFYPEER, 1L);
    SET(CURLOPT_SSL_VERIFYHOST, 2L);
    SET(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
    SET(CURLOPT_HEADEROPT, (long)CURLHEADER_SEPARATE); /* ours are not for a proxy */
    SET(CURLOPT_PROXY_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    SET(CURLOPT_PROXY_SSL_VERIFYPEER, 1L);
    SET(CURLOPT_PROXY_SSL_VERIFYHOST, 2L);
    SET(CURLOPT_PROXYAUTH, acs_proxy_methods());
    if (ca_file != NULL) {
        SET(CURLOPT_CAINFO, ca_file);
        SET(CURLOPT_CAPATH, NULL);
        SET(CURLOPT_PROXY_CAINFO, ca_file);
        SET(CURLOPT_PROXY_CAPATH, NULL);
    }
    if (endpoint->loopback) {
        SET(CURLOPT_PROXY, "");
    }
    SET(CURLOPT_OPENSOCKETFUNCTION, endpoint->https ? open_socket : open_loopback);
    return result;
}

/* Sets every option but those of the method and its body. */
static CURLcode set_options(struct acs_transfer *transfer, const char *url,
                            const struct acs_client_options *options,
                            const struct acs_endpoint *endpoint)
{
    /* Where the server speaks HTTP/2, requests share one connection. */
    bool http2 =
        endpoint->https && (curl_version_info(CURLVERSION_NOW)->features & CURL_VERSION_HTTP2) != 0;
    CURL *easy = transfer->easy;
    CURLcode result = acs_transfer_secure(easy, endpoint, options->ca_file);
    transfer->ca_file = options->ca_file;
    SET(CURLOPT_URL, url);
    SET(CURLOPT_HTTPHEADER, transfer->headers);
    SET(CURLOPT_USERAGENT, options->user_agent != NULL ? options->user_agent : "hbrsync");
    SET(CURLOPT_HTTP_VERSION, (long)(http2 ? CURL_HTTP_VERSION_2TLS : CURL_HTTP_VERSION_1_1));
    SET(CURLOPT_PIPEWAIT, http2 ? 1L : 0L);
    SET(CURLOPT_WRITEFUNCTION, on_body);
    SET(CURLOPT_WRITEDATA, transfer);
    SET(CURLOPT_HEADERFUNCTION, on_header);
    SET(CURLOPT_HEADERDATA, transfer);
    SET(CURLOPT_ERRORBUFFER, transfer->error_text);
    SET(CURLOPT_PRIVATE, transfer);
    SET(CURLOPT_NOSIGNAL, 1L);
    SET(CURLOPT_CONNECTTIMEOUT_MS, (long)options->connect_timeout_ms);
    SET(CURLOPT_TIMEOUT_MS, (long)options->attempt_timeout_ms);
    SET(CURLOPT_LOW_SPEED_LIMIT, STALL_BYTES_PER_SECOND);
    SET(CURLOPT_LOW_SPEED_TIME, (long)((options->stall_timeout_ms + 999) / 1000));
    SET(CURLOPT_TCP_KEEPALIVE, 1L);
    SET(CURLOPT_MAXLIFETIME_CONN, CONNECTION_LIFETIME_SECONDS);
    SET(CURLOPT_QUICK_EXIT, 1L); /* an interrupt does not wait for the resolver */
    return result;
}

static bool is_set(CURLcode result, struct error *err)
{
    return result == CURLE_OK ||
           error_set(err, ERROR_INTERNAL, "libcurl %s takes not all options: %s",
                     curl_version_info(CURLVERSION_NOW)->version, curl_easy_strerror(result));
}

/* Adds a header line, "Name: value"; false: no memory. */
static bool add_line(struct acs_transfer *transfer, const char *line)
{
    struct curl_slist *list = curl_slist_append(transfer->headers, line);
    if (list != NULL) {
        transfer->headers = list;
    }
    return list != NULL;
}

/* --- a signed exchange --------------------------------------------------------------------- */

static bool add_signed_headers(struct acs_transfer *transfer,
                               const struct acs_signing_input *signing, struct error *err)
{
    struct buffer authorization, line;
    buffer_init(&authorization, HEADER_LINE_MAX);
    buffer_init(&line, HEADER_LINE_MAX);
    bool ok = acs_authorization(signing, &authorization, err);
    /* Without a value it is not sent, nor is libcurl's own. */
    const struct acs_parameter headers[] = {
        {"Host", signing->host},
        {"Accept", "application/json"},
        {"Content-Type", ""},
        {"Expect", ""},
        {"x-acs-action", signing->action},
        {"x-acs-version", signing->version},
        {"x-acs-date", signing->date},
        {"x-acs-signature-nonce", signing->nonce},
        {"x-acs-content-sha256", ACS_EMPTY_BODY_SHA256},
        {"x-acs-security-token", signing->security_token},
        {"Authorization", authorization.data},
    };
    for (size_t i = 0; ok && i < sizeof(headers) / sizeof(headers[0]); i++) {
        buffer_reset(&line);
        buffer_printf(&line, "%s:%s%s", headers[i].name, headers[i].value[0] != '\0' ? " " : "",
                      headers[i].value);
        ok = buffer_ok(&line, "a header of the request", err) &&
             (add_line(transfer, line.data) || error_no_memory(err));
    }
    const char *last = ok ? strrchr(authorization.data, '=') : NULL;
    (void)text_fit(transfer->signature, sizeof(transfer->signature), last != NULL ? last + 1 : "");
    buffer_free_secret(&line);
    buffer_free_secret(&authorization);
    return ok;
}

static bool sign(struct acs_transfer *transfer, const struct acs_endpoint *endpoint,
                 const struct acs_request *request, struct error *err)
{
    char date[CLOCK_ISO8601_SIZE];
    char nonce[ACS_NONCE_SIZE];
    if (!acs_nonce(nonce, err)) {
        return false;
    }
    if (!clock_to_iso8601(clock_now(), date)) {
        return error_set(err, ERROR_INTERNAL, "the clock is outside the years 0 to 9999");
    }
    const struct acs_signing_input signing = {
        .host = endpoint->host,
        .action = request->action,
        .version = request->version,
        .date = date,
        .nonce = nonce,
        .access_key_id = transfer->credentials.access_key_id,
        .access_key_secret = transfer->credentials.access_key_secret,
        .security_token = transfer->credentials.security_token,
        .parameters = request->parameters,
        .parameter_count = request->parameter_count,
    };
    return add_signed_headers(transfer, &signing, err);
}

bool acs_transfer_prepare(struct acs_transfer *transfer, const struct acs_client_options *options,
                          const struct acs_credentials *credentials,
                          const struct acs_endpoint *endpoint, const struct acs_request *request,
                          struct error *err)
{
    transfer->credentials = *credentials; /* by no temporary copy, which would stay on the stack */
    transfer->secrets =
        (struct acs_secrets){transfer->credentials.access_key_secret,
                             transfer->credentials.security_token, transfer->signature};
    buffer_puts(&transfer->url, endpoint->base);
    buffer_puts(&transfer->url, request->parameter_count > 0 ? "/?" : "/");
    if (!acs_canonical_query(request->parameters, request->parameter_count, &transfer->url, err) ||
        !buffer_ok(&transfer->url, "the request's URL", err) ||
        !sign(transfer, endpoint, request, err)) {
        return false;
    }
    CURL *easy = transfer->easy;
    CURLcode result = set_options(transfer, transfer->url.data, options, endpoint);
    SET(CURLOPT_POST, 1L);
    SET(CURLOPT_POSTFIELDS, "");
    SET(CURLOPT_POSTFIELDSIZE, 0L);
    SET(CURLOPT_ACCEPT_ENCODING, ""); /* all that libcurl was built with */
    transfer->started_ms = clock_monotonic_ms();
    return is_set(result, err);
}

int acs_transfer_status(const struct acs_transfer *transfer)
{
    long status = 0;
    if (curl_easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE, &status) != CURLE_OK) {
        return 0;
    }
    return (int)status;
}

enum acs_outcome acs_transfer_error(const struct acs_transfer *transfer, CURLcode result,
                                    struct error *err)
{
    /* libcurl, too, has a limit for a header, and some versions call that a lack of memory. */
    bool in_headers = transfer->answer.total > 0 && transfer->body.length == 0;
    if (transfer->too_large || transfer->body.too_long ||
        (result == CURLE_OUT_OF_MEMORY && in_headers)) {
        (void)error_set(err, ERROR_SERVICE,
                        "the answer is larger than %zu bytes or its headers than %zu",
                        transfer->body.maximum, ACS_HEADERS_MAX);
        return ACS_PERMANENT;
    }
    if (transfer->body.failed || result == CURLE_OUT_OF_MEMORY) {
        (void)error_no_memory(err);
        return ACS_PERMANENT;
    }
    return acs_failure_tell(transfer->easy, result, transfer->error_text, &transfer->secrets,
                            transfer->ca_file, err);
}

/* --- an unsigned exchange ------------------------------------------------------------------ */

static bool is_metadata(const struct acs_fetch *fetch)
{
    return fetch->metadata && text_starts_with(fetch->url, "http://" ACS_METADATA_ADDRESS "/");
}

/* Takes the URL apart as far as it says whom to talk to. */
static bool parse_origin(const struct acs_fetch *fetch, struct acs_endpoint *endpoint,
                         struct error *err)
{
    char origin[ACS_ENDPOINT_MAX + 1];
    const char *host = strstr(fetch->url, "://");
    if (is_metadata(fetch)) {
        *endpoint = (struct acs_endpoint){.loopback = true, /* no proxy either */
                                          .base = "http://" ACS_METADATA_ADDRESS};
        return true;
    }
    size_t length = host == NULL ? strlen(fetch->url) : (size_t)(host - fetch->url) + 3;
    length += strcspn(fetch->url + length, "/?#");
    (void)snprintf(origin, sizeof(origin), "%.*s", (int)length, fetch->url); /* cut: too long */
    const char *why = acs_endpoint_read(origin, endpoint);
    if (why == NULL) {
        return true;
    }
    error_set(err, ERROR_USAGE, "the URL, which is not shown: %s", why);
    return error_hint(err,
                      "Such a URL is https://HOST/... or, on this machine, http://localhost/...");
}

static bool add_fetch_headers(const struct acs_fetch *fetch, struct acs_transfer *transfer)
{
    bool ok = add_line(transfer, "Expect:") && add_line(transfer, "Accept: */*") &&
              (fetch->body != NULL || add_line(transfer, "Content-Type:"));
    for (size_t i = 0; ok && i < ACS_FETCH_HEADERS_MAX; i++) {
        ok = fetch->headers[i] == NULL || add_line(transfer, fetch->headers[i]);
    }
    return ok;
}

static bool set_fetch_options(const struct acs_fetch *fetch, const struct acs_endpoint *endpoint,
                              struct acs_transfer *transfer, struct error *err)
{
    const struct acs_client_options options = {
        .ca_file = fetch->ca_file,
        .user_agent = fetch->user_agent,
        .connect_timeout_ms = fetch->connect_timeout_ms,
        .attempt_timeout_ms = fetch->timeout_ms,
        .stall_timeout_ms = fetch->timeout_ms,
    };
    CURL *easy = transfer->easy;
    CURLcode result = set_options(transfer, fetch->url, &options, endpoint);
    if (strcmp(fetch->method, "GET") != 0) {
        SET(CURLOPT_POSTFIELDS, fetch->body != NULL ? fetch->body : "");
        SET(CURLOPT_CUSTOMREQUEST, fetch->method);
    }
    SET(CURLOPT_NOPROGRESS, 0L);
    SET(CURLOPT_XFERINFOFUNCTION, look);
    SET(CURLOPT_CERTINFO, endpoint->https ? 1L : 0L);
    if (is_metadata(fetch)) {
        SET(CURLOPT_OPENSOCKETFUNCTION, open_metadata);
    }
    return is_set(result, err);
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

bool acs_fetch(const struct acs_fetch *fetch, struct acs_fetched *ret_fetched, struct error *err)
{
    struct acs_endpoint endpoint;
    if (!parse_origin(fetch, &endpoint, err) || !acs_setup_libcurl(err)) {
        return false;
    }
    struct acs_transfer *transfer = acs_transfer_new(ACS_FETCH_ANSWER_MAX);
    if (transfer == NULL) {
        return error_no_memory(err);
    }
    bool ok = (add_fetch_headers(fetch, transfer) || error_no_memory(err)) &&
              set_fetch_options(fetch, &endpoint, transfer, err);
    CURLcode result = ok ? curl_easy_perform(transfer->easy) : CURLE_OK;
    if (result != CURLE_OK) {
        ok = false;
        if (interrupt_check(err)) {
            (void)acs_transfer_error(transfer, result, err);
            (void)error_context(err, "%s", endpoint.base);
        }
    }
    if (ok) {
        ret_fetched->status = acs_transfer_status(transfer);
        ret_fetched->certificate_expires = read_certificate(transfer->easy);
        ret_fetched->body = transfer->body;
        ret_fetched->headers = transfer->answer;
        buffer_init(&transfer->body, 0);
        acs_headers_init(&transfer->answer);
    }
    acs_transfer_free(transfer);
    return ok;
}

void acs_fetched_free(struct acs_fetched *fetched)
{
    buffer_free_secret(&fetched->body);
    acs_headers_free(&fetched->headers);
}
