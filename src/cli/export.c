/* The command `export`: jobs back out, as the API's own JSON or as the columns of v_restore_job. */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/interrupt.h"
#include "cli/cli.h"
#include "cli/period.h"
#include "cli/session.h"
#include "hbr/job_json.h"
#include "hbr/restore_job.h"
#include "store/export.h"

#define LINE_MAX_BYTES (512U * 1024 * 1024)

struct export_options {
    const char *format, *since, *until, *account_id;
    struct cli_list statuses, regions, editions;
    bool listed_only;
};

/* --- NDJSON -------------------------------------------------------------------------------- */

static bool write_jobs(struct store_jobs *jobs, struct buffer *line, struct error *err)
{
    const struct store_job *job = NULL;
    for (;;) {
        if (!interrupt_check(err) || !store_jobs_next(jobs, &job, err)) {
            return false;
        }
        if (job == NULL) {
            return true;
        }
        buffer_reset(line);
        if (!hbr_job_json(&job->record, line, err)) {
            return false;
        }
        buffer_putc(line, '\n');
        if (!buffer_ok(line, "a line", err)) {
            return false;
        }
        if (fwrite(line->data, 1, line->length, stdout) != line->length) {
            return error_set(err, ERROR_INTERNAL, "cannot write to standard output");
        }
    }
}

static bool export_lines(struct store *store, const struct store_job_filter *filter,
                         struct error *err)
{
    struct buffer line;
    struct store_jobs *jobs = NULL;
    if (!store_jobs_open(store, filter, &jobs, err)) {
        return false;
    }
    buffer_init(&line, LINE_MAX_BYTES);
    bool ok = write_jobs(jobs, &line, err);
    buffer_free(&line);
    store_jobs_close(jobs);
    return ok;
}

/* --- CSV and JSON -------------------------------------------------------------------------- */

static bool export_rows(struct store *store, const struct store_job_filter *filter,
                        enum rows_format format, struct error *err)
{
    struct store_rows rows;
    return cli_rows_begin(format, &rows, err) &&
           cli_rows_end(&rows, store_export_rows(store, filter, &rows, err), err);
}

/* --- the command --------------------------------------------------------------------------- */

static bool take_filter(const struct export_options *options, struct store_job_filter *filter,
                        struct error *err)
{
    struct period period;
    if (!period_between(options->since, options->until, clock_now(), &period, err)) {
        return false;
    }
    *filter = (struct store_job_filter){.statuses = options->statuses.values,
                                        .status_count = options->statuses.count,
                                        .account_id = options->account_id,
                                        .regions = options->regions.values,
                                        .region_count = options->regions.count,
                                        .editions = options->editions.values,
                                        .edition_count = options->editions.count,
                                        .listed_only = options->listed_only,
                                        .has_since = options->since != NULL,
                                        .since = period.since,
                                        .has_until = options->until != NULL,
                                        .until = period.until};
    filter->until += filter->has_until; /* the filter's is the second after the last */
    return true;
}

static bool check(const struct export_options *options, struct store_job_filter *filter,
                  struct error *err)
{
    const char *format = options->format;
    const struct cli_list account = {.values = {options->account_id},
                                     .count = options->account_id != NULL};
    if (strcmp(format, "ndjson") != 0 && strcmp(format, "csv") != 0 &&
        strcmp(format, "json") != 0) {
        return error_set(err, ERROR_USAGE, "--format: \"%s\" is none of ndjson, csv, json", format);
    }
    return session_check_words("account-id", &account, err) &&
           session_check_words("region", &options->regions, err) &&
           session_check_editions(&options->editions, err) && take_filter(options, filter, err);
}

static bool export(struct store *store, const char *format, const struct store_job_filter *filter,
                   struct error *err)
{
    if (strcmp(format, "ndjson") == 0) {
        return export_lines(store, filter, err);
    }
    return export_rows(store, filter, strcmp(format, "csv") == 0 ? ROWS_CSV : ROWS_JSON, err);
}

int cli_export(const char *database, int argc, char **argv)
{
    struct export_options wanted = {.format = "ndjson"};
    struct store_job_filter filter;
    struct store *store = NULL;
    struct error err;
    int status = 0;
    const struct cli_option options[] = {
        {"format", "NAME", "ndjson: the API's own JSON, a job a line (default); csv, json",
         CLI_TEXT, (void *)&wanted.format, 0, 0},
        {"since", "TIME", "jobs created then or later: a UTC date, or 90d for 90 days ago",
         CLI_TEXT, (void *)&wanted.since, 0, 0},
        {"until", "TIME", "jobs created before then", CLI_TEXT, (void *)&wanted.until, 0, 0},
        {"where-status", "STATUS", "jobs of this Status; may be repeated", CLI_LIST,
         &wanted.statuses, 0, 0},
        {"account-id", "ID", "jobs of this account", CLI_TEXT, (void *)&wanted.account_id, 0, 0},
        {"region", "ID", "jobs of this region; may be repeated", CLI_LIST, &wanted.regions, 0, 0},
        {"edition", "NAME", "jobs of STANDARD or BASIC; may be repeated", CLI_LIST,
         &wanted.editions, 0, 0},
        {"listed-only", NULL, "without jobs that the service no longer lists", CLI_FLAG,
         &wanted.listed_only, 0, 0},
    };
    if (!cli_begin("export", options, sizeof(options) / sizeof(options[0]), argc, argv, &database,
                   NULL, &status)) {
        return status;
    }
    bool done = check(&wanted, &filter, &err) &&
                store_open(database, STORE_READ, &hbr_restore_job_model, &store, &err) &&
                export(store, wanted.format, &filter, &err);
    store_close(store);
    return done ? 0 : cli_fail_output(&err);
}
