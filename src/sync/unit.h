/* Inside sync: the state of a unit while it runs, and what the parts of sync share. */
#ifndef HBRSYNC_SYNC_UNIT_H
#define HBRSYNC_SYNC_UNIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/error.h"
#include "store/job.h"
#include "sync/sync.h"

#define SYNC_FAR_FUTURE INT64_C(253402300799) /* 9999-12-31 23:59:59, "no upper end" */

struct unit {
    struct store *store;
    const struct hbr_service *service;
    const struct sync_settings *settings;
    const struct sync_progress *progress;
    const struct sync_unit_spec *spec;
    struct store_source source;
    struct store_writer writer;
    struct store_run run;
    struct buffer proof; /* what was seen, becomes run.proof */
    struct buffer warning;
    struct acs_client_counters counters; /* of the client when the unit began */
    int64_t next_set;                    /* the next free number of a set of ids */
    int64_t seen;                        /* the set of every id that the unit's listings gave */
};

/*
 * A lane: one listing of the unit that is proved by itself and has its own watermark. A unit has
 * one lane, or one for each RestoreType where the service does not list every type at once.
 */
struct lane {
    struct unit *unit;
    const char *restore_type; /* as asked of the service, "" for none */
    struct store_watermark watermark;
    int64_t seen;         /* the set of the ids that this lane's listings gave */
    int64_t fresh;        /* the set of every id listed since the cut: none of it is missing */
    int64_t cut;          /* the service's Date when the open jobs were listed, 0 not yet */
    int64_t total;        /* TotalCount without filters, as last seen ... */
    int64_t arrivals;     /* ... and unit_arrivals() then */
    int64_t total_cap;    /* where TotalCount ends, whatever there is; 0: nowhere that is known */
    bool doubted;         /* suddenly empty; watermark.empty_since is new */
    bool overlaps;        /* a job is under way and has a CompleteTime, which may change */
    bool unproved_marked; /* the database says already that this lane has to be walked again */
    bool full;            /* this run walks everything */
    bool odd;             /* this run met a job neither under way nor finished */
    bool of_any_edition;  /* jobs that are stored under another edition are no reason to stop */
};

/* A number for a new set of ids. */
int64_t unit_new_set(struct unit *unit);

/* How many jobs were new to the database, or had been marked missing, so far. */
int64_t unit_arrivals(const struct unit *unit);

/* Adds a sentence to the proof record, or a warning for the user. */
void unit_note(struct unit *unit, const char *format, ...) PRINTF_LIKE(2, 3);
void unit_warn(struct unit *unit, const char *format, ...) PRINTF_LIKE(2, 3);

/* False, with ERROR_UNPROVED, when --max-requests leaves no request. */
bool unit_may_ask(const struct unit *unit, struct error *err) MUST_CHECK;

/* How a walk or a delta of a lane ended. */
enum lane_verdict {
    LANE_PROVED,
    LANE_UNPROVED,  /* the data is stored, completeness is not shown */
    LANE_NEEDS_WALK /* a delta met what only a full walk can settle */
};

#endif
