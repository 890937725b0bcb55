#include "acs/credentials.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>

#include "acs/config_file.h"
#include "acs/provider.h"
#include "base/text.h"

#define REASONS_MAX 2048
#define KEY_VARIABLE "ALIBABA_CLOUD_ACCESS_KEY_ID"
#define SECRET_VARIABLE "ALIBABA_CLOUD_ACCESS_KEY_SECRET"
#define TOKEN_VARIABLE "ALIBABA_CLOUD_SECURITY_TOKEN"
#define PROFILE_VARIABLE "ALIBABA_CLOUD_PROFILE"
#define FILE_DISABLED_VARIABLE "ALIBABA_CLOUD_CLI_PROFILE_DISABLED"

static const char how_to_set[] =
    "Set " KEY_VARIABLE " and " SECRET_VARIABLE ", or make a profile with \"aliyun configure\".";

/* An environment variable that is set and not empty, else NULL. */
static const char *variable(const char *name)
{
    const char *value = getenv(name);
    return value != NULL && value[0] != '\0' ? value : NULL;
}

/* Spaces, line ends and the like would end up in a header, where they mean something. */
static bool is_header_safe(const char *value)
{
    for (; *value != '\0'; value++) {
        if (*value <= 0x20 || *value >= 0x7F) {
            return false;
        }
    }
    return true;
}

bool acs_provider_take(char *target, size_t size, const char *value, const char *what,
                       struct error *err)
{
    if (!is_header_safe(value)) {
        return error_set(err, ERROR_CREDENTIALS,
                         "%s holds a space, a control character or a character outside ASCII",
                         what);
    }
    if (strlen(value) >= size) {
        return error_set(err, ERROR_CREDENTIALS, "%s is longer than %zu characters", what,
                         size - 1);
    }
    memcpy(target, value, strlen(value) + 1);
    return true;
}

static enum acs_provider_result find_in_environment(const char *profile,
                                                    struct acs_credentials *ret_credentials,
                                                    struct buffer *reason, struct error *err)
{
    const char *key = variable(KEY_VARIABLE);
    const char *secret = variable(SECRET_VARIABLE);
    const char *token = variable(TOKEN_VARIABLE);
    (void)profile;
    if (key == NULL && secret == NULL) {
        buffer_puts(reason, KEY_VARIABLE " and " SECRET_VARIABLE " are not set");
        return ACS_PROVIDER_NOT_HERE;
    }
    if (key == NULL || secret == NULL) {
        (void)error_set(err, ERROR_CREDENTIALS, "%s is set but %s is not",
                        key != NULL ? KEY_VARIABLE : SECRET_VARIABLE,
                        key != NULL ? SECRET_VARIABLE : KEY_VARIABLE);
        (void)error_hint(err, "Set both, or neither to use a profile.");
        return ACS_PROVIDER_BROKEN;
    }
    bool ok = acs_provider_take(ret_credentials->access_key_id, ACS_ACCESS_KEY_MAX, key,
                                KEY_VARIABLE, err) &&
              acs_provider_take(ret_credentials->access_key_secret, ACS_SECRET_MAX, secret,
                                SECRET_VARIABLE, err) &&
              (token == NULL || acs_provider_take(ret_credentials->security_token, ACS_TOKEN_MAX,
                                                  token, TOKEN_VARIABLE, err)) &&
              text_fit(ret_credentials->provider, sizeof(ret_credentials->provider), "environment");
    return ok ? ACS_PROVIDER_FOUND : ACS_PROVIDER_BROKEN;
}

static enum acs_provider_result find_in_config_file(const char *profile,
                                                    struct acs_credentials *ret_credentials,
                                                    struct buffer *reason, struct error *err)
{
    const char *disabled = variable(FILE_DISABLED_VARIABLE);
    if (profile == NULL && disabled != NULL && text_equal_nocase(disabled, "true")) {
        buffer_puts(reason, "switched off by " FILE_DISABLED_VARIABLE);
        return ACS_PROVIDER_NOT_HERE;
    }
    if (profile == NULL) {
        profile = variable(PROFILE_VARIABLE);
    }
    return acs_config_file_find(profile, ret_credentials, reason, err);
}

/* The chain, in the official order. */
static const struct acs_provider providers[] = {
    {"environment", false, find_in_environment},
    {"profile", true, find_in_config_file},
};

/* Asks the places in turn; `reasons` collects why each did not apply. */
static enum acs_provider_result walk_chain(const char *profile,
                                           struct acs_credentials *ret_credentials,
                                           struct buffer *reasons, struct error *err)
{
    for (size_t i = 0; i < sizeof(providers) / sizeof(providers[0]); i++) {
        if (profile != NULL && !providers[i].with_profile) {
            continue;
        }
        if (reasons->length > 0) {
            buffer_puts(reasons, "; ");
        }
        buffer_printf(reasons, "%s: ", providers[i].name);
        enum acs_provider_result result = providers[i].find(profile, ret_credentials, reasons, err);
        if (result != ACS_PROVIDER_NOT_HERE) {
            return result;
        }
    }
    return ACS_PROVIDER_NOT_HERE;
}

bool acs_credentials_find(const char *profile, struct acs_credentials *ret_credentials,
                          struct error *err)
{
    struct buffer reasons;
    memset(ret_credentials, 0, sizeof(*ret_credentials));
    buffer_init(&reasons, REASONS_MAX);
    enum acs_provider_result result = walk_chain(profile, ret_credentials, &reasons, err);
    if (result == ACS_PROVIDER_NOT_HERE) {
        (void)error_set(err, ERROR_CREDENTIALS, "no credentials found (%s)", reasons.data);
        (void)error_hint(err, "%s", how_to_set);
    }
    buffer_free(&reasons);
    if (result != ACS_PROVIDER_FOUND) {
        acs_credentials_wipe(ret_credentials);
        return false;
    }
    return true;
}

bool acs_credentials_check(const struct acs_credentials *credentials, struct error *err)
{
    const struct {
        const char *what;
        const char *value;
        size_t size;
        bool needed;
    } parts[] = {
        {"the access key id", credentials->access_key_id, ACS_ACCESS_KEY_MAX, true},
        {"the access key secret", credentials->access_key_secret, ACS_SECRET_MAX, true},
        {"the security token", credentials->security_token, ACS_TOKEN_MAX, false},
    };
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        if (strnlen(parts[i].value, parts[i].size) == parts[i].size ||
            !is_header_safe(parts[i].value)) {
            return error_set(err, ERROR_CREDENTIALS,
                             "%s holds a space, a control character or a character outside ASCII",
                             parts[i].what);
        }
        if (parts[i].needed && parts[i].value[0] == '\0') {
            return error_set(err, ERROR_CREDENTIALS, "%s is empty", parts[i].what);
        }
    }
    return true;
}

void acs_credentials_wipe(struct acs_credentials *credentials)
{
    if (credentials != NULL) {
        OPENSSL_cleanse(credentials, sizeof(*credentials));
    }
}
