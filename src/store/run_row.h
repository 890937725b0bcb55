/* Private to src/store: reading a row of sync_run. */
#ifndef HBRSYNC_STORE_RUN_ROW_H
#define HBRSYNC_STORE_RUN_ROW_H

#include "store/internal.h"
#include "store/state.h"

/* The last run of a source and scope; run_id 0 when there is none. */
bool store_run_last(struct store *store, int64_t source_id, const char *scope,
                    struct store_run *ret_run, struct error *err) MUST_CHECK;

#endif
