/* What a query selects: the jobs that pass its filters, in the order of the listing. */
#ifndef SIMULATOR_LISTING_H
#define SIMULATOR_LISTING_H

#include "filter.h"

struct listing_query {
    size_t region;
    unsigned edition;
    const char *restore_type; /* NULL: every type */
    struct filters filters;
    int64_t page_number;
    int64_t page_size;
    bool is_stale; /* show the jobs as they were before the last move */
    bool is_empty; /* selects nothing, whatever else it says */
};

struct listing {
    char *key;
    uint64_t generation;
    struct job **rows;
    size_t count;
};

enum { LISTINGS_KEPT = 8 };

/* The last listings, so that the pages of one walk do not each cost a pass over the world. */
struct listing_cache {
    struct listing entries[LISTINGS_KEPT];
    size_t next;
};

/* Reads the parameters of DescribeRestoreJobs2. Names it does not know are appended to `unknown`.
 */
bool listing_query_parse(struct listing_query *query, const struct request *request,
                         const struct settings *settings, struct name_list *unknown,
                         struct service_error *error);

/* All rows the query selects, paging aside. Valid until the next call. */
const struct listing *listing_find(struct listing_cache *cache, struct world *world,
                                   const struct settings *settings,
                                   const struct listing_query *query);

/* Forgets everything; to be called when a setting changes. */
void listing_cache_clear(struct listing_cache *cache);

/* The job's state as the query sees it. */
const struct job_state *listing_state(const struct world *world, const struct listing_query *query,
                                      const struct job *job);

#endif
