/* The command `export`: jobs back out, as the API's own JSON or as the columns of v_restore_job. */
#include <errno.h>
#include <stdio.h>

#include "base/interrupt.h"
#include "cli/cli.h"
#include "cli/selection.h"
#include "hbr/restore_job.h"
#include "store/query.h"

#define LINE_MAX_BYTES (512U * 1024 * 1024)

/* As the API's own JSON, a job a line. */
static bool export_lines(struct store *store, const struct store_job_filter *filter,
                         struct error *err)
{
    struct buffer line;
    struct store_jobs *jobs = NULL;
    const struct store_job *job = NULL;
    buffer_init(&line, LINE_MAX_BYTES);
    bool ok = store_jobs_open(store, filter, &jobs, err);
    while (ok && (ok = interrupt_check(err) && store_jobs_next(jobs, &job, err)) && job != NULL) {
        buffer_reset(&line);
        ok = hbr_job_json(&job->record, &line, err);
        buffer_putc(&line, '\n');
        ok = ok && buffer_ok(&line, "a line", err) &&
             (fwrite(line.data, 1, line.length, stdout) == line.length ||
              error_set_errno(err, ERROR_INTERNAL, errno, "cannot write the jobs"));
    }
    buffer_free(&line);
    store_jobs_close(jobs);
    return ok;
}

static bool export(const char *database, struct selection *selection, bool listed_only,
                   struct error *err)
{
    struct store *store = NULL;
    struct store_rows rows;
    if (!selection_take(selection, err)) {
        return false;
    }
    const struct store_job_filter filter = {
        .listed_only = listed_only,
        .has_since = selection->since_text != NULL,
        .has_until = selection->until_text != NULL,
        .since = selection->since,
        .until = selection->until + (selection->until_text != NULL), /* the second after the last */
        .lists = selection->json.data};
    bool done = store_open(database, STORE_READ, &hbr_restore_job_model, &store, err) &&
                selection_check(selection, store, &filter, err);
    if (done && selection->format == ROWS_TABLE) {
        done = export_lines(store, &filter, err);
    } else if (done) {
        done = cli_rows_begin(selection->format, &rows, err) &&
               cli_rows_end(&rows, store_export_rows(store, &filter, &rows, err), err);
    }
    store_close(store);
    return done;
}

int cli_export(const char *database, int argc, char **argv)
{
    struct selection selection = {.format = ROWS_TABLE};
    bool listed_only = false;
    struct error err;
    int status = 0;
    struct cli_option options[1 + SELECTION_ROWS] = {{"listed-only", NULL,
                                                      "without jobs that are gone from the service",
                                                      CLI_FLAG, &listed_only, 0, 0, CLI_WHAT}};
    selection_rows(&selection, "ndjson|csv|json", SELECTION_ROWS, options + 1);
    if (!cli_begin("export", options, 1 + SELECTION_ROWS, argc, argv, &database, NULL, &status)) {
        return status;
    }
    bool done = export(database, &selection, listed_only, &err);
    selection_free(&selection);
    return done ? 0 : cli_fail_output(&err);
}
