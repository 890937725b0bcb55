/*
 * The requests of all threads that failed and are tried again, or have no answer yet: for whoever
 * waits for them. An interruption names the oldest.
 */
#ifndef HBRSYNC_ACS_RETRY_WATCH_H
#define HBRSYNC_ACS_RETRY_WATCH_H

#include <stdbool.h>
#include <stdint.h>

#include "acs/retry.h"
#include "base/error.h"

/*
 * Calls `attempt` for each that failed and is followed by another, and `waiting` about once a
 * second while a thread waits, with the oldest request that has failed for a second or more, or
 * NULL. Texts are borrowed; `until` is when a request is given up, UNIX seconds. One thread calls
 * them at a time; they must not ask the service.
 */
void acs_retry_watch(void (*attempt)(const char *failure, int64_t until),
                     void (*waiting)(const char *failure, int64_t until));

/* Internal to acs: a request, kept by its owner; zeroed at first. */
struct acs_waiting {
    bool listed;
    int64_t since_ms; /* it has failed, or had no answer */
    int64_t until;
    char brief[512];
    struct error error;
    struct acs_waiting *next;
};

/* Another attempt follows the failed one after `wait_ms`, or the first has no answer yet
 * (`wait_ms` < 0). `brief` is what the watcher of those that wait is told, `err` says all. */
void acs_retry_failed(struct acs_waiting *waiting, const struct acs_retry *retry, int64_t wait_ms,
                      const char *brief, const struct error *err);

/* The request has ended. Does nothing if it never failed. */
void acs_retry_ended(struct acs_waiting *waiting);

/* Tells the watcher; to be called about once a second during a wait. */
void acs_retry_look(void);

/* Waits so long, less when a signal arrives: the caller's next step sees that. */
void acs_retry_pause(int64_t wait_ms);

#endif
