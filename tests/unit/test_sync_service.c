/* The memory service itself: what it answers to direct questions. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "hbr/restore_job.h"
#include "memory_service.h"

struct fixture {
    struct memory_service service;
    struct sync_service seam;
    struct hbr_query query;
    const char *values[2];
    struct sync_answer answer;
    char ids[128]; /* of the answer's rows, each with a blank behind it */
};

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    if (f == NULL) {
        return -1;
    }
    memory_init(&f->service);
    memory_begin_run(&f->service);
    f->seam = memory_bind(&f->service);
    f->query = (struct hbr_query){.region = "cn-hangzhou",
                                  .edition = "STANDARD",
                                  .restore_type = "",
                                  .page_number = 1,
                                  .page_size = 99};
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    hbr_page_free(&f->answer.page);
    memory_free(&f->service);
    free(f);
    return 0;
}

static void take(struct fixture *f)
{
    struct error err;
    hbr_page_free(&f->answer.page);
    if (!f->seam.wait(f->seam.context, &f->answer, &err)) {
        fail_msg("%s", err.message);
    }
    f->ids[0] = '\0';
    for (size_t i = 0; i < f->answer.page.job_count; i++) {
        strcat(f->ids, f->answer.page.jobs[i].values[HBR_JOB][HBR_RESTORE_ID].text);
        strcat(f->ids, " ");
    }
}

static void submit(struct fixture *f, void *tag)
{
    struct error err;
    if (!f->seam.submit(f->seam.context, &f->query, tag, &err)) {
        fail_msg("%s", err.message);
    }
}

static void ask(struct fixture *f)
{
    submit(f, f);
    take(f);
}

static void filter(struct fixture *f, const char *key, const char *op, const char *first,
                   const char *second)
{
    f->values[0] = first;
    f->values[1] = second;
    f->query.filters[0] = (struct hbr_filter){key, op, f->values, second != NULL ? 2 : 1};
    f->query.filter_count = 1;
}

/* The seconds after MEMORY_NOW as text. */
static const char *at(int seconds)
{
    static char texts[4][24];
    static int next;
    char *text = texts[next++ % 4];
    (void)snprintf(text, 24, "%lld", (long long)MEMORY_NOW + seconds);
    return text;
}

/* r-e finished at -100, r-l open, r-g finished at -50, r-b odd; in this order of creation. */
static void add_four(struct fixture *f)
{
    memory_add(&f->service, 0, MEMORY_FINISHED, MEMORY_NOW - 100);
    memory_add(&f->service, 1, MEMORY_OPEN, 0);
    memory_add(&f->service, 2, MEMORY_FINISHED, MEMORY_NOW - 50);
    memory_add(&f->service, 3, MEMORY_ODD, 0);
}

static void assert_rows(const struct fixture *f, const char *ids, int64_t total)
{
    assert_int_equal(f->answer.failure.code, ERROR_NONE);
    assert_string_equal(f->ids, ids);
    assert_int_equal(f->answer.page.total_count, total);
}

static void test_an_empty_world(void **state)
{
    struct fixture *f = *state;
    ask(f);
    assert_rows(f, "", 0);
    assert_int_equal(f->answer.page.date, MEMORY_NOW);
    assert_ptr_equal(f->answer.tag, f);
}

static void test_a_record_has_the_fields_that_matter(void **state)
{
    struct fixture *f = *state;
    memory_add(&f->service, 0, MEMORY_OPEN, 0);
    struct memory_job *job = memory_add(&f->service, 1, MEMORY_FINISHED, MEMORY_NOW - 9);
    job->parent = 0;
    job->report = true;
    ask(f);
    const struct record *open = &f->answer.page.jobs[0], *child = &f->answer.page.jobs[1];
    assert_true(hbr_job_is_open(open));
    assert_int_equal(hbr_job_complete_time(open), 0);
    assert_false(open->present[HBR_REPORT]);
    assert_false(hbr_job_is_open(child));
    assert_int_equal(hbr_job_complete_time(child), MEMORY_NOW - 9);
    assert_int_equal(child->values[HBR_JOB][HBR_UPDATED_TIME].integer, MEMORY_NOW - 9);
    assert_true(hbr_job_has_type(child, "ECS_FILE"));
    assert_true(child->present[HBR_JOB] && child->present[HBR_REPORT]);
    assert_string_equal(child->values[HBR_JOB][1].text, "r-e");
}

static void test_orders(void **state)
{
    struct fixture *f = *state;
    add_four(f);
    f->service.jobs[1].versions[0].updated = MEMORY_NOW - 70;
    static const char *const expected[MEMORY_ORDERS] = {"r-e r-l r-g r-b ", "r-b r-g r-l r-e ",
                                                        "r-b r-l r-g r-e ", "r-b r-g r-l r-e ",
                                                        "r-b r-e r-g r-l "};
    for (int i = 0; i < MEMORY_ORDERS; i++) {
        f->service.ways.order = (enum memory_order)i;
        ask(f);
        assert_rows(f, expected[i], 4);
    }
}

static void test_pages(void **state)
{
    struct fixture *f = *state;
    add_four(f);
    f->query.page_size = 3;
    ask(f);
    assert_rows(f, "r-e r-l r-g ", 4);
    f->query.page_number = 2;
    ask(f);
    assert_rows(f, "r-b ", 4);
    f->query.page_number = 3;
    ask(f);
    assert_rows(f, "", 4);
}

static void test_deep_pages(void **state)
{
    struct fixture *f = *state;
    add_four(f);
    f->service.ways.page_cap = 2;
    f->query.page_size = 2;
    ask(f);
    assert_rows(f, "r-e r-l ", 4);
    f->query.page_number = 2;
    ask(f);
    assert_int_equal(f->answer.failure.code, ERROR_SERVICE);
    assert_int_equal(f->answer.refusal, HBR_REFUSED_PARAMETER);
    f->service.ways.deep = MEMORY_DEEP_EMPTY;
    ask(f);
    assert_rows(f, "", 4);
    f->service.ways.deep = MEMORY_DEEP_REPEATED;
    ask(f);
    assert_rows(f, "r-e r-l ", 4);
    f->service.ways.deep = MEMORY_DEEP_REFUSED;
    ask(f);
    assert_int_equal(f->answer.refusal, HBR_REFUSED);
}

static void test_a_total_that_ends(void **state)
{
    struct fixture *f = *state;
    add_four(f);
    f->service.ways.total_cap = 3;
    ask(f);
    assert_rows(f, "r-e r-l r-g r-b ", 3);
}

static void test_between_and_its_ends(void **state)
{
    struct fixture *f = *state;
    static const char *const expected[] = {"r-e r-g ", "r-g ", "r-e ", ""};
    add_four(f);
    filter(f, "CompleteTime", "BETWEEN", at(-100), at(-50));
    for (int i = 0; i < 4; i++) {
        f->service.ways.lower_out = (i & 1) != 0;
        f->service.ways.upper_out = (i & 2) != 0;
        ask(f);
        assert_rows(f, expected[i], (int64_t)strlen(expected[i]) / 4);
    }
    filter(f, "CompleteTime", "BETWEEN", "1", at(-1));
    ask(f);
    assert_rows(f, "r-e r-g ", 2); /* what has not finished is in no range */
    filter(f, "CompleteTime", "GREATER_THAN_OR_EQUAL", at(-50), NULL);
    ask(f);
    assert_rows(f, "r-g ", 1);
}

static void test_status(void **state)
{
    struct fixture *f = *state;
    add_four(f);
    filter(f, "Status", "IN", "RUNNING", "QUEUED");
    ask(f);
    assert_rows(f, "r-l ", 1);
    filter(f, "Status", "IN", "MOUNTED", NULL);
    ask(f);
    assert_rows(f, "r-b ", 1);
}

static void test_filters_ignored_and_refused(void **state)
{
    struct fixture *f = *state;
    add_four(f);
    f->service.ways.status = MEMORY_IGNORED;
    f->service.ways.complete_time = MEMORY_REFUSED;
    filter(f, "Status", "IN", "RUNNING", NULL);
    ask(f);
    assert_rows(f, "r-e r-l r-g r-b ", 4);
    filter(f, "CompleteTime", "BETWEEN", "1", at(0));
    ask(f);
    assert_int_equal(f->answer.refusal, HBR_REFUSED_PARAMETER);
    assert_int_equal(f->answer.failure.http_status, 400);
}

static void test_ids(void **state)
{
    struct fixture *f = *state;
    add_four(f);
    filter(f, "restoreId", "IN", "r-g", "r-x");
    ask(f);
    assert_rows(f, "r-g ", 1);
    filter(f, "JobId", "IN", "r-g", NULL);
    ask(f);
    assert_rows(f, "", 0);
    f->service.ways.else_ids = MEMORY_IGNORED;
    ask(f);
    assert_rows(f, "r-e r-l r-g r-b ", 4);
    f->service.ways.id_key = MEMORY_JOB_ID;
    ask(f);
    assert_rows(f, "r-g ", 1);
    f->service.ways.else_ids = MEMORY_REFUSED;
    filter(f, "RestoreId", "IN", "r-g", NULL);
    ask(f);
    assert_int_equal(f->answer.refusal, HBR_REFUSED_PARAMETER);
}

static void test_types(void **state)
{
    struct fixture *f = *state;
    add_four(f);
    f->service.jobs[2].type = 1;
    f->service.ways.untyped_lacks = 2;
    ask(f);
    assert_rows(f, "r-e r-l r-b ", 3);
    f->query.restore_type = "OSS";
    ask(f);
    assert_rows(f, "r-g ", 1);
    f->service.ways.untyped_refused = true;
    ask(f);
    assert_rows(f, "r-g ", 1);
    f->query.restore_type = NULL;
    ask(f);
    assert_int_equal(f->answer.refusal, HBR_REFUSED_PARAMETER);
}

static void test_editions(void **state)
{
    struct fixture *f = *state;
    add_four(f);
    f->service.jobs[2].basic = true;
    ask(f);
    assert_rows(f, "r-e r-l r-b ", 3);
    f->query.edition = "BASIC";
    ask(f);
    assert_rows(f, "r-g ", 1);
    f->service.ways.edition = MEMORY_EDITION_REFUSED;
    ask(f);
    assert_int_equal(f->answer.refusal, HBR_REFUSED_PARAMETER);
    f->service.ways.edition = MEMORY_EDITION_FORBIDDEN;
    ask(f);
    assert_int_equal(f->answer.failure.code, ERROR_SERVICE);
    assert_int_equal(f->answer.failure.http_status, 403);
    assert_int_equal(f->answer.refusal, HBR_NO_REFUSAL);
    f->service.ways.edition = MEMORY_EDITION_IGNORED;
    ask(f);
    assert_rows(f, "r-e r-l r-g r-b ", 4);
}

static void test_children(void **state)
{
    struct fixture *f = *state;
    add_four(f);
    f->service.jobs[2].parent = 1;
    filter(f, "ParentId", "NOT_EQUAL", "", NULL);
    ask(f);
    assert_rows(f, "r-g ", 1);
    f->service.ways.children_apart = true;
    ask(f);
    assert_rows(f, "r-g ", 1);
    f->service.ways.parent_in_only = true;
    ask(f);
    assert_int_equal(f->answer.refusal, HBR_REFUSED_PARAMETER);
    filter(f, "ParentId", "IN", "r-l", NULL);
    ask(f);
    assert_rows(f, "r-g ", 1);
    f->query.filter_count = 0;
    ask(f);
    assert_rows(f, "r-e r-l r-b ", 3);
    assert_true(memory_apply(&f->service, MEMORY_VANISH, 1, 0));
    assert_false(memory_reachable(&f->service, 2));
    f->query.filter_count = 1;
    ask(f);
    assert_rows(f, "", 0);
}

static void test_dates(void **state)
{
    struct fixture *f = *state;
    f->service.ways.date_offset = -600;
    ask(f);
    assert_int_equal(f->answer.page.date, MEMORY_NOW - 600);
    f->service.ways.undated = true;
    ask(f);
    assert_int_equal(f->answer.page.date, 0);
}

static size_t the_last(size_t count, void *context)
{
    (void)context;
    return count - 1;
}

/* An answer is what the world is when it is taken, whichever question that is. */
static void test_answers_are_computed_when_taken(void **state)
{
    struct fixture *f = *state;
    static const struct memory_step script[] = {
        {1, MEMORY_VANISH, 0, 0}, {2, MEMORY_FINISH, 1, 3}, {2, MEMORY_CREATE, 5, 0}};
    int first = 0, second = 0;
    add_four(f);
    f->service.script = script;
    f->service.script_count = 3;
    f->service.choose = the_last;
    submit(f, &first);
    submit(f, &second);
    assert_int_equal(f->service.question_count, 2);
    take(f);
    assert_ptr_equal(f->answer.tag, &second);
    assert_rows(f, "r-l r-g r-b ", 3);
    take(f);
    assert_ptr_equal(f->answer.tag, &first);
    assert_rows(f, "r-l r-g r-b r-d ", 4);
    assert_int_equal(hbr_job_complete_time(&f->answer.page.jobs[0]), MEMORY_NOW - 3);
    assert_int_equal(f->seam.usage(f->seam.context).requests, 2);
    assert_false(f->service.jobs[0].always);
    assert_true(f->service.jobs[0].absent);
    assert_true(f->service.jobs[1].always);
    assert_false(f->service.jobs[5].always);
}

static void test_faults(void **state)
{
    struct fixture *f = *state;
    static const struct memory_step script[] = {
        {1, MEMORY_FAIL, 0, 0}, {2, MEMORY_REFUSE, 0, 0}, {4, MEMORY_STOP, 0, 0}};
    struct error err;
    f->service.script = script;
    f->service.script_count = 3;
    ask(f);
    assert_int_equal(f->answer.failure.code, ERROR_SERVICE);
    assert_int_equal(f->answer.refusal, HBR_NO_REFUSAL);
    assert_false(f->service.begun);
    ask(f);
    assert_int_equal(f->answer.refusal, HBR_REFUSED_PARAMETER);
    ask(f);
    assert_rows(f, "", 0);
    submit(f, f);
    hbr_page_free(&f->answer.page);
    assert_false(f->seam.wait(f->seam.context, &f->answer, &err));
    assert_int_equal(err.code, ERROR_INTERRUPTED);
    f->seam.cancel(f->seam.context);
    assert_int_equal(f->service.question_count, 0);
}

static void test_events_that_cannot_happen(void **state)
{
    struct fixture *f = *state;
    add_four(f);
    assert_false(memory_apply(&f->service, MEMORY_CREATE, 0, 0));
    assert_false(memory_apply(&f->service, MEMORY_RETURN, 0, 0));
    assert_false(memory_apply(&f->service, MEMORY_REOPEN, 1, 0));
    assert_false(memory_apply(&f->service, MEMORY_REOPEN, 3, 0));
    assert_false(memory_apply(&f->service, MEMORY_FINISH, 0, 0));
    assert_false(memory_apply(&f->service, MEMORY_VANISH, 4, 0));
    assert_true(memory_apply(&f->service, MEMORY_VANISH, 0, 0));
    assert_false(memory_apply(&f->service, MEMORY_VANISH, 0, 0));
    assert_false(memory_apply(&f->service, MEMORY_CHANGE, 0, 0));
    assert_true(memory_apply(&f->service, MEMORY_RETURN, 0, 0));
    assert_true(f->service.returned);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_an_empty_world, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_record_has_the_fields_that_matter, setup, teardown),
        cmocka_unit_test_setup_teardown(test_orders, setup, teardown),
        cmocka_unit_test_setup_teardown(test_pages, setup, teardown),
        cmocka_unit_test_setup_teardown(test_deep_pages, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_total_that_ends, setup, teardown),
        cmocka_unit_test_setup_teardown(test_between_and_its_ends, setup, teardown),
        cmocka_unit_test_setup_teardown(test_status, setup, teardown),
        cmocka_unit_test_setup_teardown(test_filters_ignored_and_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(test_ids, setup, teardown),
        cmocka_unit_test_setup_teardown(test_types, setup, teardown),
        cmocka_unit_test_setup_teardown(test_editions, setup, teardown),
        cmocka_unit_test_setup_teardown(test_children, setup, teardown),
        cmocka_unit_test_setup_teardown(test_dates, setup, teardown),
        cmocka_unit_test_setup_teardown(test_answers_are_computed_when_taken, setup, teardown),
        cmocka_unit_test_setup_teardown(test_faults, setup, teardown),
        cmocka_unit_test_setup_teardown(test_events_that_cannot_happen, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
