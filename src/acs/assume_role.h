/* Internal to acs: temporary keys of a RAM role, from STS (version 2015-04-01). */
#ifndef HBRSYNC_ACS_ASSUME_ROLE_H
#define HBRSYNC_ACS_ASSUME_ROLE_H

#include "acs/credentials.h"

struct json_node;

#define ACS_ROLE_DURATION_DEFAULT 3600 /* seconds, as in the SDKs */

/* The role and how it is taken on. Texts are borrowed; NULL or "" stands for the default. */
struct acs_role {
    const char *arn;
    const char *session_name; /* "hbrsync" */
    const char *policy;       /* none */
    const char *external_id;  /* none */
    const char *oidc_provider_arn;
    const char *oidc_token_file; /* read anew each time */
    int64_t duration;            /* seconds, 0: the default */
};

/* AssumeRole at ret_credentials->hosts.sts, signed with `base`. Refusals of the service are
 * ERROR_CREDENTIALS. */
bool acs_assume_role(const struct acs_credentials_options *options, const struct acs_role *role,
                     const struct acs_credentials *base, struct acs_credentials *ret_credentials,
                     struct error *err) MUST_CHECK;

/* AssumeRoleWithOIDC, which is not signed: the token is the proof. */
bool acs_assume_role_with_oidc(const struct acs_credentials_options *options,
                               const struct acs_role *role, struct acs_credentials *ret_credentials,
                               struct error *err) MUST_CHECK;

/* Reads the keys in an answer of either action. */
bool acs_role_keys_read(const struct json_node *root, const char *action,
                        struct acs_credentials *ret_credentials, struct error *err) MUST_CHECK;

#endif
