/* The command `sync`: opens everything, goes over the units, sums up. */
#include <stdlib.h>

#include "base/clock.h"
#include "base/interrupt.h"
#include "cli/cli.h"
#include "cli/session.h"
#include "cli/sync_metrics.h"
#include "cli/sync_options.h"
#include "cli/sync_summary.h"
#include "cli/sync_units.h"
#include "hbr/restore_job.h"
#include "output/progress.h"

/* Everything that a sync holds open. */
struct sync_command {
    struct sync_cli cli;
    struct session session;
    struct store *store;
    struct sync_units units;
    struct sync_summary summary;
    struct acs_client_counters counters;
    int64_t started_ms;
};

static bool open_all(struct sync_command *command, struct error *err)
{
    const struct sync_cli *cli = &command->cli;
    struct sync_units *units = &command->units;
    enum store_mode mode = cli->dry_run ? STORE_DRY_RUN : STORE_WRITE;
    *units = (struct sync_units){
        .session = &command->session,
        .settings = &cli->settings,
        .editions = &cli->editions,
        .restore_types = &cli->restore_types,
        .filters = cli->filter_list,
        .filter_count = cli->filter_texts.count,
        .filter_scope = cli->filter_scope,
        .summary = &command->summary,
    };
    if (!session_open(&command->session, &cli->connection, err)) {
        return false;
    }
    store_kill_at_step((uint64_t)cli->kill_at_step);
    if (!store_open(cli->database, mode, &hbr_restore_job_model, &command->store, err)) {
        return false;
    }
    units->store = command->store;
    return session_find(&command->session, err) && sync_units_begin(units, err);
}

static int finish(struct sync_command *command)
{
    struct sync_summary *summary = &command->summary;
    struct error err;
    command->counters = acs_client_counters(command->session.client);
    summary->requests = (int64_t)command->counters.requests;
    summary->milliseconds = clock_monotonic_ms() - command->started_ms;
    summary->dry_run = command->cli.dry_run;
    progress_clear();
    sync_summary_print(summary);
    if (command->cli.json && !sync_summary_print_json(summary, &err)) {
        return cli_fail(&err);
    }
    return error_exit_status(sync_summary_code(summary), interrupt_signal());
}

/* The metrics are written however the sync ended. A run that kept nothing leaves them alone. */
static int write_metrics(const struct sync_command *command, int status)
{
    struct error err;
    const struct sync_metrics metrics = {
        .path = command->cli.metrics_file,
        .database = command->cli.database,
        .summary = &command->summary,
        .retries = (int64_t)command->counters.retries,
        .throttled = (int64_t)command->counters.throttled,
        .milliseconds = clock_monotonic_ms() - command->started_ms,
        .exit_status = status,
    };
    if (metrics.path == NULL || command->cli.dry_run || sync_metrics_write(&metrics, &err)) {
        return status;
    }
    int failed = cli_fail(&err);
    return status == 0 ? failed : status;
}

int cli_sync(const char *database, int argc, char **argv)
{
    struct error err;
    int status = 0;
    struct sync_command *command = calloc(1, sizeof(*command));
    if (command == NULL) {
        error_no_memory(&err);
        return cli_fail(&err);
    }
    command->started_ms = clock_monotonic_ms();
    if (!sync_cli_parse(&command->cli, database, argc, argv, &status)) {
        free(command);
        return status;
    }
    if (open_all(command, &err)) {
        sync_units_run(&command->units);
        status = finish(command);
    } else {
        status = cli_fail(&err);
    }
    store_close(command->store);
    if (!session_close(&command->session, &err)) {
        status = cli_fail(&err);
    }
    status = write_metrics(command, status);
    free(command->summary.rows);
    sync_cli_free(&command->cli);
    free(command);
    return status;
}
