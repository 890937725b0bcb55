/*
 * A session with the service: the options that say with whom and how to talk, and what they open.
 * Shared by the commands that ask the service.
 */
#ifndef HBRSYNC_CLI_SESSION_H
#define HBRSYNC_CLI_SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "acs/client.h"
#include "acs/credential_source.h"
#include "acs/credentials.h"
#include "base/error.h"
#include "cli/options.h"
#include "hbr/service.h"
#include "store/state.h"

#define SESSION_OPTIONS_MAX 20

struct session_options {
    struct cli_list regions, profiles;
    bool all_regions;
    const char *profile; /* the one to use, NULL: the first of `profiles`, if any */
    const char *account_id, *endpoint, *sts_endpoint, *ca_file, *trace_file;
    bool later; /* not the first session of this run: the trace goes on, warnings were given */
    bool vpc, quiet, verbose, no_progress;
    int64_t qps, connections, attempt_timeout, retry_for;
};

struct session {
    const struct session_options *options;
    struct acs_credentials credentials; /* the first; the client renews its own */
    struct acs_credential_source source;
    struct acs_client *client;
    struct hbr_service service;
    FILE *trace;
    const char *sts_endpoint;
    char account_id[STORE_NAME_MAX];
    char (*regions)[STORE_NAME_MAX];
    size_t region_count;
    size_t unusable_regions; /* that DescribeRegions lists with an id that is none */
};

void session_defaults(struct session_options *options);

/* Adds the options' rows to `rows`, which has room for SESSION_OPTIONS_MAX; returns their number.
 */
size_t session_rows(struct session_options *options, struct cli_option *rows);

/* Checks what was given, and sets what is printed. ERROR_USAGE, also for a trace file that belongs
 * to the database. */
bool session_check(const struct session_options *options, const char *database,
                   struct error *err) MUST_CHECK;

/* Refuses a file to be written (NULL: none) that belongs to the database. ERROR_USAGE. */
bool session_check_file(const char *option, const char *path, const char *database,
                        struct error *err) MUST_CHECK;

/* Refuses more than one --profile. ERROR_USAGE. */
bool session_check_one_profile(const struct session_options *options, struct error *err) MUST_CHECK;

/* Every text of the list is a word that may be part of a host name or of a scope. ERROR_USAGE. */
bool session_check_words(const char *option, const struct cli_list *list,
                         struct error *err) MUST_CHECK;
bool session_check_editions(const struct cli_list *editions, struct error *err) MUST_CHECK;

/* Credentials, trace file and client; asks nothing yet. `session` is empty before, `options` must
 * outlive it; session_close also after a failure. */
bool session_open(struct session *session, const struct session_options *options,
                  struct error *err) MUST_CHECK;

/* Finds the regions and the account, which may ask the service. */
bool session_find(struct session *session, struct error *err) MUST_CHECK;

/* Whether the region is one of those found. */
bool session_has_region(const struct session *session, const char *region_id);

/* The regions alone; asks the service for --all-regions only, which needs an open session. */
bool session_find_regions(struct session *session, struct error *err) MUST_CHECK;

/* Frees everything; false when the trace could not be written. */
bool session_close(struct session *session, struct error *err) MUST_CHECK;

/* The same at the end of a command: tells a failure. Returns the exit status, which is `status`
 * unless that is 0. */
int session_end(struct session *session, int status);

#endif
