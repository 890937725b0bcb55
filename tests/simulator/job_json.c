#include "job_json.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "job_text.h"
#include "prng.h"

/* The job being written. Counting the fields down finds the one that is to have a wrong type. */
struct rendering {
    struct json_writer *writer;
    const struct job_view *view;
    const struct job *job;
    const struct job_state *state;
    uint64_t fields_before_wrong;
    bool has_wrong;
};

/* At least this many of them are written for every job. */
enum { SCALAR_FIELDS = 28 };

static const char *const wrong_integers[] = {"\"8\"", "\"many\"", "12.5", "99999999999999999999",
                                             "{}",    "true",     "1e3"};
static const char *const wrong_texts[] = {"17", "{\"value\":\"nested\"}", "[\"a\",1]", "false",
                                          "-0.5"};

/* Writes a value of a wrong type when it is this field's turn. */
static bool put_wrong(struct rendering *to, const char *key, const char *const *values,
                      size_t count)
{
    if (!to->has_wrong || to->fields_before_wrong-- > 0) {
        return false;
    }
    to->has_wrong = false;
    json_raw(to->writer, key, values[job_draw(to->job, DRAW_WRONG_TYPE) / 64 % count]);
    return true;
}

static void put_integer(struct rendering *to, const char *key, int64_t value)
{
    if (!put_wrong(to, key, wrong_integers, sizeof wrong_integers / sizeof *wrong_integers)) {
        json_integer(to->writer, key, value);
    }
}

static void put_text(struct rendering *to, const char *key, const char *text)
{
    if (!put_wrong(to, key, wrong_texts, sizeof wrong_texts / sizeof *wrong_texts)) {
        json_string(to->writer, key, text);
    }
}

/* A text the job may lack: then it is absent, null, or "". A text it has is sometimes left out as
 * well. */
static void put_optional(struct rendering *to, const char *key, enum draw what, const char *text)
{
    uint64_t draw = job_draw(to->job, what) % 128;
    bool has_text = text != NULL && text[0] != '\0';
    if (draw < (has_text ? 3 : 50)) {
        return;
    }
    if (draw < (has_text ? 5 : 75)) {
        put_text(to, key, NULL);
    } else {
        put_text(to, key, has_text && draw >= 7 ? text : "");
    }
}

/* A number the job may lack: absent, null, or 0. */
static void put_optional_integer(struct rendering *to, const char *key, enum draw what,
                                 bool has_value, int64_t value)
{
    uint64_t draw = job_draw(to->job, what) % 128;
    if (has_value) {
        put_integer(to, key, value);
    } else if (draw < 60) {
        put_integer(to, key, 0);
    } else if (draw < 75) {
        json_null(to->writer, key);
    }
}

/* A time that is 0 or absent until it is set. */
static void put_time(struct rendering *to, const char *key, int64_t value)
{
    if (value != 0 || job_draw(to->job, DRAW_ZERO_TIMES) % 2 == 0) {
        put_integer(to, key, value);
    }
}

static void put_id(struct rendering *to, enum id_style style)
{
    switch (style) {
    case ID_RIGHT:
        json_string(to->writer, "RestoreId", to->job->id);
        break;
    case ID_EMPTY:
        json_string(to->writer, "RestoreId", "");
        break;
    case ID_NUMBER:
        json_integer(to->writer, "RestoreId", 4711);
        break;
    case ID_NULL:
        json_null(to->writer, "RestoreId");
        break;
    case ID_ABSENT:
        break;
    }
}

static void put_token(struct rendering *to, const char *key, enum draw what, const char *prefix,
                      size_t length)
{
    char text[JOB_TEXT_SIZE];
    size_t used = strlen(prefix);
    memcpy(text, prefix, used);
    prng_token(job_draw(to->job, what), text + used, length);
    put_optional(to, key, what, text);
}

static void put_what_and_when(struct rendering *to, enum id_style id_style)
{
    char parent[JOB_TEXT_SIZE];
    bool has_parent = job_parent_id(to->job, to->view->known_parents_only, parent);
    put_id(to, id_style);
    put_text(to, "Status", status_name(to->state->status));
    put_text(to, "RestoreType", restore_type_name(to->job->type));
    put_text(to, "SourceType", source_type_name(to->job->type));
    if (has_parent) {
        put_text(to, "ParentId", parent);
    } else {
        put_optional(to, "ParentId", DRAW_PARENT, "");
    }
    put_integer(to, "Progress", to->state->progress);
    put_integer(to, "CreatedTime", to->job->created);
    put_time(to, "StartTime", to->state->start);
    put_time(to, "CompleteTime", to->state->complete);
    put_integer(to, "UpdatedTime", to->state->updated);
    uint64_t expire = job_draw(to->job, DRAW_EXPIRE) / 128;
    put_optional_integer(to, "ExpireTime", DRAW_EXPIRE, expire % 3 != 0,
                         to->job->created + 86400 * (int64_t)(expire % 400));
}

static void put_source(struct rendering *to)
{
    char text[JOB_TEXT_SIZE];
    job_vault_id(to->job, text);
    put_text(to, "VaultId", text);
    put_token(to, "SnapshotId", DRAW_SNAPSHOT, "s-000", 17);
    char hash[JOB_TEXT_SIZE];
    snprintf(hash, sizeof hash, "%016" PRIx64 "%016" PRIx64, job_draw(to->job, DRAW_SNAPSHOT),
             to->job->seed);
    put_text(to, "SnapshotHash", hash);
    bool has_instance = job_source_instance_id(to->job, text);
    put_text(to, "SourceInstanceId", has_instance ? text : "");
    if (job_draw(to->job, DRAW_SOURCE_RESOURCE) % 3 != 0) {
        put_text(to, "SourceResourceId", has_instance ? text : "vol-\xe6\xba\x90/1");
    }
    put_text(to, "StorageClass", job_draw(to->job, DRAW_STORAGE) % 8 == 0 ? "ARCHIVE" : "STANDARD");
}

static void put_target(struct rendering *to)
{
    char text[JOB_TEXT_SIZE];
    const struct job *job = to->job;
    bool is_ots = strcmp(restore_type_name(job->type), "OTS_TABLE") == 0;
    struct buffer path = {0};
    bool has = job_target_instance_id(job, text);
    put_text(to, "TargetInstanceId", has ? text : "");
    put_token(to, "TargetClientId", DRAW_TARGET_CLIENT, "c-000", 17);
    put_token(to, "ClusterId", DRAW_CLUSTER, "cl-000", 17);
    put_token(to, "TargetDataSourceId", DRAW_DATA_SOURCE, "ds-000", 17);
    text_target_path(&path, job, to->state);
    put_text(to, "TargetPath", buffer_string(&path));
    has = job_target_bucket(job, text);
    put_text(to, "TargetBucket", has ? text : "");
    path.length = 0;
    text_target_prefix(&path, job);
    put_optional(to, "TargetPrefix", DRAW_PREFIX, has ? buffer_string(&path) : "");
    buffer_release(&path);
    has = job_target_file_system_id(job, text);
    put_text(to, "TargetFileSystemId", has ? text : "");
    put_optional_integer(to, "TargetCreateTime", DRAW_FILE_SYSTEM, has, job->created - 86400 * 300);
    put_optional(to, "TargetInstanceName", DRAW_OTS_INSTANCE, is_ots ? "instance-实例" : "");
    put_optional(to, "TargetTableName", DRAW_OTS_TABLE, is_ots ? "tablename" : "");
    put_optional_integer(to, "TargetTime", DRAW_TARGET_TIME, is_ots, job->created - 3600);
}

/* An amount of bytes: mostly sane, now and then beyond 2^53, at the ends of int64, negative, or 0.
 */
static int64_t draw_amount(const struct job *job, enum draw what)
{
    uint64_t draw = job_draw(job, what);
    unsigned kind = (unsigned)(draw % 1000);
    uint64_t rest = prng_mix(draw);
    if (kind == 0) {
        return INT64_MAX - (int64_t)(rest % 2);
    }
    if (kind == 1) {
        return INT64_MIN + 1 + (int64_t)(rest % 2);
    }
    if (kind < 8) {
        return (INT64_C(1) << 53) + (int64_t)(rest >> 8 | 1);
    }
    if (kind < 14) {
        return -1 - (int64_t)(rest % 5000);
    }
    return kind < 40 ? 0 : (int64_t)(rest & ((UINT64_C(1024) << (draw >> 20) % 34) - 1));
}

static int64_t part_done(int64_t total, unsigned progress)
{
    return total < 100000000 ? total * progress / 10000 : total / 10000 * progress;
}

static int64_t draw_speed(const struct job *job, const struct job_state *state)
{
    uint64_t base = job_draw(job, DRAW_SPEED);
    return (int64_t)((state->content == 0 ? base : prng_mix(base + state->content)) >> 8) % 900000;
}

static void put_amounts(struct rendering *to)
{
    const struct job *job = to->job;
    unsigned progress = to->state->progress;
    bool counts_items = strcmp(source_type_name(job->type), "ECS_FILE") == 0;
    bool is_archive = job_draw(job, DRAW_STORAGE) % 8 == 0;
    int64_t bytes = draw_amount(job, DRAW_BYTES);
    int64_t done = bytes > -1000000 ? part_done(bytes, progress) : bytes + 1;
    int64_t items = (int64_t)(job_draw(job, DRAW_ITEMS) / 128 % 5000000);
    int64_t metered = (int64_t)(job_draw(job, DRAW_METERING) / 128 % 100000) * 1048576;
    put_integer(to, "BytesTotal", bytes);
    put_integer(to, "BytesDone", progress == 10000 ? bytes : done);
    put_optional_integer(to, "ActualBytes", DRAW_ACTUAL_BYTES,
                         job_draw(job, DRAW_ACTUAL_BYTES) % 128 > 20, done > 0 ? done / 3 : 0);
    put_optional_integer(to, "ItemsTotal", DRAW_ITEMS, counts_items, items);
    put_optional_integer(to, "ItemsDone", DRAW_ITEMS, counts_items, part_done(items, progress));
    put_optional_integer(to, "ActualItems", DRAW_ITEMS, counts_items, part_done(items, progress));
    put_optional_integer(to, "MeteringBytesTotal", DRAW_METERING, is_archive, metered);
    put_optional_integer(to, "MeteringBytesDone", DRAW_METERING, is_archive,
                         part_done(metered, progress));
    put_integer(to, "Speed", draw_speed(job, to->state));
}

/* Writes what a text function makes of the job, through one buffer used again and again. */
static void put_long_texts(struct rendering *to)
{
    const struct job *job = to->job;
    bool is_file = strcmp(source_type_name(job->type), "ECS_FILE") == 0 ||
                   strcmp(source_type_name(job->type), "FILE") == 0;
    struct buffer text = {0};
    text_error_message(&text, job, to->state);
    put_optional(to, "ErrorMessage", DRAW_ERROR_MESSAGE, buffer_string(&text));
    text.length = 0;
    buffer_text(&text, "");
    text_error_file(&text, job, to->state);
    put_optional(to, "ErrorFile", DRAW_ERROR_FILE, buffer_string(&text));
    text.length = 0;
    text_paths(&text, job, DRAW_INCLUDE);
    put_optional(to, "Include", DRAW_INCLUDE, buffer_string(&text));
    text.length = 0;
    text_paths(&text, job, DRAW_EXCLUDE);
    put_optional(to, "Exclude", DRAW_EXCLUDE, is_file ? buffer_string(&text) : "");
    text.length = 0;
    text_options(&text, job);
    put_optional(to, "Options", DRAW_OPTIONS, buffer_string(&text));
    buffer_release(&text);
    text_udm_detail(&text, job);
    put_optional(to, "UdmDetail", DRAW_UDM, buffer_string(&text));
    buffer_release(&text);
    text_failback_detail(&text, job);
    put_optional(to, "FailbackDetail", DRAW_FAILBACK, buffer_string(&text));
    buffer_release(&text);
}

static void put_accounts(struct rendering *to)
{
    uint64_t draw = job_draw(to->job, DRAW_CROSS_ACCOUNT);
    bool crosses = draw / 128 % 15 == 0;
    put_text(to, "CrossAccountType", crosses ? "CROSS_ACCOUNT" : "SELF_ACCOUNT");
    put_integer(to, "CrossAccountUserId",
                crosses ? INT64_C(1589750000004625) + (int64_t)(draw % 1000) : 0);
    put_optional(to, "CrossAccountRoleName", DRAW_CROSS_ACCOUNT, crosses ? "BackupRole-备份" : "");
}

static void put_ots_detail(struct rendering *to)
{
    struct json_writer *writer = to->writer;
    uint64_t draw = job_draw(to->job, DRAW_OTS_DETAIL);
    if (strcmp(restore_type_name(to->job->type), "OTS_TABLE") != 0) {
        if (draw % 10 < 2) {
            json_raw(writer, "OtsDetail", draw % 10 == 0 ? "null" : "{}");
        }
        return;
    }
    json_open(writer, "OtsDetail", '{');
    if (draw / 16 % 12 != 0) {
        json_integer(writer, "BatchChannelCount", 1 + (int64_t)(draw % 16));
    }
    if (draw / 256 % 12 != 0) {
        json_boolean(writer, "OverwriteExisting", draw % 2 == 0);
    }
    json_close(writer, '}');
}

static void put_report_file(struct rendering *to, const char *key, const char *suffix,
                            bool has_file)
{
    char text[256];
    snprintf(text, sizeof text, "/temp/report/%s/%s/%s_%s", to->view->world->account_id,
             to->job->id, to->job->id, suffix);
    json_string(to->writer, key, has_file ? text : "");
}

static void put_report(struct rendering *to)
{
    struct json_writer *writer = to->writer;
    uint64_t draw = job_draw(to->job, DRAW_REPORT) / 128;
    bool is_done = to->state->report == REPORT_COMPLETE;
    if (to->state->report == REPORT_ABSENT) {
        return;
    }
    if (to->state->report == REPORT_NULL || to->state->report == REPORT_EMPTY_OBJECT) {
        json_raw(writer, "Report", to->state->report == REPORT_NULL ? "null" : "{}");
        return;
    }
    json_open(writer, "Report", '{');
    put_report_file(to, "TotalFiles", "total.csv", is_done);
    put_report_file(to, "SuccessFiles", draw % 2 == 0 ? "success.zip\n" : "success.zip", is_done);
    put_report_file(to, "FailedFiles", "failed.zip",
                    is_done && to->state->status != STATUS_COMPLETE);
    if (draw % 5 != 0) {
        put_report_file(to, "SkippedFiles", "skipped.zip", is_done);
    }
    if (to->view->extra_fields) {
        json_integer(writer, "RetainedDays", 90);
    }
    json_string(writer, "ReportTaskStatus", is_done ? "COMPLETE" : draw % 2 == 0 ? "RUNNING" : "");
    json_close(writer, '}');
}

static void put_extra_fields(struct rendering *to)
{
    uint64_t draw = job_draw(to->job, DRAW_EXTRA);
    struct buffer nested = {0};
    json_integer(to->writer, "NewInteger", (int64_t)(draw >> 2));
    json_string(to->writer, "NewText", draw % 2 == 0 ? "新字段 \"x\"" : "");
    json_raw(to->writer, "NewNull", "null");
    json_raw(to->writer, "NewNumber", "0.1");
    buffer_format(&nested, "{\"Depth\":[1,{\"Key\":%u}],\"Empty\":{}}", (unsigned)(draw % 1000));
    json_raw(to->writer, "NewNested", buffer_string(&nested));
    buffer_release(&nested);
}

void job_render(struct json_writer *writer, const struct job_view *view, const struct job *job,
                const struct job_state *state, enum id_style id_style)
{
    struct rendering to = {.writer = writer, .view = view, .job = job, .state = state};
    to.has_wrong = view->wrong_types_every > 0 && job->number % view->wrong_types_every == 0;
    to.fields_before_wrong = job_draw(job, DRAW_WRONG_TYPE) % SCALAR_FIELDS;
    json_open(writer, NULL, '{');
    put_what_and_when(&to, id_style);
    put_source(&to);
    put_target(&to);
    put_amounts(&to);
    put_long_texts(&to);
    put_accounts(&to);
    put_ots_detail(&to);
    put_report(&to);
    if (view->extra_fields) {
        put_extra_fields(&to);
    }
    json_close(writer, '}');
}
