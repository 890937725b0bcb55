/* Internal to acs: the metadata service inside an ECS instance, which hands out keys of the RAM
 * role that is attached to it. */
#ifndef HBRSYNC_ACS_IMDS_H
#define HBRSYNC_ACS_IMDS_H

#include "acs/provider.h"

/*
 * The keys of `role` (NULL: the one attached), with a session token of version 2, else, unless
 * ALIBABA_CLOUD_IMDSV1_DISABLED=true, without one. Not here: there is no metadata service, or no
 * role.
 */
enum acs_provider_result acs_imds_find(const struct acs_credentials_options *options,
                                       const char *role, struct acs_credentials *ret_credentials,
                                       struct buffer *reason, struct error *err);

/*
 * The same for a file that says to use the role ("": the one attached): that it cannot be had is an
 * error, and credentials->provider stays what the file was called.
 */
bool acs_imds_require(const struct acs_credentials_options *options, const char *role,
                      struct acs_credentials *credentials, struct error *err) MUST_CHECK;

/* Reads the answer about a role. */
bool acs_imds_read(const char *text, size_t length, struct acs_credentials *ret_credentials,
                   struct error *err) MUST_CHECK;

/* Takes the name of a role from the listing: the first line, of characters that a role may have. */
bool acs_imds_role_name(const char *text, char *role, size_t size);

#endif
