/*
 * The environment variables of the official tools, by what they stand for, in the order in which
 * the command line tool takes them. Source: aliyun-cli 3.4, config/profile.go and configuration.go.
 */
#ifndef HBRSYNC_ACS_VARIABLES_H
#define HBRSYNC_ACS_VARIABLES_H

#include <stdbool.h>
#include <stddef.h>

#include "acs/credentials.h"

/* An environment variable that is set and not empty, else NULL. */
const char *acs_variable(const char *name);

/* Whether a variable says "true" (or, with `also_one`, "1"), in either case. */
bool acs_variable_is_true(const char *name, bool also_one);

/*
 * The value of the first variable that stands for this member of a profile ("profile" for its
 * name, "region_id", "endpoint", ...), NULL when none is set. *ret_name (may be NULL) is that
 * variable. `bare`: also one without a prefix, which may be any program's.
 */
const char *acs_variable_for(const char *member, bool bare, const char **ret_name);

/*
 * Calls `tell` for each variable that says which account or region, and has no effect: one that is
 * never read, and, where `credentials` are found (else NULL), one that another goes before.
 * `by_option`: what the command line says for itself, so that no variable is meant to be used.
 */
void acs_variables_unused(const struct acs_credentials *credentials, bool profile_by_option,
                          bool region_by_option, void (*tell)(const char *text, void *context),
                          void *context);

#endif
