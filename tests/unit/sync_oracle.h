/* What a run against the memory service has to hold: compared with the database afterwards. */
#ifndef HBRSYNC_TESTS_SYNC_ORACLE_H
#define HBRSYNC_TESTS_SYNC_ORACLE_H

#include <stdbool.h>
#include <stdint.h>

#include "memory_service.h"
#include "store/state.h"
#include "sync/sync.h"

#define ORACLE_TEXT_MAX 32

/* A stored job. */
struct oracle_row {
    bool stored, marked;
    bool basic; /* its source is of Edition BASIC */
    char status[ORACLE_TEXT_MAX], restore_type[ORACLE_TEXT_MAX], parent[ORACLE_TEXT_MAX];
    char report[ORACLE_TEXT_MAX]; /* ReportTaskStatus, "" none */
    int64_t complete, updated, progress, created;
};

struct oracle_snapshot {
    struct oracle_row rows[MEMORY_JOBS_MAX];
    int64_t strangers; /* rows that are no job of the world */
    int64_t source_id; /* of the task's edition, 0 none yet */
    struct store_watermark watermark;
    struct store_watermark of_type[MEMORY_TYPES];
};

/* One task that was run, and what is known about the run. */
struct oracle_task {
    const struct memory_service *service;
    const struct sync_task_spec *spec;
    const struct sync_task_result *result;
    int64_t run_id;
    bool basic;   /* of Edition BASIC */
    bool went_on; /* what sync_task returned */
    bool killed;  /* commits were refused from some point on */
    bool transaction_open;
    int64_t overlap;
    const struct oracle_snapshot *before, *after;
};

/* What reads a database: statements that are prepared once. */
struct oracle {
    struct store *store;
    struct sqlite3_stmt *rows, *source;
};

bool oracle_open(struct oracle *oracle, struct store *store, struct error *err) MUST_CHECK;
void oracle_close(struct oracle *oracle); /* before the store */
bool oracle_read(struct oracle *oracle, const struct sync_task_spec *spec,
                 struct oracle_snapshot *ret_snapshot, struct error *err) MUST_CHECK;

/* The first claim that does not hold, in `message`; false when there is one. */
bool oracle_judge(const struct oracle_task *task, char *message, size_t size);

/* After the second run at rest: proved, and the database is what the service lists. */
bool oracle_judge_rest(const struct oracle_task *task, char *message, size_t size);

void oracle_print(const struct oracle_snapshot *snapshot, FILE *file);

#endif
