#include "acs/credentials.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <openssl/crypto.h>

#include "acs/provider.h"
#include "base/text.h"

#define REASONS_MAX 4096
#define REASONS_SHOWN_MAX (ERROR_MESSAGE_MAX - 64)

/* What no key can hold, NULL when there is nothing: what has no place in a header, and what was
 * copied along with a key or stands for one ('...', <your key>, ${KEY}). */
static const char *find_foreign(const char *value)
{
    for (; *value != '\0'; value++) {
        if (*value <= 0x20 || *value >= 0x7F) {
            return "a space, a control character or a character outside ASCII";
        }
        if (strchr("\"'`\\<>{}()[]$,;", *value) != NULL) {
            return "a quotation mark, a bracket or another character that no key has";
        }
    }
    return NULL;
}

bool acs_provider_take(char *target, size_t size, const char *value, const char *what,
                       struct error *err)
{
    const char *foreign = find_foreign(value);
    if (foreign != NULL) {
        (void)error_set(err, ERROR_CREDENTIALS, "%s holds %s", what, foreign);
        return error_hint(err, "Copy the value again, without quotation marks or blanks.");
    }
    return text_fit(target, size, value) ||
           error_set(err, ERROR_CREDENTIALS, "%s is longer than %zu characters", what, size - 1);
}

bool acs_provider_check_token(const struct acs_credentials *credentials, const char *hint,
                              struct error *err)
{
    if (!text_starts_with(credentials->access_key_id, "STS.") ||
        credentials->security_token[0] != '\0') {
        return true;
    }
    (void)error_set(err, ERROR_CREDENTIALS,
                    "the access key is a temporary one (STS.) without its security token");
    return error_hint(err, "%s", hint);
}

void acs_provider_name(struct acs_credentials *credentials, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    if (vsnprintf(credentials->provider, sizeof(credentials->provider), format, args) < 0) {
        credentials->provider[0] = '\0';
    }
    va_end(args);
}

/* What the SDKs read, too. */
static bool find_environment(const struct acs_credentials_options *options,
                             struct acs_credentials *ret_credentials, struct error *err)
{
    (void)options;
    if (acs_variable("ALIBABA_CLOUD_ACCESS_KEY_ID") == NULL &&
        acs_variable("ALIBABA_CLOUD_ACCESS_KEY_SECRET") == NULL) {
        return error_set(err, ERROR_NONE,
                         "ALIBABA_CLOUD_ACCESS_KEY_ID and ALIBABA_CLOUD_ACCESS_KEY_SECRET are "
                         "not set");
    }
    acs_provider_name(ret_credentials, "environment");
    return acs_provider_environment(0, ret_credentials, err);
}

/* The chain, in the official order. */
static const struct {
    const char *name;
    bool with_profile; /* also asked when the caller names a profile */
    acs_provider_find *find;
} providers[] = {
    {"environment", false, find_environment},    {"OIDC", false, acs_provider_oidc},
    {"profile", true, acs_provider_config_file}, {"credentials file", false, acs_provider_ini},
    {"ECS RAM role", false, acs_provider_ecs},   {"credentials URI", false, acs_provider_uri},
};

bool acs_credentials_find(const struct acs_credentials_options *options,
                          struct acs_credentials *ret_credentials, struct error *err)
{
    struct buffer reasons; /* why each place did not apply */
    struct error problem = {.code = ERROR_NONE};
    struct acs_hosts hosts;
    bool found = false;
    memset(ret_credentials, 0, sizeof(*ret_credentials));
    if (!acs_hosts_find(options, NULL, NULL, &hosts, err)) {
        return false;
    }
    buffer_init(&reasons, REASONS_MAX);
    for (size_t i = 0;
         i < sizeof(providers) / sizeof(providers[0]) && !found && problem.code == ERROR_NONE;
         i++) {
        if (options->profile == NULL || providers[i].with_profile) {
            acs_credentials_wipe(ret_credentials); /* whatever a place has left behind */
            ret_credentials->hosts = hosts;
            error_clear(&problem);
            found = providers[i].find(options, ret_credentials, &problem);
            buffer_printf(&reasons, "%s%s: %s", reasons.length > 0 ? "; " : "", providers[i].name,
                          problem.message);
        }
    }
    if (!found) {
        acs_credentials_wipe(ret_credentials);
        ret_credentials->hosts = hosts;
        (void)error_copy(err, &problem);
    }
    if (!found && problem.code == ERROR_NONE) {
        (void)error_set(err, ERROR_CREDENTIALS, "no credentials found (%.*s)", REASONS_SHOWN_MAX,
                        reasons.data);
        (void)error_hint(err, "Set ALIBABA_CLOUD_ACCESS_KEY_ID and ALIBABA_CLOUD_ACCESS_KEY_SECRET,"
                              " or make a profile with \"aliyun configure\".");
    }
    buffer_free(&reasons);
    return found;
}

void acs_credentials_wipe(struct acs_credentials *credentials)
{
    if (credentials != NULL) {
        OPENSSL_cleanse(credentials, sizeof(*credentials));
    }
}

void acs_credentials_forget_keys(struct acs_credentials *credentials)
{
    OPENSSL_cleanse(credentials->access_key_secret, sizeof(credentials->access_key_secret));
    OPENSSL_cleanse(credentials->security_token, sizeof(credentials->security_token));
}
