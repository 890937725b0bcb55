/*
 * The service as sync sees it: questions are submitted, several at a time, and answers are taken
 * one by one. The program binds it to hbr (HTTPS); tests play the service in memory.
 */
#ifndef HBRSYNC_SYNC_SERVICE_H
#define HBRSYNC_SYNC_SERVICE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "hbr/filter.h"
#include "hbr/page.h"

struct sync_answer {
    void *tag;            /* as submitted */
    struct hbr_page page; /* when failure.code is ERROR_NONE: free with hbr_page_free */
    struct error failure;
    enum hbr_refusal refusal; /* what the failure says about the question */
};

/* Counters of all questions so far. A request is one attempt that was sent. */
struct sync_usage {
    int64_t requests, retries, throttled;
};

struct sync_service {
    void *context;
    /* Queues a question; everything is copied. ERROR_UNPROVED: no request is left. */
    bool (*submit)(void *context, const struct hbr_query *query, void *tag, struct error *err);
    /* Waits for any queued question's answer. False: interrupted, or nothing can go on. */
    bool (*wait)(void *context, struct sync_answer *ret_answer, struct error *err);
    /* Forgets every question whose answer was not taken. */
    void (*cancel)(void *context);
    struct sync_usage (*usage)(const void *context);
};

#endif
