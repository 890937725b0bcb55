/* Answers of DescribeRestoreJobs2 and saved jobs: decoded, written out again, and read back alike.
 */
#include "base/json.h"
#include "fuzz.h"
#include "hbr/job_json.h"
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

/* What is exported can be imported, and is the same job. */
static void round_trip(const struct record *job)
{
    struct buffer json;
    struct hbr_page page;
    struct json_object *root = NULL;
    struct error err;
    buffer_init(&json, (size_t)64 << 20);
    FUZZ_REQUIRE(hbr_job_json(job, &json, &err));
    /* Refused when it nests too deeply. */
    if (json_parse(json.data, json.length, JSON_VALUES_SAVED, &root, &err)) {
        FUZZ_REQUIRE(hbr_page_import(root, &page, &err));
        FUZZ_REQUIRE(page.job_count == 1);
        require_same_job(job, &page.jobs[0]);
        hbr_page_free(&page);
    }
    buffer_free(&json);
}

static void read_page(const char *text, size_t size,
                      bool (*decode)(struct json_object *, struct hbr_page *, struct error *))
{
    struct json_object *root = NULL;
    struct hbr_page page;
    struct error err;
    if (!json_parse(text, size, JSON_VALUES_SAVED, &root, &err)) {
        return;
    }
    if (decode(root, &page, &err)) {
        FUZZ_REQUIRE(page.job_count + page.rejected == page.rows);
        for (size_t i = 0; i < page.job_count; i++) {
            round_trip(&page.jobs[i]);
        }
        hbr_page_free(&page);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = fuzz_text(data, size);
    read_page(text, size, hbr_page_decode);
    read_page(text, size, hbr_page_import);
    free(text);
    return 0;
}
