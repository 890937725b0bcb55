#include "world.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "codec.h"
#include "memory.h"
#include "population.h"

enum { CHUNK = 4096, FIRST_TABLE = 1 << 12 };

void world_init(struct world *world, const struct world_options *options)
{
    *world = (struct world){0};
    world->account_id = must_copy(options->account_id);
    world->region_count = options->region_count;
    world->regions = must_alloc(options->region_count * sizeof *world->regions);
    for (size_t i = 0; i < options->region_count; i++) {
        world->regions[i] = must_copy(options->regions[i]);
    }
    world->sources = must_alloc(options->region_count * EDITION_COUNT * sizeof *world->sources);
    world->by_id_size = FIRST_TABLE;
    world->by_id = must_alloc(world->by_id_size * sizeof(struct job *));
    int64_t real = (int64_t)time(NULL);
    int64_t now = options->epoch != 0 ? options->epoch : real;
    world->clock_offset = now - real;
    populate(world, options, now);
    prng_seed(&world->prng, options->seed ^ UINT64_C(0x6d6f766573));
    world->move = 1;
}

void world_release(struct world *world)
{
    for (size_t i = 0; i < world->region_count; i++) {
        free(world->regions[i]);
    }
    for (size_t i = 0; i < world->region_count * EDITION_COUNT; i++) {
        free(world->sources[i].rows);
    }
    for (size_t i = 0; i * CHUNK < world->job_count; i++) {
        free(world->chunks[i]);
    }
    free(world->regions);
    free(world->sources);
    free(world->chunks);
    free(world->by_id);
    free(world->account_id);
    *world = (struct world){0};
}

int64_t world_now(const struct world *world)
{
    return (int64_t)time(NULL) + world->clock_offset;
}

struct source *world_source(struct world *world, size_t region, unsigned edition)
{
    return &world->sources[region * EDITION_COUNT + edition];
}

size_t world_region(const struct world *world, const char *name)
{
    size_t region = 0;
    while (region < world->region_count && strcmp(world->regions[region], name) != 0) {
        region++;
    }
    return region;
}

struct job *world_job(const struct world *world, size_t number)
{
    return &world->chunks[number / CHUNK][number % CHUNK];
}

/* The slot that holds the id, or the free one where it would go. */
static struct job **id_slot(struct job **table, size_t size, const char *id)
{
    size_t at = (size_t)(hash_text(id) % size);
    while (table[at] != NULL && strcmp(table[at]->id, id) != 0) {
        at = (at + 1) % size;
    }
    return &table[at];
}

struct job *world_find(const struct world *world, const char *id)
{
    return *id_slot(world->by_id, world->by_id_size, id);
}

static void grow_id_table(struct world *world)
{
    size_t size = world->by_id_size * 2;
    struct job **table = must_alloc(size * sizeof(struct job *));
    for (size_t i = 0; i < world->by_id_size; i++) {
        if (world->by_id[i] != NULL) {
            *id_slot(table, size, world->by_id[i]->id) = world->by_id[i];
        }
    }
    free(world->by_id);
    world->by_id = table;
    world->by_id_size = size;
}

struct job *world_new_job(struct world *world, struct prng *prng, size_t region, unsigned edition,
                          int64_t created)
{
    if (world->job_count % CHUNK == 0) {
        size_t chunks = world->job_count / CHUNK;
        world->chunks = must_resize(world->chunks, chunks + 1, sizeof *world->chunks);
        world->chunks[chunks] = must_alloc(CHUNK * sizeof(struct job));
    }
    struct job *job = world_job(world, world->job_count);
    job->number = (uint32_t)world->job_count++;
    job->region = (uint16_t)region;
    job->edition = (uint8_t)edition;
    job->created = created;
    do {
        job->seed = prng_next(prng);
        memcpy(job->id, "r-000", 5);
        prng_token(job->seed ^ UINT64_C(0x6964), job->id + 5, 17);
    } while (world_find(world, job->id) != NULL);
    job->type = edition == EDITION_BASIC ? 0 : (uint8_t)pick_restore_type(prng_next(prng));
    job->now.present = true;
    job->touched_in_move =
        world->move; /* `before` is not present: a stale answer does not show it */
    if (world->job_count * 2 > world->by_id_size) {
        grow_id_table(world);
    }
    *id_slot(world->by_id, world->by_id_size, job->id) = job;
    return job;
}

/* Whether a job's place in that order can never change. */
static bool order_is_fixed(enum listing_order order)
{
    return order == ORDER_CREATED_DESC || order == ORDER_CREATED_ASC || order == ORDER_HASH;
}

void world_place(struct world *world, struct job *job)
{
    struct source *source = world_source(world, job->region, job->edition);
    if (source->count == source->capacity) {
        source->capacity = source->capacity < 64 ? 64 : source->capacity * 2;
        source->rows = must_resize(source->rows, source->capacity, sizeof(struct job *));
    }
    size_t place = source->count;
    if (source->sorted && order_is_fixed(source->order)) {
        size_t low = 0;
        while (low < place) {
            size_t middle = low + (place - low) / 2;
            if (job_compare(source->rows[middle], job, source->order) < 0) {
                low = middle + 1;
            } else {
                place = middle;
            }
        }
        memmove(source->rows + place + 1, source->rows + place,
                (source->count - place) * sizeof(struct job *));
    } else {
        source->sorted = false;
    }
    source->rows[place] = job;
    source->count++;
    world->generation++;
}

void world_touch(struct world *world, struct job *job)
{
    if (job->touched_in_move != world->move) {
        job->before = job->now;
        job->touched_in_move = world->move;
    }
    struct source *source = world_source(world, job->region, job->edition);
    source->sorted = source->sorted && order_is_fixed(source->order);
    world->generation++;
}

static int compare_numbers(int64_t a, int64_t b)
{
    return a < b ? -1 : a > b;
}

int job_compare(const struct job *a, const struct job *b, enum listing_order order)
{
    int result = 0;
    switch (order) {
    case ORDER_CREATED_DESC:
        result = compare_numbers(b->created, a->created);
        break;
    case ORDER_CREATED_ASC:
        result = compare_numbers(a->created, b->created);
        break;
    case ORDER_UPDATED_DESC:
        result = compare_numbers(b->now.updated, a->now.updated);
        break;
    case ORDER_UPDATED_ASC:
        result = compare_numbers(a->now.updated, b->now.updated);
        break;
    case ORDER_COMPLETE_DESC:
        result = compare_numbers(b->now.complete, a->now.complete);
        break;
    case ORDER_HASH:
        result = prng_mix(a->seed) < prng_mix(b->seed) ? -1 : prng_mix(a->seed) > prng_mix(b->seed);
        break;
    case ORDER_RANDOM:
        break;
    }
    return result != 0 ? result : strcmp(a->id, b->id);
}

static int compare_rows(const void *left, const void *right, void *order)
{
    const struct job *const *a = left;
    const struct job *const *b = right;
    return job_compare(*a, *b, *(const enum listing_order *)order);
}

void sort_jobs(struct job **rows, size_t count, enum listing_order order)
{
    if (count > 1 && order != ORDER_RANDOM) {
        qsort_r(rows, count, sizeof(struct job *), compare_rows, &order);
    }
}

void world_sort(struct source *source, enum listing_order order)
{
    if (order == ORDER_RANDOM || (source->sorted && source->order == order)) {
        return;
    }
    sort_jobs(source->rows, source->count, order);
    source->order = order;
    source->sorted = true;
}
