/* What is tried again and when: outcomes, waits that the service asks for, budgets and the rate
 * limit. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <curl/curl.h>

#include "acs/answer.h"
#include "acs/headers.h"
#include "acs/rate_limit.h"
#include "acs/retry.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define NOW 1768465800 /* Thu, 15 Jan 2026 08:30:00 GMT */

static void test_outcome_of_code(void **state)
{
    (void)state;
    static const struct {
        int status;
        const char *code;
        enum acs_outcome outcome;
    } cases[] = {
        {400, "Throttling", ACS_THROTTLED},
        {400, "Throttling.User", ACS_THROTTLED},
        {400, "Throttling.Api", ACS_THROTTLED},
        {400, "Rejected.Throttling", ACS_THROTTLED},
        {503, "Throttling.User", ACS_THROTTLED},
        {200, "Throttling.User", ACS_THROTTLED},
        {429, "", ACS_THROTTLED},
        {429, "Whatever", ACS_THROTTLED},
        {500, "", ACS_SERVER},
        {502, "", ACS_SERVER},
        {503, "", ACS_SERVER},
        {504, "", ACS_SERVER},
        {408, "", ACS_SERVER},
        {501, "", ACS_PERMANENT},
        {505, "", ACS_PERMANENT},
        {500, "InternalError", ACS_SERVER},
        {200, "InternalError", ACS_SERVER},
        {200, "ServiceUnavailable", ACS_SERVER},
        {400, "SystemBusy", ACS_SERVER},
        {200, "500", ACS_SERVER},
        {200, "429", ACS_THROTTLED},
        {200, "403", ACS_PERMANENT},
        {400, "SignatureNonceUsed", ACS_NONCE},
        {400, "SignatureDoesNotMatch", ACS_PERMANENT},
        {500, "NoPermission", ACS_PERMANENT},
        {404, "InvalidAccessKeyId.NotFound", ACS_PERMANENT},
        {400, "InvalidTimeStamp.Expired", ACS_PERMANENT},
        {400, "InvalidParameter", ACS_PERMANENT},
        {404, "", ACS_PERMANENT},
        {401, "", ACS_PERMANENT},
        {407, "", ACS_PERMANENT},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        assert_int_equal(acs_outcome_of_code(cases[i].status, cases[i].code), cases[i].outcome);
    }
}

static void test_outcome_of_transfer(void **state)
{
    (void)state;
    assert_int_equal(acs_outcome_of_transfer(CURLE_OK), ACS_OK);
    assert_int_equal(acs_outcome_of_transfer(CURLE_COULDNT_CONNECT), ACS_TRANSPORT);
    assert_int_equal(acs_outcome_of_transfer(CURLE_COULDNT_RESOLVE_HOST), ACS_TRANSPORT);
    assert_int_equal(acs_outcome_of_transfer(CURLE_OPERATION_TIMEDOUT), ACS_TRANSPORT);
    assert_int_equal(acs_outcome_of_transfer(CURLE_PARTIAL_FILE), ACS_TRANSPORT);
    assert_int_equal(acs_outcome_of_transfer(CURLE_GOT_NOTHING), ACS_TRANSPORT);
    assert_int_equal(acs_outcome_of_transfer(CURLE_SSL_CONNECT_ERROR), ACS_TRANSPORT);
    assert_int_equal(acs_outcome_of_transfer(CURLE_BAD_CONTENT_ENCODING), ACS_GARBLED);
    assert_int_equal(acs_outcome_of_transfer(CURLE_PEER_FAILED_VERIFICATION), ACS_PERMANENT);
    assert_int_equal(acs_outcome_of_transfer(CURLE_SSL_CACERT_BADFILE), ACS_PERMANENT);
    assert_int_equal(acs_outcome_of_transfer(CURLE_WRITE_ERROR), ACS_PERMANENT);
    assert_int_equal(acs_outcome_of_transfer(CURLE_URL_MALFORMAT), ACS_PERMANENT);
}

static void test_wait_headers(void **state)
{
    (void)state;
    static const struct {
        const char *line;
        int64_t retry_after_ms;
        int64_t rate_limit_ms;
    } cases[] = {
        {"x-acs-retry-after: 1500\r\n", 1500, 0},
        {"X-Acs-Retry-After:1500", 1500, 0},
        {"x-acs-retry-after: 0\r\n", 0, 0},
        {"x-acs-retry-after: -5\r\n", 0, 0},
        {"x-acs-retry-after: 5 minutes\r\n", 0, 0},
        {"x-acs-retry-after: 1e3\r\n", 0, 0},
        {"x-acs-retry-after:\r\n", 0, 0},
        {"x-acs-retry-after: 600000\r\n", ACS_WAIT_MAX_MS, 0},
        {"x-acs-retry-after: 99999999999999999999999999\r\n", ACS_WAIT_MAX_MS, 0},
        {"Retry-After: 3\r\n", 3000, 0},
        {"Retry-After: 99999999999999999999999999\r\n", ACS_WAIT_MAX_MS, 0},
        {"Retry-After: -3\r\n", 0, 0},
        {"Retry-After: Thu, 15 Jan 2026 08:30:07 GMT\r\n", 7000, 0},
        {"Retry-After: Thu, 15 Jan 2026 08:29:00 GMT\r\n", 0, 0},
        {"Retry-After: Thu, 15 Jan 2032 08:29:00 GMT\r\n", ACS_WAIT_MAX_MS, 0},
        {"Retry-After: soon\r\n", 0, 0},
        {"x-ratelimit-user-api: Limit:1,Remain:0,TimeLeft:2000,Reset:1234\r\n", 0, 2000},
        {"x-ratelimit-user: TimeLeft:2500\r\n", 0, 2500},
        {"x-ratelimit-user: Limit:1, TimeLeft: 2500 ,Reset:1\r\n", 0, 2500},
        {"x-ratelimit-user: Limit:1,TimeLeft:-2,Reset:1\r\n", 0, 0},
        {"x-ratelimit-user: Limit:1,TimeLeft:x\r\n", 0, 0},
        {"x-ratelimit-user: Limit:1,NoTimeLeft:900\r\n", 0, 0},
        {"x-ratelimit-user: ,,,\r\n", 0, 0},
        {"x-ratelimit-user: TimeLeft:88888888888888888888\r\n", 0, ACS_WAIT_MAX_MS},
        {"x-ratelimit-user\r\n", 0, 0},
        {"\r\n", 0, 0},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct acs_headers headers;
        acs_headers_init(&headers);
        assert_true(acs_headers_line(&headers, cases[i].line, strlen(cases[i].line), NOW));
        assert_int_equal(headers.retry_after_ms, cases[i].retry_after_ms);
        assert_int_equal(headers.rate_limit_ms, cases[i].rate_limit_ms);
        acs_headers_free(&headers);
    }
}

static void take(struct acs_headers *headers, const char *line)
{
    assert_true(acs_headers_line(headers, line, strlen(line), NOW));
}

static void test_other_headers(void **state)
{
    (void)state;
    struct acs_headers headers;
    acs_headers_init(&headers);
    take(&headers, "HTTP/1.1 100 Continue\r\n");
    take(&headers, "x-acs-retry-after: 9000\r\n");
    take(&headers, "HTTP/1.1 302 Found\r\n");
    take(&headers, "Date: Thu, 15 Jan 2026 08:30:00 GMT\r\n");
    take(&headers, "x-acs-request-id: 1A-b2\x1b[31m<c>\r\n");
    take(&headers, "Location: https://u:p@evil.example:8443/path?x=@y\r\n");
    assert_int_equal(headers.retry_after_ms, 0);
    assert_int_equal(headers.date, NOW);
    assert_string_equal(headers.request_id, "1A-b231mc");
    assert_string_equal(headers.location, "evil.example:8443");
    take(&headers, "Location: /elsewhere\r\n");
    assert_string_equal(headers.location, "");
    take(&headers, "Date: garbage\r\n");
    assert_int_equal(headers.date, 0);
    acs_headers_free(&headers);
}

static void test_headers_bound(void **state)
{
    (void)state;
    static char line[1024];
    struct acs_headers headers;
    memset(line, 'a', sizeof(line));
    acs_headers_init(&headers);
    for (size_t i = 0; i < ACS_HEADERS_MAX / sizeof(line); i++) {
        assert_true(acs_headers_line(&headers, line, sizeof(line), NOW));
    }
    assert_false(acs_headers_line(&headers, "a", 1, NOW));
    acs_headers_free(&headers);
}

static void test_backoff(void **state)
{
    (void)state;
    static const int64_t whole[] = {500, 1000, 2000, 4000, 8000, 16000, 32000, 60000, 60000};
    for (unsigned i = 0; i < COUNT(whole); i++) {
        struct acs_retry retry = {.attempts = i + 1, .budget_ms = 1000000};
        int64_t wait;
        assert_true(acs_retry_next(&retry, ACS_SERVER, 0, 0, UINT32_MAX, &wait));
        assert_int_equal(wait, whole[i]);
        assert_true(acs_retry_next(&retry, ACS_SERVER, 0, 0, UINT32_MAX / 2, &wait));
        assert_in_range(wait, whole[i] / 2 - 1, whole[i] / 2);
        assert_true(acs_retry_next(&retry, ACS_SERVER, 0, 0, 0, &wait));
        assert_int_equal(wait, 0);
    }
}

static void test_asked_wait(void **state)
{
    (void)state;
    struct acs_retry retry = {.attempts = 1, .budget_ms = 300000};
    int64_t wait;
    assert_true(acs_retry_next(&retry, ACS_THROTTLED, 7000, 0, 0, &wait));
    assert_int_equal(wait, 7000);
    assert_true(acs_retry_next(&retry, ACS_SERVER, 7000, 0, 0, &wait));
    assert_int_equal(wait, 7000);
    assert_true(acs_retry_next(&retry, ACS_TRANSPORT, 7000, 0, 0, &wait));
    assert_int_equal(wait, 0);
}

static void test_budget(void **state)
{
    (void)state;
    struct acs_retry retry = {.attempts = 2, .started_ms = 1000, .budget_ms = 10000};
    int64_t wait;
    assert_true(acs_retry_next(&retry, ACS_SERVER, 0, 10000, UINT32_MAX, &wait));
    assert_int_equal(wait, 1000);
    assert_false(acs_retry_next(&retry, ACS_SERVER, 0, 10001, UINT32_MAX, &wait));
    assert_false(acs_retry_next(&retry, ACS_THROTTLED, 9000, 3000, 0, &wait));
    /* The first retry is made although the first attempt used the budget up. */
    retry.attempts = 1;
    assert_true(acs_retry_next(&retry, ACS_TRANSPORT, 0, 99999, UINT32_MAX, &wait));
    assert_int_equal(wait, 500);
    assert_true(acs_retry_next(&retry, ACS_THROTTLED, 9000, 99999, 0, &wait));
    assert_false(acs_retry_next(&retry, ACS_THROTTLED, 10001, 1000, 0, &wait));
    retry.budget_ms = 100;
    assert_true(acs_retry_next(&retry, ACS_TRANSPORT, 0, 99999, UINT32_MAX, &wait));
    assert_int_equal(wait, 100);
    retry.budget_ms = 0;
    assert_false(acs_retry_next(&retry, ACS_TRANSPORT, 0, 1000, 0, &wait));
}

static void test_never(void **state)
{
    (void)state;
    struct acs_retry retry = {.attempts = 1, .budget_ms = 300000};
    int64_t wait;
    assert_false(acs_retry_next(&retry, ACS_PERMANENT, 0, 0, 0, &wait));
    assert_false(acs_retry_next(&retry, ACS_OK, 0, 0, 0, &wait));
    for (unsigned i = 0; i < 4; i++) {
        assert_true(acs_retry_next(&retry, i % 2 == 0 ? ACS_GARBLED : ACS_NONCE, 0, 0, 0, &wait));
        retry.attempts++;
    }
    assert_false(acs_retry_next(&retry, ACS_GARBLED, 0, 0, 0, &wait));
    assert_true(acs_retry_next(&retry, ACS_SERVER, 0, 0, 0, &wait));
    retry.attempts = 1000;
    assert_false(acs_retry_next(&retry, ACS_SERVER, 0, 0, 0, &wait));
}

/* Sends as fast as the limit lets it; returns how many were sent before `end_ms`. */
static unsigned drain(struct acs_rate_limit *limit, int64_t *now_ms, int64_t end_ms)
{
    unsigned sent = 0;
    while (*now_ms < end_ms) {
        int64_t delay = acs_rate_limit_delay(limit, *now_ms);
        if (delay == 0) {
            acs_rate_limit_take(limit, *now_ms);
            sent++;
        }
        *now_ms += delay;
    }
    return sent;
}

static void test_rate(void **state)
{
    (void)state;
    struct acs_rate_limit limit;
    int64_t now = 5000;
    acs_rate_limit_init(&limit, 10, now);
    /* A burst of a second's requests, and never more than 600 in a minute. */
    unsigned first = drain(&limit, &now, 5001);
    assert_int_equal(first, 10);
    unsigned sent = first + drain(&limit, &now, 65000);
    assert_in_range(sent, 585, 600);
    sent = drain(&limit, &now, 125000);
    assert_in_range(sent, 580, 600);
}

static void test_slow_rate(void **state)
{
    (void)state;
    struct acs_rate_limit limit;
    int64_t now = 0;
    acs_rate_limit_init(&limit, 0.5, now);
    unsigned sent = drain(&limit, &now, 60000);
    assert_in_range(sent, 28, 30);
    acs_rate_limit_init(&limit, 0.0001, 0);
    now = 0;
    acs_rate_limit_take(&limit, now);
    int64_t delay = acs_rate_limit_delay(&limit, now);
    assert_in_range(delay, 1, 120000);
}

static void test_throttled_rate(void **state)
{
    (void)state;
    struct acs_rate_limit limit;
    int64_t now = 0;
    acs_rate_limit_init(&limit, 10, now);
    acs_rate_limit_throttled(&limit, 0, 3000);
    acs_rate_limit_throttled(&limit, 10, 2000); /* the same burst: neither shorter nor slower */
    assert_int_equal(acs_rate_limit_delay(&limit, 10), 2990);
    assert_int_equal(drain(&limit, &now, 3000), 0);
    unsigned slow = drain(&limit, &now, 13000);
    assert_in_range(slow, 48, 60); /* half of ten a second, recovering */
    now = 200000;
    unsigned recovered = drain(&limit, &now, 260000);
    assert_in_range(recovered, 585, 600);
    acs_rate_limit_throttled(&limit, now, now + 1);
    acs_rate_limit_throttled(&limit, now + 2000, now + 2001);
    int64_t start = now + 2001;
    now = start;
    unsigned quarter = drain(&limit, &now, start + 10000);
    assert_in_range(quarter, 22, 35);
}

static void test_pace(void **state)
{
    (void)state;
    struct acs_rate_limit limit;
    acs_rate_limit_init(&limit, 10, 0);
    acs_rate_limit_throttled(&limit, 1000, 2000);
    const struct {
        int64_t at_ms;
        double factor;
    } quiet[] = {{2000, 0.5}, {11999, 0.5}, {12000, 0.55}, {22000, 0.605}, {500000, 1}};
    for (size_t i = 0; i < COUNT(quiet); i++) {
        (void)acs_rate_limit_delay(&limit, quiet[i].at_ms);
        assert_true(limit.factor > quiet[i].factor - 1e-9 && limit.factor < quiet[i].factor + 1e-9);
    }
}

#define LATENCY_MS 80
#define ALLOWED 3 /* requests a second, and as many at once */

/* An hour of a service that allows less than it documents: it soon has nothing to refuse. */
static void test_throttled_answers_are_few(void **state)
{
    (void)state;
    struct acs_rate_limit limit;
    int64_t refusals[64]; /* the moments at which they are known, in order */
    size_t first = 0, last = 0;
    unsigned sent = 0, throttled = 0;
    double room = ALLOWED;
    acs_rate_limit_init(&limit, 10, 0);
    for (int64_t now = 0; now < 3600000; now++) {
        room = room + ALLOWED / 1000.0 < ALLOWED ? room + ALLOWED / 1000.0 : ALLOWED;
        for (; first < last && refusals[first % COUNT(refusals)] <= now; first++) {
            acs_rate_limit_throttled(&limit, now, now + 1000);
        }
        if (acs_rate_limit_delay(&limit, now) > 0) {
            continue;
        }
        acs_rate_limit_take(&limit, now);
        sent++;
        if (room >= 1) {
            room -= 1;
        } else {
            throttled++;
            assert_true(last - first < COUNT(refusals));
            refusals[last++ % COUNT(refusals)] = now + LATENCY_MS;
        }
    }
    assert_true(throttled > 0);
    assert_true(throttled * 100 < sent);
    assert_true(sent > 3600 * ALLOWED / 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_outcome_of_code),
        cmocka_unit_test(test_outcome_of_transfer),
        cmocka_unit_test(test_wait_headers),
        cmocka_unit_test(test_other_headers),
        cmocka_unit_test(test_headers_bound),
        cmocka_unit_test(test_backoff),
        cmocka_unit_test(test_asked_wait),
        cmocka_unit_test(test_budget),
        cmocka_unit_test(test_never),
        cmocka_unit_test(test_rate),
        cmocka_unit_test(test_slow_rate),
        cmocka_unit_test(test_throttled_rate),
        cmocka_unit_test(test_pace),
        cmocka_unit_test(test_throttled_answers_are_few),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
