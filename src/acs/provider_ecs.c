/* The RAM role of the ECS instance, as a place of the chain. */
#include "acs/imds.h"

#define DISABLED_VARIABLE "ALIBABA_CLOUD_ECS_METADATA_DISABLED"
#define ROLE_VARIABLE "ALIBABA_CLOUD_ECS_METADATA"

enum acs_provider_result acs_provider_ecs(const struct acs_credentials_options *options,
                                          struct acs_credentials *ret_credentials,
                                          struct buffer *reason, struct error *err)
{
    if (acs_variable_is_true(DISABLED_VARIABLE, false)) {
        buffer_puts(reason, "switched off by " DISABLED_VARIABLE);
        return ACS_PROVIDER_NOT_HERE;
    }
    return acs_imds_find(options, acs_variable(ROLE_VARIABLE), ret_credentials, reason, err);
}
