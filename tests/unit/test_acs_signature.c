/* Signature V3 against the official worked example and the vectors made with the official SDK. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "acs/signature.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const char example_canonical[] =
    "POST\n"
    "/\n"
    "ImageId=win2019_1809_x64_dtc_zh-cn_40G_alibase_20230811.vhd&RegionId=cn-shanghai\n"
    "host:ecs.cn-shanghai.aliyuncs.com\n"
    "x-acs-action:RunInstances\n"
    "x-acs-content-sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\n"
    "x-acs-date:2023-10-26T10:22:32Z\n"
    "x-acs-signature-nonce:3156853299f313e23d1673dc12e1703d\n"
    "x-acs-version:2014-05-26\n"
    "\n"
    "host;x-acs-action;x-acs-content-sha256;x-acs-date;x-acs-signature-nonce;x-acs-version\n"
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

static const struct acs_parameter example_parameters[] = {
    {"RegionId", "cn-shanghai"},
    {"ImageId", "win2019_1809_x64_dtc_zh-cn_40G_alibase_20230811.vhd"},
};

static struct acs_signing_input example(void)
{
    return (struct acs_signing_input){
        .host = "ecs.cn-shanghai.aliyuncs.com",
        .action = "RunInstances",
        .version = "2014-05-26",
        .date = "2023-10-26T10:22:32Z",
        .nonce = "3156853299f313e23d1673dc12e1703d",
        .access_key_id = "YourAccessKeyId",
        .access_key_secret = "YourAccessKeySecret",
        .parameters = example_parameters,
        .parameter_count = COUNT(example_parameters),
    };
}

static const struct acs_parameter vector_parameters[] = {
    {"RestoreType", "ECS_FILE"},
    {"PageNumber", "1"},
    {"PageSize", "99"},
    {"Edition", "STANDARD"},
    {"Filters.1.Key", "VaultId"},
    {"Filters.1.Operator", "IN"},
    {"Filters.1.Values.1", "v-0001"},
    {"Filters.1.Values.2", "v-0002"},
    {"Filters.2.Key", "CompleteTime"},
    {"Filters.2.Operator", "BETWEEN"},
    {"Filters.2.Values.1", "1767225600"},
    {"Filters.2.Values.2", "1768435200"},
};

static struct acs_signing_input vector(void)
{
    struct acs_signing_input input = example();
    input.host = "hbr.cn-hangzhou.aliyuncs.com";
    input.action = "DescribeRestoreJobs2";
    input.version = "2017-09-08";
    input.date = "2026-01-15T08:30:00Z";
    input.parameters = vector_parameters;
    input.parameter_count = COUNT(vector_parameters);
    return input;
}

static void check_authorization(const struct acs_signing_input *input, const char *expected)
{
    struct buffer text;
    struct error err;
    buffer_init(&text, 4096);
    assert_true(acs_authorization(input, &text, &err));
    assert_string_equal(text.data, expected);
    buffer_free(&text);
}

static void test_canonical_request(void **state)
{
    (void)state;
    struct acs_signing_input input = example();
    struct buffer text;
    struct error err;
    buffer_init(&text, 4096);
    assert_true(acs_canonical_request(&input, &text, &err));
    assert_string_equal(text.data, example_canonical);
    assert_int_equal(text.length, 497);
    buffer_free(&text);
}

static void test_official_example(void **state)
{
    (void)state;
    struct acs_signing_input input = example();
    check_authorization(
        &input, "ACS3-HMAC-SHA256 Credential=YourAccessKeyId,SignedHeaders=host;x-acs-action;"
                "x-acs-content-sha256;x-acs-date;x-acs-signature-nonce;x-acs-version,Signature="
                "06563a9e1b43f5dfe96b81484da74bceab24a1d853912eee15083a6f0f3283c0");
}

static void test_vector_access_key(void **state)
{
    (void)state;
    struct acs_signing_input input = vector();
    check_authorization(
        &input, "ACS3-HMAC-SHA256 Credential=YourAccessKeyId,SignedHeaders=host;x-acs-action;"
                "x-acs-content-sha256;x-acs-date;x-acs-signature-nonce;x-acs-version,Signature="
                "7eed8a8353fdd3808d18af1e766abb7032af679cbde628b0fbe92cb0f733d0ab");
    input.security_token = "";
    check_authorization(
        &input, "ACS3-HMAC-SHA256 Credential=YourAccessKeyId,SignedHeaders=host;x-acs-action;"
                "x-acs-content-sha256;x-acs-date;x-acs-signature-nonce;x-acs-version,Signature="
                "7eed8a8353fdd3808d18af1e766abb7032af679cbde628b0fbe92cb0f733d0ab");
}

static void test_vector_token(void **state)
{
    (void)state;
    struct acs_signing_input input = vector();
    input.security_token = "YourSecurityToken";
    check_authorization(
        &input, "ACS3-HMAC-SHA256 Credential=YourAccessKeyId,SignedHeaders=host;x-acs-action;"
                "x-acs-content-sha256;x-acs-date;x-acs-security-token;x-acs-signature-nonce;"
                "x-acs-version,Signature="
                "f309ab109cd30862b5f4727cffa4c624f9190aa95c3cb24a617485a74c957180");
}

static void test_percent_encoding(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *encoded;
    } cases[] = {
        {"", ""},
        {"AZaz09-_.~", "AZaz09-_.~"},
        {" ", "%20"},
        {"*", "%2A"},
        {"!'()", "%21%27%28%29"},
        {"+/=&?#%", "%2B%2F%3D%26%3F%23%25"},
        {"\xe5\xa4\x87\xe4\xbb\xbd", "%E5%A4%87%E4%BB%BD"},
        {"\x7f\n", "%7F%0A"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct buffer text;
        buffer_init(&text, 256);
        acs_percent_encode(&text, cases[i].text);
        assert_string_equal(text.data, cases[i].encoded);
        buffer_free(&text);
    }
}

static void check_query(const struct acs_parameter *parameters, size_t count, const char *expected)
{
    struct buffer text;
    struct error err;
    buffer_init(&text, 4096);
    assert_true(acs_canonical_query(parameters, count, &text, &err));
    assert_string_equal(text.data, expected);
    buffer_free(&text);
}

static void test_query_order(void **state)
{
    (void)state;
    static const struct acs_parameter values[] = {
        {"Values.2", "b"}, {"Values.10", "j"}, {"Values.1", "a"}, {"values", ""}, {"Empty", ""},
    };
    /* By encoded bytes "%" is before every letter and digit. */
    static const struct acs_parameter encoded[] = {
        {"a1", "1"}, {"a*", "2"}, {"a~", "3"}, {"a", "4"}, {"a\xe4", "5"}, {"a-", "6"},
    };
    check_query(values, COUNT(values), "Empty=&Values.1=a&Values.10=j&Values.2=b&values=");
    check_query(encoded, COUNT(encoded), "a=4&a%2A=2&a%E4=5&a-=6&a1=1&a~=3");
    check_query(NULL, 0, "");
}

static void test_query_bounds(void **state)
{
    (void)state;
    static struct acs_parameter many[ACS_PARAMETERS_MAX + 1];
    struct buffer text;
    struct error err;
    buffer_init(&text, 100);
    assert_false(acs_canonical_query(many, COUNT(many), &text, &err));
    assert_int_equal(err.code, ERROR_INTERNAL);
    assert_false(acs_canonical_query(vector_parameters, COUNT(vector_parameters), &text, &err));
    buffer_free(&text);
}

static void test_nonce(void **state)
{
    (void)state;
    char first[ACS_NONCE_SIZE];
    char second[ACS_NONCE_SIZE];
    struct error err;
    assert_true(acs_nonce(first, &err));
    assert_true(acs_nonce(second, &err));
    assert_int_equal(strlen(first), ACS_NONCE_SIZE - 1);
    assert_int_equal(strspn(first, "0123456789abcdef"), ACS_NONCE_SIZE - 1);
    assert_string_not_equal(first, second);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_canonical_request), cmocka_unit_test(test_official_example),
        cmocka_unit_test(test_vector_access_key), cmocka_unit_test(test_vector_token),
        cmocka_unit_test(test_percent_encoding),  cmocka_unit_test(test_query_order),
        cmocka_unit_test(test_query_bounds),      cmocka_unit_test(test_nonce),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
