/* The files of sql/reports/ and what their first comments say. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "cli/report.h"
#include "store/sql_files.h"

#define LINE_SIZE 1024
#define PAGE_ROWS 25

static bool wrong(const struct report *report, const char *line, struct error *err)
{
    return error_set(err, ERROR_INTERNAL, "the report %s: its comment \"%s\" is not understood",
                     report->name, line);
}

/* Adds a line to a text with a space between; false when it does not fit. */
static bool add_line(char *text, size_t size, const char *line)
{
    size_t length = strlen(text);
    int used = snprintf(text + length, size - length, "%s%s", length > 0 ? " " : "", line);
    return used >= 0 && (size_t)used < size - length;
}

static bool take_key(struct report *report, const char *key, const char *value, bool *ret_known)
{
    *ret_known = true;
    if (strcmp(key, "title") == 0) {
        return text_fit(report->title, sizeof(report->title), value);
    }
    if (strcmp(key, "order") == 0) {
        return text_to_int64(value, 0, INT64_MAX, &report->order);
    }
    if (strcmp(key, "rows") == 0) {
        return text_to_int64(value, 1, INT32_MAX, &report->page_rows);
    }
    if (strcmp(key, "since") == 0) {
        return text_to_duration(value, &report->since);
    }
    if (strcmp(key, "page") == 0) {
        report->on_page = strcmp(value, "no") == 0 ? REPORT_NOT_ON_PAGE : REPORT_AS_TILES;
        return strcmp(value, "no") == 0 || strcmp(value, "tiles") == 0;
    }
    if (strcmp(key, "plot") == 0) {
        return report->plot_count < REPORT_PLOTS_MAX &&
               text_fit(report->plots[report->plot_count++], sizeof(report->plots[0]), value);
    }
    *ret_known = false;
    return true;
}

static bool take_line(struct report *report, char *line, struct error *err)
{
    char *colon = strstr(line, ": ");
    bool known = false;
    if (colon != NULL) {
        *colon = '\0';
        bool taken = take_key(report, line, colon + 2, &known);
        *colon = ':';
        if (!taken) {
            return wrong(report, line, err);
        }
    }
    if (known) {
        return true;
    }
    bool fits = report->description[0] == '\0'
                    ? add_line(report->description, sizeof(report->description), line)
                    : add_line(report->notes, sizeof(report->notes), line);
    return fits || wrong(report, line, err);
}

bool report_parse(const char *file_name, const char *text, struct report *ret_report,
                  struct error *err)
{
    struct report report = {.sql = text, .page_rows = PAGE_ROWS};
    size_t length = strlen(file_name);
    size_t stem = length > 4 ? length - 4 : 0; /* without ".sql" */
    if (stem >= sizeof(report.name)) {
        return error_set(err, ERROR_INTERNAL, "the report %s has too long a name", file_name);
    }
    memcpy(report.name, file_name, stem);
    for (const char *at = text; strncmp(at, "-- ", 3) == 0;) {
        char line[LINE_SIZE];
        size_t size = strcspn(at, "\n");
        (void)snprintf(line, sizeof(line), "%.*s", (int)(size - 3), at + 3);
        if (!take_line(&report, line, err)) {
            return false;
        }
        at += size + (at[size] == '\n' ? 1 : 0);
    }
    if (report.title[0] == '\0' || report.description[0] == '\0') {
        return error_set(err, ERROR_INTERNAL, "the report %s has no title or no description",
                         report.name);
    }
    *ret_report = report;
    return true;
}

static int compare(const void *left, const void *right)
{
    const struct report *a = left;
    const struct report *b = right;
    return a->order != b->order ? (a->order > b->order) - (a->order < b->order)
                                : strcmp(a->name, b->name);
}

bool report_list(struct report **ret_reports, size_t *ret_count, struct error *err)
{
    size_t count = 0;
    while (sql_reports[count].name != NULL) {
        count++;
    }
    struct report *reports = calloc(count + 1, sizeof(*reports));
    if (reports == NULL) {
        return error_no_memory(err);
    }
    for (size_t i = 0; i < count; i++) {
        if (!report_parse(sql_reports[i].name, sql_reports[i].text, &reports[i], err)) {
            free(reports);
            return false;
        }
    }
    qsort(reports, count, sizeof(*reports), compare);
    *ret_reports = reports;
    *ret_count = count;
    return true;
}
