/* The answers of the service's actions. */
#ifndef SIMULATOR_ANSWER_H
#define SIMULATOR_ANSWER_H

#include "reply.h"
#include "service_error.h"
#include "simulator.h"

/* A signed request on its way to an answer. */
struct call {
    const struct request *request;
    size_t region;
    const char *host;
    char request_id[37];
    const struct key *caller;
    const struct fault *fault; /* NULL: none */
    int64_t rows;              /* of the answer; -1: not a listing */
    int64_t total_count;
    struct json_object *ids; /* of the rows; NULL: they are not logged */
    struct name_list unknown_parameters;
};

/* These fill the reply, or fill `error` and return false. */
bool answer_restore_jobs(struct simulator *simulator, struct call *call, struct reply *reply,
                         struct service_error *error);
bool answer_regions(struct simulator *simulator, struct call *call, struct reply *reply,
                    struct service_error *error);
bool answer_caller_identity(struct simulator *simulator, struct call *call, struct reply *reply,
                            struct service_error *error);

#endif
