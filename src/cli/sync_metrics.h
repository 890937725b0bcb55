/* Metrics of a sync and of what the database holds after it, as Prometheus text for the textfile
 * collector of node_exporter. */
#ifndef HBRSYNC_CLI_SYNC_METRICS_H
#define HBRSYNC_CLI_SYNC_METRICS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "cli/sync_summary.h"

struct sync_metrics {
    const char *path;
    const char *database; /* read for what is stored; what it cannot tell is left out */
    const char *label;    /* that the sync was to give the database, NULL: none */
    const struct sync_summary *summary;
    int exit_status;
};

/* Replaces the file by rename (mode 0644 whatever the umask: it holds no secret), however the sync
 * ended. */
bool sync_metrics_write(const struct sync_metrics *metrics, struct error *err) MUST_CHECK;

#endif
