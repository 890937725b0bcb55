#include "acs/transfer.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <openssl/crypto.h>

#include "acs/call.h"
#include "acs/failure.h"
#include "base/clock.h"
#include "base/text.h"

#define URL_MAX ((size_t)1024 * 1024)
#define HEADER_LINE_MAX ((size_t)16 * 1024)
#define CONNECTION_LIFETIME_SECONDS 3600L
#define STALL_BYTES_PER_SECOND 1L

struct acs_key_set *acs_key_set_new(const struct acs_credentials *credentials)
{
    struct acs_key_set *keys = malloc(sizeof(*keys));
    if (keys != NULL) {
        keys->credentials = *credentials; /* by no temporary copy, which would stay on the stack */
        keys->users = 1;
    }
    return keys;
}

void acs_key_set_release(struct acs_key_set *keys)
{
    if (keys != NULL && --keys->users == 0) {
        acs_credentials_wipe(&keys->credentials);
        free(keys);
    }
}

struct acs_transfer *acs_transfer_new(size_t answer_max)
{
    struct acs_transfer *transfer = calloc(1, sizeof(*transfer));
    if (transfer == NULL) {
        return NULL;
    }
    buffer_init(&transfer->url, URL_MAX);
    buffer_init(&transfer->body, answer_max);
    acs_headers_init(&transfer->answer);
    transfer->answer_max = answer_max;
    transfer->easy = curl_easy_init();
    if (transfer->easy == NULL) {
        acs_transfer_free(transfer);
        return NULL;
    }
    return transfer;
}

/* curl_slist_append copies its text, so the copies are wiped here. */
static void free_headers(struct acs_transfer *transfer)
{
    for (struct curl_slist *item = transfer->headers; item != NULL; item = item->next) {
        OPENSSL_cleanse(item->data, strlen(item->data));
    }
    curl_slist_free_all(transfer->headers);
    transfer->headers = NULL;
}

void acs_transfer_free(struct acs_transfer *transfer)
{
    if (transfer == NULL) {
        return;
    }
    curl_easy_cleanup(transfer->easy);
    free_headers(transfer);
    acs_key_set_release(transfer->signed_with);
    buffer_free(&transfer->url);
    buffer_free_secret(&transfer->body); /* an answer of STS is a key */
    acs_headers_free(&transfer->answer);
    free(transfer);
}

static size_t on_body(char *bytes, size_t size, size_t count, void *context)
{
    struct acs_transfer *transfer = context;
    size_t length = size * count;
    /* Counted here, after decompression: libcurl's own limit is not. */
    if (length > transfer->answer_max - transfer->body.length) {
        transfer->too_large = true;
        return 0;
    }
    buffer_append(&transfer->body, bytes, length);
    return transfer->body.failed ? 0 : length;
}

static size_t on_header(char *bytes, size_t size, size_t count, void *context)
{
    struct acs_transfer *transfer = context;
    size_t length = size * count;
    if (!acs_headers_line(&transfer->answer, bytes, length, clock_now())) {
        transfer->too_large = true;
        return 0;
    }
    return length;
}

/* libcurl's own sockets stay open in the programs that we start. */
static curl_socket_t open_socket(void *context, curlsocktype purpose, struct curl_sockaddr *address)
{
    (void)context;
    (void)purpose;
    return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

/* For plain http: whatever a name resolves to, only a loopback address is connected to. */
static curl_socket_t open_loopback(void *context, curlsocktype purpose,
                                   struct curl_sockaddr *address)
{
    bool loopback = false;
    if (address->family == AF_INET) {
        struct sockaddr_in ipv4;
        memcpy(&ipv4, &address->addr, sizeof(address->addr));
        loopback = (ntohl(ipv4.sin_addr.s_addr) >> 24) == 127;
    } else if (address->family == AF_INET6 && address->addrlen >= sizeof(struct sockaddr_in6)) {
        struct sockaddr_in6 ipv6;
        /* curl_sockaddr declares a sockaddr but holds what addrlen says. */
        const void *start = &address->addr;
        memcpy(&ipv6, start, sizeof(ipv6));
        loopback = IN6_IS_ADDR_LOOPBACK(&ipv6.sin6_addr);
    }
    return loopback ? open_socket(context, purpose, address) : CURL_SOCKET_BAD;
}

bool acs_transfer_header(struct acs_transfer *transfer, const char *line)
{
    struct curl_slist *list = curl_slist_append(transfer->headers, line);
    if (list != NULL) {
        transfer->headers = list;
    }
    return list != NULL;
}

/* Composes a line, and wipes what it was composed in. */
static bool add_header(struct acs_transfer *transfer, const char *name, const char *value,
                       struct error *err)
{
    struct buffer line;
    buffer_init(&line, HEADER_LINE_MAX);
    buffer_printf(&line, "%s:%s%s", name, value[0] != '\0' ? " " : "", value);
    bool ok = buffer_ok(&line, "a header of the request", err) &&
              (acs_transfer_header(transfer, line.data) || error_no_memory(err));
    buffer_free_secret(&line);
    return ok;
}

static bool add_headers(struct acs_transfer *transfer, const struct acs_signing_input *signing,
                        struct error *err)
{
    struct buffer authorization;
    buffer_init(&authorization, HEADER_LINE_MAX);
    bool ok = acs_authorization(signing, &authorization, err) &&
              add_header(transfer, "Host", signing->host, err) &&
              add_header(transfer, "Accept", "application/json", err) &&
              add_header(transfer, "Content-Type", "", err) && /* removes libcurl's own */
              add_header(transfer, "Expect", "", err) &&
              add_header(transfer, "x-acs-action", signing->action, err) &&
              add_header(transfer, "x-acs-version", signing->version, err) &&
              add_header(transfer, "x-acs-date", signing->date, err) &&
              add_header(transfer, "x-acs-signature-nonce", signing->nonce, err) &&
              add_header(transfer, "x-acs-content-sha256", ACS_EMPTY_BODY_SHA256, err) &&
              (signing->security_token[0] == '\0' ||
               add_header(transfer, "x-acs-security-token", signing->security_token, err)) &&
              add_header(transfer, "Authorization", authorization.data, err);
    const char *last = ok ? strrchr(authorization.data, '=') : NULL;
    (void)text_fit(transfer->signature, sizeof(transfer->signature), last != NULL ? last + 1 : "");
    buffer_free_secret(&authorization);
    return ok;
}

static bool sign(struct acs_transfer *transfer, const struct acs_setup *setup,
                 const struct acs_call *call, struct error *err)
{
    char date[CLOCK_ISO8601_SIZE];
    char nonce[ACS_NONCE_SIZE];
    if (!acs_nonce(nonce, err)) {
        return false;
    }
    if (!clock_to_iso8601(clock_now(), date)) {
        return error_set(err, ERROR_INTERNAL, "the clock is outside the years 0 to 9999");
    }
    const struct acs_credentials *credentials = &setup->keys->credentials;
    struct acs_signing_input signing = {
        .method = "POST",
        .host = call->endpoint.host,
        .action = call->action,
        .version = call->version,
        .date = date,
        .nonce = nonce,
        .access_key_id = credentials->access_key_id,
        .access_key_secret = credentials->access_key_secret,
        .security_token = credentials->security_token,
        .parameters = call->parameters,
        .parameter_count = call->parameter_count,
    };
    transfer->signed_with = setup->keys;
    transfer->signed_with->users++;
    transfer->secrets = (struct acs_secrets){signing.access_key_secret, signing.security_token,
                                             transfer->signature};
    return add_headers(transfer, &signing, err);
}

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

CURLcode acs_transfer_set(struct acs_transfer *transfer, const char *url,
                          const struct acs_setup *setup, const struct acs_endpoint *endpoint)
{
    const struct acs_client_options *options = setup->options;
    /* Where the server speaks HTTP/2, requests share one connection. */
    bool http2 =
        endpoint->https && (curl_version_info(CURLVERSION_NOW)->features & CURL_VERSION_HTTP2) != 0;
    CURL *easy = transfer->easy;
    CURLcode result = acs_transfer_secure(easy, endpoint, options->ca_file);
    transfer->ca_file = options->ca_file;
    SET(CURLOPT_URL, url);
    SET(CURLOPT_HTTPHEADER, transfer->headers);
    SET(CURLOPT_USERAGENT, options->user_agent);
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

bool acs_transfer_set_ok(CURLcode result, struct error *err)
{
    return result == CURLE_OK ||
           error_set(err, ERROR_INTERNAL, "libcurl %s takes not all options: %s",
                     curl_version_info(CURLVERSION_NOW)->version, curl_easy_strerror(result));
}

static bool compose_url(struct acs_transfer *transfer, const struct acs_call *call,
                        struct error *err)
{
    buffer_puts(&transfer->url, call->endpoint.base);
    buffer_puts(&transfer->url, call->parameter_count > 0 ? "/?" : "/");
    return acs_canonical_query(call->parameters, call->parameter_count, &transfer->url, err) &&
           buffer_ok(&transfer->url, "the request's URL", err);
}

bool acs_transfer_prepare(struct acs_transfer *transfer, const struct acs_setup *setup,
                          const struct acs_call *call, struct error *err)
{
    if (!compose_url(transfer, call, err) || !sign(transfer, setup, call, err)) {
        return false;
    }
    CURL *easy = transfer->easy;
    CURLcode result = acs_transfer_set(transfer, transfer->url.data, setup, &call->endpoint);
    SET(CURLOPT_POST, 1L);
    SET(CURLOPT_POSTFIELDS, "");
    SET(CURLOPT_POSTFIELDSIZE, 0L);
    SET(CURLOPT_ACCEPT_ENCODING, ""); /* all that libcurl was built with */
    if (!acs_transfer_set_ok(result, err)) {
        return false;
    }
    transfer->started_ms = clock_monotonic_ms();
    return true;
}

bool acs_multi_ok(CURLMcode code, struct error *err)
{
    return code == CURLM_OK ||
           error_set(err, ERROR_INTERNAL, "libcurl: %s", curl_multi_strerror(code));
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
    if (transfer->too_large || (result == CURLE_OUT_OF_MEMORY && in_headers)) {
        (void)error_set(err, ERROR_SERVICE,
                        "the answer is larger than %zu bytes or its headers than %zu",
                        transfer->answer_max, ACS_HEADERS_MAX);
        return ACS_PERMANENT;
    }
    if (transfer->body.failed || result == CURLE_OUT_OF_MEMORY) {
        (void)error_no_memory(err);
        return ACS_PERMANENT;
    }
    return acs_failure_tell(transfer->easy, result, transfer->error_text, &transfer->secrets,
                            transfer->ca_file, err);
}
