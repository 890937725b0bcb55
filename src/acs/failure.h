/*
 * Internal to acs: why libcurl ended a transfer without an answer.
 *
 * libcurl's own text may quote the value of a proxy variable, which may hold a password.
 */
#ifndef HBRSYNC_ACS_FAILURE_H
#define HBRSYNC_ACS_FAILURE_H

#include <curl/curl.h>

#include "acs/redact.h"
#include "acs/retry.h"
#include "base/error.h"

/*
 * Fills *err, `retryable` and hint included, for a transfer of `easy` that ended with `result`,
 * which is not CURLE_OK. `error_text` is of CURLOPT_ERRORBUFFER; `secrets` and `ca_file`, the file
 * of authorities in use, may be NULL. Returns whether another attempt may help.
 */
enum acs_outcome acs_failure_tell(CURL *easy, CURLcode result, const char *error_text,
                                  const struct acs_secrets *secrets, const char *ca_file,
                                  struct error *err);

/* For CURLOPT_PROXYAUTH: all that can be done with the name and password of the variable. */
unsigned long acs_proxy_methods(void);

/* As the hint: what the user can do about a proxy that answers with this HTTP status, 0: that fails
 * otherwise. */
void acs_proxy_hint(int status, struct error *err);

#endif
