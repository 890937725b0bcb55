/* What sync remembers between runs: sources, watermarks, and a record of each run. */
#ifndef HBRSYNC_STORE_STATE_H
#define HBRSYNC_STORE_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "store/store.h"

#define STORE_NAME_MAX 64
#define STORE_PROOF_MAX 16384

/* Whether a service does what its documents leave open; unknown until it was asked. */
enum store_capability { CAPABILITY_UNKNOWN = 0, CAPABILITY_YES = 1, CAPABILITY_NO = 2 };

/* Where the jobs with a ParentId are. */
enum store_children {
    CHILDREN_UNKNOWN = 0,
    CHILDREN_IN_LISTING,  /* the plain listing holds them */
    CHILDREN_NONE,        /* none was found where they were asked for */
    CHILDREN_APART,       /* only ParentId NOT_EQUAL '' lists them */
    CHILDREN_BY_PARENT,   /* only ParentId IN their parents lists them */
    CHILDREN_CANNOT_TELL, /* the service ignores or refuses the key ParentId ... */
    CHILDREN_LOST         /* ... although children were listed apart before */
};

/* How the service of a source was found to behave. */
struct store_capabilities {
    enum store_capability filters; /* Status and CompleteTime filters are honoured */
    enum store_capability untyped; /* a listing without RestoreType lists every type */
    enum store_children children;
    char id_filter[STORE_NAME_MAX]; /* the filter key that selects by RestoreId; "" unknown, "-"
                                       none */
    int64_t page_cap;               /* rows beyond which pages fail, 0: none met */
    int64_t checked_at;             /* when the above was last asked anew, UNIX seconds */
};

struct store_source {
    int64_t source_id;
    char account_id[STORE_NAME_MAX];
    char region_id[STORE_NAME_MAX];
    char edition[STORE_NAME_MAX];
    int64_t retired_at; /* UNIX seconds, 0: it is not retired */
    struct store_capabilities capabilities;
};

/* Sets the label of the database; needs a transaction. */
bool store_database_label(struct store *store, const char *label, struct error *err) MUST_CHECK;

/* Finds or adds the source; needs a transaction. */
bool store_source_open(struct store *store, const char *account_id, const char *region_id,
                       const char *edition, struct store_source *ret_source,
                       struct error *err) MUST_CHECK;

/* When the source was retired, 0 for one that was not or is not there. */
bool store_source_retired_at(struct store *store, const char *account_id, const char *region_id,
                             const char *edition, int64_t *ret_retired_at,
                             struct error *err) MUST_CHECK;

/* Retires (`now`, UNIX seconds) or revives (0) the sources of a region, of an account and an
 * edition
 * ("": of every), which *ret_count counts. One that is retired stays so since then. Needs a
 * transaction. */
bool store_source_retire(struct store *store, const char *account_id, const char *region_id,
                         const char *edition, int64_t now, int64_t *ret_count,
                         struct error *err) MUST_CHECK;

/* Writes the capabilities, when they differ; needs a transaction. */
bool store_source_save(struct store *store, const struct store_source *source,
                       struct error *err) MUST_CHECK;

/* The types are not known to be all any more: another may have come. */
void store_source_doubt_untyped(struct store_source *source);

struct store_watermark {
    bool known;           /* the scope has a row, as a rule since a listing was proved */
    bool proved;          /* one was, and nothing unproved was stored since */
    int64_t updated_time; /* the greatest UpdatedTime that the last proved listing stored */
    int64_t cut_time;     /* the service's Date when the last proved listing began */
    int64_t full_walk_at; /* when the last proved full scan ended, 0: the next run is one */
    int64_t empty_since;  /* when it first listed nothing although jobs are stored, 0: it lists */
    int64_t run_id;
};

/* `restore_type` is "" for a listing without a type. A scope never listed gives known = false. */
bool store_watermark_get(struct store *store, int64_t source_id, const char *restore_type,
                         struct store_watermark *ret_watermark, struct error *err) MUST_CHECK;

/* Both need a transaction. The second keeps the watermark and says that the next run has to be a
 * full scan. */
bool store_watermark_put(struct store *store, int64_t source_id, const char *restore_type,
                         const struct store_watermark *watermark, struct error *err) MUST_CHECK;
bool store_watermark_unproved(struct store *store, int64_t source_id, const char *restore_type,
                              struct error *err) MUST_CHECK;

/* Removes the watermark of a scope, which is not listed so any more; needs a transaction. */
bool store_watermark_drop(struct store *store, int64_t source_id, const char *restore_type,
                          struct error *err) MUST_CHECK;

/* Removes the unproved watermarks of the source's types: it was proved as a whole. A scope without
 * a watermark gets a full scan, too. Needs a transaction. */
bool store_watermark_drop_unproved_types(struct store *store, int64_t source_id,
                                         struct error *err) MUST_CHECK;

enum store_run_mode { RUN_FULL, RUN_DELTA, RUN_IMPORT };
enum store_run_outcome {
    RUN_RUNNING,
    RUN_DONE,
    RUN_UNPROVED,
    RUN_FAILED,
    RUN_INTERRUPTED,
    RUN_SKIPPED,
    RUN_CRASHED
};

/* One row of sync_run: a run and a source and a scope. */
struct store_run {
    int64_t run_id;
    int64_t source_id;
    char scope[512];
    enum store_run_mode mode;
    enum store_run_outcome outcome;
    int64_t started_at;
    int64_t finished_at;
    int64_t requests, retries, throttled, pages;
    int64_t seen, inserted, updated, unchanged, stale, missing, returned;
    int64_t rejected;       /* rows without a usable RestoreId */
    int64_t unknown_fields; /* values that went to `extra` */
    int64_t total_count;    /* the service's, -1 unknown */
    int64_t local_count;    /* rows of the scope not marked missing, -1 unknown */
    int64_t open_jobs;
    bool proved;
    int64_t watermark;                  /* 0: none */
    char proof_detail[STORE_PROOF_MAX]; /* the evidence, a JSON array with an object a listing */
    char error[1024];
};

const char *store_run_mode_name(enum store_run_mode mode); /* "full" "delta" "import" */
const char *
store_run_outcome_name(enum store_run_outcome outcome); /* "running" "done" ... "crashed" */

/* The next free run_id; needs a transaction. */
bool store_run_next_id(struct store *store, int64_t *ret_run_id, struct error *err) MUST_CHECK;

/* Inserts the row as running; needs a transaction. */
bool store_run_begin(struct store *store, const struct store_run *run,
                     struct error *err) MUST_CHECK;

/* Updates the whole row; needs a transaction. */
bool store_run_end(struct store *store, const struct store_run *run, struct error *err) MUST_CHECK;

/* Closes as `crashed` the runs that a dead process left open; needs a transaction. */
bool store_run_close_crashed(struct store *store, int64_t now, int64_t *ret_count,
                             struct error *err) MUST_CHECK;

/* Removes the runs that found nothing and ended more than 90 days before `now` (UNIX seconds),
 * whole days at a time. Those stay that v_sync_health reads, which are the newest proof of each
 * source and scope among others, and those that a job, a change or a watermark refers to. Needs a
 * transaction. */
bool store_run_prune(struct store *store, int64_t now, struct error *err) MUST_CHECK;

/* How many jobs of a type ("": of all) are listed in another edition of the same account and
 * region, when the same run has read the same scope of that; else -1. */
bool store_run_of_sibling(struct store *store, const struct store_run *run,
                          const struct store_source *source, const char *restore_type,
                          int64_t *ret_jobs, struct error *err) MUST_CHECK;

/* What `status` shows of a source and scope: a row of v_sync_health. */
struct store_status {
    struct store_source source; /* without its capabilities */
    char scope[512];            /* "", the source as a whole, or "RestoreType=..." */
    bool proved;                /* nothing unproved was stored since the last proof */
    bool imported;              /* the source was only ever imported */
    char note[64]; /* what has read the source, if it was never proved as a whole, else "" */
    int64_t jobs, open_jobs, missing_jobs; /* the first two without rows marked missing */
    int64_t watermark, full_walk_at;       /* 0: none, as all times */
    int64_t last_proved_at, last_success_at;
    int64_t last_run_id; /* of the scope; 0: none, and nothing of what follows */
    char last_mode[16], last_outcome[16];
    bool last_proved;
    char last_evidence[STORE_PROOF_MAX], last_error[1024];
    int64_t accounts; /* of all sources */
};

/* Calls `visit` for each source and scope, in the order of account, region, edition, scope. */
bool store_status_each(struct store *store,
                       bool (*visit)(const struct store_status *status, void *context,
                                     struct error *err),
                       void *context, struct error *err) MUST_CHECK;

#endif
