/* Sets of row numbers, against a plain array of what is in them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/row_set.h"

/* Around the ends of words (64), of chunks (4096), and of the whole, with gaps of many chunks. */
static const int64_t universe[] = {
    1,       2,       3,        62,       63,         64,         65,        127,   128,
    4032,    4095,    4096,     4097,     8191,       8192,       8193,      12288, 409600,
    1000000, 1000001, 33554431, 33554432, 4294963199, 4294967295, 4294967296};
#define ROWS (sizeof universe / sizeof universe[0])
#define SMALL 20 /* the first of them, close together */
#define FAR 3    /* the last of them */
#define SETS 3

struct model {
    struct row_set set;
    bool in[ROWS];
};

static uint32_t random_state;

static size_t choose(size_t below)
{
    random_state = random_state * 1664525 + 1013904223;
    return (random_state >> 8) % below;
}

static void add(struct model *model, size_t i)
{
    struct error err = {0};
    bool is_new = model->in[i];
    assert_true(row_set_add(&model->set, universe[i], &is_new, &err));
    assert_int_equal(is_new, !model->in[i]);
    model->in[i] = true;
}

static void assert_model(const struct model *model)
{
    int64_t count = 0;
    int64_t row = 0;
    for (size_t i = 0; i < ROWS; i++) {
        assert_int_equal(row_set_has(&model->set, universe[i]), model->in[i]);
        if (model->in[i]) {
            count++;
            row = row_set_next(&model->set, row);
            assert_true(row == universe[i]);
        }
    }
    assert_true(row_set_next(&model->set, row) == 0);
    assert_true(row_set_count(&model->set) == count);
}

static void assert_pair(const struct model *left, const struct model *right)
{
    int64_t outside = 0;
    bool equal = true;
    for (size_t i = 0; i < ROWS; i++) {
        outside += left->in[i] && !right->in[i] ? 1 : 0;
        equal &= left->in[i] == right->in[i];
    }
    assert_true(row_set_count_outside(&left->set, &right->set) == outside);
    assert_int_equal(row_set_equal(&left->set, &right->set), equal);
}

/* One random operation on one of the sets; the other operand may be the same set. */
static void change(struct model *left, const struct model *right, size_t rows)
{
    struct error err = {0};
    size_t row = choose(rows);
    size_t operation = choose(10);
    switch (operation) {
    case 0:
        assert_true(row_set_unite(&left->set, &right->set, &err));
        break;
    case 1:
        row_set_subtract(&left->set, &right->set);
        break;
    default:
        add(left, row);
        break;
    }
    for (size_t i = 0; i < ROWS && operation < 2; i++) {
        bool other = right->in[i];
        left->in[i] = operation == 0 ? left->in[i] || other : left->in[i] && !other;
    }
}

static void play(size_t rows, int steps)
{
    struct model sets[SETS] = {0};
    random_state = 1;
    for (int step = 0; step < steps; step++) {
        struct model *left = &sets[choose(SETS)];
        const struct model *right = &sets[choose(SETS)];
        change(left, right, rows);
        assert_model(left);
        assert_pair(left, right);
        assert_pair(right, left);
    }
    for (size_t i = 0; i < SETS; i++) {
        row_set_free(&sets[i].set);
    }
}

static void test_model(void **state)
{
    (void)state;
    play(SMALL, 20000);
    play(ROWS - FAR, 1000);
    play(ROWS, 50); /* slow: a million chunks are looked at */
}

static void test_empty(void **state)
{
    (void)state;
    struct row_set none = {0};
    struct row_set other = {0};
    struct error err = {0};
    row_set_subtract(&none, &other);
    assert_true(row_set_unite(&none, &other, &err));
    assert_true(row_set_equal(&none, &other));
    assert_true(row_set_count(&none) == 0 && row_set_next(&none, 0) == 0);
    assert_false(row_set_has(&none, 1));
    /* A set from which everything was removed equals one that never held anything. */
    assert_true(row_set_add(&other, ROW_SET_MAX, NULL, &err));
    assert_false(row_set_equal(&none, &other) || row_set_equal(&other, &none));
    row_set_subtract(&other, &other);
    assert_true(row_set_equal(&none, &other) && row_set_equal(&other, &none));
    row_set_free(&other);
    row_set_free(&other); /* an empty set again */
    assert_true(row_set_add(&other, 1, NULL, &err));
    assert_true(row_set_count(&other) == 1);
    row_set_free(&other);
    row_set_free(&none);
}

static void test_edges(void **state)
{
    (void)state;
    static const int64_t refused[] = {0, -1, INT64_MIN, ROW_SET_MAX + 1, INT64_MAX};
    struct row_set set = {0};
    bool is_new = false;
    struct error err = {0};
    assert_true(universe[ROWS - 1] == ROW_SET_MAX);
    assert_true(row_set_add(&set, ROW_SET_MAX, &is_new, &err) && is_new);
    assert_true(row_set_add(&set, 1, &is_new, &err) && is_new);
    assert_true(row_set_add(&set, 1, &is_new, &err) && !is_new);
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        error_clear(&err);
        assert_false(row_set_add(&set, refused[i], &is_new, &err));
        assert_int_equal(err.code, ERROR_DATABASE);
        assert_false(row_set_has(&set, refused[i]));
    }
    assert_true(row_set_count(&set) == 2);
    assert_true(row_set_next(&set, INT64_MIN) == 1 && row_set_next(&set, 0) == 1);
    assert_true(row_set_next(&set, 1) == ROW_SET_MAX);
    assert_true(row_set_next(&set, ROW_SET_MAX - 1) == ROW_SET_MAX);
    assert_true(row_set_next(&set, ROW_SET_MAX) == 0);
    assert_true(row_set_next(&set, ROW_SET_MAX + 1) == 0);
    row_set_subtract(&set, &set);
    assert_true(row_set_count(&set) == 0 && row_set_next(&set, 0) == 0);
    row_set_free(&set);
}

/* Every row of some chunks, as a run that lists everything leaves it. */
static void test_dense(void **state)
{
    (void)state;
    struct row_set all = {0};
    struct row_set odd = {0};
    struct error err = {0};
    int64_t rows = 3 * 4096 + 7;
    for (int64_t row = rows; row >= 1; row--) {
        assert_true(row_set_add(&all, row, NULL, &err));
        assert_true(row % 2 == 0 || row_set_add(&odd, row, NULL, &err));
    }
    int64_t expected = 1;
    for (int64_t row = row_set_next(&all, 0); row != 0; row = row_set_next(&all, row)) {
        assert_true(row == expected++);
    }
    assert_true(expected == rows + 1);
    assert_true(row_set_count_outside(&all, &odd) == rows / 2);
    assert_true(row_set_count_outside(&odd, &all) == 0);
    row_set_subtract(&all, &odd);
    assert_true(row_set_count(&all) == rows / 2 && row_set_next(&all, 0) == 2);
    assert_true(row_set_unite(&all, &odd, &err) && row_set_count(&all) == rows);
    row_set_free(&all);
    row_set_free(&odd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_model),
        cmocka_unit_test(test_empty),
        cmocka_unit_test(test_edges),
        cmocka_unit_test(test_dense),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
