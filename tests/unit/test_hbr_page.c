/* Pages: what an answer becomes, that nothing in it is lost, and which answers are none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../json_objects.h"
#include "base/file.h"
#include "base/json.h"
#include "hbr/page.h"
#include "hbr/restore_job.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define MODEL (&hbr_restore_job_model)

static struct json_node *parse(const char *text)
{
    struct json_node *root = NULL;
    struct error err;
    if (!json_read(text, strlen(text), JSON_VALUES_SAVED, &root, &err)) {
        print_error("%s: %s\n", text, err.message);
        fail();
    }
    return root;
}

static void decode(const char *text, struct hbr_page *page)
{
    struct error err;
    if (!hbr_page_decode(parse(text), page, &err)) {
        print_error("%s: %s\n", text, err.message);
        fail();
    }
}

static void import(const char *text, struct hbr_page *page)
{
    struct error err;
    if (!hbr_page_import(parse(text), page, &err)) {
        print_error("%s: %s\n", text, err.message);
        fail();
    }
}

/* A page of one job, which has these members besides its id. */
static void decode_job(const char *members, struct hbr_page *page)
{
    char text[8192];
    (void)snprintf(
        text, sizeof(text),
        "{\"TotalCount\":1,\"RestoreJobs\":{\"RestoreJob\":[{\"RestoreId\":\"r-1\"%s%s}]}}",
        members[0] != '\0' ? "," : "", members);
    decode(text, page);
    assert_int_equal(page->rows, 1);
    assert_int_equal(page->job_count, 1);
    assert_int_equal(page->rejected, 0);
    assert_true(page->jobs[0].present[HBR_JOB]);
}

static const struct value *value_of(const struct hbr_page *page, size_t job, size_t part,
                                    const char *name)
{
    int index = record_field_by_name(&MODEL->parts[part], name);
    assert_true(index >= 0);
    return &page->jobs[job].values[part][index];
}

static void assert_text(const struct value *value, const char *bytes, size_t length)
{
    assert_int_equal(value->kind, VALUE_TEXT);
    assert_int_equal(value->length, length);
    assert_memory_equal(value->text, bytes, length);
}

static void assert_string(const struct value *value, const char *text)
{
    assert_text(value, text, strlen(text));
}

static void assert_integer(const struct value *value, int64_t number)
{
    assert_int_equal(value->kind, VALUE_INTEGER);
    assert_int_equal(value->integer, number);
}

static void assert_id(const struct hbr_page *page, size_t job, const char *id)
{
    assert_true(job < page->job_count);
    assert_string(value_of(page, job, HBR_JOB, "RestoreId"), id);
}

/* Every value of a part but the key is NULL. */
static void assert_no_values(const struct hbr_page *page, size_t part)
{
    for (size_t i = 0; i < MODEL->parts[part].field_count; i++) {
        if (part != HBR_JOB || i != MODEL->key) {
            assert_int_equal(page->jobs[0].values[part][i].kind, VALUE_NULL);
        }
    }
}

/* `extra` of each part; NULL: there is none. Extra is JSON, whatever is in it. */
static void assert_extra(const struct hbr_page *page, const char *job, const char *report,
                         const char *ots)
{
    const char *expected[] = {job, report, ots};
    for (size_t part = 0; part < COUNT(expected); part++) {
        const struct value *extra = &page->jobs[0].extra[part];
        if (expected[part] == NULL) {
            assert_int_equal(extra->kind, VALUE_NULL);
            continue;
        }
        struct json_object *root = NULL;
        struct error err;
        assert_string(extra, expected[part]);
        char *copy = calloc(1, extra->length + 1U);
        assert_non_null(copy);
        memcpy(copy, extra->text, extra->length);
        assert_true(json_parse(copy, extra->length, JSON_VALUES_SAVED, &root, &err));
        assert_true(json_is_object(root));
        json_release(root);
        free(copy);
    }
}

static struct json_node *read_sample(void)
{
    struct buffer text;
    struct error err;
    struct json_node *root = NULL;
    buffer_init(&text, 1000000);
    assert_true(file_read(TEST_DATA_DIR "/sample-response.json", &text, NULL, &err));
    assert_true(json_read(text.data, text.length, JSON_VALUES_SAVED, &root, &err));
    buffer_free(&text);
    return root;
}

/* Each field has the value that the JSON itself gives it. */
static void assert_part_equals(const struct hbr_page *page, size_t part, struct json_object *object)
{
    for (size_t i = 0; i < MODEL->parts[part].field_count; i++) {
        const struct value *value = &page->jobs[0].values[part][i];
        struct json_value member = json_member(object, MODEL->parts[part].fields[i].name);
        switch (member.kind) {
        case JSON_TEXT:
            assert_text(value, member.text, member.length);
            break;
        case JSON_INTEGER:
        case JSON_BOOLEAN:
            assert_integer(value, member.integer);
            break;
        case JSON_MISSING:
            assert_int_equal(value->kind, VALUE_NULL);
            break;
        default:
            fail_msg("not in the sample");
        }
    }
}

static void test_sample(void **state)
{
    (void)state;
    struct hbr_page page;
    struct error err;
    struct json_node *root = read_sample();
    struct json_object *object = NULL;
    assert_true(json_to_object(root, &object, &err));
    struct json_object *job = json_array_item(
        json_member(json_member(object, "RestoreJobs").object, "RestoreJob").object, 0);
    assert_true(hbr_page_decode(root, &page, &err));
    assert_int_equal(page.rows, 1);
    assert_int_equal(page.job_count, 1);
    assert_int_equal(page.rejected, 0);
    assert_int_equal(page.unknown, 0);
    assert_int_equal(page.total_count, 1);
    assert_string_equal(page.request_id, "473469C7-AA6F-4DC5-B3DB-A3DC0DE3C83E");
    for (size_t part = 0; part < 3; part++) {
        assert_true(page.jobs[0].present[part]);
        assert_part_equals(&page, part,
                           part == 0 ? job : json_member(job, MODEL->parts[part].name).object);
    }
    assert_extra(&page, NULL, NULL, NULL);
    /* By hand, lest both sides of the comparison err alike. */
    assert_id(&page, 0, "r-0003*****8a");
    assert_integer(value_of(&page, 0, HBR_JOB, "Progress"), 10000);
    assert_integer(value_of(&page, 0, HBR_JOB, "CrossAccountUserId"), 0);
    assert_integer(value_of(&page, 0, HBR_JOB, "UpdatedTime"), 1554347313);
    assert_string(value_of(&page, 0, HBR_JOB, "TargetPath"), "\"D:\\\\rebk\"");
    assert_string(value_of(&page, 0, HBR_REPORT, "ReportTaskStatus"), "COMPLETE");
    assert_integer(value_of(&page, 0, HBR_OTS_DETAIL, "BatchChannelCount"), 2);
    assert_integer(value_of(&page, 0, HBR_OTS_DETAIL, "OverwriteExisting"), 0);
    hbr_page_free(&page);
    json_release(object);
}

static void test_absent_null_empty_zero(void **state)
{
    (void)state;
    struct hbr_page page;
    decode_job("", &page);
    assert_no_values(&page, HBR_JOB);
    assert_extra(&page, NULL, NULL, NULL);
    hbr_page_free(&page);

    decode_job("\"ErrorMessage\":null,\"Progress\":null,\"Report\":null,\"OtsDetail\":null", &page);
    assert_no_values(&page, HBR_JOB);
    assert_false(page.jobs[0].present[HBR_REPORT]);
    assert_false(page.jobs[0].present[HBR_OTS_DETAIL]);
    assert_extra(&page, NULL, NULL, NULL);
    assert_int_equal(page.unknown, 0);
    hbr_page_free(&page);

    decode_job(
        "\"ErrorMessage\":\"\",\"Progress\":0,\"Speed\":-1,\"BytesTotal\":9223372036854775807,"
        "\"BytesDone\":-9223372036854775808,\"ErrorFile\":\"a\\u0000b\"",
        &page);
    assert_string(value_of(&page, 0, HBR_JOB, "ErrorMessage"), "");
    assert_integer(value_of(&page, 0, HBR_JOB, "Progress"), 0);
    assert_integer(value_of(&page, 0, HBR_JOB, "Speed"), -1);
    assert_integer(value_of(&page, 0, HBR_JOB, "BytesTotal"), INT64_MAX);
    assert_integer(value_of(&page, 0, HBR_JOB, "BytesDone"), INT64_MIN);
    assert_text(value_of(&page, 0, HBR_JOB, "ErrorFile"), "a\0b", 3);
    assert_extra(&page, NULL, NULL, NULL);
    hbr_page_free(&page);
}

static void test_unknown_fields(void **state)
{
    (void)state;
    struct hbr_page page;
    decode_job(
        "\"New\":\"x\\\"y\\n\",\"Status\":\"FAILED\",\"Zero\":0,\"Null\":null,\"status\":true,"
        "\"Deep\":{\"a\":[1,{\"b\":1.50}],\"a/b\":18446744073709551616},\"k\\\"\\\\\":[]",
        &page);
    assert_string(value_of(&page, 0, HBR_JOB, "Status"), "FAILED");
    assert_extra(&page,
                 "{\"New\":\"x\\\"y\\n\",\"Zero\":0,\"Null\":null,\"status\":true,"
                 "\"Deep\":{\"a\":[1,{\"b\":1.50}],\"a/b\":18446744073709551616},\"k\\\"\\\\\":[]}",
                 NULL, NULL);
    assert_int_equal(page.unknown, 6);
    hbr_page_free(&page);

    decode_job("\"Report\":{\"TotalFiles\":\"t\",\"More\":1},\"OtsDetail\":{\"Less\":[2]},\"X\":3",
               &page);
    assert_string(value_of(&page, 0, HBR_REPORT, "TotalFiles"), "t");
    assert_extra(&page, "{\"X\":3}", "{\"More\":1}", "{\"Less\":[2]}");
    assert_int_equal(page.unknown, 3);
    hbr_page_free(&page);
}

static void test_wrong_types(void **state)
{
    (void)state;
    static const struct {
        const char *name, *value;
        size_t part;
    } cases[] = {
        {"Status", "5", HBR_JOB},
        {"Status", "true", HBR_JOB},
        {"Status", "1.5", HBR_JOB},
        {"Status", "{}", HBR_JOB},
        {"Status", "[\"FAILED\"]", HBR_JOB},
        {"Progress", "\"10\"", HBR_JOB},
        {"Progress", "\"\"", HBR_JOB},
        {"Progress", "10.0", HBR_JOB},
        {"Progress", "1e3", HBR_JOB},
        {"Progress", "true", HBR_JOB},
        {"Progress", "9223372036854775808", HBR_JOB},
        {"Progress", "-9223372036854775809", HBR_JOB},
        {"UpdatedTime", "\"2026-01-15\"", HBR_JOB},
        {"CompleteTime", "[]", HBR_JOB},
        {"TotalFiles", "7", HBR_REPORT},
        {"BatchChannelCount", "\"2\"", HBR_OTS_DETAIL},
        {"BatchChannelCount", "false", HBR_OTS_DETAIL},
        {"OverwriteExisting", "0", HBR_OTS_DETAIL},
        {"OverwriteExisting", "1", HBR_OTS_DETAIL},
        {"OverwriteExisting", "\"true\"", HBR_OTS_DETAIL},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        char member[256], members[512], extra[300];
        struct hbr_page page;
        const char *extras[3] = {NULL, NULL, NULL};
        (void)snprintf(member, sizeof(member), "\"%s\":%s", cases[i].name, cases[i].value);
        (void)snprintf(extra, sizeof(extra), "{%s}", member);
        if (cases[i].part == HBR_JOB) {
            (void)snprintf(members, sizeof(members), "%s", member);
        } else {
            (void)snprintf(members, sizeof(members), "\"%s\":{%s}",
                           MODEL->parts[cases[i].part].name, member);
        }
        extras[cases[i].part] = extra;
        decode_job(members, &page);
        assert_int_equal(value_of(&page, 0, cases[i].part, cases[i].name)->kind, VALUE_NULL);
        assert_extra(&page, extras[0], extras[1], extras[2]);
        assert_int_equal(page.unknown, 1);
        hbr_page_free(&page);
    }
}

static void test_booleans(void **state)
{
    (void)state;
    struct hbr_page page;
    decode_job("\"OtsDetail\":{\"OverwriteExisting\":true}", &page);
    assert_integer(value_of(&page, 0, HBR_OTS_DETAIL, "OverwriteExisting"), 1);
    assert_int_equal(value_of(&page, 0, HBR_OTS_DETAIL, "BatchChannelCount")->kind, VALUE_NULL);
    hbr_page_free(&page);
    decode_job("\"OtsDetail\":{\"OverwriteExisting\":null}", &page);
    assert_true(page.jobs[0].present[HBR_OTS_DETAIL]);
    assert_no_values(&page, HBR_OTS_DETAIL);
    assert_extra(&page, NULL, NULL, NULL);
    hbr_page_free(&page);
}

static void test_nested_parts(void **state)
{
    (void)state;
    static const char *const names[] = {"Report", "OtsDetail"};
    static const struct {
        const char *value;
        bool present, kept;
    } forms[] = {
        {"{}", true, false},    {"null", false, false},  {"[]", false, true},
        {"\"\"", false, true},  {"\"{}\"", false, true}, {"0", false, true},
        {"false", false, true}, {"1.5", false, true},    {"[{}]", false, true},
    };
    for (size_t n = 0; n < COUNT(names); n++) {
        for (size_t i = 0; i < COUNT(forms); i++) {
            char members[64], extra[80];
            struct hbr_page page;
            (void)snprintf(members, sizeof(members), "\"%s\":%s", names[n], forms[i].value);
            (void)snprintf(extra, sizeof(extra), "{%s}", members);
            decode_job(members, &page);
            assert_int_equal(page.jobs[0].present[n + 1], forms[i].present);
            assert_false(page.jobs[0].present[2 - n]);
            assert_no_values(&page, n + 1);
            assert_extra(&page, forms[i].kept ? extra : NULL, NULL, NULL);
            hbr_page_free(&page);
        }
    }
    /* A part's name is one only in the job itself. */
    struct hbr_page page;
    decode_job("\"Report\":{\"Report\":{\"TotalFiles\":\"t\"}}", &page);
    assert_no_values(&page, HBR_REPORT);
    assert_extra(&page, NULL, "{\"Report\":{\"TotalFiles\":\"t\"}}", NULL);
    hbr_page_free(&page);
}

static void test_unusable_ids(void **state)
{
    (void)state;
    char text[4096], long_id[HBR_RESTORE_ID_MAX + 2];
    struct hbr_page page;
    memset(long_id, 'i', sizeof(long_id) - 1);
    long_id[sizeof(long_id) - 1] = '\0';
    (void)snprintf(
        text, sizeof(text),
        "{\"RestoreJobs\":{\"RestoreJob\":["
        "{},{\"Status\":\"FAILED\",\"Unknown\":1},{\"RestoreId\":null},{\"RestoreId\":\"\"},"
        "{\"RestoreId\":5},{\"RestoreId\":true},{\"RestoreId\":[\"r\"]},"
        "{\"RestoreId\":\"r\\u0000x\"},{\"restoreId\":\"r\"},{\"RestoreId\":\"%s\"},"
        "{\"RestoreId\":\"good\",\"Z\":1},{\"RestoreId\":\"%s\"},"
        "null,5,\"r-1\",[],[{\"RestoreId\":\"r\"}],true]},\"TotalCount\":18}",
        long_id, long_id + 1);
    decode(text, &page);
    assert_int_equal(page.rows, 18);
    assert_int_equal(page.rejected, 16);
    assert_int_equal(page.job_count, 2);
    assert_id(&page, 0, "good");
    assert_extra(&page, "{\"Z\":1}", NULL, NULL);
    assert_id(&page, 1, long_id + 1);
    assert_int_equal(page.jobs[1].extra[0].kind, VALUE_NULL);
    assert_int_equal(page.unknown, 1);
    hbr_page_free(&page);
}

/* Many rows, each with an extra of its own: the buffer moves while it grows. */
static void test_many_rows(void **state)
{
    (void)state;
    struct buffer text;
    struct hbr_page page;
    struct error err;
    struct json_node *root = NULL;
    buffer_init(&text, 10000000);
    buffer_puts(&text, "{\"TotalCount\":5000,\"RestoreJobs\":{\"RestoreJob\":[");
    for (int i = 0; i < 3000; i++) {
        buffer_printf(
            &text, "%s{\"RestoreId\":\"r-%d\",\"N\":%d,\"Report\":{\"M\":\"%d\"},\"Progress\":%d}",
            i > 0 ? "," : "", i, i, i, i);
    }
    buffer_puts(&text, "]}}");
    assert_true(json_read(text.data, text.length, JSON_VALUES_SAVED, &root, &err));
    buffer_free(&text);
    assert_true(hbr_page_decode(root, &page, &err));
    assert_int_equal(page.job_count, 3000);
    for (int i = 0; i < 3000; i++) {
        char expected[64];
        (void)snprintf(expected, sizeof(expected), "r-%d", i);
        assert_id(&page, (size_t)i, expected);
        (void)snprintf(expected, sizeof(expected), "{\"N\":%d}", i);
        assert_string(&page.jobs[i].extra[HBR_JOB], expected);
        (void)snprintf(expected, sizeof(expected), "{\"M\":\"%d\"}", i);
        assert_string(&page.jobs[i].extra[HBR_REPORT], expected);
        assert_integer(value_of(&page, (size_t)i, HBR_JOB, "Progress"), i);
    }
    hbr_page_free(&page);
}

static void test_total_count(void **state)
{
    (void)state;
    static const struct {
        const char *member;
        int64_t expected;
    } cases[] = {
        {"\"TotalCount\":0,", 0},
        {"\"TotalCount\":1,", 1},
        {"\"TotalCount\":9223372036854775807,", INT64_MAX},
        {"", -1},
        {"\"TotalCount\":null,", -1},
        {"\"TotalCount\":-1,", -1},
        {"\"TotalCount\":-5,", -1},
        {"\"TotalCount\":\"5\",", 5},
        {"\"TotalCount\":\"0\",", 0},
        {"\"TotalCount\":\"9223372036854775807\",", INT64_MAX},
        {"\"TotalCount\":\"9223372036854775808\",", -1},
        {"\"TotalCount\":\"-5\",", -1},
        {"\"TotalCount\":\"+5\",", -1},
        {"\"TotalCount\":\"\",", -1},
        {"\"TotalCount\":\"12abc\",", -1},
        {"\"TotalCount\":\" 12\",", -1},
        {"\"TotalCount\":\"1.0\",", -1},
        {"\"TotalCount\":\"12\\u0000\",", -1},
        {"\"TotalCount\":5.0,", -1},
        {"\"TotalCount\":true,", -1},
        {"\"TotalCount\":[5],", -1},
        {"\"TotalCount\":{},", -1},
        {"\"TotalCount\":9223372036854775808,", -1},
        {"\"totalCount\":5,", -1},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        char text[256];
        struct hbr_page page;
        (void)snprintf(text, sizeof(text),
                       "{%s\"RestoreJobs\":{\"RestoreJob\":[{\"RestoreId\":\"r\"}]}}",
                       cases[i].member);
        decode(text, &page);
        assert_int_equal(page.total_count, cases[i].expected);
        assert_int_equal(page.job_count, 1);
        hbr_page_free(&page);
    }
}

static void test_envelopes(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t jobs;
    } cases[] = {
        {"{\"RestoreJobs\":{\"RestoreJob\":[{\"RestoreId\":\"r\"}]}}", 1},
        {"{\"RestoreJobs\":[{\"RestoreId\":\"r\"},{\"RestoreId\":\"s\"}]}", 2}, /* the flat form */
        {"{\"RestoreJobs\":[]}", 0},
        {"{\"RestoreJobs\":{\"RestoreJob\":[]}}", 0},
        {"{\"TotalCount\":0,\"RestoreJobs\":{}}", 0},
        {"{\"TotalCount\":0,\"RestoreJobs\":{\"RestoreJob\":null}}", 0},
        {"{\"TotalCount\":0,\"RestoreJobs\":null}", 0},
        {"{\"TotalCount\":0}", 0},
        {"{\"TotalCount\":7}", 0},
        {"{\"TotalCount\":\"0\"}", 0},
        {"{\"TotalCount\":\"0\",\"RestoreJobs\":{}}", 0},
        /* a list of none and of one, by a serializer that knows no lists */
        {"{\"TotalCount\":0,\"RestoreJobs\":{\"RestoreJob\":{}}}", 0},
        {"{\"TotalCount\":\"0\",\"RestoreJobs\":{\"RestoreJob\":{}}}", 0},
        {"{\"TotalCount\":1,\"RestoreJobs\":{\"RestoreJob\":{\"RestoreId\":\"r\"}}}", 1},
        {"{\"TotalCount\":1,\"RestoreJobs\":{\"RestoreId\":\"r\"}}", 1},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct hbr_page page;
        decode(cases[i].text, &page);
        assert_int_equal(page.job_count, cases[i].jobs);
        assert_int_equal(page.rows, cases[i].jobs);
        assert_string_equal(page.request_id, "");
        assert_int_equal(page.date, 0);
        hbr_page_free(&page);
    }
}

static void test_refused_envelopes(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "null",
        "5",
        "\"x\"",
        "true",
        "[]",
        "[{\"RestoreId\":\"r\"}]",
        "{\"TotalCount\":1,\"RestoreJobs\":\"\"}",
        "{\"TotalCount\":1,\"RestoreJobs\":\"[]\"}",
        "{\"TotalCount\":1,\"RestoreJobs\":5}",
        "{\"TotalCount\":1,\"RestoreJobs\":false}",
        "{\"TotalCount\":1,\"RestoreJobs\":1.5}",
        "{\"TotalCount\":1,\"RestoreJobs\":{\"RestoreJob\":{}}}",
        "{\"TotalCount\":null,\"RestoreJobs\":{\"RestoreJob\":{}}}",
        "{\"RestoreJobs\":{\"RestoreJob\":{}}}",
        "{\"TotalCount\":0,\"RestoreJobs\":{\"RestoreJob\":{\"Status\":\"FAILED\"}}}",
        "{\"TotalCount\":1,\"RestoreJobs\":{\"RestoreJob\":\"\"}}",
        "{\"TotalCount\":1,\"RestoreJobs\":{\"RestoreJob\":0}}",
        /* an answer that says nothing about jobs */
        "{}",
        "{\"Success\":true}",
        "{\"TotalCount\":null}",
        "{\"TotalCount\":\"-1\"}",
        "{\"TotalCount\":\"0x\"}",
        "{\"RestoreJobs\":null}",
        "{\"RestoreJobs\":{}}",
        "{\"RestoreJobs\":{},\"TotalCount\":\"\"}",
        "{\"RestoreId\":\"r\"}",
    };
    for (size_t i = 0; i < COUNT(bad); i++) {
        struct hbr_page page;
        struct error err;
        error_clear(&err);
        if (hbr_page_decode(parse(bad[i]), &page, &err)) {
            print_error("accepted: %s\n", bad[i]);
            fail();
        }
        assert_int_equal(err.code, ERROR_SERVICE);
        assert_true(err.retryable);
        assert_int_not_equal(err.message[0], '\0');
        /* The page is empty and owns nothing. */
        assert_null(page.root);
        assert_null(page.jobs);
        assert_int_equal(page.job_count, 0);
        hbr_page_free(&page);

        struct json_node *root = parse(bad[i]);
        assert_false(hbr_page_check(root, NULL, &err));
        json_free(root);
    }
    struct json_node *root = parse("{\"RestoreJobs\":[]}");
    struct error err;
    assert_true(hbr_page_check(root, NULL, &err));
    json_free(root);
}

/* As tests make pages: jobs of the heap, no JSON, and an extra that was never set up. */
static void test_a_page_made_by_hand(void **state)
{
    (void)state;
    struct hbr_page page = {.jobs = calloc(2, sizeof(*page.jobs)), .job_count = 2, .rows = 2};
    assert_non_null(page.jobs);
    hbr_page_free(&page);
    assert_null(page.jobs);
    assert_int_equal(page.job_count, 0);
    assert_int_equal(page.total_count, -1);
    hbr_page_free(&page);
}

/* A job that stands alone is decoded as one in a list is. */
static void test_a_single_job(void **state)
{
    (void)state;
    struct hbr_page page;
    decode("{\"TotalCount\":\"1\",\"RestoreJobs\":{\"RestoreJob\":{\"RestoreId\":\"r-1\","
           "\"Progress\":7,\"Report\":{\"M\":\"m\"}}}}",
           &page);
    assert_int_equal(page.rows, 1);
    assert_int_equal(page.total_count, 1);
    assert_id(&page, 0, "r-1");
    assert_integer(value_of(&page, 0, HBR_JOB, "Progress"), 7);
    assert_string(&page.jobs[0].extra[HBR_REPORT], "{\"M\":\"m\"}");
    hbr_page_free(&page);
    import("[{\"RestoreJobs\":{\"RestoreJob\":{\"RestoreId\":\"r-1\"}}},"
           "{\"RestoreJobs\":{\"RestoreJob\":{}},\"TotalCount\":0}]",
           &page);
    assert_int_equal(page.job_count, 1);
    assert_int_equal(page.rejected, 0);
    assert_id(&page, 0, "r-1");
    hbr_page_free(&page);
    /* Without a usable id it is a row that cannot be kept. */
    decode("{\"TotalCount\":1,\"RestoreJobs\":{\"RestoreJob\":{\"RestoreId\":null}}}", &page);
    assert_int_equal(page.rows, 1);
    assert_int_equal(page.rejected, 1);
    hbr_page_free(&page);
}

static void test_request_id(void **state)
{
    (void)state;
    static const struct {
        const char *json, *expected;
    } cases[] = {
        {"\"A-1\"", "A-1"},
        {"5", ""},
        {"\"a\\u0000b\"", ""},
        {"\"0123456789012345678901234567890123456789012345678901234567890123\"", ""}, /* 64 bytes */
        {"\"012345678901234567890123456789012345678901234567890123456789012\"",
         "012345678901234567890123456789012345678901234567890123456789012"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        char text[256];
        struct hbr_page page;
        (void)snprintf(text, sizeof(text), "{\"RequestId\":%s,\"RestoreJobs\":[]}", cases[i].json);
        decode(text, &page);
        assert_string_equal(page.request_id, cases[i].expected);
        hbr_page_free(&page);
    }
}

static void test_too_many_rows(void **state)
{
    (void)state;
    struct buffer text;
    struct hbr_page page;
    struct error err;
    struct json_node *root = NULL;
    buffer_init(&text, 1000000);
    buffer_puts(&text, "[0");
    for (int i = 0; i < HBR_ROWS_MAX; i++) {
        buffer_puts(&text, ",0");
    }
    buffer_puts(&text, "]");
    assert_true(json_read(text.data, text.length, JSON_VALUES_SAVED, &root, &err));
    assert_false(hbr_page_import(root, &page, &err));
    assert_int_equal(err.code, ERROR_USAGE);
    assert_string_equal(err.message, "100001 jobs at once are more than 100000");
    assert_null(page.root);
    buffer_free(&text);
}

static void test_freed_page(void **state)
{
    (void)state;
    struct hbr_page page;
    decode_job("\"X\":1", &page);
    hbr_page_free(&page);
    assert_null(page.root);
    assert_null(page.jobs);
    assert_int_equal(page.job_count, 0);
    assert_int_equal(page.total_count, -1);
    hbr_page_free(&page);
}

static void test_import_forms(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t rows, rejected;
        const char *ids[3];
    } cases[] = {
        {"{\"RestoreId\":\"a\"}", 1, 0, {"a"}},
        {"[]", 0, 0, {NULL}},
        {"[{\"RestoreId\":\"a\"},{\"RestoreId\":\"b\"}]", 2, 0, {"a", "b"}},
        {"{\"RestoreJobs\":{\"RestoreJob\":[{\"RestoreId\":\"a\"}]}}", 1, 0, {"a"}},
        {"{\"RestoreJobs\":[{\"RestoreId\":\"a\"}]}", 1, 0, {"a"}},
        {"{\"RestoreJobs\":[],\"TotalCount\":0}", 0, 0, {NULL}},
        {"{\"RestoreJobs\":{},\"TotalCount\":0}", 0, 0, {NULL}},
        {"{\"RestoreJobs\":null}", 0, 0, {NULL}},
        {"[{\"RestoreJobs\":[{\"RestoreId\":\"a\"}]},{\"RestoreJobs\":{\"RestoreJob\":"
         "[{\"RestoreId\":\"b\"},{\"RestoreId\":\"c\"}]}}]",
         3,
         0,
         {"a", "b", "c"}},
        {"[{\"RestoreId\":\"a\"},{\"RestoreJobs\":[{\"RestoreId\":\"b\"}]}]", 2, 0, {"a", "b"}},
        {"[{\"RestoreJobs\":[]},{\"RestoreId\":\"a\"}]", 1, 0, {"a"}},
        /* a job with a field of the answer's name */
        {"{\"RestoreId\":\"a\",\"RestoreJobs\":[{\"RestoreId\":\"b\"}]}", 1, 0, {"a"}},
        {"[{\"RestoreId\":\"a\",\"RestoreJobs\":{\"RestoreJob\":[]}}]", 1, 0, {"a"}},
        /* what is no job is counted, never passed over in silence */
        {"{}", 1, 1, {NULL}},
        {"{\"Code\":\"Forbidden\"}", 1, 1, {NULL}},
        {"{\"RestoreJobs\":\"x\"}", 1, 1, {NULL}},
        {"{\"RestoreJobs\":{\"RestoreJob\":5}}", 1, 1, {NULL}},
        {"[null,5,\"r\",[{\"RestoreId\":\"x\"}],{\"RestoreId\":\"a\"},{}]", 6, 5, {"a"}},
        {"[{\"RestoreJobs\":[{},{\"RestoreId\":\"a\"}]},{\"RestoreJobs\":7}]", 3, 2, {"a"}},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct hbr_page page;
        import(cases[i].text, &page);
        assert_int_equal(page.rows, cases[i].rows);
        assert_int_equal(page.rejected, cases[i].rejected);
        assert_int_equal(page.job_count, cases[i].rows - cases[i].rejected);
        for (size_t j = 0; j < page.job_count; j++) {
            assert_id(&page, j, cases[i].ids[j]);
        }
        hbr_page_free(&page);
    }
}

static void test_import_keeps_everything(void **state)
{
    (void)state;
    struct hbr_page page;
    import("[{\"RestoreId\":\"a\",\"X\":1,\"Report\":{\"TotalFiles\":\"t\",\"Y\":2}}]", &page);
    assert_id(&page, 0, "a");
    assert_true(page.jobs[0].present[HBR_REPORT]);
    assert_string(value_of(&page, 0, HBR_REPORT, "TotalFiles"), "t");
    assert_extra(&page, "{\"X\":1}", "{\"Y\":2}", NULL);
    assert_int_equal(page.unknown, 2);
    hbr_page_free(&page);

    struct error err;
    assert_true(hbr_page_import(read_sample(), &page, &err));
    assert_int_equal(page.job_count, 1);
    assert_id(&page, 0, "r-0003*****8a");
    assert_int_equal(page.unknown, 0);
    hbr_page_free(&page);
}

static void test_import_refuses_scalars(void **state)
{
    (void)state;
    static const char *const bad[] = {"null", "5", "\"r-1\"", "true", "1.5"};
    for (size_t i = 0; i < COUNT(bad); i++) {
        struct hbr_page page;
        struct error err;
        assert_false(hbr_page_import(parse(bad[i]), &page, &err));
        assert_int_equal(err.code, ERROR_USAGE);
        assert_null(page.root);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sample),
        cmocka_unit_test(test_absent_null_empty_zero),
        cmocka_unit_test(test_unknown_fields),
        cmocka_unit_test(test_wrong_types),
        cmocka_unit_test(test_booleans),
        cmocka_unit_test(test_nested_parts),
        cmocka_unit_test(test_unusable_ids),
        cmocka_unit_test(test_many_rows),
        cmocka_unit_test(test_total_count),
        cmocka_unit_test(test_envelopes),
        cmocka_unit_test(test_refused_envelopes),
        cmocka_unit_test(test_a_page_made_by_hand),
        cmocka_unit_test(test_a_single_job),
        cmocka_unit_test(test_request_id),
        cmocka_unit_test(test_too_many_rows),
        cmocka_unit_test(test_freed_page),
        cmocka_unit_test(test_import_forms),
        cmocka_unit_test(test_import_keeps_everything),
        cmocka_unit_test(test_import_refuses_scalars),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
