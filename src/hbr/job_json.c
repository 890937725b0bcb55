#include "hbr/job_json.h"

#include <inttypes.h>
#include <string.h>

#include "base/json.h"
#include "hbr/restore_job.h"

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
