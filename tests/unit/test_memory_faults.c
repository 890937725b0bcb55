/* No memory at each allocation in turn: "out of memory" and nothing left behind, or the whole
 * result. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define FAULTS_IN_MEMORY
#include "../json_objects.h"
#include "acs/signature.h"
#include "base/json.h"
#include "base/row_set.h"
#include "faults.h"
#include "hbr/page.h"
#include "hbr/restore_job.h"

#define MOST_CALLS 100000

static const char answer[] =
    "{\"TotalCount\":2,\"RequestId\":\"r\",\"RestoreJobs\":{\"RestoreJob\":["
    "{\"RestoreId\":\"r-1\",\"Status\":\"COMPLETE\",\"Progress\":10000,\"Speed\":1.5,"
    "\"Report\":{\"TotalFiles\":\"7\",\"New\":[1,{\"a\":\"b\\u00e9\"},null,true]},"
    "\"Unknown\":{\"deep\":[[\"x\"]]},\"BytesDone\":99999999999999999999},"
    "{\"RestoreId\":\"r-2\",\"OtsDetail\":{\"BatchChannelCount\":3,\"OverwriteExisting\":false}}]}"
    "}";

/* Calls `work` without memory at each allocation, until none is left to fail. */
static void fail_each(bool (*work)(struct buffer *out, struct error *err))
{
    struct buffer expected;
    struct error err;
    fault_arm(0, false);
    buffer_init(&expected, 1 << 20);
    assert_true(work(&expected, &err));
    for (int on = 0; on < 2; on++) {
        unsigned long at = 1;
        for (bool happened = true; happened; at++) {
            struct buffer out;
            error_clear(&err);
            buffer_init(&out, 1 << 20);
            fault_arm(at, on != 0);
            bool done = work(&out, &err);
            happened = fault_happened();
            fault_arm(0, false);
            if (done) {
                assert_string_equal(out.data, expected.data);
            } else {
                assert_true(happened);
                assert_int_equal(err.code, ERROR_INTERNAL);
                assert_non_null(strstr(err.message, "out of memory"));
            }
            buffer_free(&out);
            assert_true(at < MOST_CALLS);
        }
        assert_true(at > 2);
    }
    buffer_free(&expected);
}

static bool parse_and_write(struct buffer *out, struct error *err)
{
    struct json_node *root = NULL;
    struct json_object *object = NULL;
    if (!json_read(answer, sizeof(answer) - 1, JSON_VALUES_SAVED, &root, err)) {
        return false;
    }
    json_write(root, out);
    bool ok = json_to_object(root, &object, err);
    json_free(root);
    json_release(object);
    return ok && buffer_ok(out, "the text", err);
}

static bool write_jobs(const struct hbr_page *page, struct buffer *out, struct error *err)
{
    for (size_t i = 0; i < page->job_count; i++) {
        if (!hbr_job_json(&page->jobs[i], out, err)) {
            return false;
        }
    }
    return true;
}

static bool decode_and_encode(bool (*decode)(struct json_node *root, struct hbr_page *page,
                                             struct error *err),
                              struct buffer *out, struct error *err)
{
    struct json_node *root = NULL;
    struct hbr_page page;
    if (!json_read(answer, sizeof(answer) - 1, JSON_VALUES_SAVED, &root, err) ||
        !decode(root, &page, err)) {
        return false;
    }
    bool ok = write_jobs(&page, out, err);
    hbr_page_free(&page);
    return ok;
}

static bool decode_answer(struct buffer *out, struct error *err)
{
    return decode_and_encode(hbr_page_decode, out, err);
}

static bool decode_import(struct buffer *out, struct error *err)
{
    return decode_and_encode(hbr_page_import, out, err);
}

static bool sign(struct buffer *out, struct error *err)
{
    static const struct acs_parameter parameters[] = {{"b", "2 3"}, {"a", "/"}, {"c", ""}};
    const struct acs_signing_input input = {
        .host = "hbr.cn-hangzhou.aliyuncs.com",
        .action = "DescribeRestoreJobs2",
        .version = "2017-09-08",
        .date = "2026-01-01T00:00:00Z",
        .nonce = "0123456789abcdef0123456789abcdef",
        .access_key_id = "id",
        .access_key_secret = "secret",
        .security_token = "token",
        .parameters = parameters,
        .parameter_count = 3,
    };
    return acs_authorization(&input, out, err);
}

static bool unite_rows(struct buffer *out, struct error *err)
{
    struct row_set left = {0};
    struct row_set right = {0};
    bool ok = row_set_add(&left, 1, NULL, err) && row_set_add(&left, 5000, NULL, err) &&
              row_set_add(&right, 5000, NULL, err) && row_set_add(&right, 1000000, NULL, err) &&
              row_set_unite(&left, &right, err);
    int64_t rows = 0;
    for (int64_t row = row_set_next(&left, 0); row != 0; row = row_set_next(&left, row)) {
        rows++;
        buffer_printf(out, "%lld ", (long long)row);
    }
    assert_true(row_set_count(&left) == rows);
    row_set_free(&left);
    row_set_free(&right);
    return ok && buffer_ok(out, "the rows", err);
}

static void test_rows(void **state)
{
    (void)state;
    fail_each(unite_rows);
}

static void test_json(void **state)
{
    (void)state;
    fail_each(parse_and_write);
}

static void test_page(void **state)
{
    (void)state;
    fail_each(decode_answer);
    fail_each(decode_import);
}

static void test_signature(void **state)
{
    (void)state;
    fail_each(sign);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_json),
        cmocka_unit_test(test_page),
        cmocka_unit_test(test_signature),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
