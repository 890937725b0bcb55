#include "render_cache.h"

#include <stdlib.h>

#include "memory.h"

const char *render_cache_find(struct render_cache *cache, const struct job_view *view,
                              const struct job *job)
{
    const struct world *world = view->world;
    if (cache->generation != world->generation || cache->count != world->job_count) {
        render_cache_clear(cache);
    }
    if (cache->most_bytes == 0) {
        return NULL;
    }
    if (cache->texts == NULL) {
        cache->count = world->job_count;
        cache->generation = world->generation;
        cache->texts = must_alloc(cache->count * sizeof *cache->texts);
    }
    if (cache->texts[job->number] == NULL && cache->bytes < cache->most_bytes) {
        struct buffer text = {0};
        struct json_writer writer = {.out = &text};
        job_render(&writer, view, job, &job->now, ID_RIGHT);
        cache->bytes += text.length;
        cache->texts[job->number] = buffer_detach(&text);
    }
    return cache->texts[job->number];
}

void render_cache_clear(struct render_cache *cache)
{
    for (size_t i = 0; i < cache->count; i++) {
        free(cache->texts[i]);
    }
    free(cache->texts);
    cache->texts = NULL;
    cache->count = 0;
    cache->bytes = 0;
}
