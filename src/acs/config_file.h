/* Internal to acs: profiles of the official command line tool, ~/.aliyun/config.json. */
#ifndef HBRSYNC_ACS_CONFIG_FILE_H
#define HBRSYNC_ACS_CONFIG_FILE_H

#include "acs/provider.h"

/*
 * Reads the profile `name` (NULL: the file's `current`). A file that is not there does not apply;
 * one that cannot be read, has no such profile, or has one of a mode that cannot be used is an
 * error.
 */
enum acs_provider_result acs_config_file_find(const char *name,
                                              struct acs_credentials *ret_credentials,
                                              struct buffer *reason, struct error *err);

#endif
