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
#define SESSION_PARALLEL_MAX 64

struct session;

struct session_options {
    struct cli_list regions, profiles;
    bool all_regions;
    const char *profile; /* the one to use, NULL: the first of `profiles`, if any */
    const char *account_id, *endpoint, *sts_endpoint, *ca_file, *trace_file;
    /* NULL, or one of this run that is open: its trace is written to, warnings were given. */
    const struct session *earlier;
    struct acs_budget *budget; /* NULL, or what all clients of this run may ask together */
    bool vpc, quiet, verbose, no_progress;
    int64_t qps, connections, parallel, attempt_timeout, retry_for;
};

struct session {
    const struct session_options *options;
    struct acs_credentials credentials; /* how they were found; the keys are the source's */
    struct acs_credential_source source;
    struct acs_client *client;
    struct acs_client_counters counters; /* of clients that are closed */
    struct hbr_service service;
    FILE *trace; /* several threads write to it, a block at once */
    bool owns_trace;
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

/* Credentials, trace file and client; asks nothing yet. `session` is empty before, `options` must
 * outlive it; session_end also after a failure. */
bool session_open(struct session *session, const struct session_options *options,
                  struct error *err) MUST_CHECK;

/* Calls `tell` for each variable that says which account or region and has no effect. */
void session_tell_unused(const struct session *session,
                         void (*tell)(const char *text, void *context), void *context);

/* A client for a thread of its own; any thread may ask. The first gets the session's, which is its
 * no more. */
bool session_open_client(struct session *session, struct acs_client **ret_client,
                         struct error *err) MUST_CHECK;

/* Counts what it did, which one thread at a time may do. Accepts NULL. */
void session_close_client(struct session *session, struct acs_client *client);

/* Those of all clients, those of other threads closed. */
void session_add_counters(const struct session *session, struct acs_client_counters *sum);

/* Finds the account, and the regions unless that was done; may ask the service. */
bool session_find(struct session *session, struct error *err) MUST_CHECK;

/* Whether the region is one of those found. */
bool session_has_region(const struct session *session, const char *region_id);

/* The regions alone; asks the service for --all-regions only, which needs an open session. */
bool session_find_regions(struct session *session, struct error *err) MUST_CHECK;

/* Frees everything at the end of a command; tells when the trace could not be written. Returns the
 * exit status, which is `status` unless that is 0. */
int session_end(struct session *session, int status);

#endif
