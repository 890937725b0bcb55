/* The command `sync`: opens everything, goes over the tasks, sums up. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/interrupt.h"
#include "base/text.h"
#include "cli/cli.h"
#include "cli/session.h"
#include "cli/sync_metrics.h"
#include "cli/sync_options.h"
#include "cli/sync_summary.h"
#include "cli/sync_tasks.h"
#include "hbr/restore_job.h"
#include "output/log.h"
#include "output/progress.h"

/* Everything that a sync holds open. */
struct sync_command {
    struct sync_cli cli;
    struct session_options connection; /* of the profile at hand, where there are several */
    struct session session;
    struct store *store;
    struct sync_tasks tasks;
    struct sync_summary summary;
    struct acs_client_counters counters;
    int64_t started_ms;
};

static void prepare_tasks(struct sync_command *command)
{
    const struct sync_cli *cli = &command->cli;
    command->tasks = (struct sync_tasks){
        .session = &command->session,
        .settings = &cli->settings,
        .editions = &cli->editions,
        .restore_types = &cli->restore_types,
        .filters = cli->filter_list,
        .filter_count = cli->filter_texts.count,
        .filter_scope = cli->filter_scope,
        .show_account = cli->connection.profiles.count > 1,
        .summary = &command->summary,
    };
}

static bool open_store(struct sync_command *command, struct error *err)
{
    const struct sync_cli *cli = &command->cli;
    enum store_mode mode = cli->dry_run ? STORE_DRY_RUN : STORE_WRITE;
    store_take_test_settings();
    if (!store_open(cli->database, mode, &hbr_restore_job_model, &command->store, err)) {
        return false;
    }
    command->tasks.store = command->store;
    return true;
}

static bool open_all(struct sync_command *command, struct error *err)
{
    return session_open(&command->session, &command->cli.connection, err) &&
           open_store(command, err) && session_find(&command->session, err) &&
           sync_tasks_begin(&command->tasks, err);
}

/* The session ends, or another profile's begins. */
static void add_counters(struct sync_command *command)
{
    if (command->session.client != NULL) {
        struct acs_client_counters more = acs_client_counters(command->session.client);
        command->counters.requests += more.requests;
        command->counters.retries += more.retries;
        command->counters.throttled += more.throttled;
    }
}

/* `why` is what kept the run from its first source, NULL when it got that far. */
static int finish(struct sync_command *command, const struct error *why)
{
    struct sync_summary *summary = &command->summary;
    struct error err;
    add_counters(command);
    summary->requests = (int64_t)command->counters.requests;
    summary->milliseconds = clock_monotonic_ms() - command->started_ms;
    summary->dry_run = command->cli.dry_run;
    progress_clear();
    if (why != NULL) {
        log_error(why);
        summary->error = *why;
    } else {
        sync_summary_print(summary);
    }
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
        .ended_at = clock_now(),
        .milliseconds = clock_monotonic_ms() - command->started_ms,
        .exit_status = status,
    };
    if (metrics.path == NULL || command->cli.dry_run || sync_metrics_write(&metrics, &err)) {
        return status;
    }
    int failed = cli_fail(&err);
    return status == 0 ? failed : status;
}

/* --- several profiles ---------------------------------------------------------------------- */

struct profile_sources {
    char account_id[STORE_NAME_MAX];
    char region_id[STORE_NAME_MAX];
};

struct profiles {
    struct profile_sources done[CLI_LIST_MAX];
    size_t done_count;
};

/* Whether an earlier profile has the same account and regions: its sources are done. Where no
 * option names regions, each profile has one, which can be its own. */
static bool is_done(struct profiles *profiles, const struct session *session)
{
    const struct session_options *options = session->options;
    bool named = options->all_regions || options->regions.count > 0;
    struct profile_sources sources = {.region_id = ""};
    (void)text_fit(sources.account_id, STORE_NAME_MAX, session->account_id);
    (void)text_fit(sources.region_id, STORE_NAME_MAX, named ? "" : session->regions[0]);
    for (size_t i = 0; i < profiles->done_count; i++) {
        if (strcmp(profiles->done[i].account_id, sources.account_id) == 0 &&
            strcmp(profiles->done[i].region_id, sources.region_id) == 0) {
            return true;
        }
    }
    profiles->done[profiles->done_count++] = sources;
    return false;
}

static void run_profile(struct sync_command *command, struct profiles *profiles, const char *name)
{
    struct error err;
    struct sync_summary *summary = &command->summary;
    error_clear(&err);
    command->connection.profile = name;
    if (!session_open(&command->session, &command->connection, &err) ||
        !session_find(&command->session, &err)) {
        error_context(&err, "--profile %s", name);
        if (err.code == ERROR_INTERRUPTED) {
            summary->error = err;
            return;
        }
        log_error(&err);
        sync_tasks_add_failure(&command->tasks, &err);
    } else if (is_done(profiles, &command->session)) {
        log_warning("--profile %s belongs to the account %s, which is done already", name,
                    command->session.account_id);
    } else {
        sync_tasks_run(&command->tasks);
    }
}

/* One run, each profile's account with its own sources. A profile that fails is one failed source.
 */
static bool run_profiles(struct sync_command *command, struct error *err)
{
    const struct cli_list *names = &command->cli.connection.profiles;
    struct profiles profiles = {.done_count = 0};
    if (!open_store(command, err) || !sync_tasks_begin(&command->tasks, err)) {
        return false;
    }
    command->connection = command->cli.connection;
    for (size_t i = 0; i < names->count && command->summary.error.code == ERROR_NONE; i++) {
        if (i > 0) {
            add_counters(command);
            command->cli.settings.requests_made = (int64_t)command->counters.requests;
            if (!session_close(&command->session, err)) {
                memset(&command->session, 0, sizeof(command->session));
                return false;
            }
            memset(&command->session, 0, sizeof(command->session));
        }
        run_profile(command, &profiles, names->values[i]);
        command->connection.later = true;
    }
    return true;
}

static bool run(struct sync_command *command, struct error *err)
{
    prepare_tasks(command);
    if (command->cli.connection.profiles.count > 1) {
        return run_profiles(command, err);
    }
    if (!open_all(command, err)) {
        return false;
    }
    sync_tasks_run(&command->tasks);
    return true;
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
    status = finish(command, run(command, &err) ? NULL : &err);
    store_close(command->store);
    status = session_end(&command->session, status);
    status = write_metrics(command, status);
    free(command->summary.rows);
    sync_cli_free(&command->cli);
    free(command);
    return status;
}
