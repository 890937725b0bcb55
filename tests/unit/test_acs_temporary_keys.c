/* Temporary keys: what their places may answer, when they are renewed, and the files and programs
 * they come from. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "acs/credential_source.h"
#include "acs/provider.h"
#include "base/clock.h"
#include "base/text.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define CANARY "canary-secret-27182"

typedef bool reader(const char *text, size_t length, struct acs_credentials *ret_credentials,
                    struct error *err);

/* --- answers ------------------------------------------------------------------------------- */

#define KEYS                                                                                       \
    "\"AccessKeyId\":\"STS.id\",\"AccessKeySecret\":\"" CANARY "\",\"SecurityToken\":\"token\","
#define WHOLE "{\"Code\":\"Success\"," KEYS "\"Expiration\":\"2026-01-15T08:30:00Z\"}"

static void refuse(reader *read, const char *text)
{
    struct acs_credentials found = {.access_key_id = ""};
    struct error err;
    error_clear(&err);
    if (read(text, strlen(text), &found, &err)) {
        fail_msg("%s was taken", text);
    }
    assert_int_equal(err.code, ERROR_CREDENTIALS);
    assert_string_not_equal(err.message, "");
    assert_null(strstr(err.message, CANARY));
    assert_null(strstr(err.hint, CANARY));
}

static void accept(reader *read, const char *text, int64_t expires_at)
{
    struct acs_credentials found = {.access_key_id = ""};
    struct error err;
    error_clear(&err);
    if (!read(text, strlen(text), &found, &err)) {
        fail_msg("%s: %s", text, err.message);
    }
    assert_string_equal(found.access_key_id, "STS.id");
    assert_string_equal(found.access_key_secret, CANARY);
    assert_string_equal(found.security_token, "token");
    assert_int_equal(found.expires_at, expires_at);
}

static bool read_metadata(const char *text, size_t length, struct acs_credentials *ret_credentials,
                          struct error *err)
{
    return acs_keys_read_answer(text, length, "the answer", true, ret_credentials, err);
}

static bool read_uri(const char *text, size_t length, struct acs_credentials *ret_credentials,
                     struct error *err)
{
    return acs_keys_read_answer(text, length, "the answer", false, ret_credentials, err);
}

/* What no place may answer, whoever reads it. */
static const char *const nonsense[] = {
    "",
    "null",
    "7",
    "\"" CANARY "\"",
    "[]",
    "{}",
    "{\"AccessKeySecret\":\"" CANARY "\"",
    "<html>" CANARY "</html>",
    "{\"Code\":\"Success\",\"AccessKeyId\":\"id\",\"AccessKeySecret\":\"" CANARY "\"}",
    "{\"Code\":\"Success\",\"AccessKeyId\":7,\"AccessKeySecret\":\"" CANARY
    "\",\"SecurityToken\":\"t\"}",
    "{\"Code\":\"Success\",\"AccessKeyId\":\"id\",\"AccessKeySecret\":[\"" CANARY
    "\"],\"SecurityToken\":\"t\"}",
    "{\"Code\":\"Success\",\"AccessKeyId\":\"\",\"AccessKeySecret\":\"" CANARY
    "\",\"SecurityToken\":\"t\"}",
    "{\"Code\":\"Success\",\"AccessKeyId\":\"i\\r\\nX: y\",\"AccessKeySecret\":\"" CANARY
    "\",\"SecurityToken\":\"t\"}",
    "{\"Code\":\"Success\",\"AccessKeyId\":\"i\\u0000d\",\"AccessKeySecret\":\"" CANARY
    "\",\"SecurityToken\":\"t\"}",
    "{\"Code\":\"Success\"," KEYS "\"Expiration\":\"tomorrow\"}",
    "{\"Code\":\"Success\"," KEYS "\"Expiration\":true}",
    "{\"Code\":\"Success\"," KEYS "\"Expiration\":-5}",
    "{\"Code\":\"Success\"," KEYS "\"Expiration\":\"2026-02-30T08:30:00Z\"}",
    "{\"Code\":\"Failed\"," KEYS "\"Expiration\":\"2026-01-15T08:30:00Z\"}",
    "{\"Code\":7," KEYS "\"Expiration\":\"2026-01-15T08:30:00Z\"}",
};

static void test_metadata_answers(void **state)
{
    (void)state;
    accept(read_metadata, WHOLE, 1768465800);
    for (size_t i = 0; i < COUNT(nonsense); i++) {
        refuse(read_metadata, nonsense[i]);
    }
    refuse(read_metadata, "{" KEYS "\"Expiration\":\"2026-01-15T08:30:00Z\"}");
}

static void test_uri_answers(void **state)
{
    (void)state;
    accept(read_uri, WHOLE, 1768465800);
    accept(read_uri, "{" KEYS "\"Expiration\":1768465800}", 1768465800);
    accept(read_uri, "{" KEYS "\"Expiration\":null}", 0);
    for (size_t i = 0; i < COUNT(nonsense); i++) {
        refuse(read_uri, nonsense[i]);
    }
}

static void test_program_answers(void **state)
{
    struct acs_credentials found = {.access_key_id = ""};
    struct error err;
    static const char plain[] = "{\"mode\":\"AK\",\"access_key_id\":\"id\",\"access_key_secret\":"
                                "\"s\",\"sts_token\":\"left-over\"}";
    (void)state;
    accept(acs_external_read,
           "{\"mode\":\"ststoken\",\"access_key_id\":\"STS.id\",\"access_key_secret\":\"" CANARY
           "\",\"sts_token\":\"token\",\"expiration\":\"2026-01-15T08:30:00Z\"}",
           1768465800);
    assert_true(acs_external_read(plain, strlen(plain), &found, &err));
    assert_string_equal(found.security_token, "");
    for (size_t i = 0; i < COUNT(nonsense); i++) {
        refuse(acs_external_read, nonsense[i]);
    }
    refuse(acs_external_read, "{\"mode\":\"StsToken\",\"access_key_id\":\"id\","
                              "\"access_key_secret\":\"" CANARY "\"}");
    refuse(acs_external_read, "{\"mode\":\"External\",\"access_key_id\":\"id\","
                              "\"access_key_secret\":\"" CANARY "\",\"process_command\":\"x\"}");
}

static void test_long_values(void **state)
{
    static char text[3 * ACS_TOKEN_MAX];
    static char token[ACS_TOKEN_MAX + 2];
    (void)state;
    memset(token, 't', ACS_TOKEN_MAX);
    assert_true(
        snprintf(text, sizeof(text),
                 "{\"Code\":\"Success\",\"AccessKeyId\":\"id\",\"AccessKeySecret\":\"" CANARY
                 "\",\"SecurityToken\":\"%s\"}",
                 token) > 0);
    refuse(read_metadata, text);
    token[ACS_TOKEN_MAX - 1] = '\0';
    assert_true(
        snprintf(text, sizeof(text),
                 "{\"Code\":\"Success\",\"AccessKeyId\":\"id\",\"AccessKeySecret\":\"" CANARY
                 "\",\"SecurityToken\":\"%s\"}",
                 token) > 0);
    struct acs_credentials found = {.access_key_id = ""};
    struct error err;
    assert_true(read_metadata(text, strlen(text), &found, &err));
    assert_string_equal(found.security_token, token);
}

static void test_role_names(void **state)
{
    static const char *const bad[] = {"",    "\n",     "../x",      "a/b",  ".",   "..", "a b",
                                      "a?b", "<html>", "r\xc3\xa9", "a\tb", "%2e", "a;b"};
    char role[32];
    (void)state;
    assert_true(acs_imds_role_name("AliyunECS-Role_1\nsecond", role, sizeof(role)));
    assert_string_equal(role, "AliyunECS-Role_1");
    for (size_t i = 0; i < COUNT(bad); i++) {
        assert_false(acs_imds_role_name(bad[i], role, sizeof(role)));
    }
    assert_false(acs_imds_role_name("a-name-that-is-longer-than-its-place", role, sizeof(role)));
}

/* --- expiry -------------------------------------------------------------------------------- */

static void test_renewal_time(void **state)
{
    static const struct {
        int64_t life, renewed_after;
    } cases[] = {{3600, 3420}, {900, 720}, {361, 181}, {360, 180}, {200, 100}, {3, 2}, {1, 1}};
    const int64_t now = 1768465800;
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        assert_int_equal(acs_renewal_time(now, now + cases[i].life) - now, cases[i].renewed_after);
    }
    /* Not known, or a clock is wrong: the service will say when. */
    assert_true(acs_renewal_time(now, 0) == INT64_MAX);
    assert_true(acs_renewal_time(now, now) == INT64_MAX);
    assert_true(acs_renewal_time(now, now - 5) == INT64_MAX);
    assert_true(acs_renewal_time(now, INT64_MAX) == INT64_MAX - 180);
}

/* The environment stands for a place that has new keys. */
static void set_environment(const char *key)
{
    assert_int_equal(setenv("ALIBABA_CLOUD_ACCESS_KEY_ID", key, 1), 0);
    assert_int_equal(setenv("ALIBABA_CLOUD_ACCESS_KEY_SECRET", CANARY, 1), 0);
}

static void begin_source(struct acs_credential_source *source, struct acs_credentials *credentials,
                         int64_t life)
{
    const struct acs_credentials_options options = {.profile = NULL};
    struct error err;
    set_environment("old");
    assert_true(acs_credentials_find(&options, credentials, &err));
    credentials->expires_at = clock_now() + life;
    acs_credential_source_init(source, &options, credentials);
    set_environment("new");
}

static void test_renewal(void **state)
{
    struct acs_credential_source source;
    struct acs_credentials credentials;
    struct error err;
    bool renewed = true;
    (void)state;
    begin_source(&source, &credentials, 100000);
    assert_true(acs_credential_source_renew(&source, false, &credentials, &renewed, &err));
    assert_false(renewed);
    assert_string_equal(credentials.access_key_id, "old");
    assert_true(acs_credential_source_renew(&source, true, &credentials, &renewed, &err));
    assert_true(renewed);
    assert_string_equal(credentials.access_key_id, "new");

    begin_source(&source, &credentials, 100000);
    source.renew_at = clock_now() - 1;
    assert_true(acs_credential_source_renew(&source, false, &credentials, &renewed, &err));
    assert_true(renewed);
    assert_true(source.renew_at == INT64_MAX);
}

static void test_renewal_that_fails(void **state)
{
    struct acs_credential_source source;
    struct acs_credentials credentials;
    struct error err;
    bool renewed = true;
    (void)state;
    begin_source(&source, &credentials, 100000);
    assert_int_equal(unsetenv("ALIBABA_CLOUD_ACCESS_KEY_SECRET"), 0);
    source.renew_at = clock_now() - 1;
    /* The old ones are good for long: no reason to stop, and none to ask again at once. */
    assert_true(acs_credential_source_renew(&source, false, &credentials, &renewed, &err));
    assert_false(renewed);
    assert_string_equal(credentials.access_key_id, "old");
    assert_true(source.retry_at > clock_now());
    set_environment("new");
    assert_true(acs_credential_source_renew(&source, false, &credentials, &renewed, &err));
    assert_false(renewed);
    /* Refused by the service, they are not. */
    error_clear(&err);
    assert_false(acs_credential_source_renew(&source, true, &credentials, &renewed, &err));
    assert_int_equal(err.code, ERROR_CREDENTIALS);
    assert_non_null(strstr(err.message, "have expired and cannot be renewed"));
    source.retry_at = 0;
    assert_true(acs_credential_source_renew(&source, true, &credentials, &renewed, &err));
    assert_string_equal(credentials.access_key_id, "new");
}

static void test_renewal_from_elsewhere(void **state)
{
    struct acs_credential_source source;
    struct acs_credentials credentials;
    struct error err;
    bool renewed = true;
    (void)state;
    begin_source(&source, &credentials, 100000);
    (void)snprintf(source.current.provider, sizeof(source.current.provider), "another place");
    error_clear(&err);
    assert_false(acs_credential_source_renew(&source, true, &credentials, &renewed, &err));
    assert_false(renewed);
    assert_string_equal(credentials.access_key_id, "old");
    assert_non_null(strstr(err.message, "they now come from environment instead of another place"));
}

/* --- STS endpoints ------------------------------------------------------------------------- */

/* A profile that has an sts_region. */
static const char *find_region(const void *profile, const char *member)
{
    return strcmp(member, "sts_region") == 0 ? profile : NULL;
}

static void expect_endpoint(const struct acs_credentials_options *options, const char *sts_region,
                            const char *expected)
{
    char url[200];
    struct acs_hosts hosts;
    struct error err;
    assert_true(acs_hosts_find(options, find_region, sts_region, &hosts, &err));
    assert_true(acs_sts_endpoint(&hosts, url, sizeof(url), &err));
    assert_string_equal(url, expected);
}

static void test_sts_endpoints(void **state)
{
    struct acs_credentials_options options = {.region = NULL};
    (void)state;
    (void)unsetenv("ALIBABA_CLOUD_STS_REGION");
    (void)unsetenv("ALIBABA_CLOUD_VPC_ENDPOINT_ENABLED");
    expect_endpoint(&options, NULL, "https://sts.aliyuncs.com");
    options.region = "cn-beijing";
    expect_endpoint(&options, NULL, "https://sts.cn-beijing.aliyuncs.com");
    expect_endpoint(&options, "cn-hangzhou", "https://sts.cn-hangzhou.aliyuncs.com");
    assert_int_equal(setenv("ALIBABA_CLOUD_STS_REGION", "ap-southeast-1", 1), 0);
    expect_endpoint(&options, NULL, "https://sts.ap-southeast-1.aliyuncs.com");
    assert_int_equal(setenv("ALIBABA_CLOUD_VPC_ENDPOINT_ENABLED", "true", 1), 0);
    expect_endpoint(&options, NULL, "https://sts-vpc.ap-southeast-1.aliyuncs.com");
    (void)unsetenv("ALIBABA_CLOUD_STS_REGION");
    expect_endpoint(&options, NULL, "https://sts-vpc.cn-beijing.aliyuncs.com");
    (void)unsetenv("ALIBABA_CLOUD_VPC_ENDPOINT_ENABLED");
    options.sts_endpoint = "http://{region}.localhost:80";
    expect_endpoint(&options, NULL, "http://cn-beijing.localhost:80");
    char url[200];
    struct acs_hosts hosts;
    struct error err;
    assert_true(acs_hosts_find(&options, find_region, "evil.example.com/", &hosts, &err));
    assert_false(acs_sts_endpoint(&hosts, url, sizeof(url), &err));
    assert_string_equal(err.message,
                        "the profile's sts_region: \"evil.example.com/\" is no region id");
    options.region = "cn_beijing";
    assert_true(acs_hosts_find(&options, NULL, NULL, &hosts, &err));
    assert_false(acs_sts_endpoint(&hosts, url, sizeof(url), &err));
    assert_string_equal(err.message,
                        "--region or ALIBABA_CLOUD_REGION_ID: \"cn_beijing\" is no region id");
}

/* --- programs ------------------------------------------------------------------------------ */

static bool run(const char *command, int64_t timeout_ms, size_t maximum, struct buffer *output,
                struct error *err)
{
    struct buffer said;
    buffer_init(output, maximum);
    error_clear(err);
    bool ok = acs_external_run(command, timeout_ms, output, &said, err);
    buffer_free(&said);
    return ok;
}

static void test_programs(void **state)
{
    struct buffer output;
    struct error err;
    (void)state;
    assert_true(run("  echo \t one   $HOME ; two  ", 60000, 1000, &output, &err));
    assert_string_equal(output.data, "one $HOME ; two\n");
    buffer_free(&output);
    static const struct {
        const char *command, *says;
    } cases[] = {
        {"", "is empty"},
        {" \t\n", "is empty"},
        {"/nonexistent/program", "cannot run"},
        {"false", "status 1"},
        {"cat /dev/zero", "prints more than 1000 bytes"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        assert_false(run(cases[i].command, 60000, 1000, &output, &err));
        assert_int_equal(err.code, ERROR_CREDENTIALS);
        assert_non_null(strstr(err.message, cases[i].says));
        buffer_free(&output);
    }
}

/* A connection of ours is none of its business. */
static void test_program_inherits_no_descriptor(void **state)
{
#ifdef HBRSYNC_HAVE_ADDCLOSEFROM
    struct buffer output;
    struct error err;
    (void)state;
    int ours = open("/dev/full", O_RDONLY);
    assert_true(ours >= 0);
    assert_true(run("ls -l /proc/self/fd", 60000, 10000, &output, &err));
    assert_null(strstr(output.data, "/dev/full"));
    buffer_free(&output);
    (void)close(ours);
#else
    (void)state;
    skip();
#endif
}

static void test_program_that_hangs(void **state)
{
    struct buffer output;
    struct error err;
    int64_t started = clock_monotonic_ms();
    (void)state;
    assert_false(run("sleep 1000", 100, 1000, &output, &err));
    assert_non_null(strstr(err.message, "did not end in time"));
    buffer_free(&output);
    assert_true(clock_monotonic_ms() - started < 900000);
}

/* --- the INI file -------------------------------------------------------------------------- */

static struct acs_ini_section section;
static bool found;

/* Of a copy, into which NULs are put. */
static bool read_ini(const char *text, const char *name, struct error *err)
{
    static char copy[ACS_INI_LINES_MAX * 2 + 10];
    error_clear(err);
    assert_true(text_fit(copy, sizeof(copy), text));
    return acs_ini_read(copy, strlen(copy), name, &section, &found, err);
}

static void expect_text(const char *key, const char *expected)
{
    const struct json_node *value = json_find(&section.root, key);
    assert_int_equal(value->kind, JSON_TEXT);
    assert_string_equal(value->text, expected);
    assert_int_equal(value->length, strlen(expected));
}

static void test_ini(void **state)
{
    struct error err;
    static const char text[] = "\xEF\xBB\xBF# comment\r\n"
                               "; another = one\r\n"
                               "outside = ignored\r\n"
                               "[default]\r\n"
                               "type=access_key\r\n"
                               "  access_key_id =  id  # the id\r\n"
                               "access_key_secret = \"s#e;c=r et\" ; quoted\r\n"
                               "unknown = x\r\n"
                               "\r\n"
                               "[ work ]\r\n"
                               "type = 'ram_role_arn'\r\n"
                               "role_arn = a#b;c\r\n"
                               "role_session_name =\r\n"
                               "policy = {\"Version\": \"1\"}\r\n"
                               "[default]\r\n"
                               "access_key_id = later";
    (void)state;
    assert_true(read_ini(text, "default", &err));
    expect_text("type", "access_key");
    expect_text("access_key_id", "later");
    expect_text("access_key_secret", "s#e;c=r et");
    assert_int_equal(json_find(&section.root, "role_arn")->kind, JSON_MISSING);
    assert_true(read_ini(text, "work", &err));
    expect_text("type", "ram_role_arn");
    expect_text("role_arn", "a#b;c");
    expect_text("role_session_name", "");
    expect_text("policy", "{\"Version\": \"1\"}");
    assert_int_equal(json_find(&section.root, "access_key_secret")->kind, JSON_MISSING);
    assert_true(read_ini(text, "none", &err));
    assert_false(found);
    assert_true(read_ini("", "default", &err));
    assert_false(found);
}

static void test_bad_ini(void **state)
{
    static const struct {
        const char *text, *says;
    } cases[] = {
        {"[default\ntype = x", "line 1 begins a section"},
        {"[default]\n" CANARY "\n", "line 2 is neither"},
    };
    struct error err;
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        assert_false(read_ini(cases[i].text, "default", &err));
        assert_int_equal(err.code, ERROR_CREDENTIALS);
        assert_non_null(strstr(err.message, cases[i].says));
        assert_null(strstr(err.message, CANARY));
    }
    char zero[] = "[a]\nb\0= c";
    assert_false(acs_ini_read(zero, 10, "a", &section, &found, &err));
    char many[ACS_INI_KEYS_MAX * 4 + 10] = "[a]\n";
    for (size_t i = 0; i <= ACS_INI_KEYS_MAX; i++) {
        assert_int_equal(read_ini(many, "a", &err), true);
        assert_int_equal(section.root.length, i);
        (void)strcat(many, "k=v\n");
    }
    assert_false(read_ini(many, "a", &err));
    assert_string_equal(err.message, "line 66 is one key too many of its section");
}

/* As long as a line and a file may be, and one more. */
static void test_ini_bounds(void **state)
{
    static char text[ACS_INI_LINES_MAX * 2 + 10];
    static char line[ACS_INI_LINE_MAX + 3];
    struct error err;
    (void)state;
    memset(text, '\n', ACS_INI_LINES_MAX);
    assert_true(read_ini(text, "default", &err));
    text[ACS_INI_LINES_MAX] = '\n';
    assert_false(read_ini(text, "default", &err));
    memset(line, '#', ACS_INI_LINE_MAX);
    assert_true(read_ini(line, "default", &err));
    line[ACS_INI_LINE_MAX] = '#';
    assert_false(read_ini(line, "default", &err));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_metadata_answers),
        cmocka_unit_test(test_uri_answers),
        cmocka_unit_test(test_program_answers),
        cmocka_unit_test(test_long_values),
        cmocka_unit_test(test_role_names),
        cmocka_unit_test(test_renewal_time),
        cmocka_unit_test(test_renewal),
        cmocka_unit_test(test_renewal_that_fails),
        cmocka_unit_test(test_renewal_from_elsewhere),
        cmocka_unit_test(test_sts_endpoints),
        cmocka_unit_test(test_programs),
        cmocka_unit_test(test_program_inherits_no_descriptor),
        cmocka_unit_test(test_program_that_hangs),
        cmocka_unit_test(test_ini),
        cmocka_unit_test(test_bad_ini),
        cmocka_unit_test(test_ini_bounds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
