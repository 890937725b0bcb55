/*
 * Sync: brings the database to what the service lists, and proves that nothing is missing.
 *
 * A run goes over tasks. A task is a source (account, region, edition) and what is read of it:
 * everything, one RestoreType, or what filters select. This layer knows neither HTTP nor SQL.
 * README.md beside this file explains the proof.
 */
#ifndef HBRSYNC_SYNC_SYNC_H
#define HBRSYNC_SYNC_SYNC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "store/state.h"
#include "store/store.h"
#include "sync/service.h"

#define SYNC_FILTERS_MAX 3
#define SYNC_SENTENCE_MAX 512

struct sync_settings {
    int64_t now;            /* when the run began, UNIX seconds of this machine */
    int64_t page_size;      /* 1 to 99 */
    bool full;              /* force a full scan */
    int64_t full_every;     /* seconds after which a delta is not enough */
    int64_t overlap;        /* seconds before the last proof that a delta reads again */
    bool skip_inactive;     /* skip a region where the service is not activated */
    unsigned pages_at_once; /* questions under way, at least 1 */
};

/* What is to be synced; texts are borrowed. */
struct sync_task_spec {
    const char *account_id;
    const char *region_id;
    const char *edition;
    const char *restore_type;         /* "": every type */
    const struct hbr_filter *filters; /* up to SYNC_FILTERS_MAX; none: everything */
    size_t filter_count;
    const char *scope; /* how the run record names the restriction, "" for none */
};

/* How a task ended. */
struct sync_task_result {
    struct store_run run; /* counters, outcome, proof */
    struct error error;   /* ERROR_NONE: done and proved; ERROR_UNPROVED: stored and not proved */
    char warning[512];    /* "" or what the user should know although the task is done */
    char sentence[SYNC_SENTENCE_MAX]; /* what the proof rests on, or why there is none */
};

/* Tells how far a task is; `total` is 0 while unknown. */
struct sync_progress {
    void (*update)(void *context, const struct sync_task_spec *task, int64_t done, int64_t total);
    void *context; /* `update` may be NULL */
};

/*
 * Syncs one task under the run `run_id`. The result is always filled; false when the run as a whole
 * cannot go on (interrupted, or the database failed), with result->error as the reason.
 */
bool sync_task(struct store *store, const struct sync_service *service,
               const struct sync_settings *settings, const struct sync_progress *progress,
               int64_t run_id, const struct sync_task_spec *spec,
               struct sync_task_result *ret_result);

#endif
