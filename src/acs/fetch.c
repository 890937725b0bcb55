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

#define POLL_MAX_MS 1000

struct exchange {
    const struct acs_fetch *fetch;
    struct acs_endpoint endpoint;
    struct acs_transfer *transfer;
    CURLM *multi;
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
    SET(CURLOPT_CERTINFO, exchange->endpoint.https ? 1L : 0L);
    if (is_metadata(fetch)) {
        SET(CURLOPT_OPENSOCKETFUNCTION, open_metadata);
    }
    return acs_transfer_set_ok(result, err);
}

static bool begin(struct exchange *exchange, struct error *err)
{
    exchange->multi = curl_multi_init();
    exchange->transfer = acs_transfer_new(ACS_FETCH_ANSWER_MAX);
    if (exchange->multi == NULL || exchange->transfer == NULL ||
        !add_headers(exchange->fetch, exchange->transfer)) {
        return error_no_memory(err);
    }
    return set_options(exchange, err) &&
           (curl_multi_add_handle(exchange->multi, exchange->transfer->easy) == CURLM_OK ||
            error_set(err, ERROR_INTERNAL, "libcurl takes no transfer"));
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
        if (!acs_multi_ok(curl_multi_perform(exchange->multi, &running), err)) {
            return false;
        }
        if (has_ended(exchange->multi, ret_result)) {
            return true;
        }
        acs_retry_look();
        if (!acs_multi_ok(curl_multi_poll(exchange->multi, &signals, signals.fd >= 0 ? 1 : 0,
                                          POLL_MAX_MS, NULL),
                          err)) {
            return false;
        }
    }
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
    CURLcode result = CURLE_OK;
    if (!begin(exchange, err) || !wait_for_end(exchange, &result, err)) {
        return false;
    }
    struct acs_transfer *transfer = exchange->transfer;
    if (result != CURLE_OK) {
        (void)acs_transfer_error(transfer, result, err);
        return error_context(err, "%s", exchange->endpoint.base);
    }
    fetched->status = acs_transfer_status(transfer);
    fetched->certificate_expires = read_certificate(transfer->easy);
    fetched->body = transfer->body;
    fetched->headers = transfer->answer;
    buffer_init(&transfer->body, 0);
    acs_headers_init(&transfer->answer);
    return true;
}

static void end(struct exchange *exchange)
{
    if (exchange->multi != NULL && exchange->transfer != NULL) {
        (void)curl_multi_remove_handle(exchange->multi, exchange->transfer->easy);
    }
    acs_transfer_free(exchange->transfer);
    if (exchange->multi != NULL) {
        (void)curl_multi_cleanup(exchange->multi);
    }
}

bool acs_fetch(const struct acs_fetch *fetch, struct acs_fetched *ret_fetched, struct error *err)
{
    struct exchange exchange = {.fetch = fetch};
    if (!parse_origin(&exchange, err)) {
        return false;
    }
    bool ok = acs_setup_libcurl(err) && perform(&exchange, ret_fetched, err);
    end(&exchange);
    return ok;
}

void acs_fetched_free(struct acs_fetched *fetched)
{
    buffer_free_secret(&fetched->body);
    acs_headers_free(&fetched->headers);
}
