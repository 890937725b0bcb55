/*
 * RestoreJob: the one description of its fields.
 *
 * Source: DescribeRestoreJobs2, API version 2017-09-08, response parameters
 * RestoreJobs.RestoreJob[]; SourceResourceId is newer than that page (Go SDK v4.7.1).
 */
#ifndef HBRSYNC_HBR_RESTORE_JOB_H
#define HBRSYNC_HBR_RESTORE_JOB_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/error.h"
#include "base/record.h"

enum hbr_part { HBR_JOB = 0, HBR_REPORT = 1, HBR_OTS_DETAIL = 2 };

/* Indexes into part HBR_JOB of the fields that the program itself looks at. */
enum hbr_job_field {
    HBR_RESTORE_ID = 0,
    HBR_PARENT_ID = 1,
    HBR_RESTORE_TYPE = 2,
    HBR_STATUS = 4,
    HBR_COMPLETE_TIME = 10,
    HBR_UPDATED_TIME = 11
};

extern const struct record_model hbr_restore_job_model;

/* CompleteTime, 0 when it is absent: a job is closed when this is greater than 0. */
int64_t hbr_job_complete_time(const struct record *job);

/* Whether Status is CREATED, QUEUED, RUNNING or CANCELING. */
bool hbr_job_is_open(const struct record *job);

/* Whether RestoreType is this text. */
bool hbr_job_has_type(const struct record *job, const char *restore_type);

/*
 * Appends the job as one JSON object without line ends, the reverse of hbr/page.h: the API's names
 * and values, what `extra` kept under its own names, and nothing for NULL (absent and null are not
 * told apart). A nested part that is present is an object, {} when it holds nothing. ERROR_DATABASE
 * when `extra` is not what decoding leaves there.
 */
bool hbr_job_json(const struct record *job, struct buffer *json, struct error *err) MUST_CHECK;

/* The statuses of jobs under way, ended by NULL. */
#define HBR_OPEN_STATUS_COUNT 4
extern const char *const hbr_open_statuses[HBR_OPEN_STATUS_COUNT + 1];

/* The statuses of jobs that ended, ended by NULL. Of all others a job may become anything: no
 * restore job was ever seen UNAVAILABLE. v_restore_job says what they mean. */
extern const char *const hbr_final_statuses[];

/* Every RestoreType known, ended by NULL; the service may know more. */
extern const char *const hbr_restore_types[];

#endif
