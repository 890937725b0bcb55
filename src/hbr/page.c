#include "hbr/page.h"

#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/text.h"
#include "hbr/restore_job.h"

#define EXTRA_MAX (64U * 1024 * 1024) /* of a page; the answer's own maximum is smaller */

/* The decoding of one object into one part of a record. */
struct part_decoder {
    struct hbr_page *page;
    struct record *record;
    const struct record_part *part;
    size_t part_index;
    size_t extra_start; /* where this object's extra begins in page->extra; SIZE_MAX: none yet */
};

static void keep_extra(struct part_decoder *decoder, const char *name, struct json_object *node)
{
    struct buffer *extra = &decoder->page->extra;
    if (decoder->extra_start == SIZE_MAX) {
        decoder->extra_start = extra->length;
        buffer_putc(extra, '{');
    } else {
        buffer_putc(extra, ',');
    }
    json_quote(extra, name, strlen(name));
    buffer_putc(extra, ':');
    json_text(node, extra);
    decoder->page->unknown++;
}

/* Ends the extra object. Its place is kept as an offset until the buffer has stopped growing. */
static void end_extra(struct part_decoder *decoder)
{
    struct buffer *extra = &decoder->page->extra;
    if (decoder->extra_start == SIZE_MAX) {
        return;
    }
    buffer_putc(extra, '}');
    struct value *value = &decoder->record->extra[decoder->part_index];
    value->kind = VALUE_TEXT;
    value->integer = (int64_t)decoder->extra_start;
    value->length = (uint32_t)(extra->length - decoder->extra_start);
}

/* Takes a member into its field; false when its type is another. */
static bool take_value(const struct field *field, struct json_object *node, struct value *ret_value)
{
    struct json_value value = json_describe(node);
    if (value.kind == JSON_NULL) {
        return true;
    }
    switch (field->type) {
    case FIELD_TEXT:
        if (value.kind != JSON_TEXT || value.length > UINT32_MAX) {
            return false;
        }
        *ret_value = (struct value){
            .kind = VALUE_TEXT, .length = (uint32_t)value.length, .text = value.text};
        return true;
    case FIELD_INTEGER:
    case FIELD_BOOLEAN:
        if (value.kind != (field->type == FIELD_BOOLEAN ? JSON_BOOLEAN : JSON_INTEGER)) {
            return false;
        }
        *ret_value = (struct value){.kind = VALUE_INTEGER, .integer = value.integer};
        return true;
    }
    return false;
}

static bool decode_member(const char *name, struct json_object *node, void *context)
{
    struct part_decoder *decoder = context;
    int index = record_field_by_name(decoder->part, name);
    if (index < 0 || !take_value(&decoder->part->fields[index], node,
                                 &decoder->record->values[decoder->part_index][index])) {
        keep_extra(decoder, name, node);
    }
    return true;
}

/* A member of the job itself: a field, or a nested part, which is decoded after it. */
static bool decode_job_member(const char *name, struct json_object *node, void *context)
{
    struct part_decoder *decoder = context;
    for (size_t i = 1; i < hbr_restore_job_model.part_count; i++) {
        if (strcmp(name, hbr_restore_job_model.parts[i].name) == 0) {
            if (json_is_object(node)) {
                decoder->record->present[i] = true;
            } else if (json_describe(node).kind != JSON_NULL) {
                keep_extra(decoder, name, node);
            }
            return true;
        }
    }
    return decode_member(name, node, context);
}

static void decode_part(struct hbr_page *page, struct json_object *job, struct record *record,
                        size_t part_index)
{
    struct part_decoder decoder = {
        .page = page,
        .record = record,
        .part = &hbr_restore_job_model.parts[part_index],
        .part_index = part_index,
        .extra_start = SIZE_MAX,
    };
    if (part_index == HBR_JOB) {
        json_each_member(job, decode_job_member, &decoder);
    } else {
        json_each_member(json_member(job, decoder.part->name).object, decode_member, &decoder);
    }
    end_extra(&decoder);
}

/* An id that can be a key: not empty, not over-long, no NUL (the sets of ids hold C strings). */
static bool usable_id(const struct value *id)
{
    return id->kind == VALUE_TEXT && id->length > 0 && id->length <= HBR_RESTORE_ID_MAX &&
           memchr(id->text, '\0', id->length) == NULL;
}

static void decode_job(struct hbr_page *page, struct json_object *job)
{
    struct record *record = &page->jobs[page->job_count];
    struct json_value id = json_member(job, "RestoreId");
    page->rows++;
    memset(record, 0, sizeof(*record));
    struct value key = {0};
    if (!json_is_object(job) ||
        !take_value(&hbr_restore_job_model.parts[HBR_JOB].fields[HBR_RESTORE_ID], id.object,
                    &key) ||
        !usable_id(&key)) {
        page->rejected++;
        return;
    }
    record->present[HBR_JOB] = true;
    decode_part(page, job, record, HBR_JOB);
    for (size_t i = 1; i < hbr_restore_job_model.part_count; i++) {
        if (record->present[i]) {
            decode_part(page, job, record, i);
        }
    }
    page->job_count++;
}

/* Offsets become pointers once the buffer has stopped growing. */
static void resolve_extra(struct hbr_page *page)
{
    for (size_t i = 0; i < page->job_count; i++) {
        for (size_t part = 0; part < RECORD_PARTS_MAX; part++) {
            struct value *value = &page->jobs[i].extra[part];
            if (value->kind == VALUE_TEXT) {
                value->text = page->extra.data + value->integer;
            }
        }
    }
}

static bool reserve_jobs(struct hbr_page *page, size_t count, struct error *err)
{
    if (count > HBR_ROWS_MAX) {
        return error_set(err, ERROR_SERVICE, "%zu jobs at once are more than %d", count,
                         HBR_ROWS_MAX);
    }
    page->jobs = calloc(count > 0 ? count : 1, sizeof(*page->jobs));
    return page->jobs != NULL ? true : error_no_memory(err);
}

/* The rows: an array, or one job in its place; NULL holds none. */
static size_t row_count(const struct json_object *rows)
{
    return json_is_object(rows) ? 1 : json_array_length(rows);
}

static void decode_each(struct hbr_page *page, struct json_object *rows)
{
    for (size_t i = 0; i < row_count(rows); i++) {
        decode_job(page, json_is_object(rows) ? rows : json_array_item(rows, i));
    }
}

static bool decode_rows(struct hbr_page *page, struct json_object *rows, struct error *err)
{
    if (!reserve_jobs(page, row_count(rows), err)) {
        return false;
    }
    decode_each(page, rows);
    resolve_extra(page);
    return buffer_ok(&page->extra, "what is unknown in an answer", err);
}

static void page_init(struct hbr_page *page, struct json_object *root)
{
    memset(page, 0, sizeof(*page));
    page->root = root;
    page->total_count = -1;
    buffer_init(&page->extra, EXTRA_MAX);
}

static bool is_job(const struct json_object *node)
{
    return json_member(node, "RestoreId").kind != JSON_MISSING;
}

static bool stop_at_member(const char *name, struct json_object *node, void *context)
{
    (void)name, (void)node, (void)context;
    return false;
}

static bool is_empty_object(const struct json_object *node)
{
    return json_is_object(node) && json_each_member(node, stop_at_member, NULL);
}

/* A number from 0 on, also one that stands in a string; else -1. */
static int64_t total_count(const struct json_object *root)
{
    struct json_value total = json_member(root, "TotalCount");
    if (total.kind == JSON_TEXT && strlen(total.text) == total.length &&
        text_to_int64(total.text, 0, INT64_MAX, &total.integer)) {
        return total.integer;
    }
    return total.kind == JSON_INTEGER && total.integer >= 0 ? total.integer : -1;
}

/*
 * The rows of an answer: RestoreJobs.RestoreJob, or RestoreJobs itself where it is the list (the
 * first SDKs' form). The list is an array, a job that stands alone, or, when TotalCount is 0, an
 * empty object. NULL when there are none; false when the answer has another shape.
 */
static bool find_rows(struct json_object *root, struct json_object **ret_rows, struct error *err)
{
    struct json_value list = json_member(root, "RestoreJobs");
    *ret_rows = NULL;
    if (json_is_object(list.object) && !is_job(list.object)) {
        list = json_member(list.object, "RestoreJob");
    }
    if (json_is_array(list.object) || is_job(list.object)) {
        *ret_rows = list.object;
        return true;
    }
    bool is_empty = list.kind == JSON_MISSING || list.kind == JSON_NULL ||
                    (is_empty_object(list.object) && total_count(root) == 0);
    if (json_is_object(root) && is_empty) {
        return true;
    }
    error_set(err, ERROR_SERVICE, "an answer without a list of restore jobs");
    err->retryable = true;
    return false;
}

bool hbr_page_check(struct json_object *root, const void *tag, struct error *err)
{
    struct json_object *rows;
    (void)tag;
    if (!find_rows(root, &rows, err)) {
        return false;
    }
    if (rows == NULL && json_member(root, "TotalCount").kind != JSON_INTEGER &&
        total_count(root) < 0) {
        error_set(err, ERROR_SERVICE, "an answer with neither jobs nor TotalCount");
        err->retryable = true;
        return false;
    }
    return true;
}

bool hbr_page_decode(struct json_object *root, struct hbr_page *ret_page, struct error *err)
{
    struct json_object *rows;
    page_init(ret_page, root);
    if (!hbr_page_check(root, NULL, err) || !find_rows(root, &rows, err) ||
        !decode_rows(ret_page, rows, err)) {
        hbr_page_free(ret_page);
        return false;
    }
    ret_page->total_count = total_count(root);
    (void)json_member_text(root, "RequestId", ret_page->request_id, sizeof(ret_page->request_id));
    return true;
}

/* Whether a saved object is an answer (or a list of one) rather than a job, which may have a field
 * of that name that nobody knows yet. */
static bool is_answer(const struct json_object *node)
{
    return json_member(node, "RestoreJobs").kind != JSON_MISSING && !is_job(node);
}

static size_t count_import_rows(struct json_object *node)
{
    struct error ignored;
    struct json_object *rows;
    if (is_answer(node)) {
        return find_rows(node, &rows, &ignored) ? row_count(rows) : 1;
    }
    if (json_is_array(node)) {
        size_t count = 0;
        for (size_t i = 0; i < json_array_length(node); i++) {
            struct json_object *item = json_array_item(node, i);
            count += is_answer(item) ? count_import_rows(item) : 1;
        }
        return count;
    }
    return 1;
}

static void decode_import_item(struct hbr_page *page, struct json_object *node)
{
    struct error ignored;
    struct json_object *rows;
    if (is_answer(node) && find_rows(node, &rows, &ignored)) {
        decode_each(page, rows);
    } else {
        decode_job(page, node);
    }
}

bool hbr_page_import(struct json_object *root, struct hbr_page *ret_page, struct error *err)
{
    page_init(ret_page, root);
    if (!json_is_object(root) && !json_is_array(root)) {
        hbr_page_free(ret_page);
        return error_set(err, ERROR_USAGE, "neither an object nor an array");
    }
    if (!reserve_jobs(ret_page, count_import_rows(root), err)) {
        err->code = err->code == ERROR_SERVICE ? ERROR_USAGE : err->code;
        hbr_page_free(ret_page);
        return false;
    }
    if (json_is_array(root)) {
        for (size_t i = 0; i < json_array_length(root); i++) {
            decode_import_item(ret_page, json_array_item(root, i));
        }
    } else {
        decode_import_item(ret_page, root);
    }
    resolve_extra(ret_page);
    if (!buffer_ok(&ret_page->extra, "what is unknown in the jobs", err)) {
        err->code = ret_page->extra.too_long ? ERROR_USAGE : err->code;
        hbr_page_free(ret_page);
        return false;
    }
    return true;
}

void hbr_page_free(struct hbr_page *page)
{
    json_release(page->root);
    free(page->jobs);
    buffer_free(&page->extra);
    page_init(page, NULL);
}
