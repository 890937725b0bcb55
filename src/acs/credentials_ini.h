/* Internal to acs: the parser of ~/.alibabacloud/credentials, an INI file of the official SDKs. */
#ifndef HBRSYNC_ACS_CREDENTIALS_INI_H
#define HBRSYNC_ACS_CREDENTIALS_INI_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/json.h"

#define ACS_INI_LINE_MAX 8192
#define ACS_INI_LINES_MAX 10000

#define ACS_INI_KEYS_MAX 64 /* of a section */

/* The texts are those that were read from. */
struct acs_ini_section {
    struct json_node root; /* an object; the last of equal keys comes first */
    struct json_node members[ACS_INI_KEYS_MAX];
};

/*
 * Reads the section `name`: lines "[section]" and "key = value", comments after "#" or ";" at the
 * beginning of a line or after white space, values in quotes or not. A section given twice is one
 * section; of a key given twice the last counts. *ret_found tells whether there is such a section.
 * Puts NULs into the text, of which text[length] is one. ERROR_CREDENTIALS names the line, never
 * what is in it.
 */
bool acs_ini_read(char *text, size_t length, const char *name, struct acs_ini_section *ret_section,
                  bool *ret_found, struct error *err) MUST_CHECK;

#endif
