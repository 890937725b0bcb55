#include "hbr/restore_job.h"

#include <string.h>

int64_t hbr_job_complete_time(const struct record *job)
{
    const struct value *value = &job->values[HBR_JOB][HBR_COMPLETE_TIME];
    return value->kind == VALUE_INTEGER ? value->integer : 0;
}

static bool is_text(const struct value *value, const char *text)
{
    size_t length = strlen(text);
    return value->kind == VALUE_TEXT && value->length == length &&
           memcmp(value->text, text, length) == 0;
}

bool hbr_job_has_status(const struct record *job, const char *status)
{
    return is_text(&job->values[HBR_JOB][HBR_STATUS], status);
}

bool hbr_job_has_type(const struct record *job, const char *restore_type)
{
    return is_text(&job->values[HBR_JOB][HBR_RESTORE_TYPE], restore_type);
}

bool hbr_job_is_open(const struct record *job)
{
    for (size_t i = 0; hbr_open_statuses[i] != NULL; i++) {
        if (hbr_job_has_status(job, hbr_open_statuses[i])) {
            return true;
        }
    }
    return false;
}
