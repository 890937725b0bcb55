/* The whole simulator: one world, one lock. */
#ifndef SIMULATOR_SIMULATOR_H
#define SIMULATOR_SIMULATOR_H

#include <pthread.h>
#include <stdatomic.h>

#include "drift.h"
#include "fault.h"
#include "keys.h"
#include "listing.h"
#include "render_cache.h"
#include "request_log.h"
#include "script.h"
#include "settings.h"
#include "world.h"

/* Requests of a region in the current minute. */
struct quota {
    int64_t minute;
    int64_t used;
};

struct simulator {
    pthread_mutex_t lock; /* held for everything below */
    struct world world;
    struct settings settings;
    struct key_ring keys;
    struct nonce_set nonces;
    struct fault_list faults;
    struct script script;
    struct request_log log;
    struct listing_cache listings;
    struct render_cache rendered;
    struct drift_state drift;
    struct quota *quotas; /* by region */
    struct prng request_ids;
    int64_t answers;         /* of DescribeRestoreJobs2 */
    atomic_bool is_stopping; /* read without the lock: ends every pause */
};

/* Makes a simulator with the given world and no keys. */
void simulator_init(struct simulator *simulator, const struct world_options *options);
void simulator_release(struct simulator *simulator);

/* Changes settings, with everything that hangs on them; false with `problem` set when they are
 * wrong. */
bool simulator_set(struct simulator *simulator, struct json_object *changes, char *problem,
                   size_t size);

/* Puts every setting back, and drops scripts that wait. */
void simulator_reset(struct simulator *simulator);

#endif
