/* What an answer means, and that no secret of ours comes back out of one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "acs/answer.h"
#include "acs/redact.h"
#include "base/json.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define NOW 1768465800

static const struct acs_credentials credentials = {
    .access_key_id = "LTAIexample",
    .access_key_secret = "s3cret/With+Signs=",
    .security_token = "CAIS/token+of=many==signs",
};

struct fixture {
    struct acs_headers headers;
    struct error err;
    char request_id[64];
    struct json_object *root;
};

static enum acs_outcome judge(struct fixture *fixture, int status, const char *body)
{
    struct acs_reply reply = {
        .http_status = status,
        .headers = &fixture->headers,
        .body = body,
        .length = strlen(body),
        .action = "DescribeRestoreJobs2",
        .version = "2017-09-08",
        .credentials = &credentials,
        .now = NOW,
    };
    error_clear(&fixture->err);
    fixture->root = NULL;
    return acs_answer_judge(&reply, &fixture->root, fixture->request_id, &fixture->err);
}

static int begin(void **state)
{
    static struct fixture fixture;
    memset(&fixture, 0, sizeof(fixture));
    acs_headers_init(&fixture.headers);
    *state = &fixture;
    return 0;
}

static int end(void **state)
{
    struct fixture *fixture = *state;
    acs_headers_free(&fixture->headers);
    return 0;
}

static void test_success(void **state)
{
    struct fixture *fixture = *state;
    static const char *const bodies[] = {
        "{}",
        "{\"Success\":true,\"Code\":\"200\",\"RequestId\":\"A-1\"}",
        "{\"Success\":\"true\",\"Code\":200}",
        "{\"Success\":null,\"Code\":null}",
        "{\"Code\":\"\"}",
    };
    for (size_t i = 0; i < COUNT(bodies); i++) {
        assert_int_equal(judge(fixture, 200, bodies[i]), ACS_OK);
        assert_non_null(fixture->root);
        json_release(fixture->root);
    }
    assert_int_equal(judge(fixture, 200, bodies[1]), ACS_OK);
    assert_string_equal(fixture->request_id, "A-1");
    json_release(fixture->root);
}

static void test_failure_with_status_200(void **state)
{
    struct fixture *fixture = *state;
    assert_int_equal(judge(fixture, 200, "{\"Success\":false,\"Code\":\"InternalError\"}"),
                     ACS_SERVER);
    assert_int_equal(judge(fixture, 200, "{\"Success\":\"false\",\"Code\":\"Throttling.User\"}"),
                     ACS_THROTTLED);
    assert_int_equal(judge(fixture, 200, "{\"Success\":\"False\",\"Code\":\"200\"}"),
                     ACS_PERMANENT);
    assert_string_equal(fixture->err.api_code, "");
    assert_int_equal(judge(fixture, 200, "{\"Code\":\"CrossAccountBackupSlrNotExist\"}"),
                     ACS_PERMANENT);
    assert_int_equal(fixture->err.code, ERROR_SERVICE);
    assert_string_equal(fixture->err.api_code, "CrossAccountBackupSlrNotExist");
    assert_int_equal(judge(fixture, 200, "{\"Code\":403,\"Message\":\"no\"}"), ACS_PERMANENT);
    assert_string_equal(fixture->err.message, "403: no");
}

static void test_garbled(void **state)
{
    struct fixture *fixture = *state;
    static const char *const bodies[] = {
        "", "{", "null", "[]", "7", "{\"Success\":tru", "<html>", "{} {}", "{\"a\":1,\"a\":2}",
    };
    for (size_t i = 0; i < COUNT(bodies); i++) {
        assert_int_equal(judge(fixture, 200, bodies[i]), ACS_GARBLED);
        assert_null(fixture->root);
        assert_int_equal(fixture->err.code, ERROR_SERVICE);
        assert_true(fixture->err.retryable);
        assert_int_not_equal(fixture->err.message[0], '\0');
    }
}

static void test_error_text(void **state)
{
    struct fixture *fixture = *state;
    assert_int_equal(judge(fixture, 400,
                           "{\"Code\":\"Throttling.User\",\"Message\":\"Request was denied\","
                           "\"RequestId\":\"7B-x<y>\"}"),
                     ACS_THROTTLED);
    assert_string_equal(fixture->err.message,
                        "Throttling.User: Request was denied (request id 7B-xy)");
    assert_string_equal(fixture->err.request_id, "7B-xy");
    assert_int_equal(fixture->err.http_status, 400);
    assert_true(fixture->err.retryable);

    judge(fixture, 400, "{\"Code\":\"A\\u001b[31m b\",\"Message\":\"x\\ny\\u202ez\"}");
    assert_string_equal(fixture->err.api_code, "A??31m?b");
    assert_null(strchr(fixture->err.message, '\n'));
    assert_null(strstr(fixture->err.message, "\xe2\x80\xae"));

    (void)strcpy(fixture->headers.request_id, "from-header");
    assert_int_equal(judge(fixture, 502, "<html>\nBad gateway"), ACS_SERVER);
    assert_non_null(strstr(fixture->err.message, "HTTP 502: <html>"));
    assert_non_null(strstr(fixture->err.message, "(request id from-header)"));
    assert_int_equal(judge(fixture, 503, ""), ACS_SERVER);
    assert_int_equal(judge(fixture, 404, "null"), ACS_PERMANENT);
}

static void test_long_message(void **state)
{
    struct fixture *fixture = *state;
    static char body[20000];
    (void)strcpy(body, "{\"Code\":\"X\",\"Message\":\"");
    memset(body + strlen(body), 'm', 15000);
    (void)strcat(body, "\"}");
    judge(fixture, 400, body);
    assert_in_range(strlen(fixture->err.message), 400, 600);
}

static void test_redirect(void **state)
{
    struct fixture *fixture = *state;
    (void)strcpy(fixture->headers.location, "evil.example\x1b[2J");
    assert_int_equal(judge(fixture, 302, "{\"Success\":true}"), ACS_PERMANENT);
    assert_null(fixture->root);
    assert_non_null(strstr(fixture->err.message, "redirects to evil.example"));
    assert_null(strchr(fixture->err.message, '\x1b'));
    assert_int_equal(fixture->err.code, ERROR_SERVICE);
}

static void test_credential_codes(void **state)
{
    struct fixture *fixture = *state;
    static const char *const codes[] = {
        "SignatureDoesNotMatch",
        "IncompleteSignature",
        "InvalidAccessKeyId.NotFound",
        "InvalidAccessKeyId.Inactive",
        "InvalidSecurityToken.Expired",
        "InvalidSecurityToken.Malformed",
        "MissingSecurityToken",
        "Forbidden.RAM",
        "NoPermission",
        "ServiceNotActivated",
        "InDebtOverdue",
        "AccessDenied.Something",
        "InvalidTimeStamp.Expired",
    };
    for (size_t i = 0; i < COUNT(codes); i++) {
        char body[128] = "{\"Code\":\"";
        (void)strcat(strcat(body, codes[i]), "\"}");
        assert_int_equal(judge(fixture, 403, body), ACS_PERMANENT);
        assert_int_equal(fixture->err.code, ERROR_CREDENTIALS);
        assert_int_not_equal(fixture->err.hint[0], '\0');
        assert_string_equal(fixture->err.api_code, codes[i]);
    }
    judge(fixture, 403, "{\"Code\":\"NoPermission\"}");
    assert_non_null(strstr(fixture->err.hint, "hbr:DescribeRestoreJobs2"));
    assert_non_null(strstr(fixture->err.hint, "AliyunHBRReadOnlyAccess"));
    judge(fixture, 403, "{\"Code\":\"Unheard.Of\"}");
    assert_int_equal(fixture->err.code, ERROR_CREDENTIALS);
    judge(fixture, 403, "<html>blocked</html>");
    assert_int_equal(fixture->err.code, ERROR_SERVICE);
}

static void test_clock_hint(void **state)
{
    struct fixture *fixture = *state;
    fixture->headers.date = NOW - 1200;
    judge(fixture, 400, "{\"Code\":\"InvalidTimeStamp.Expired\"}");
    assert_non_null(strstr(fixture->err.hint, "1200 seconds ahead of"));
    fixture->headers.date = NOW + 1300;
    judge(fixture, 400, "{\"Code\":\"InvalidTimeStamp.Expired\"}");
    assert_non_null(strstr(fixture->err.hint, "1300 seconds behind"));
}

static void test_quoted_request_is_cut(void **state)
{
    struct fixture *fixture = *state;
    judge(
        fixture, 400,
        "{\"Code\":\"SignatureDoesNotMatch\",\"Message\":\"Specified signature does not match our "
        "calculation. server StringToSign is [ACS3-HMAC-SHA256\\nabc] server CanonicalRequest is "
        "[POST\\nx-acs-security-token:CAIS/token+of=many==signs]\"}");
    assert_non_null(strstr(fixture->err.message, "does not match our calculation. ***"));
    assert_null(strstr(fixture->err.message, "CAIS"));
    assert_null(strstr(fixture->err.message, "ACS3"));
    judge(fixture, 400,
          "{\"Code\":\"SignatureDoesNotMatch\",\"Message\":\"x. Server String To Sign "
          "IS:POST&%2F\"}");
    assert_string_equal(fixture->err.message, "SignatureDoesNotMatch: x. ***");
    static const char *const quotations[] = {
        "Authorization: ACS3-HMAC-SHA256 Credential=LTAI,SignedHeaders=host,Signature=deadbeefcafe",
        "ACS3-HMAC-SHA256 Credential=LTAI,SignedHeaders=host,Signature=deadbeefcafe",
        "authorization:acs LTAI:deadbeefcafe",
        "Signature=deadbeefcafe&Timestamp=2026",
        "signature%3ddeadbeefcafe",
    };
    for (size_t i = 0; i < COUNT(quotations); i++) {
        char body[256] = "{\"Code\":\"X\",\"Message\":\"got ";
        (void)strcat(strcat(body, quotations[i]), "\"}");
        judge(fixture, 400, body);
        assert_string_equal(fixture->err.message, "X: got ***");
    }
    judge(fixture, 400, "{\"Code\":\"X\",\"Message\":\"the Signature is wrong\"}");
    assert_string_equal(fixture->err.message, "X: the Signature is wrong");
}

/* A gateway's page or redirect that quotes the request, where a service's answer is expected. */
static void test_gateway_quotes_the_request(void **state)
{
    struct fixture *fixture = *state;
    static const char token[] = "CAIS/token+of=many==signs";
    assert_int_equal(
        judge(fixture, 502, "<html>bad: x-acs-security-token: CAIS/token+of=many==signs</html>"),
        ACS_SERVER);
    assert_non_null(strstr(fixture->err.message, "HTTP 502: <html>bad: "));
    assert_null(strstr(fixture->err.message, token));
    (void)strcpy(fixture->headers.location, "CAIS/token+of=many==signs");
    assert_int_equal(judge(fixture, 302, ""), ACS_PERMANENT);
    assert_non_null(strstr(fixture->err.message, "redirects to ***"));
    assert_null(strstr(fixture->err.message, token));
}

/* Code and RequestId are shown too, so a secret may not come out by them either. */
static void test_secret_in_code_and_request_id(void **state)
{
    struct fixture *fixture = *state;
    assert_int_equal(judge(fixture, 400,
                           "{\"Code\":\"Bad CAIS%2Ftoken%2Bof%3Dmany%3D%3Dsigns\","
                           "\"RequestId\":\"A-1\",\"Message\":\"no\"}"),
                     ACS_PERMANENT);
    assert_string_equal(fixture->err.message, "***: no (request id A-1)");
    assert_string_equal(fixture->err.api_code, "***");
    assert_int_equal(judge(fixture, 200, "{\"Success\":false,\"Code\":\"s3cret/With+Signs=\"}"),
                     ACS_PERMANENT);
    assert_null(strstr(fixture->err.message, "s3cret"));
    judge(fixture, 400, "{\"Code\":\"X\",\"RequestId\":\"CAIS/token+of=many==signs\"}");
    assert_string_equal(fixture->err.request_id, "");
    assert_null(strstr(fixture->err.message, "token"));
    static const char header[] = "x-acs-request-id: s3cret/With+Signs=\r\n";
    assert_true(acs_headers_line(&fixture->headers, header, sizeof(header) - 1, NOW));
    judge(fixture, 400, "{\"Code\":\"X\"}");
    assert_string_equal(fixture->err.request_id, "");
}

static void check_redacted(const char *text, size_t maximum, const char *expected)
{
    struct buffer buffer;
    buffer_init(&buffer, 4096);
    acs_redact(&buffer, text, strlen(text), maximum, &credentials);
    assert_string_equal(buffer.data, expected);
    buffer_free(&buffer);
}

static void test_redact(void **state)
{
    (void)state;
    check_redacted("", 100, "");
    check_redacted("nothing here", 100, "nothing here");
    check_redacted("a s3cret/With+Signs= b", 100, "a *** b");
    check_redacted("a CAIS/token+of=many==signs", 100, "a ***");
    check_redacted("CAIS%2Ftoken%2Bof%3Dmany%3D%3Dsigns.", 100, "***.");
    check_redacted("CAIS%2ftoken%2bof%3dmany%3d%3dsigns.", 100, "***.");
    check_redacted("CAIS\\/token\\u002bof\\u003Dmany==signs.", 100, "***.");
    check_redacted("s3cret/With+Signs=s3cret/With+Signs=", 100, "******");
    /* Neither a cut of ours nor one of the network leaves a part of it. */
    check_redacted("ab CAIS/token+of=many==signs and more", 5, "ab ***...");
    check_redacted("ab CAIS/token+of", 100, "ab ***");
    /* Nor one of the service in the middle of its text. */
    check_redacted("{\"a\":\"CAIS/token+of=ma\",\"b\":1}", 100, "{\"a\":\"***\",\"b\":1}");
    check_redacted("CAIS%2Ftoken%2Bof%3Dma...", 100, "***...");
    check_redacted("CAIS/token is the word", 100, "CAIS/token is the word");
    check_redacted("s3cret", 100, "s3cret");
    check_redacted("x\x1by\n", 100, "x\\u{001b}y\\u{000a}");
    check_redacted("abcdef", 3, "abc...");
}

static void test_redact_without_token(void **state)
{
    (void)state;
    struct acs_credentials plain = {.access_key_secret = "s"};
    struct buffer buffer;
    buffer_init(&buffer, 100);
    acs_redact(&buffer, "abc", 3, 100, &plain);
    acs_redact(&buffer, "abc", 3, 100, NULL);
    assert_string_equal(buffer.data, "abcabc");
    buffer_free(&buffer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_success, begin, end),
        cmocka_unit_test_setup_teardown(test_failure_with_status_200, begin, end),
        cmocka_unit_test_setup_teardown(test_garbled, begin, end),
        cmocka_unit_test_setup_teardown(test_error_text, begin, end),
        cmocka_unit_test_setup_teardown(test_long_message, begin, end),
        cmocka_unit_test_setup_teardown(test_redirect, begin, end),
        cmocka_unit_test_setup_teardown(test_credential_codes, begin, end),
        cmocka_unit_test_setup_teardown(test_clock_hint, begin, end),
        cmocka_unit_test_setup_teardown(test_quoted_request_is_cut, begin, end),
        cmocka_unit_test_setup_teardown(test_gateway_quotes_the_request, begin, end),
        cmocka_unit_test_setup_teardown(test_secret_in_code_and_request_id, begin, end),
        cmocka_unit_test(test_redact),
        cmocka_unit_test(test_redact_without_token),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
