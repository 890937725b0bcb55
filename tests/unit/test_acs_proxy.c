/* Failures of a proxy: told without its password, and not tried again where that cannot help. */
#include "acs_server.h"

#include <stdlib.h>

#include "acs/client.h"
#include "acs/failure.h"
#include "acs/transfer.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define HOST "https://hbr.test.invalid"

static void use_proxy(const char *variable, const char *value)
{
    static const char *const all[] = {"https_proxy", "HTTPS_PROXY", "all_proxy",
                                      "ALL_PROXY",   "no_proxy",    "NO_PROXY"};
    for (size_t i = 0; i < COUNT(all); i++) {
        assert_int_equal(unsetenv(all[i]), 0);
    }
    if (value != NULL) {
        assert_int_equal(setenv(variable, value, 1), 0);
    }
}

/* The error of a call through the proxy; returns the number of attempts. */
static uint64_t call(int64_t retry_for_ms, struct error *err)
{
    const struct acs_credentials credentials = {.access_key_id = "id",
                                                .access_key_secret = "secret"};
    const struct acs_request request = {.endpoint = HOST,
                                        .region = "cn-beijing",
                                        .action = "DescribeRestoreJobs2",
                                        .version = "2017-09-08"};
    struct acs_client_options options;
    struct acs_client *client = NULL;
    struct acs_answer answer;
    acs_client_defaults(&options);
    options.retry_for_ms = retry_for_ms;
    error_clear(err);
    assert_true(acs_client_new(&options, &credentials, &client, err));
    assert_false(acs_client_call(client, &request, &answer, err));
    uint64_t requests = acs_client_counters(client).requests;
    acs_client_free(client);
    return requests;
}

static void fetch(struct error *err)
{
    const struct acs_fetch request = {
        .method = "GET", .url = HOST "/", .connect_timeout_ms = 10000, .timeout_ms = 10000};
    struct acs_fetched fetched;
    error_clear(err);
    assert_false(acs_fetch(&request, &fetched, err));
}

static void expect_refused(const struct error *err, const char *variable)
{
    if (strstr(err->message, "cannot use the proxy in") == NULL) {
        fail_msg("\"%s\"", err->message);
    }
    assert_int_equal(err->code, ERROR_USAGE);
    assert_false(err->retryable);
    assert_non_null(strstr(err->message, variable));
    assert_non_null(strstr(err->hint, variable));
    assert_null(strstr(err->message, "canary"));
    assert_null(strstr(err->hint, "canary"));
}

static void test_a_wrong_variable(void **state)
{
    (void)state;
    static const struct {
        const char *variable;
        const char *value;
    } cases[] = {
        {"https_proxy", "http://user:canary#pw@127.0.0.1:3128"},
        {"https_proxy", "http://user:canary@127.0.0.1:99999"},
        {"https_proxy", "http://canary:12/3@127.0.0.1:1"},
        {"HTTPS_PROXY", "user:canary/pw@127.0.0.1:3128"},
        {"all_proxy", "htp://user:canary@127.0.0.1:1"},
        {"ALL_PROXY", "http://user:canary"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct error err;
        use_proxy(cases[i].variable, cases[i].value);
        assert_int_equal(call(20000, &err), 1);
        expect_refused(&err, cases[i].variable);
        fetch(&err);
        expect_refused(&err, cases[i].variable);
    }
}

static void tell(CURLcode result, const char *text, struct error *err)
{
    CURL *easy = curl_easy_init();
    assert_non_null(easy);
    error_clear(err);
    (void)acs_failure_tell(easy, result, text, NULL, NULL, err);
    curl_easy_cleanup(easy);
}

/* Words that another libcurl may find. */
static void test_other_texts(void **state)
{
    (void)state;
    struct error err;
    use_proxy("https_proxy", "http://user:canary@proxy.example:3128");
    tell(CURLE_URL_MALFORMAT, "Bad proxy http://user:canary@prox", &err);
    expect_refused(&err, "https_proxy");
    tell(CURLE_NOT_BUILT_IN, "Unsupported proxy 'canary', built without HTTPS-proxy", &err);
    expect_refused(&err, "https_proxy");
    tell(CURLE_COULDNT_CONNECT, "user:canary is not welcome at proxy.example", &err);
    assert_null(strstr(err.message, "canary"));
    tell(CURLE_COULDNT_CONNECT, "the password canary is wrong", &err);
    assert_null(strstr(err.message, "canary"));
    assert_true(err.retryable);

    tell(CURLE_COULDNT_RESOLVE_PROXY, "Could not resolve proxy: proxy.example", &err);
    assert_string_equal(err.message, "Could not resolve proxy: proxy.example");
    assert_true(err.retryable);
    use_proxy("all_proxy", "127.0.0.1");
    tell(CURLE_COULDNT_CONNECT, "Failed to connect to 127.0.0.1 port 1080", &err);
    assert_string_equal(err.message, "Failed to connect to 127.0.0.1 port 1080");
    assert_non_null(strstr(err.hint, "the proxy that all_proxy names"));
    tell(CURLE_COULDNT_CONNECT, "Failed to connect to host", &err); /* excepted by no_proxy */
    assert_string_equal(err.message, "Failed to connect to host");
    assert_non_null(strstr(err.hint, "no_proxy"));
    use_proxy("", NULL);
    tell(CURLE_COULDNT_CONNECT, "Failed to connect to host", &err);
    assert_non_null(strstr(err.hint, "whether this machine needs a proxy"));
}

static uint64_t ask_through(const char *const *script, size_t count, int64_t retry_for_ms,
                            struct error *err)
{
    struct server server;
    server_start(&server, script, count);
    use_proxy("https_proxy", server.endpoint);
    uint64_t requests = call(retry_for_ms, err);
    assert_int_equal(server_stop(&server), requests);
    return requests;
}

static void test_a_refusing_proxy(void **state)
{
    (void)state;
    static const char *const wants_password[] = {
        "HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic\r\n"
        "Connection: close\r\nContent-Length: 0\r\n\r\n"};
    static const char *const forbidden[] = {
        "HTTP/1.1 403 Forbidden\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"};
    struct error err;
    assert_int_equal(ask_through(wants_password, 1, 20000, &err), 1);
    assert_false(err.retryable);
    assert_non_null(strstr(err.message, "407"));
    assert_non_null(strstr(err.hint, "put them into https_proxy"));
    assert_int_equal(ask_through(forbidden, 1, 20000, &err), 1);
    assert_false(err.retryable);
    assert_non_null(strstr(err.message, "403"));
    assert_non_null(strstr(err.hint, "no_proxy"));
}

static void test_a_proxy_in_trouble(void **state)
{
    (void)state;
    static const char *const script[] = {
        "HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 407 Proxy Authentication Required\r\nConnection: close\r\n"
        "Content-Length: 0\r\n\r\n"};
    struct error err;
    assert_int_equal(ask_through(script, COUNT(script), 20000, &err), 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_wrong_variable),
        cmocka_unit_test(test_other_texts),
        cmocka_unit_test(test_a_refusing_proxy),
        cmocka_unit_test(test_a_proxy_in_trouble),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
