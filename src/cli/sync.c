/* The command `sync`: opens everything, goes over the units, sums up. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "acs/client.h"
#include "acs/credentials.h"
#include "acs/identity.h"
#include "base/clock.h"
#include "base/interrupt.h"
#include "base/text.h"
#include "cli/cli.h"
#include "cli/sync_options.h"
#include "cli/sync_summary.h"
#include "hbr/restore_job.h"
#include "output/log.h"
#include "output/progress.h"

#define REGIONS_MAX 500
#define REGION_FIRST "cn-hangzhou" /* asked for the list of regions when none is named */

/* Everything that a sync holds open. */
struct session {
    struct sync_cli cli;
    struct acs_credentials credentials;
    struct acs_client *client;
    struct store *store;
    FILE *trace;
    struct hbr_service service;
    const char *sts_endpoint;
    char account_id[STORE_NAME_MAX];
    char (*regions)[STORE_NAME_MAX];
    size_t region_count;
    struct sync_summary summary;
    size_t rows_capacity;
    int64_t started_ms;
};

static bool open_trace(struct session *session, struct error *err)
{
    const char *path = session->cli.trace_file;
    if (path == NULL) {
        return true;
    }
    int descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (descriptor >= 0) {
        session->trace = fdopen(descriptor, "w");
        if (session->trace == NULL) {
            (void)close(descriptor); /* nothing was written */
        }
    }
    return session->trace != NULL
               ? true
               : error_set_errno(err, ERROR_USAGE, errno, "cannot open the trace file %s", path);
}

static bool open_client(struct session *session, struct error *err)
{
    const struct sync_cli *cli = &session->cli;
    struct acs_client_options options;
    acs_client_defaults(&options);
    options.ca_file = cli->ca_file;
    options.connections = (unsigned)cli->connections;
    options.queries_per_second = (double)cli->qps;
    options.attempt_timeout_ms = cli->attempt_timeout * 1000;
    options.retry_for_ms = cli->retry_for * 1000;
    options.user_agent = "hbrsync/" HBRSYNC_VERSION;
    options.trace = session->trace;
    if (!acs_client_new(&options, &session->credentials, &session->client, err)) {
        return false;
    }
    session->service.client = session->client;
    session->service.endpoint =
        cli->endpoint != NULL ? cli->endpoint : hbr_endpoint_default(cli->vpc);
    session->sts_endpoint = cli->sts_endpoint != NULL ? cli->sts_endpoint
                            : cli->endpoint != NULL   ? cli->endpoint
                                                      : acs_sts_endpoint_default(cli->vpc);
    return true;
}

static bool add_region(const char *region_id, void *context, struct error *err)
{
    struct session *session = context;
    for (size_t i = 0; i < session->region_count; i++) {
        if (strcmp(session->regions[i], region_id) == 0) {
            return true;
        }
    }
    if (session->region_count == REGIONS_MAX) {
        return error_set(err, ERROR_SERVICE, "more than %d regions", REGIONS_MAX);
    }
    if (!text_fit(session->regions[session->region_count], STORE_NAME_MAX, region_id)) {
        return error_set(err, ERROR_SERVICE, "a region's name is too long: %.80s", region_id);
    }
    session->region_count++;
    return true;
}

/* The region that is not a choice: of the environment or of the profile. */
static const char *default_region(const struct session *session)
{
    const char *region = getenv("ALIBABA_CLOUD_REGION_ID");
    if (region != NULL && region[0] != '\0') {
        return region;
    }
    return session->credentials.region_id[0] != '\0' ? session->credentials.region_id : NULL;
}

static bool find_regions(struct session *session, struct error *err)
{
    const struct sync_cli *cli = &session->cli;
    const char *region = default_region(session);
    session->regions = calloc(REGIONS_MAX, sizeof(*session->regions));
    if (session->regions == NULL) {
        return error_no_memory(err);
    }
    if (cli->all_regions) {
        return hbr_regions(&session->service, region != NULL ? region : REGION_FIRST, add_region,
                           session, err);
    }
    for (size_t i = 0; i < cli->regions.count; i++) {
        if (!add_region(cli->regions.values[i], session, err)) {
            return false;
        }
    }
    if (session->region_count == 0 && region != NULL) {
        return add_region(region, session, err);
    }
    if (session->region_count == 0) {
        error_set(err, ERROR_USAGE, "no region is named");
        return error_hint(err, "Use --region ID, --all-regions, or ALIBABA_CLOUD_REGION_ID.");
    }
    return true;
}

static bool find_account(struct session *session, struct error *err)
{
    struct acs_identity identity = {.account_id = ""};
    if (session->cli.account_id != NULL) {
        (void)text_fit(session->account_id, sizeof(session->account_id), session->cli.account_id);
        return true;
    }
    if (!acs_caller_identity(session->client, session->sts_endpoint, session->regions[0], &identity,
                             err)) {
        return false;
    }
    (void)text_fit(session->account_id, sizeof(session->account_id), identity.account_id);
    return true;
}

/* Closes what a dead process left open, and takes the run's number. */
static bool begin_run(struct session *session, struct error *err)
{
    int64_t crashed = 0;
    struct store *store = session->store;
    if (!store_begin(store, err)) {
        return false;
    }
    if (!store_run_close_crashed(store, clock_now(), &crashed, err) ||
        !store_run_next_id(store, &session->summary.run_id, err) || !store_commit(store, err)) {
        store_rollback(store);
        return false;
    }
    if (crashed > 0) {
        log_warning("an earlier sync died before its end; what it had stored is kept");
    }
    return true;
}

static bool open_session(struct session *session, struct error *err)
{
    const struct sync_cli *cli = &session->cli;
    enum store_mode mode = cli->dry_run ? STORE_DRY_RUN : STORE_WRITE;
    if (!acs_credentials_find(cli->profile, &session->credentials, err)) {
        return false;
    }
    log_detail("credentials: %s", session->credentials.provider);
    if (!open_trace(session, err) || !open_client(session, err)) {
        return false;
    }
    store_kill_at_step((uint64_t)cli->kill_at_step);
    return store_open(cli->database, mode, &hbr_restore_job_model, &session->store, err) &&
           find_regions(session, err) && find_account(session, err) && begin_run(session, err);
}

static bool close_session(struct session *session, struct error *err)
{
    bool ok = true;
    acs_client_free(session->client);
    store_close(session->store);
    acs_credentials_wipe(&session->credentials);
    free(session->regions);
    free(session->summary.rows);
    if (session->trace != NULL && fclose(session->trace) != 0) {
        ok = error_set_errno(err, ERROR_USAGE, errno, "cannot write the trace file");
    }
    sync_cli_free(&session->cli);
    return ok;
}

static void unit_subject(const struct sync_unit_spec *spec, char *text, size_t size)
{
    (void)snprintf(text, size, "%s %s%s%s", spec->region_id, spec->edition,
                   spec->scope[0] != '\0' ? " " : "", spec->scope);
}

static void show_progress(void *context, const struct sync_unit_spec *spec, int64_t done,
                          int64_t total)
{
    char label[200];
    (void)context;
    unit_subject(spec, label, sizeof(label));
    progress_update(label, done, total);
}

/* A region without the service has no jobs; nobody asked for that region by name. */
static void forgive_absent_region(const struct session *session, struct sync_unit_result *result)
{
    if (session->cli.all_regions && strcmp(result->error.api_code, "ServiceNotActivated") == 0) {
        (void)snprintf(result->warning, sizeof(result->warning),
                       "Cloud Backup is not activated in this region, skipped");
        result->run.outcome = RUN_SKIPPED;
        result->run.proved = true;
        error_clear(&result->error);
    }
}

static void tell_unit(const struct sync_unit_spec *spec, const struct sync_unit_result *result)
{
    char subject[200];
    unit_subject(spec, subject, sizeof(subject));
    if (result->warning[0] != '\0') {
        log_warning("%s: %s", subject, result->warning);
    }
    if (result->run.unknown_fields > 0) {
        log_detail("%s: %lld values are unknown to this version and kept in `extra`", subject,
                   (long long)result->run.unknown_fields);
    }
    log_detail("%s: %s", subject, result->run.proof);
    if (result->error.code != ERROR_NONE) {
        log_error_about(subject, &result->error);
    }
}

static bool add_row(struct session *session, const struct sync_unit_spec *spec,
                    const struct sync_unit_result *result, struct error *err)
{
    struct sync_summary *summary = &session->summary;
    if (summary->count == session->rows_capacity) {
        size_t capacity = session->rows_capacity == 0 ? 16 : session->rows_capacity * 2;
        struct sync_summary_row *rows = realloc(summary->rows, capacity * sizeof(*rows));
        if (rows == NULL) {
            return error_no_memory(err);
        }
        summary->rows = rows;
        session->rows_capacity = capacity;
    }
    struct sync_summary_row *row = &summary->rows[summary->count++];
    row->result = *result;
    (void)text_fit(row->account_id, sizeof(row->account_id), spec->account_id);
    (void)text_fit(row->region_id, sizeof(row->region_id), spec->region_id);
    (void)text_fit(row->edition, sizeof(row->edition), spec->edition);
    return true;
}

static bool run_unit(struct session *session, const char *region, const char *edition,
                     const char *restore_type)
{
    char scope[512] = "";
    struct sync_unit_result result;
    struct sync_progress progress = {.update = show_progress};
    const char *filters = session->cli.filter_scope;
    if (restore_type[0] != '\0') {
        (void)snprintf(scope, sizeof(scope), "RestoreType=%s%s%s", restore_type,
                       filters[0] != '\0' ? " AND " : "", filters);
    } else {
        (void)snprintf(scope, sizeof(scope), "%s", filters);
    }
    struct sync_unit_spec spec = {
        .account_id = session->account_id,
        .region_id = region,
        .edition = edition,
        .restore_type = restore_type,
        .filters = session->cli.filter_list,
        .filter_count = session->cli.filter_texts.count,
        .scope = scope,
    };
    bool go_on = sync_unit(session->store, &session->service, &session->cli.settings, &progress,
                           session->summary.run_id, &spec, &result);
    forgive_absent_region(session, &result);
    tell_unit(&spec, &result);
    if (!go_on) {
        session->summary.error = result.error;
    }
    struct error row_error;
    if (!add_row(session, &spec, &result, &row_error)) {
        session->summary.error = row_error;
        return false;
    }
    return go_on;
}

static bool run_source(struct session *session, const char *region, const char *edition)
{
    const struct cli_list *types = &session->cli.restore_types;
    if (types->count == 0) {
        return run_unit(session, region, edition, "");
    }
    for (size_t i = 0; i < types->count; i++) {
        if (!run_unit(session, region, edition, types->values[i])) {
            return false;
        }
    }
    return true;
}

static bool wants_edition(const struct session *session, const char *edition)
{
    const struct cli_list *editions = &session->cli.editions;
    for (size_t i = 0; i < editions->count; i++) {
        if (strcmp(editions->values[i], edition) == 0) {
            return true;
        }
    }
    return editions->count == 0;
}

/* STANDARD before BASIC: a service that ignores Edition is recognised by listing the same jobs again. */
static void run_units(struct session *session)
{
    static const char *const editions[] = {"STANDARD", "BASIC"};
    for (size_t i = 0; i < session->region_count; i++) {
        for (size_t j = 0; j < 2; j++) {
            if (wants_edition(session, editions[j]) &&
                !run_source(session, session->regions[i], editions[j])) {
                return;
            }
        }
    }
}

static int finish(struct session *session)
{
    struct sync_summary *summary = &session->summary;
    struct error err;
    struct acs_client_counters counters = acs_client_counters(session->client);
    summary->requests = (int64_t)counters.requests;
    summary->milliseconds = clock_monotonic_ms() - session->started_ms;
    summary->dry_run = session->cli.dry_run;
    progress_clear();
    sync_summary_print(summary);
    if (session->cli.json && !sync_summary_print_json(summary, &err)) {
        return cli_fail(&err);
    }
    return error_exit_status(sync_summary_code(summary), interrupt_signal());
}

int cli_sync(const char *database, int argc, char **argv)
{
    struct error err;
    int status = 0;
    struct session *session = calloc(1, sizeof(*session));
    if (session == NULL) {
        error_no_memory(&err);
        return cli_fail(&err);
    }
    session->started_ms = clock_monotonic_ms();
    if (!sync_cli_parse(&session->cli, database, argc, argv, &status)) {
        free(session);
        return status;
    }
    if (open_session(session, &err)) {
        run_units(session);
        status = finish(session);
    } else {
        status = cli_fail(&err);
    }
    if (!close_session(session, &err)) {
        status = cli_fail(&err);
    }
    free(session);
    return status;
}
