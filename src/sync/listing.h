/*
 * A listing: every page of one filtered query, read several pages at a time, stored page by page,
 * and watched for whatever shows that the listing moved while it was read or that the service did
 * not honour the filter.
 */
#ifndef HBRSYNC_SYNC_LISTING_H
#define HBRSYNC_SYNC_LISTING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "sync/unit.h"

enum listing_kind {
    LISTING_ALL,    /* no filter of ours */
    LISTING_OPEN,   /* Status IN (CREATED, QUEUED, RUNNING, CANCELING) */
    LISTING_CLOSED, /* CompleteTime BETWEEN from AND to */
    LISTING_SINCE,  /* CompleteTime GREATER_THAN_OR_EQUAL from */
    LISTING_IDS     /* by id */
};

struct listing {
    enum listing_kind kind;
    int64_t from, to;       /* seconds */
    const char *id_key;     /* LISTING_IDS: the filter's key ... */
    const char *const *ids; /* ... and its values */
    size_t id_count;
    int64_t page_size;    /* 0: as the settings say */
    bool first_page_only; /* for its count, or when one page is known to be enough */
    bool read_on;         /* read every page even when a closed window moved */
    bool counted;         /* only its TotalCount matters: the ends of BETWEEN are trusted */
    int64_t row_limit;    /* 0, or: read nothing beyond page 1 when TotalCount is greater */
};

struct listing_result {
    int64_t set;      /* the ids of this listing; clear with listing_forget */
    int64_t total;    /* TotalCount of the first answer, -1 when there was none */
    int64_t rows;     /* rows that the answers held */
    int64_t distinct; /* different ids among them */
    int64_t date;     /* the service's Date of the first answer */
    bool complete;    /* every page was read */
    bool rejected;    /* a row had no usable RestoreId */
    bool
        moved; /* TotalCount changed, an id came twice, or a page was not as long as it had to be */
    bool unsteady;        /* TotalCount changed from one answer to another */
    bool mismatched;      /* a row does not satisfy the filter: the service ignores it */
    bool refused;         /* the service does not take the filter */
    bool capped;          /* the service does not give the deep pages ... */
    int64_t cap;          /* ... beyond about this many rows */
    bool foreign;         /* every row of the first page is stored under another edition already */
    struct error refusal; /* when refused or capped */
};

/* False only for failures; what is odd about the answers is in the result. */
bool listing_read(struct lane *lane, const struct listing *listing,
                  struct listing_result *ret_result, struct error *err) MUST_CHECK;

/* Whether what was read is exactly what the query selects, if that can only lose rows (or was one
 * answer). */
bool listing_is_exact(const struct listing_result *result);

/* Whether the whole listing was one answer, which cannot move. */
bool listing_is_one_answer(const struct listing_result *result, const struct listing *listing,
                           const struct lane *lane);

/* Drops the listing's set of ids. */
bool listing_forget(struct lane *lane, struct listing_result *result, struct error *err) MUST_CHECK;

#endif
