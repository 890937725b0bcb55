/*
 * A scope: one listing that is proved by itself and has its own watermark: everything that a source
 * lists, or one RestoreType. And the task that it is part of. What all parts of the core share.
 */
#ifndef HBRSYNC_SYNC_SCOPE_H
#define HBRSYNC_SYNC_SCOPE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/row_set.h"
#include "store/job.h"
#include "store/state.h"
#include "sync/proof.h"
#include "sync/scan.h"
#include "sync/sync.h"

#define SYNC_SKEW 60 /* seconds beyond the overlap that a clock may be off the Date header's */

/* A task while it runs. */
struct task {
    struct store *store;
    const struct sync_service *service;
    const struct sync_settings *settings;
    const struct sync_progress *progress;
    const struct sync_task_spec *spec;
    struct store_source source;
    struct store_run run;
    struct row_set listed;  /* every row that any scope listed */
    struct buffer evidence; /* of the scopes that ended, becomes run.proof_detail */
    struct buffer warning;
    char sentence[SYNC_SENTENCE_MAX]; /* of the first scope that is not proved, else the last's */
    bool unproved;                    /* a scope that ended was not proved */
};

/* Adds a sentence to the warnings for the user. */
void task_warn(struct task *task, const char *format, ...) PRINTF_LIKE(2, 3);

struct scope {
    struct task *task;
    struct scanner scanner;
    struct store_scope stored;               /* its jobs in the database */
    struct store_capabilities *capabilities; /* of the source */
    struct store_watermark watermark;
    int64_t overlap;
    bool full;           /* it is read as a whole */
    int64_t date;        /* the service's Date when T was asked for */
    struct row_set held; /* the jobs that the proof holds: of a check those known before T and
                            listed after it, and the older ones of a full scan */
    struct row_set gone; /* found gone from the service, to be marked when the proof holds */
    struct evidence evidence;
    bool has_children;        /* children are listed apart, ... */
    struct evidence children; /* ... and this is what the claim about them rests on */
};

/* Whether everything of the scope is proved. */
bool scope_is_proved(const struct scope *scope);

/* Opens a scope of the task. `restore_type` ("": all) must outlive it; scope_close in any case. */
bool scope_open(struct scope *scope, struct task *task, const char *restore_type,
                struct error *err) MUST_CHECK;
void scope_close(struct scope *scope);

#endif
