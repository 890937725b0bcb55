/* Reports as one HTML page. */
#include <stdio.h>

#include "base/interrupt.h"
#include "cli/report.h"
#include "output/format.h"

#define PERIOD_SIZE 96
#define REPORTS_MAX 64 /* of a page */

static bool give_columns(const char *const *names, size_t count, void *context, struct error *err)
{
    return html_page_columns(context, names, count, err);
}

static bool give_row(const struct cell *cells, size_t count, void *context, struct error *err)
{
    return interrupt_check(err) && html_page_row(context, cells, count, err);
}

static struct html_section make_section(const struct report *report, size_t row_limit)
{
    return (struct html_section){.name = report->name,
                                 .title = report->title,
                                 .description = report->description,
                                 .notes = report->notes,
                                 .tiles = report->on_page == REPORT_AS_TILES,
                                 .plots = report->plots,
                                 .plot_count = report->plot_count,
                                 .row_limit = row_limit};
}

static bool write_sections(struct store *store, const struct report *const *reports,
                           const struct html_head *head, const struct report_scope *scope,
                           struct error *err)
{
    struct html_page *page = NULL;
    if (!html_page_new(stdout, head, &page, err)) {
        return false;
    }
    const struct store_rows rows = {give_columns, give_row, page};
    bool done = true;
    for (size_t i = 0; i < head->section_count && done; i++) {
        done = html_page_begin(page, &head->sections[i], err) &&
               report_run(store, reports[i], scope, &rows, err) && html_page_end(page, err);
    }
    done = done && html_page_finish(page, err);
    html_page_free(page);
    return done;
}

/* All sections see the database as it is at the first read within this transaction. */
static bool control(struct store *store, const char *sql, struct error *err)
{
    const struct store_query query = {.sql = sql, .what = "read one state of the database"};
    const struct store_rows none = {NULL, NULL, NULL};
    return store_query_run(store, &query, &none, err);
}

static bool write_page(struct store *store, const struct report *const *reports,
                       const struct html_head *head, const struct report_scope *scope,
                       struct error *err)
{
    struct error end_error;
    if (!control(store, "BEGIN", err)) {
        return false;
    }
    bool done = write_sections(store, reports, head, scope, err);
    bool ended = control(store, "COMMIT", done ? err : &end_error);
    return done && ended;
}

/* "2026-01-01 00:00:00 to 2026-03-31 23:59:59 UTC", "everything". */
static void describe_period(const struct period *period, char text[PERIOD_SIZE])
{
    char since[FORMAT_TIME_SIZE], until[FORMAT_TIME_SIZE];
    format_time(period->since, since);
    format_time(period->until, until);
    if (period->since == INT64_MIN && period->until == INT64_MAX) {
        (void)snprintf(text, PERIOD_SIZE, "everything");
    } else if (period->since == INT64_MIN) {
        (void)snprintf(text, PERIOD_SIZE, "until %s", until);
    } else if (period->until == INT64_MAX) {
        (void)snprintf(text, PERIOD_SIZE, "since %s", since);
    } else {
        (void)snprintf(text, PERIOD_SIZE, "%.19s to %s", since, until);
    }
}

bool report_page(struct store *store, const struct report *reports, size_t count,
                 const struct report_scope *scope, const char *warning, struct error *err)
{
    char text[PERIOD_SIZE];
    const struct report *shown[REPORTS_MAX];
    struct html_section sections[REPORTS_MAX];
    size_t section_count = 0;
    for (size_t i = 0; i < count && section_count < REPORTS_MAX; i++) {
        if (count == 1 || reports[i].on_page != REPORT_NOT_ON_PAGE) {
            shown[section_count] = &reports[i];
            sections[section_count++] =
                make_section(&reports[i], count > 1 ? (size_t)reports[i].page_rows : 0);
        }
    }
    describe_period(&scope->period, text);
    const struct html_head head = {.title = count > 1 ? "Restore report" : reports[0].title,
                                   .period = text,
                                   .selection = scope->selection,
                                   .warning = warning,
                                   .generated_at = scope->period.now,
                                   .sections = sections,
                                   .section_count = section_count};
    return write_page(store, shown, &head, scope, err);
}
