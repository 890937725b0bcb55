#include "population.h"

#include <stdlib.h>

#include "memory.h"

enum {
    DAY = 24 * 60 * 60,
    HISTORY = 730 * DAY,
    MOST_OPEN_STANDARD = 50,
    MOST_OPEN_BASIC = 10,
    OPEN_PERCENT = 3
};

enum job_status pick_finished_status(uint64_t random)
{
    static const struct {
        unsigned below;
        enum job_status status;
    } table[] = {{80, STATUS_COMPLETE}, {87, STATUS_PARTIAL_COMPLETE},
                 {95, STATUS_FAILED},   {98, STATUS_CANCELED},
                 {99, STATUS_EXPIRED},  {100, STATUS_CLIENT_DELETED}};
    size_t row = 0;
    while (random % 100 >= table[row].below) {
        row++;
    }
    return table[row].status;
}

void job_open(struct job *job, struct prng *prng, int64_t now)
{
    static const enum job_status statuses[] = {STATUS_CREATED, STATUS_QUEUED, STATUS_RUNNING,
                                               STATUS_RUNNING, STATUS_CANCELING};
    job->now.status = (uint8_t)statuses[prng_below(prng, sizeof statuses / sizeof *statuses)];
    job->now.start = 0;
    job->now.complete = 0;
    job->now.progress = 0;
    job->now.report = REPORT_ABSENT;
    job->now.updated = job->created;
    if (job->now.status == STATUS_RUNNING || job->now.status == STATUS_CANCELING) {
        int64_t age = now - job->created;
        job->now.start = job->created + (age > 5 ? 5 : 0);
        job->now.updated = now - (age > 30 ? (int64_t)prng_below(prng, 30) : 0);
        job->now.progress = (uint16_t)prng_below(prng, 10000);
    }
}

static enum report_state finished_report(const struct job *job)
{
    uint64_t draw = job_draw(job, DRAW_REPORT) % 100;
    if (!type_has_report(job->type)) {
        return draw < 80 ? REPORT_ABSENT : draw < 90 ? REPORT_NULL : REPORT_EMPTY_OBJECT;
    }
    return draw < 60   ? REPORT_COMPLETE
           : draw < 92 ? REPORT_ABSENT
           : draw < 96 ? REPORT_NULL
                       : REPORT_EMPTY_OBJECT;
}

void job_finish(struct job *job, enum job_status status, int64_t complete, int64_t updated)
{
    job->now.status = (uint8_t)status;
    job->now.complete = complete;
    job->now.updated = updated;
    if (job->now.start == 0 && status != STATUS_CANCELED) {
        job->now.start = job->created + (complete - job->created) / 10;
    }
    if (status == STATUS_COMPLETE) {
        job->now.progress = 10000;
    } else if (job->now.progress == 0) {
        job->now.progress = (uint16_t)(job_draw(job, DRAW_BYTES) % 10000);
    }
    job->now.report = (uint8_t)finished_report(job);
}

/* Seconds a job takes: mostly minutes, sometimes hours, now and then none at all. */
static int64_t pick_duration(struct prng *prng)
{
    if (prng_chance(prng, 5)) {
        return 0;
    }
    uint64_t most = UINT64_C(30) << prng_below(prng, 11);
    return (int64_t)(1 + prng_below(prng, most));
}

static void finish_in_the_past(struct job *job, struct prng *prng, int64_t now)
{
    int64_t complete = job->created + pick_duration(prng);
    int64_t updated = complete + (prng_chance(prng, 40) ? 0 : (int64_t)prng_below(prng, 300));
    if (complete > now) { /* it was made so lately that it took less */
        complete = job->created + (int64_t)prng_below(prng, (uint64_t)(now - job->created) + 1);
        updated = complete;
    }
    updated = updated < now ? updated : now;
    job_finish(job, pick_finished_status(prng_next(prng)), complete, updated);
}

static int compare_times(const void *left, const void *right)
{
    const int64_t *a = left;
    const int64_t *b = right;
    return *a < *b ? -1 : *a > *b;
}

/* Seconds since a job was made: all through the history alike. */
static int64_t pick_age(struct prng *prng)
{
    return (int64_t)prng_below(prng, HISTORY - 60);
}

/* Creation times from the oldest to the newest; some jobs share their second with another. */
static int64_t *creation_times(struct prng *prng, size_t count, int64_t now)
{
    int64_t *times = must_alloc(count * sizeof *times);
    for (size_t i = 0; i < count; i++) {
        bool shared = i > 0 && prng_chance(prng, 4);
        times[i] = shared ? times[prng_below(prng, i)] : now - 60 - pick_age(prng);
    }
    qsort(times, count, sizeof *times, compare_times);
    return times;
}

/* Regions get shares of very different size; the first is never the smallest. */
static size_t pick_region(struct prng *prng, const uint64_t *shares, size_t count, uint64_t sum)
{
    uint64_t rest = prng_below(prng, sum);
    size_t region = 0;
    while (region < count - 1 && rest >= shares[region]) {
        rest -= shares[region++];
    }
    return region;
}

static uint64_t draw_shares(struct prng *prng, uint64_t *shares, size_t count)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < count; i++) {
        shares[i] = (i == 0 ? 10 : 1) + prng_below(prng, 10);
        sum += shares[i];
    }
    return sum;
}

/* The newest jobs are the ones still open, but for a straggler that has been queued for long. */
static bool is_left_open(struct prng *prng, size_t position, size_t count, size_t *open_left)
{
    size_t behind = count - 1 - position;
    bool straggler = count >= 200 && position == count / 3;
    bool recent = behind < *open_left * 2 && (behind < *open_left || prng_chance(prng, 50));
    if (*open_left == 0 || (!recent && !straggler)) {
        return false;
    }
    --*open_left;
    return true;
}

static void populate_edition(struct world *world, struct prng *prng, unsigned edition, size_t count,
                             bool is_even, int64_t now)
{
    int64_t *times = creation_times(prng, count, now);
    uint64_t *shares = must_alloc(world->region_count * sizeof *shares);
    uint64_t sum = draw_shares(prng, shares, world->region_count);
    size_t most = edition == EDITION_BASIC ? MOST_OPEN_BASIC : MOST_OPEN_STANDARD;
    size_t open_left =
        (count * OPEN_PERCENT + 99) / 100 < most ? (count * OPEN_PERCENT + 99) / 100 : most;
    for (size_t i = 0; i < count; i++) {
        size_t region =
            is_even ? i % world->region_count : pick_region(prng, shares, world->region_count, sum);
        struct job *job = world_new_job(world, prng, region, edition, times[i]);
        if (is_left_open(prng, i, count, &open_left)) {
            job_open(job, prng, now);
        } else {
            finish_in_the_past(job, prng, now);
        }
        world_place(world, job);
    }
    free(shares);
    free(times);
}

/* Jobs that share every second of their lives, in the first region. */
static void populate_burst(struct world *world, struct prng *prng, size_t count, int64_t moment)
{
    for (size_t i = 0; i < count; i++) {
        struct job *job = world_new_job(world, prng, 0, EDITION_STANDARD, moment);
        job_finish(job, pick_finished_status(prng_next(prng)), moment, moment);
        world_place(world, job);
    }
}

/* The newest finished jobs whose type has reports are still writing them. */
static void open_reports(struct world *world, size_t count, int64_t now)
{
    for (size_t i = world->job_count; i > 0 && count > 0; i--) {
        struct job *job = world_job(world, i - 1);
        if (job->edition == EDITION_STANDARD && type_has_report(job->type) &&
            job->now.complete != 0 && job->now.complete >= now - 90 * DAY) {
            job->now.report = REPORT_OPEN;
            count--;
        }
    }
}

struct job *population_new_child(struct world *world, struct prng *prng, const struct job *parent,
                                 int64_t created)
{
    struct job *child = world_new_job(world, prng, parent->region, parent->edition, created);
    child->parent = parent;
    child->type = JOB_TYPE_DISK_ROLLBACK;
    return child;
}

/* Children of the jobs that restore whole machines; each lives as long as its parent. */
static void populate_children(struct world *world, uint64_t seed, size_t count, int64_t now)
{
    struct prng prng;
    size_t parents = 0;
    struct job **found = must_alloc((world->job_count + 1) * sizeof *found);
    prng_seed(&prng, seed ^ UINT64_C(0x6368696c64));
    for (size_t i = 0; i < world->job_count; i++) {
        if (job_may_have_children(world_job(world, i))) {
            found[parents++] = world_job(world, i);
        }
    }
    for (; parents > 0 && count > 0; count--) {
        const struct job *parent = found[prng_below(&prng, parents)];
        struct job *child = population_new_child(world, &prng, parent, parent->created);
        if (parent->now.complete == 0) {
            job_open(child, &prng, now);
        } else {
            job_finish(child, parent->now.status, parent->now.complete, parent->now.updated);
        }
        world_place(world, child);
    }
    free(found);
}

void populate(struct world *world, const struct world_options *options, int64_t now)
{
    struct prng prng;
    prng_seed(&prng, options->seed);
    populate_edition(world, &prng, EDITION_BASIC, options->basic_jobs, options->even_regions, now);
    populate_edition(world, &prng, EDITION_STANDARD, options->standard_jobs, options->even_regions,
                     now);
    open_reports(world, options->reports_open, now);
    populate_burst(world, &prng, options->burst, now - 100 * DAY);
    populate_children(world, options->seed, options->children, now);
    world->generation = 0;
}
