/* What `sync` says at its end: one line for people, one JSON object for programs, and the exit
 * status. */
#ifndef HBRSYNC_CLI_SYNC_SUMMARY_H
#define HBRSYNC_CLI_SYNC_SUMMARY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "sync/sync.h"

struct sync_summary_row {
    struct sync_task_result result;
    char account_id[STORE_NAME_MAX], region_id[STORE_NAME_MAX], edition[STORE_NAME_MAX];
    char scope[512];          /* as the run's record names it, "" for everything */
    const char *restore_type; /* "": every type */
    bool ended;               /* the task */
    bool told_failure;        /* it was, or stands with another's that is the same */
};

struct sync_summary {
    int64_t run_id; /* 0: the run did not get as far as having one */
    struct sync_summary_row *rows;
    size_t count;
    int64_t requests, retries, throttled;
    int64_t milliseconds;
    bool dry_run;
    bool has_begun; /* the JSON: its first member, the changes, was printed while they were read */
    struct error error; /* what ended the run as a whole, ERROR_NONE else */
};

/* How the run as a whole ended: ERROR_NONE, ERROR_UNPROVED, ERROR_PARTIAL, or the first failure's
 * class. */
enum error_code sync_summary_code(const struct sync_summary *summary);

/* "checked 20,000 jobs, 12 new, 3 changed, 2 still open; proved complete"; with filters or a
 * RestoreType "12 jobs match the filter, 12 new, 0 changed; complete for this filter" */
void sync_summary_print(const struct sync_summary *summary);

/* The object of `sync --json`, on standard output. `status` is the exit status. */
bool sync_summary_print_json(const struct sync_summary *summary, int status,
                             struct error *err) MUST_CHECK;

#endif
