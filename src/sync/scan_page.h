/* One page of a scan: its jobs are stored, and filed in the sets of the scan and of the scanner. */
#ifndef HBRSYNC_SYNC_SCAN_PAGE_H
#define HBRSYNC_SYNC_SCAN_PAGE_H

#include "sync/scanner.h"

/*
 * Stores the jobs of a page in one transaction, never open across a wait for the network, and adds
 * their rows to *result; *ret_new of them the scan had not given before. An id that comes twice
 * moves the scan, and so does one that is new `beyond` the last page.
 */
bool scan_page(struct scanner *scanner, const struct scan_query *query, const struct hbr_page *page,
               bool beyond, struct scan_result *result, int64_t *ret_new,
               struct error *err) MUST_CHECK;

#endif
