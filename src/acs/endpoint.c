#include "acs/endpoint.h"

#include <arpa/inet.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "acs/client.h"
#include "base/text.h"

#define HOST_MAX 253 /* RFC 1035 */
#define REGION_MARK "{region}"
#define ESCAPED_MAX 512
#define HTTPS_PORT 443
#define HTTP_PORT 80

/* A DNS name or dotted address: labels of letters, digits, "-" and "_", none of them empty. */
static bool is_host_name(const char *host)
{
    return host[strspn(host, TEXT_ALPHANUMERIC "-_.")] == '\0' && strchr("-.", host[0]) == NULL &&
           strchr("-.", host[strlen(host) - 1]) == NULL && strstr(host, "..") == NULL &&
           strstr(host, ".-") == NULL;
}

static bool is_loopback_name(const char *host)
{
    struct in_addr address;
    if (inet_pton(AF_INET, host, &address) == 1) {
        return (ntohl(address.s_addr) >> 24) == 127;
    }
    return strcmp(host, "localhost") == 0 || text_ends_with(host, ".localhost");
}

/* A name, or an IPv6 address in brackets. */
static bool is_host(char *host, bool *ret_loopback)
{
    struct in6_addr address;
    size_t length = strlen(host);
    if (host[0] != '[') {
        *ret_loopback = is_loopback_name(host);
        return is_host_name(host);
    }
    bool closed = host[length - 1] == ']';
    host[length - 1] = '\0';
    bool is_address = closed && inet_pton(AF_INET6, host + 1, &address) == 1;
    *ret_loopback = is_address && IN6_IS_ADDR_LOOPBACK(&address);
    return is_address;
}

/* Not libcurl's parser: it makes 127.0.0.1 of what is no plain address, such as 0x7f.1. */
const char *acs_endpoint_read(const char *text, struct acs_endpoint *ret_endpoint)
{
    struct acs_endpoint endpoint = {.https = strncasecmp(text, "https://", 8) == 0};
    char name[HOST_MAX + 3] = ""; /* with brackets */
    int64_t port = 0;
    if (strchr(text, '@') != NULL) {
        return "it must not hold user information (\"...@\")";
    }
    if (!endpoint.https && strncasecmp(text, "http://", 7) != 0) {
        return "it must begin with https://";
    }
    if (!text_fit(endpoint.base, sizeof(endpoint.base), text)) {
        return "too long";
    }
    text_lower(endpoint.base);
    char *host = endpoint.base + (endpoint.https ? 8 : 7);
    char *end = host + strcspn(host, host[0] == '[' ? "]" : ":/?#");
    end += *end == ']' ? 1 : 0;
    if ((size_t)(end - host) >= sizeof(name) ||
        !is_host(memcpy(name, host, (size_t)(end - host)), &endpoint.loopback)) {
        return "not a host name or address";
    }
    if (strpbrk(end, "/?#") != NULL) {
        return "it must end after the host and port";
    }
    if (*end != '\0' && (*end != ':' || !text_to_int64(end + 1, 1, UINT16_MAX, &port))) {
        return "not a port number";
    }
    if (!endpoint.https && !endpoint.loopback) {
        return "plain http is for loopback addresses only";
    }
    if (port == 0 || port == (endpoint.https ? HTTPS_PORT : HTTP_PORT)) {
        *end = '\0';
    } else {
        (void)snprintf(end, sizeof(endpoint.base) - (size_t)(end - endpoint.base), ":%d",
                       (int)port); /* never longer than what was read */
    }
    (void)text_fit(endpoint.host, sizeof(endpoint.host), host);
    *ret_endpoint = endpoint;
    return NULL;
}

bool acs_endpoint_parse(const char *text, struct acs_endpoint *ret_endpoint, struct error *err)
{
    char shown[ESCAPED_MAX + 4];
    const char *why = acs_endpoint_read(text, ret_endpoint);
    if (why == NULL) {
        return true;
    }
    /* It may hold anything; what stands before an @, and a query, is a secret as likely as not. */
    size_t length = strchr(text, '@') != NULL ? 0 : strcspn(text, "?#");
    text_show(shown, sizeof(shown), text, length, ESCAPED_MAX);
    (void)error_set(err, ERROR_USAGE, "endpoint \"%s%s\": %s", shown,
                    text[length] != '\0' ? "..." : "", why);
    return error_hint(err, "An endpoint is https://HOST or https://HOST:PORT.");
}

bool acs_endpoint_check(const char *endpoint, struct error *err)
{
    char example[ACS_ENDPOINT_MAX * 2];
    struct acs_endpoint parsed;
    return acs_endpoint_for_region(endpoint, "cn-hangzhou", example, sizeof(example), err) &&
           acs_endpoint_parse(example, &parsed, err);
}

bool acs_region_check(const char *region, struct error *err)
{
    char shown[ESCAPED_MAX + 4];
    if (region[0] != '\0' && region[strspn(region, TEXT_ALPHANUMERIC "-")] == '\0') {
        return true;
    }
    text_show(shown, sizeof(shown), region, strlen(region), ESCAPED_MAX);
    (void)error_set(err, ERROR_USAGE, "\"%s\" is no region id", shown);
    return error_hint(err, "A region id is letters, digits and -, such as cn-hangzhou.");
}

bool acs_endpoint_for_region(const char *pattern, const char *region, char *target, size_t size,
                             struct error *err)
{
    size_t used = 0;
    for (const char *at = pattern; *at != '\0';) {
        bool mark = text_starts_with(at, REGION_MARK);
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
