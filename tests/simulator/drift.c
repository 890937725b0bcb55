#include "drift.h"

#include "population.h"

/* A random rank among `count` rows, newest first: in the first 20th, in the middle 10th, or in the
 * last 20th. */
static size_t pick_rank(struct prng *prng, enum drift_place place, size_t count)
{
    size_t twentieth = count / 20 > 0 ? count / 20 : 1;
    size_t rank = (size_t)prng_below(prng, twentieth);
    if (place == PLACE_MIDDLE) {
        rank += count / 2 - twentieth / 2;
    } else if (place == PLACE_OLD) {
        rank = count - 1 - rank;
    }
    return rank < count ? rank : count - 1;
}

static void delete_one(struct world *world, struct source *source, enum drift_place place)
{
    for (int attempt = 0; attempt < 100 && source->count > 0; attempt++) {
        struct job *job = source->rows[pick_rank(&world->prng, place, source->count)];
        if (job->now.present) {
            world_touch(world, job);
            job->now.present = false;
            return;
        }
    }
}

/* The new job is made now, or gets the time of making of one at that place, as if it had been
 * hidden until now. */
static void create_one(struct world *world, struct source *source, size_t region, unsigned edition,
                       enum drift_place place, bool is_open)
{
    int64_t now = world_now(world);
    int64_t created = now;
    if (place != PLACE_FRONT && source->count > 0) {
        created = source->rows[pick_rank(&world->prng, place, source->count)]->created;
    }
    struct job *job = world_new_job(world, &world->prng, region, edition, created);
    if (is_open) {
        job_open(job, &world->prng, now);
    } else {
        job_finish(job, pick_finished_status(prng_next(&world->prng)), now, now);
    }
    world_place(world, job);
}

void drift_after_answer(struct drift_state *state, struct world *world,
                        const struct settings *settings, size_t region, unsigned edition)
{
    bool is_over = settings->drift_limit > 0 && state->events >= settings->drift_limit;
    if (settings->drift == DRIFT_NONE || is_over || ++state->answers % settings->drift_every != 0) {
        return;
    }
    state->events++;
    struct source *source = world_source(world, region, edition);
    world_sort(source, ORDER_CREATED_DESC);
    enum drift_place place = (enum drift_place)settings->drift_place;
    if (settings->drift != DRIFT_INSERTS) {
        delete_one(world, source, place);
    }
    if (settings->drift != DRIFT_DELETES) {
        bool is_open = settings->drift_kind == KIND_OPEN ||
                       (settings->drift_kind == KIND_MIXED && state->events % 2 == 0);
        create_one(world, source, region, edition, place, is_open);
    }
}
