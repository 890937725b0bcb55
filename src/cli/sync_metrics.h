/* Metrics of a sync and of what the database holds after it, as Prometheus text for the textfile
 * collector of node_exporter. */
#ifndef HBRSYNC_CLI_SYNC_METRICS_H
#define HBRSYNC_CLI_SYNC_METRICS_H

#include <stdbool.h>

#include "base/error.h"
#include "cli/sync_summary.h"

/*
 * Replaces the file `path` by rename (mode 0644 whatever the umask: it holds no secret), however
 * the sync ended. What the database cannot tell is left out. `label` is what the sync was to give
 * the database, NULL: none.
 */
bool sync_metrics_write(const char *path, const char *database, const char *label,
                        const struct sync_summary *summary, int exit_status,
                        struct error *err) MUST_CHECK;

#endif
