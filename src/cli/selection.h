/* What `export` and `report` select by: options of one name and meaning, and what is stored. */
#ifndef HBRSYNC_CLI_SELECTION_H
#define HBRSYNC_CLI_SELECTION_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buffer.h"
#include "base/error.h"
#include "cli/options.h"
#include "store/export.h"
#include "store/store.h"

#define SELECTION_ROWS 6 /* the last is of the Status */

/* Empty before selection_rows. */
struct selection {
    struct cli_list lists[SELECTION_ROWS];
    struct buffer json; /* as store_job_filter has them */
    struct buffer text; /* "region cn-hangzhou, cn-beijing; vault v-1", "" for everything */
};

/* Adds the first `count` of the options' rows to `rows`. */
void selection_rows(struct selection *selection, size_t count, struct cli_option *rows);

/* Makes `json` and `text`, which the caller frees also after a failure (buffer_free). ERROR_USAGE.
 */
bool selection_take(struct selection *selection, struct error *err) MUST_CHECK;

/* Warns of each value that nothing stored has, with the nearest that is. ERROR_USAGE where there is
 * such a value and `filter` selects nothing at all: a mistake, not an empty answer. */
bool selection_check(const struct selection *selection, struct store *store,
                     const struct store_job_filter *filter, struct error *err) MUST_CHECK;

#endif
