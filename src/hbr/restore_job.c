/* The one table of RestoreJob's fields: a new field of the API is a line here and a migration in
 * sql/. */
#include "hbr/restore_job.h"

#include <inttypes.h>
#include <string.h>

#include "base/json.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const struct field job_fields[] = {
    {"RestoreId", "restore_id", FIELD_TEXT},
    {"ParentId", "parent_id", FIELD_TEXT},
    {"RestoreType", "restore_type", FIELD_TEXT},
    {"SourceType", "source_type", FIELD_TEXT},
    {"Status", "status", FIELD_TEXT},
    {"Progress", "progress", FIELD_INTEGER},
    {"ErrorMessage", "error_message", FIELD_TEXT},
    {"ErrorFile", "error_file", FIELD_TEXT},
    {"CreatedTime", "created_time", FIELD_INTEGER},
    {"StartTime", "start_time", FIELD_INTEGER},
    {"CompleteTime", "complete_time", FIELD_INTEGER},
    {"UpdatedTime", "updated_time", FIELD_INTEGER},
    {"ExpireTime", "expire_time", FIELD_INTEGER},
    {"VaultId", "vault_id", FIELD_TEXT},
    {"SnapshotId", "snapshot_id", FIELD_TEXT},
    {"SnapshotHash", "snapshot_hash", FIELD_TEXT},
    {"SourceInstanceId", "source_instance_id", FIELD_TEXT},
    {"SourceResourceId", "source_resource_id", FIELD_TEXT},
    {"ClusterId", "cluster_id", FIELD_TEXT},
    {"TargetInstanceId", "target_instance_id", FIELD_TEXT},
    {"TargetClientId", "target_client_id", FIELD_TEXT},
    {"TargetDataSourceId", "target_data_source_id", FIELD_TEXT},
    {"TargetPath", "target_path", FIELD_TEXT},
    {"TargetBucket", "target_bucket", FIELD_TEXT},
    {"TargetPrefix", "target_prefix", FIELD_TEXT},
    {"TargetFileSystemId", "target_file_system_id", FIELD_TEXT},
    {"TargetCreateTime", "target_create_time", FIELD_INTEGER},
    {"TargetInstanceName", "target_instance_name", FIELD_TEXT},
    {"TargetTableName", "target_table_name", FIELD_TEXT},
    {"TargetTime", "target_time", FIELD_INTEGER},
    {"ItemsTotal", "items_total", FIELD_INTEGER},
    {"ItemsDone", "items_done", FIELD_INTEGER},
    {"ActualItems", "actual_items", FIELD_INTEGER},
    {"BytesTotal", "bytes_total", FIELD_INTEGER},
    {"BytesDone", "bytes_done", FIELD_INTEGER},
    {"ActualBytes", "actual_bytes", FIELD_INTEGER},
    {"MeteringBytesTotal", "metering_bytes_total", FIELD_INTEGER},
    {"MeteringBytesDone", "metering_bytes_done", FIELD_INTEGER},
    {"Speed", "speed", FIELD_INTEGER},
    {"StorageClass", "storage_class", FIELD_TEXT},
    {"Include", "include", FIELD_TEXT},
    {"Exclude", "exclude", FIELD_TEXT},
    {"Options", "options", FIELD_TEXT},
    {"UdmDetail", "udm_detail", FIELD_TEXT},
    {"FailbackDetail", "failback_detail", FIELD_TEXT},
    {"CrossAccountType", "cross_account_type", FIELD_TEXT},
    {"CrossAccountUserId", "cross_account_user_id", FIELD_INTEGER},
    {"CrossAccountRoleName", "cross_account_role_name", FIELD_TEXT},
};

static const struct field report_fields[] = {
    {"TotalFiles", "total_files", FIELD_TEXT},
    {"SuccessFiles", "success_files", FIELD_TEXT},
    {"FailedFiles", "failed_files", FIELD_TEXT},
    {"SkippedFiles", "skipped_files", FIELD_TEXT},
    {"ReportTaskStatus", "report_task_status", FIELD_TEXT},
};

static const struct field ots_detail_fields[] = {
    {"BatchChannelCount", "batch_channel_count", FIELD_INTEGER},
    {"OverwriteExisting", "overwrite_existing", FIELD_BOOLEAN},
};

static const struct record_part parts[] = {
    [HBR_JOB] = {"", "restore_job", job_fields, COUNT(job_fields)},
    [HBR_REPORT] = {"Report", "restore_job_report", report_fields, COUNT(report_fields)},
    [HBR_OTS_DETAIL] = {"OtsDetail", "restore_job_ots_detail", ots_detail_fields,
                        COUNT(ots_detail_fields)},
};

_Static_assert(COUNT(job_fields) <= RECORD_FIELDS_MAX, "a record has room for every field");
_Static_assert(COUNT(parts) <= RECORD_PARTS_MAX, "a record has room for every part");

const char *const hbr_final_statuses[] = {"COMPLETE", "PARTIAL_COMPLETE", "FAILED", "CANCELED",
                                          "EXPIRED",  "CLIENT_DELETED",   NULL};

const struct record_model hbr_restore_job_model = {
    .parts = parts,
    .part_count = COUNT(parts),
    .key = HBR_RESTORE_ID,
    .version = HBR_UPDATED_TIME,
    .status = HBR_STATUS,
    .final_statuses = hbr_final_statuses,
};

/* Statuses as in the Terraform provider's schema and the HBR documents; the API page names only the
 * last three. */
const char *const hbr_open_statuses[] = {"CREATED", "QUEUED", "RUNNING", "CANCELING", NULL};

const char *const hbr_restore_types[] = {"ECS_FILE",
                                         "OSS",
                                         "NAS",
                                         "COMMON_FILE_SYSTEM",
                                         "OTS_TABLE",
                                         "UDM_ECS_ROLLBACK",
                                         "UDM_ECS",
                                         "UDM_ECS_DISK",
                                         "UDM_ECS_DISK_ROLLBACK",
                                         "FILE",
                                         NULL};

/* --- of one job ---------------------------------------------------------------------------- */

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

bool hbr_job_has_type(const struct record *job, const char *restore_type)
{
    return is_text(&job->values[HBR_JOB][HBR_RESTORE_TYPE], restore_type);
}

bool hbr_job_is_open(const struct record *job)
{
    for (size_t i = 0; hbr_open_statuses[i] != NULL; i++) {
        if (is_text(&job->values[HBR_JOB][HBR_STATUS], hbr_open_statuses[i])) {
            return true;
        }
    }
    return false;
}

/* --- as JSON ------------------------------------------------------------------------------- */

static void append_value(struct buffer *json, enum field_type type, const struct value *value)
{
    if (value->kind == VALUE_TEXT) {
        json_quote(json, value->text != NULL ? value->text : "", value->length);
    } else if (type == FIELD_BOOLEAN) {
        buffer_puts(json, value->integer != 0 ? "true" : "false");
    } else {
        buffer_printf(json, "%" PRId64, value->integer);
    }
}

/* Whether this name of an object was written already, as a field or as a nested part. */
static bool is_written(const struct record *job, size_t part, const char *name)
{
    const struct record_model *model = &hbr_restore_job_model;
    int field = record_field_by_name(&model->parts[part], name);
    if (field >= 0) {
        return job->values[part][field].kind != VALUE_NULL;
    }
    for (size_t i = 1; part == HBR_JOB && i < model->part_count; i++) {
        if (job->present[i] && strcmp(model->parts[i].name, name) == 0) {
            return true;
        }
    }
    return false;
}

static bool append_extra(struct buffer *json, const struct record *job, size_t part,
                         struct error *err)
{
    const struct value *extra = &job->extra[part];
    struct json_node *root = NULL;
    if (extra->kind != VALUE_TEXT) {
        return true;
    }
    if (!json_read(extra->text, extra->length, JSON_VALUES_SAVED, &root, err)) {
        err->code = err->code == ERROR_SERVICE ? ERROR_DATABASE : err->code;
        err->retryable = false;
        return error_context(err, "extra");
    }
    bool ok =
        root->kind == JSON_OBJECT || error_set(err, ERROR_DATABASE, "extra is not a JSON object");
    for (const struct json_node *at = ok ? root->first : NULL; ok && at != NULL; at = at->next) {
        if (is_written(job, part, at->key)) {
            ok = error_set(err, ERROR_DATABASE, "%.100s is in its column and in extra", at->key);
            break;
        }
        json_put_name(json, at->key);
        json_write(at, json);
    }
    json_free(root);
    return ok;
}

static bool append_part(const struct record *job, size_t part, struct buffer *json,
                        struct error *err)
{
    const struct record_model *model = &hbr_restore_job_model;
    const struct record_part *description = &model->parts[part];
    buffer_putc(json, '{');
    for (size_t i = 0; i < description->field_count; i++) {
        if (job->values[part][i].kind != VALUE_NULL) {
            json_put_name(json, description->fields[i].name);
            append_value(json, description->fields[i].type, &job->values[part][i]);
        }
    }
    for (size_t i = 1; part == HBR_JOB && i < model->part_count; i++) {
        if (job->present[i]) {
            json_put_name(json, model->parts[i].name);
            if (!append_part(job, i, json, err)) {
                return error_context(err, "%s", model->parts[i].name);
            }
        }
    }
    if (!append_extra(json, job, part, err)) {
        return false;
    }
    buffer_putc(json, '}');
    return true;
}

bool hbr_job_json(const struct record *job, struct buffer *json, struct error *err)
{
    const struct value *id = &job->values[HBR_JOB][HBR_RESTORE_ID];
    if (!append_part(job, HBR_JOB, json, err)) {
        return error_context(err, "job %.*s", id->kind == VALUE_TEXT ? (int)id->length : 0,
                             id->kind == VALUE_TEXT ? id->text : "");
    }
    return buffer_ok(json, "a job as JSON", err);
}
