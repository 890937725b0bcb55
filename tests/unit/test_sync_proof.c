/* The proof: each number that can deny it, what is said about it, and JSON there and back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../json_objects.h"
#include "base/json.h"
#include "store/state.h"
#include "sync/proof.h"

static struct evidence begun(enum proof_method method)
{
    struct evidence e;
    proof_begin(&e, "", "");
    e.method = method;
    return e;
}

/* A check that holds: 3 open or recent jobs, 7 older. */
static struct evidence checked(enum proof_method method)
{
    struct evidence e = begun(method);
    e.tries = 1;
    e.total = 10;
    e.edge = 1700000000;
    e.edge_is_empty = e.steady = 1;
    e.newer = 3;
    e.older = e.older_counted = 7;
    return e;
}

static struct evidence scanned(void)
{
    struct evidence e = begun(PROOF_PLAIN);
    e.tries = 2;
    e.total = e.ids = 10;
    e.same = 1;
    return e;
}

static void test_nothing_is_no_proof(void **state)
{
    (void)state;
    for (int method = PROOF_NONE; method <= PROOF_SKIPPED; method++) {
        struct evidence e = begun((enum proof_method)method);
        assert_int_equal(proof_judge(&e), method == PROOF_SKIPPED);
    }
    struct evidence e = begun((enum proof_method)99);
    assert_false(proof_judge(&e));
}

/* Changes one number of evidence that holds; it must not hold any more. */
#define assert_denied(holding, member, value)                                                      \
    do {                                                                                           \
        struct evidence changed = (holding);                                                       \
        assert_true(proof_judge(&changed));                                                        \
        changed.member = (value);                                                                  \
        if (proof_judge(&changed)) {                                                               \
            fail_msg("%s = %lld is proved", #member, (long long)changed.member);                   \
        }                                                                                          \
    } while (0)

static void test_each_number_of_the_check(void **state)
{
    (void)state;
    const enum proof_method methods[] = {PROOF_FULL, PROOF_DELTA};
    for (int i = 0; i < 2; i++) {
        struct evidence e = checked(methods[i]);
        for (int64_t off = -1; off <= 1; off += 2) {
            assert_denied(e, total, e.total + off);
            assert_denied(e, newer, e.newer + off);
            assert_denied(e, older, e.older + off);
            assert_denied(e, older_counted, e.older_counted + off);
        }
        assert_denied(e, total, -1);
        assert_denied(e, older_counted, -1);
        assert_denied(e, steady, 0);
        assert_denied(e, steady, -1);
        assert_denied(e, edge_is_empty, 0);
        assert_denied(e, edge_is_empty, -1);
        assert_denied(e, rejected, 1);
        assert_denied(e, method, PROOF_NONE);
    }
}

/* An older id too few and one too many of the newer make up for each other in the sum. */
static void test_sums_are_not_enough(void **state)
{
    (void)state;
    struct evidence e = checked(PROOF_FULL);
    e.older--;
    e.newer++;
    assert_false(proof_judge(&e));
    e = checked(PROOF_FULL);
    e.older = e.older_counted = -1;
    e.newer = 11;
    assert_false(proof_judge(&e));
}

static void test_a_full_scan_besides(void **state)
{
    (void)state;
    struct evidence e = checked(PROOF_FULL);
    assert_denied(e, types_unseen, 1);
    e.half_older = 3;
    e.half_newer = 4;
    e.half_whole = 7;
    assert_denied(e, half_whole, 6);
    assert_denied(e, half_whole, 8);
    assert_false(proof_total_is_capped(&e));
    e.half_whole = 6;
    assert_true(proof_total_is_capped(&e));
    e.half_whole = 8; /* jobs came between the counts */
    assert_false(proof_total_is_capped(&e));
    e.half_whole = -1;
    assert_false(proof_total_is_capped(&e));
    assert_true(proof_judge(&e));
}

static void test_complete_scans(void **state)
{
    (void)state;
    struct evidence e = scanned();
    assert_denied(e, same, 0);
    assert_denied(e, same, -1);
    assert_denied(e, ids, 9);
    assert_denied(e, ids, 11);
    assert_denied(e, total, 9);
    assert_denied(e, types_unseen, 2);
    assert_denied(e, rejected, 1);
    e.total = e.ids = -1;
    assert_false(proof_judge(&e));
    e = scanned();
    e.half_older = e.half_newer = 5;
    e.half_whole = 10;
    assert_denied(e, half_whole, 7);
}

static void test_one_answer(void **state)
{
    (void)state;
    struct evidence e = begun(PROOF_ONE_ANSWER);
    e.total = e.ids = 3;
    assert_denied(e, ids, 2);
    assert_denied(e, ids, -1);
    assert_denied(e, total, 0);
    assert_denied(e, types_unseen, 1);
    assert_denied(e, rejected, 1);
}

/* Rows that cannot be held against a filter: it has to select fewer jobs than there are. */
static void test_a_filter(void **state)
{
    (void)state;
    struct evidence e = scanned();
    e.unfiltered = 11;
    e.rows_checked = 0;
    assert_denied(e, unfiltered, 10);
    assert_denied(e, unfiltered, 9);
    e.unfiltered = 10;
    e.rows_checked = 1;
    assert_denied(e, rows_checked, 0);
    e = begun(PROOF_ONE_ANSWER);
    e.total = e.ids = e.unfiltered = e.rows_checked = 0;
    assert_true(proof_judge(&e));
}

static void assert_said(const struct evidence *e, const char *expected)
{
    char text[512];
    proof_sentence(e, text, sizeof(text));
    assert_string_equal(text, expected);
}

static void test_sentences(void **state)
{
    (void)state;
    struct evidence e = checked(PROOF_DELTA);
    assert_said(&e, "10 jobs at one moment: 3 open or recent, 7 older, as many as the service"
                    " counts");
    e.gone = 2;
    (void)snprintf(e.restore_type, sizeof(e.restore_type), "OSS");
    assert_said(&e, "OSS: 10 jobs at one moment: 3 open or recent, 7 older, as many as the service"
                    " counts; 2 gone from the service");
    e = checked(PROOF_FULL);
    e.older_counted = 6;
    assert_said(&e, "the counts did not agree: TotalCount 10, 3 open or recent, 7 older, of which"
                    " the service counts 6");
    e.half_older = e.half_newer = 5;
    e.half_whole = 6;
    assert_said(&e, "TotalCount ends at 6, although there are at least 10 jobs");
    proof_note(&e, "first");
    proof_note(&e, "second");
    assert_said(&e, "first");
    e.rejected = 1;
    assert_said(&e, "1 jobs had no usable RestoreId");
    e = scanned();
    assert_said(&e, "two complete scans in a row held the same 10 jobs");
    e.unfiltered = 10;
    assert_said(&e, "the filter selects as many jobs (10) as there are without it; the service may"
                    " ignore it");
    e = scanned();
    e.same = 0;
    e.ids = 9;
    assert_said(&e, "no two complete scans in a row held the same ids (the last held 9, TotalCount"
                    " 10)");
    e = begun(PROOF_ONE_ANSWER);
    e.total = e.ids = 0;
    assert_said(&e, "the service lists no job");
    e.total = e.ids = 3;
    e.children = CHILDREN_CANNOT_TELL;
    (void)snprintf(e.part, sizeof(e.part), "filter");
    assert_said(&e, "filter: one answer held all 3 jobs; whether there are children (jobs with a"
                    " ParentId) besides cannot be told");
    e = begun(PROOF_SKIPPED);
    assert_said(&e, "nothing to list");
    char little[9];
    proof_sentence(&e, little, sizeof(little));
    assert_string_equal(little, "nothing ");
}

static void assert_member(const struct json_object *object, const char *name, const char *expected)
{
    char text[600];
    assert_true(json_member_text(object, name, text, sizeof(text)));
    assert_string_equal(text, expected);
}

static void test_json(void **state)
{
    (void)state;
    struct error err;
    struct json_object *root = NULL;
    struct buffer json;
    struct evidence all[3] = {checked(PROOF_FULL), scanned(), begun(PROOF_NONE)};
    char sentence[600];
    all[0].children = CHILDREN_BY_PARENT;
    all[0].gone = INT64_MAX;
    (void)snprintf(all[1].restore_type, sizeof(all[1].restore_type), "A \"type\"\\\x01");
    (void)snprintf(all[1].part, sizeof(all[1].part), "children");
    proof_note(&all[2], "nothing was shown");
    buffer_init(&json, 100000);
    for (int i = 0; i < 3; i++) {
        proof_add_json(&json, &all[i]);
    }
    proof_close_json(&json);
    assert_true(json_parse(json.data, json.length, JSON_VALUES_ANSWER, &root, &err));
    assert_int_equal(json_array_length(root), 3);
    for (size_t i = 0; i < 3; i++) {
        const struct json_object *one = json_array_item(root, i);
        proof_sentence(&all[i], sentence, sizeof(sentence));
        assert_member(one, "sentence", sentence);
        assert_int_equal(json_member(one, "proved").integer, proof_judge(&all[i]));
        assert_int_equal(json_member(one, "half_whole").kind,
                         all[i].half_whole < 0 ? JSON_MISSING : JSON_INTEGER);
    }
    const struct json_object *first = json_array_item(root, 0);
    assert_true(json_member(first, "gone").integer == INT64_MAX);
    assert_true(json_member(first, "total").integer == all[0].total);
    assert_true(json_member(first, "older_counted").integer == all[0].older_counted);
    assert_member(first, "method", "full scan");
    assert_member(first, "children", "by parent");
    assert_member(json_array_item(root, 1), "restore_type", all[1].restore_type);
    assert_member(json_array_item(root, 1), "part", "children");
    assert_member(json_array_item(root, 2), "note", "nothing was shown");
    json_release(root);
    buffer_free(&json);
}

/* What does not fit is left out as a whole; the array stays one. */
static void test_json_that_does_not_fit(void **state)
{
    (void)state;
    struct error err;
    struct json_object *root = NULL;
    struct buffer json;
    struct evidence e = checked(PROOF_FULL);
    buffer_init(&json, 900);
    for (int i = 0; i < 9; i++) {
        proof_add_json(&json, &e);
    }
    proof_close_json(&json);
    assert_false(json.failed);
    assert_true(json_parse(json.data, json.length, JSON_VALUES_ANSWER, &root, &err));
    assert_in_range(json_array_length(root), 1, 3);
    json_release(root);
    buffer_free(&json);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nothing_is_no_proof),
        cmocka_unit_test(test_each_number_of_the_check),
        cmocka_unit_test(test_sums_are_not_enough),
        cmocka_unit_test(test_a_full_scan_besides),
        cmocka_unit_test(test_one_answer),
        cmocka_unit_test(test_complete_scans),
        cmocka_unit_test(test_a_filter),
        cmocka_unit_test(test_sentences),
        cmocka_unit_test(test_json),
        cmocka_unit_test(test_json_that_does_not_fit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
