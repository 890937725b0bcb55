/* The command `sync`: opens everything, goes over the tasks, sums up. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/interrupt.h"
#include "base/text.h"
#include "base/zone.h"
#include "cli/cli.h"
#include "cli/query.h"
#include "cli/session.h"
#include "cli/sync_metrics.h"
#include "cli/sync_summary.h"
#include "cli/sync_tasks.h"
#include "hbr/filter.h"
#include "hbr/restore_job.h"
#include "output/log.h"

#define DAY 86400
#define YEAR (366 * DAY)
#define LABEL_MAX 200 /* bytes */
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

struct profile {
    struct session_options options;
    struct session session;
};

/* What was asked for, and everything that a sync holds open. */
struct sync_command {
    const char *database;
    struct session_options connection;
    struct cli_list editions, restore_types, filter_texts, triggers;
    const char *metrics_file, *database_label, *time_zone;
    bool dry_run, json, show_changes;
    struct sync_settings settings;
    struct hbr_filter_text filters[SYNC_FILTERS_MAX];
    struct hbr_filter filter_list[SYNC_FILTERS_MAX];
    char filter_scope[400]; /* the filters as one text, "" when there are none */
    struct acs_budget budget;
    struct profile *profiles;
    size_t profile_count;
    struct store *store;
    struct sync_tasks tasks;
    struct sync_summary summary;
    int64_t started_ms;
};

/* --- options ------------------------------------------------------------------------------- */

void cli_filter_more(void)
{
    (void)fputs("\n--filter 'KEY OP VALUE[,VALUE...]', such as 'VaultId IN v-0001,v-0002':\n"
                "  KEY  RegionId, PlanId, JobId, VaultId, InstanceId, Bucket, FileSystemId,\n"
                "       Status or CompleteTime (UNIX seconds); other field names may work, too\n"
                "  OP   EQUAL, NOT_EQUAL, GREATER_THAN, GREATER_THAN_OR_EQUAL, LESS_THAN,\n"
                "       LESS_THAN_OR_EQUAL, BETWEEN or IN (not with CompleteTime)\n"
                "  It reads all that it selects, keeps no watermark and marks nothing as gone.\n",
                stdout);
}

static bool take_filters(struct sync_command *command, struct error *err)
{
    struct buffer scope;
    if (command->filter_texts.count > SYNC_FILTERS_MAX) {
        return error_set(err, ERROR_USAGE, "--filter may be given at most %d times",
                         SYNC_FILTERS_MAX);
    }
    buffer_init(&scope, sizeof(command->filter_scope) - 1);
    for (size_t i = 0; i < command->filter_texts.count; i++) {
        if (!hbr_filter_parse(command->filter_texts.values[i], &command->filters[i], err)) {
            buffer_free(&scope);
            return false;
        }
        command->filter_list[i] = command->filters[i].filter;
        buffer_printf(&scope, "%s%.120s", i > 0 ? " AND " : "", command->filter_texts.values[i]);
    }
    (void)text_fit(command->filter_scope, sizeof(command->filter_scope), scope.data);
    buffer_free(&scope);
    return true;
}

static bool check(struct sync_command *command, struct error *err)
{
    if (!session_check(&command->connection, command->database, err) ||
        !session_check_file("metrics-file", command->metrics_file, command->database, err)) {
        return false;
    }
    if (command->database_label != NULL &&
        (command->database_label[0] == '\0' || strlen(command->database_label) > LABEL_MAX)) {
        return error_set(err, ERROR_USAGE, "--database-label takes 1 to %d bytes", LABEL_MAX);
    }
    if (command->connection.profiles.count > 1 && command->connection.account_id != NULL) {
        return error_set(
            err, ERROR_USAGE,
            "--account-id cannot be given with several profiles: it would name them all");
    }
    if (command->show_changes && !zone_use(command->time_zone, err)) {
        return false;
    }
    return take_filters(command, err);
}

/* True when the sync shall go on; else *ret_status is the exit status. */
static bool parse(struct sync_command *command, int argc, char **argv, int *ret_status)
{
    const struct cli_option own[] = {
        {"edition", CLI_EDITIONS, "(default both)", CLI_CHOICES, &command->editions, 0, 0,
         CLI_WHAT},
        {"restore-type", "TYPE", "jobs of a RestoreType (default all)", CLI_NAMES,
         &command->restore_types, 0, 0, CLI_WHAT},
        {"filter", "TEXT", "'KEY OP VALUE[,VALUE...]', see below; at most 3", CLI_TEXTS,
         &command->filter_texts, 0, 0, CLI_WHAT},
        {"full", NULL, "full scan, not only what changed", CLI_FLAG, &command->settings.full, 0, 0,
         CLI_WHAT},
        {"full-every", "DURATION", "full scan if the last is older", CLI_DURATION,
         &command->settings.full_every, 0, 10LL * YEAR, CLI_WHAT},
        {"overlap", "DURATION", "re-read before the watermark", CLI_DURATION,
         &command->settings.overlap, 0, YEAR, CLI_WHAT},
        {"dry-run", NULL, "do everything but keep nothing", CLI_FLAG, &command->dry_run, 0, 0,
         CLI_WHAT},
        {"allow-trigger", "NAME", "a trigger of yours that may run, now and later", CLI_LIST,
         &command->triggers, 0, 0, CLI_WHAT},
        {"page-size", "N", "rows a request, 1 to 99", CLI_INTEGER, &command->settings.page_size, 1,
         HBR_PAGE_SIZE_MAX, CLI_SPEED},
        {"max-requests", "N", "stop the run after this many requests", CLI_INTEGER,
         &command->budget.most, 1, INT64_MAX, CLI_SPEED},
        {"show-changes", NULL, "list the jobs that changed, as `changes`", CLI_FLAG,
         &command->show_changes, 0, 0, CLI_OUTPUT},
        cli_time_zone(&command->time_zone),
        {"json", NULL, "print the summary as JSON", CLI_FLAG, &command->json, 0, 0, CLI_OUTPUT},
        {"metrics-file", "FILE", "write metrics for Prometheus, however it ends", CLI_FILE,
         (void *)&command->metrics_file, 0, 0, CLI_OUTPUT},
        {"database-label", "NAME", "its name in metrics (default the file's)", CLI_TEXT,
         (void *)&command->database_label, 0, 0, CLI_OUTPUT},
    };
    struct cli_option options[COUNT(own) + SESSION_OPTIONS_MAX];
    struct error err;
    session_defaults(&command->connection);
    size_t count = session_rows(&command->connection, options);
    memcpy(options + count, own, sizeof(own));
    if (!cli_begin("sync", options, count + COUNT(own), argc, argv, &command->database, NULL,
                   ret_status)) {
        return false;
    }
    if (!check(command, &err)) {
        *ret_status = cli_fail(&err);
        return false;
    }
    command->settings.now = clock_now();
    command->settings.pages_at_once = (unsigned)command->connection.connections;
    command->settings.skip_inactive = command->connection.all_regions;
    store_allow_triggers(command->triggers.values, command->triggers.count);
    return true;
}

/* --- what it says -------------------------------------------------------------------------- */

static bool print_line(const struct cell *cells, size_t count, void *context, struct error *err)
{
    (void)count, (void)context, (void)err;
    log_info("%.*s", (int)cells[0].length, cells[0].text);
    return true;
}

/* What the run did, for people. `why` is what kept it from its first source, NULL when it got that
 * far. */
static void tell(struct sync_command *command, const struct error *why)
{
    struct sync_summary *summary = &command->summary;
    struct acs_client_counters counters = {0};
    const struct store_parameter run_id = {":run_id", integer_cell(summary->run_id)};
    const struct store_rows lines = {.row = print_line};
    struct error err;
    for (size_t i = 0; i < command->profile_count; i++) {
        session_add_counters(&command->profiles[i].session, &counters);
    }
    summary->requests = (int64_t)counters.requests;
    summary->retries = (int64_t)counters.retries;
    summary->throttled = (int64_t)counters.throttled;
    summary->milliseconds = clock_monotonic_ms() - command->started_ms;
    summary->dry_run = command->dry_run;
    progress_clear();
    if (why != NULL) {
        log_error(why);
        summary->error = *why;
        return;
    }
    if ((command->dry_run || command->connection.verbose) &&
        !query_run(command->store, "sync-jobs", &run_id, 1, &lines, &err)) {
        log_error(&err);
    }
    sync_summary_print(summary);
    if (command->show_changes && interrupt_signal() == 0) {
        summary->has_begun = command->json;
        (void)fputs(command->json ? "{\"changes\":" : "", stdout);
        if (!cli_print_changes(command->store, summary->run_id - 1, summary->run_id, INT64_MIN,
                               command->json, &err)) {
            log_error(&err);
            summary->error = err;
        }
        (void)fputs(command->json ? "," : "", stdout); /* checked at the end of main */
    }
}

/* The metrics are written however the sync ended; a run that kept nothing leaves them alone. The
 * JSON is last of all: "done" also means that the trace and the metrics were written. What was
 * never begun because of its options has no result. Returns the exit status. */
static int write_results(const struct sync_command *command, int status)
{
    struct error err;
    const struct sync_summary *summary = &command->summary;
    if (command->metrics_file != NULL && !command->dry_run &&
        !sync_metrics_write(command->metrics_file, command->database, command->database_label,
                            summary, status, &err)) {
        int failed = cli_fail(&err);
        status = status == 0 ? failed : status;
    }
    bool begun = summary->error.code != ERROR_USAGE || summary->run_id != 0;
    return !command->json || !begun || sync_summary_print_json(summary, status, &err)
               ? status
               : cli_fail(&err);
}

/* --- profiles ------------------------------------------------------------------------------ */

/* Names one profile; NULL: none was named. */
static struct profile *add_profile(struct sync_command *command, const char *name)
{
    struct profile *profile = &command->profiles[command->profile_count];
    const struct profile *first = command->profiles;
    profile->options = command->connection;
    profile->options.profile = name;
    profile->options.budget = &command->budget;
    for (size_t i = 0; i < command->profile_count; i++) {
        first = first->session.trace == NULL ? &command->profiles[i] : first;
        profile->options.earlier = &first->session;
    }
    command->profile_count++;
    return profile;
}

static bool open_store(struct sync_command *command, struct error *err)
{
    enum store_mode mode = command->dry_run ? STORE_DRY_RUN : STORE_WRITE;
    store_take_test_settings();
    bool ok = store_open(command->database, mode, &hbr_restore_job_model, &command->store, err);
    command->tasks.store = command->store;
    return ok;
}

static bool run_one(struct sync_command *command, struct error *err)
{
    struct profile *profile = add_profile(command, NULL);
    struct session *session = &profile->session;
    return session_open(session, &profile->options, err) &&
           (profile->options.all_regions || session_find_regions(session, err)) &&
           open_store(command, err) && session_find(session, err) &&
           sync_tasks_begin(&command->tasks, err) && sync_tasks_add(&command->tasks, session, err);
}

/* A profile that fails is one failed source. */
static bool open_profile(struct sync_command *command, const char *name, struct error *err)
{
    struct error failure;
    struct profile *profile = add_profile(command, name);
    struct session *session = &profile->session;
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
    return sync_tasks_add(&command->tasks, session, err);
}

/* One run, each profile's account with its own sources. */
static bool run_profiles(struct sync_command *command, struct error *err)
{
    const struct cli_list *names = &command->connection.profiles;
    bool ok = open_store(command, err) && sync_tasks_begin(&command->tasks, err);
    for (size_t i = 0; ok && i < names->count; i++) {
        ok = open_profile(command, names->values[i], err);
    }
    return ok;
}

static bool run(struct sync_command *command, struct error *err)
{
    struct sync_tasks *tasks = &command->tasks;
    size_t named = command->connection.profiles.count;
    *tasks = (struct sync_tasks){
        .settings = &command->settings,
        .editions = &command->editions,
        .restore_types = &command->restore_types,
        .filters = command->filter_list,
        .filter_count = command->filter_texts.count,
        .filter_scope = command->filter_scope,
        .database_label = command->database_label,
        .show_account = named > 1,
        .parallel = command->connection.parallel,
        .summary = &command->summary,
    };
    command->profiles = calloc(named > 0 ? named : 1, sizeof(*command->profiles));
    if (command->profiles == NULL) {
        return error_no_memory(err);
    }
    if (!(named > 1 ? run_profiles(command, err) : run_one(command, err))) {
        return false;
    }
    sync_tasks_run(tasks);
    for (size_t i = 0; i < command->profile_count && command->summary.error.code == ERROR_NONE;
         i++) {
        sync_tasks_check_regions(tasks, &command->profiles[i].session);
    }
    return true;
}

int cli_sync(const char *database, int argc, char **argv)
{
    struct error err;
    int status = 0;
    struct sync_command command = {
        .started_ms = clock_monotonic_ms(),
        .database = database,
        .settings = {.page_size = HBR_PAGE_SIZE_MAX, .full_every = DAY, .overlap = 600}};
    if (parse(&command, argc, argv, &status)) {
        tell(&command, run(&command, &err) ? NULL : &err);
        status = error_exit_status(sync_summary_code(&command.summary), interrupt_signal());
        store_close(command.store);
        for (size_t i = command.profile_count; i > 0; i--) { /* the trace is the first one's */
            status = session_end(&command.profiles[i - 1].session, status);
        }
        status = write_results(&command, status);
    }
    free(command.tasks.workers);
    free(command.summary.rows);
    free(command.profiles);
    for (size_t i = 0; i < SYNC_FILTERS_MAX; i++) {
        hbr_filter_free(&command.filters[i]);
    }
    return status;
}
