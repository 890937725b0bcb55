/*
 * A set of row numbers, as a bitmap in memory: rows of restore_job are named by their number, which
 * holds still while a run lasts (an explicit INTEGER PRIMARY KEY).
 *
 * `struct row_set set = {0};` is an empty set; row_set_free ends it. A set of n scattered rows
 * takes at most n times 512 bytes, a dense one an eighth of a byte a row.
 */
#ifndef HBRSYNC_BASE_ROW_SET_H
#define HBRSYNC_BASE_ROW_SET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

#define ROW_SET_MAX (INT64_C(1) << 32) /* the greatest row number */

/* The members are private to row_set.c. */
struct row_set {
    uint64_t **chunks; /* NULL where no row of the chunk is in the set */
    size_t chunk_count;
    int64_t count;
};

void row_set_free(struct row_set *set);

/* Adds a row. *ret_new (may be NULL) tells whether it was not there before. ERROR_DATABASE when the
 * number is not in 1 to ROW_SET_MAX. */
bool row_set_add(struct row_set *set, int64_t row, bool *ret_new, struct error *err) MUST_CHECK;
bool row_set_has(const struct row_set *set, int64_t row);
int64_t row_set_count(const struct row_set *set);

/* Adds every row of `other`. */
bool row_set_unite(struct row_set *set, const struct row_set *other, struct error *err) MUST_CHECK;
/* Removes every row of `other`. */
void row_set_subtract(struct row_set *set, const struct row_set *other);

/* How many rows of `set` are not in `other`. */
int64_t row_set_count_outside(const struct row_set *set, const struct row_set *other);
bool row_set_equal(const struct row_set *left, const struct row_set *right);

/* The least row greater than `after`, 0 when there is none. */
int64_t row_set_next(const struct row_set *set, int64_t after);

#endif
