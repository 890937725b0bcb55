/* What the user's filters select: always read as a whole, with no watermark and no marks. */
#ifndef HBRSYNC_SYNC_FILTERED_H
#define HBRSYNC_SYNC_FILTERED_H

#include <stdbool.h>

#include "base/error.h"
#include "sync/scope.h"
#include "sync/types.h"

/* Syncs what the task's filters select. `types`: to ask for one by one where the service does not
 * list them together. */
bool filtered_run(struct task *task, struct type_list *types, struct error *err) MUST_CHECK;

#endif
