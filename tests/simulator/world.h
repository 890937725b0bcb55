/* All restore jobs of the simulated account, and the clock they live by. */
#ifndef SIMULATOR_WORLD_H
#define SIMULATOR_WORLD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "job.h"
#include "prng.h"

struct world_options {
    uint64_t seed;
    size_t standard_jobs;
    size_t basic_jobs;
    size_t reports_open; /* recent jobs whose report is under way */
    size_t burst;        /* jobs that share one second */
    size_t children;     /* jobs whose parent restores a whole machine */
    int64_t epoch;       /* what the clock shows at start; 0: the real time */
    const char *account_id;
    char **regions;
    size_t region_count;
    bool even_regions; /* as many jobs in each */
};

enum listing_order {
    ORDER_CREATED_DESC,
    ORDER_CREATED_ASC,
    ORDER_UPDATED_DESC,
    ORDER_UPDATED_ASC,
    ORDER_COMPLETE_DESC,
    ORDER_RANDOM,
    ORDER_HASH
};

/* The jobs of one region and edition, vanished ones included, in the order last asked for. */
struct source {
    struct job **rows;
    size_t count;
    size_t capacity;
    enum listing_order order;
    bool sorted;
};

struct world {
    char *account_id;
    char **regions;
    size_t region_count;
    struct source *sources; /* region * EDITION_COUNT + edition */
    struct job **chunks;    /* jobs by number, many in one allocation, so that they never move */
    size_t job_count;
    struct job **by_id; /* open addressing */
    size_t by_id_size;
    struct prng prng;    /* for what happens to the world after its making */
    uint64_t generation; /* counts every change */
    uint32_t move;       /* counts the moves */
    int64_t clock_offset;
};

/* Makes the world of that seed. */
void world_init(struct world *world, const struct world_options *options);
void world_release(struct world *world);

/* The world clock, UNIX seconds. */
int64_t world_now(const struct world *world);

struct source *world_source(struct world *world, size_t region, unsigned edition);

/* The index of a region, or region_count. */
size_t world_region(const struct world *world, const char *name);

struct job *world_job(const struct world *world, size_t number);

/* The job of that id, vanished or not; NULL when there was never one. */
struct job *world_find(const struct world *world, const char *id);

/* Adds a job with a new id; the caller fills its state and calls world_place. */
struct job *world_new_job(struct world *world, struct prng *prng, size_t region, unsigned edition,
                          int64_t created);

/* Puts a new job into its source's listing. */
void world_place(struct world *world, struct job *job);

/* To be called before a job's state is changed: keeps the old state for stale answers, counts the
 * change. */
void world_touch(struct world *world, struct job *job);

/* Sorts jobs in that order; ORDER_RANDOM leaves them as they are. */
void sort_jobs(struct job **rows, size_t count, enum listing_order order);

/* Sorts the source's rows in that order (ORDER_RANDOM leaves them as they are). */
void world_sort(struct source *source, enum listing_order order);

/* Less than, equal to, or greater than 0 as `a` stands before, with, or behind `b` in that order.
 */
int job_compare(const struct job *a, const struct job *b, enum listing_order order);

#endif
