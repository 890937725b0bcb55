/*
 * Jobs with a ParentId. The sibling call DescribeBackupJobs2 lists sub-tasks only when asked by
 * their ParentId (its API page: "ParentId, required when you query sub-tasks"), and
 * DescribeRestoreJobs2 may do so, too.
 */
#ifndef HBRSYNC_SYNC_CHILDREN_H
#define HBRSYNC_SYNC_CHILDREN_H

#include <stdbool.h>

#include "base/error.h"
#include "sync/scope.h"

/* After a full scan: finds out where the children are, and lists them where they are apart. */
bool children_after_full(struct scope *scope, struct error *err) MUST_CHECK;

/* After a delta, where children are apart: lists those of parents that are open or recent, and of
 * parents whose stored children are open. */
bool children_after_delta(struct scope *scope, struct error *err) MUST_CHECK;

#endif
