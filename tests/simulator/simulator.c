#include "simulator.h"

#include <stdlib.h>
#include <string.h>

#include "memory.h"

void simulator_init(struct simulator *simulator, const struct world_options *options)
{
    memset(simulator, 0, sizeof *simulator);
    pthread_mutex_init(&simulator->lock, NULL);
    world_init(&simulator->world, options);
    settings_init(&simulator->settings);
    simulator->quotas = must_alloc(options->region_count * sizeof *simulator->quotas);
    prng_seed(&simulator->request_ids, options->seed ^ UINT64_C(0x72657175657374));
}

void simulator_release(struct simulator *simulator)
{
    world_release(&simulator->world);
    settings_release(&simulator->settings);
    key_ring_release(&simulator->keys);
    nonce_set_release(&simulator->nonces);
    fault_clear(&simulator->faults);
    script_clear(&simulator->script);
    request_log_release(&simulator->log);
    listing_cache_clear(&simulator->listings);
    render_cache_clear(&simulator->rendered);
    free(simulator->quotas);
    pthread_mutex_destroy(&simulator->lock);
}

static bool changes_drift(struct json_object *changes)
{
    json_object_object_foreach(changes, name, value)
    {
        (void)value;
        if (strncmp(name, "drift", 5) == 0) {
            return true;
        }
    }
    return false;
}

bool simulator_set(struct simulator *simulator, struct json_object *changes, char *problem,
                   size_t size)
{
    if (!settings_apply(&simulator->settings, changes, problem, size)) {
        return false;
    }
    listing_cache_clear(&simulator->listings);
    render_cache_clear(&simulator->rendered);
    if (changes_drift(changes)) {
        simulator->drift = (struct drift_state){0};
    }
    return true;
}

void simulator_reset(struct simulator *simulator)
{
    settings_release(&simulator->settings);
    settings_init(&simulator->settings);
    listing_cache_clear(&simulator->listings);
    render_cache_clear(&simulator->rendered);
    script_clear(&simulator->script);
    simulator->drift = (struct drift_state){0};
}
