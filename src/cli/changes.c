/* The command `changes`. */
#include <inttypes.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/zone.h"
#include "cli/cli.h"
#include "cli/query.h"
#include "cli/selection.h"
#include "hbr/restore_job.h"
#include "output/log.h"

#define TABLE_COLUMNS 8 /* of changes.sql; the rest is for programs */

bool cli_print_changes(struct store *store, int64_t after_run, int64_t last_run, int64_t since,
                       bool as_json, struct error *err)
{
    const struct store_parameter parameters[] = {{":after_run", integer_cell(after_run)},
                                                 {":last_run", integer_cell(last_run)},
                                                 {":since", integer_cell(since)},
                                                 {":people", integer_cell(!as_json)}};
    return query_print(store, "changes", parameters, 4, as_json ? ROWS_JSON : ROWS_TABLE, NULL,
                       TABLE_COLUMNS, err);
}

static bool take_run(const struct cell *cells, size_t count, void *context, struct error *err)
{
    (void)count;
    (void)err;
    *(int64_t *)context = cells[0].integer;
    return true;
}

/* The last run that has ended. While there is a writer, that may be the one before the last: a run
 * adds a row for each source when it comes to it. */
static bool find_last_run(struct store *store, int64_t *ret_run, struct error *err)
{
    const struct store_rows rows = {.row = take_run, .context = ret_run};
    if (!query_run(store, "last-run", NULL, 0, &rows, err)) {
        return false;
    }
    if (store_is_being_written(store)) {
        log_warning("a sync is under way; what it changes is listed once it has ended");
        *ret_run -= *ret_run > 0;
    }
    return true;
}

int cli_changes(const char *database, int argc, char **argv)
{
    const char *since = NULL, *zone = NULL;
    struct error err;
    struct store *store = NULL;
    char time[ZONE_TEXT_SIZE];
    int64_t after_run = -1, after = INT64_MIN, last_run = 0;
    bool json = false;
    int status = 0;
    const struct cli_option options[] = {
        {"since", "TIME", "in runs that ended then or later (default 1d)", CLI_TEXT, (void *)&since,
         0, 0, CLI_WHAT},
        {"after-run", "N", "in runs after this one, a last_run_id of --json", CLI_INTEGER,
         &after_run, 0, INT64_MAX, CLI_WHAT},
        {"json", NULL, "print JSON", CLI_FLAG, &json, 0, 0, CLI_OUTPUT},
        cli_time_zone(&zone),
    };
    if (!cli_begin("changes", options, sizeof(options) / sizeof(options[0]), argc, argv, &database,
                   NULL, &status)) {
        return status;
    }
    since = since == NULL && after_run < 0 ? "1d" : since;
    bool done = zone_use(zone, &err) &&
                (since == NULL || selection_moment("since", since, clock_now(), &after, &err)) &&
                store_open(database, STORE_READ, &hbr_restore_job_model, &store, &err) &&
                find_last_run(store, &last_run, &err);
    if (done && json) {
        (void)printf("{\"last_run_id\":%" PRId64 ",\"changes\":", last_run);
    }
    done = done && cli_print_changes(store, after_run, last_run, after, json, &err);
    store_close(store);
    if (done && json) {
        (void)puts("}");
    } else if (done && since != NULL) {
        zone_text(after, time);
        log_info("changes seen since %s (%s)", time, zone_name());
    }
    return done ? 0 : cli_fail_output(&err);
}
