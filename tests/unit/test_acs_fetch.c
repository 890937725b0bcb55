/* One plain exchange: its bounds, and what it refuses to ask. */
#include "acs_server.h"

#include <netdb.h>
#include <stdlib.h>

#include <curl/curl.h>

#include "acs/transfer.h"
#include "base/clock.h"
#include "base/interrupt.h"

#define BIG (ACS_FETCH_ANSWER_MAX + 1000)
#define BIG_HEADER 80000

static struct acs_fetch request(const char *url)
{
    return (struct acs_fetch){
        .method = "GET", .url = url, .connect_timeout_ms = 10000, .timeout_ms = 20000};
}

/* The answer to one request; NULL where it has to fail with `code`. */
static void exchange(const char *answer, int status, enum error_code code, const char *says)
{
    struct server server;
    struct acs_fetched fetched;
    struct error err;
    char url[128];
    error_clear(&err);
    server_start(&server, &answer, 1);
    (void)snprintf(url, sizeof(url), "%s/keys?name=canary", server.endpoint);
    struct acs_fetch fetch = request(url);
    bool ok = acs_fetch(&fetch, &fetched, &err);
    (void)server_stop(&server);
    if (code == ERROR_NONE) {
        assert_true(ok);
        assert_int_equal(fetched.status, status);
        assert_string_equal(fetched.body.data, says);
        acs_fetched_free(&fetched);
    } else {
        assert_false(ok);
        assert_int_equal(err.code, code);
        assert_non_null(strstr(err.message, says));
        assert_null(strstr(err.message, "canary"));
    }
}

static void test_any_status_is_an_answer(void **state)
{
    (void)state;
    exchange("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nkeys", 200, ERROR_NONE, "keys");
    exchange("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", 404, ERROR_NONE, "");
    exchange("HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n",
             302, ERROR_NONE, "");
}

static void test_bounds(void **state)
{
    (void)state;
    static char body[BIG + 200];
    static char headers[BIG_HEADER + 200];
    (void)strcpy(body, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n");
    memset(body + strlen(body), 'x', BIG);
    exchange(body, 0, ERROR_SERVICE, "larger than");
    (void)strcpy(headers, "HTTP/1.1 200 OK\r\n");
    while (strlen(headers) < BIG_HEADER) {
        (void)strcat(headers,
                     "X-Filler: 0123456789012345678901234567890123456789012345678901234\r\n");
    }
    (void)strcat(headers, "\r\n");
    exchange(headers, 0, ERROR_SERVICE, "larger than");
    exchange("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\ncut", 0, ERROR_SERVICE, "127.0.0.1");
}

static void refuse(const char *url)
{
    struct acs_fetched fetched;
    struct acs_fetch fetch = request(url);
    struct error err;
    error_clear(&err);
    assert_false(acs_fetch(&fetch, &fetched, &err));
    assert_int_equal(err.code, ERROR_USAGE);
    assert_null(strstr(err.message, "canary"));
    assert_null(strstr(err.message, "secret"));
}

static void test_what_is_not_asked(void **state)
{
    (void)state;
    char url[5000];
    refuse("http://192.0.2.1/keys");
    refuse("http://100.100.100.200/latest/"); /* for the metadata service alone */
    refuse("ftp://127.0.0.1/");
    refuse("https://me:secret@127.0.0.1/");
    refuse("keys");
    refuse("localhost:8080/keys?token=canary");
    refuse("canary:secret@localhost/keys");
    refuse("ftp://me:canary@host/x");
    refuse("http://me:canary/ry@127.0.0.1/x");
    refuse("http://192.0.2.1/canary-path");
    (void)strcpy(url, "https://");
    memset(url + 8, 'a', sizeof(url) - 9);
    url[sizeof(url) - 1] = '\0';
    refuse(url);
}

/* In the place of the C library's: a resolver that does not answer. */
int getaddrinfo(const char *name, const char *service, const struct addrinfo *hints,
                struct addrinfo **ret_list)
{
    (void)name;
    (void)service;
    (void)hints;
    *ret_list = NULL;
    (void)sleep(15);
    return EAI_AGAIN;
}

/* In a child: SIGTERM comes while the name is resolved. */
static void be_interrupted(void)
{
    struct acs_fetched fetched;
    struct acs_fetch fetch = request("https://host.test.invalid/");
    struct error err;
    pid_t parent = getpid();
    if (!interrupt_install(&err)) {
        _exit(2);
    }
    pid_t killer = fork();
    if (killer == 0) {
        (void)usleep(300000);
        (void)kill(parent, SIGTERM);
        _exit(0);
    }
    int64_t started = clock_monotonic_ms();
    bool ok = acs_fetch(&fetch, &fetched, &err);
    bool quick = clock_monotonic_ms() - started < 5000;
    (void)waitpid(killer, NULL, 0);
    _exit(!ok && err.code == ERROR_INTERRUPTED && quick ? 0 : 1);
}

static void test_interrupted_in_the_resolver(void **state)
{
    int status = -1;
    (void)state;
    if (curl_version_info(CURLVERSION_NOW)->version_num < 0x075700) {
        skip(); /* it waits for the resolver */
    }
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        be_interrupted();
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_any_status_is_an_answer),
        cmocka_unit_test(test_bounds),
        cmocka_unit_test(test_what_is_not_asked),
        cmocka_unit_test(test_interrupted_in_the_resolver),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
