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

#define SIGNATURE "0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a69788796a5b4c3d2e1f0"

static const struct acs_secrets secrets = {
    .key_secret = "s3cret/With+Signs=",
    .token = "CAIS/token+of=many==signs",
    .signature = SIGNATURE,
};

struct fixture {
    struct acs_headers headers;
    struct error err;
    char request_id[64];
    struct json_node *root;
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
        .secrets = &secrets,
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
        json_free(fixture->root);
    }
    assert_int_equal(judge(fixture, 200, bodies[1]), ACS_OK);
    assert_string_equal(fixture->request_id, "A-1");
    json_free(fixture->root);
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
    assert_non_null(strstr(fixture->err.message, "HTTP 502: " ACS_LEFT_OUT));
    assert_null(strstr(fixture->err.message, token));
    (void)strcpy(fixture->headers.location, "CAIS/token+of=many==signs");
    assert_int_equal(judge(fixture, 302, ""), ACS_PERMANENT);
    assert_non_null(strstr(fixture->err.message, "redirects to " ACS_LEFT_OUT));
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
    acs_redact(&buffer, text, strlen(text), maximum, &secrets);
    assert_string_equal(buffer.data, expected);
    buffer_free(&buffer);
}

static void test_redact(void **state)
{
    (void)state;
    check_redacted("", 100, "");
    check_redacted("nothing here", 100, "nothing here");
    check_redacted("a s3cret/With+Signs= b", 100, ACS_LEFT_OUT);
    check_redacted("s3cret", 100, "s3cret");
    check_redacted("CAIS/token is the word", 100, "CAIS/token is the word");
    check_redacted("x\x1by\n", 100, "x\\u{001b}y\\u{000a}");
    check_redacted("abcdef", 3, "abc...");
    /* A cut of ours is what counts, not the text that it cuts. */
    check_redacted("ab CAIS/token+of=many==signs", 5, "ab CA...");
    check_redacted("ab CAIS/token+of=many==signs", 15, ACS_LEFT_OUT);
    check_redacted("well: Signature=" SIGNATURE, 100, "well: ***");
}

#define EARLIER "A1b2c3d4e5f60718293a4b5c6d7e8f90a1b2c3d4e5f60718293a4b5c6d7e8f90"

/* The signature of an attempt before is not among the secrets. */
static void test_signature_of_an_earlier_attempt(void **state)
{
    struct fixture *fixture = *state;
    check_redacted("not " EARLIER " here, x" EARLIER "1\n", 200, "not *** here, x***\\u{000a}");
    check_redacted("cut " EARLIER, 20, "cut ***...");
    check_redacted("behind the cut " EARLIER, 15, "behind the cut ...");
    check_redacted(&EARLIER[1], 100, &EARLIER[1]);
    judge(fixture, 400, "{\"Code\":\"X." EARLIER "\",\"RequestId\":\"" EARLIER "\"}");
    assert_string_equal(fixture->err.api_code, "***");
    assert_string_equal(fixture->err.request_id, "");
    assert_null(strstr(fixture->err.message, "2c3d4e5f6"));
    static const char header[] = "x-acs-request-id: " EARLIER "\r\n";
    assert_true(acs_headers_line(&fixture->headers, header, sizeof(header) - 1, NOW));
    judge(fixture, 400, "{\"Code\":\"X\"}");
    assert_string_equal(fixture->err.request_id, "");
}

/* Every way in which a text may quote a secret, or a part of it. */
static void test_encodings_of_a_secret(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "CAIS/token+of=many==signs",
        "S/token+of=many==signs",          /* without its beginning */
        "s/token+of=ma",                   /* 12 characters in the middle */
        "any==signs and =many==signs ...", /* its tail */
        "{\"a\":\"CAIS/token+of=ma\",\"b\":1}",
        "CAIS%2Ftoken%2Bof%3Dmany%3D%3Dsigns.",
        "CAIS%2ftoken%2bof%3dmany%3d%3dsigns.",
        "CAIS%252Ftoken%252Bof%253Dmany",
        "%43%41%49%53%2F%74%6F%6B%65%6E%2B%6F%66",
        "CAIS\\/token\\u002bof\\u003Dmany==signs.",
        "CAIS\\\\/token\\\\u002b\\\\u006ff\\\\u003Dmany",
        "CAIS/token of=many==signs", /* "+" as a blank */
        "CAIS/tok\r\n  en+of=many",  /* folded */
        "CAIS/tok\\nen+of=many",     /* folded, in JSON */
        "CAIS/tok\xC2\xAD"
        "en+of=many",
        "CAIS&#47;token&#43;of&#x3D;many",
        "&#67;&#65;&#73;&#83;&sol;&#116;&#x6f;ken&plus;of",
        "CAIS&amp;#47;token&amp;#43;of",
        "cais/TOKEN+OF=many",
        "c2VjdXJpdHlfdG9rZW49Q0FJUy90b2tlbitvZj1tYW55PT1zaWducw==", /* security_token=... */
        "eD1DQUlTL3Rva2VuK29mPW1hbnk9PXNpZ25z",                     /* x=... */
        "Q0FJUy90b2tl\r\nbitvZj1tYW55",
        "tL3Rva2VuK29mPW1hbn", /* cut at neither end of a group */
        "4341 4953 2f74 6f6b 656e 2b6f 66",
        "43:41:49:53:2F:74:6F:6B:65:6E:2B:6F:66",
        "\\x43\\x41\\x49\\x53/token+of",
        "got " SIGNATURE,
        "0F1E2D3C4B5A",
        "c3JldC9XaXRoK1NpZ25z",
        "&#000000000067;&#x00000000000041;&#0000000000000000000073S/token+of", /* leading zeros */
        "CAIS/tok&#0;en+&#x00;of=many",
        "CAIS/tok&nbspen+o&nbspf=many",
        "CAIS/tok&#173;en+&#xfeff;of=many",
        "CAIS/tok&shyen+&ZeroWidthSpace;of=many",
        "CAIS/tok%E2%80%8Ben+%C2%ADof=many",
        "CAIS/tok\\u200ben+\\uFEFFof=many",
        "CAIS/tok&amp#8203;en+o&amp#8203;f=many",
        "Y2Fpcy90b2tlbitv", /* base64 and hexadecimal of the lower-cased, the upper-cased */
        "Q0FJUy9UT0tFTitP",
        "636169732f746f6b656e2b6f66",
        "434149532F544F4B454E2B4F463D",
        "M2NyZXQvd2l0aCtzaWducw", /* the other secret's, a part */
        "M0NSRVQvV0lUSCtTSUdOUw",
    };
    for (size_t i = 0; i < COUNT(texts); i++) {
        assert_true(acs_holds_secret(texts[i], strlen(texts[i]), &secrets));
        check_redacted(texts[i], 200, ACS_LEFT_OUT);
    }
}

static void test_redact_without_token(void **state)
{
    (void)state;
    const struct acs_secrets plain = {.key_secret = "s"};
    const struct acs_secrets none = {.token = ""};
    struct buffer buffer;
    buffer_init(&buffer, 100);
    acs_redact(&buffer, "abc", 3, 100, &plain);
    acs_redact(&buffer, "abc", 3, 100, &none);
    acs_redact(&buffer, "abc", 3, 100, NULL);
    assert_string_equal(buffer.data, "abcabcabc");
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
        cmocka_unit_test_setup_teardown(test_signature_of_an_earlier_attempt, begin, end),
        cmocka_unit_test(test_encodings_of_a_secret),
        cmocka_unit_test(test_redact_without_token),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
