/* The way that assumes nothing of filters: complete scans until two in a row hold the same ids. */
#ifndef HBRSYNC_SYNC_PLAIN_H
#define HBRSYNC_SYNC_PLAIN_H

#include <stdbool.h>

#include "base/error.h"
#include "sync/scope.h"

struct plain_result {
    struct row_set ids; /* of the last scan; free it */
    int64_t date;       /* the service's Date when the last scan began */
    bool refused;       /* the service refuses a parameter of the query ... */
    struct error refusal;
    bool ignored; /* ... or ignores one */
};

/*
 * Scans a query as a whole until one answer holds it all, or two scans in a row hold the same ids,
 * as many as TotalCount; five scans at most. Fills *evidence.
 *
 * A job that is listed without a gap is in both scans. An id of both was listed when the second
 * began, and TotalCount then says that there were no more.
 */
bool plain_read(struct scope *scope, const struct scan_query *query, struct evidence *evidence,
                struct plain_result *ret_result, struct error *err) MUST_CHECK;

#endif
