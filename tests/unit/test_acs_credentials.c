/* Where credentials come from, in which order, and what is said when they do not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "acs/credentials.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define CANARY "canary-secret-31415"

static char home[] = "/tmp/hbrsync-credentials-XXXXXX";
static char config_path[128];

static const char config[] =
    "{\"current\":\"default\",\"meta_path\":\"\",\"profiles\":["
    "{\"name\":\"default\",\"mode\":\"AK\",\"access_key_id\":\"file-id\","
    "\"access_key_secret\":\"" CANARY
    "\",\"sts_token\":\"left-over\",\"region_id\":\"cn-beijing\"},"
    "{\"name\":\"temporary\",\"mode\":\"ststoken\",\"access_key_id\":\"sts-id\","
    "\"access_key_secret\":\"" CANARY
    "\",\"sts_token\":\"file-token\",\"sts_expiration\":1768465800},"
    "{\"name\":\"cloud\",\"mode\":\"CloudSSO\",\"access_key_id\":\"id\","
    "\"access_key_secret\":\"" CANARY "\"},"
    "{\"name\":\"keyless\",\"mode\":\"AK\",\"access_key_secret\":\"" CANARY "\"},"
    "{\"name\":\"injected\",\"mode\":\"AK\",\"access_key_id\":\"id\\r\\nX: y\","
    "\"access_key_secret\":\"" CANARY "\"},"
    "{\"name\":\"typed\",\"mode\":\"AK\",\"access_key_id\":7,\"access_key_secret\":\"" CANARY "\"},"
    "{\"name\":\"tokenless\",\"mode\":\"StsToken\",\"access_key_id\":\"id\","
    "\"access_key_secret\":\"" CANARY "\"}]}";

static void write_config(const char *text)
{
    FILE *file = fopen(config_path, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static int clean(void **state)
{
    static const char *const variables[] = {
        "ALIBABA_CLOUD_ACCESS_KEY_ID",   "ALIBABA_CLOUD_ACCESS_KEY_SECRET",
        "ALIBABA_CLOUD_SECURITY_TOKEN",  "ALIBABA_CLOUD_PROFILE",
        "ALIBABA_CLOUD_CONFIG_FILE",     "ALIBABA_CLOUD_CLI_PROFILE_DISABLED",
        "ALIBABA_CLOUD_OIDC_TOKEN_FILE", "ALIBABA_CLOUD_CREDENTIALS_FILE",
        "ALIBABA_CLOUD_CREDENTIALS_URI", "ALIBABA_CLOUD_DISABLE_EXTERNAL_PROCESS",
    };
    (void)state;
    (void)setenv("ALIBABA_CLOUD_ECS_METADATA_DISABLED", "true", 1);
    for (size_t i = 0; i < COUNT(variables); i++) {
        (void)unsetenv(variables[i]);
    }
    (void)setenv("HOME", home, 1);
    write_config(config);
    return 0;
}

static int make_home(void **state)
{
    char folder[96];
    (void)state;
    if (mkdtemp(home) == NULL || snprintf(folder, sizeof(folder), "%s/.aliyun", home) < 0 ||
        mkdir(folder, 0700) != 0 ||
        snprintf(config_path, sizeof(config_path), "%s/config.json", folder) < 0) {
        return -1;
    }
    return 0;
}

static int remove_home(void **state)
{
    char folder[96];
    (void)state;
    (void)unlink(config_path);
    return snprintf(folder, sizeof(folder), "%s/.aliyun", home) > 0 && rmdir(folder) == 0 &&
                   rmdir(home) == 0
               ? 0
               : -1;
}

static void set_environment(const char *key, const char *secret, const char *token)
{
    static const char *const names[] = {"ALIBABA_CLOUD_ACCESS_KEY_ID",
                                        "ALIBABA_CLOUD_ACCESS_KEY_SECRET",
                                        "ALIBABA_CLOUD_SECURITY_TOKEN"};
    const char *const values[] = {key, secret, token};
    for (size_t i = 0; i < COUNT(names); i++) {
        if (values[i] != NULL) {
            assert_int_equal(setenv(names[i], values[i], 1), 0);
        }
    }
}

static bool find(const char *profile, struct acs_credentials *found, struct error *err)
{
    const struct acs_credentials_options options = {.profile = profile};
    return acs_credentials_find(&options, found, err);
}

/* Expects an error that says `part` and no secret. */
static void expect_error(const char *profile, const char *part)
{
    struct acs_credentials found;
    struct error err;
    error_clear(&err);
    assert_false(find(profile, &found, &err));
    assert_int_equal(err.code, ERROR_CREDENTIALS);
    if (strstr(err.message, part) == NULL) {
        fail_msg("\"%s\" does not say \"%s\"", err.message, part);
    }
    assert_null(strstr(err.message, CANARY));
    assert_null(strstr(err.hint, CANARY));
    assert_null(strchr(err.message, '\r'));
    assert_int_equal(found.access_key_secret[0], '\0');
}

static void test_environment(void **state)
{
    struct acs_credentials found;
    struct error err;
    (void)state;
    set_environment("env-id", CANARY, NULL);
    assert_true(find(NULL, &found, &err));
    assert_string_equal(found.access_key_id, "env-id");
    assert_string_equal(found.access_key_secret, CANARY);
    assert_string_equal(found.security_token, "");
    assert_string_equal(found.provider, "environment");
    set_environment(NULL, NULL, "env-token");
    assert_true(find(NULL, &found, &err));
    assert_string_equal(found.security_token, "env-token");
    acs_credentials_wipe(&found);
    assert_int_equal(found.access_key_secret[0], '\0');
    acs_credentials_wipe(NULL);
}

static void test_half_environment(void **state)
{
    (void)state;
    set_environment("env-id", NULL, NULL);
    expect_error(NULL,
                 "ALIBABA_CLOUD_ACCESS_KEY_ID is set but ALIBABA_CLOUD_ACCESS_KEY_SECRET is not");
    set_environment("", CANARY, NULL);
    expect_error(NULL,
                 "ALIBABA_CLOUD_ACCESS_KEY_SECRET is set but ALIBABA_CLOUD_ACCESS_KEY_ID is not");
}

static void test_unsafe_values(void **state)
{
    static char long_secret[ACS_SECRET_MAX + 10];
    (void)state;
    set_environment("id\r\nX-Evil: 1", CANARY, NULL);
    expect_error(NULL, "ALIBABA_CLOUD_ACCESS_KEY_ID holds a space, a control character");
    set_environment("id", CANARY "\n", NULL);
    expect_error(NULL, "ALIBABA_CLOUD_ACCESS_KEY_SECRET holds");
    set_environment("id", CANARY, "tok en");
    expect_error(NULL, "ALIBABA_CLOUD_SECURITY_TOKEN holds");
    set_environment("id\xc3\xa9", CANARY, "token");
    expect_error(NULL, "outside ASCII");
    memset(long_secret, 'x', sizeof(long_secret) - 1);
    set_environment("id", long_secret, "token");
    expect_error(NULL, "ALIBABA_CLOUD_ACCESS_KEY_SECRET is longer than");
}

static void test_profile_file(void **state)
{
    struct acs_credentials found;
    struct error err;
    (void)state;
    assert_true(find(NULL, &found, &err));
    assert_string_equal(found.access_key_id, "file-id");
    assert_string_equal(found.access_key_secret, CANARY);
    assert_string_equal(found.security_token, "");
    assert_string_equal(found.region_id, "cn-beijing");
    assert_non_null(strstr(found.provider, "profile \"default\" of "));

    assert_int_equal(setenv("ALIBABA_CLOUD_PROFILE", "temporary", 1), 0);
    assert_true(find(NULL, &found, &err));
    assert_string_equal(found.access_key_id, "sts-id");
    assert_string_equal(found.security_token, "file-token");
    assert_int_equal(found.expires_at, 1768465800);
}

static void test_order(void **state)
{
    struct acs_credentials found;
    struct error err;
    (void)state;
    set_environment("env-id", CANARY, NULL);
    assert_int_equal(setenv("ALIBABA_CLOUD_PROFILE", "temporary", 1), 0);
    assert_true(find(NULL, &found, &err));
    assert_string_equal(found.access_key_id, "env-id");
    /* A profile that the caller names goes before everything. */
    assert_int_equal(setenv("ALIBABA_CLOUD_CLI_PROFILE_DISABLED", "true", 1), 0);
    assert_true(find("default", &found, &err));
    assert_string_equal(found.access_key_id, "file-id");
}

static void test_other_path(void **state)
{
    struct acs_credentials found;
    struct error err;
    (void)state;
    assert_int_equal(setenv("HOME", "/nonexistent", 1), 0);
    assert_int_equal(setenv("ALIBABA_CLOUD_CONFIG_FILE", config_path, 1), 0);
    assert_true(find(NULL, &found, &err));
    assert_string_equal(found.access_key_id, "file-id");
}

static void test_bad_profiles(void **state)
{
    (void)state;
    expect_error("absent\x1b[31m", "profile \"absent\\u{001b}[31m\" of ");
    expect_error("cloud", "has the mode \"CloudSSO\" and holds no temporary keys");
    expect_error("keyless", "has no access_key_id");
    expect_error("injected", "access_key_id holds a space, a control character");
    expect_error("typed", "has no text as its access_key_id");
    expect_error("tokenless", "has no sts_token");
}

static void test_bad_file(void **state)
{
    static const char *const texts[] = {
        "",
        "{\"profiles\":[{\"access_key_secret\":\"" CANARY "\"",
        "null",
        "[]",
        "{}",
        "{\"profiles\":7}",
        "{\"current\":3,\"profiles\":[7,null]}",
    };
    (void)state;
    for (size_t i = 0; i < COUNT(texts); i++) {
        write_config(texts[i]);
        expect_error(NULL, "config.json");
    }
}

static void test_nothing(void **state)
{
    (void)state;
    assert_int_equal(unlink(config_path), 0);
    expect_error(NULL, "environment: ALIBABA_CLOUD_ACCESS_KEY_ID and");
    expect_error(NULL, "config.json does not exist");
    expect_error("default", "config.json does not exist");
    assert_int_equal(setenv("ALIBABA_CLOUD_CLI_PROFILE_DISABLED", "true", 1), 0);
    expect_error(NULL, "switched off by ALIBABA_CLOUD_CLI_PROFILE_DISABLED");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_environment, clean),
        cmocka_unit_test_setup(test_half_environment, clean),
        cmocka_unit_test_setup(test_unsafe_values, clean),
        cmocka_unit_test_setup(test_profile_file, clean),
        cmocka_unit_test_setup(test_order, clean),
        cmocka_unit_test_setup(test_other_path, clean),
        cmocka_unit_test_setup(test_bad_profiles, clean),
        cmocka_unit_test_setup(test_bad_file, clean),
        cmocka_unit_test_setup(test_nothing, clean),
    };
    return cmocka_run_group_tests(tests, make_home, remove_home);
}
