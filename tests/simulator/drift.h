/* Drift: jobs that come and go between two answers. */
#ifndef SIMULATOR_DRIFT_H
#define SIMULATOR_DRIFT_H

#include "settings.h"
#include "world.h"

struct drift_state {
    int64_t answers;
    int64_t events;
};

/* To be called after each DescribeRestoreJobs2 answer: changes the source that was asked, as the
 * settings say. */
void drift_after_answer(struct drift_state *state, struct world *world,
                        const struct settings *settings, size_t region, unsigned edition);

#endif
