/*
 * What a scan asks and gives, and what the scans of a scope have in common. One page of a scan: its
 * jobs are stored, and filed in the sets of the scan and of the scanner.
 */
#ifndef HBRSYNC_SYNC_SCAN_PAGE_H
#define HBRSYNC_SYNC_SCAN_PAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/row_set.h"
#include "store/job.h"
#include "store/state.h"
#include "sync/service.h"

/* What every scan of a scope uses, and what they gave together. */
struct scanner {
    struct store *store;
    const struct sync_service *service;
    struct store_writer writer;
    struct store_run *run;  /* its counters grow */
    struct hbr_query query; /* region, edition, RestoreType, the user's filters, PageSize */
    unsigned pages_at_once;
    /* NULL, or called inside the transaction in which the first row changes. */
    bool (*on_change)(void *context, struct error *err);
    /* NULL, or called after each page. */
    void (*on_page)(void *context);
    void *context;
    bool changed; /* on_change was called and its transaction committed */

    struct row_set *counted;  /* every row that the task listed: counted once, borrowed */
    struct row_set seen;      /* every row that was listed */
    struct row_set arrived;   /* listed since this set was emptied, and not known before that */
    struct row_set elsewhere; /* listed, and stored under another source */
    struct row_set children;  /* listed, and with a ParentId */
    struct row_set news;      /* listed, and new to the source or changed */
    bool overlapping;         /* a listed job was open and had a CompleteTime */
    int64_t first_total;      /* of the listing's first answer, -1: none ... */
    int64_t added_max;        /* ... and what it leaves room for, 0 before it (see below) ... */
    int64_t added;            /* ... of jobs new to the database, those with a ParentId left out */
    int64_t asked_max, asked; /* and of questions */
    int64_t watched;          /* a CompleteTime, 0 none ... */
    bool watched_met;         /* ... and whether a listed job has it */
};

enum scan_kind {
    SCAN_ALL,        /* no filter of ours */
    SCAN_OPEN,       /* Status IN (CREATED, QUEUED, RUNNING, CANCELING) */
    SCAN_BETWEEN,    /* CompleteTime BETWEEN from AND to, exactly as given */
    SCAN_SINCE,      /* CompleteTime GREATER_THAN_OR_EQUAL from */
    SCAN_IDS,        /* `key` IN ids */
    SCAN_CHILDREN,   /* ParentId NOT_EQUAL '' */
    SCAN_CHILDREN_OF /* ParentId IN ids */
};

struct scan_query {
    enum scan_kind kind;
    const char *restore_type;   /* NULL: the scanner's */
    const char *edition;        /* NULL: the scanner's */
    int64_t from, to;           /* seconds */
    int64_t keep_from, keep_to; /* SCAN_BETWEEN: which CompleteTimes go to result.inside */
    const char *key;
    const char *const *ids;
    size_t id_count;
    int64_t page_size;     /* 0: the scanner's */
    bool first_page_only;  /* for TotalCount, or when one page is known to be enough */
    bool stop_when_moved;  /* an anomaly makes the other pages worthless */
    size_t without_filter; /* the user's filter of this number, from 1, is left out */
    bool discard;          /* only the answer matters: its jobs may not be this scope's, and are not
                              stored */
    int64_t row_limit;     /* 0, or: read nothing beyond page 1 when TotalCount is greater */
};

struct scan_result {
    struct row_set rows;   /* the jobs listed */
    struct row_set inside; /* those finished in [keep_from, keep_to] */
    int64_t page_size;
    int64_t total;   /* TotalCount of the first answer, -1: none that can be believed */
    int64_t listed;  /* rows that the answers held */
    int64_t date;    /* the service's Date of the first answer */
    bool complete;   /* every page was read */
    bool unsteady;   /* TotalCount changed */
    bool moved;      /* TotalCount changed, an id came twice, or a page had not the length due */
    bool mismatched; /* the service ignores what was asked: a row does not satisfy the filter, or
                        there are more than a page may hold */
    bool refused;    /* the service refuses a parameter of this query ... */
    struct error refusal; /* ... with this error */
    bool capped;          /* deep pages fail ... */
    int64_t cap;          /* ... beyond about this many rows */
};

/*
 * Bounds what a service that invents jobs without end can cost, by its first TotalCount (-1: none,
 * taken for 10,000): room for a hundred times as many jobs that are new to the database, at least
 * 100 times 100, at most 10 million more; and for reading all of these 50 times.
 */
void scanner_set_bounds(struct scanner *scanner, int64_t total);

/* Frees the sets. */
void scanner_free(struct scanner *scanner);

/* Ids to ask for. */
#define ID_LIST_MAX 99
struct id_list {
    char texts[ID_LIST_MAX][STORE_RESTORE_ID_SIZE];
    const char *ids[ID_LIST_MAX];
    size_t count;
};

/* Adds a copy; the list must not be full. */
void id_list_add(struct id_list *list, const char *restore_id);

void scan_result_free(struct scan_result *result);

/* Every page was read, nothing moved, and there are as many ids as TotalCount says. */
bool scan_is_exact(const struct scan_result *result);

/* Exact and one page: such an answer cannot have moved. */
bool scan_is_one_answer(const struct scan_result *result);

/*
 * Stores the jobs of a page in one transaction, never open across a wait for the network, and adds
 * their rows to *result; *ret_new of them the scan had not given before. Each is held against
 * `asked`, the query as it was sent. An id that comes twice moves the scan, and so does one that is
 * new `beyond` the last page.
 */
bool scan_page(struct scanner *scanner, const struct scan_query *query,
               const struct hbr_query *asked, const struct hbr_page *page, bool beyond,
               struct scan_result *result, int64_t *ret_new, struct error *err) MUST_CHECK;

#endif
