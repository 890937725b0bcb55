#include "acs/fetch.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include <curl/curl.h>

#include "acs/endpoint.h"
#include "acs/retry_watch.h"
#include "acs/setup.h"
#include "acs/transfer.h"
#include "base/interrupt.h"
#include "base/text.h"

struct exchange {
    const struct acs_fetch *fetch;
    struct acs_endpoint endpoint;
    struct acs_transfer *transfer;
};

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
    return fetch->metadata && text_starts_with(fetch->url, "http://" ACS_METADATA_ADDRESS "/");
}

/* Takes the URL apart as far as it says whom to talk to. */
static bool parse_origin(struct exchange *exchange, struct error *err)
{
    char origin[ACS_ENDPOINT_MAX + 1];
    const char *url = exchange->fetch->url;
    const char *host = strstr(url, "://");
    if (is_metadata(exchange->fetch)) {
        exchange->endpoint = (struct acs_endpoint){.loopback = true}; /* no proxy either */
        return text_fit(exchange->endpoint.base, sizeof(exchange->endpoint.base),
                        "http://" ACS_METADATA_ADDRESS);
    }
    size_t length = host == NULL ? strlen(url) : (size_t)(host - url) + 3;
    length += strcspn(url + length, "/?#");
    (void)snprintf(origin, sizeof(origin), "%.*s", (int)length, url); /* cut: too long */
    const char *why = acs_endpoint_read(origin, &exchange->endpoint);
    if (why == NULL) {
        return true;
    }
    error_set(err, ERROR_USAGE, "the URL, which is not shown: %s", why);
    return error_hint(err,
                      "Such a URL is https://HOST/... or, on this machine, http://localhost/...");
}

static bool add_headers(const struct acs_fetch *fetch, struct acs_transfer *transfer)
{
    bool ok = acs_transfer_header(transfer, "Expect:") &&
              acs_transfer_header(transfer, "Accept: */*") &&
              (fetch->body != NULL ||
               acs_transfer_header(transfer, "Content-Type:")); /* removes libcurl's own */
    for (size_t i = 0; ok && i < ACS_FETCH_HEADERS_MAX; i++) {
        ok = fetch->headers[i] == NULL || acs_transfer_header(transfer, fetch->headers[i]);
    }
    return ok;
}

/* About once a second, and after each signal that this thread gets: ends the transfer then. */
static int look(void *context, curl_off_t total, curl_off_t done, curl_off_t to_send,
                curl_off_t sent)
{
    (void)context, (void)total, (void)done, (void)to_send, (void)sent;
    acs_retry_look();
    return interrupt_signal() != 0;
}

static bool set_options(struct exchange *exchange, struct error *err)
{
    const struct acs_fetch *fetch = exchange->fetch;
    const struct acs_client_options options = {
        .ca_file = fetch->ca_file,
        .user_agent = fetch->user_agent != NULL ? fetch->user_agent : "hbrsync",
        .connect_timeout_ms = fetch->connect_timeout_ms,
        .attempt_timeout_ms = fetch->timeout_ms,
        .stall_timeout_ms = fetch->timeout_ms,
    };
    const struct acs_setup setup = {.options = &options};
    CURL *easy = exchange->transfer->easy;
    CURLcode result = acs_transfer_set(exchange->transfer, fetch->url, &setup, &exchange->endpoint);
    if (strcmp(fetch->method, "GET") != 0) {
        SET(CURLOPT_POSTFIELDS, fetch->body != NULL ? fetch->body : "");
        SET(CURLOPT_POSTFIELDSIZE, fetch->body != NULL ? (long)strlen(fetch->body) : 0L);
        SET(CURLOPT_CUSTOMREQUEST, fetch->method);
    }
    SET(CURLOPT_NOPROGRESS, 0L);
    SET(CURLOPT_XFERINFOFUNCTION, look);
    SET(CURLOPT_CERTINFO, exchange->endpoint.https ? 1L : 0L);
    if (is_metadata(fetch)) {
        SET(CURLOPT_OPENSOCKETFUNCTION, open_metadata);
    }
    return acs_transfer_set_ok(result, err);
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

static bool perform(struct exchange *exchange, struct acs_fetched *fetched, struct error *err)
{
    struct acs_transfer *transfer = exchange->transfer;
    if (transfer == NULL || !add_headers(exchange->fetch, transfer)) {
        return error_no_memory(err);
    }
    if (!set_options(exchange, err)) {
        return false;
    }
    CURLcode result = curl_easy_perform(transfer->easy);
    if (result != CURLE_OK) {
        if (interrupt_check(err)) {
            (void)acs_transfer_error(transfer, result, err);
            (void)error_context(err, "%s", exchange->endpoint.base);
        }
        return false;
    }
    fetched->status = acs_transfer_status(transfer);
    fetched->certificate_expires = read_certificate(transfer->easy);
    fetched->body = transfer->body;
    fetched->headers = transfer->answer;
    buffer_init(&transfer->body, 0);
    acs_headers_init(&transfer->answer);
    return true;
}

bool acs_fetch(const struct acs_fetch *fetch, struct acs_fetched *ret_fetched, struct error *err)
{
    struct exchange exchange = {.fetch = fetch};
    if (!parse_origin(&exchange, err)) {
        return false;
    }
    if (!acs_setup_libcurl(err)) {
        return false;
    }
    exchange.transfer = acs_transfer_new(ACS_FETCH_ANSWER_MAX);
    bool ok = perform(&exchange, ret_fetched, err);
    acs_transfer_free(exchange.transfer);
    return ok;
}

void acs_fetched_free(struct acs_fetched *fetched)
{
    buffer_free_secret(&fetched->body);
    acs_headers_free(&fetched->headers);
}
