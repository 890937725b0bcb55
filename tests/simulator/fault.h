/* Misbehaviour ordered for certain requests.
 *
 * An order names its "kind" (below, in lower case) and may hold:
 *
 * at, count: from the at-th matching request (default 1) on, count requests (default 1; 0: for
 * ever)
 *
 * action, region: which requests match (default all signed ones)
 *
 * parameter: NAME or NAME=VALUE, which a request must carry to match
 *
 * headers: an object of headers to add; retry_after_ms adds x-acs-retry-after, time_left_ms adds
 * x-ratelimit-user-api
 *
 * status: of http (default 500) and html (default 200)
 *
 * code, message: of http, throttle, token_expired, success_false
 *
 * seconds: of stall (default 60); delay_ms: of slow, before each byte (default 5)
 *
 * bytes: of huge and gzip_bomb (default 2^30)
 *
 * location: of redirect (default http://redirect.invalid/)
 *
 * mode: of wrong_json: object, array, string, null, number, rows_object, rows_strings; of nul_id:
 * absent, empty, number, null
 *
 * The request must be signed correctly all the same. cut and stall send half of the body first. */
#ifndef SIMULATOR_FAULT_H
#define SIMULATOR_FAULT_H

#include <json-c/json.h>

#include "job_json.h"
#include "reply.h"

enum fault_kind {
    FAULT_NONE,
    FAULT_HTTP,
    FAULT_THROTTLE,
    FAULT_CLOSE,
    FAULT_RESET,
    FAULT_NOT_JSON,
    FAULT_HTML,
    FAULT_WRONG_JSON,
    FAULT_HUGE,
    FAULT_GZIP_BOMB,
    FAULT_SUCCESS_FALSE,
    FAULT_TOKEN_EXPIRED,
    FAULT_REDIRECT,
    FAULT_EMPTY_BODY,
    /* Those below change the answer; those above take its place. */
    FAULT_CUT,
    FAULT_STALL,
    FAULT_SLOW,
    FAULT_GARBLED,
    FAULT_WRONG_TYPES,
    FAULT_NUL_ID,
    FAULT_DUPLICATE_ROWS,
    FAULT_KINDS
};

struct fault {
    enum fault_kind kind;
    int64_t at;
    int64_t count;
    int64_t seen;
    struct json_object *order; /* the request that ordered it */
};

enum { MOST_FAULTS = 64 };

struct fault_list {
    struct fault faults[MOST_FAULTS];
    size_t count;
};

/* Takes an order of POST /control/fault; false with `problem` set when it is wrong. */
bool fault_add(struct fault_list *list, struct json_object *order, char *problem, size_t size);

void fault_clear(struct fault_list *list);

/* Counts a request and returns the fault it meets, or NULL. */
const struct fault *fault_for_request(struct fault_list *list, const char *action,
                                      const char *region, const struct pair_list *parameters);

/* Whether the fault takes the place of the answer. */
bool fault_replaces_answer(const struct fault *fault);

/* Makes the reply of a fault that takes the answer's place. Returns the error code it shows, ""
 * when none. */
const char *fault_replace(const struct fault *fault, struct reply *reply, const char *request_id,
                          const char *host);

/* Changes the delivery or the bytes of a reply. */
void fault_spoil(const struct fault *fault, struct reply *reply);

/* How a fault wants the id of a page's first row. */
enum id_style fault_id_style(const struct fault *fault);

/* The body of an error of the service; to be put by the caller. */
struct json_object *error_body(const char *request_id, const char *host, const char *code,
                               const char *message);

#endif
