/* The check of a database by itself: its pages, its references, its schema, and whether its counts
 * agree with what sync wrote down. Nothing is changed. */
#ifndef HBRSYNC_STORE_CHECK_H
#define HBRSYNC_STORE_CHECK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "store/store.h"

#define STORE_DAMAGE_ADVICE                                                                        \
    "Put a backup of the file back, or move it away and run `hbrsync sync --full` into a new one."
#define STORE_BLOCKING_ADVICE                                                                      \
    "Allow a trigger that you made, as for a full-text index, once with `sync --allow-trigger "    \
    "NAME`. Else drop what was added; readers can have it in a copy made by `hbrsync publish`."

/* What a source holds; the names are borrowed. */
struct store_check_source {
    int64_t source_id;
    const char *account_id, *region_id, *edition;
    int64_t jobs; /* listed by the service */
    int64_t missing;
};

struct store_check_visitor {
    /* Something that is wrong, one sentence, and what to do about it. */
    void (*problem)(const char *text, const char *advice, void *context);
    /* Something that the user added, or that the next sync puts right. */
    void (*note)(const char *text, void *context);
    void (*source)(const struct store_check_source *source, void *context);
    void *context;
};

struct store_check_counts {
    int64_t problems;
    int64_t blocking;  /* of these, what the user added and a sync cannot work with; no damage */
    int64_t jobs;      /* all of them */
    int64_t orphans;   /* jobs whose ParentId names no stored job: the service may not list it */
    int64_t open_runs; /* under way, or left by a process that died: the next sync closes them */
};

/* True when the check could be made, whatever it found; false when the database could not be read
 * (ERROR_DATABASE). All of it is one snapshot. */
bool store_check(struct store *store, const struct store_check_visitor *visitor,
                 struct store_check_counts *ret_counts, struct error *err) MUST_CHECK;

/* The schema alone, which store_check compares first, with the one that this version makes. */
bool store_check_objects(struct store *store, const struct store_check_visitor *visitor,
                         struct store_check_counts *counts, struct error *err) MUST_CHECK;

/* --- a look at a database that may not exist, be damaged, or be in use: for diagnosis ------- */

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
