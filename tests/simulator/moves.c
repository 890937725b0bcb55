#include "moves.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "memory.h"
#include "population.h"

enum { DAY = 24 * 60 * 60, LATE_AGE = 14 * DAY, OLD_AGE = 90 * DAY, MOST_AT_ONCE = 100000 };

/* Where a move happens: one region and edition, or all of them. */
struct scope {
    size_t region; /* region_count: all */
    int edition;   /* -1: both */
};

static bool is_open(const struct job *job)
{
    return job->now.status <= STATUS_CANCELING;
}

static bool is_waiting(const struct job *job, int64_t now)
{
    (void)now;
    return job->now.status == STATUS_CREATED || job->now.status == STATUS_QUEUED;
}

static bool is_running(const struct job *job, int64_t now)
{
    (void)now;
    return job->now.status == STATUS_RUNNING;
}

static bool is_unfinished(const struct job *job, int64_t now)
{
    (void)now;
    return is_open(job);
}

static bool has_open_report(const struct job *job, int64_t now)
{
    (void)now;
    return job->now.report == REPORT_OPEN;
}

static bool is_finished_long_ago(const struct job *job, int64_t now)
{
    return job->now.complete != 0 && job->now.complete <= now - LATE_AGE;
}

static bool lacks_report_for_long(const struct job *job, int64_t now)
{
    return is_finished_long_ago(job, now) && job->now.report != REPORT_COMPLETE;
}

static bool is_complete_for_long(const struct job *job, int64_t now)
{
    return is_finished_long_ago(job, now) && job->now.status == STATUS_COMPLETE;
}

static bool is_any(const struct job *job, int64_t now)
{
    (void)job;
    (void)now;
    return true;
}

static bool is_parent(const struct job *job, int64_t now)
{
    (void)now;
    return job_may_have_children(job);
}

static bool is_open_parent(const struct job *job, int64_t now)
{
    (void)now;
    return job_may_have_children(job) && is_open(job);
}

static bool is_old(const struct job *job, int64_t now)
{
    return job->now.complete != 0 && job->now.complete <= now - OLD_AGE;
}

static void do_start(struct world *world, struct job *job, int64_t now)
{
    job->now.status = STATUS_RUNNING;
    job->now.start = now;
    job->now.updated = now;
    job->now.progress = (uint16_t)prng_below(&world->prng, 5000);
}

static void do_progress(struct world *world, struct job *job, int64_t now)
{
    job->now.progress = (uint16_t)(job->now.progress +
                                   prng_below(&world->prng, (uint64_t)(10000 - job->now.progress)));
    job->now.updated = now;
}

/* Under way, and with a CompleteTime all the same. */
static void do_complete_early(struct world *world, struct job *job, int64_t now)
{
    (void)world;
    job->now.status = STATUS_RUNNING;
    job->now.complete = now;
    job->now.updated = now;
}

static void do_finish(struct world *world, struct job *job, int64_t now)
{
    enum job_status status =
        prng_chance(&world->prng, 10) ? STATUS_PARTIAL_COMPLETE : STATUS_COMPLETE;
    job_finish(job, status, now, now);
}

static void do_finish_reporting(struct world *world, struct job *job, int64_t now)
{
    do_finish(world, job, now);
    job->now.report = REPORT_OPEN;
}

static void do_fail(struct world *world, struct job *job, int64_t now)
{
    (void)world;
    job_finish(job, job->now.status == STATUS_CANCELING ? STATUS_CANCELED : STATUS_FAILED, now,
               now);
}

static void do_report(struct world *world, struct job *job, int64_t now)
{
    (void)world;
    job->now.report = REPORT_COMPLETE;
    job->now.updated = now;
}

static void do_expire(struct world *world, struct job *job, int64_t now)
{
    (void)world;
    job->now.status = STATUS_EXPIRED;
    job->now.updated = now;
}

/* Finished, and under way again. */
static void do_reopen(struct world *world, struct job *job, int64_t now)
{
    (void)world;
    job->now.status = STATUS_RUNNING;
    job->now.complete = 0;
    job->now.updated = now;
}

static void do_suspend(struct world *world, struct job *job, int64_t now)
{
    do_reopen(world, job, now);
    job->now.status = STATUS_SUSPENDED;
}

static void do_silent_change(struct world *world, struct job *job, int64_t now)
{
    (void)world;
    (void)now;
    job->now.content++;
}

static void do_vanish(struct world *world, struct job *job, int64_t now)
{
    (void)world;
    (void)now;
    job->now.present = false;
}

static void do_return(struct world *world, struct job *job, int64_t now)
{
    (void)world;
    (void)now;
    job->now.present = true;
}

static void do_create(struct world *world, struct job *job, int64_t now)
{
    job_open(job, &world->prng, now);
    job->now.status = prng_chance(&world->prng, 50) ? STATUS_CREATED : STATUS_QUEUED;
    job->now.start = 0;
    job->now.progress = 0;
}

static void do_create_closed(struct world *world, struct job *job, int64_t now)
{
    job_finish(job, pick_finished_status(prng_next(&world->prng)), now, now);
}

static void do_create_undocumented(struct world *world, struct job *job, int64_t now)
{
    do_create_closed(world, job, now);
    job->type = JOB_TYPE_UNDOCUMENTED;
}

static void do_create_parent(struct world *world, struct job *job, int64_t now)
{
    do_create(world, job, now);
    job->type = prng_chance(&world->prng, 50) ? JOB_TYPE_WHOLE_ROLLBACK : JOB_TYPE_WHOLE_CLONE;
}

static void do_create_odd(struct world *world, struct job *job, int64_t now)
{
    do_create(world, job, now);
    job->now.status = STATUS_SUSPENDED;
}

typedef void job_change(struct world *world, struct job *job, int64_t now);

/* A verb makes new jobs, changes jobs that may be chosen, or makes children of them. They are done
 * in this order. */
static const struct verb {
    const char *name;
    bool (*may_choose)(const struct job *job, int64_t now); /* NULL: makes new jobs */
    job_change *change;
} verbs[] = {
    {"start", is_waiting, do_start},
    {"complete_early", is_unfinished, do_complete_early},
    {"progress", is_running, do_progress},
    {"finish", is_unfinished, do_finish},
    {"finish_reporting", is_unfinished, do_finish_reporting},
    {"fail", is_unfinished, do_fail},
    {"report", has_open_report, do_report},
    {"late_report", lacks_report_for_long, do_report},
    {"late_expire", is_complete_for_long, do_expire},
    {"reopen", is_old, do_reopen},
    {"suspend", is_old, do_suspend},
    {"silent_change", is_any, do_silent_change},
    {"silent_change_old", is_old, do_silent_change},
    {"vanish", is_any, do_vanish},
    {"vanish_old", is_old, do_vanish},
    {"create", NULL, do_create},
    {"create_closed", NULL, do_create_closed},
    {"create_undocumented", NULL, do_create_undocumented},
    {"odd", NULL, do_create_odd},
    {"create_parent", NULL, do_create_parent},
    {"create_child", is_parent, do_create},
    {"create_child_closed", is_parent, do_create_closed},
    {"create_child_of_open", is_open_parent, do_create},
};

enum { VERBS = sizeof verbs / sizeof *verbs };

static void change_job(struct world *world, struct job *job, job_change *change, int64_t now)
{
    world_touch(world, job);
    change(world, job, now);
}

/* The jobs in scope that a verb may choose. */
static size_t find_candidates(struct world *world, const struct scope *scope,
                              const struct verb *verb, int64_t now, struct job ***found)
{
    size_t count = 0;
    *found = must_alloc(world->job_count * sizeof **found);
    for (size_t i = 0; i < world->job_count; i++) {
        struct job *job = world_job(world, i);
        bool is_in_scope = (scope->region == world->region_count || scope->region == job->region) &&
                           (scope->edition < 0 || scope->edition == job->edition);
        if (is_in_scope && job->now.present && verb->may_choose(job, now)) {
            (*found)[count++] = job;
        }
    }
    return count;
}

/* Whether what is changed is a new child of the job that is chosen. */
static bool makes_child(const struct verb *verb)
{
    return verb->may_choose == is_parent || verb->may_choose == is_open_parent;
}

static struct job *create_child(struct world *world, const struct job *parent, job_change *change,
                                int64_t now)
{
    struct job *child = population_new_child(world, &world->prng, parent, now);
    change(world, child, now);
    world_place(world, child);
    return child;
}

static void change_some(struct world *world, const struct scope *scope, const struct verb *verb,
                        int64_t wanted, struct json_object *ids)
{
    int64_t now = world_now(world);
    struct job **found = NULL;
    size_t left = find_candidates(world, scope, verb, now, &found);
    for (; wanted > 0 && left > 0; wanted--) {
        size_t choice = (size_t)prng_below(&world->prng, left);
        struct job *job = found[choice];
        if (makes_child(verb)) {
            job = create_child(world, job, verb->change, now);
        } else {
            change_job(world, job, verb->change, now);
            found[choice] = found[--left];
        }
        json_object_array_add(ids, json_object_new_string(job->id));
    }
    free(found);
}

static void create_some(struct world *world, const struct scope *scope, const struct verb *verb,
                        int64_t wanted, struct json_object *ids)
{
    int64_t now = world_now(world);
    for (; wanted > 0; wanted--) {
        bool any_region = scope->region == world->region_count;
        size_t region =
            any_region ? (size_t)prng_below(&world->prng, world->region_count) : scope->region;
        unsigned edition = scope->edition < 0 ? (unsigned)prng_below(&world->prng, EDITION_COUNT)
                                              : (unsigned)scope->edition;
        struct job *job = world_new_job(world, &world->prng, region, edition, now);
        verb->change(world, job, now);
        world_place(world, job);
        json_object_array_add(ids, json_object_new_string(job->id));
    }
}

/* Verbs for jobs that are named; they come last. A vanished job can only return. */
static const struct {
    const char *name;
    job_change *change;
} named[] = {{"vanish_ids", do_vanish},
             {"return_ids", do_return},
             {"finish_ids", do_finish},
             {"reopen_ids", do_reopen},
             {"suspend_ids", do_suspend}};

enum { NAMED = sizeof named / sizeof *named };

static void change_named(struct world *world, struct json_object *names, job_change *change,
                         struct json_object *ids)
{
    for (size_t i = 0; i < json_object_array_length(names); i++) {
        struct job *job =
            world_find(world, json_object_get_string(json_object_array_get_idx(names, i)));
        if (job != NULL && job->now.present != (change == do_return)) {
            change_job(world, job, change, world_now(world));
            json_object_array_add(ids, json_object_new_string(job->id));
        }
    }
}

static const struct verb *find_verb(const char *name)
{
    for (size_t i = 0; i < VERBS; i++) {
        if (strcmp(verbs[i].name, name) == 0) {
            return &verbs[i];
        }
    }
    return NULL;
}

static bool is_list_of_strings(struct json_object *value)
{
    if (!json_object_is_type(value, json_type_array)) {
        return false;
    }
    for (size_t i = 0; i < json_object_array_length(value); i++) {
        if (!json_object_is_type(json_object_array_get_idx(value, i), json_type_string)) {
            return false;
        }
    }
    return true;
}

static bool entry_is_valid(const struct world *world, const char *name, struct json_object *value)
{
    bool is_text = json_object_is_type(value, json_type_string);
    if (strcmp(name, "region") == 0) {
        return value == NULL || (is_text && world_region(world, json_object_get_string(value)) <
                                                world->region_count);
    }
    if (strcmp(name, "edition") == 0) {
        return value == NULL ||
               (is_text && (strcmp(json_object_get_string(value), "STANDARD") == 0 ||
                            strcmp(json_object_get_string(value), "BASIC") == 0));
    }
    for (size_t i = 0; i < NAMED; i++) {
        if (strcmp(name, named[i].name) == 0) {
            return is_list_of_strings(value);
        }
    }
    return find_verb(name) != NULL && json_object_is_type(value, json_type_int) &&
           json_object_get_int64(value) >= 0 && json_object_get_int64(value) <= MOST_AT_ONCE;
}

bool move_is_valid(const struct world *world, struct json_object *request, char *problem,
                   size_t size)
{
    if (!json_object_is_type(request, json_type_object)) {
        snprintf(problem, size, "a move is an object");
        return false;
    }
    json_object_object_foreach(request, name, value)
    {
        if (!entry_is_valid(world, name, value)) {
            snprintf(problem, size, "unknown or bad entry \"%s\" in a move", name);
            return false;
        }
    }
    return true;
}

static struct scope scope_of(const struct world *world, struct json_object *request)
{
    struct scope scope = {world->region_count, -1};
    struct json_object *region = json_object_object_get(request, "region");
    struct json_object *edition = json_object_object_get(request, "edition");
    if (region != NULL) {
        scope.region = world_region(world, json_object_get_string(region));
    }
    if (edition != NULL) {
        scope.edition = strcmp(json_object_get_string(edition), "BASIC") == 0 ? EDITION_BASIC
                                                                              : EDITION_STANDARD;
    }
    return scope;
}

struct json_object *move_world(struct world *world, struct json_object *request, char *problem,
                               size_t size)
{
    if (!move_is_valid(world, request, problem, size)) {
        return NULL;
    }
    struct scope scope = scope_of(world, request);
    struct json_object *answer = json_object_new_object();
    json_object_object_add(answer, "move", json_object_new_int64(++world->move));
    for (size_t i = 0; i < VERBS; i++) {
        struct json_object *wanted = json_object_object_get(request, verbs[i].name);
        if (wanted != NULL) {
            struct json_object *ids = json_object_new_array();
            (verbs[i].may_choose != NULL ? change_some : create_some)(
                world, &scope, &verbs[i], json_object_get_int64(wanted), ids);
            json_object_object_add(answer, verbs[i].name, ids);
        }
    }
    for (size_t i = 0; i < NAMED; i++) {
        struct json_object *names = json_object_object_get(request, named[i].name);
        if (names != NULL) {
            struct json_object *ids = json_object_new_array();
            change_named(world, names, named[i].change, ids);
            json_object_object_add(answer, named[i].name, ids);
        }
    }
    return answer;
}
