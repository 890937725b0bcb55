/*
 * Sync: brings the database to what the service lists, and proves that nothing is missing.
 *
 * A run goes over units one after another. A unit is a source (account, region, edition) and a
 * scope (everything, one RestoreType, or filters). This layer knows neither HTTP nor SQL.
 */
#ifndef HBRSYNC_SYNC_SYNC_H
#define HBRSYNC_SYNC_SYNC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "hbr/service.h"
#include "store/state.h"
#include "store/store.h"

#define SYNC_FILTERS_MAX 3

struct sync_settings {
    int64_t page_size;      /* 1 to 99 */
    bool full;              /* force a full walk */
    int64_t full_every;     /* seconds after which a delta is not enough */
    int64_t overlap;        /* seconds that a delta reads again before the watermark */
    int64_t max_requests;   /* of the whole run, 0: no limit */
    int64_t requests_made;  /* by clients of this run before the one at hand */
    bool skip_inactive;     /* a region where the service is not activated is skipped */
    unsigned pages_at_once; /* requests under way, at least 1 */
};

/* What is to be synced; texts are borrowed. */
struct sync_unit_spec {
    const char *account_id;
    const char *region_id;
    const char *edition;
    const char *restore_type;         /* "": every type */
    const struct hbr_filter *filters; /* up to SYNC_FILTERS_MAX; none: everything */
    size_t filter_count;
    const char *scope; /* how the run record names the restriction, "" for none */
};

/* How a unit ended. */
struct sync_unit_result {
    struct store_run run; /* counters, outcome, proof */
    struct error
        error; /* ERROR_NONE when done and proved; ERROR_UNPROVED when stored and not proved */
    char warning[512]; /* "" or something that the user should know although the unit is done */
};

/* Tells how far a unit is; `total` is 0 while unknown. */
struct sync_progress {
    void (*update)(void *context, const struct sync_unit_spec *unit, int64_t done, int64_t total);
    void *context; /* `update` may be NULL */
};

/*
 * Syncs one unit under the run `run_id`. The result is always filled; false when the run as a whole
 * cannot go on (interrupted, or the database failed), with result->error as the reason.
 */
bool sync_unit(struct store *store, const struct hbr_service *service,
               const struct sync_settings *settings, const struct sync_progress *progress,
               int64_t run_id, const struct sync_unit_spec *spec,
               struct sync_unit_result *ret_result);

#endif
