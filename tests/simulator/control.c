#include "control.h"

#include <stdio.h>
#include <string.h>

#include "moves.h"
#include "truth.h"

enum { PROBLEM_SIZE = 256, MOST_DEPTH = 16 };

static void reply_problem(struct reply *reply, unsigned status, const char *problem)
{
    struct json_object *body = json_object_new_object();
    json_object_object_add(body, "error", json_object_new_string(problem));
    reply_json(reply, status, body);
}

static struct json_object *done(void)
{
    struct json_object *body = json_object_new_object();
    json_object_object_add(body, "ok", json_object_new_boolean(true));
    return body;
}

/* The body as an object; an empty one counts as {}. NULL when it is anything else. */
static struct json_object *read_body(const struct request *request)
{
    if (request->body.length == 0) {
        return json_object_new_object();
    }
    struct json_tokener *tokener = json_tokener_new_ex(MOST_DEPTH);
    json_tokener_set_flags(tokener, JSON_TOKENER_STRICT);
    struct json_object *body =
        json_tokener_parse_ex(tokener, request->body.data, (int)request->body.length + 1);
    bool is_object = json_tokener_get_error(tokener) == json_tokener_success &&
                     json_object_is_type(body, json_type_object);
    json_tokener_free(tokener);
    if (!is_object) {
        json_object_put(body);
        return NULL;
    }
    return body;
}

/* Each control answers with an object, or returns NULL with `problem` set. */
typedef struct json_object *control_action(struct simulator *simulator, struct json_object *body,
                                           char *problem);

static struct json_object *control_move(struct simulator *simulator, struct json_object *body,
                                        char *problem)
{
    return move_world(&simulator->world, body, problem, PROBLEM_SIZE);
}

static struct json_object *control_advance(struct simulator *simulator, struct json_object *body,
                                           char *problem)
{
    struct json_object *seconds = json_object_object_get(body, "seconds");
    int64_t number = json_object_get_int64(seconds);
    if (!json_object_is_type(seconds, json_type_int) || number < -1000000000 ||
        number > 1000000000) {
        snprintf(problem, PROBLEM_SIZE, "advance takes whole seconds");
        return NULL;
    }
    simulator->world.clock_offset += number;
    struct json_object *answer = json_object_new_object();
    json_object_object_add(answer, "now", json_object_new_int64(world_now(&simulator->world)));
    return answer;
}

static struct json_object *control_set(struct simulator *simulator, struct json_object *body,
                                       char *problem)
{
    return simulator_set(simulator, body, problem, PROBLEM_SIZE)
               ? settings_show(&simulator->settings)
               : NULL;
}

static struct json_object *control_reset(struct simulator *simulator, struct json_object *body,
                                         char *problem)
{
    (void)body;
    (void)problem;
    simulator_reset(simulator);
    return settings_show(&simulator->settings);
}

static struct json_object *control_fault(struct simulator *simulator, struct json_object *body,
                                         char *problem)
{
    return fault_add(&simulator->faults, body, problem, PROBLEM_SIZE) ? done() : NULL;
}

static struct json_object *control_clear_faults(struct simulator *simulator,
                                                struct json_object *body, char *problem)
{
    (void)body;
    (void)problem;
    fault_clear(&simulator->faults);
    return done();
}

static const char *text_of(struct json_object *body, const char *name, const char *otherwise)
{
    struct json_object *value = json_object_object_get(body, name);
    return json_object_is_type(value, json_type_string) ? json_object_get_string(value) : otherwise;
}

static struct json_object *control_key(struct simulator *simulator, struct json_object *body,
                                       char *problem)
{
    struct key_order key = {.id = text_of(body, "id", NULL),
                            .secret = text_of(body, "secret", NULL),
                            .token = text_of(body, "token", NULL),
                            .account_id = text_of(body, "account_id", simulator->world.account_id)};
    struct json_object *expires_in = json_object_object_get(body, "expires_in");
    if (key.id == NULL || strlen(key.id) > 100) {
        snprintf(problem, PROBLEM_SIZE, "a key has an id of at most 100 characters");
        return NULL;
    }
    if (json_object_get_boolean(json_object_object_get(body, "remove"))) {
        key_ring_remove(&simulator->keys, key.id);
        return done();
    }
    const struct key *known = key_ring_find(&simulator->keys, key.id);
    if (key.secret == NULL && known == NULL) {
        snprintf(problem, PROBLEM_SIZE, "a new key has a secret");
        return NULL;
    }
    key.secret = key.secret != NULL ? key.secret : known->secret;
    key.inactive = json_object_get_boolean(json_object_object_get(body, "inactive")) != 0;
    if (json_object_is_type(expires_in, json_type_int)) {
        key.expires_at = world_now(&simulator->world) + json_object_get_int64(expires_in);
    }
    key_ring_put(&simulator->keys, &key);
    return done();
}

static struct json_object *control_clear_log(struct simulator *simulator, struct json_object *body,
                                             char *problem)
{
    (void)body;
    (void)problem;
    request_log_clear(&simulator->log);
    return done();
}

static struct json_object *control_script(struct simulator *simulator, struct json_object *body,
                                          char *problem)
{
    return script_add(&simulator->script, &simulator->world, body, problem, PROBLEM_SIZE) ? done()
                                                                                          : NULL;
}

static struct json_object *control_vanished(struct simulator *simulator, struct json_object *body,
                                            char *problem)
{
    (void)body;
    (void)problem;
    struct json_object *ids = json_object_new_array();
    for (size_t i = 0; i < simulator->world.job_count; i++) {
        const struct job *job = world_job(&simulator->world, i);
        if (!job->now.present) {
            json_object_array_add(ids, json_object_new_string(job->id));
        }
    }
    return ids;
}

static struct json_object *count_source(struct simulator *simulator, size_t region,
                                        unsigned edition)
{
    const struct source *source = world_source(&simulator->world, region, edition);
    int64_t counts[STATUS_COUNT] = {0};
    int64_t total = 0;
    for (size_t i = 0; i < source->count; i++) {
        if (source->rows[i]->now.present) {
            counts[source->rows[i]->now.status]++;
            total++;
        }
    }
    struct json_object *by_status = json_object_new_object();
    for (unsigned status = 0; status < STATUS_COUNT; status++) {
        if (counts[status] > 0) {
            json_object_object_add(by_status, status_name(status),
                                   json_object_new_int64(counts[status]));
        }
    }
    struct json_object *counted = json_object_new_object();
    json_object_object_add(counted, "region",
                           json_object_new_string(simulator->world.regions[region]));
    json_object_object_add(counted, "edition", json_object_new_string(edition_name(edition)));
    json_object_object_add(counted, "total", json_object_new_int64(total));
    json_object_object_add(counted, "by_status", by_status);
    return counted;
}

static int64_t count_open_reports(const struct world *world)
{
    int64_t open = 0;
    for (size_t i = 0; i < world->job_count; i++) {
        const struct job *job = world_job(world, i);
        open += job->now.present && job->now.report == REPORT_OPEN;
    }
    return open;
}

static struct json_object *control_state(struct simulator *simulator, struct json_object *body,
                                         char *problem)
{
    (void)body;
    (void)problem;
    const struct world *world = &simulator->world;
    struct json_object *state = json_object_new_object();
    struct json_object *sources = json_object_new_array();
    for (size_t region = 0; region < world->region_count; region++) {
        for (unsigned edition = 0; edition < EDITION_COUNT; edition++) {
            json_object_array_add(sources, count_source(simulator, region, edition));
        }
    }
    json_object_object_add(state, "account_id", json_object_new_string(world->account_id));
    json_object_object_add(state, "world", json_object_new_int64((int64_t)world->generation));
    json_object_object_add(state, "move", json_object_new_int64(world->move));
    json_object_object_add(state, "now", json_object_new_int64(world_now(world)));
    json_object_object_add(state, "answers", json_object_new_int64(simulator->answers));
    json_object_object_add(state, "drift_events", json_object_new_int64(simulator->drift.events));
    json_object_object_add(state, "scripts_waiting",
                           json_object_new_int64((int64_t)simulator->script.count));
    json_object_object_add(state, "reports_open", json_object_new_int64(count_open_reports(world)));
    json_object_object_add(state, "settings", settings_show(&simulator->settings));
    json_object_object_add(state, "sources", sources);
    return state;
}

static const struct {
    const char *method;
    const char *path;
    control_action *act;
} controls[] = {
    {"POST", "/control/move", control_move},
    {"POST", "/control/advance", control_advance},
    {"POST", "/control/set", control_set},
    {"POST", "/control/reset", control_reset},
    {"POST", "/control/fault", control_fault},
    {"POST", "/control/clear_faults", control_clear_faults},
    {"POST", "/control/key", control_key},
    {"POST", "/control/clear_log", control_clear_log},
    {"POST", "/control/script", control_script},
    {"GET", "/control/vanished", control_vanished},
    {"GET", "/control/state", control_state},
};

static void show_truth(struct simulator *simulator, const struct request *request,
                       struct reply *reply)
{
    reply->truth = truth_begin(simulator, pair_find(&request->parameters, "region"),
                               pair_find(&request->parameters, "edition"));
    if (reply->truth == NULL) {
        reply_problem(reply, 400, "no such region or edition");
    } else {
        reply_text(reply, 200, "application/x-ndjson;charset=utf-8", "");
    }
}

void control_answer(struct simulator *simulator, const struct request *request, struct reply *reply)
{
    bool is_get = strcmp(request->method, "GET") == 0;
    if (is_get && strcmp(request->path, "/control/truth") == 0) {
        show_truth(simulator, request, reply);
        return;
    }
    if (is_get && strcmp(request->path, "/control/log") == 0) {
        reply_text(reply, 200, "application/json;charset=utf-8", "");
        request_log_show(&simulator->log, &reply->body);
        return;
    }
    for (size_t i = 0; i < sizeof controls / sizeof *controls; i++) {
        if (strcmp(controls[i].path, request->path) == 0 &&
            strcmp(controls[i].method, request->method) == 0) {
            char problem[PROBLEM_SIZE] = "the request failed";
            struct json_object *body = read_body(request);
            struct json_object *answer =
                body != NULL ? controls[i].act(simulator, body, problem) : NULL;
            if (answer == NULL) {
                reply_problem(reply, 400, body != NULL ? problem : "the body is not a JSON object");
            } else {
                reply_json(reply, 200, answer);
            }
            json_object_put(body);
            return;
        }
    }
    reply_problem(reply, 404, "no such control");
}
