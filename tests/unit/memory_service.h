/*
 * The service played in memory: a small world of jobs, answers computed when they are taken, and
 * whatever a service may do that the documents do not rule out. Tests of the core bind it as a
 * struct sync_service, move the world between two answers, and compare the database with it.
 */
#ifndef HBRSYNC_TESTS_MEMORY_SERVICE_H
#define HBRSYNC_TESTS_MEMORY_SERVICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "sync/service.h"

#define MEMORY_JOBS_MAX 12
#define MEMORY_VERSIONS_MAX 64 /* of a job; later changes are left out */
#define MEMORY_QUESTIONS_MAX 64
#define MEMORY_VALUES_MAX 128 /* of a filter */
#define MEMORY_NOW INT64_C(1700000000)
#define MEMORY_TYPES 4
#define MEMORY_WHOLE_MACHINE 2 /* the type that may have children ... */
#define MEMORY_PART 3          /* ... and theirs */
#define MEMORY_VAULTS 2

enum memory_state { MEMORY_OPEN, MEMORY_FINISHED, MEMORY_ODD };

/* What can change about a job. */
struct memory_version {
    enum memory_state state;
    int64_t complete; /* 0 unless finished */
    int64_t updated;
    int64_t progress;
    bool report_ready; /* its report is generated */
};

struct memory_job {
    bool exists, listed;
    bool came_back;  /* it had vanished once */
    int64_t created; /* the order of creation; the time is MEMORY_NOW and as many seconds */
    unsigned type, vault;
    bool basic; /* of Edition BASIC */
    bool report;
    int parent; /* index of another job, -1 none */
    size_t version_count;
    struct memory_version versions[MEMORY_VERSIONS_MAX];
    /* Of the run at hand; see memory_begin_run. */
    bool always; /* listed at every moment since the run's first answer */
    bool absent; /* not listed at some moment since an answer last held it, or the run began */
    size_t first_version; /* as it was at the run's first answer */
};

enum memory_order {
    MEMORY_CREATED_ASC,
    MEMORY_CREATED_DESC,
    MEMORY_COMPLETE_DESC,
    MEMORY_UPDATED_DESC,
    MEMORY_ID_ASC,
    MEMORY_ORDERS
};
enum memory_filter { MEMORY_HONOURED, MEMORY_IGNORED, MEMORY_REFUSED };
enum memory_deep {
    MEMORY_DEEP_ERROR,
    MEMORY_DEEP_EMPTY,
    MEMORY_DEEP_REPEATED,
    MEMORY_DEEP_REFUSED
};
enum memory_ids { MEMORY_RESTORE_ID, MEMORY_JOB_ID, MEMORY_NO_ID };
enum memory_edition {
    MEMORY_EDITION_HONOURED,
    MEMORY_EDITION_IGNORED,
    MEMORY_EDITION_REFUSED,
    MEMORY_EDITION_FORBIDDEN /* HTML, 403 */
};

/* How this service behaves; all zero is the friendliest. */
struct memory_ways {
    enum memory_order order;
    bool lower_out, upper_out; /* BETWEEN leaves out its lower, its upper end */
    int64_t page_cap;          /* pages that begin beyond so many rows fail, 0: none */
    enum memory_deep deep;     /* ... in this way */
    int64_t total_cap;         /* where TotalCount ends, 0: nowhere */
    enum memory_filter status, complete_time, parent_id;
    enum memory_ids id_key;      /* the key that selects by RestoreId */
    enum memory_filter else_ids; /* what becomes of the other key; HONOURED: nothing matches */
    bool parent_in_only;         /* ParentId is honoured with IN, refused with NOT_EQUAL */
    bool untyped_refused;        /* a listing needs RestoreType */
    unsigned untyped_lacks; /* types that a listing without RestoreType leaves out, a bit each */
    enum memory_edition edition;
    bool children_apart; /* children are listed by their parent only */
    bool undated;        /* no Date */
    int64_t date_offset; /* of the Date */
    bool open_is_zero;   /* CompleteTime of unfinished jobs: 0, else absent */
};

enum memory_event {
    MEMORY_TICK,            /* value: seconds */
    MEMORY_CREATE,          /* open */
    MEMORY_CREATE_FINISHED, /* value: so many seconds ago */
    MEMORY_FINISH,          /* value: so many seconds ago */
    MEMORY_REOPEN,
    MEMORY_TURN_ODD,
    MEMORY_VANISH,
    MEMORY_RETURN,
    MEMORY_CHANGE,  /* progress, or the report is ready */
    MEMORY_SHUFFLE, /* the next answer alone is in another order; value: which */
    MEMORY_FAIL,    /* the next answer is a failure of the network ... */
    MEMORY_REFUSE,  /* ... a refusal */
    MEMORY_STOP,    /* ... none: wait is interrupted */
    MEMORY_EVENTS
};

struct memory_step {
    int64_t answer; /* before this answer of the run, from 1 */
    enum memory_event event;
    int job;
    int64_t value;
};

/* A question that is under way; its texts are copied into `pool`. */
struct memory_question {
    void *tag;
    struct hbr_query query;
    const char *values[HBR_FILTERS_MAX][MEMORY_VALUES_MAX];
    char pool[4096];
    size_t used;
};

struct memory_service {
    struct memory_ways ways;
    struct memory_job jobs[MEMORY_JOBS_MAX];
    int64_t now, created;
    /* What happens before an answer: a script, a callback, or both. `choose` picks one of several
     * questions under way; without it the first one. */
    const struct memory_step *script;
    size_t script_count;
    void (*before_answer)(struct memory_service *service, void *context);
    size_t (*choose)(size_t count, void *context);
    void *context;
    FILE *trace; /* every answer and event, readable; NULL: none */
    /* Of the run at hand. */
    int64_t answers, submitted, events, refusals;
    bool begun;          /* an answer was given */
    bool returned;       /* a job that had vanished came back */
    bool unfit;          /* a question that this service cannot hold, or that is malformed */
    int64_t submit_max;  /* then submit fails as if no request were left, 0: no limit */
    int64_t max_answers; /* then wait fails and `endless` is set, 0: no limit */
    bool endless;
    /* Of the next answer. */
    bool fail, refuse, stop;
    int64_t shuffle;
    size_t question_count;
    struct memory_question *questions[MEMORY_QUESTIONS_MAX];
};

/* An empty world of the friendliest service at MEMORY_NOW. */
void memory_init(struct memory_service *service);
void memory_free(struct memory_service *service);
struct sync_service memory_bind(struct memory_service *service);

/* Adds a job as it is when the world begins; `complete` counts when it is finished. */
struct memory_job *memory_add(struct memory_service *service, int job, enum memory_state state,
                              int64_t complete);

/* Forgets what was noted of the run before, and questions under way. */
void memory_begin_run(struct memory_service *service);

/* Whether the event changed anything: what cannot happen to the job is passed over. */
bool memory_apply(struct memory_service *service, enum memory_event event, int job, int64_t value);

const struct memory_version *memory_now(const struct memory_job *job);
bool memory_was_odd(const struct memory_job *job); /* now or earlier */

/* Whether any question can show the job now: children that are listed apart need their parent and a
 * ParentId that is honoured, jobs of Edition BASIC an Edition that is taken. */
bool memory_reachable(const struct memory_service *service, int job);

const char *memory_id(int job); /* its RestoreId, static */
const char *memory_type(unsigned type);
const char *memory_vault(unsigned vault);
const char *memory_status(int job, const struct memory_version *version);

/* The world and the service's ways, to be read by people. */
void memory_print(const struct memory_service *service, FILE *file);

#endif
