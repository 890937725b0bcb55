/* Internal to acs: the proxy that a variable names, as libcurl reads it. */
#ifndef HBRSYNC_ACS_PROXY_H
#define HBRSYNC_ACS_PROXY_H

#include <stdbool.h>

#include "base/error.h"

/* The variable that names the proxy for https, NULL: none is set. *ret_value, borrowed: its value,
 * which may hold a password. */
const char *acs_proxy_variable(const char **ret_value);

/* Where the value's authority begins. */
const char *acs_proxy_authority(const char *value);

/* For CURLOPT_PROXYAUTH: all that can be done with the name and password that the value holds. */
unsigned long acs_proxy_methods(void);

/* As the hint: what the user can do about a proxy that answers with this HTTP status, 0: that fails
 * otherwise. */
void acs_proxy_hint(int status, struct error *err);

#endif
