/* Moves of the world: what POST /control/move can do. */
#ifndef SIMULATOR_MOVES_H
#define SIMULATOR_MOVES_H

#include <json-c/json.h>

#include "world.h"

/* Makes the moves an object asks for. Returns {"move": n, verb: [ids touched], ...}, to be put by
 * the caller, or NULL with the problem written to `problem`; then nothing was moved. */
struct json_object *move_world(struct world *world, struct json_object *request, char *problem,
                               size_t size);

/* Whether the object is one move_world would take. */
bool move_is_valid(const struct world *world, struct json_object *request, char *problem,
                   size_t size);

#endif
