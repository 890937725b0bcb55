/* Answers of DescribeRestoreJobs2 and saved jobs: decoded, compared with what json-c's objects say,
 * written out again, and read back alike. */
#include <json-c/json.h>

#include "../json_objects.h"
#include "base/json.h"
#include "fuzz.h"
#include "hbr/page.h"
#include "hbr/restore_job.h"

static void require_same(const struct value *left, const struct value *right)
{
    FUZZ_REQUIRE(left->kind == right->kind);
    if (left->kind == VALUE_TEXT) {
        FUZZ_REQUIRE(left->length == right->length &&
                     memcmp(left->text, right->text, left->length) == 0);
    } else if (left->kind == VALUE_INTEGER) {
        FUZZ_REQUIRE(left->integer == right->integer);
    }
}

static void require_same_job(const struct record *left, const struct record *right)
{
    for (size_t part = 0; part < hbr_restore_job_model.part_count; part++) {
        FUZZ_REQUIRE(left->present[part] == right->present[part]);
        for (size_t i = 0; i < hbr_restore_job_model.parts[part].field_count; i++) {
            require_same(&left->values[part][i], &right->values[part][i]);
        }
        require_same(&left->extra[part], &right->extra[part]);
    }
}

/* A field is what json-c's object has as its member. */
static void require_member(const struct field *field, const struct json_value *member,
                           const struct value *value)
{
    enum json_kind kind = field->type == FIELD_TEXT      ? JSON_TEXT
                          : field->type == FIELD_INTEGER ? JSON_INTEGER
                                                         : JSON_BOOLEAN;
    if (member->kind != kind) {
        FUZZ_REQUIRE(value->kind == VALUE_NULL);
    } else if (kind == JSON_TEXT) {
        const struct value text = {
            .kind = VALUE_TEXT, .length = (uint32_t)member->length, .text = member->text};
        require_same(&text, value);
    } else {
        FUZZ_REQUIRE(value->kind == VALUE_INTEGER && value->integer == member->integer);
    }
}

struct extra_walk {
    const struct record_part *part;
    size_t part_index;
    struct json_object *extra; /* its extra, read back */
    size_t left;               /* members of the extra that were not met yet */
};

/* A member without a field is in `extra`, in its place and as it was. */
static bool require_extra(const char *name, struct json_object *node, void *context)
{
    struct extra_walk *walk = context;
    int field = record_field_by_name(walk->part, name);
    struct json_value value = json_describe(node);
    bool taken = value.kind == JSON_NULL && field >= 0;
    if (field >= 0 && value.kind != JSON_NULL) {
        enum field_type type = walk->part->fields[field].type;
        taken = value.kind == (type == FIELD_TEXT      ? JSON_TEXT
                               : type == FIELD_INTEGER ? JSON_INTEGER
                                                       : JSON_BOOLEAN);
    }
    for (size_t i = 1; walk->part_index == 0 && i < hbr_restore_job_model.part_count; i++) {
        if (strcmp(name, hbr_restore_job_model.parts[i].name) == 0) {
            taken = value.kind == JSON_OBJECT || value.kind == JSON_NULL;
        }
    }
    struct json_value kept = json_member(walk->extra, name);
    FUZZ_REQUIRE((kept.kind == JSON_MISSING) == taken);
    if (!taken) {
        FUZZ_REQUIRE(json_object_equal(kept.object, node));
        walk->left--;
    }
    return true;
}

static bool count_member(const char *name, struct json_object *node, void *context)
{
    (void)name, (void)node;
    ++*(size_t *)context;
    return true;
}

/* One part of a job against json-c's object of it. */
static void compare_part(const struct record *job, size_t part, struct json_object *object)
{
    struct extra_walk walk = {.part = &hbr_restore_job_model.parts[part], .part_index = part};
    struct error err;
    FUZZ_REQUIRE(job->present[part] == json_is_object(object));
    for (size_t i = 0; i < walk.part->field_count; i++) {
        struct json_value member = json_member(object, walk.part->fields[i].name);
        require_member(&walk.part->fields[i], &member, &job->values[part][i]);
    }
    if (job->extra[part].kind == VALUE_TEXT) {
        char *text = fuzz_text((const uint8_t *)job->extra[part].text, job->extra[part].length);
        FUZZ_REQUIRE(
            json_parse(text, job->extra[part].length, JSON_VALUES_SAVED, &walk.extra, &err));
        free(text);
        json_each_member(walk.extra, count_member, &walk.left);
    }
    json_each_member(object, require_extra, &walk);
    FUZZ_REQUIRE(walk.left == 0);
    json_release(walk.extra);
}

/* The jobs of a page against the objects of a list, in which those without a usable id are left
 * out. */
static void compare_list(const struct hbr_page *page, struct json_object *list)
{
    size_t job = 0;
    FUZZ_REQUIRE(page->rows == (json_is_array(list) ? json_array_length(list) : 1));
    for (size_t i = 0; i < page->rows; i++) {
        struct json_object *object = json_is_array(list) ? json_array_item(list, i) : list;
        struct json_value id = json_member(object, "RestoreId");
        if (id.kind != JSON_TEXT || id.length == 0 || id.length > HBR_RESTORE_ID_MAX ||
            strlen(id.text) != id.length) {
            continue;
        }
        FUZZ_REQUIRE(job < page->job_count);
        for (size_t part = 0; part < hbr_restore_job_model.part_count; part++) {
            const char *name = hbr_restore_job_model.parts[part].name;
            compare_part(&page->jobs[job], part,
                         part == 0 ? object : json_member(object, name).object);
        }
        job++;
    }
    FUZZ_REQUIRE(job == page->job_count);
}

/* An answer against json-c's objects. */
static void compare_answer(const struct hbr_page *page, struct json_object *root)
{
    struct json_object *list = json_member(root, "RestoreJobs").object;
    if (json_is_object(list) && json_member(list, "RestoreId").kind == JSON_MISSING) {
        list = json_member(list, "RestoreJob").object;
    }
    if (json_is_array(list) || json_member(list, "RestoreId").kind != JSON_MISSING) {
        compare_list(page, list);
    } else {
        FUZZ_REQUIRE(page->rows == 0);
    }
}

/* What is exported can be imported, and is the same job. */
static void round_trip(const struct record *job)
{
    struct buffer json;
    struct hbr_page page;
    struct json_node *root = NULL;
    struct error err;
    buffer_init(&json, (size_t)64 << 20);
    FUZZ_REQUIRE(hbr_job_json(job, &json, &err));
    /* Refused when it nests too deeply. */
    if (json_read(json.data, json.length, JSON_VALUES_SAVED, &root, &err)) {
        FUZZ_REQUIRE(hbr_page_import(root, &page, &err));
        FUZZ_REQUIRE(page.job_count == 1);
        require_same_job(job, &page.jobs[0]);
        hbr_page_free(&page);
    }
    buffer_free(&json);
}

static void read_page(const char *text, size_t size, bool is_answer)
{
    struct json_node *root = NULL;
    struct json_object *object = NULL;
    struct hbr_page page;
    struct error err;
    if (!json_read(text, size, JSON_VALUES_SAVED, &root, &err)) {
        return;
    }
    FUZZ_REQUIRE(json_to_object(root, &object, &err));
    if (is_answer ? hbr_page_decode(root, &page, &err) : hbr_page_import(root, &page, &err)) {
        FUZZ_REQUIRE(page.job_count + page.rejected == page.rows);
        if (is_answer) {
            compare_answer(&page, object);
        }
        for (size_t i = 0; i < page.job_count; i++) {
            round_trip(&page.jobs[i]);
        }
        hbr_page_free(&page);
    }
    json_release(object);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = fuzz_text(data, size);
    read_page(text, size, true);
    read_page(text, size, false);
    free(text);
    return 0;
}
