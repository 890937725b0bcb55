/*
 * Internal to acs: what the calls to one region share, the rate limit, and what the calls to one
 * host share, the number of connections.
 */
#ifndef HBRSYNC_ACS_SHARE_H
#define HBRSYNC_ACS_SHARE_H

#include <stdint.h>

#include "acs/rate_limit.h"

struct acs_share {
    char *name; /* owned */
    struct acs_rate_limit limit;
    unsigned running;
    struct acs_share *next;
};

/* The share of this name, made when there is none; NULL when there is no memory. */
struct acs_share *acs_share_find(struct acs_share **list, const char *name, double rate,
                                 int64_t now_ms);

void acs_share_free_all(struct acs_share *list);

#endif
