/* The truth: every job as the service would show it now, a line each, free of drift, order, and
 * faults. */
#ifndef SIMULATOR_TRUTH_H
#define SIMULATOR_TRUTH_H

#include "simulator.h"

struct truth_walk {
    struct simulator *simulator;
    size_t region; /* region_count: all */
    int edition;   /* -1: both */
    size_t next;   /* number of the job to come */
    struct buffer lines;
    size_t sent;
};

/* Begins a walk over the jobs of a region ("" or NULL: all) and edition (the same); NULL when there
 * is no such. */
struct truth_walk *truth_begin(struct simulator *simulator, const char *region,
                               const char *edition);

/* Copies up to `most` bytes of the walk into `out`, taking the lock when it needs more jobs; 0 at
 * the end. */
size_t truth_read(struct truth_walk *walk, char *out, size_t most);

void truth_end(struct truth_walk *walk);

#endif
