/* The command `export`: jobs back out, as the API's own JSON or as the columns of v_restore_job. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/interrupt.h"
#include "cli/cli.h"
#include "cli/period.h"
#include "cli/selection.h"
#include "hbr/job_json.h"
#include "hbr/restore_job.h"
#include "store/export.h"

#define LINE_MAX_BYTES (512U * 1024 * 1024)

struct export_options {
    const char *format, *since, *until;
    struct selection selection;
    bool listed_only, spreadsheet;
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
            return error_set_errno(err, ERROR_INTERNAL, errno, "cannot write the jobs");
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

static bool take_filter(struct export_options *options, struct store_job_filter *filter,
                        struct error *err)
{
    struct period period;
    *filter = (struct store_job_filter){.listed_only = options->listed_only,
                                        .has_since = options->since != NULL,
                                        .has_until = options->until != NULL};
    if (!period_between(options->since, options->until, clock_now(), &period, err)) {
        return false;
    }
    filter->since = period.since;
    filter->until = period.until + filter->has_until; /* the second after the last */
    if (!selection_take(&options->selection, err)) {
        return false;
    }
    filter->lists = options->selection.json.data;
    return true;
}

static bool check(struct export_options *options, struct store_job_filter *filter,
                  struct error *err)
{
    const char *format = options->format;
    if (format == NULL) {
        options->format = format = options->spreadsheet ? "csv" : "ndjson";
    }
    if (strcmp(format, "ndjson") != 0 && strcmp(format, "csv") != 0 &&
        strcmp(format, "json") != 0) {
        return error_set(err, ERROR_USAGE, "--format: \"%s\" is none of ndjson, csv, json", format);
    }
    if (options->spreadsheet && strcmp(format, "csv") != 0) {
        return error_set(err, ERROR_USAGE, "--spreadsheet needs --format csv");
    }
    return take_filter(options, filter, err);
}

static bool export(struct store *store, const struct export_options *options,
                   const struct store_job_filter *filter, struct error *err)
{
    if (!selection_check(&options->selection, store, filter, err)) {
        return false;
    }
    if (strcmp(options->format, "ndjson") == 0) {
        return export_lines(store, filter, err);
    }
    enum rows_format format = options->spreadsheet ? ROWS_SPREADSHEET : ROWS_CSV;
    return export_rows(store, filter, strcmp(options->format, "csv") == 0 ? format : ROWS_JSON,
                       err);
}

int cli_export(const char *database, int argc, char **argv)
{
    struct export_options wanted = {.format = NULL};
    struct store_job_filter filter;
    struct store *store = NULL;
    struct error err;
    int status = 0;
    struct cli_option options[5 + SELECTION_ROWS] = {
        {"since", "TIME", "jobs created then or later: a UTC date, or 90d ago", CLI_TEXT,
         (void *)&wanted.since, 0, 0, CLI_WHAT},
        {"until", "TIME", "jobs created before then", CLI_TEXT, (void *)&wanted.until, 0, 0,
         CLI_WHAT},
        {"listed-only", NULL, "without jobs that are gone from the service", CLI_FLAG,
         &wanted.listed_only, 0, 0, CLI_WHAT},
        {"format", "NAME", "ndjson, the API's own; csv; json (default ndjson)", CLI_TEXT,
         (void *)&wanted.format, 0, 0, CLI_OUTPUT},
        {"spreadsheet", NULL, "csv that a spreadsheet shows as it is stored", CLI_FLAG,
         &wanted.spreadsheet, 0, 0, CLI_OUTPUT},
    };
    selection_rows(&wanted.selection, SELECTION_ROWS, options + 5);
    if (!cli_begin("export", options, 5 + SELECTION_ROWS, argc, argv, &database, NULL, &status)) {
        return status;
    }
    bool done = check(&wanted, &filter, &err) &&
                store_open(database, STORE_READ, &hbr_restore_job_model, &store, &err) &&
                export(store, &wanted, &filter, &err);
    store_close(store);
    buffer_free(&wanted.selection.json);
    buffer_free(&wanted.selection.text);
    return done ? 0 : cli_fail_output(&err);
}
