#include "job.h"

#include <stdio.h>
#include <string.h>

#include "prng.h"

static const char *const status_names[STATUS_COUNT] = {
    "CREATED", "QUEUED",   "RUNNING", "CANCELING",      "COMPLETE", "PARTIAL_COMPLETE",
    "FAILED",  "CANCELED", "EXPIRED", "CLIENT_DELETED", "SUSPENDED"};

static const struct {
    const char *restore;
    const char *source;
    unsigned percent;
    bool has_report;
} types[JOB_TYPE_COUNT] = {
    {"ECS_FILE", "ECS_FILE", 45, true},
    {"OSS", "OSS", 15, true},
    {"NAS", "NAS", 14, true},
    {"COMMON_FILE_SYSTEM", "COMMON_FILE_SYSTEM", 4, true},
    {"OTS_TABLE", "OTS_TABLE", 8, false},
    {"UDM_ECS_ROLLBACK", "UDM_ECS", 8, false},
    {"UDM_ECS_DISK", "UDM_ECS", 3, false},
    {"FILE", "FILE", 3, true},
    {"CONTAINER", "CONTAINER", 0, false}, /* not documented */
    {"UDM_ECS", "UDM_ECS", 0, false},
    {"UDM_ECS_DISK_ROLLBACK", "UDM_ECS", 0, false},
};

const char *status_name(unsigned status)
{
    return status < STATUS_COUNT ? status_names[status] : "UNKNOWN";
}

const char *edition_name(unsigned edition)
{
    return edition == EDITION_BASIC ? "BASIC" : "STANDARD";
}

const char *restore_type_name(unsigned type)
{
    return types[type % JOB_TYPE_COUNT].restore;
}

const char *source_type_name(unsigned type)
{
    return types[type % JOB_TYPE_COUNT].source;
}

bool type_has_report(unsigned type)
{
    return types[type % JOB_TYPE_COUNT].has_report;
}

bool job_may_have_children(const struct job *job)
{
    return job->parent == NULL &&
           (job->type == JOB_TYPE_WHOLE_ROLLBACK || job->type == JOB_TYPE_WHOLE_CLONE);
}

unsigned pick_restore_type(uint64_t random)
{
    unsigned rest = (unsigned)(random % 100);
    unsigned type = 0;
    while (type < JOB_TYPE_COUNT - 1 && rest >= types[type].percent) {
        rest -= types[type].percent;
        type++;
    }
    return type;
}

bool status_is_finished(unsigned status)
{
    return status >= STATUS_COMPLETE && status <= STATUS_CLIENT_DELETED;
}

uint64_t job_draw(const struct job *job, enum draw what)
{
    return prng_mix(job->seed ^ ((uint64_t)what + 1) * UINT64_C(0xd6e8feb86659fd93));
}

/* One of `count` ids that the jobs of a region share. */
static void shared_id(const struct job *job, enum draw what, uint64_t count, const char *prefix,
                      size_t length, char out[JOB_TEXT_SIZE])
{
    uint64_t member = job_draw(job, what) % count;
    size_t used = strlen(prefix);
    memcpy(out, prefix, used);
    prng_token((uint64_t)what << 40 | (uint64_t)job->region << 20 | member, out + used, length);
}

bool job_vault_id(const struct job *job, char out[JOB_TEXT_SIZE])
{
    shared_id(job, DRAW_VAULT, 12, "v-000", 17, out);
    return true;
}

bool job_plan_id(const struct job *job, char out[JOB_TEXT_SIZE])
{
    shared_id(job, DRAW_PLAN, 40, "po-000", 17, out);
    return true;
}

bool job_source_instance_id(const struct job *job, char out[JOB_TEXT_SIZE])
{
    shared_id(job, DRAW_SOURCE_INSTANCE, 60, "i-2ze", 17, out);
    return strcmp(source_type_name(job->type), "ECS_FILE") == 0 ||
           strcmp(source_type_name(job->type), "UDM_ECS") == 0;
}

bool job_target_instance_id(const struct job *job, char out[JOB_TEXT_SIZE])
{
    shared_id(job, DRAW_TARGET_INSTANCE, 60, "i-2ze", 17, out);
    return strcmp(source_type_name(job->type), "ECS_FILE") == 0 ||
           strcmp(source_type_name(job->type), "UDM_ECS") == 0;
}

bool job_target_bucket(const struct job *job, char out[JOB_TEXT_SIZE])
{
    static const char *const buckets[] = {"target-bucket", "prod-archive",  "finance-2024",
                                          "drill-restore", "media-cold",    "logs-copy",
                                          "tmp",           "audit-evidence"};
    snprintf(out, JOB_TEXT_SIZE, "%s",
             buckets[job_draw(job, DRAW_BUCKET) % (sizeof buckets / sizeof *buckets)]);
    return strcmp(restore_type_name(job->type), "OSS") == 0;
}

bool job_target_file_system_id(const struct job *job, char out[JOB_TEXT_SIZE])
{
    shared_id(job, DRAW_FILE_SYSTEM, 6, "0be", 7, out);
    return strcmp(restore_type_name(job->type), "NAS") == 0 ||
           strcmp(restore_type_name(job->type), "COMMON_FILE_SYSTEM") == 0;
}

/* One that no listing ever showed is drawn as job_json.c draws what a job may lack. */
bool job_parent_id(const struct job *job, bool known_only, char out[JOB_TEXT_SIZE])
{
    uint64_t draw = job_draw(job, DRAW_PARENT);
    if (job->parent != NULL) {
        snprintf(out, JOB_TEXT_SIZE, "%s", job->parent->id);
        return true;
    }
    memcpy(out, "r-000", 5);
    prng_token(draw, out + 5, 17);
    return !known_only && draw / 128 % 12 == 0 && draw % 128 >= 7;
}
