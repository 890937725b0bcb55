/* What the parts of the command `report` share. */
#ifndef HBRSYNC_CLI_REPORT_H
#define HBRSYNC_CLI_REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "cli/period.h"
#include "output/html_page.h"
#include "store/query.h"
#include "store/store.h"

#define REPORT_PLOTS_MAX 4

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
    char plots[REPORT_PLOTS_MAX][HTML_PLOT_SIZE];
    size_t plot_count;
    char description[384];
    char notes[1024];
    const char *sql; /* borrowed from sql_reports */
};

/* All reports in their order, owned by the caller (free). */
bool report_list(struct report **ret_reports, size_t *ret_count, struct error *err) MUST_CHECK;

/* Reads the first comment of one file. */
bool report_parse(const char *file_name, const char *text, struct report *ret_report,
                  struct error *err) MUST_CHECK;

/* What the reports are of. */
struct report_scope {
    struct period period;
    const char *lists;     /* as store_job_filter has them */
    const char *selection; /* the same for people, "" for everything */
};

/* Runs SQL of sql/reports/, or of their kind, on what the scope selects; the report's own `since`
 * (0: none) holds where the period leaves that open. */
bool report_run(struct store *store, const struct report *report, const struct report_scope *scope,
                const struct store_rows *rows, struct error *err) MUST_CHECK;

/* These reports as one HTML page on standard output, all from one state of the database; `warning`
 * ("" for none) is about all of them. */
bool report_page(struct store *store, const struct report *reports, size_t count,
                 const struct report_scope *scope, const char *warning,
                 struct error *err) MUST_CHECK;

#endif
