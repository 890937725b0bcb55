/*
 * The command `doctor`: looks at everything that a sync needs, a line each, and says what to do.
 * Asks the service with the smallest requests there are; changes nothing.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "acs/answer.h"
#include "acs/identity.h"
#include "acs/probe.h"
#include "base/clock.h"
#include "base/interrupt.h"
#include "base/text.h"
#include "cli/cli.h"
#include "cli/doctor_report.h"
#include "cli/session.h"
#include "hbr/restore_job.h"
#include "output/log.h"
#include "store/check.h"
#include "store/health.h"

#define DAY 86400
#define CLOCK_WARNING_SECONDS 60
#define CLOCK_LIMIT_SECONDS 900 /* what the service takes */
#define CERTIFICATE_WARNING_DAYS 14
#define MIB ((int64_t)1024 * 1024)
#define FREE_WARNING (200 * MIB)
#define FREE_LIMIT (20 * MIB)
#define WAL_WARNING (256 * MIB)
#define ENDPOINT_SIZE 512
#define REGIONS_MAX 500
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

struct doctor {
    const char *database;
    bool json, policy;
    struct session_options connection;
    struct session session;
    struct doctor_report report;
    bool clock_checked;
};

/* --- credentials --------------------------------------------------------------------------- */

static void tell_unused(const char *text, void *context)
{
    doctor_warning(context, "credentials", "", "%s", text);
}

static void check_credentials(struct doctor *doctor)
{
    struct doctor_report *report = &doctor->report;
    const struct acs_credentials *credentials = &doctor->session.credentials;
    const struct acs_hosts *hosts = &credentials->hosts;
    struct error err;
    error_clear(&err);
    bool found = session_open(&doctor->session, &doctor->connection, &err);
    session_tell_unused(&doctor->session, tell_unused, report);
    if (!found) {
        doctor_fail(report, "credentials", &err);
        return;
    }
    char expiry[CLOCK_ISO8601_SIZE];
    if (credentials->expires_at > 0 && clock_to_iso8601(credentials->expires_at, expiry)) {
        const char *command = credentials->renewed_by;
        doctor_ok(report, "credentials", "%s; good until %s, then %s%s%s", credentials->provider,
                  expiry,
                  command[0] != '\0'       ? "run \""
                  : credentials->renewable ? "renewed"
                                           : "you need new ones",
                  command, command[0] != '\0' ? "\"" : "");
    } else {
        doctor_ok(report, "credentials", "%s", credentials->provider);
    }
    if (credentials->warning[0] != '\0') {
        doctor_warning(report, "credentials", "", "%s", credentials->warning);
    }
    char sts[ENDPOINT_SIZE];
    bool is_region = acs_sts_endpoint(hosts, sts, sizeof(sts), &err);
    doctor_ok(report, "endpoint", "hbr at %s (%s), STS at %s (%s)",
              doctor->session.service.endpoint, hosts->service_from, is_region ? sts : hosts->sts,
              hosts->sts_from);
}

/* --- network and clock --------------------------------------------------------------------- */

static void check_clock(struct doctor *doctor, int64_t date)
{
    struct doctor_report *report = &doctor->report;
    int64_t ahead = clock_now() - date;
    int64_t distance = ahead < 0 ? -ahead : ahead;
    const char *where = ahead > 0 ? "ahead of" : "behind";
    static const char advice[] = "Set this machine's clock right, for example with NTP.";
    if (date == 0 || doctor->clock_checked) {
        return;
    }
    doctor->clock_checked = true;
    if (distance > CLOCK_LIMIT_SECONDS) {
        struct error err;
        error_set(&err, ERROR_CREDENTIALS,
                  "%" PRId64 " seconds %s the service's; it refuses more than %d", distance, where,
                  CLOCK_LIMIT_SECONDS);
        error_hint(&err, "%s", advice);
        doctor_fail(report, "clock", &err);
    } else if (distance > CLOCK_WARNING_SECONDS) {
        doctor_warning(report, "clock", advice, "%" PRId64 " seconds %s the service's", distance,
                       where);
    } else {
        doctor_ok(report, "clock", "within %d seconds of the service's", CLOCK_WARNING_SECONDS);
    }
}

/* Whether it answers. */
static bool check_endpoint(struct doctor *doctor, const char *region)
{
    struct doctor_report *report = &doctor->report;
    struct acs_probe probe = {0};
    char endpoint[ENDPOINT_SIZE];
    struct error err;
    error_clear(&err);
    if (!hbr_endpoint_for_region(&doctor->session.service, region, endpoint, sizeof(endpoint),
                                 &err) ||
        !acs_probe(endpoint, doctor->connection.ca_file, &probe, &err)) {
        doctor_fail(report, "endpoint", &err);
        return false;
    }
    int64_t days = (probe.certificate_expires - clock_now()) / DAY;
    if (strncmp(endpoint, "https:", 6) != 0) {
        doctor_ok(report, "endpoint", "%s answers in %" PRId64 " ms, plain http to this machine",
                  endpoint, probe.elapsed_ms);
    } else if (probe.certificate_expires == 0) {
        doctor_ok(report, "endpoint", "%s answers in %" PRId64 " ms, certificate verified",
                  endpoint, probe.elapsed_ms);
    } else if (days < CERTIFICATE_WARNING_DAYS) {
        doctor_warning(report, "endpoint", "Whoever runs that server has to renew it.",
                       "%s: its certificate is good for %" PRId64 " more days only", endpoint,
                       days);
    } else {
        doctor_ok(report, "endpoint",
                  "%s answers in %" PRId64 " ms, certificate verified and good for %" PRId64
                  " days",
                  endpoint, probe.elapsed_ms, days);
    }
    check_clock(doctor, probe.date);
    return true;
}

/* --- permission ---------------------------------------------------------------------------- */

static void refused(struct doctor *doctor, const struct error *err, bool needed)
{
    doctor->report.policy_wanted = doctor->report.policy_wanted || acs_is_permission(err);
    if (needed) {
        doctor_fail(&doctor->report, "permission", err);
    } else {
        doctor_warning(&doctor->report, "permission", err->hint, "%s", err->message);
    }
}

static void check_identity(struct doctor *doctor)
{
    struct acs_identity identity = {.account_id = ""};
    struct error err;
    error_clear(&err);
    if (!acs_caller_identity(doctor->session.client, &doctor->session.credentials.hosts,
                             doctor->session.regions[0], &identity, &err)) {
        refused(doctor, &err, doctor->connection.account_id == NULL);
        return;
    }
    doctor_ok(&doctor->report, "account", "%s, %s", identity.account_id, identity.arn);
    if (doctor->connection.account_id != NULL &&
        strcmp(doctor->connection.account_id, identity.account_id) != 0) {
        error_set(&err, ERROR_USAGE, "--account-id %s is not the account of these credentials",
                  doctor->connection.account_id);
        error_hint(&err, "Leave --account-id out, or use other credentials.");
        doctor_fail(&doctor->report, "account", &err);
    }
}

static void check_listing(struct doctor *doctor, const char *region)
{
    const struct hbr_query query = {
        .region = region, .edition = "STANDARD", .page_number = 1, .page_size = 1};
    struct hbr_page page = {0};
    void *tag = NULL;
    struct error err;
    struct error failure;
    error_clear(&err);
    error_clear(&failure);
    if (!hbr_list_submit(&doctor->session.service, &query, NULL, &err) ||
        !hbr_list_wait(&doctor->session.service, &page, &tag, &failure, &err)) {
        doctor_fail(&doctor->report, "permission", &err);
        return;
    }
    if (failure.code == ERROR_NONE) {
        doctor_ok(&doctor->report, "permission", "DescribeRestoreJobs2 in %s: %" PRId64 " jobs",
                  region, page.total_count);
    } else {
        bool inactive = strcmp(failure.api_code, "ServiceNotActivated") == 0;
        refused(doctor, &failure, !inactive || !doctor->connection.all_regions);
    }
    hbr_page_free(&page);
}

struct region_names {
    char names[REGIONS_MAX][STORE_NAME_MAX];
    size_t count;
};

static bool add_name(const char *region_id, void *context, struct error *err)
{
    struct region_names *named = context;
    if (named->count == REGIONS_MAX) {
        return error_set(err, ERROR_SERVICE, "DescribeRegions: more than %d regions", REGIONS_MAX);
    }
    (void)text_fit(named->names[named->count++], STORE_NAME_MAX, region_id);
    return true;
}

/* A region that was asked for and is not named may be one that is mistyped. */
static void look_for(struct doctor *doctor, const char *region, const struct region_names *named)
{
    struct error err;
    struct text_nearest nearest = {.word = region};
    for (size_t i = 0; i < named->count; i++) {
        text_nearest_try(&nearest, named->names[i]);
    }
    if (nearest.best == NULL || nearest.distance > 0) {
        error_set(&err, ERROR_USAGE, "DescribeRegions does not name %s", region);
        (void)text_did_you_mean(&nearest, "", &err);
        doctor_warning(&doctor->report, "regions", "Check the region's id.", "%s", err.message);
    }
}

static void check_region_list(struct doctor *doctor, const char *asked)
{
    const struct session *session = &doctor->session;
    static struct region_names named;
    size_t unusable = 0;
    struct error err;
    error_clear(&err);
    if (!hbr_regions(&session->service, asked, add_name, &named, &unusable, &err)) {
        refused(doctor, &err, doctor->connection.all_regions);
        return;
    }
    if (unusable > 0) {
        doctor_warning(&doctor->report, "permission", "Name regions with --region.",
                       "DescribeRegions: %zu ids are none of a region", unusable);
    }
    doctor_ok(&doctor->report, "permission", "DescribeRegions: %zu regions", named.count);
    for (size_t i = 0; i < session->region_count; i++) {
        look_for(doctor, session->regions[i], &named);
    }
}

static void check_service(struct doctor *doctor)
{
    struct session *session = &doctor->session;
    struct error err;
    error_clear(&err);
    if ((doctor->connection.all_regions && session->client == NULL) ||
        !session_find_regions(session, &err)) {
        if (err.code == ERROR_NONE) {
            return; /* the regions cannot be asked for without credentials, which was told */
        }
        doctor_fail(&doctor->report, "regions", &err);
        return;
    }
    const char *reached = NULL;
    for (size_t i = 0; i < session->region_count && interrupt_signal() == 0; i++) {
        const char *region = session->regions[i];
        if (!check_endpoint(doctor, region)) {
            continue; /* what is not reached cannot be asked either */
        }
        reached = reached == NULL ? region : reached;
        if (session->client != NULL) {
            check_listing(doctor, region);
        }
    }
    if (session->client != NULL && reached != NULL) {
        check_region_list(doctor, reached);
        check_identity(doctor);
    }
}

/* --- database ------------------------------------------------------------------------------ */

static void check_space(struct doctor *doctor, const struct store_health *health)
{
    struct doctor_report *report = &doctor->report;
    static const char advice[] = "Make room, or name a file on another disk with --db.";
    int64_t wanted = FREE_WARNING > health->size ? FREE_WARNING : health->size;
    if (health->free_bytes < 0) {
        return;
    }
    if (health->free_bytes < FREE_LIMIT) {
        struct error err;
        error_set(&err, ERROR_DATABASE, "%" PRId64 " MiB free", health->free_bytes / MIB);
        error_hint(&err, "%s", advice);
        doctor_fail(report, "disk", &err);
    } else if (health->free_bytes < wanted) {
        doctor_warning(report, "disk", advice, "%" PRId64 " MiB free", health->free_bytes / MIB);
    } else {
        doctor_ok(report, "disk", "%" PRId64 " MiB free on a %s file system",
                  health->free_bytes / MIB, health->remote ? "network or shared" : "local");
    }
    if (health->remote) {
        doctor_warning(report, "disk",
                       "Nothing must be done, but a local disk is safer: locks may not hold there.",
                       "the database is on a network file system or in a folder shared into this "
                       "virtual machine, so it is not in WAL mode");
    }
}

static void check_lock(struct doctor *doctor, const struct store_health *health)
{
    char holder[32] = "another process";
    if (health->lock == STORE_LOCK_FREE) {
        doctor_ok(&doctor->report, "lock", "free");
        return;
    }
    if (health->holder > 0) {
        (void)snprintf(holder, sizeof(holder), "the process %" PRId64, health->holder);
    }
    doctor_warning(&doctor->report, "lock",
                   "Another sync cannot begin before it ends (exit code 7).", "held by %s", holder);
}

static void tell_problem(const char *text, const char *advice, void *context)
{
    struct error err;
    error_set(&err, ERROR_DATABASE, "%s", text);
    error_hint(&err, "%s", advice);
    doctor_fail(context, "schema", &err);
}

static void tell_note(const char *text, void *context)
{
    doctor_ok(context, "schema", "%s", text);
}

/* What `verify` says of it, too. */
static void check_schema(struct doctor *doctor)
{
    const struct store_check_visitor visitor = {
        .problem = tell_problem, .note = tell_note, .context = &doctor->report};
    struct store *store = NULL;
    struct error err;
    struct store_check_counts counts = {0};
    error_clear(&err);
    if (!store_open(doctor->database, STORE_EXAMINE, &hbr_restore_job_model, &store, &err) ||
        !store_check_objects(store, &visitor, &counts, &err)) {
        doctor_fail(&doctor->report, "schema", &err);
    }
    store_close(store);
}

static void check_database(struct doctor *doctor)
{
    struct doctor_report *report = &doctor->report;
    struct store_health health;
    struct error err;
    error_clear(&err);
    bool sound = store_health(doctor->database, &health, &err);
    if (sound && !store_health_place(doctor->database, &err)) {
        doctor_fail(report, "folder", &err);
    }
    if (!sound) {
        doctor_fail(report, "database", &err);
    } else if (!health.exists) {
        doctor_ok(report, "database", "%s does not exist yet; the first sync creates it",
                  doctor->database);
    } else {
        doctor_ok(report, "database",
                  "%s is sound: schema %d, journal mode %s, %" PRId64 " MiB, WAL %" PRId64 " MiB",
                  doctor->database, health.version, health.journal_mode, health.size / MIB,
                  health.wal_size / MIB);
        if (health.version < health.newest) {
            doctor_warning(report, "database", "Nothing to do: the next sync brings it up to date.",
                           "its schema is %d, this hbrsync writes %d", health.version,
                           health.newest);
        } else {
            check_schema(doctor);
        }
        if (health.wal_size > WAL_WARNING) {
            doctor_warning(
                report, "database",
                "End programs that keep it open for long; the next sync empties the WAL.",
                "its WAL has %" PRId64 " MiB", health.wal_size / MIB);
        }
    }
    if (health.free_bytes != 0 || sound) {
        check_space(doctor, &health);
        check_lock(doctor, &health);
    }
}

/* --- the command --------------------------------------------------------------------------- */

static int run(struct doctor *doctor)
{
    struct error err;
    error_clear(&err);
    doctor_report_init(&doctor->report, doctor->json);
    check_credentials(doctor);
    if (interrupt_signal() == 0) {
        check_service(doctor);
    }
    check_database(doctor);
    int status = error_exit_status(doctor->report.first_failure, interrupt_signal());
    if (!interrupt_check(&err)) {
        status = error_exit_status(ERROR_INTERRUPTED, interrupt_signal());
    }
    if (!doctor_report_end(&doctor->report, &err)) {
        status = cli_fail(&err);
    }
    return session_end(&doctor->session, status);
}

/* All options of a sync are taken, so that those of a sync can be given; these do nothing. */
static void hide_idle(struct cli_option *rows, size_t count)
{
    static const char *const idle[] = {"qps", "connections", "parallel", "quiet", "no-progress"};
    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < COUNT(idle); j++) {
            rows[i].help = strcmp(rows[i].name, idle[j]) == 0 ? NULL : rows[i].help;
        }
    }
}

static bool parse(struct doctor *doctor, int argc, char **argv, int *ret_status)
{
    struct error err;
    const struct cli_option own[] = {
        {"policy", NULL, "print the smallest RAM policy, and nothing else", CLI_FLAG,
         &doctor->policy, 0, 0, CLI_OUTPUT},
        {"json", NULL, "print one JSON object", CLI_FLAG, &doctor->json, 0, 0, CLI_OUTPUT},
    };
    struct cli_option options[COUNT(own) + SESSION_OPTIONS_MAX];
    session_defaults(&doctor->connection);
    doctor->connection.attempt_timeout = 15;
    doctor->connection.retry_for = 5;
    size_t count = session_rows(&doctor->connection, options);
    hide_idle(options, count);
    memcpy(options + count, own, sizeof(own));
    if (!cli_begin("doctor", options, count + COUNT(own), argc, argv, &doctor->database, NULL,
                   ret_status)) {
        return false;
    }
    bool ok = session_check(&doctor->connection, doctor->database, &err) &&
              session_check_one_profile(&doctor->connection, &err);
    if (!ok) {
        *ret_status = cli_fail(&err);
    }
    return ok;
}

int cli_doctor(const char *database, int argc, char **argv)
{
    int status = 0;
    struct doctor doctor = {.database = database};
    if (!parse(&doctor, argc, argv, &status)) {
        return status;
    }
    if (doctor.policy) {
        (void)printf("%s", DOCTOR_POLICY);
        return 0;
    }
    /* What else would be told is among the lines. */
    log_set_level(doctor.connection.verbose ? LOG_VERBOSE : LOG_QUIET);
    return run(&doctor);
}
