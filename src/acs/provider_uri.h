/* Internal to acs: keys from a URI, named by ALIBABA_CLOUD_CREDENTIALS_URI or by a profile. */
#ifndef HBRSYNC_ACS_PROVIDER_URI_H
#define HBRSYNC_ACS_PROVIDER_URI_H

#include "acs/credentials.h"

bool acs_uri_find(const struct acs_credentials_options *options, const char *uri,
                  struct acs_credentials *ret_credentials, struct error *err) MUST_CHECK;

/* Reads the URI's answer; a Code, if there is one, must be "Success". */
bool acs_uri_read(const char *text, size_t length, struct acs_credentials *ret_credentials,
                  struct error *err) MUST_CHECK;

#endif
