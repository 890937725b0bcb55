#include "script.h"

#include <stdio.h>

#include "moves.h"
#include "settings.h"

static bool settings_are_valid(struct json_object *changes, char *problem, size_t size)
{
    struct settings trial;
    settings_init(&trial);
    bool is_valid = json_object_is_type(changes, json_type_object) &&
                    settings_apply(&trial, changes, problem, size);
    settings_release(&trial);
    return is_valid;
}

bool script_add(struct script *script, const struct world *world, struct json_object *order,
                char *problem, size_t size)
{
    struct json_object *before = json_object_object_get(order, "before_request");
    struct json_object *move = json_object_object_get(order, "do");
    struct json_object *settings = json_object_object_get(order, "set");
    struct json_object *advance = json_object_object_get(order, "advance");
    int64_t seconds =
        json_object_is_type(advance, json_type_int) ? json_object_get_int64(advance) : 0;
    if (settings == NULL) {
        settings = json_object_object_get(order, "before_request_set");
    }
    snprintf(problem, size, "a script names before_request (from 1) and what to do or set");
    if (!json_object_is_type(before, json_type_int) || json_object_get_int64(before) < 1 ||
        (move == NULL && settings == NULL && seconds == 0) || script->count == MOST_SCRIPT_STEPS) {
        return false;
    }
    if ((move != NULL && !move_is_valid(world, move, problem, size)) ||
        (settings != NULL && !settings_are_valid(settings, problem, size))) {
        return false;
    }
    script->steps[script->count++] = (struct script_step){
        json_object_get_int64(before), json_object_get(move), json_object_get(settings), seconds};
    return true;
}

bool script_next(struct script *script, bool is_first, struct script_step *step)
{
    for (size_t i = 0; is_first && i < script->count; i++) {
        script->steps[i].left--;
    }
    for (size_t i = 0; i < script->count; i++) {
        if (script->steps[i].left <= 0) {
            *step = script->steps[i];
            script->count--;
            for (size_t later = i; later < script->count; later++) {
                script->steps[later] = script->steps[later + 1];
            }
            return true;
        }
    }
    return false;
}

void script_clear(struct script *script)
{
    for (size_t i = 0; i < script->count; i++) {
        json_object_put(script->steps[i].move);
        json_object_put(script->steps[i].settings);
    }
    script->count = 0;
}
