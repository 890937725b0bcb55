/* The jobs a world starts with, and how a job comes to its state. */
#ifndef SIMULATOR_POPULATION_H
#define SIMULATOR_POPULATION_H

#include "world.h"

/* Fills an empty world as its options say; `now` is what its clock shows. */
void populate(struct world *world, const struct world_options *options, int64_t now);

/* Gives a job the state of one that waits or runs. */
void job_open(struct job *job, struct prng *prng, int64_t now);

/* Gives a job the state of one that finished at `complete` and was last updated at `updated`. */
void job_finish(struct job *job, enum job_status status, int64_t complete, int64_t updated);

/* Adds a job whose parent is `parent`, made at `created`; the caller gives it a state and places
 * it.
 */
struct job *population_new_child(struct world *world, struct prng *prng, const struct job *parent,
                                 int64_t created);

/* A finished status by its frequency, from a random number. */
enum job_status pick_finished_status(uint64_t random);

#endif
