/* A role by OIDC, as Kubernetes pods get it (RRSA): the variables name role, provider and token. */
#include "acs/assume_role.h"
#include "acs/provider.h"

#define ROLE_VARIABLE "ALIBABA_CLOUD_ROLE_ARN"
#define PROVIDER_VARIABLE "ALIBABA_CLOUD_OIDC_PROVIDER_ARN"
#define TOKEN_FILE_VARIABLE "ALIBABA_CLOUD_OIDC_TOKEN_FILE"
#define SESSION_VARIABLE "ALIBABA_CLOUD_ROLE_SESSION_NAME"

enum acs_provider_result acs_provider_oidc(const struct acs_credentials_options *options,
                                           struct acs_credentials *ret_credentials,
                                           struct buffer *reason, struct error *err)
{
    const struct acs_role role = {
        .arn = acs_variable(ROLE_VARIABLE),
        .session_name = acs_variable(SESSION_VARIABLE),
        .oidc_provider_arn = acs_variable(PROVIDER_VARIABLE),
        .oidc_token_file = acs_variable(TOKEN_FILE_VARIABLE),
    };
    if (role.arn == NULL || role.oidc_provider_arn == NULL || role.oidc_token_file == NULL) {
        buffer_puts(reason, ROLE_VARIABLE ", " PROVIDER_VARIABLE " and " TOKEN_FILE_VARIABLE
                                          " are not all set");
        return ACS_PROVIDER_NOT_HERE;
    }
    acs_provider_name(ret_credentials, "OIDC role %s", role.arn);
    return acs_assume_role_with_oidc(options, &role, ret_credentials, err) ? ACS_PROVIDER_FOUND
                                                                           : ACS_PROVIDER_BROKEN;
}
