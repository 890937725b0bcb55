#include "acs/endpoint.h"

#include <arpa/inet.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "acs/client.h"
#include "base/buffer.h"
#include "base/text.h"

#define HOST_MAX 253 /* RFC 1035 */
#define REGION_MARK "{region}"
#define ESCAPED_MAX 512
#define HTTPS_PORT 443
#define HTTP_PORT 80

/* ERROR_USAGE that shows the endpoint, which may hold anything, but for what is a secret as likely
 * as not: what stands before an @, and a query. */
static bool refuse(const char *text, const char *why, struct error *err)
{
    struct buffer shown;
    size_t length = strchr(text, '@') != NULL ? 0 : strcspn(text, "?#");
    buffer_init(&shown, ESCAPED_MAX * 2);
    text_escape(&shown, text, length, ESCAPED_MAX);
    if (text[length] != '\0') {
        buffer_puts(&shown, "...");
    }
    (void)error_set(err, ERROR_USAGE, "endpoint \"%s\": %s", shown.data, why);
    buffer_free(&shown);
    return error_hint(err, "An endpoint is https://HOST or https://HOST:PORT.");
}

static char lower(char byte)
{
    return byte >= 'A' && byte <= 'Z' ? (char)(byte - 'A' + 'a') : byte;
}

static bool is_alphanumeric(char byte)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
           (byte >= '0' && byte <= '9');
}

static bool starts_with(const char *text, const char *prefix)
{
    while (*prefix != '\0' && lower(*text) == *prefix) {
        text++;
        prefix++;
    }
    return *prefix == '\0';
}

/* A DNS name or dotted address: labels of letters, digits, "-" and "_", none of them empty. */
static bool is_host_name(const char *host)
{
    char before = '.';
    for (; *host != '\0'; host++) {
        bool label_starts = before == '.';
        if (!is_alphanumeric(*host) && *host != '_' &&
            (label_starts || (*host != '-' && *host != '.'))) {
            return false;
        }
        before = *host;
    }
    return before != '.' && before != '-';
}

static bool is_loopback_name(const char *host)
{
    static const char suffix[] = ".localhost";
    size_t length = strlen(host);
    struct in_addr address;
    if (inet_pton(AF_INET, host, &address) == 1) {
        return (ntohl(address.s_addr) >> 24) == 127;
    }
    return strcmp(host, "localhost") == 0 ||
           (length >= sizeof(suffix) && strcmp(host + length - (sizeof(suffix) - 1), suffix) == 0);
}

/* Copies "[address]" without its brackets; returns what follows it, NULL when it is no such
 * address. */
static const char *split_ipv6(const char *text, char *host, size_t size, bool *ret_loopback)
{
    struct in6_addr address;
    const char *end = strchr(text, ']');
    if (end == NULL || (size_t)(end - text) > size) {
        return NULL;
    }
    size_t length = (size_t)(end - text) - 1;
    memcpy(host, text + 1, length);
    host[length] = '\0';
    if (inet_pton(AF_INET6, host, &address) != 1) {
        return NULL;
    }
    *ret_loopback = IN6_IS_ADDR_LOOPBACK(&address);
    return end + 1;
}

static const char *split_name(const char *text, char *host, size_t size, bool *ret_loopback)
{
    size_t length = strcspn(text, ":/?#@");
    if (length == 0 || length >= size) {
        return NULL;
    }
    for (size_t i = 0; i < length; i++) {
        host[i] = lower(text[i]);
    }
    host[length] = '\0';
    if (!is_host_name(host)) {
        return NULL;
    }
    *ret_loopback = is_loopback_name(host);
    return text + length;
}

/* What follows the host: nothing, or a port. 0 is put for the scheme's default. */
static bool parse_port(const char *text, bool https, int64_t *ret_port)
{
    *ret_port = 0;
    if (*text == '\0') {
        return true;
    }
    if (*text != ':' || !text_to_int64(text + 1, 1, UINT16_MAX, ret_port)) {
        return false;
    }
    if (*ret_port == (https ? HTTPS_PORT : HTTP_PORT)) {
        *ret_port = 0;
    }
    return true;
}

static bool compose(struct acs_endpoint *endpoint, const char *host, bool brackets, int64_t port)
{
    char port_text[8] = "";
    int length = 0;
    if (port != 0) {
        length = snprintf(port_text, sizeof(port_text), ":%d", (int)port);
    }
    if (length < 0 || (size_t)length >= sizeof(port_text)) {
        return false;
    }
    length = snprintf(endpoint->host, sizeof(endpoint->host), "%s%s%s%s", brackets ? "[" : "", host,
                      brackets ? "]" : "", port_text);
    if (length < 0 || (size_t)length >= sizeof(endpoint->host)) {
        return false;
    }
    length = snprintf(endpoint->base, sizeof(endpoint->base), "%s://%s",
                      endpoint->https ? "https" : "http", endpoint->host);
    return length >= 0 && (size_t)length < sizeof(endpoint->base);
}

const char *acs_endpoint_read(const char *text, struct acs_endpoint *ret_endpoint)
{
    char host[HOST_MAX + 1];
    struct acs_endpoint endpoint;
    memset(&endpoint, 0, sizeof(endpoint));
    if (strchr(text, '@') != NULL) {
        return "it must not hold user information (\"...@\")";
    }
    endpoint.https = starts_with(text, "https://");
    if (!endpoint.https && !starts_with(text, "http://")) {
        return "it must begin with https://";
    }
    const char *rest = text + (endpoint.https ? strlen("https://") : strlen("http://"));
    bool brackets = *rest == '[';
    rest = brackets ? split_ipv6(rest, host, sizeof(host), &endpoint.loopback)
                    : split_name(rest, host, sizeof(host), &endpoint.loopback);
    if (rest == NULL) {
        return "not a host name or address";
    }
    if (strpbrk(rest, "/?#") != NULL) {
        return "it must end after the host and port";
    }
    int64_t port;
    if (!parse_port(rest, endpoint.https, &port)) {
        return "not a port number";
    }
    if (!endpoint.https && !endpoint.loopback) {
        return "plain http is for loopback addresses only";
    }
    if (!compose(&endpoint, host, brackets, port)) {
        return "too long";
    }
    *ret_endpoint = endpoint;
    return NULL;
}

bool acs_endpoint_parse(const char *text, struct acs_endpoint *ret_endpoint, struct error *err)
{
    const char *why = acs_endpoint_read(text, ret_endpoint);
    return why == NULL || refuse(text, why, err);
}

bool acs_endpoint_check(const char *endpoint, struct error *err)
{
    char example[ACS_ENDPOINT_MAX * 2];
    struct acs_endpoint parsed;
    if (strstr(endpoint, REGION_MARK) == NULL) {
        return acs_endpoint_parse(endpoint, &parsed, err);
    }
    if (!acs_endpoint_for_region(endpoint, "cn-hangzhou", example, sizeof(example), err)) {
        return refuse(endpoint, "too long", err);
    }
    return acs_endpoint_parse(example, &parsed, err);
}

static bool is_region_id(const char *region)
{
    for (const char *at = region; *at != '\0'; at++) {
        if (!is_alphanumeric(*at) && *at != '-') {
            return false;
        }
    }
    return *region != '\0';
}

bool acs_region_check(const char *region, struct error *err)
{
    struct buffer shown;
    if (is_region_id(region)) {
        return true;
    }
    buffer_init(&shown, ESCAPED_MAX * 2);
    text_escape(&shown, region, strlen(region), ESCAPED_MAX);
    (void)error_set(err, ERROR_USAGE, "\"%s\" is no region id", shown.data);
    buffer_free(&shown);
    return error_hint(err, "A region id is letters, digits and -, such as cn-hangzhou.");
}

bool acs_endpoint_for_region(const char *pattern, const char *region, char *target, size_t size,
                             struct error *err)
{
    size_t used = 0;
    for (const char *at = pattern; *at != '\0';) {
        bool mark = strncmp(at, REGION_MARK, sizeof(REGION_MARK) - 1) == 0;
        if (mark && !acs_region_check(region, err)) {
            return false;
        }
        const char *piece = mark ? region : at;
        size_t length = mark ? strlen(region) : 1;
        if (length >= size - used) {
            return error_set(err, ERROR_USAGE, "the endpoint is longer than %zu bytes", size);
        }
        memcpy(target + used, piece, length);
        used += length;
        at += mark ? sizeof(REGION_MARK) - 1 : 1;
    }
    target[used] = '\0';
    return true;
}
