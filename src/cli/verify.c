/*
 * The command `verify`: the database by itself, and with --remote against what the service lists.
 * The scan goes into a private store of its own, so that it is proved the way every sync is; then
 * the two are compared. The database is only read.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "cli/cli.h"
#include "cli/session.h"
#include "cli/sync_summary.h"
#include "cli/sync_tasks.h"
#include "hbr/restore_job.h"
#include "output/format.h"
#include "output/log.h"
#include "store/check.h"
#include "sync/verify.h"

#define SHOWN_DEFAULT 20
#define VALUE_SHOWN_MAX 200 /* bytes of a value */
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

struct verify {
    const char *database;
    bool remote;
    struct session_options connection;
    struct cli_list editions;
    int64_t shown_max, shown;
    struct sync_settings settings;
    struct session session;
    struct store *store;   /* the database */
    struct store *scratch; /* what the service lists */
    struct sync_summary summary;
    struct store_check_counts counts;
    struct verify_source *sources; /* of the database */
    size_t source_count;
    int64_t skipped;    /* those that were not read although they hold jobs and were asked for */
    bool out_of_memory; /* a source could not be kept */
};

struct verify_source {
    int64_t source_id;
    int64_t jobs; /* without those marked missing */
    bool covered; /* all of it was read */
    char account_id[STORE_NAME_MAX], region_id[STORE_NAME_MAX], edition[STORE_NAME_MAX];
};

/* --- the database by itself ---------------------------------------------------------------- */

static void tell_text(const char *kind, const char *text)
{
    struct buffer safe;
    buffer_init(&safe, 65536);
    text_escape(&safe, text, strlen(text), 8192);
    (void)printf("%s: %s\n", kind, safe.data);
    buffer_free(&safe);
}

static void tell_problem(const char *text, const char *advice, void *context)
{
    (void)advice;
    (void)context;
    tell_text("problem", text);
}

static void tell_note(const char *text, void *context)
{
    const struct verify *verify = context;
    if (!verify->connection.quiet) {
        tell_text("note", text);
    }
}

static void keep_source(struct verify *verify, const struct store_check_source *source)
{
    struct verify_source *sources =
        realloc(verify->sources, (verify->source_count + 1) * sizeof(*sources));
    if (sources == NULL) {
        verify->out_of_memory = true;
        return;
    }
    verify->sources = sources;
    struct verify_source *kept = &sources[verify->source_count++];
    *kept = (struct verify_source){.source_id = source->source_id, .jobs = source->jobs};
    (void)text_fit(kept->account_id, sizeof(kept->account_id), source->account_id);
    (void)text_fit(kept->region_id, sizeof(kept->region_id), source->region_id);
    (void)text_fit(kept->edition, sizeof(kept->edition), source->edition);
}

static void tell_source(const struct store_check_source *source, void *context)
{
    struct verify *verify = context;
    struct buffer line;
    char jobs[FORMAT_COUNT_SIZE], missing[FORMAT_COUNT_SIZE];
    keep_source(verify, source);
    if (verify->connection.quiet) {
        return;
    }
    format_count(source->jobs, jobs);
    format_count(source->missing, missing);
    buffer_init(&line, 4096);
    format_source(source->account_id, source->region_id, source->edition, "", &line);
    (void)printf("%s: %s jobs, %s no longer listed\n", line.data, jobs, missing);
    buffer_free(&line);
}

static void tell_counts(const struct verify *verify)
{
    const struct store_check_counts *counts = &verify->counts;
    if (counts->orphans > 0) {
        (void)printf("%" PRId64 " jobs name a parent that is not stored\n", counts->orphans);
    }
    if (counts->open_runs > 0) {
        (void)printf("%" PRId64 " runs are open: under way, or their process died; the next sync "
                     "closes those\n",
                     counts->open_runs);
    }
    (void)printf("the database is sound: schema %d, %" PRId64 " jobs\n",
                 store_schema_version(verify->store), counts->jobs);
}

static bool check_database(struct verify *verify, struct error *err)
{
    const struct store_check_visitor visitor = {
        .problem = tell_problem, .note = tell_note, .source = tell_source, .context = verify};
    const struct store_check_counts *counts = &verify->counts;
    if (!store_check(verify->store, &visitor, &verify->counts, err)) {
        return false;
    }
    if (verify->out_of_memory) {
        return error_no_memory(err);
    }
    if (counts->problems > counts->blocking) {
        error_set(err, ERROR_DATABASE, "%s is damaged: %" PRId64 " problems",
                  store_path(verify->store), counts->problems);
        return error_hint(err, STORE_DAMAGE_ADVICE);
    }
    if (counts->blocking > 0) {
        error_set(err, ERROR_DATABASE,
                  "%s: a sync cannot work with what was added to it; nothing else is wrong",
                  store_path(verify->store));
        return error_hint(err, STORE_BLOCKING_ADVICE);
    }
    if (!verify->connection.quiet) {
        tell_counts(verify);
    }
    return true;
}

/* --- against the service ------------------------------------------------------------------- */

static bool scan_service(struct verify *verify, struct error *err)
{
    static const struct cli_list every_type;
    struct sync_tasks tasks = {
        .settings = &verify->settings,
        .editions = &verify->editions,
        .restore_types = &every_type,
        .filter_scope = "",
        .parallel = verify->connection.parallel,
        .summary = &verify->summary,
    };
    if (!session_open(&verify->session, &verify->connection, err) ||
        !store_open(verify->database, STORE_SCRATCH, &hbr_restore_job_model, &verify->scratch,
                    err)) {
        return false;
    }
    tasks.store = verify->scratch;
    bool ok = session_find(&verify->session, err) && sync_tasks_begin(&tasks, err) &&
              sync_tasks_add(&tasks, &verify->session, err);
    if (ok) {
        sync_tasks_run(&tasks);
    }
    if (ok && verify->summary.error.code == ERROR_NONE) {
        sync_tasks_check_regions(&tasks, &verify->session);
    }
    free(tasks.workers);
    progress_clear();
    return ok;
}

/* How reading each source of the database ended. */
static void judge_sources(struct verify *verify)
{
    for (size_t i = 0; i < verify->source_count; i++) {
        struct verify_source *source = &verify->sources[i];
        bool skipped = verify->connection.all_regions &&
                       strcmp(source->account_id, verify->session.account_id) == 0 &&
                       !session_has_region(&verify->session, source->region_id);
        for (size_t j = 0; j < verify->summary.count; j++) {
            const struct sync_summary_row *row = &verify->summary.rows[j];
            if (strcmp(row->account_id, source->account_id) == 0 &&
                strcmp(row->region_id, source->region_id) == 0 &&
                strcmp(row->edition, source->edition) == 0) {
                bool left_out = row->result.run.outcome == RUN_SKIPPED;
                source->covered = row->result.error.code == ERROR_NONE && !left_out;
                skipped = skipped || left_out;
            }
        }
        verify->skipped += skipped && source->jobs > 0;
    }
}

static bool is_covered(int64_t source_id, void *context)
{
    const struct verify *verify = context;
    bool covered = false;
    for (size_t i = 0; i < verify->source_count; i++) {
        covered |= verify->sources[i].source_id == source_id && verify->sources[i].covered;
    }
    return covered;
}

static void append_shown(struct buffer *line, const struct value *value)
{
    if (value->kind == VALUE_INTEGER) {
        buffer_printf(line, "%" PRId64, value->integer);
    } else if (value->kind == VALUE_TEXT) {
        buffer_putc(line, '"');
        text_escape(line, value->text != NULL ? value->text : "", value->length, VALUE_SHOWN_MAX);
        buffer_putc(line, '"');
    } else {
        buffer_puts(line, "nothing");
    }
}

static void describe_field(struct buffer *line, const struct sync_difference *difference)
{
    bool part_itself = difference->field[0] == '\0';
    buffer_printf(line, " %s%s%s: ", difference->part,
                  difference->part[0] != '\0' && !part_itself ? "." : "", difference->field);
    if (part_itself) {
        buffer_puts(line, difference->service->integer != 0 ? "only the service has it"
                                                            : "only the database has it");
        return;
    }
    buffer_puts(line, "the service has ");
    append_shown(line, difference->service);
    buffer_puts(line, ", the database ");
    append_shown(line, difference->database);
}

static bool tell_difference(const struct sync_difference *difference, void *context,
                            struct error *err)
{
    static const char *const texts[] = {
        [DIFFERENCE_ABSENT] = " is listed and not stored",
        [DIFFERENCE_MARKED] = " is listed and marked as no longer listed",
        [DIFFERENCE_GONE] = " is no longer listed and not marked so",
    };
    struct verify *verify = context;
    struct buffer line;
    (void)err;
    if (verify->shown++ >= verify->shown_max) {
        return true;
    }
    buffer_init(&line, 16384);
    text_escape(&line, difference->restore_id->text, difference->restore_id->length,
                VALUE_SHOWN_MAX);
    if (difference->kind == DIFFERENCE_FIELD) {
        describe_field(&line, difference);
    } else {
        buffer_puts(&line, texts[difference->kind]);
    }
    (void)printf("%s\n", line.data);
    buffer_free(&line);
    return true;
}

/* The failures of the scan weigh more than differences, which are about what could be read. */
static bool conclude(const struct verify *verify, const struct sync_verify_counts *counts,
                     struct error *err)
{
    enum error_code code = sync_summary_code(&verify->summary);
    int64_t differences = counts->differing + counts->absent + counts->marked + counts->gone;
    if (verify->shown > verify->shown_max) {
        (void)printf("... and %" PRId64 " more differences\n", verify->shown - verify->shown_max);
    }
    (void)printf("compared %" PRId64 " jobs: %" PRId64 " differ in %" PRId64 " fields, %" PRId64
                 " not stored, %" PRId64 " no longer listed and not marked, %" PRId64
                 " marked and listed\n",
                 counts->compared, counts->differing, counts->fields, counts->absent, counts->gone,
                 counts->marked);
    if (code != ERROR_NONE && code != ERROR_UNPROVED) {
        return error_set(err, code, "not every source could be read");
    }
    if (differences > 0) {
        error_set(err, ERROR_UNPROVED, "the database differs from what the service lists");
        return error_hint(err,
                          "Run `hbrsync sync --full`; what changed since the last sync differs "
                          "too.");
    }
    if (verify->skipped > 0) {
        return error_set(err, ERROR_UNPROVED,
                         "%" PRId64 " sources with stored jobs could not be compared; see above",
                         verify->skipped);
    }
    return code == ERROR_NONE ||
           error_set(err, code, "it could not be proved that everything was read");
}

static bool check_remote(struct verify *verify, struct error *err)
{
    struct sync_verify_counts counts;
    if (!scan_service(verify, err)) {
        return false;
    }
    const struct sync_verify comparison = {
        .service = verify->scratch,
        .database = verify->store,
        .covers = is_covered,
        .visit = tell_difference,
        .context = verify,
    };
    if (verify->summary.error.code != ERROR_NONE) {
        *err = verify->summary.error;
        return false;
    }
    judge_sources(verify);
    return sync_verify_compare(&comparison, &counts, err) && conclude(verify, &counts, err);
}

/* --- the command --------------------------------------------------------------------------- */

/* Options of the service without --remote: somebody believes that it is asked. */
static bool check_remote_options(const struct cli_option *options, size_t count, int argc,
                                 char **argv, struct error *err)
{
    for (int i = 1; i < argc; i++) {
        const struct cli_option *option = cli_find_option(options, count, argv[i]);
        if (option != NULL && (option->group == CLI_WHERE || option->group == CLI_SPEED ||
                               strcmp(option->name, "trace") == 0)) {
            error_set(err, ERROR_USAGE, "--%s needs --remote: only that asks the service",
                      option->name);
            return error_hint(err, "Add --remote, or leave out the options of the service.");
        }
    }
    return true;
}

static bool parse(struct verify *verify, int argc, char **argv, int *ret_status)
{
    struct error err;
    const struct cli_option own[] = {
        {"remote", NULL, "scan the service, too, and compare field by field", CLI_FLAG,
         &verify->remote, 0, 0, CLI_WHAT},
        {"edition", CLI_EDITIONS, "(default both)", CLI_CHOICES, &verify->editions, 0, 0,
         CLI_WHERE},
        {"differences", "N", "how many differences to list", CLI_INTEGER, &verify->shown_max, 0,
         INT64_MAX, CLI_OUTPUT},
    };
    struct cli_option options[COUNT(own) + SESSION_OPTIONS_MAX];
    session_defaults(&verify->connection);
    memcpy(options, own, sizeof(own));
    size_t count = COUNT(own) + session_rows(&verify->connection, options + COUNT(own));
    if (!cli_begin("verify", options, count, argc, argv, &verify->database, NULL, ret_status)) {
        return false;
    }
    if (!session_check(&verify->connection, verify->database, &err) ||
        !session_check_one_profile(&verify->connection, &err) ||
        (!verify->remote && !check_remote_options(options, count, argc, argv, &err))) {
        *ret_status = cli_fail(&err);
        return false;
    }
    verify->settings = (struct sync_settings){
        .now = clock_now(),
        .page_size = HBR_PAGE_SIZE_MAX,
        .full = true,
        .skip_inactive = verify->connection.all_regions,
        .pages_at_once = (unsigned)verify->connection.connections,
    };
    return true;
}

int cli_verify(const char *database, int argc, char **argv)
{
    struct error err;
    int status = 0;
    struct verify verify = {.database = database, .shown_max = SHOWN_DEFAULT};
    if (!parse(&verify, argc, argv, &status)) {
        return status;
    }
    bool ok =
        store_open(verify.database, STORE_EXAMINE, &hbr_restore_job_model, &verify.store, &err) &&
        check_database(&verify, &err) && (!verify.remote || check_remote(&verify, &err));
    if (!ok) {
        status = cli_fail(&err);
    }
    store_close(verify.scratch);
    store_close(verify.store);
    status = session_end(&verify.session, status);
    free(verify.sources);
    free(verify.summary.rows);
    return status;
}
