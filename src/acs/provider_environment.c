/* The keys of the environment. */
#include "acs/provider.h"

#define KEY_VARIABLE "ALIBABA_CLOUD_ACCESS_KEY_ID"
#define SECRET_VARIABLE "ALIBABA_CLOUD_ACCESS_KEY_SECRET"
#define TOKEN_VARIABLE "ALIBABA_CLOUD_SECURITY_TOKEN"

enum acs_provider_result acs_provider_environment(const struct acs_credentials_options *options,
                                                  struct acs_credentials *ret_credentials,
                                                  struct buffer *reason, struct error *err)
{
    const char *key = acs_variable(KEY_VARIABLE);
    const char *secret = acs_variable(SECRET_VARIABLE);
    const char *token = acs_variable(TOKEN_VARIABLE);
    (void)options;
    if (key == NULL && secret == NULL) {
        buffer_puts(reason, KEY_VARIABLE " and " SECRET_VARIABLE " are not set");
        return ACS_PROVIDER_NOT_HERE;
    }
    if (key == NULL || secret == NULL) {
        (void)error_set(err, ERROR_CREDENTIALS, "%s is set but %s is not",
                        key != NULL ? KEY_VARIABLE : SECRET_VARIABLE,
                        key != NULL ? SECRET_VARIABLE : KEY_VARIABLE);
        (void)error_hint(err, "Set both, or neither to use another source of credentials.");
        return ACS_PROVIDER_BROKEN;
    }
    acs_provider_name(ret_credentials, "environment");
    bool ok = acs_provider_take(ret_credentials->access_key_id, ACS_ACCESS_KEY_MAX, key,
                                KEY_VARIABLE, err) &&
              acs_provider_take(ret_credentials->access_key_secret, ACS_SECRET_MAX, secret,
                                SECRET_VARIABLE, err) &&
              (token == NULL || acs_provider_take(ret_credentials->security_token, ACS_TOKEN_MAX,
                                                  token, TOKEN_VARIABLE, err));
    return ok ? ACS_PROVIDER_FOUND : ACS_PROVIDER_BROKEN;
}
