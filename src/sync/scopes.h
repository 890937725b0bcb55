/* Which scopes a task has, what the service refuses of them, and in which way each is read. */
#ifndef HBRSYNC_SYNC_SCOPES_H
#define HBRSYNC_SYNC_SCOPES_H

#include <stdbool.h>

#include "base/error.h"
#include "sync/scope.h"

/* Syncs every scope of the task; task->unproved tells whether one was not proved. False with the
 * error that ended it. */
bool scopes_run(struct task *task, struct error *err) MUST_CHECK;

#endif
