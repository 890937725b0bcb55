/* The table of RestoreJob's fields, held against the API page's own sample answer. */
#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "../json_objects.h"
#include "base/file.h"
#include "base/json.h"
#include "hbr/restore_job.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static struct json_object *sample_root;

static int read_sample(void **state)
{
    struct buffer text;
    struct error err;
    (void)state;
    buffer_init(&text, 1000000);
    bool ok = file_read(TEST_DATA_DIR "/sample-response.json", &text, NULL, &err) &&
              json_parse(text.data, text.length, JSON_VALUES_SAVED, &sample_root, &err);
    buffer_free(&text);
    return ok ? 0 : -1;
}

static int free_sample(void **state)
{
    (void)state;
    json_release(sample_root);
    return 0;
}

static struct json_object *sample_job(void)
{
    struct json_object *list = json_member(sample_root, "RestoreJobs").object;
    return json_array_item(json_member(list, "RestoreJob").object, 0);
}

static const struct record_part *part(size_t index)
{
    return &hbr_restore_job_model.parts[index];
}

/* Written from the naming rule alone: a capital letter begins a word; the words are joined by "_".
 */
static void snake_case(const char *name, char target[128])
{
    size_t at = 0;
    for (const char *byte = name; *byte != '\0'; byte++) {
        bool capital = isupper((unsigned char)*byte) != 0;
        if (capital && byte != name) {
            target[at++] = '_';
        }
        target[at++] = (char)tolower((unsigned char)*byte);
    }
    target[at] = '\0';
}

static enum field_type type_of(struct json_value value)
{
    switch (value.kind) {
    case JSON_TEXT:
        return FIELD_TEXT;
    case JSON_INTEGER:
        return FIELD_INTEGER;
    case JSON_BOOLEAN:
        return FIELD_BOOLEAN;
    default:
        break;
    }
    fail_msg("the sample holds a member that is no scalar");
    return FIELD_TEXT;
}

struct sample_walk {
    const struct record_part *part;
    size_t scalars, nested;
};

/* Every member of the sample is in the table, with the sample's type. */
static bool check_member(const char *name, struct json_object *node, void *context)
{
    struct sample_walk *walk = context;
    if (json_is_object(node)) {
        walk->nested++;
        return true;
    }
    int index = record_field_by_name(walk->part, name);
    if (index < 0) {
        print_error("%s is not in the table\n", name);
    }
    assert_true(index >= 0);
    assert_int_equal(walk->part->fields[index].type, type_of(json_describe(node)));
    walk->scalars++;
    return true;
}

static void test_sample_is_covered(void **state)
{
    (void)state;
    struct sample_walk job = {.part = part(HBR_JOB)};
    json_each_member(sample_job(), check_member, &job);
    assert_int_equal(job.scalars, 47);
    assert_int_equal(job.nested, 2);
    struct sample_walk report = {.part = part(HBR_REPORT)};
    json_each_member(json_member(sample_job(), "Report").object, check_member, &report);
    assert_int_equal(report.scalars, 5);
    assert_int_equal(report.nested, 0);
    struct sample_walk ots = {.part = part(HBR_OTS_DETAIL)};
    json_each_member(json_member(sample_job(), "OtsDetail").object, check_member, &ots);
    assert_int_equal(ots.scalars, 2);
    assert_int_equal(ots.nested, 0);
}

/* ... and nothing else is, but what is newer than the page, in the table's order. */
static void test_nothing_beyond_the_sample(void **state)
{
    (void)state;
    static const struct field newer[] = {
        {"SourceResourceId", "source_resource_id", FIELD_TEXT},
    };
    size_t absent = 0;
    assert_int_equal(part(HBR_JOB)->field_count, 47 + COUNT(newer));
    for (size_t i = 0; i < part(HBR_JOB)->field_count; i++) {
        const struct field *field = &part(HBR_JOB)->fields[i];
        if (json_member(sample_job(), field->name).kind == JSON_MISSING) {
            assert_true(absent < COUNT(newer));
            assert_string_equal(field->name, newer[absent].name);
            assert_int_equal(field->type, newer[absent++].type);
        }
    }
    assert_int_equal(absent, COUNT(newer));
    for (size_t p = HBR_REPORT; p <= HBR_OTS_DETAIL; p++) {
        struct json_object *nested = json_member(sample_job(), part(p)->name).object;
        assert_true(json_is_object(nested));
        for (size_t i = 0; i < part(p)->field_count; i++) {
            assert_int_not_equal(json_member(nested, part(p)->fields[i].name).kind, JSON_MISSING);
        }
    }
    assert_int_equal(part(HBR_REPORT)->field_count, 5);
    assert_int_equal(part(HBR_OTS_DETAIL)->field_count, 2);
}

static void test_columns(void **state)
{
    (void)state;
    for (size_t p = 0; p < hbr_restore_job_model.part_count; p++) {
        for (size_t i = 0; i < part(p)->field_count; i++) {
            char expected[128];
            const struct field *field = &part(p)->fields[i];
            snake_case(field->name, expected);
            assert_string_equal(field->column, expected);
            for (size_t j = 0; j < i; j++) {
                assert_string_not_equal(field->name, part(p)->fields[j].name);
                assert_string_not_equal(field->column, part(p)->fields[j].column);
            }
        }
    }
}

static void test_parts(void **state)
{
    (void)state;
    assert_int_equal(hbr_restore_job_model.part_count, 3);
    assert_string_equal(part(HBR_JOB)->name, "");
    assert_string_equal(part(HBR_JOB)->table, "restore_job");
    assert_string_equal(part(HBR_REPORT)->name, "Report");
    assert_string_equal(part(HBR_REPORT)->table, "restore_job_report");
    assert_string_equal(part(HBR_OTS_DETAIL)->name, "OtsDetail");
    assert_string_equal(part(HBR_OTS_DETAIL)->table, "restore_job_ots_detail");
}

static void test_indexes(void **state)
{
    (void)state;
    static const struct {
        size_t index;
        const char *name;
        enum field_type type;
    } named[] = {
        {HBR_RESTORE_ID, "RestoreId", FIELD_TEXT},
        {HBR_RESTORE_TYPE, "RestoreType", FIELD_TEXT},
        {HBR_STATUS, "Status", FIELD_TEXT},
        {HBR_COMPLETE_TIME, "CompleteTime", FIELD_INTEGER},
        {HBR_UPDATED_TIME, "UpdatedTime", FIELD_INTEGER},
    };
    for (size_t i = 0; i < COUNT(named); i++) {
        assert_string_equal(part(HBR_JOB)->fields[named[i].index].name, named[i].name);
        assert_int_equal(part(HBR_JOB)->fields[named[i].index].type, named[i].type);
    }
    assert_int_equal(hbr_restore_job_model.key, HBR_RESTORE_ID);
    assert_int_equal(hbr_restore_job_model.version, HBR_UPDATED_TIME);
}

static void set_text(struct record *job, size_t field, const char *bytes, size_t length)
{
    job->values[HBR_JOB][field] =
        (struct value){.kind = VALUE_TEXT, .length = (uint32_t)length, .text = bytes};
}

static void test_complete_time(void **state)
{
    (void)state;
    struct record job = {0};
    assert_int_equal(hbr_job_complete_time(&job), 0);
    struct value *value = &job.values[HBR_JOB][HBR_COMPLETE_TIME];
    *value = (struct value){.kind = VALUE_INTEGER, .integer = 1554347313};
    assert_int_equal(hbr_job_complete_time(&job), 1554347313);
    *value = (struct value){.kind = VALUE_NULL, .integer = 5};
    assert_int_equal(hbr_job_complete_time(&job), 0);
}

static void test_status_and_type(void **state)
{
    (void)state;
    struct record job = {0};
    assert_false(hbr_job_is_open(&job));
    set_text(&job, HBR_STATUS, "RUNNINGX", 7);
    assert_false(hbr_job_has_type(&job, "RUNNING"));
    assert_true(hbr_job_is_open(&job));
    set_text(&job, HBR_STATUS, "running", 7);
    assert_false(hbr_job_is_open(&job));
    set_text(&job, HBR_STATUS, "RUNNING\0", 8);
    assert_false(hbr_job_is_open(&job));
    set_text(&job, HBR_STATUS, "", 0);
    assert_false(hbr_job_is_open(&job));
    set_text(&job, HBR_RESTORE_TYPE, "ECS_FILE", 8);
    assert_true(hbr_job_has_type(&job, "ECS_FILE"));
    assert_false(hbr_job_has_type(&job, "FILE"));
}

static void test_open_statuses(void **state)
{
    (void)state;
    static const char *const open[] = {"CREATED", "QUEUED", "RUNNING", "CANCELING"};
    for (size_t i = 0; i < COUNT(open); i++) {
        struct record job = {0};
        set_text(&job, HBR_STATUS, open[i], strlen(open[i]));
        assert_true(hbr_job_is_open(&job));
        assert_string_equal(hbr_open_statuses[i], open[i]);
    }
    assert_null(hbr_open_statuses[COUNT(open)]);
    size_t others = 0;
    for (; hbr_final_statuses[others] != NULL; others++) {
        struct record job = {0};
        set_text(&job, HBR_STATUS, hbr_final_statuses[others], strlen(hbr_final_statuses[others]));
        assert_false(hbr_job_is_open(&job));
    }
    /* The API page: COMPLETE, PARTIAL_COMPLETE, FAILED. */
    assert_true(others >= 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sample_is_covered), cmocka_unit_test(test_nothing_beyond_the_sample),
        cmocka_unit_test(test_columns),           cmocka_unit_test(test_parts),
        cmocka_unit_test(test_indexes),           cmocka_unit_test(test_complete_time),
        cmocka_unit_test(test_status_and_type),   cmocka_unit_test(test_open_statuses),
    };
    return cmocka_run_group_tests(tests, read_sample, free_sample);
}
