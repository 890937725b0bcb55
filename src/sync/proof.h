/*
 * The proof: what a claim of completeness rests on, and whether it holds. Pure: numbers in, a
 * verdict out; README.md beside this file says why the numbers are enough.
 */
#ifndef HBRSYNC_SYNC_PROOF_H
#define HBRSYNC_SYNC_PROOF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/error.h"

enum proof_method {
    PROOF_NONE,       /* nothing was shown; `note` says why */
    PROOF_ONE_ANSWER, /* one answer held the whole listing */
    PROOF_FULL,       /* the check of a full scan */
    PROOF_DELTA,      /* the check of a delta */
    PROOF_PLAIN,      /* complete scans until two in a row held the same ids */
    PROOF_SKIPPED     /* there is nothing to list as this source */
};

/* Every number that the claim about one listing rests on. -1: not asked. */
struct evidence {
    enum proof_method method;
    char restore_type[64]; /* as asked, "" none */
    char part[16];         /* "" the listing, "children", "filter" */
    char note[160];        /* what kept the proof from holding, "" nothing */
    int64_t tries;         /* of the check, or complete scans */
    int64_t total;         /* TotalCount of everything: T */
    int64_t rejected;      /* rows without a usable RestoreId */

    /* the check */
    int64_t edge;          /* a second in which no known job finished ... */
    int64_t edge_is_empty; /* ... still so after the listings */
    int64_t newer;         /* jobs known before T, listed after T, and not among the older ids */
    int64_t older;         /* the older ids: read in windows, or stored */
    int64_t older_counted; /* the service's count of what finished before the edge, after T */
    int64_t steady;        /* neither listing moved while it was read */

    /* a full scan besides */
    int64_t windows, halved;
    int64_t half_older, half_newer, half_whole; /* counts of two halves of the older, and of all */
    int64_t types;                              /* sum of the counts of every RestoreType */
    int64_t types_unseen; /* jobs that their type lists, and the scan did not see */
    int64_t children;     /* enum store_children: where jobs with a ParentId are */
    int64_t gone;         /* jobs found gone from the service */

    /* complete scans */
    int64_t ids;  /* distinct ids of the last one */
    int64_t same; /* it held the same ids as the one before */

    /* a filter of the user's */
    int64_t unfiltered;   /* TotalCount without it */
    int64_t rows_checked; /* 1: each row was held against the filter */
};

/* Evidence of nothing yet. */
void proof_begin(struct evidence *ret_evidence, const char *restore_type, const char *part);

/* Notes what kept the proof from holding; the first note stays. */
void proof_note(struct evidence *evidence, const char *note);

/* Whether the evidence proves that no job of the listing was missed. */
bool proof_judge(const struct evidence *evidence);

/* Whether T is less than the jobs that there are: TotalCount ends at some number. */
bool proof_total_is_capped(const struct evidence *evidence);

/* One English sentence about it, without a final stop; cut where it does not fit. */
void proof_sentence(const struct evidence *evidence, char *ret_text, size_t size);

/* Adds the evidence, its verdict and its sentence to a JSON array (an empty buffer begins one);
 * proof_close_json ends it. What does not fit in the buffer is left out. */
void proof_add_json(struct buffer *json, const struct evidence *evidence);
void proof_close_json(struct buffer *json);

#endif
