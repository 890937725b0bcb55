/* Internal to acs: a call that was submitted, from then until its answer is taken. */
#ifndef HBRSYNC_ACS_CALL_H
#define HBRSYNC_ACS_CALL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "acs/client.h"
#include "acs/endpoint.h"
#include "acs/rate_limit.h"
#include "acs/retry_watch.h"
#include "base/error.h"

#define ACS_NAME_MAX 64

struct acs_transfer;

/* What calls to one region share: the rate limit; and what calls to one host share: connections. */
struct acs_share {
    char *name; /* owned */
    struct acs_rate_limit limit;
    unsigned running;
    unsigned connections; /* of a host: the most that ran at once, so that more opens another ... */
    int64_t opened_ms;    /* ... which happened last at this time */
    struct acs_share *next;
};

/* The share of this name, made when there is none; NULL when there is no memory. */
struct acs_share *acs_share_find(struct acs_share **list, const char *name, double rate,
                                 int64_t now_ms);

void acs_share_free_all(struct acs_share *list);

struct acs_call {
    struct acs_endpoint endpoint;
    char region[ACS_NAME_MAX];
    char action[ACS_NAME_MAX];
    char version[ACS_NAME_MAX];
    struct acs_parameter *parameters; /* owned; their texts are in `texts` */
    size_t parameter_count;
    char *texts;
    bool (*check)(struct json_node *root, const void *tag, struct error *err);
    struct acs_share *region_share; /* the client's */
    struct acs_share *host_share;   /* the client's */
    struct acs_transfer *transfer;  /* while an attempt is under way, else NULL */
    int64_t not_before_ms;
    bool paid;    /* its next attempt is taken from the budget already */
    bool renewed; /* was tried again because its credentials had expired */
    struct acs_retry retry;
    struct acs_waiting waiting;
    struct acs_answer answer;
    struct acs_call *next;
};

/* A copy of the request, checked for what could not be sent. */
bool acs_call_new(const struct acs_request *request, struct acs_call **ret_call,
                  struct error *err) MUST_CHECK;

/* Accepts NULL; releases the answer's root. The transfer is not the call's. */
void acs_call_free(struct acs_call *call);

/* Puts "ACTION in REGION at ENDPOINT: N attempts in S s: " before the message. */
void acs_call_context(const struct acs_call *call, int64_t now_ms, struct error *err);

/* A first-in first-out list of calls. */
struct acs_call_list {
    struct acs_call *first;
    struct acs_call *last;
};

void acs_call_append(struct acs_call_list *list, struct acs_call *call);

/* Takes the call out of the list, which must hold it. */
void acs_call_remove(struct acs_call_list *list, struct acs_call *call);

#endif
