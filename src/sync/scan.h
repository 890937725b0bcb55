/*
 * A scan: all pages of one query, several at a time, stored page by page, and what was odd about
 * them. The bottom of the core: a scan knows pages and anomalies, not what they prove.
 */
#ifndef HBRSYNC_SYNC_SCAN_H
#define HBRSYNC_SYNC_SCAN_H

#include "sync/scan_page.h"

/* Returns false only on failure; anomalies are in *ret_result, which is filled in any case: free it
 * with scan_result_free. */
bool scan(struct scanner *scanner, const struct scan_query *query, struct scan_result *ret_result,
          struct error *err) MUST_CHECK;

/*
 * Scans a query up to `scans_max` times until a scan is exact. Where each answer has an order of
 * its own, as long as that gives new ids: while TotalCount holds, ids that are as many are all of
 * them, and the result is exact.
 */
bool scan_until_exact(struct scanner *scanner, const struct scan_query *query, int scans_max,
                      struct scan_result *ret_result, struct error *err) MUST_CHECK;

/* The first pages of several queries, asked together. `results` has room for `count`; free each. */
bool scan_first_pages(struct scanner *scanner, const struct scan_query *queries, size_t count,
                      struct scan_result *results, struct error *err) MUST_CHECK;

#endif
