/* The command `report`: canned SQL as a table, CSV, JSON or an HTML page. */
#include "cli/report.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "base/text.h"
#include "cli/cli.h"
#include "cli/selection.h"
#include "hbr/restore_job.h"
#include "output/log.h"
#include "output/rows.h"

struct arguments {
    const char *database;
    const char *name; /* NULL: none */
    enum rows_format format;
    bool as_page, spreadsheet;
    struct report_scope scope;
    struct selection selection;
};

static bool take_format(struct arguments *arguments, const char *name, struct error *err)
{
    static const char *const names[] = {
        [ROWS_TABLE] = "table", [ROWS_CSV] = "csv", [ROWS_JSON] = "json"};
    if (arguments->spreadsheet) {
        arguments->format = ROWS_SPREADSHEET;
        return name == NULL || strcmp(name, "csv") == 0 ||
               error_set(err, ERROR_USAGE, "--spreadsheet needs --format csv");
    }
    name = name != NULL ? name : "table";
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (strcmp(name, names[i]) == 0) {
            arguments->format = (enum rows_format)i;
            return true;
        }
    }
    arguments->as_page = strcmp(name, "html") == 0;
    if (arguments->as_page) {
        return true;
    }
    error_set(err, ERROR_USAGE, "--format: \"%s\" is not known", name);
    return error_hint(err, "The formats are table, csv, json and html.");
}

/* The named report moves to the front of the list. */
static bool select_report(struct report *reports, size_t count, const char *name, struct error *err)
{
    struct text_nearest nearest = {.word = name};
    for (size_t i = 0; i < count; i++) {
        text_nearest_try(&nearest, reports[i].name);
        if (strcmp(reports[i].name, name) == 0) {
            if (i > 0) {
                reports[0] = reports[i];
            }
            return true;
        }
    }
    error_set(err, ERROR_USAGE, "unknown report '%s'", name);
    (void)text_did_you_mean(&nearest, "", err);
    return error_hint(err, "`hbrsync report` lists them.");
}

static bool list_reports(const struct report *reports, size_t count, enum rows_format format,
                         struct error *err)
{
    static const char *const names[] = {"name", "title", "description"};
    size_t columns = format == ROWS_TABLE ? 2 : 3; /* a sentence would not fit a terminal's line */
    struct store_rows rows;
    if (!cli_rows_begin(format, &rows, err)) {
        return false;
    }
    bool done = rows.columns(names, columns, rows.context, err);
    for (size_t i = 0; done && i < count; i++) {
        const struct cell cells[] = {text_cell(reports[i].name), text_cell(reports[i].title),
                                     text_cell(reports[i].description)};
        done = rows.row(cells, columns, rows.context, err);
    }
    return cli_rows_end(&rows, done, err);
}

bool report_run(struct store *store, const struct report *report, const struct report_scope *scope,
                const struct store_rows *rows, struct error *err)
{
    const struct period *period = &scope->period;
    int64_t since = period->since;
    if (since == INT64_MIN && report->since > 0) {
        since = (period->until < period->now ? period->until : period->now) - report->since;
    }
    const struct store_parameter parameters[] = {
        {":now", integer_cell(period->now)},
        {":since", integer_cell(since)},
        {":until", integer_cell(period->until)},
    };
    const struct store_query query = {
        .sql = report->sql, .what = report->title, .parameters = parameters, .parameter_count = 3};
    const struct store_job_filter filter = {.lists = scope->lists};
    return scope->selection[0] == '\0' ? store_query_run(store, &query, rows, err)
                                       : store_query_selected(store, &query, &filter, rows, err);
}

static bool print_rows(struct store *store, const struct report *report,
                       const struct arguments *arguments, struct error *err)
{
    const struct report_scope *scope = &arguments->scope;
    struct store_rows rows;
    if (arguments->format == ROWS_TABLE && scope->selection[0] != '\0') {
        (void)printf("Selected: %s\n\n", scope->selection); /* a failure is found by cli_main */
    }
    return cli_rows_begin(arguments->format, &rows, err) &&
           cli_rows_end(&rows, report_run(store, report, scope, &rows, err), err);
}

/* A source that was never proved as a whole: its rates are of what happens to be stored. */
static bool add_warning(const struct cell *cells, size_t count, void *context, struct error *err)
{
    struct buffer *warning = context;
    (void)count;
    buffer_puts(warning, warning->length > 0 ? "; " : "");
    buffer_append(warning, cells[0].text, cells[0].length);
    return buffer_ok(warning, "a warning", err);
}

static bool find_warning(struct store *store, const struct report_scope *scope,
                         struct buffer *warning, struct error *err)
{
    static const struct report query = {
        .sql = "WITH source AS (SELECT source_note FROM v_sync_health WHERE scope = ''"
               " AND retired_utc IS NULL)"
               " SELECT count(*) || ' of ' || (SELECT count(*) FROM source) || ' sources '"
               " || source_note FROM source WHERE source_note IS NOT NULL GROUP BY source_note",
        .title = "read what was proved"};
    const struct store_rows rows = {.row = add_warning, .context = warning};
    return report_run(store, &query, scope, &rows, err);
}

static bool print_opened(struct store *store, const struct arguments *arguments,
                         const struct report *reports, size_t count, struct error *err)
{
    struct buffer warning;
    buffer_init(&warning, 4096);
    bool as_page = arguments->as_page;
    bool rates = as_page || strstr(reports[0].sql, "success_rate_percent") != NULL;
    bool done = !rates || find_warning(store, &arguments->scope, &warning, err);
    if (done && warning.length > 0 && !as_page) {
        log_warning("%s", warning.data);
    }
    done = done && (as_page ? report_page(store, reports, arguments->name != NULL ? 1 : count,
                                          &arguments->scope, warning.data, err)
                            : print_rows(store, &reports[0], arguments, err));
    buffer_free(&warning);
    return done;
}

static bool print_report(const struct arguments *arguments, struct report *reports, size_t count,
                         struct error *err)
{
    struct store *store = NULL;
    const struct store_job_filter filter = {.lists = arguments->scope.lists};
    if (arguments->name == NULL && !arguments->as_page) {
        return list_reports(reports, count, arguments->format, err);
    }
    bool done = (arguments->name == NULL || select_report(reports, count, arguments->name, err)) &&
                store_open(arguments->database, STORE_READ, &hbr_restore_job_model, &store, err) &&
                selection_check(&arguments->selection, store, &filter, err) &&
                print_opened(store, arguments, reports, count, err);
    store_close(store);
    return done;
}

void cli_report_more(void)
{
    struct report *reports = NULL;
    size_t count = 0;
    struct error err;
    (void)printf("\nReports:\n");
    if (!report_list(&reports, &count, &err) || !list_reports(reports, count, ROWS_TABLE, &err)) {
        (void)cli_fail_output(&err);
    }
    free(reports);
}

int cli_report(const char *database, int argc, char **argv)
{
    struct arguments arguments = {.database = database};
    const char *format = NULL, *since = NULL, *until = NULL;
    struct report *reports = NULL;
    size_t report_count = 0;
    struct error err;
    struct selection *selection = &arguments.selection;
    int operand = 0;
    int status = 0;
    struct cli_option options[4 + SELECTION_ROWS] = {
        {"since", "TIME", "from then on: a UTC date and time, or 90d ago", CLI_TEXT, (void *)&since,
         0, 0, CLI_WHAT},
        {"until", "TIME", "before then", CLI_TEXT, (void *)&until, 0, 0, CLI_WHAT},
        {"format", "NAME", "table, csv, json or html (default table)", CLI_TEXT, (void *)&format, 0,
         0, CLI_OUTPUT},
        {"spreadsheet", NULL, "csv that a spreadsheet shows as it is stored", CLI_FLAG,
         &arguments.spreadsheet, 0, 0, CLI_OUTPUT},
    };
    const size_t count = 4 + SELECTION_ROWS - 1; /* reports count statuses themselves */
    selection_rows(selection, count - 4, options + 4);
    if (!cli_begin("report", options, count, argc, argv, &arguments.database, &operand, &status)) {
        return status;
    }
    if (argc - operand > 1) {
        error_set(&err, ERROR_USAGE, "report takes one name, and not \"%s\" as well",
                  argv[operand + 1]);
        return cli_fail(&err);
    }
    arguments.name = operand < argc ? argv[operand] : NULL;
    bool done = take_format(&arguments, format, &err) &&
                period_between(since, until, clock_now(), &arguments.scope.period, &err) &&
                selection_take(selection, &err);
    arguments.scope.lists = selection->json.data;
    arguments.scope.selection = selection->text.data;
    done = done && report_list(&reports, &report_count, &err) &&
           print_report(&arguments, reports, report_count, &err);
    free(reports);
    buffer_free(&selection->json);
    buffer_free(&selection->text);
    return done ? 0 : cli_fail_output(&err);
}
