/* The options of `sync`, checked, and the tasks they call for. */
#ifndef HBRSYNC_CLI_SYNC_OPTIONS_H
#define HBRSYNC_CLI_SYNC_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "cli/options.h"
#include "cli/session.h"
#include "hbr/filter.h"
#include "sync/sync.h"

struct sync_cli {
    const char *database;
    struct session_options connection;
    struct cli_list editions, restore_types, filter_texts, triggers;
    const char *metrics_file, *database_label, *time_zone;
    bool dry_run, json, show_changes;
    int64_t max_requests; /* 0: no limit */
    struct sync_settings settings;
    struct hbr_filter_text filters[SYNC_FILTERS_MAX];
    struct hbr_filter filter_list[SYNC_FILTERS_MAX];
    char filter_scope[400]; /* the filters as one text, "" when there are none */
};

/*
 * Parses and checks. True when the sync shall go on; else *ret_status is the exit status. Free with
 * sync_cli_free.
 */
bool sync_cli_parse(struct sync_cli *cli, const char *database, int argc, char **argv,
                    int *ret_status);

void sync_cli_free(struct sync_cli *cli);

#endif
