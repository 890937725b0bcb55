/* One lane from its opening to its end, which claims what was proved (lane.c); its two ways, the
 * full walk (walk.c) and the delta (delta.c); and readings that are proofs (lane_read.c). */
#ifndef HBRSYNC_SYNC_LANE_H
#define HBRSYNC_SYNC_LANE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "sync/listing.h"
#include "sync/unit.h"

/* Begins a lane of `unit`: its watermark, and whether it has to be walked. `restore_type` must
 * outlive it. */
bool lane_open(struct lane *lane, struct unit *unit, const char *restore_type,
               struct error *err) MUST_CHECK;

/* The first answer of every lane: its jobs without a filter of ours, one page; everything where
 * that is all. */
bool lane_look(struct lane *lane, struct listing_result *ret_first, struct error *err) MUST_CHECK;

/* Whether the lane's first answer holds everything: nothing can have moved. */
bool lane_is_whole(const struct lane *lane, const struct listing_result *first);

/*
 * Syncs a lane by its first answer in the way that it wants: lane_read reads, and adds the ids that
 * it proved to be listed to `proven`, an empty set (after a full walk these are all there are);
 * lane_end writes what that proves and forgets both. lane_run does the two.
 */
bool lane_read(struct lane *lane, struct listing_result *first, int64_t proven, bool *ret_proved,
               struct error *err) MUST_CHECK;
bool lane_end(struct lane *lane, struct listing_result *first, int64_t proven, bool proved,
              struct error *err) MUST_CHECK;
bool lane_run(struct lane *lane, struct listing_result *first, bool *ret_proved,
              struct error *err) MUST_CHECK;

/*
 * The full walk. `first` is the lane's first answer. `proven` is an empty set, which holds on
 * return exactly the ids that the walk proved to be listed.
 */
bool lane_walk(struct lane *lane, const struct listing_result *first, int64_t proven,
               enum lane_verdict *ret_verdict, struct error *err) MUST_CHECK;

/* The delta; marks vanished jobs itself. LANE_NEEDS_WALK when something is left unexplained. */
bool lane_delta(struct lane *lane, const struct listing_result *first, int64_t proven,
                enum lane_verdict *ret_verdict, struct error *err) MUST_CHECK;

/* How reading a listing until it is proved ended. */
struct reading {
    bool proved;
    bool refused; /* the service refuses the request, for this reason: */
    struct error refusal;
    bool ignored;  /* the service refuses or ignores the filter */
    int64_t total; /* TotalCount, -1 unknown */
    int64_t date;  /* the service's Date of the moment that the proof is about */
};

/*
 * Reads a listing until one answer holds it all, or two readings in a row agree (at most five): a
 * proof for any listing in which a job stays from one moment to another without a gap. Its ids are
 * added to `proven`.
 */
bool lane_read_twice(struct lane *lane, const struct listing *listing, int64_t proven,
                     struct reading *ret_reading, struct error *err) MUST_CHECK;

/* The jobs under way, read so; every id is added to `proven`. */
bool lane_read_open(struct lane *lane, int64_t proven, struct reading *ret_reading,
                    struct error *err) MUST_CHECK;

/* What finished at `from` or later: one answer as a rule, else readings until two agree, else
 * windows of one answer each. The ids proved are added to `proven`. */
bool lane_read_since(struct lane *lane, int64_t from, int64_t proven, bool *ret_proved,
                     bool *ret_ignored, struct error *err) MUST_CHECK;

/*
 * Whether the counts of two halves of the finished jobs make up the whole. They do not where
 * TotalCount ends at some number, and that number, met again and again, would look like a proof;
 * lane->total_cap is set then. *ret_parted: there were jobs in either half, so that it tells
 * something.
 */
bool lane_check_halves(struct lane *lane, bool *ret_agree, bool *ret_parted,
                       struct error *err) MUST_CHECK;

/*
 * Ends a proved lane in one transaction: marks missing what `proven`, a whole listing, does not
 * hold (`mark`), and moves the watermark if there is anything to move; `walked` notes a full walk.
 */
bool lane_finish(struct lane *lane, int64_t proven, bool mark, bool walked,
                 struct error *err) MUST_CHECK;

/* Writes that the lane has to be walked, and what was learnt about its source. */
bool lane_mark_unproved(struct lane *lane, struct error *err) MUST_CHECK;

#endif
