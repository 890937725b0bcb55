#include "base/row_set.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define WORD_BITS 64
#define CHUNK_WORDS 64
#define CHUNK_ROWS ((int64_t)WORD_BITS * CHUNK_WORDS)

/* Where a row is. */
struct place {
    size_t chunk, word;
    uint64_t bit;
};

static struct place place_of(int64_t row)
{
    int64_t in_chunk = row % CHUNK_ROWS;
    return (struct place){
        .chunk = (size_t)(row / CHUNK_ROWS),
        .word = (size_t)(in_chunk / WORD_BITS),
        .bit = UINT64_C(1) << (in_chunk % WORD_BITS),
    };
}

static uint64_t *chunk_at(const struct row_set *set, size_t chunk)
{
    return chunk < set->chunk_count ? set->chunks[chunk] : NULL;
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
    struct place place = place_of(row);
    if (!need_chunk(set, place.chunk, err)) {
        return false;
    }
    uint64_t *word = &set->chunks[place.chunk][place.word];
    bool is_new = (*word & place.bit) == 0;
    *word |= place.bit;
    set->count += is_new ? 1 : 0;
    if (ret_new != NULL) {
        *ret_new = is_new;
    }
    return true;
}

bool row_set_has(const struct row_set *set, int64_t row)
{
    if (row < 1 || row > ROW_SET_MAX) {
        return false;
    }
    struct place place = place_of(row);
    const uint64_t *chunk = chunk_at(set, place.chunk);
    return chunk != NULL && (chunk[place.word] & place.bit) != 0;
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
        const uint64_t *chunk = set->chunks[row / CHUNK_ROWS];
        if (chunk == NULL) {
            row = (row / CHUNK_ROWS + 1) * CHUNK_ROWS;
            continue;
        }
        struct place place = place_of(row);
        uint64_t rest = chunk[place.word] & ~(place.bit - 1);
        if (rest != 0) {
            return row - row % WORD_BITS + __builtin_ctzll(rest);
        }
        row = row - row % WORD_BITS + WORD_BITS;
    }
    return 0;
}
