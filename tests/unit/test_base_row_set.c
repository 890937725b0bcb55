/* Sets of row numbers against an array of booleans. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/row_set.h"

#define ROWS 20000 /* several chunks */

struct pair {
    struct row_set set;
    bool model[ROWS + 1];
};

/* SplitMix64. */
static uint64_t next_random(uint64_t *state)
{
    uint64_t value = *state += UINT64_C(0x9E3779B97F4A7C15);
    value = (value ^ (value >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    value = (value ^ (value >> 27)) * UINT64_C(0x94D049BB133111EB);
    return value ^ (value >> 31);
}

static void assert_same(const struct pair *pair)
{
    int64_t count = 0;
    int64_t next = row_set_next(&pair->set, 0);
    for (int64_t row = 1; row <= ROWS; row++) {
        assert_int_equal(row_set_has(&pair->set, row), pair->model[row]);
        if (pair->model[row]) {
            assert_int_equal(next, row);
            next = row_set_next(&pair->set, row);
            count++;
        }
    }
    assert_int_equal(next, 0);
    assert_int_equal(row_set_count(&pair->set), count);
}

/* Rows in runs and alone, about `share` of 256. */
static void fill(struct pair *pair, uint64_t *random, unsigned share)
{
    struct error err;
    memset(pair, 0, sizeof(*pair));
    for (int64_t row = 1; row <= ROWS; row++) {
        bool is_new = false;
        unsigned here = (row / 500) % 3 == 0 ? 0 : (row / 500) % 3 == 1 ? 250 : share;
        if (next_random(random) % 256 < here) {
            assert_true(row_set_add(&pair->set, row, &is_new, &err));
            assert_true(is_new);
            assert_true(row_set_add(&pair->set, row, &is_new, &err));
            assert_false(is_new);
            pair->model[row] = true;
        }
    }
}

static void test_against_a_model(void **state)
{
    (void)state;
    static struct pair left, right;
    struct error err;
    uint64_t random = 1;
    for (int turn = 0; turn < 24; turn++) {
        int64_t outside = 0;
        bool equal = true;
        fill(&left, &random, turn % 2 == 0 ? 3 : 128);
        fill(&right, &random, turn % 3 == 0 ? 1 : 60);
        for (int64_t row = 1; row <= ROWS; row++) {
            outside += left.model[row] && !right.model[row];
            equal = equal && left.model[row] == right.model[row];
        }
        assert_int_equal(row_set_count_outside(&left.set, &right.set), outside);
        assert_int_equal(row_set_equal(&left.set, &right.set), equal);
        assert_true(row_set_equal(&left.set, &left.set));
        for (int64_t row = 1; row <= ROWS; row++) {
            bool l = left.model[row];
            bool r = right.model[row];
            left.model[row] = turn % 3 == 0 ? l || r : turn % 3 == 1 ? l && !r : l && r;
        }
        if (turn % 3 == 0) {
            assert_true(row_set_unite(&left.set, &right.set, &err));
        } else if (turn % 3 == 1) {
            row_set_subtract(&left.set, &right.set);
        } else {
            row_set_intersect(&left.set, &right.set);
        }
        assert_same(&left);
        assert_same(&right);
        for (int i = 0; i < 500; i++) {
            int64_t row = 1 + (int64_t)(next_random(&random) % ROWS);
            row_set_remove(&left.set, row);
            left.model[row] = false;
        }
        assert_same(&left);
        row_set_free(&left.set);
        row_set_free(&right.set);
    }
}

/* Sets of different lengths, and empty ones. */
static void test_empty_and_longer(void **state)
{
    (void)state;
    struct error err;
    struct row_set empty = {0};
    struct row_set near = {0};
    struct row_set far = {0};
    assert_true(row_set_add(&near, 1, NULL, &err));
    assert_true(row_set_add(&far, 1, NULL, &err));
    assert_true(row_set_add(&far, 1000000, NULL, &err));
    assert_int_equal(row_set_next(&empty, 0), 0);
    assert_int_equal(row_set_next(&far, 1), 1000000);
    assert_int_equal(row_set_next(&far, 1000000), 0);
    assert_int_equal(row_set_next(&far, -5), 1);
    assert_true(row_set_equal(&empty, &empty));
    assert_false(row_set_equal(&empty, &near));
    assert_int_equal(row_set_count_outside(&far, &near), 1);
    assert_int_equal(row_set_count_outside(&near, &far), 0);
    assert_int_equal(row_set_count_outside(&far, &empty), 2);
    row_set_subtract(&near, &far);
    assert_int_equal(row_set_count(&near), 0);
    assert_true(row_set_equal(&empty, &near));
    assert_true(row_set_unite(&near, &far, &err));
    assert_true(row_set_equal(&far, &near));
    row_set_intersect(&near, &empty);
    assert_int_equal(row_set_count(&near), 0);
    row_set_remove(&empty, 7);
    row_set_free(&empty);
    row_set_free(&near);
    row_set_free(&far);
    assert_int_equal(row_set_count(&far), 0);
    row_set_free(&far);
}

/* Ends of words and chunks, and numbers that are none of ours. */
static void test_ends(void **state)
{
    (void)state;
    static const int64_t good[] = {1, 63, 64, 65, 4095, 4096, 4097, 8191, 8192, ROW_SET_MAX};
    static const int64_t bad[] = {0, -1, INT64_MIN, ROW_SET_MAX + 1, INT64_MAX};
    struct error err;
    struct row_set set = {0};
    int64_t row = 0;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        assert_true(row_set_add(&set, good[i], NULL, &err));
    }
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        row = row_set_next(&set, row);
        assert_int_equal(row, good[i]);
    }
    assert_int_equal(row_set_next(&set, row), 0);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_false(row_set_add(&set, bad[i], NULL, &err));
        assert_int_equal(err.code, ERROR_DATABASE);
        assert_false(row_set_has(&set, bad[i]));
        row_set_remove(&set, bad[i]);
    }
    assert_int_equal(row_set_count(&set), sizeof(good) / sizeof(good[0]));
    row_set_free(&set);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_against_a_model),
        cmocka_unit_test(test_empty_and_longer),
        cmocka_unit_test(test_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
