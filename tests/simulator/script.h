/* Moves and settings that wait for a certain request. */
#ifndef SIMULATOR_SCRIPT_H
#define SIMULATOR_SCRIPT_H

#include <stdbool.h>

#include <json-c/json.h>

#include "world.h"

enum { MOST_SCRIPT_STEPS = 1024 };

struct script_step {
    int64_t left; /* requests until it is due */
    struct json_object *move;
    struct json_object *settings;
    int64_t advance; /* seconds of the world clock */
};

struct script {
    struct script_step steps[MOST_SCRIPT_STEPS];
    size_t count;
};

/* Takes an order of POST /control/script: {"before_request": n, "do": move, "set": settings,
 * "advance": seconds}. */
bool script_add(struct script *script, const struct world *world, struct json_object *order,
                char *problem, size_t size);

/* Counts a request and takes the next step that is due before it; false when none is left. Call it
 * with `is_first` once, then without until it returns false. The caller puts what it finds in
 * `step`. */
bool script_next(struct script *script, bool is_first, struct script_step *step);

void script_clear(struct script *script);

#endif
