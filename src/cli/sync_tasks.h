/* Goes over the tasks of a run (region, edition, RestoreType) one after another. Shared by `sync`
 * and `verify --remote`. */
#ifndef HBRSYNC_CLI_SYNC_TASKS_H
#define HBRSYNC_CLI_SYNC_TASKS_H

#include <stdbool.h>
#include <stddef.h>

#include "cli/session.h"
#include "cli/sync_summary.h"
#include "store/store.h"
#include "sync/sync.h"

struct sync_tasks {
    struct session *session;
    struct store *store;
    const struct sync_settings *settings;
    const struct cli_list *editions;      /* none: both */
    const struct cli_list *restore_types; /* none: every type at once */
    const struct hbr_filter *filters;
    size_t filter_count;
    const char *filter_scope;     /* the filters as one text */
    bool show_account;            /* in messages: there are several */
    struct sync_summary *summary; /* run_id is set; gets a row a task, and what ended the run */
};

/* Closes what a dead process left open, and takes the run's number. */
bool sync_tasks_begin(struct sync_tasks *tasks, struct error *err) MUST_CHECK;

/* Counts a profile that could not be used, or a source that could not be asked for, as one failed
 * source, which has no account and region. */
void sync_tasks_add_failure(struct sync_tasks *tasks, const struct error *failure);

/* Runs all of them, unless one ends the run: summary->error tells. */
void sync_tasks_run(struct sync_tasks *tasks);

#endif
