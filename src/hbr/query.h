/* One question to DescribeRestoreJobs2: which jobs, and which page of them. */
#ifndef HBRSYNC_HBR_QUERY_H
#define HBRSYNC_HBR_QUERY_H

#include <stddef.h>
#include <stdint.h>

#include "hbr/filter.h"

#define HBR_PAGE_SIZE_MAX 99 /* "PageSize" of the API page */

struct hbr_query {
    const char *region;
    const char *edition;      /* "STANDARD" is the service's default and not sent */
    const char *restore_type; /* "" or NULL: not sent */
    struct hbr_filter filters[HBR_FILTERS_MAX];
    size_t filter_count;
    int64_t page_number; /* from 1 */
    int64_t page_size;   /* 1 to 99 */
};

#endif
