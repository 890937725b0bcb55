/* A restore job: what never changes comes from its seed, the rest is a small state. */
#ifndef SIMULATOR_JOB_H
#define SIMULATOR_JOB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum job_status {
    STATUS_CREATED,
    STATUS_QUEUED,
    STATUS_RUNNING,
    STATUS_CANCELING,
    STATUS_COMPLETE,
    STATUS_PARTIAL_COMPLETE,
    STATUS_FAILED,
    STATUS_CANCELED,
    STATUS_EXPIRED,
    STATUS_CLIENT_DELETED,
    STATUS_SUSPENDED, /* in no document: the "odd" jobs */
    STATUS_COUNT
};

/* What the job's Report looks like. */
enum report_state {
    REPORT_ABSENT,
    REPORT_NULL,
    REPORT_EMPTY_OBJECT,
    REPORT_OPEN, /* ReportTaskStatus is "RUNNING" or "" */
    REPORT_COMPLETE
};

enum job_edition { EDITION_STANDARD, EDITION_BASIC, EDITION_COUNT };

/* The part of a job that moves. */
struct job_state {
    int64_t start;
    int64_t complete; /* 0: not finished */
    int64_t updated;
    uint32_t content; /* counts the changes of content that leave UpdatedTime alone */
    uint16_t progress;
    uint8_t status; /* enum job_status */
    uint8_t report; /* enum report_state */
    bool present;   /* false: the service no longer lists it */
};

enum { JOB_ID_SIZE = 24 };

struct job {
    struct job_state now;
    int64_t created;
    uint64_t seed;
    uint32_t number; /* in order of making, from 0 */
    uint16_t region;
    uint8_t edition; /* enum job_edition */
    uint8_t type;    /* index into the restore types */
    char id[JOB_ID_SIZE];
    const struct job *parent; /* NULL: none, or one that no listing ever showed */
    struct job_state before;  /* the state before the last move that touched the job */
    uint32_t touched_in_move;
};

enum {
    JOB_TYPE_WHOLE_ROLLBACK = 5,
    JOB_TYPE_UNDOCUMENTED = 8,
    JOB_TYPE_WHOLE_CLONE,
    JOB_TYPE_DISK_ROLLBACK,
    JOB_TYPE_COUNT
};

/* Names as the API writes them. */
const char *status_name(unsigned status);
const char *edition_name(unsigned edition);
const char *restore_type_name(unsigned type);
const char *source_type_name(unsigned type);

/* Whether that type of restore writes reports (file level restores do). */
bool type_has_report(unsigned type);

/* Whether the job restores a whole machine, so that it may have children. */
bool job_may_have_children(const struct job *job);

/* A restore type by its frequency, from a random number. */
unsigned pick_restore_type(uint64_t random);

/* Whether the service counts the status among the finished ones. */
bool status_is_finished(unsigned status);

/* Everything about a job that is drawn from its seed has a name here. */
enum draw {
    DRAW_VAULT,
    DRAW_PLAN,
    DRAW_SNAPSHOT,
    DRAW_PARENT,
    DRAW_SOURCE_INSTANCE,
    DRAW_SOURCE_RESOURCE,
    DRAW_TARGET_INSTANCE,
    DRAW_TARGET_CLIENT,
    DRAW_CLUSTER,
    DRAW_DATA_SOURCE,
    DRAW_TARGET_PATH,
    DRAW_BUCKET,
    DRAW_PREFIX,
    DRAW_FILE_SYSTEM,
    DRAW_OTS_INSTANCE,
    DRAW_OTS_TABLE,
    DRAW_OTS_DETAIL,
    DRAW_BYTES,
    DRAW_ACTUAL_BYTES,
    DRAW_METERING,
    DRAW_ITEMS,
    DRAW_SPEED,
    DRAW_EXPIRE,
    DRAW_TARGET_TIME,
    DRAW_ERROR_MESSAGE,
    DRAW_ERROR_FILE,
    DRAW_INCLUDE,
    DRAW_EXCLUDE,
    DRAW_OPTIONS,
    DRAW_UDM,
    DRAW_FAILBACK,
    DRAW_CROSS_ACCOUNT,
    DRAW_STORAGE,
    DRAW_REPORT,
    DRAW_ZERO_TIMES,
    DRAW_WRONG_TYPE,
    DRAW_EXTRA
};

/* The job's random number for that purpose: always the same. */
uint64_t job_draw(const struct job *job, enum draw what);

enum { JOB_TEXT_SIZE = 64 };

/* These write a text that filters can ask for; false: the job has none. */
bool job_vault_id(const struct job *job, char out[JOB_TEXT_SIZE]);
bool job_plan_id(const struct job *job, char out[JOB_TEXT_SIZE]);
bool job_source_instance_id(const struct job *job, char out[JOB_TEXT_SIZE]);
bool job_target_instance_id(const struct job *job, char out[JOB_TEXT_SIZE]);
bool job_target_bucket(const struct job *job, char out[JOB_TEXT_SIZE]);
bool job_target_file_system_id(const struct job *job, char out[JOB_TEXT_SIZE]);

/* As those. With `known_only`, a job whose parent no listing ever showed has none. */
bool job_parent_id(const struct job *job, bool known_only, char out[JOB_TEXT_SIZE]);

#endif
