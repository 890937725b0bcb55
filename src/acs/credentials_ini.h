/* Internal to acs: the parser of ~/.alibabacloud/credentials, an INI file of the official SDKs. */
#ifndef HBRSYNC_ACS_CREDENTIALS_INI_H
#define HBRSYNC_ACS_CREDENTIALS_INI_H

#include <stdbool.h>
#include <stddef.h>

#include "acs/credentials.h"

#define ACS_INI_LINE_MAX 8192
#define ACS_INI_LINES_MAX 10000
#define ACS_INI_POLICY_MAX 4096

/* The values of a section; "" where it has none. Unknown keys are passed over. */
struct acs_ini_section {
    char type[32];
    char enable[8];
    char access_key_id[ACS_ACCESS_KEY_MAX];
    char access_key_secret[ACS_SECRET_MAX];
    char role_name[128];
    char role_arn[256];
    char role_session_name[128];
    char oidc_provider_arn[256];
    char oidc_token_file_path[1024];
    char policy[ACS_INI_POLICY_MAX];
};

/*
 * Reads the section `name`: lines "[section]" and "key = value", comments after "#" or ";" at the
 * beginning of a line or after white space, values in quotes or not. A section given twice is one
 * section; of a key given twice the last counts. *ret_found tells whether there is such a section.
 * ERROR_CREDENTIALS names the line, never what is in it.
 */
bool acs_ini_read(const char *text, size_t length, const char *name,
                  struct acs_ini_section *ret_section, bool *ret_found,
                  struct error *err) MUST_CHECK;

#endif
