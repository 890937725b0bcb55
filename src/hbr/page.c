#include "hbr/page.h"

#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/text.h"
#include "hbr/restore_job.h"

#define EXTRA_MAX (64U * 1024 * 1024) /* of a page; the answer's own maximum is smaller */

/* The decoding of jobs into a page. */
struct decoder {
    struct hbr_page *page;
    /* Of each part, the field that last followed a field, or began: services keep an order. */
    uint8_t next[RECORD_PARTS_MAX][RECORD_FIELDS_MAX + 1];
};

/* The number of the field with this name, or -1; `before` is that of the field before it. */
static int find_field(struct decoder *decoder, size_t part, int before, const char *name)
{
    const struct record_part *description = &hbr_restore_job_model.parts[part];
    uint8_t *next = &decoder->next[part][before + 1];
    if (strcmp(description->fields[*next].name, name) == 0) {
        return *next;
    }
    int field = record_field_by_name(description, name);
    *next = field >= 0 ? (uint8_t)field : *next;
    return field;
}

/* `start` is where this object's extra begins in page->extra; SIZE_MAX: none yet. */
static void keep_extra(struct hbr_page *page, size_t *start, const struct json_node *member)
{
    struct buffer *extra = &page->extra;
    if (*start == SIZE_MAX) {
        *start = extra->length;
        buffer_putc(extra, '{');
    }
    json_put_name(extra, member->key);
    json_write(member, extra);
    page->unknown++;
}

/* Takes a member into its field; false when its type is another. */
static bool take_value(const struct field *field, const struct json_node *node,
                       struct value *ret_value)
{
    static const enum json_kind kinds[] = {
        [FIELD_TEXT] = JSON_TEXT, [FIELD_INTEGER] = JSON_INTEGER, [FIELD_BOOLEAN] = JSON_BOOLEAN};
    if (node->kind == JSON_NULL) {
        return true;
    }
    if (node->kind != kinds[field->type]) {
        return false;
    }
    *ret_value = node->kind == JSON_TEXT
                     ? (struct value){VALUE_TEXT, node->length, .text = node->text}
                     : (struct value){VALUE_INTEGER, 0, .integer = node->integer};
    return true;
}

/* The part whose object a member of a job is by its name, or 0. */
static size_t nested_part(const struct json_node *member)
{
    size_t part = hbr_restore_job_model.part_count - 1;
    while (part > 0 && strcmp(member->key, hbr_restore_job_model.parts[part].name) != 0) {
        part--;
    }
    return part;
}

/* Nested parts come after the job itself, so that each part's extra is in one piece. */
static void decode_part(struct decoder *decoder, const struct json_node *object,
                        struct record *record, size_t part)
{
    struct hbr_page *page = decoder->page;
    const struct json_node *nested[RECORD_PARTS_MAX] = {NULL};
    size_t start = SIZE_MAX;
    int before = -1;
    for (const struct json_node *at = object->first; at != NULL; at = at->next) {
        int field = find_field(decoder, part, before, at->key);
        before = field >= 0 ? field : before;
        size_t other = field < 0 && part == HBR_JOB ? nested_part(at) : 0;
        bool taken =
            other > 0 ? at->kind == JSON_OBJECT || at->kind == JSON_NULL
                      : field >= 0 && take_value(&hbr_restore_job_model.parts[part].fields[field],
                                                 at, &record->values[part][field]);
        if (!taken) {
            keep_extra(page, &start, at);
        } else if (at->kind == JSON_OBJECT) {
            nested[other] = at;
        }
    }
    if (start != SIZE_MAX) {
        buffer_putc(&page->extra, '}');
        /* An offset until the buffer has stopped growing. */
        record->extra[part] = (struct value){.kind = VALUE_TEXT,
                                             .integer = (int64_t)start,
                                             .length = (uint32_t)(page->extra.length - start)};
    }
    record->present[part] = true;
    for (size_t i = 1; i < RECORD_PARTS_MAX; i++) {
        if (nested[i] != NULL) {
            decode_part(decoder, nested[i], record, i);
        }
    }
}

/* `count` nodes, each the next of the one before. */
struct rows {
    const struct json_node *first;
    size_t count;
    bool none; /* there is not even an empty list */
};

/* An id that can be a key is not empty, not over-long, without NUL (the sets of ids hold C
 * strings). */
static void decode_rows(struct decoder *decoder, struct rows rows)
{
    struct hbr_page *page = decoder->page;
    for (; rows.count > 0; rows.count--, rows.first = rows.first->next) {
        const struct json_node *id = json_find(rows.first, "RestoreId");
        page->rows++;
        if (id->kind != JSON_TEXT || id->length == 0 || id->length > HBR_RESTORE_ID_MAX ||
            strlen(id->text) != id->length) {
            page->rejected++;
        } else {
            decode_part(decoder, rows.first, &page->jobs[page->job_count++], HBR_JOB);
        }
    }
}

static bool begin_rows(struct decoder *decoder, size_t count, struct error *err)
{
    if (count > HBR_ROWS_MAX) {
        return error_set(err, ERROR_SERVICE, "%zu jobs at once are more than %d", count,
                         HBR_ROWS_MAX);
    }
    decoder->page->jobs = calloc(count > 0 ? count : 1, sizeof(*decoder->page->jobs));
    return decoder->page->jobs != NULL ? true : error_no_memory(err);
}

/* Offsets become pointers once the buffer has stopped growing. */
static bool end_rows(struct hbr_page *page, const char *what, struct error *err)
{
    for (size_t i = 0; i < page->job_count; i++) {
        for (size_t part = 0; part < RECORD_PARTS_MAX; part++) {
            struct value *value = &page->jobs[i].extra[part];
            if (value->kind == VALUE_TEXT) {
                value->text = page->extra.data + value->integer;
            }
        }
    }
    return buffer_ok(&page->extra, what, err);
}

static void page_init(struct hbr_page *page, struct json_node *root)
{
    memset(page, 0, sizeof(*page));
    page->root = root;
    page->total_count = -1;
    buffer_init(&page->extra, EXTRA_MAX);
}

static bool is_job(const struct json_node *node)
{
    return json_find(node, "RestoreId")->kind != JSON_MISSING;
}

/* A number from 0 on, also one that stands in a string; else -1. */
static int64_t total_count(const struct json_node *root)
{
    const struct json_node *total = json_find(root, "TotalCount");
    int64_t count = total->kind == JSON_INTEGER ? total->integer : -1;
    if (total->kind == JSON_TEXT && strlen(total->text) == total->length &&
        !text_to_int64(total->text, 0, INT64_MAX, &count)) {
        return -1;
    }
    return count >= 0 ? count : -1;
}

/*
 * The rows of an answer: RestoreJobs.RestoreJob, or RestoreJobs itself where it is the list (the
 * first SDKs' form). The list is an array, a job that stands alone, or, when TotalCount is 0, an
 * empty object. False when the answer has another shape.
 */
static bool find_rows(const struct json_node *root, struct rows *ret_rows, struct error *err)
{
    const struct json_node *list = json_find(root, "RestoreJobs");
    if (list->kind == JSON_OBJECT && !is_job(list)) {
        list = json_find(list, "RestoreJob");
    }
    if (list->kind == JSON_ARRAY) {
        *ret_rows = (struct rows){list->first, list->length, false};
        return true;
    }
    bool is_empty = list->kind == JSON_MISSING || list->kind == JSON_NULL ||
                    (list->kind == JSON_OBJECT && list->length == 0 && total_count(root) == 0);
    *ret_rows = (struct rows){list, is_job(list) ? 1 : 0, is_empty};
    if (root->kind == JSON_OBJECT && (ret_rows->count > 0 || is_empty)) {
        return true;
    }
    error_set(err, ERROR_SERVICE, "an answer without a list of restore jobs");
    err->retryable = true;
    return false;
}

bool hbr_page_check(struct json_node *root, const void *tag, struct error *err)
{
    struct rows rows;
    (void)tag;
    if (!find_rows(root, &rows, err)) {
        return false;
    }
    if (rows.none && json_find(root, "TotalCount")->kind != JSON_INTEGER && total_count(root) < 0) {
        error_set(err, ERROR_SERVICE, "an answer with neither jobs nor TotalCount");
        err->retryable = true;
        return false;
    }
    return true;
}

bool hbr_page_decode(struct json_node *root, struct hbr_page *ret_page, struct error *err)
{
    struct decoder decoder = {.page = ret_page};
    struct rows rows;
    page_init(ret_page, root);
    bool ok = hbr_page_check(root, NULL, err) && find_rows(root, &rows, err) &&
              begin_rows(&decoder, rows.count, err);
    if (ok) {
        decode_rows(&decoder, rows);
        ok = end_rows(ret_page, "what is unknown in an answer", err);
    }
    if (!ok) {
        hbr_page_free(ret_page);
        return false;
    }
    ret_page->total_count = total_count(root);
    (void)json_find_text(root, "RequestId", ret_page->request_id, sizeof(ret_page->request_id));
    return true;
}

/* The rows of a saved value: an answer's, or itself, whatever it is. A job may have a field named
 * RestoreJobs that nobody knows yet. The SDKs put an answer into "body", and what is cut out of one
 * may be its RestoreJobs. */
static struct rows saved_rows(const struct json_node *node)
{
    struct rows rows;
    struct error ignored;
    const struct json_node *body = json_find(node, "body");
    node = body->kind == JSON_OBJECT && !is_job(node) ? body : node;
    const struct json_node *list = json_find(node, "RestoreJob");
    if (list->kind == JSON_ARRAY && !is_job(node)) {
        return (struct rows){list->first, list->length, false};
    }
    bool is_answer = json_find(node, "RestoreJobs")->kind != JSON_MISSING && !is_job(node);
    return is_answer && find_rows(node, &rows, &ignored) ? rows : (struct rows){node, 1, false};
}

bool hbr_page_import(struct json_node *root, struct hbr_page *ret_page, struct error *err)
{
    struct decoder decoder = {.page = ret_page};
    const struct json_node *first = root->kind == JSON_ARRAY ? root->first : root;
    size_t count = 0;
    page_init(ret_page, root);
    if (root->kind != JSON_OBJECT && root->kind != JSON_ARRAY) {
        hbr_page_free(ret_page);
        return error_set(err, ERROR_USAGE, "neither an object nor an array");
    }
    for (const struct json_node *at = first; at != NULL; at = at->next) {
        count += saved_rows(at).count;
    }
    bool ok = begin_rows(&decoder, count, err);
    for (const struct json_node *at = first; ok && at != NULL; at = at->next) {
        decode_rows(&decoder, saved_rows(at));
    }
    if (!ok || !end_rows(ret_page, "what is unknown in the jobs", err)) {
        bool users = err->code == ERROR_SERVICE || ret_page->extra.too_long;
        err->code = users ? ERROR_USAGE : err->code; /* the text is the user's */
        hbr_page_free(ret_page);
        return false;
    }
    return true;
}

void hbr_page_free(struct hbr_page *page)
{
    json_free(page->root);
    free(page->jobs);
    buffer_free(&page->extra);
    page_init(page, NULL);
}

/* --- failed answers ------------------------------------------------------------------------ */

/*
 * Beginnings of codes; any other code is HBR_REFUSED. Codes that acs already holds for
 * ERROR_CREDENTIALS (permission, billing, activation) or retryable are not looked up. Sources: the
 * gateway's common error codes and Cloud Backup's own, and their pattern Invalid<Name> and
 * Missing<Name>.
 */
static const char *const of_source[] = {"InvalidApi",    "InvalidAction", "InvalidVersion",
                                        "NotAuthorized", "RiskControl",   NULL};
static const char *const of_parameter[] = {
    "InvalidParameter",     "MissingParameter",   "ParameterInvalid",
    "UnsupportedParameter", "InvalidEdition",     "MissingEdition",
    "InvalidFilter",        "MissingFilter",      "InvalidPageNumber",
    "MissingPageNumber",    "InvalidPageSize",    "MissingPageSize",
    "InvalidRestoreType",   "MissingRestoreType", NULL};

static bool begins_with_one(const char *code, const char *const *beginnings)
{
    while (*beginnings != NULL && !text_starts_with(code, *beginnings)) {
        beginnings++;
    }
    return *beginnings != NULL;
}

enum hbr_refusal hbr_refusal_of(const struct error *failure)
{
    int class = failure->http_status / 100;
    if (failure->code != ERROR_SERVICE || failure->retryable || !failure->service_json ||
        (class != 4 && class != 2) || begins_with_one(failure->api_code, of_source)) {
        return HBR_NO_REFUSAL;
    }
    return begins_with_one(failure->api_code, of_parameter) ? HBR_REFUSED_PARAMETER : HBR_REFUSED;
}
