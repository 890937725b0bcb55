/* What every handle is told of whom it may talk to. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <unistd.h>

#include <cmocka.h>

#include "acs/transfer.h"

#define CA_FILE "/a/ca.pem"

/* What was set; -1 and UNSET: nothing was. */
static long netrc, tls_version, verify_peer, verify_host;
static long proxy_tls_version, proxy_verify_peer, proxy_verify_host, proxy_methods;
static const char UNSET[] = "unset";
static const char *ca_file, *ca_path, *proxy_ca_file, *proxy_ca_path;
static curl_opensocket_callback open_socket;

/* In the place of libcurl's: takes note. */
#undef curl_easy_setopt
CURLcode curl_easy_setopt(CURL *easy, CURLoption option, ...)
{
    va_list arguments;
    (void)easy;
    va_start(arguments, option);
    switch (option) {
    case CURLOPT_NETRC:
        netrc = va_arg(arguments, long);
        break;
    case CURLOPT_SSLVERSION:
        tls_version = va_arg(arguments, long);
        break;
    case CURLOPT_SSL_VERIFYPEER:
        verify_peer = va_arg(arguments, long);
        break;
    case CURLOPT_SSL_VERIFYHOST:
        verify_host = va_arg(arguments, long);
        break;
    case CURLOPT_CAINFO:
        ca_file = va_arg(arguments, const char *);
        break;
    case CURLOPT_CAPATH:
        ca_path = va_arg(arguments, const char *);
        break;
    case CURLOPT_PROXY_SSLVERSION:
        proxy_tls_version = va_arg(arguments, long);
        break;
    case CURLOPT_PROXY_SSL_VERIFYPEER:
        proxy_verify_peer = va_arg(arguments, long);
        break;
    case CURLOPT_PROXY_SSL_VERIFYHOST:
        proxy_verify_host = va_arg(arguments, long);
        break;
    case CURLOPT_PROXYAUTH:
        proxy_methods = va_arg(arguments, long);
        break;
    case CURLOPT_PROXY_CAINFO:
        proxy_ca_file = va_arg(arguments, const char *);
        break;
    case CURLOPT_PROXY_CAPATH:
        proxy_ca_path = va_arg(arguments, const char *);
        break;
    case CURLOPT_OPENSOCKETFUNCTION:
        open_socket = va_arg(arguments, curl_opensocket_callback);
        break;
    default:
        break;
    }
    va_end(arguments);
    return CURLE_OK;
}

static void secure(const char *url, const char *authorities)
{
    struct acs_endpoint endpoint;
    netrc = tls_version = verify_peer = verify_host = -1;
    proxy_tls_version = proxy_verify_peer = proxy_verify_host = proxy_methods = 0;
    ca_file = ca_path = proxy_ca_file = proxy_ca_path = UNSET;
    open_socket = NULL;
    assert_null(acs_endpoint_read(url, &endpoint));
    assert_int_equal(acs_transfer_secure(NULL, &endpoint, authorities), CURLE_OK);
    assert_non_null(open_socket);
}

static void test_options(void **state)
{
    static const char *const urls[] = {"https://hbr.cn-hangzhou.aliyuncs.com",
                                       "http://localhost:1"};
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        secure(urls[i], NULL);
        assert_int_equal(netrc, CURL_NETRC_IGNORED);
        assert_int_equal(tls_version, CURL_SSLVERSION_TLSv1_2);
        assert_int_equal(verify_peer, 1);
        assert_int_equal(verify_host, 2);
        assert_int_equal(proxy_tls_version, tls_version);
        assert_int_equal(proxy_verify_peer, verify_peer);
        assert_int_equal(proxy_verify_host, verify_host);
    }
}

/* A file of authorities stands alone: those of the system's folder are not trusted beside it. */
static void test_authorities(void **state)
{
    (void)state;
    secure("https://localhost", CA_FILE);
    assert_string_equal(ca_file, CA_FILE);
    assert_null(ca_path);
    assert_string_equal(proxy_ca_file, CA_FILE);
    assert_null(proxy_ca_path);
    secure("https://localhost", NULL);
    assert_ptr_equal(ca_file, UNSET);
    assert_ptr_equal(ca_path, UNSET);
    assert_ptr_equal(proxy_ca_file, UNSET);
    assert_ptr_equal(proxy_ca_path, UNSET);
}

/* Every method, but with a name not the one that takes no password and would come first. */
static void test_methods_of_a_proxy(void **state)
{
    static const struct {
        const char *value;
        bool negotiates;
    } cases[] = {
        {"http://host:3128", true},
        {"http://:@host:3128", true},
        {"http://user:password@host:3128", false},
        {"user@host", false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_int_equal(setenv("https_proxy", cases[i].value, 1), 0);
        secure("https://localhost", NULL);
        assert_int_equal((proxy_methods & (long)CURLAUTH_NEGOTIATE) != 0, cases[i].negotiates);
        assert_true((proxy_methods & (long)CURLAUTH_BASIC) != 0);
        assert_true((proxy_methods & (long)CURLAUTH_DIGEST) != 0);
        assert_true((proxy_methods & (long)CURLAUTH_NTLM) != 0);
    }
    assert_int_equal(unsetenv("https_proxy"), 0);
}

static bool opens(int family, const char *text)
{
    struct sockaddr_in6 ipv6 = {.sin6_family = AF_INET6};
    struct sockaddr_in ipv4 = {.sin_family = AF_INET};
    /* libcurl, too, keeps what is longer than a sockaddr in the bytes that follow. */
    union {
        struct curl_sockaddr address;
        unsigned char bytes[sizeof(struct curl_sockaddr) + sizeof(ipv6)];
    } place = {.address = {.family = family, .socktype = SOCK_STREAM}};
    unsigned char *target = place.bytes + offsetof(struct curl_sockaddr, addr);
    if (family == AF_INET) {
        assert_int_equal(inet_pton(family, text, &ipv4.sin_addr), 1);
        place.address.addrlen = sizeof(ipv4);
        memcpy(target, &ipv4, sizeof(ipv4));
    } else {
        assert_int_equal(inet_pton(family, text, &ipv6.sin6_addr), 1);
        place.address.addrlen = sizeof(ipv6);
        memcpy(target, &ipv6, sizeof(ipv6));
    }
    curl_socket_t opened = open_socket(NULL, CURLSOCKTYPE_IPCXN, &place.address);
    if (opened != CURL_SOCKET_BAD) {
        (void)close(opened);
    }
    return opened != CURL_SOCKET_BAD;
}

/* x.localhost is a name like another to some resolvers. */
static void test_where_plain_http_goes(void **state)
{
    (void)state;
    secure("http://x.localhost", NULL);
    assert_true(opens(AF_INET, "127.0.0.1"));
    assert_true(opens(AF_INET, "127.255.0.3"));
    assert_false(opens(AF_INET, "192.0.2.1"));
    assert_false(opens(AF_INET, "1.0.0.127"));
    assert_false(opens(AF_INET6, "2001:db8::1"));
    assert_false(opens(AF_INET6, "::ffff:192.0.2.1"));
    secure("https://x.localhost", NULL);
    assert_true(opens(AF_INET, "192.0.2.1"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_options),
        cmocka_unit_test(test_authorities),
        cmocka_unit_test(test_methods_of_a_proxy),
        cmocka_unit_test(test_where_plain_http_goes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
