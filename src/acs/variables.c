#include "acs/variables.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "acs/provider.h"
#include "base/text.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define TEXT_MAX 1024
#define SPELLINGS 5 /* at most: ALIBABA_CLOUD_X, ALIBABACLOUD_X, ALICLOUD_X, X, and another */

static const struct {
    const char *member;
    const char *names[SPELLINGS];
} rows[] = {
    {"access_key_id",
     {"ALIBABA_CLOUD_ACCESS_KEY_ID", "ALIBABACLOUD_ACCESS_KEY_ID", "ALICLOUD_ACCESS_KEY_ID",
      "ACCESS_KEY_ID"}},
    {"access_key_secret",
     {"ALIBABA_CLOUD_ACCESS_KEY_SECRET", "ALIBABACLOUD_ACCESS_KEY_SECRET",
      "ALICLOUD_ACCESS_KEY_SECRET", "ACCESS_KEY_SECRET"}},
    {"sts_token",
     {"ALIBABA_CLOUD_SECURITY_TOKEN", "ALIBABACLOUD_SECURITY_TOKEN", "ALICLOUD_SECURITY_TOKEN",
      "SECURITY_TOKEN"}},
    {"profile", {"ALIBABACLOUD_PROFILE", "ALIBABA_CLOUD_PROFILE", "ALICLOUD_PROFILE"}},
    {"region_id",
     {"ALIBABA_CLOUD_REGION_ID", "ALIBABACLOUD_REGION_ID", "ALICLOUD_REGION_ID", "REGION_ID",
      "REGION"}},
    {"endpoint", {"ALIBABA_CLOUD_ENDPOINT"}},
    {"endpoint_type",
     {"ALIBABA_CLOUD_ENDPOINT_TYPE", "ALIBABACLOUD_ENDPOINT_TYPE", "ALICLOUD_ENDPOINT_TYPE",
      "ENDPOINT_TYPE"}},
    {"enable_vpc", {"ALIBABA_CLOUD_VPC_ENDPOINT_ENABLED"}},
    {"sts_endpoint", {"ALIBABA_CLOUD_STS_ENDPOINT"}},
    {"sts_region", {"ALIBABA_CLOUD_STS_REGION"}},
    {"credentials_uri", {"ALIBABA_CLOUD_CREDENTIALS_URI"}},
    {"ram_role_arn", {"ALIBABACLOUD_ROLE_ARN", "ALIBABA_CLOUD_ROLE_ARN"}},
    {"ram_session_name", {"ALIBABA_CLOUD_ROLE_SESSION_NAME"}},
    {"external_id", {"ALIBABACLOUD_EXTERNAL_ID", "ALIBABA_CLOUD_EXTERNAL_ID"}},
    {"oidc_provider_arn", {"ALIBABACLOUD_OIDC_PROVIDER_ARN", "ALIBABA_CLOUD_OIDC_PROVIDER_ARN"}},
    {"oidc_token_file", {"ALIBABACLOUD_OIDC_TOKEN_FILE", "ALIBABA_CLOUD_OIDC_TOKEN_FILE"}},
};
/* After the rows of keys; these five say which account and region. */
enum { KEY_ROWS = 3, PROFILE_ROW = 3, REGION_ROW = 4 };

/* Names of other tools (Terraform, older SDKs) and what they are taken for. */
static const struct {
    const char *name;
    size_t row;
} never_read[] = {
    {"ALICLOUD_ACCESS_KEY", 0}, {"ALIYUN_ACCESS_KEY_ID", 0},     {"ALICLOUD_SECRET_KEY", 1},
    {"ALICLOUD_REGION", 4},     {"ALIYUN_ACCESS_KEY_SECRET", 1}, {"ALIBABA_CLOUD_REGION", 4},
    {"ALIYUN_REGION", 4},       {"ALIBABACLOUD_REGION", 4},      {"ALIYUN_PROFILE", 3},
};

const char *acs_variable(const char *name)
{
    const char *value = getenv(name);
    return value != NULL && value[0] != '\0' ? value : NULL;
}

bool acs_variable_is_true(const char *name, bool also_one)
{
    const char *value = acs_variable(name);
    return value != NULL &&
           (text_equal_nocase(value, "true") || (also_one && strcmp(value, "1") == 0));
}

const char *acs_variable_for(const char *member, bool bare, const char **ret_name)
{
    for (size_t i = 0; i < COUNT(rows); i++) {
        for (size_t j = 0; j < SPELLINGS && strcmp(rows[i].member, member) == 0; j++) {
            const char *name = rows[i].names[j];
            bool counts = name != NULL && (bare || text_starts_with(name, "ALI"));
            if (counts && acs_variable(name) != NULL) {
                if (ret_name != NULL) {
                    *ret_name = name;
                }
                return acs_variable(name);
            }
        }
    }
    return NULL;
}

bool acs_provider_environment(size_t spelling, struct acs_credentials *ret_credentials,
                              struct error *err)
{
    const char *names[KEY_ROWS] = {NULL};
    const char *values[KEY_ROWS] = {NULL};
    bool used = false;
    for (; !used && spelling < SPELLINGS && rows[0].names[spelling] != NULL; spelling++) {
        for (size_t i = 0; i < KEY_ROWS; i++) {
            names[i] = rows[i].names[spelling];
            values[i] = acs_variable(names[i]);
        }
        /* Without a prefix, half a key is another program's. */
        used = text_starts_with(names[0], "ALI") ? values[0] != NULL || values[1] != NULL
                                                 : values[0] != NULL && values[1] != NULL;
    }
    if (!used) {
        return false;
    }
    if (values[0] == NULL || values[1] == NULL) {
        size_t missing = values[0] == NULL ? 0 : 1;
        (void)error_set(err, ERROR_CREDENTIALS, "%s is set but %s is not", names[1 - missing],
                        names[missing]);
        return error_hint(err, "Set both, or neither to use another source of credentials.");
    }
    char hint[128];
    (void)snprintf(hint, sizeof(hint), "Set %s to the token that came with it.", names[2]);
    ret_credentials->key_variable = names[0];
    return acs_provider_take(ret_credentials->access_key_id, ACS_ACCESS_KEY_MAX, values[0],
                             names[0], err) &&
           acs_provider_take(ret_credentials->access_key_secret, ACS_SECRET_MAX, values[1],
                             names[1], err) &&
           acs_provider_take(ret_credentials->security_token, ACS_TOKEN_MAX,
                             values[2] != NULL ? values[2] : "", names[2], err) &&
           acs_provider_check_token(ret_credentials, hint, err);
}

/* The variable of a row that has an effect, NULL: none. */
static const char *used_variable(size_t row, const struct acs_credentials *credentials)
{
    const char *name = NULL;
    if (row == REGION_ROW) {
        (void)acs_variable_for(rows[row].member, false, &name);
    } else if (credentials != NULL && row == PROFILE_ROW) {
        name = credentials->profile_variable;
    } else if (credentials != NULL && credentials->key_variable != NULL) {
        size_t at = 0;
        while (strcmp(credentials->key_variable, rows[0].names[at]) != 0) {
            at++;
        }
        name = rows[row].names[at];
    }
    return name;
}

/* Whether it is set to something else than what is used. */
static bool differs(const char *name, const char *used)
{
    const char *value = acs_variable(name);
    const char *other = used != NULL ? acs_variable(used) : NULL;
    return value != NULL && (other == NULL || strcmp(value, other) != 0);
}

void acs_variables_unused(const struct acs_credentials *credentials, bool profile_by_option,
                          bool region_by_option, void (*tell)(const char *text, void *context),
                          void *context)
{
    char text[TEXT_MAX];
    for (size_t i = 0; i < COUNT(never_read); i++) {
        size_t row = never_read[i].row;
        if (differs(never_read[i].name, used_variable(row, credentials))) {
            (void)snprintf(text, sizeof(text), "%s is set but not read; set %s", never_read[i].name,
                           rows[row].names[row == PROFILE_ROW]);
            tell(text, context);
        }
    }
    for (size_t i = 0; credentials != NULL && i <= REGION_ROW; i++) {
        const char *used = used_variable(i, credentials);
        const char *from = used != NULL && i >= PROFILE_ROW ? used : credentials->provider;
        for (size_t j = 0; j < SPELLINGS; j++) {
            const char *name = rows[i].names[j];
            if (!(i == REGION_ROW ? region_by_option : profile_by_option) && name != NULL &&
                text_starts_with(name, "ALI") && differs(name, used)) {
                (void)snprintf(text, sizeof(text), "%s is set but not used: the %s comes from %s",
                               name, i == REGION_ROW ? "region" : "access key", from);
                tell(text, context);
            }
        }
    }
}
