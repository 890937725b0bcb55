/* The client against a scripted server on loopback: a child process that gives prepared answers. */
#include "acs_server.h"

#include <stdlib.h>

#include "acs/client.h"
#include "base/clock.h"
#include "base/interrupt.h"
#include "base/json.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define SECRET "canary-secret-31415926"
#define TOKEN "canary/token+27182818=="
#define OK_HEAD "HTTP/1.1 200 OK\r\nConnection: close\r\n"
#define OK_ANSWER                                                                                  \
    OK_HEAD "Date: Thu, 15 Jan 2026 08:30:00 GMT\r\n\r\n{\"Success\":true,\"RequestId\":\"R-1\"}"
#define THROTTLED(header)                                                                          \
    "HTTP/1.1 400 Bad Request\r\nConnection: close\r\n" header                                     \
    "\r\n{\"Code\":\"Throttling.User\",\"Message\":\"Request was denied\"}"

static void credentials(struct acs_credentials *target)
{
    memset(target, 0, sizeof(*target));
    (void)strcpy(target->access_key_id, "id");
    (void)strcpy(target->access_key_secret, SECRET);
    (void)strcpy(target->security_token, TOKEN);
}

static struct acs_client_options fast_options(void)
{
    struct acs_client_options options;
    acs_client_defaults(&options);
    options.queries_per_second = 1000;
    options.retry_for_ms = 20000;
    options.answer_max = 100000;
    return options;
}

static struct acs_client *make_client(const struct acs_client_options *options)
{
    struct acs_credentials some;
    struct acs_client *client = NULL;
    struct error err;
    credentials(&some);
    if (!acs_client_new(options, &some, &client, &err)) {
        fail_msg("%s", err.message);
    }
    return client;
}

static const struct acs_parameter parameters[] = {{"PageNumber", "1"}, {"Edition", "BASIC *"}};

static struct acs_request make_request(const struct server *server)
{
    return (struct acs_request){
        .endpoint = server->endpoint,
        .region = "cn-beijing",
        .action = "DescribeRestoreJobs2",
        .version = "2017-09-08",
        .parameters = parameters,
        .parameter_count = COUNT(parameters),
    };
}

/* One call of a client of its own to a server with this script. */
struct trial {
    struct server server;
    struct acs_client_options options;
    struct acs_client_counters counters;
    struct acs_answer answer;
    struct error err;
    bool (*check)(struct json_node *root, const void *tag, struct error *err);
    void *tag;
    size_t requests;
    bool ok;
};

static void run(struct trial *trial, const char *const *script, size_t count)
{
    server_start(&trial->server, script, count);
    struct acs_client *client = make_client(&trial->options);
    struct acs_request request = make_request(&trial->server);
    request.check = trial->check;
    request.tag = trial->tag;
    error_clear(&trial->err);
    trial->ok = acs_client_call(client, &request, &trial->answer, &trial->err);
    trial->counters = acs_client_counters(client);
    acs_answer_free(&trial->answer);
    acs_client_free(client);
    trial->requests = server_stop(&trial->server);
}

static void expect_ok(struct trial *trial, size_t requests)
{
    if (!trial->ok) {
        fail_msg("%s", trial->err.message);
    }
    assert_int_equal(trial->requests, requests);
    assert_int_equal(trial->counters.requests, requests);
    assert_int_equal(trial->counters.retries, requests - 1);
}

static void expect_error(struct trial *trial, enum error_code code, const char *part)
{
    assert_false(trial->ok);
    assert_int_equal(trial->err.code, code);
    if (strstr(trial->err.message, part) == NULL) {
        fail_msg("\"%s\" does not say \"%s\"", trial->err.message, part);
    }
    assert_null(strstr(trial->err.message, SECRET));
    assert_null(strstr(trial->err.message, TOKEN));
}

static struct trial *new_trial(void)
{
    static struct trial trial;
    memset(&trial, 0, sizeof(trial));
    trial.options = fast_options();
    return &trial;
}

static bool renew(void *context, bool refused, struct acs_credentials *target, bool *ret_renewed,
                  struct error *err)
{
    unsigned *renewals = context;
    (void)err;
    *ret_renewed = refused;
    if (refused) {
        ++*renewals;
        (void)strcpy(target->security_token, "canary-second");
    }
    return true;
}

/* Copies what stands after `name` in a request's head. */
static void header_value(const char *head, const char *name, char *target, size_t size)
{
    const char *at = strstr(head, name);
    assert_non_null(at);
    at += strlen(name);
    size_t length = strcspn(at, "\r\n");
    assert_true(length < size);
    memcpy(target, at, length);
    target[length] = '\0';
}

static void check_signature(const struct server *server)
{
    char date[64];
    char nonce[64];
    char host[64];
    char authorization[512];
    struct buffer expected;
    struct error err;
    header_value(server->received, "x-acs-date: ", date, sizeof(date));
    header_value(server->received, "x-acs-signature-nonce: ", nonce, sizeof(nonce));
    header_value(server->received, "Host: ", host, sizeof(host));
    header_value(server->received, "Authorization: ", authorization, sizeof(authorization));
    struct acs_signing_input input = {
        .host = host,
        .action = "DescribeRestoreJobs2",
        .version = "2017-09-08",
        .date = date,
        .nonce = nonce,
        .access_key_id = "id",
        .access_key_secret = SECRET,
        .security_token = TOKEN,
        .parameters = parameters,
        .parameter_count = COUNT(parameters),
    };
    buffer_init(&expected, 1024);
    assert_true(acs_authorization(&input, &expected, &err));
    assert_string_equal(authorization, expected.data);
    buffer_free(&expected);
}

static void test_request(void **state)
{
    static const char *const script[] = {OK_ANSWER};
    struct trial *trial = new_trial();
    char host[64];
    (void)state;
    run(trial, script, COUNT(script));
    expect_ok(trial, 1);
    assert_int_equal(trial->answer.date, 1768465800);
    assert_string_equal(trial->answer.request_id, "R-1");
    const char *head = trial->server.received;
    assert_non_null(strstr(head, "POST /?Edition=BASIC%20%2A&PageNumber=1 HTTP/1.1\r\n"));
    assert_true(snprintf(host, sizeof(host), "\r\nHost: 127.0.0.1:%d\r\n", trial->server.port) > 0);
    assert_non_null(strstr(head, host));
    assert_non_null(strstr(head, "\r\nContent-Length: 0\r\n"));
    assert_non_null(strstr(head, "\r\nAccept: application/json\r\n"));
    assert_non_null(strstr(head, "\r\nx-acs-security-token: " TOKEN "\r\n"));
    assert_non_null(strstr(head, "\r\nUser-Agent: hbrsync\r\n"));
    assert_null(strcasestr(head, "\r\nContent-Type:"));
    assert_null(strcasestr(head, "\r\nExpect:"));
    assert_null(strstr(head, SECRET));
    check_signature(&trial->server);
}

#define REFUSED_TOKEN(code)                                                                        \
    "HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n{\"Code\":\"" code "\"}"

/* Each of these codes gets new credentials, once. */
static void test_renewal(void **state)
{
    static const char *const scripts[][2] = {
        {REFUSED_TOKEN("InvalidSecurityToken.Expired"), OK_ANSWER},
        {REFUSED_TOKEN("InvalidSecurityToken.Malformed"), OK_ANSWER},
        {REFUSED_TOKEN("InvalidSecurityToken.MismatchWithAccessKey"), OK_ANSWER},
        {REFUSED_TOKEN("MissingSecurityToken"), OK_ANSWER},
        {REFUSED_TOKEN("MissingSecurityToken"), REFUSED_TOKEN("InvalidSecurityToken.Expired")},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(scripts); i++) {
        struct trial *trial = new_trial();
        unsigned renewals = 0;
        trial->options.renew = renew;
        trial->options.renew_context = &renewals;
        run(trial, scripts[i], 2);
        assert_int_equal(trial->ok, i < 4);
        assert_int_equal(trial->requests, 2);
        assert_int_equal(renewals, 1);
        assert_non_null(strstr(trial->server.received, "canary-second"));
    }
}

static void test_server_error_then_ok(void **state)
{
    static const char *const script[] = {
        "HTTP/1.1 500 Internal Server Error\r\nConnection: close\r\n\r\noops", OK_ANSWER};
    struct trial *trial = new_trial();
    char first[64];
    char second[64];
    (void)state;
    run(trial, script, COUNT(script));
    expect_ok(trial, 2);
    header_value(trial->server.received, "nonce: ", first, sizeof(first));
    header_value(strstr(trial->server.received, "\r\n\r\n"), "nonce: ", second, sizeof(second));
    assert_string_not_equal(first, second);
}

static void test_throttled_then_ok(void **state)
{
    static const char *const script[] = {THROTTLED("x-acs-retry-after: 300\r\n"), OK_ANSWER};
    struct trial *trial = new_trial();
    int64_t start = clock_monotonic_ms();
    (void)state;
    run(trial, script, COUNT(script));
    expect_ok(trial, 2);
    assert_int_equal(trial->counters.throttled, 1);
    assert_true(clock_monotonic_ms() - start >= 300);
}

static void test_throttled_beyond_budget(void **state)
{
    static const char *const script[] = {THROTTLED("Retry-After: 60\r\n")};
    struct trial *trial = new_trial();
    (void)state;
    run(trial, script, COUNT(script));
    expect_error(trial, ERROR_SERVICE, "Throttling.User: Request was denied");
    assert_string_equal(trial->err.api_code, "Throttling.User");
    assert_int_equal(trial->err.http_status, 400);
    assert_true(trial->err.retryable);
}

static void test_no_retries(void **state)
{
    static const char *const script[] = {THROTTLED(""), OK_ANSWER};
    struct trial *trial = new_trial();
    (void)state;
    trial->options.retry_for_ms = 0;
    run(trial, script, COUNT(script));
    expect_error(trial, ERROR_SERVICE, "DescribeRestoreJobs2 in cn-beijing at http://127.0.0.1:");
    assert_null(strstr(trial->err.message, "attempts"));
}

/* A call that gives up at once does not leave a long pause to the next. */
static void test_pause_within_the_budget(void **state)
{
    static const char *const script[] = {THROTTLED("x-acs-retry-after: 20000\r\n"), OK_ANSWER};
    struct trial *trial = new_trial();
    (void)state;
    for (trial->options.retry_for_ms = 0; trial->options.retry_for_ms <= 1000;
         trial->options.retry_for_ms += 1000) {
        server_start(&trial->server, script, COUNT(script));
        struct acs_client *client = make_client(&trial->options);
        struct acs_request request = make_request(&trial->server);
        int64_t started = clock_monotonic_ms();
        assert_false(acs_client_call(client, &request, &trial->answer, &trial->err));
        assert_true(acs_client_call(client, &request, &trial->answer, &trial->err));
        int64_t elapsed = clock_monotonic_ms() - started;
        acs_answer_free(&trial->answer);
        acs_client_free(client);
        assert_int_equal(server_stop(&trial->server), 2);
        assert_in_range(elapsed, trial->options.retry_for_ms, trial->options.retry_for_ms + 5000);
    }
}

static void test_cut_then_ok(void **state)
{
    static const char *const script[] = {OK_HEAD "Content-Length: 100\r\n\r\n{\"Success\":", "",
                                         OK_HEAD "\r\n{\"Success\":tr", OK_ANSWER};
    struct trial *trial = new_trial();
    (void)state;
    run(trial, script, COUNT(script));
    expect_ok(trial, 4);
}

static void test_not_json(void **state)
{
    static const char *const script[] = {OK_HEAD "\r\n<html>", OK_HEAD "\r\n",
                                         OK_HEAD "\r\n[]",     OK_HEAD "\r\nnull",
                                         OK_HEAD "\r\n{\"a\"", OK_ANSWER};
    struct trial *trial = new_trial();
    (void)state;
    run(trial, script, COUNT(script));
    expect_error(trial, ERROR_SERVICE, ": 5 attempts in ");
    assert_true(trial->err.retryable);
}

static void test_not_http(void **state)
{
    static const char *const script[] = {"SSH-2.0-OpenSSH\r\n", OK_ANSWER};
    struct trial *trial = new_trial();
    (void)state;
    run(trial, script, COUNT(script));
    expect_ok(trial, 2);
}

static void test_redirect(void **state)
{
    static const char *const script[] = {
        "HTTP/1.1 307 Temporary Redirect\r\nConnection: close\r\n"
        "Location: https://user:pass@evil.example/\r\nContent-Length: 0\r\n\r\n",
        OK_ANSWER};
    struct trial *trial = new_trial();
    (void)state;
    run(trial, script, COUNT(script));
    expect_error(trial, ERROR_SERVICE, "redirects to evil.example,");
    assert_int_equal(trial->requests, 1);
    assert_null(strstr(trial->err.message, "pass"));
}

static void test_oversized(void **state)
{
    static char answer[200000] = OK_HEAD "\r\n";
    const char *script[] = {answer, OK_ANSWER};
    struct trial *trial = new_trial();
    (void)state;
    memset(answer + strlen(answer), ' ', 150000);
    run(trial, script, COUNT(script));
    expect_error(trial, ERROR_SERVICE, "larger than 100000 bytes");
    assert_int_equal(trial->requests, 1);
    assert_false(trial->err.retryable);
}

static void test_too_many_headers(void **state)
{
    static char answer[150000] = OK_HEAD;
    const char *script[] = {answer};
    struct trial *trial = new_trial();
    size_t used = strlen(answer);
    (void)state;
    while (used < 100000) {
        memcpy(answer + used, "X-Filler: aaaaaaaaaaaaaaaaaaaaaaaa\r\n", 36);
        used += 36;
    }
    memcpy(answer + used, "\r\n{}", 5);
    run(trial, script, COUNT(script));
    expect_error(trial, ERROR_SERVICE, "headers");
}

static void test_refused_connection(void **state)
{
    struct trial *trial = new_trial();
    (void)state;
    listen_on_loopback(&trial->server);
    (void)close(trial->server.listener);
    trial->options.retry_for_ms = 600;
    struct acs_client *client = make_client(&trial->options);
    struct acs_request request = make_request(&trial->server);
    trial->ok = acs_client_call(client, &request, &trial->answer, &trial->err);
    acs_client_free(client);
    expect_error(trial, ERROR_SERVICE, trial->server.endpoint);
    expect_error(trial, ERROR_SERVICE, " attempts in ");
    assert_int_not_equal(trial->err.hint[0], '\0');
}

static void test_silent_server(void **state)
{
    static const char *const script[] = {NULL};
    struct trial *trial = new_trial();
    (void)state;
    trial->options.attempt_timeout_ms = 300;
    trial->options.retry_for_ms = 0;
    run(trial, script, COUNT(script));
    expect_error(trial, ERROR_SERVICE, "timed out");
    assert_true(trial->err.retryable);
}

static void test_permission(void **state)
{
    static const char *const script[] = {
        "HTTP/1.1 403 Forbidden\r\nConnection: close\r\nx-acs-request-id: H-9\r\n\r\n"
        "{\"Code\":\"NoPermission\",\"Message\":\"User is not authorized. " TOKEN "\"}",
        OK_ANSWER};
    struct trial *trial = new_trial();
    (void)state;
    run(trial, script, COUNT(script));
    expect_error(trial, ERROR_CREDENTIALS,
                 "NoPermission: [server text with a secret removed] (request id H-9)");
    assert_string_equal(trial->err.request_id, "H-9");
    assert_int_equal(trial->requests, 1);
}

/* Refuses as often as the tag says. */
static bool refuse_some(struct json_node *root, const void *tag, struct error *err)
{
    static const int *last;
    static int left;
    assert_true(root->kind == JSON_OBJECT);
    if (tag != last) {
        last = tag;
        left = *last;
    }
    if (left == 0) {
        return true;
    }
    left--;
    (void)error_set(err, ERROR_SERVICE, "the answer has no jobs");
    err->retryable = *last < 100;
    return false;
}

static void test_check(void **state)
{
    static const char *const script[] = {OK_ANSWER, OK_ANSWER, OK_ANSWER};
    static int twice = 2;
    static int always = 100;
    struct trial *trial = new_trial();
    (void)state;
    trial->check = refuse_some;
    trial->tag = &twice;
    run(trial, script, COUNT(script));
    expect_ok(trial, 3);
    assert_ptr_equal(trial->answer.tag, &twice);

    trial = new_trial();
    trial->check = refuse_some;
    trial->tag = &always;
    run(trial, script, COUNT(script));
    expect_error(trial, ERROR_SERVICE, ": the answer has no jobs");
    assert_int_equal(trial->requests, 1);
}

static void test_connection_reuse(void **state)
{
    static const char *const script[] = {
        "+HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}",
        "+HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}",
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}",
    };
    struct acs_client_options options = fast_options();
    struct server *server = &new_trial()->server;
    struct error err;
    (void)state;
    server_start(server, script, COUNT(script));
    struct acs_client *client = make_client(&options);
    struct acs_request request = make_request(server);
    for (size_t i = 0; i < COUNT(script); i++) {
        struct acs_answer answer;
        assert_true(acs_client_call(client, &request, &answer, &err));
        acs_answer_free(&answer);
    }
    acs_client_free(client);
    /* The server takes a second connection only after the third answer. */
    assert_int_equal(server_stop(server), 3);
}

static void test_several_at_once(void **state)
{
    static const char *script[20];
    static int tags[COUNT(script)];
    struct acs_client_options options = fast_options();
    struct server *server = &new_trial()->server;
    struct error err;
    (void)state;
    for (size_t i = 0; i < COUNT(script); i++) {
        script[i] = i % 7 == 3 ? "HTTP/1.1 503 x\r\nConnection: close\r\n\r\n" : OK_ANSWER;
    }
    server_start(server, script, COUNT(script));
    struct acs_client *client = make_client(&options);
    struct acs_request request = make_request(server);
    for (size_t i = 0; i < 17; i++) {
        request.tag = &tags[i];
        assert_true(acs_client_submit(client, &request, &err));
    }
    for (size_t i = 0; i < 17; i++) {
        struct acs_answer answer;
        assert_true(acs_client_wait(client, &answer, &err));
        assert_true(answer.ok);
        (*(int *)answer.tag)++;
        acs_answer_free(&answer);
    }
    for (size_t i = 0; i < 17; i++) {
        assert_int_equal(tags[i], 1);
    }
    assert_int_equal(acs_client_counters(client).retries, 3);
    struct acs_answer none;
    assert_false(acs_client_wait(client, &none, &err));
    acs_client_free(client);
    assert_int_equal(server_stop(server), 20);
}

static void test_cancel(void **state)
{
    static const char *const script[] = {OK_ANSWER, NULL};
    struct acs_client_options options = fast_options();
    struct server *server = &new_trial()->server;
    struct acs_answer answer;
    struct error err;
    (void)state;
    options.connections = 2;
    server_start(server, script, COUNT(script));
    struct acs_client *client = make_client(&options);
    struct acs_request request = make_request(server);
    for (size_t i = 0; i < 6; i++) {
        assert_true(acs_client_submit(client, &request, &err));
    }
    assert_true(acs_client_wait(client, &answer, &err));
    acs_answer_free(&answer);
    assert_false(acs_client_call(client, &request, &answer, &err));
    acs_client_cancel(client);
    assert_false(acs_client_wait(client, &answer, &err)); /* nothing is left */
    assert_true(acs_client_submit(client, &request, &err));
    acs_client_free(client);
    acs_client_free(NULL);
    acs_answer_free(NULL);
    (void)server_stop(server);
}

static void test_trace(void **state)
{
    static const char *const script[] = {
        "HTTP/1.1 500 x\r\nConnection: close\r\nX-Echo: " TOKEN "\r\nX-" TOKEN ": 1\r\n\r\n"
        "{\"Code\":\"InternalError\",\"Message\":\"" TOKEN " \x1b[2J\"}",
        OK_ANSWER};
    static char text[65536];
    struct trial *trial = new_trial();
    char nonce[64];
    char signature[512];
    (void)state;
    trial->options.trace = tmpfile();
    assert_non_null(trial->options.trace);
    run(trial, script, COUNT(script));
    expect_ok(trial, 2);
    rewind(trial->options.trace);
    text[fread(text, 1, sizeof(text) - 1, trial->options.trace)] = '\0';
    assert_int_equal(fclose(trial->options.trace), 0);
    header_value(trial->server.received, "nonce: ", nonce, sizeof(nonce));
    header_value(trial->server.received, "Signature=", signature, sizeof(signature));
    assert_non_null(strstr(text, "DescribeRestoreJobs2 cn-beijing attempt 2"));
    assert_non_null(strstr(text, "> POST http://127.0.0.1:"));
    assert_non_null(strstr(text, "> Authorization: ***"));
    assert_non_null(strstr(text, "> x-acs-security-token: ***"));
    assert_non_null(strstr(text, "< X-Echo: ***"));
    assert_non_null(strstr(text, "< [server text with a secret removed]: ***"));
    assert_non_null(strstr(text, "{\"Success\":true,\"RequestId\":\"R-1\"}"));
    assert_null(strstr(text, TOKEN));
    assert_null(strstr(text, SECRET));
    assert_null(strstr(text, nonce));
    assert_null(strstr(text, signature));
    assert_null(strchr(text, '\x1b'));
}

static void test_bad_requests(void **state)
{
    struct acs_client_options options = fast_options();
    struct acs_client *client = make_client(&options);
    struct server server = {.endpoint = "http://127.0.0.1:9"};
    struct error err;
    (void)state;
    struct acs_request request = make_request(&server);
    request.action = "Describe\r\nX-Evil: 1";
    assert_false(acs_client_submit(client, &request, &err));
    request = make_request(&server);
    request.version = "2017 09";
    assert_false(acs_client_submit(client, &request, &err));
    request = make_request(&server);
    request.region = "\x1b[2J";
    assert_false(acs_client_submit(client, &request, &err));
    request = make_request(&server);
    request.endpoint = "http://example.com";
    assert_false(acs_client_submit(client, &request, &err));
    assert_int_equal(err.code, ERROR_USAGE);
    request = make_request(&server);
    request.parameter_count = ACS_PARAMETERS_MAX + 1;
    assert_false(acs_client_submit(client, &request, &err));
    struct acs_answer none;
    assert_false(acs_client_wait(client, &none, &err)); /* none was taken */
    acs_client_free(client);
}

static void test_bad_options(void **state)
{
    struct acs_client_options options = fast_options();
    struct acs_credentials some;
    struct acs_client *client = NULL;
    struct error err;
    (void)state;
    credentials(&some);
    options.ca_file = "/nonexistent/ca.pem";
    assert_false(acs_client_new(&options, &some, &client, &err));
    assert_int_equal(err.code, ERROR_USAGE);
    options = fast_options();
    assert_int_equal(setenv("SSL_CERT_FILE", "/", 1), 0);
    assert_false(acs_client_new(&options, &some, &client, &err));
    assert_int_equal(err.code, ERROR_USAGE);
    assert_int_equal(unsetenv("SSL_CERT_FILE"), 0);
    assert_null(client);
}

/* In a child of its own, since a signal that was noted stays noted. Exits 0 when all is as it
 * should be. */
static void be_interrupted(const char *endpoint)
{
    struct acs_client_options options = fast_options();
    struct server server;
    struct error err;
    struct acs_answer answer;
    memset(&server, 0, sizeof(server));
    (void)strcpy(server.endpoint, endpoint);
    if (!interrupt_install(&err)) {
        _exit(2);
    }
    struct acs_client *client = make_client(&options);
    struct acs_request request = make_request(&server);
    pid_t self = getpid();
    pid_t killer = fork();
    if (killer == 0) {
        (void)usleep(200000);
        (void)kill(self, SIGTERM);
        _exit(0);
    }
    int64_t start = clock_monotonic_ms();
    bool ok = acs_client_call(client, &request, &answer, &err);
    bool quick = clock_monotonic_ms() - start < 900;
    acs_client_free(client);
    (void)waitpid(killer, NULL, 0);
    _exit(!ok && err.code == ERROR_INTERRUPTED && quick ? 0 : 1);
}

static void test_interruption(void **state)
{
    static const char *const script[] = {NULL};
    struct server *server = &new_trial()->server;
    int status = -1;
    (void)state;
    server_start(server, script, COUNT(script));
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        (void)alarm(30);
        be_interrupted(server->endpoint);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    (void)server_stop(server);
}

static int use_a_dead_proxy(void **state)
{
    (void)state;
    /* Loopback endpoints go past any proxy. */
    return setenv("http_proxy", "http://127.0.0.1:1", 1) == 0 &&
                   setenv("all_proxy", "http://127.0.0.1:1", 1) == 0 &&
                   unsetenv("SSL_CERT_FILE") == 0 && unsetenv("CURL_CA_BUNDLE") == 0
               ? 0
               : -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_request),
        cmocka_unit_test(test_renewal),
        cmocka_unit_test(test_server_error_then_ok),
        cmocka_unit_test(test_throttled_then_ok),
        cmocka_unit_test(test_throttled_beyond_budget),
        cmocka_unit_test(test_no_retries),
        cmocka_unit_test(test_pause_within_the_budget),
        cmocka_unit_test(test_cut_then_ok),
        cmocka_unit_test(test_not_json),
        cmocka_unit_test(test_not_http),
        cmocka_unit_test(test_redirect),
        cmocka_unit_test(test_oversized),
        cmocka_unit_test(test_too_many_headers),
        cmocka_unit_test(test_refused_connection),
        cmocka_unit_test(test_silent_server),
        cmocka_unit_test(test_permission),
        cmocka_unit_test(test_check),
        cmocka_unit_test(test_connection_reuse),
        cmocka_unit_test(test_several_at_once),
        cmocka_unit_test(test_cancel),
        cmocka_unit_test(test_trace),
        cmocka_unit_test(test_bad_requests),
        cmocka_unit_test(test_bad_options),
        cmocka_unit_test(test_interruption),
    };
    return cmocka_run_group_tests(tests, use_a_dead_proxy, NULL);
}
