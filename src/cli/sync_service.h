/* Binds the sync core's view of the service to a client, for workers that take turns: one of them
 * at a time uses the database, the log and the summary, while the others wait for answers. */
#ifndef HBRSYNC_CLI_SYNC_SERVICE_H
#define HBRSYNC_CLI_SYNC_SERVICE_H

#include <pthread.h>

#include "hbr/service.h"
#include "sync/service.h"

struct sync_turn {
    pthread_mutex_t lock;
    bool ended; /* no worker goes on */
};

/* A worker's own client, and whose turn it takes part in. */
struct sync_link {
    struct hbr_service hbr;
    struct sync_turn *turn;
};

/* The caller has the turn; a wait for an answer gives it away and has it again when it returns.
 * `link` is borrowed and must outlive it. */
struct sync_service sync_service_of(struct sync_link *link);

#endif
