/*
 * Goes over the tasks of a run: a worker an account and region, several at a time, and in each one
 * task (edition, RestoreType) after another. Workers take turns: the others wait for answers.
 * Shared by `sync` and `verify --remote`.
 */
#ifndef HBRSYNC_CLI_SYNC_TASKS_H
#define HBRSYNC_CLI_SYNC_TASKS_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

#include "cli/session.h"
#include "cli/sync_summary.h"
#include "store/store.h"
#include "sync/sync.h"

struct sync_worker {
    struct sync_tasks *tasks;
    struct session *session;
    const char *region;
    struct hbr_service service;   /* its own client */
    size_t first, count;          /* its rows of the summary */
    struct sync_summary_row *row; /* the task at hand */
    int64_t done, total;          /* jobs of it */
};

struct sync_tasks {
    struct store *store;
    const struct sync_settings *settings;
    const struct cli_list *editions;      /* none: both */
    const struct cli_list *restore_types; /* none: every type at once */
    const struct hbr_filter *filters;
    size_t filter_count;
    const char *filter_scope;     /* the filters as one text */
    const char *database_label;   /* to be given to the database, NULL: it keeps its own */
    bool show_account;            /* in messages: there are several */
    int64_t parallel;             /* workers at once */
    struct sync_summary *summary; /* run_id is set; gets a row a task, and what ended the run */
    /* The rest is sync_tasks.c's own. */
    pthread_mutex_t lock; /* whose turn it is: to use all below, the store, the log, the summary */
    bool ended;           /* no worker goes on */
    struct sync_worker *workers; /* free it at the end */
    size_t worker_count, next, finished;
    size_t retired;      /* sources that were left out because they are */
    size_t told;         /* rows whose messages were printed */
    int64_t done, total; /* jobs, of all workers */
};

/* Closes what a dead process left open, removes old runs that found nothing, and takes the run's
 * number. */
bool sync_tasks_begin(struct sync_tasks *tasks, struct error *err) MUST_CHECK;

/* Adds the session's regions; those that this account has already are left out, and so are retired
 * sources with --all-regions. Warns when all were there: another profile is the same account's. The
 * session must outlive the tasks. */
bool sync_tasks_add(struct sync_tasks *tasks, struct session *session,
                    struct error *err) MUST_CHECK;

/* Counts a profile that could not be used, or a source that could not be asked for, as one failed
 * source, which has no account and region; prints it. */
void sync_tasks_add_failure(struct sync_tasks *tasks, const struct error *failure);

/* Runs all of them, unless one ends the run: summary->error tells. What they have to say is printed
 * in their order. */
void sync_tasks_run(struct sync_tasks *tasks);

/* Adds failures for what is stored of the session's account, or listed, and could not be read. */
void sync_tasks_check_regions(struct sync_tasks *tasks, const struct session *session);

#endif
