#include "truth.h"

#include <stdlib.h>
#include <string.h>

#include "job_json.h"
#include "memory.h"

enum { LINES_AT_ONCE = 256 };

struct truth_walk *truth_begin(struct simulator *simulator, const char *region, const char *edition)
{
    const struct world *world = &simulator->world;
    struct truth_walk walk = {.simulator = simulator, .region = world->region_count, .edition = -1};
    if (region != NULL && region[0] != '\0') {
        walk.region = world_region(world, region);
        if (walk.region == world->region_count) {
            return NULL;
        }
    }
    if (edition != NULL && edition[0] != '\0') {
        walk.edition = strcmp(edition, "BASIC") == 0 ? EDITION_BASIC : EDITION_STANDARD;
        if (walk.edition == EDITION_STANDARD && strcmp(edition, "STANDARD") != 0) {
            return NULL;
        }
    }
    struct truth_walk *begun = must_alloc(sizeof *begun);
    *begun = walk;
    return begun;
}

static void write_line(struct truth_walk *walk, const struct job *job)
{
    const struct simulator *simulator = walk->simulator;
    struct job_view view = {.world = &simulator->world,
                            .wrong_types_every = (unsigned)simulator->settings.wrong_types,
                            .extra_fields = simulator->settings.extra_fields,
                            .known_parents_only =
                                simulator->settings.children == CHILDREN_BY_PARENT};
    struct json_writer writer = {.out = &walk->lines};
    json_open(&writer, NULL, '{');
    json_string(&writer, "region", simulator->world.regions[job->region]);
    json_string(&writer, "edition", edition_name(job->edition));
    json_raw(&writer, "job", "");
    writer.needs_comma = false;
    job_render(&writer, &view, job, &job->now, ID_RIGHT);
    json_close(&writer, '}');
    buffer_char(&walk->lines, '\n');
}

static void write_lines(struct truth_walk *walk)
{
    const struct world *world = &walk->simulator->world;
    walk->lines.length = 0;
    walk->sent = 0;
    for (int lines = 0; lines < LINES_AT_ONCE && walk->next < world->job_count; walk->next++) {
        const struct job *job = world_job(world, walk->next);
        bool is_asked = (walk->region == world->region_count || walk->region == job->region) &&
                        (walk->edition < 0 || walk->edition == job->edition);
        if (is_asked && job->now.present) {
            write_line(walk, job);
            lines++;
        }
    }
}

size_t truth_read(struct truth_walk *walk, char *out, size_t most)
{
    if (walk->sent == walk->lines.length) {
        pthread_mutex_lock(&walk->simulator->lock);
        write_lines(walk);
        pthread_mutex_unlock(&walk->simulator->lock);
    }
    size_t size = walk->lines.length - walk->sent;
    size = size < most ? size : most;
    if (size > 0) {
        memcpy(out, walk->lines.data + walk->sent, size);
        walk->sent += size;
    }
    return size;
}

void truth_end(struct truth_walk *walk)
{
    if (walk != NULL) {
        buffer_release(&walk->lines);
        free(walk);
    }
}
