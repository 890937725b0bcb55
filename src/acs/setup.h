/* The libraries under the client: what is checked before it begins, and their versions. */
#ifndef HBRSYNC_ACS_SETUP_H
#define HBRSYNC_ACS_SETUP_H

#include <stdbool.h>

#include "acs/client.h"
#include "base/error.h"

/* Starts libcurl, once a process, from any thread. ERROR_INTERNAL when the one at run time is too
 * old or has no TLS. */
bool acs_setup_libcurl(struct error *err) MUST_CHECK;

/*
 * The file of CA certificates: the option, else SSL_CERT_FILE, else CURL_CA_BUNDLE, which libcurl
 * itself does not read; NULL for libcurl's default. Borrowed. ERROR_USAGE when the file cannot be
 * read.
 */
bool acs_setup_ca_file(const char *option, const char **ret_path, struct error *err) MUST_CHECK;

/* The libraries' version texts: "7.88.1", "OpenSSL 3.0.15 3 Sep 2024". */
const char *acs_libcurl_version(void);
const char *acs_openssl_version(void);

#endif
