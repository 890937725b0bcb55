/* The command `export`: jobs back out, as the API's own JSON or as the columns of v_restore_job. */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/interrupt.h"
#include "cli/cli.h"
#include "cli/period.h"
#include "cli/print_rows.h"
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

static bool write_error(struct error *err)
{
    return error_set(err, ERROR_INTERNAL, "cannot write to standard output");
}

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
            return write_error(err);
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

/* The view's rows of a store that pass a filter. */
struct selection {
    struct store *store;
    const struct store_job_filter *filter;
};

static bool select_rows(const struct store_rows *rows, void *context, struct error *err)
{
    const struct selection *selection = context;
    return store_export_rows(selection->store, selection->filter, rows, err);
}

/* --- the command --------------------------------------------------------------------------- */

static bool take_filter(const struct export_options *options, struct store_job_filter *filter,
                        struct error *err)
{
    int64_t now = clock_now();
    *filter = (struct store_job_filter){.statuses = options->statuses.values,
                                        .status_count = options->statuses.count,
                                        .account_id = options->account_id,
                                        .regions = options->regions.values,
                                        .region_count = options->regions.count,
                                        .editions = options->editions.values,
                                        .edition_count = options->editions.count,
                                        .listed_only = options->listed_only,
                                        .has_since = options->since != NULL,
                                        .has_until = options->until != NULL};
    if ((filter->has_since && !period_parse("since", options->since, now, &filter->since, err)) ||
        (filter->has_until && !period_parse("until", options->until, now, &filter->until, err))) {
        return false;
    }
    return !filter->has_since || !filter->has_until ||
           period_check(options->since, options->until, filter->since, filter->until - 1, err);
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
    struct selection selection = {store, filter};
    return cli_print_rows(strcmp(format, "csv") == 0 ? ROWS_CSV : ROWS_JSON, select_rows,
                          &selection, err);
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
    if (!check(&wanted, &filter, &err) ||
        !store_open(database, STORE_READ, &hbr_restore_job_model, &store, &err)) {
        return cli_fail(&err);
    }
    if (!export(store, wanted.format, &filter, &err)) {
        status = cli_fail_output(&err);
    }
    store_close(store);
    return status;
}
