/* The command `report`: canned SQL as a table, CSV, JSON or an HTML page. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/interrupt.h"
#include "base/text.h"
#include "cli/cli.h"
#include "cli/selection.h"
#include "hbr/restore_job.h"
#include "output/format.h"
#include "output/html_page.h"
#include "output/log.h"
#include "output/rows.h"
#include "store/sql_files.h"

#define PLOTS_MAX 4
#define PAGE_ROWS 25
#define PERIOD_SIZE 96
#define REPORTS_MAX 64

enum report_on_page { REPORT_AS_TABLE, REPORT_AS_TILES, REPORT_NOT_ON_PAGE };

/*
 * A report: a file of sql/reports/ and what its first comment says. Lines "-- KEY: VALUE" are
 * `title`, `order` (a number, the place among the reports), `page` (`tiles`: its row is shown as
 * numbers; `no`: not on the page of all reports), `rows` (how many rows that page shows), `since`
 * (a duration: the period unless one is asked for), `plot` (see svg_plot.h; repeatable). The first
 * other line describes the report in a sentence, those after it say how it is counted.
 */
struct report {
    char name[64]; /* the file's, without ".sql" */
    char title[128];
    int64_t order;
    enum report_on_page on_page;
    int64_t page_rows; /* of its table on the page of all reports */
    int64_t since;     /* seconds, 0: everything */
    char plots[PLOTS_MAX][HTML_PLOT_SIZE];
    size_t plot_count;
    char description[384];
    char notes[1024];
    const char *sql; /* borrowed from sql_reports */
};

static struct report reports[REPORTS_MAX];
static size_t report_count;

/* --- the files of sql/reports/ and what their first comments say --------------------------- */

static bool take_line(struct report *report, const char *line)
{
    char text[sizeof(report->notes)] = "";
    size_t noted = strlen(report->notes);
    if (sscanf(line, "-- title: %127[^\n]", report->title) == 1 ||
        sscanf(line, "-- order: %" SCNd64, &report->order) == 1 ||
        sscanf(line, "-- rows: %" SCNd64, &report->page_rows) == 1) {
        return true;
    }
    if (sscanf(line, "-- since: %1023s", text) == 1) {
        return text_to_duration(text, &report->since);
    }
    if (sscanf(line, "-- page: %1023s", text) == 1) {
        report->on_page = strcmp(text, "no") == 0 ? REPORT_NOT_ON_PAGE : REPORT_AS_TILES;
        return report->on_page == REPORT_NOT_ON_PAGE || strcmp(text, "tiles") == 0;
    }
    if (sscanf(line, "-- plot: %1023[^\n]", text) == 1) {
        return report->plot_count < PLOTS_MAX &&
               text_fit(report->plots[report->plot_count++], sizeof(report->plots[0]), text);
    }
    (void)sscanf(line, "-- %1022[^\n]", text);
    if (report->description[0] == '\0') {
        return text_fit(report->description, sizeof(report->description), text);
    }
    int used = snprintf(report->notes + noted, sizeof(report->notes) - noted, "%s%s",
                        noted > 0 ? " " : "", text);
    return used >= 0 && (size_t)used < sizeof(report->notes) - noted;
}

/* Reads the first comment of one file; false where it is not understood. */
static bool parse(const struct sql_file *file, struct report *report)
{
    *report = (struct report){.sql = file->text, .page_rows = PAGE_ROWS};
    bool ok = text_fit(report->name, sizeof(report->name), file->name);
    report->name[strcspn(report->name, ".")] = '\0';
    for (const char *at = file->text; ok && text_starts_with(at, "-- ");) {
        ok = take_line(report, at);
        at += strcspn(at, "\n");
        at += *at == '\n';
    }
    return ok && report->title[0] != '\0' && report->description[0] != '\0';
}

static int compare(const void *left, const void *right)
{
    const struct report *a = left;
    const struct report *b = right;
    return a->order != b->order ? (a->order > b->order) - (a->order < b->order)
                                : strcmp(a->name, b->name);
}

/* All reports, in their order. */
static bool read_reports(struct error *err)
{
    for (; report_count < REPORTS_MAX && sql_reports[report_count].name != NULL; report_count++) {
        if (!parse(&sql_reports[report_count], &reports[report_count])) {
            return error_set(err, ERROR_INTERNAL, "the first comment of %s is not understood",
                             sql_reports[report_count].name);
        }
    }
    qsort(reports, report_count, sizeof(reports[0]), compare);
    return true;
}

/* NULL, with *err filled, where there is none of that name. */
static const struct report *find_report(const char *name, struct error *err)
{
    struct text_nearest nearest = {.word = name};
    for (size_t i = 0; i < report_count; i++) {
        if (strcmp(reports[i].name, name) == 0) {
            return &reports[i];
        }
        text_nearest_try(&nearest, reports[i].name);
    }
    error_set(err, ERROR_USAGE, "unknown report '%s'", name);
    (void)text_did_you_mean(&nearest, "", err);
    (void)error_hint(err, "`hbrsync report` lists them.");
    return NULL;
}

static bool list_reports(enum rows_format format, struct error *err)
{
    static const char *const names[] = {"name", "title", "description"};
    size_t columns = format == ROWS_TABLE ? 2 : 3; /* a sentence would not fit a terminal's line */
    struct store_rows rows;
    if (!cli_rows_begin(format, &rows, err)) {
        return false;
    }
    bool done = rows.columns(names, columns, rows.context, err);
    for (size_t i = 0; done && i < report_count; i++) {
        const struct cell cells[] = {text_cell(reports[i].name), text_cell(reports[i].title),
                                     text_cell(reports[i].description)};
        done = rows.row(cells, columns, rows.context, err);
    }
    return cli_rows_end(&rows, done, err);
}

/* Runs SQL of sql/reports/, or of their kind, on what is selected; the report's own `since` (0:
 * none) holds where the selection leaves that open. */
static bool run(struct store *store, const struct report *report, const struct selection *selection,
                const struct store_rows *rows, struct error *err)
{
    int64_t since = selection->since, now = selection->now;
    if (since == INT64_MIN && report->since > 0) {
        since = (selection->until < now ? selection->until : now) - report->since;
    }
    const struct store_parameter parameters[] = {
        {":now", integer_cell(now)},
        {":since", integer_cell(since)},
        {":until", integer_cell(selection->until)},
    };
    const struct store_query query = {report->sql, report->title, parameters, 3};
    const struct store_job_filter filter = {.lists = selection->json.data};
    return selection->text.length == 0 ? store_query_run(store, &query, rows, err)
                                       : store_query_selected(store, &query, &filter, rows, err);
}

/* --- as one HTML page ---------------------------------------------------------------------- */

static bool give_columns(const char *const *names, size_t count, void *context, struct error *err)
{
    return html_page_columns(context, names, count, err);
}

static bool give_row(const struct cell *cells, size_t count, void *context, struct error *err)
{
    (void)count;
    return interrupt_check(err) && html_page_row(context, cells, err);
}

/* All sections see the database as it is at the first read within this transaction, which ends with
 * the store. */
static bool write_page(struct store *store, const struct report *const *shown,
                       const struct html_head *head, const struct selection *selection,
                       struct error *err)
{
    static const struct store_query begin = {.sql = "BEGIN", .what = "read one state"};
    struct html_page *page = NULL;
    struct store_rows rows = {NULL, NULL, NULL};
    if (!store_query_run(store, &begin, &rows, err) || !html_page_new(stdout, head, &page, err)) {
        return false;
    }
    rows = (struct store_rows){give_columns, give_row, page};
    bool done = true;
    for (size_t i = 0; i < head->section_count && done; i++) {
        done = html_page_begin(page, &head->sections[i], err) &&
               run(store, shown[i], selection, &rows, err) && html_page_end(page, err);
    }
    done = done && html_page_finish(page, err);
    html_page_free(page);
    return done;
}

/* "2026-01-01 00:00:00 to 2026-03-31 23:59:59 UTC", "everything". */
static void describe_period(const struct selection *selection, char text[PERIOD_SIZE])
{
    char since[FORMAT_TIME_SIZE], until[FORMAT_TIME_SIZE];
    format_time(selection->since, since);
    format_time(selection->until, until);
    if (selection->since == INT64_MIN && selection->until == INT64_MAX) {
        (void)snprintf(text, PERIOD_SIZE, "everything");
    } else if (selection->since == INT64_MIN) {
        (void)snprintf(text, PERIOD_SIZE, "until %s", until);
    } else if (selection->until == INT64_MAX) {
        (void)snprintf(text, PERIOD_SIZE, "since %s", since);
    } else {
        (void)snprintf(text, PERIOD_SIZE, "%.19s to %s", since, until);
    }
}

/* One report, or all (NULL); `warning` ("" for none) is about all of the page. */
static bool print_page(struct store *store, const struct report *only,
                       const struct selection *selection, const char *warning, struct error *err)
{
    char period[PERIOD_SIZE];
    const struct report *shown[REPORTS_MAX];
    struct html_section sections[REPORTS_MAX];
    struct html_head head = {.title = only != NULL ? only->title : "Restore report",
                             .period = period,
                             .selection = selection->text.data,
                             .warning = warning,
                             .generated_at = selection->now,
                             .sections = sections};
    for (size_t i = 0; i < report_count; i++) {
        const struct report *report = &reports[i];
        if (only == NULL ? report->on_page != REPORT_NOT_ON_PAGE : only == report) {
            shown[head.section_count] = report;
            sections[head.section_count++] =
                (struct html_section){.name = report->name,
                                      .title = report->title,
                                      .description = report->description,
                                      .notes = report->notes,
                                      .tiles = report->on_page == REPORT_AS_TILES,
                                      .plots = report->plots,
                                      .plot_count = report->plot_count,
                                      .row_limit = only != NULL ? 0 : (size_t)report->page_rows};
        }
    }
    describe_period(selection, period);
    return write_page(store, shown, &head, selection, err);
}

/* --- the command --------------------------------------------------------------------------- */

static bool take_text(const struct cell *cells, size_t count, void *context, struct error *err)
{
    (void)count;
    buffer_append(context, cells[0].text, cells[0].length);
    return buffer_ok(context, "a warning", err);
}

/* A source that was never proved as a whole: its rates are of what happens to be stored. */
static bool find_warning(struct store *store, const struct selection *selection,
                         struct buffer *warning, struct error *err)
{
    static const struct report query = {
        .sql = "WITH source AS (SELECT source_note FROM v_sync_health WHERE scope = ''"
               " AND retired_utc IS NULL) SELECT coalesce(group_concat(text, '; '), '') FROM"
               " (SELECT count(*) || ' of ' || (SELECT count(*) FROM source) || ' sources '"
               " || source_note AS text FROM source WHERE source_note IS NOT NULL"
               " GROUP BY source_note)",
        .title = "read what was proved"};
    const struct store_rows rows = {.row = take_text, .context = warning};
    return run(store, &query, selection, &rows, err);
}

/* NULL: all of them, as a page. */
static bool print_report(struct store *store, const struct report *report, bool as_page,
                         const struct selection *selection, struct error *err)
{
    struct buffer warning;
    struct store_rows rows;
    buffer_init(&warning, 4096);
    bool rates = as_page || strstr(report->sql, "success_rate_percent") != NULL;
    bool done = !rates || find_warning(store, selection, &warning, err);
    if (done && as_page) {
        done = print_page(store, report, selection, warning.data, err);
    } else if (done) { /* what is printed is checked in cli_main */
        if (warning.length > 0) {
            log_warning("%s", warning.data);
        }
        if (selection->format == ROWS_TABLE && selection->text.length > 0) {
            (void)printf("Selected: %s\n\n", selection->text.data);
        }
        done = cli_rows_begin(selection->format, &rows, err) &&
               cli_rows_end(&rows, run(store, report, selection, &rows, err), err);
    }
    buffer_free(&warning);
    return done;
}

void cli_report_more(void)
{
    struct error err;
    (void)printf("\nReports:\n");
    if (!read_reports(&err) || !list_reports(ROWS_TABLE, &err)) {
        (void)cli_fail_output(&err);
    }
}

/* A NULL name: all as a page, or their list. */
static bool run_report(const char *database, const char *name, struct selection *selection,
                       struct error *err)
{
    const struct report *only = NULL;
    struct store *store = NULL;
    if (!selection_take(selection, err) || !read_reports(err) ||
        (name != NULL && (only = find_report(name, err)) == NULL)) {
        return false;
    }
    const char *format = selection->format_text;
    bool as_page = format != NULL && strcmp(format, "html") == 0;
    const struct store_job_filter filter = {.lists = selection->json.data};
    if (only == NULL && !as_page) {
        return list_reports(selection->format, err);
    }
    bool done = store_open(database, STORE_READ, &hbr_restore_job_model, &store, err) &&
                selection_check(selection, store, &filter, err) &&
                print_report(store, only, as_page, selection, err);
    store_close(store);
    return done;
}

int cli_report(const char *database, int argc, char **argv)
{
    struct selection selection = {.format = ROWS_TABLE};
    struct cli_option options[SELECTION_ROWS];
    struct error err;
    int operand = 0;
    int status = 0;
    const size_t count = SELECTION_ROWS - 1; /* reports count statuses themselves */
    selection_rows(&selection, "table|csv|json|html", count, options);
    if (!cli_begin("report", options, count, argc, argv, &database, &operand, &status)) {
        return status;
    }
    if (argc - operand > 1) {
        error_set(&err, ERROR_USAGE, "report takes one name, and not \"%s\" as well",
                  argv[operand + 1]);
        return cli_fail(&err);
    }
    bool done = run_report(database, operand < argc ? argv[operand] : NULL, &selection, &err);
    selection_free(&selection);
    return done ? 0 : cli_fail_output(&err);
}
