#include "base/row_set.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define WORD_BITS 64
#define CHUNK_WORDS 64
#define CHUNK_ROWS ((int64_t)WORD_BITS * CHUNK_WORDS)

static uint64_t *chunk_at(const struct row_set *set, size_t chunk)
{
    return chunk < set->chunk_count ? set->chunks[chunk] : NULL;
}

/* The word that holds the row's bit; NULL where its chunk is not there. */
static uint64_t *word_at(const struct row_set *set, int64_t row)
{
    uint64_t *chunk = chunk_at(set, (size_t)(row / CHUNK_ROWS));
    return chunk != NULL ? chunk + row % CHUNK_ROWS / WORD_BITS : NULL;
}

static uint64_t bit_of(int64_t row)
{
    return UINT64_C(1) << row % WORD_BITS;
}

static int64_t count_bits(uint64_t word)
{
    return __builtin_popcountll(word);
}

void row_set_free(struct row_set *set)
{
    for (size_t i = 0; i < set->chunk_count; i++) {
        free(set->chunks[i]);
    }
    free(set->chunks);
    *set = (struct row_set){0};
}

static bool need_chunk(struct row_set *set, size_t chunk, struct error *err)
{
    if (chunk >= set->chunk_count) {
        size_t count = chunk + 1 + set->chunk_count / 2;
        uint64_t **chunks = realloc(set->chunks, count * sizeof(*chunks));
        if (chunks == NULL) {
            return error_no_memory(err);
        }
        for (size_t i = set->chunk_count; i < count; i++) {
            chunks[i] = NULL;
        }
        set->chunks = chunks;
        set->chunk_count = count;
    }
    if (set->chunks[chunk] == NULL) {
        set->chunks[chunk] = calloc(CHUNK_WORDS, sizeof(uint64_t));
    }
    return set->chunks[chunk] != NULL ? true : error_no_memory(err);
}

bool row_set_add(struct row_set *set, int64_t row, bool *ret_new, struct error *err)
{
    if (row < 1 || row > ROW_SET_MAX) {
        return error_set(err, ERROR_DATABASE,
                         "row number %" PRId64 " of restore_job is not one of ours", row);
    }
    uint64_t *word = need_chunk(set, (size_t)(row / CHUNK_ROWS), err) ? word_at(set, row) : NULL;
    if (word == NULL) {
        return false;
    }
    bool is_new = (*word & bit_of(row)) == 0;
    *word |= bit_of(row);
    set->count += is_new ? 1 : 0;
    if (ret_new != NULL) {
        *ret_new = is_new;
    }
    return true;
}

bool row_set_has(const struct row_set *set, int64_t row)
{
    const uint64_t *word = row > 0 ? word_at(set, row) : NULL;
    return word != NULL && (*word & bit_of(row)) != 0;
}

int64_t row_set_count(const struct row_set *set)
{
    return set->count;
}

bool row_set_unite(struct row_set *set, const struct row_set *other, struct error *err)
{
    for (size_t i = 0; i < other->chunk_count; i++) {
        const uint64_t *from = other->chunks[i];
        if (from == NULL) {
            continue;
        }
        if (!need_chunk(set, i, err)) {
            return false;
        }
        for (size_t word = 0; word < CHUNK_WORDS; word++) {
            set->count += count_bits(from[word] & ~set->chunks[i][word]);
            set->chunks[i][word] |= from[word];
        }
    }
    return true;
}

void row_set_subtract(struct row_set *set, const struct row_set *other)
{
    for (size_t i = 0; i < set->chunk_count; i++) {
        const uint64_t *mask = chunk_at(other, i);
        for (size_t word = 0; set->chunks[i] != NULL && mask != NULL && word < CHUNK_WORDS;
             word++) {
            set->count -= count_bits(set->chunks[i][word] & mask[word]);
            set->chunks[i][word] &= ~mask[word];
        }
    }
}

int64_t row_set_count_outside(const struct row_set *set, const struct row_set *other)
{
    int64_t count = 0;
    for (size_t i = 0; i < set->chunk_count; i++) {
        const uint64_t *mask = chunk_at(other, i);
        for (size_t word = 0; set->chunks[i] != NULL && word < CHUNK_WORDS; word++) {
            count += count_bits(set->chunks[i][word] & ~(mask != NULL ? mask[word] : 0));
        }
    }
    return count;
}

bool row_set_equal(const struct row_set *left, const struct row_set *right)
{
    return left->count == right->count && row_set_count_outside(left, right) == 0;
}

int64_t row_set_next(const struct row_set *set, int64_t after)
{
    int64_t row = after < 1 ? 1 : after + 1;
    while (row / CHUNK_ROWS < (int64_t)set->chunk_count) {
        const uint64_t *word = word_at(set, row);
        uint64_t rest = word != NULL ? *word >> row % WORD_BITS : 0;
        if (rest != 0) {
            return row + __builtin_ctzll(rest);
        }
        int64_t step = word != NULL ? WORD_BITS : CHUNK_ROWS;
        row += step - row % step;
    }
    return 0;
}
