/* The command `sync`: opens everything, goes over the tasks, sums up. */
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/interrupt.h"
#include "cli/cli.h"
#include "cli/session.h"
#include "cli/sync_metrics.h"
#include "cli/sync_options.h"
#include "cli/sync_summary.h"
#include "cli/sync_tasks.h"
#include "hbr/restore_job.h"
#include "output/log.h"
#include "output/progress.h"

struct profile {
    struct session_options options;
    struct session session;
};

/* Everything that a sync holds open. */
struct sync_command {
    struct sync_cli cli;
    struct profile *profiles;
    size_t profile_count;
    struct acs_budget budget;
    struct store *store;
    struct sync_tasks tasks;
    struct sync_summary summary;
    struct acs_client_counters counters;
    int64_t started_ms;
};

static void prepare_tasks(struct sync_command *command)
{
    const struct sync_cli *cli = &command->cli;
    command->budget.most = cli->max_requests;
    command->tasks = (struct sync_tasks){
        .settings = &cli->settings,
        .editions = &cli->editions,
        .restore_types = &cli->restore_types,
        .filters = cli->filter_list,
        .filter_count = cli->filter_texts.count,
        .filter_scope = cli->filter_scope,
        .database_label = cli->database_label,
        .show_account = cli->connection.profiles.count > 1,
        .parallel = cli->connection.parallel,
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

/* What the run did, for people. `why` is what kept it from its first source, NULL when it got that
 * far. */
static void tell(struct sync_command *command, const struct error *why)
{
    struct sync_summary *summary = &command->summary;
    struct error err;
    for (size_t i = 0; i < command->profile_count; i++) {
        session_add_counters(&command->profiles[i].session, &command->counters);
    }
    summary->requests = (int64_t)command->counters.requests;
    summary->milliseconds = clock_monotonic_ms() - command->started_ms;
    summary->dry_run = command->cli.dry_run;
    progress_clear();
    if (why != NULL) {
        log_error(why);
        summary->error = *why;
        return;
    }
    bool named = command->cli.dry_run || command->cli.connection.verbose;
    if (named && !sync_summary_print_jobs(summary, command->store, &err)) {
        log_error(&err);
    }
    sync_summary_print(summary);
    if (command->cli.show_changes && interrupt_signal() == 0) {
        summary->has_begun = command->cli.json;
        (void)fputs(command->cli.json ? "{\"changes\":" : "", stdout);
        if (!cli_print_changes(command->store, summary->run_id - 1, summary->run_id, INT64_MIN,
                               command->cli.json, &err)) {
            log_error(&err);
            summary->error = err;
        }
        (void)fputs(command->cli.json ? "," : "", stdout); /* checked at the end of main */
    }
}

/* The metrics are written however the sync ended. A run that kept nothing leaves them alone. */
static int write_metrics(const struct sync_command *command, int status)
{
    struct error err;
    const struct sync_metrics metrics = {
        .path = command->cli.metrics_file,
        .database = command->cli.database,
        .label = command->cli.database_label,
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

/* Last of all: "done" also means that the trace and the metrics were written. What was never begun
 * because of its options has no result. */
static int print_json(const struct sync_command *command, int status)
{
    struct error err;
    const struct sync_summary *summary = &command->summary;
    if (!command->cli.json || (summary->error.code == ERROR_USAGE && summary->run_id == 0) ||
        sync_summary_print_json(summary, status, &err)) {
        return status;
    }
    return cli_fail(&err);
}

/* --- profiles ------------------------------------------------------------------------------ */

/* Names one profile; NULL: none was named. */
static struct profile *add_profile(struct sync_command *command, const char *name)
{
    struct profile *profile = &command->profiles[command->profile_count];
    const struct profile *first = command->profiles;
    profile->options = command->cli.connection;
    profile->options.profile = name;
    profile->options.budget = &command->budget;
    for (size_t i = 0; i < command->profile_count; i++) {
        first = first->session.trace == NULL ? &command->profiles[i] : first;
        profile->options.earlier = &first->session;
    }
    command->profile_count++;
    return profile;
}

static bool run_one(struct sync_command *command, struct error *err)
{
    size_t added;
    struct profile *profile = add_profile(command, NULL);
    struct session *session = &profile->session;
    return session_open(session, &profile->options, err) &&
           (profile->options.all_regions || session_find_regions(session, err)) &&
           open_store(command, err) && session_find(session, err) &&
           sync_tasks_begin(&command->tasks, err) &&
           sync_tasks_add(&command->tasks, session, &added, err);
}

/* A profile that fails is one failed source. */
static bool open_profile(struct sync_command *command, const char *name, struct error *err)
{
    size_t added = 0;
    struct error failure;
    struct profile *profile = add_profile(command, name);
    struct session *session = &profile->session;
    error_clear(&failure);
    if (!session_open(session, &profile->options, &failure) || !session_find(session, &failure)) {
        error_context(&failure, "--profile %s", name);
        if (failure.code == ERROR_INTERRUPTED) {
            *err = failure;
            return false;
        }
        sync_tasks_add_failure(&command->tasks, &failure);
        session->region_count = 0;
        return true;
    }
    if (!sync_tasks_add(&command->tasks, session, &added, err)) {
        return false;
    }
    if (added == 0) {
        log_warning("--profile %s belongs to the account %s, which is done already", name,
                    session->account_id);
    }
    return true;
}

/* One run, each profile's account with its own sources. */
static bool run_profiles(struct sync_command *command, struct error *err)
{
    const struct cli_list *names = &command->cli.connection.profiles;
    bool ok = open_store(command, err) && sync_tasks_begin(&command->tasks, err);
    for (size_t i = 0; ok && i < names->count; i++) {
        ok = open_profile(command, names->values[i], err);
    }
    return ok;
}

static bool run(struct sync_command *command, struct error *err)
{
    struct sync_tasks *tasks = &command->tasks;
    size_t named = command->cli.connection.profiles.count;
    prepare_tasks(command);
    command->profiles = calloc(named > 0 ? named : 1, sizeof(*command->profiles));
    if (command->profiles == NULL) {
        return error_no_memory(err);
    }
    if (!(named > 1 ? run_profiles(command, err) : run_one(command, err))) {
        return false;
    }
    sync_tasks_run(tasks);
    for (size_t i = 0; i < command->profile_count; i++) {
        if (tasks->summary->error.code == ERROR_NONE) {
            sync_tasks_check_regions(tasks, &command->profiles[i].session);
        }
    }
    return true;
}

int cli_sync(const char *database, int argc, char **argv)
{
    struct error err;
    int status = 0;
    struct sync_command command = {.started_ms = clock_monotonic_ms()};
    if (!sync_cli_parse(&command.cli, database, argc, argv, &status)) {
        return status;
    }
    tell(&command, run(&command, &err) ? NULL : &err);
    status = error_exit_status(sync_summary_code(&command.summary), interrupt_signal());
    store_close(command.store);
    for (size_t i = command.profile_count; i > 0; i--) { /* the trace is the first one's */
        status = session_end(&command.profiles[i - 1].session, status);
    }
    status = print_json(&command, write_metrics(&command, status));
    free(command.tasks.workers);
    free(command.summary.rows);
    free(command.profiles);
    sync_cli_free(&command.cli);
    return status;
}
