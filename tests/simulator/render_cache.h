/* Jobs as they were rendered, so that a world that stands still is rendered once. */
#ifndef SIMULATOR_RENDER_CACHE_H
#define SIMULATOR_RENDER_CACHE_H

#include "job_json.h"

struct render_cache {
    char **texts; /* by the job's number */
    size_t count;
    uint64_t generation; /* of the world */
    size_t bytes;
    size_t most_bytes; /* 0: nothing is kept */
};

/* The job as it is now, rendered; borrowed. NULL where there is no room to keep it. */
const char *render_cache_find(struct render_cache *cache, const struct job_view *view,
                              const struct job *job);

/* Forgets everything; to be called when a setting changes. */
void render_cache_clear(struct render_cache *cache);

#endif
