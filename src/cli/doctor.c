/*
 * The command `doctor`: looks at everything that a sync needs, a line each, and says what to do.
 * Asks the service with the smallest requests there are; changes nothing.
 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "acs/answer.h"
#include "acs/probe.h"
#include "base/clock.h"
#include "base/interrupt.h"
#include "base/json.h"
#include "base/text.h"
#include "cli/cli.h"
#include "cli/session.h"
#include "hbr/restore_job.h"
#include "output/log.h"
#include "store/check.h"

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
#define JSON_MAX ((size_t)4 * 1024 * 1024)
#define TEXT_MAX 2048
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

struct doctor {
    const char *database;
    bool json, policy_only;
    struct session_options connection;
    struct session session;
    bool clock_checked;
    struct buffer checks; /* the JSON of those so far, separated by commas */
    size_t warnings, failures;
    enum error_code first_failure; /* its class, ERROR_NONE when there was none */
    bool policy_wanted;            /* a permission is missing */
};

/* The smallest RAM policy. */
static const char policy[] =
    "{\n"
    "  \"Version\": \"1\",\n"
    "  \"Statement\": [\n"
    "    {\n"
    "      \"Effect\": \"Allow\",\n"
    "      \"Action\": [\"hbr:DescribeRestoreJobs2\", \"hbr:DescribeRegions\"],\n"
    "      \"Resource\": \"*\"\n"
    "    }\n"
    "  ]\n"
    "}\n";

/* --- what it says -------------------------------------------------------------------------- */

/* Prints what a check found, or keeps it for the JSON. Status is "ok", "warning", or "fail" with
 * the class of the failure; `advice` says what to do, "" when there is nothing. */
PRINTF_LIKE(6, 7)
static void tell(struct doctor *doctor, const char *check, const char *status, enum error_code code,
                 const char *advice, const char *format, ...)
{
    char text[TEXT_MAX] = "";
    struct buffer *out = &doctor->checks;
    bool fails = strcmp(status, "fail") == 0;
    va_list args;
    va_start(args, format);
    (void)vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    doctor->failures += fails;
    doctor->warnings += strcmp(status, "warning") == 0;
    doctor->first_failure = doctor->first_failure == ERROR_NONE ? code : doctor->first_failure;
    if (doctor->json) {
        buffer_puts(out, out->length > 0 ? ",{" : "{");
        json_put_text(out, "check", check);
        json_put_text(out, "status", status);
        json_put_text(out, "text", text);
        json_put_text(out, "advice", advice[0] != '\0' ? advice : NULL);
        buffer_putc(out, '}');
        return;
    }
    buffer_reset(out);
    buffer_printf(out, "%-8s %-11s ", fails ? "FAIL" : status, check);
    text_escape(out, text, strlen(text), TEXT_MAX * 2);
    if (advice[0] != '\0') {
        buffer_printf(out, "\n%-20s -> ", "");
        text_escape(out, advice, strlen(advice), TEXT_MAX * 2);
    }
    (void)printf("%s\n", out->data);
    (void)fflush(stdout); /* the next check may take its time; a failure shows at the end */
}
#define ok(doctor, check, ...) tell(doctor, check, "ok", ERROR_NONE, "", __VA_ARGS__)
#define warn(doctor, check, advice, ...)                                                           \
    tell(doctor, check, "warning", ERROR_NONE, advice, __VA_ARGS__)

static void fail(struct doctor *doctor, const char *check, const struct error *err)
{
    tell(doctor, check, "fail", err->code, err->hint, "%s", err->message);
}

static bool tell_end(const struct doctor *doctor, struct error *err)
{
    if (doctor->json && !buffer_ok(&doctor->checks, "the report", err)) {
        return false;
    }
    if (doctor->json) {
        (void)printf("{\"ok\":%s,\"failures\":%zu,\"warnings\":%zu,\"checks\":[%s],"
                     "\"policy\":%s}\n",
                     doctor->failures == 0 ? "true" : "false", doctor->failures, doctor->warnings,
                     doctor->checks.data, policy);
    } else {
        (void)printf("%zu failure%s, %zu warning%s\n", doctor->failures,
                     doctor->failures == 1 ? "" : "s", doctor->warnings,
                     doctor->warnings == 1 ? "" : "s");
        if (doctor->policy_wanted) {
            (void)printf("\nThe smallest RAM policy:\n\n%s", policy);
        }
    }
    return true;
}

/* --- credentials --------------------------------------------------------------------------- */

static void tell_unused(const char *text, void *context)
{
    warn(context, "credentials", "", "%s", text);
}

static void check_credentials(struct doctor *doctor)
{
    const struct acs_credentials *credentials = &doctor->session.credentials;
    const struct acs_hosts *hosts = &credentials->hosts;
    struct error err;
    bool found = session_open(&doctor->session, &doctor->connection, &err);
    session_tell_unused(&doctor->session, tell_unused, doctor);
    if (!found) {
        fail(doctor, "credentials", &err);
        return;
    }
    char expiry[CLOCK_ISO8601_SIZE];
    if (credentials->expires_at > 0 && clock_to_iso8601(credentials->expires_at, expiry)) {
        const char *command = credentials->renewed_by;
        ok(doctor, "credentials", "%s; good until %s, then %s%s%s", credentials->provider, expiry,
           command[0] != '\0'       ? "run \""
           : credentials->renewable ? "renewed"
                                    : "you need new ones",
           command, command[0] != '\0' ? "\"" : "");
    } else {
        ok(doctor, "credentials", "%s", credentials->provider);
    }
    if (credentials->warning[0] != '\0') {
        warn(doctor, "credentials", "", "%s", credentials->warning);
    }
    char sts[ENDPOINT_SIZE];
    bool is_region = acs_sts_endpoint(hosts, sts, sizeof(sts), &err);
    ok(doctor, "endpoint", "hbr at %s (%s), STS at %s (%s)", doctor->session.service.endpoint,
       hosts->service_from, is_region ? sts : hosts->sts, hosts->sts_from);
}

/* --- network and clock --------------------------------------------------------------------- */

static void check_clock(struct doctor *doctor, int64_t date)
{
    int64_t ahead = clock_now() - date;
    int64_t distance = ahead < 0 ? -ahead : ahead;
    const char *where = ahead > 0 ? "ahead of" : "behind";
    static const char advice[] = "Set this machine's clock right, for example with NTP.";
    if (date == 0 || doctor->clock_checked) {
        return;
    }
    doctor->clock_checked = true;
    if (distance > CLOCK_LIMIT_SECONDS) {
        tell(doctor, "clock", "fail", ERROR_CREDENTIALS, advice,
             "%" PRId64 " seconds %s the service's; it refuses more than %d", distance, where,
             CLOCK_LIMIT_SECONDS);
    } else if (distance > CLOCK_WARNING_SECONDS) {
        warn(doctor, "clock", advice, "%" PRId64 " seconds %s the service's", distance, where);
    } else {
        ok(doctor, "clock", "within %d seconds of the service's", CLOCK_WARNING_SECONDS);
    }
}

/* Whether it answers. */
static bool check_endpoint(struct doctor *doctor, const char *region)
{
    struct acs_probe probe = {0};
    char endpoint[ENDPOINT_SIZE], good[64] = "";
    struct error err;
    if (!hbr_endpoint_for_region(&doctor->session.service, region, endpoint, sizeof(endpoint),
                                 &err) ||
        !acs_probe(endpoint, doctor->connection.ca_file, &probe, &err)) {
        fail(doctor, "endpoint", &err);
        return false;
    }
    int64_t days = (probe.certificate_expires - clock_now()) / DAY;
    bool is_plain = strncmp(endpoint, "https:", 6) != 0, expires = probe.certificate_expires != 0;
    if (expires) {
        (void)snprintf(good, sizeof(good), " and good for %" PRId64 " days", days);
    }
    if (!is_plain && expires && days < CERTIFICATE_WARNING_DAYS) {
        warn(doctor, "endpoint", "Whoever runs that server has to renew it.",
             "%s: its certificate is good for %" PRId64 " more days only", endpoint, days);
    } else {
        ok(doctor, "endpoint", "%s answers in %" PRId64 " ms, %s%s", endpoint, probe.elapsed_ms,
           is_plain ? "plain http to this machine" : "certificate verified", is_plain ? "" : good);
    }
    check_clock(doctor, probe.date);
    return true;
}

/* --- permission ---------------------------------------------------------------------------- */

static void refused(struct doctor *doctor, const struct error *err, bool needed)
{
    doctor->policy_wanted = doctor->policy_wanted || acs_is_permission(err);
    if (needed) {
        fail(doctor, "permission", err);
    } else {
        warn(doctor, "permission", err->hint, "%s", err->message);
    }
}

static void check_identity(struct doctor *doctor)
{
    struct acs_identity identity = {.account_id = ""};
    struct error err;
    if (!acs_caller_identity(doctor->session.client, &doctor->session.credentials.hosts,
                             doctor->session.regions[0], &identity, &err)) {
        refused(doctor, &err, doctor->connection.account_id == NULL);
        return;
    }
    ok(doctor, "account", "%s, %s", identity.account_id, identity.arn);
    if (doctor->connection.account_id != NULL &&
        strcmp(doctor->connection.account_id, identity.account_id) != 0) {
        tell(doctor, "account", "fail", ERROR_USAGE,
             "Leave --account-id out, or use other credentials.",
             "--account-id %s is not the account of these credentials",
             doctor->connection.account_id);
    }
}

static void check_listing(struct doctor *doctor, const char *region)
{
    const struct hbr_query query = {
        .region = region, .edition = "STANDARD", .page_number = 1, .page_size = 1};
    struct hbr_page page = {0};
    void *tag = NULL;
    struct error err, failure;
    if (!hbr_list_submit(&doctor->session.service, &query, NULL, &err) ||
        !hbr_list_wait(&doctor->session.service, &page, &tag, &failure, &err)) {
        fail(doctor, "permission", &err);
        return;
    }
    if (failure.code == ERROR_NONE) {
        ok(doctor, "permission", "DescribeRestoreJobs2 in %s: %" PRId64 " jobs", region,
           page.total_count);
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

static void check_region_list(struct doctor *doctor, const char *asked)
{
    const struct session *session = &doctor->session;
    static struct region_names named;
    size_t unusable = 0;
    struct error err;
    if (!hbr_regions(&session->service, asked, add_name, &named, &unusable, &err)) {
        refused(doctor, &err, doctor->connection.all_regions);
        return;
    }
    if (unusable > 0) {
        warn(doctor, "permission", "Name regions with --region.",
             "DescribeRegions: %zu ids are none of a region", unusable);
    }
    ok(doctor, "permission", "DescribeRegions: %zu regions", named.count);
    for (size_t i = 0; i < session->region_count; i++) {
        struct text_nearest nearest = {.word = session->regions[i]};
        for (size_t j = 0; j < named.count; j++) {
            text_nearest_try(&nearest, named.names[j]);
        }
        if (nearest.best == NULL || nearest.distance > 0) { /* it may be mistyped */
            error_set(&err, ERROR_USAGE, "DescribeRegions does not name %s", session->regions[i]);
            (void)text_did_you_mean(&nearest, "", &err);
            warn(doctor, "regions", "Check the region's id.", "%s", err.message);
        }
    }
}

static void check_service(struct doctor *doctor)
{
    struct session *session = &doctor->session;
    struct error err;
    if (doctor->connection.all_regions && session->client == NULL) {
        return; /* the regions cannot be asked for without credentials, which was told */
    }
    if (!session_find_regions(session, &err)) {
        fail(doctor, "regions", &err);
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
    static const char advice[] = "Make room, or name a file on another disk with --db.";
    int64_t wanted = FREE_WARNING > health->size ? FREE_WARNING : health->size;
    if (health->free_bytes < 0) {
        return;
    }
    if (health->free_bytes < FREE_LIMIT) {
        tell(doctor, "disk", "fail", ERROR_DATABASE, advice, "%" PRId64 " MiB free",
             health->free_bytes / MIB);
    } else if (health->free_bytes < wanted) {
        warn(doctor, "disk", advice, "%" PRId64 " MiB free", health->free_bytes / MIB);
    } else {
        ok(doctor, "disk", "%" PRId64 " MiB free on a %s file system", health->free_bytes / MIB,
           health->remote ? "network or shared" : "local");
    }
    if (health->remote) {
        warn(doctor, "disk",
             "Nothing must be done, but a local disk is safer: locks may not hold there.",
             "the database is on a network file system or in a folder shared into this "
             "virtual machine, so it is not in WAL mode");
    }
}

static void check_lock(struct doctor *doctor, const struct store_health *health)
{
    char holder[32] = "another process";
    if (health->lock == STORE_LOCK_FREE) {
        ok(doctor, "lock", "free");
        return;
    }
    if (health->holder > 0) {
        (void)snprintf(holder, sizeof(holder), "the process %" PRId64, health->holder);
    }
    warn(doctor, "lock", "Another sync cannot begin before it ends (exit code 7).", "held by %s",
         holder);
}

static void tell_problem(const char *text, const char *advice, void *context)
{
    tell(context, "schema", "fail", ERROR_DATABASE, advice, "%s", text);
}

static void tell_note(const char *text, void *context)
{
    ok(context, "schema", "%s", text);
}

/* What `verify` says of it, too. */
static void check_schema(struct doctor *doctor)
{
    const struct store_check_visitor visitor = {
        .problem = tell_problem, .note = tell_note, .context = doctor};
    struct store *store = NULL;
    struct error err;
    struct store_check_counts counts = {0};
    if (!store_open(doctor->database, STORE_EXAMINE, &hbr_restore_job_model, &store, &err) ||
        !store_check_objects(store, &visitor, &counts, &err)) {
        fail(doctor, "schema", &err);
    }
    store_close(store);
}

static void check_database(struct doctor *doctor)
{
    struct store_health health;
    struct error err;
    bool sound = store_health(doctor->database, &health, &err);
    if (sound && !store_health_place(doctor->database, &err)) {
        fail(doctor, "folder", &err);
    }
    if (!sound) {
        fail(doctor, "database", &err);
    } else if (!health.exists) {
        ok(doctor, "database", "%s does not exist yet; the first sync creates it",
           doctor->database);
    } else {
        ok(doctor, "database",
           "%s is sound: schema %d, journal mode %s, %" PRId64 " MiB, WAL %" PRId64 " MiB",
           doctor->database, health.version, health.journal_mode, health.size / MIB,
           health.wal_size / MIB);
        if (health.version < health.newest) {
            warn(doctor, "database", "Nothing to do: the next sync brings it up to date.",
                 "its schema is %d, this hbrsync writes %d", health.version, health.newest);
        } else {
            check_schema(doctor);
        }
        if (health.wal_size > WAL_WARNING) {
            warn(doctor, "database",
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
    buffer_init(&doctor->checks, JSON_MAX);
    check_credentials(doctor);
    if (interrupt_signal() == 0) {
        check_service(doctor);
    }
    check_database(doctor);
    int signal_number = interrupt_signal();
    int status = error_exit_status(signal_number != 0 ? ERROR_INTERRUPTED : doctor->first_failure,
                                   signal_number);
    if (!tell_end(doctor, &err)) {
        status = cli_fail(&err);
    }
    buffer_free(&doctor->checks);
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
         &doctor->policy_only, 0, 0, CLI_OUTPUT},
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
    if (!session_check(&doctor->connection, doctor->database, &err) ||
        !session_check_one_profile(&doctor->connection, &err)) {
        *ret_status = cli_fail(&err);
        return false;
    }
    return true;
}

int cli_doctor(const char *database, int argc, char **argv)
{
    int status = 0;
    struct doctor doctor = {.database = database};
    if (!parse(&doctor, argc, argv, &status)) {
        return status;
    }
    if (doctor.policy_only) {
        (void)printf("%s", policy);
        return 0;
    }
    /* What else would be told is among the lines. */
    log_set_level(doctor.connection.verbose ? LOG_VERBOSE : LOG_QUIET);
    return run(&doctor);
}
