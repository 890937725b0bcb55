#include "cli/session.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "acs/retry_watch.h"
#include "acs/variables.h"
#include "base/safe_file.h"
#include "base/text.h"
#include "cli/cli.h"
#include "output/log.h"
#include "store/store.h"

#define DAY 86400
#define USER_AGENT "hbrsync/" HBRSYNC_VERSION
#define CREDENTIALS_RETRY_MAX 30 /* seconds; a scan stands still while they are renewed */
#define REGIONS_MAX 500
#define REGION_FIRST "cn-hangzhou" /* asked for the list of regions when none is named */

/* --- options ------------------------------------------------------------------------------- */

void session_defaults(struct session_options *options)
{
    memset(options, 0, sizeof(*options));
    options->qps = 10;
    options->connections = 10;
    options->parallel = 8;
    options->attempt_timeout = 120;
    options->retry_for = 300;
}

size_t session_rows(struct session_options *options, struct cli_option *rows)
{
    const struct cli_option own[] = {
        {"region", "ID", "a region, or several: a,b", CLI_NAMES, &options->regions, 0, 0,
         CLI_WHERE},
        {"all-regions", NULL, "every region that the service names", CLI_FLAG,
         &options->all_regions, 0, 0, CLI_WHERE},
        {"profile", "NAME", "a profile of ~/.aliyun/config.json", CLI_LIST, &options->profiles, 0,
         0, CLI_WHERE},
        {"account-id", "ID", "the account, instead of asking STS", CLI_NAME,
         (void *)&options->account_id, 0, 0, CLI_WHERE},
        {"endpoint", "URL", "(default https://hbr.{region}.aliyuncs.com)", CLI_TEXT,
         (void *)&options->endpoint, 0, 0, CLI_WHERE},
        {"sts-endpoint", "URL", "(default https://sts.{region}.aliyuncs.com)", CLI_TEXT,
         (void *)&options->sts_endpoint, 0, 0, CLI_WHERE},
        {"vpc", NULL, "the endpoints inside a VPC", CLI_FLAG, &options->vpc, 0, 0, CLI_WHERE},
        {"ca-file", "FILE", "certificate authorities, PEM", CLI_FILE, (void *)&options->ca_file, 0,
         0, CLI_WHERE},
        {"qps", "N", "requests a second and region", CLI_INTEGER, &options->qps, 1, 1000,
         CLI_SPEED},
        {"connections", "N", "requests at once and region", CLI_INTEGER, &options->connections, 1,
         64, CLI_SPEED},
        {"parallel", "N", "regions at once", CLI_INTEGER, &options->parallel, 1,
         SESSION_PARALLEL_MAX, CLI_SPEED},
        {"timeout", "DURATION", "timeout of one attempt", CLI_DURATION, &options->attempt_timeout,
         1, DAY, CLI_SPEED},
        {"retry-for", "DURATION", "keep retrying for this long", CLI_DURATION, &options->retry_for,
         0, DAY, CLI_SPEED},
        {"trace", "FILE", "write requests and answers, secrets removed", CLI_FILE,
         (void *)&options->trace_file, 0, 0, CLI_OUTPUT},
        {"allow-shared-folder", NULL, "also write to folders that others can write to", CLI_FLAG,
         &safe_file_shared, 0, 0, CLI_OUTPUT},
        {"quiet", NULL, "print only errors", CLI_FLAG, &options->quiet, 0, 0, CLI_OUTPUT},
        {"verbose", NULL, "print more", CLI_FLAG, &options->verbose, 0, 0, CLI_OUTPUT},
        {"no-progress", NULL, "no progress line", CLI_FLAG, &options->no_progress, 0, 0,
         CLI_OUTPUT},
    };
    _Static_assert(sizeof(own) / sizeof(own[0]) <= SESSION_OPTIONS_MAX, "the rows fit");
    memcpy(rows, own, sizeof(own));
    return sizeof(own) / sizeof(own[0]);
}

/* Where the endpoint does not depend on the region, each region would list the same jobs again. */
static bool check_endpoint_of(const char *from, const char *endpoint, const char *first,
                              const char *other, struct error *err)
{
    if (endpoint == NULL || strstr(endpoint, "{region}") != NULL || strcmp(first, other) == 0) {
        return true;
    }
    error_set(err, ERROR_USAGE,
              "%s %.200s is the same for every region; %s and %s would list the same jobs", from,
              endpoint, first, other);
    return error_hint(err, "Put {region} where the endpoint names the region, or name one region "
                           "with --region.");
}

bool session_check_file(const char *option, const char *path, const char *database,
                        struct error *err)
{
    bool owns = false;
    if (path != NULL && database != NULL && !store_owns_file(database, path, &owns, err)) {
        return false;
    }
    if (!owns) {
        return true;
    }
    error_set(err, ERROR_USAGE, "--%s: %s belongs to the database %s", option, path, database);
    return error_hint(err, "Name another file.");
}

bool session_check(const struct session_options *options, const char *database, struct error *err)
{
    log_set_level(options->quiet ? LOG_QUIET : options->verbose ? LOG_VERBOSE : LOG_NORMAL);
    progress_enable(!options->quiet && !options->no_progress);
    acs_retry_watch(log_attempt, log_waiting);
    if (options->all_regions && options->regions.count > 0) {
        return error_set(err, ERROR_USAGE, "--region and --all-regions exclude each other");
    }
    if (!session_check_file("trace", options->trace_file, database, err)) {
        return false;
    }
    if (options->endpoint != NULL && !acs_endpoint_check(options->endpoint, err)) {
        return error_context(err, "--endpoint");
    }
    if (options->sts_endpoint != NULL && !acs_endpoint_check(options->sts_endpoint, err)) {
        return error_context(err, "--sts-endpoint");
    }
    for (size_t i = 0; i < options->regions.count; i++) {
        if (!acs_region_check(options->regions.values[i], err)) {
            return error_context(err, "--region");
        }
        if (!check_endpoint_of("--endpoint", options->endpoint, options->regions.values[0],
                               options->regions.values[i], err)) {
            return false;
        }
    }
    return true;
}

bool session_check_one_profile(const struct session_options *options, struct error *err)
{
    return options->profiles.count <= 1 ||
           error_set(err, ERROR_USAGE, "--profile may be given once to this command");
}

/* --- opening ------------------------------------------------------------------------------- */

static bool open_trace(struct session *session, struct error *err)
{
    const char *path = session->options->trace_file;
    const struct session *earlier = session->options->earlier;
    struct safe_place place;
    struct stat status;
    session->trace = earlier != NULL ? earlier->trace : NULL;
    if (path == NULL || session->trace != NULL) {
        return true;
    }
    int descriptor = safe_place_find(path, false, &place, err)
                         ? safe_open(&place, "", O_WRONLY | O_CREAT | O_APPEND, SAFE_STREAM, err)
                         : -1;
    safe_place_close(&place);
    if (descriptor < 0) {
        return error_context(err, "cannot open the trace file");
    }
    /* An ordinary file is emptied when it is known to be private: one that was there keeps its mode
     * through open(). A pipe or device is taken as it is. */
    if (fstat(descriptor, &status) == 0 &&
        (!S_ISREG(status.st_mode) ||
         (fchmod(descriptor, 0600) == 0 && ftruncate(descriptor, 0) == 0))) {
        session->trace = fdopen(descriptor, "w");
    }
    session->owns_trace = session->trace != NULL;
    if (!session->owns_trace) {
        error_set_errno(err, ERROR_USAGE, errno, "cannot open the trace file %s", path);
        (void)close(descriptor); /* nothing was written */
    }
    return session->owns_trace;
}

bool session_open_client(struct session *session, struct acs_client **ret_client, struct error *err)
{
    const struct session_options *wanted = session->options;
    struct acs_client_options options;
    acs_client_defaults(&options);
    options.ca_file = wanted->ca_file;
    options.connections = (unsigned)wanted->connections;
    options.queries_per_second = (double)wanted->qps;
    options.attempt_timeout_ms = wanted->attempt_timeout * 1000;
    options.retry_for_ms = wanted->retry_for * 1000;
    options.user_agent = USER_AGENT;
    options.trace = session->trace;
    options.budget = wanted->budget;
    if (session->credentials.renewable) {
        options.renew = acs_credential_source_renew;
        options.renew_context = &session->source;
    }
    (void)pthread_mutex_lock(&session->source.lock);
    struct acs_client *first = session->client;
    bool ok = first != NULL || acs_client_new(&options, &session->source.current, ret_client, err);
    if (first != NULL) {
        *ret_client = first;
        session->client = session->service.client = NULL;
    }
    (void)pthread_mutex_unlock(&session->source.lock);
    return ok;
}

static void add_counters(struct acs_client_counters *sum, struct acs_client_counters more)
{
    sum->requests += more.requests;
    sum->retries += more.retries;
    sum->throttled += more.throttled;
    sum->quoting += more.quoting;
}

void session_close_client(struct session *session, struct acs_client *client)
{
    if (client != NULL) {
        add_counters(&session->counters, acs_client_counters(client));
        acs_client_free(client);
    }
}

void session_add_counters(const struct session *session, struct acs_client_counters *sum)
{
    add_counters(sum, session->counters);
    if (session->client != NULL) {
        add_counters(sum, acs_client_counters(session->client));
    }
}

void session_tell_unused(const struct session *session,
                         void (*tell)(const char *text, void *context), void *context)
{
    const struct session_options *wanted = session->options;
    const struct acs_credentials *found = &session->credentials;
    acs_variables_unused(found->provider[0] != '\0' ? found : NULL,
                         wanted->profile != NULL || wanted->profiles.count > 0,
                         wanted->all_regions || wanted->regions.count > 0, tell, context);
}

static void warn(const char *text, void *context)
{
    (void)context;
    log_warning("%s", text);
}

static bool find_credentials(struct session *session, struct error *err)
{
    const struct session_options *wanted = session->options;
    const struct acs_credentials_options options = {
        .profile = wanted->profile != NULL      ? wanted->profile
                   : wanted->profiles.count > 0 ? wanted->profiles.values[0]
                                                : NULL,
        .endpoint = wanted->endpoint,
        .sts_endpoint = wanted->sts_endpoint,
        .region = wanted->regions.count > 0 ? wanted->regions.values[0]
                                            : acs_variable_for("region_id", false, NULL),
        .vpc = wanted->vpc,
        .ca_file = wanted->ca_file,
        .user_agent = USER_AGENT,
        .retry_for_ms = wanted->retry_for < CREDENTIALS_RETRY_MAX ? wanted->retry_for * 1000
                                                                  : CREDENTIALS_RETRY_MAX * 1000,
    };
    const struct acs_hosts *hosts = &session->credentials.hosts;
    bool found = acs_credentials_find(&options, &session->credentials, err);
    session->service.endpoint =
        hosts->service[0] != '\0' ? hosts->service : hbr_endpoint_default(hosts->vpc);
    if (wanted->earlier == NULL) {
        session_tell_unused(session, warn, NULL);
    }
    if (!found) {
        return false;
    }
    acs_credential_source_init(&session->source, &options, &session->credentials);
    acs_credentials_forget_keys(&session->credentials);
    log_detail("credentials: %s", session->credentials.provider);
    if (session->credentials.warning[0] != '\0' && wanted->earlier == NULL) {
        log_warning("%s", session->credentials.warning);
    }
    return true;
}

bool session_open(struct session *session, const struct session_options *options, struct error *err)
{
    session->options = options;
    bool ok = find_credentials(session, err) && open_trace(session, err) &&
              session_open_client(session, &session->client, err);
    session->service.client = session->client;
    return ok;
}

int session_end(struct session *session, int status)
{
    struct error err;
    struct acs_client_counters counters = {0};
    session_add_counters(session, &counters);
    if (counters.quoting > 0) {
        log_warning("a field of a job holds the secret or the security token of the credentials in "
                    "use; it is stored as it came");
    }
    acs_client_free(session->client);
    acs_credentials_wipe(&session->credentials);
    acs_credentials_wipe(&session->source.current);
    free(session->regions);
    if (session->trace == NULL || !session->owns_trace) {
        return status;
    }
    bool complete = ferror(session->trace) == 0;
    errno = 0;
    if (!complete) {
        (void)fputc('\n', session->trace); /* errno is long gone: this fails for the same reason */
    }
    if (fclose(session->trace) == 0 && complete) {
        return status;
    }
    error_set(&err, ERROR_USAGE, "cannot write all of the trace file%s%s", errno != 0 ? ": " : "",
              errno != 0 ? strerror(errno) : "");
    int failed = cli_fail(&err);
    return status != 0 ? status : failed; /* the first failure is worth more */
}

/* --- regions and account ------------------------------------------------------------------- */

bool session_has_region(const struct session *session, const char *region_id)
{
    for (size_t i = 0; i < session->region_count; i++) {
        if (strcmp(session->regions[i], region_id) == 0) {
            return true;
        }
    }
    return false;
}

static bool add_region(const char *region_id, void *context, struct error *err)
{
    struct session *session = context;
    char name[STORE_NAME_MAX];
    if (!text_fit(name, sizeof(name), region_id)) {
        return error_set(err, ERROR_SERVICE, "a region's name is too long: %.80s", region_id);
    }
    text_lower(name);
    if (session_has_region(session, name)) {
        return true;
    }
    if (session->region_count == REGIONS_MAX) {
        return error_set(err, ERROR_SERVICE, "more than %d regions", REGIONS_MAX);
    }
    memcpy(session->regions[session->region_count++], name, sizeof(name));
    return true;
}

bool session_find_regions(struct session *session, struct error *err)
{
    const struct session_options *options = session->options;
    const char *source = "the profile's region_id";
    const char *region = acs_variable_for("region_id", false, &source);
    if (region == NULL && session->credentials.region_id[0] != '\0') {
        region = session->credentials.region_id;
    } else if (region == NULL) {
        region = acs_variable_for("region_id", true, &source);
    }
    session->regions = calloc(REGIONS_MAX, sizeof(*session->regions));
    if (session->regions == NULL) {
        return error_no_memory(err);
    }
    if (options->regions.count == 0 && region != NULL && !acs_region_check(region, err)) {
        return error_context(err, "%s", source);
    }
    if (options->all_regions &&
        !hbr_regions(&session->service, region != NULL ? region : REGION_FIRST, add_region, session,
                     &session->unusable_regions, err)) {
        return false;
    }
    for (size_t i = 0; i < options->regions.count; i++) {
        if (!add_region(options->regions.values[i], session, err)) {
            return false;
        }
    }
    if (session->region_count > 1) {
        return check_endpoint_of(session->credentials.hosts.service_from, session->service.endpoint,
                                 session->regions[0], session->regions[1], err);
    }
    if (session->region_count == 0 && region != NULL && !options->all_regions) {
        return add_region(region, session, err);
    }
    if (session->region_count == 0 && !options->all_regions) {
        error_set(err, ERROR_USAGE, "no region is named");
        return error_hint(err, "Use --region ID, --all-regions, or ALIBABA_CLOUD_REGION_ID.");
    }
    return true;
}

bool session_find(struct session *session, struct error *err)
{
    struct acs_identity identity = {.account_id = ""};
    const char *account_id = session->options->account_id;
    if ((session->regions == NULL && !session_find_regions(session, err)) ||
        (account_id == NULL && !acs_caller_identity(session->client, &session->credentials.hosts,
                                                    session->regions[0], &identity, err))) {
        return false;
    }
    (void)text_fit(session->account_id, sizeof(session->account_id),
                   account_id != NULL ? account_id : identity.account_id);
    return true;
}
