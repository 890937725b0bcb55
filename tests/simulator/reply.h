/* An HTTP answer, and the way it is to be delivered. */
#ifndef SIMULATOR_REPLY_H
#define SIMULATOR_REPLY_H

#include <stdbool.h>
#include <stdint.h>

#include <json-c/json.h>

#include "request.h"

enum delivery {
    DELIVER_WHOLE,
    DELIVER_CLOSE,  /* the connection ends without an answer */
    DELIVER_RESET,  /* the connection is reset */
    DELIVER_CUT,    /* half of the body, then the connection ends */
    DELIVER_STALL,  /* half of the body, a pause, the rest */
    DELIVER_SLOW,   /* a byte at a time */
    DELIVER_ENDLESS /* the body again and again */
};

struct reply {
    unsigned status;
    struct pair_list headers;
    struct buffer body;
    enum delivery delivery;
    int64_t pause_ms;   /* of DELIVER_STALL: once; of DELIVER_SLOW: before each byte */
    int64_t bytes;      /* of DELIVER_ENDLESS */
    int64_t latency_ms; /* before anything is sent */
    bool may_gzip;
    struct truth_walk *truth; /* the body is the world's jobs, a line each */
};

/* Replaces the body and sets the content type; `json` is put. */
void reply_json(struct reply *reply, unsigned status, struct json_object *json);

/* Sets a header, replacing one of that name. */
void reply_header(struct reply *reply, const char *name, const char *value);

/* Replaces the body by `text`. */
void reply_text(struct reply *reply, unsigned status, const char *content_type, const char *text);

void reply_release(struct reply *reply);

#endif
