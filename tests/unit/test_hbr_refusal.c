/* Which failed answers say something about the request, and which only that the source failed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "acs/answer.h"
#include "base/json.h"
#include "hbr/page.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const struct acs_secrets secrets = {.key_secret = "s3cret", .token = "", .signature = ""};

/* What an answer with this status and body means, as the program reads it. */
static enum hbr_refusal refusal_of(int status, const char *body, struct acs_headers *headers)
{
    struct json_node *root = NULL;
    char request_id[64];
    struct error err;
    struct acs_reply reply = {.http_status = status,
                              .headers = headers,
                              .body = body,
                              .length = strlen(body),
                              .action = "DescribeRestoreJobs2",
                              .version = "2017-09-08",
                              .secrets = &secrets,
                              .now = 1768465800};
    error_clear(&err);
    assert_int_not_equal(acs_answer_judge(&reply, &root, request_id, &err), ACS_OK);
    return hbr_refusal_of(&err);
}

static const struct {
    int status;
    const char *code;
    enum hbr_refusal refusal;
} codes[] = {
    {400, "InvalidParameter", HBR_REFUSED_PARAMETER},
    {400, "InvalidParameter.Edition", HBR_REFUSED_PARAMETER},
    {400, "InvalidParameterValue", HBR_REFUSED_PARAMETER},
    {200, "InvalidParameter.PageNumber", HBR_REFUSED_PARAMETER},
    {404, "InvalidParameter", HBR_REFUSED_PARAMETER},
    {400, "MissingParameter", HBR_REFUSED_PARAMETER},
    {400, "MissingParameter.RestoreType", HBR_REFUSED_PARAMETER},
    {400, "MissingRestoreType", HBR_REFUSED_PARAMETER},
    {400, "ParameterInvalid.Filters", HBR_REFUSED_PARAMETER},
    {400, "UnsupportedParameter", HBR_REFUSED_PARAMETER},
    {400, "InvalidFilter.Key", HBR_REFUSED_PARAMETER},
    {400, "InvalidFilters", HBR_REFUSED_PARAMETER},
    {400, "InvalidPageNumber", HBR_REFUSED_PARAMETER},
    {400, "InvalidPageSize.Malformed", HBR_REFUSED_PARAMETER},
    {400, "InvalidRestoreType", HBR_REFUSED_PARAMETER},
    {400, "InvalidEdition.NotSupported", HBR_REFUSED_PARAMETER},

    {400, "SomethingElse", HBR_REFUSED},
    {200, "SomethingElse", HBR_REFUSED},
    {400, "BadRequest", HBR_REFUSED},
    {404, "ResourceNotFound", HBR_REFUSED},
    {400, "InvalidRegionId.NotFound", HBR_REFUSED},
    {400, "InvalidResourceId.NotFound", HBR_REFUSED},
    {200, "CrossAccountBackupSlrNotExist", HBR_REFUSED},

    {403, "Forbidden.RAM", HBR_NO_REFUSAL},
    {400, "Forbidden", HBR_NO_REFUSAL},
    {403, "NoPermission", HBR_NO_REFUSAL},
    {400, "NoPermission", HBR_NO_REFUSAL},
    {403, "SomethingElse", HBR_NO_REFUSAL},
    {400, "NotAuthorized", HBR_NO_REFUSAL},
    {403, "InDebt", HBR_NO_REFUSAL},
    {400, "InDebtOverdue", HBR_NO_REFUSAL},
    {400, "ServiceNotActivated", HBR_NO_REFUSAL},
    {400, "RiskControlProhibited", HBR_NO_REFUSAL},
    {400, "RiskControl.Other", HBR_NO_REFUSAL},
    {400, "Throttling", HBR_NO_REFUSAL},
    {400, "Throttling.User", HBR_NO_REFUSAL},
    {400, "Rejected.Throttling", HBR_NO_REFUSAL},
    {404, "InvalidAccessKeyId.NotFound", HBR_NO_REFUSAL},
    {400, "InvalidSecurityToken.Expired", HBR_NO_REFUSAL},
    {400, "MissingSecurityToken", HBR_NO_REFUSAL},
    {400, "SignatureDoesNotMatch", HBR_NO_REFUSAL},
    {400, "IncompleteSignature", HBR_NO_REFUSAL},
    {400, "SignatureNonceUsed", HBR_NO_REFUSAL},
    {400, "InvalidTimeStamp.Expired", HBR_NO_REFUSAL},
    {404, "InvalidApi.NotFound", HBR_NO_REFUSAL},
    {404, "InvalidAction.NotFound", HBR_NO_REFUSAL},
    {400, "InvalidVersion", HBR_NO_REFUSAL},
    {500, "InternalError", HBR_NO_REFUSAL},
    {200, "InternalError", HBR_NO_REFUSAL},
    {500, "InvalidParameter", HBR_NO_REFUSAL},
    {503, "ServiceUnavailable", HBR_NO_REFUSAL},
    {429, "SomethingElse", HBR_NO_REFUSAL},
    {501, "SomethingElse", HBR_NO_REFUSAL},
};

static void test_codes(void **state)
{
    for (size_t i = 0; i < COUNT(codes); i++) {
        char body[256];
        (void)snprintf(body, sizeof(body),
                       "{\"RequestId\":\"4A1D-9\",\"Success\":false,\"Code\":\"%s\","
                       "\"Message\":\"no\"}",
                       codes[i].code);
        enum hbr_refusal got = refusal_of(codes[i].status, body, *state);
        if (got != codes[i].refusal) {
            fail_msg("HTTP %d %s: %d", codes[i].status, codes[i].code, (int)got);
        }
    }
}

/* What a proxy or gateway says in the service's place, though it gives a request id of its own. */
static void test_bodies_that_are_not_the_services(void **state)
{
    struct acs_headers *headers = *state;
    static const struct {
        int status;
        const char *body;
    } answers[] = {
        {403, "<html><body>Access denied: InvalidParameter</body></html>"},
        {400, "<html><body>Bad request</body></html>"},
        {400, ""},
        {400, "{}"},
        {400, "[\"InvalidParameter\"]"},
        {400, "\"InvalidParameter\""},
        {400, "{\"Code\":\"InvalidParameter\",\"Message\":\"without an id\"}"},
        {400, "{\"Code\":\"InvalidParameter\",\"RequestId\":\"\"}"},
        {400, "{\"Code\":\"InvalidParameter\",\"RequestId\":17}"},
        {400, "{\"RequestId\":\"4A1D-9\",\"Message\":\"without a code\"}"},
        {302, "{\"RequestId\":\"4A1D-9\",\"Code\":\"InvalidParameter\"}"},
    };
    (void)snprintf(headers->request_id, sizeof(headers->request_id), "proxy-1");
    for (size_t i = 0; i < COUNT(answers); i++) {
        if (refusal_of(answers[i].status, answers[i].body, headers) != HBR_NO_REFUSAL) {
            fail_msg("HTTP %d %s", answers[i].status, answers[i].body);
        }
    }
    /* Success false is the service's own word, if not about a parameter. */
    assert_int_equal(refusal_of(200, "{\"RequestId\":\"4A1D-9\",\"Success\":false}", headers),
                     HBR_REFUSED);
    /* Some gateways write the members with small letters. */
    assert_int_equal(
        refusal_of(400, "{\"requestId\":\"4A1D-9\",\"code\":\"InvalidParameter\"}", headers),
        HBR_REFUSED_PARAMETER);
}

static void test_failures_without_an_answer(void **state)
{
    struct error err;
    (void)state;
    error_clear(&err);
    assert_int_equal(hbr_refusal_of(&err), HBR_NO_REFUSAL);
    (void)error_set(&err, ERROR_SERVICE, "connection refused");
    assert_int_equal(hbr_refusal_of(&err), HBR_NO_REFUSAL);
    (void)error_set(&err, ERROR_DATABASE, "disk full");
    assert_int_equal(hbr_refusal_of(&err), HBR_NO_REFUSAL);
}

static int begin(void **state)
{
    static struct acs_headers headers;
    acs_headers_init(&headers);
    *state = &headers;
    return 0;
}

static int end(void **state)
{
    acs_headers_free(*state);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_codes, begin, end),
        cmocka_unit_test_setup_teardown(test_bodies_that_are_not_the_services, begin, end),
        cmocka_unit_test(test_failures_without_an_answer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
