/* A look at a database that may not exist, be damaged, or be in use: for diagnosis. Changes
 * nothing.
 */
#ifndef HBRSYNC_STORE_HEALTH_H
#define HBRSYNC_STORE_HEALTH_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

enum store_lock_state { STORE_LOCK_FREE, STORE_LOCK_HELD };

struct store_health {
    bool exists;            /* and is a database of hbrsync; else the rest but the place is empty */
    int version, newest;    /* of the schema; `newest` is this program's */
    char journal_mode[16];  /* "wal", "delete" */
    int64_t size, wal_size; /* bytes */
    bool remote;            /* on a network file system, as far as it is recognised */
    int64_t free_bytes;     /* of the file system, -1: not known */
    enum store_lock_state lock;
    int64_t holder; /* process id as the holder wrote it, 0: not known */
};

/*
 * ERROR_DATABASE: the file is damaged, not ours, too new or not readable, or (when there is none)
 * its folder does not exist or is not writable. What was learnt before is in *ret_health.
 */
bool store_health(const char *path, struct store_health *ret_health, struct error *err) MUST_CHECK;

/* Whether a sync would write there: nobody else can, and nothing is in the way. ERROR_DATABASE. */
bool store_health_place(const char *path, struct error *err) MUST_CHECK;

#endif
