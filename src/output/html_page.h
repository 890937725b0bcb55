/*
 * A report as one HTML page: sections of tables, tiles and plots. Self-contained, without scripts;
 * right on a light and a dark screen and on paper. Everything is escaped here.
 */
#ifndef HBRSYNC_OUTPUT_HTML_PAGE_H
#define HBRSYNC_OUTPUT_HTML_PAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/cell.h"
#include "base/error.h"

#define HTML_PLOT_SIZE 256

struct html_page;

struct html_section {
    const char *name; /* for links: letters, digits, dashes */
    const char *title;
    const char *description;             /* one sentence */
    const char *notes;                   /* how it is counted; may be "" */
    bool tiles;                          /* one row, shown as its numbers */
    const char (*plots)[HTML_PLOT_SIZE]; /* as svg_plot takes them */
    size_t plot_count;
    size_t row_limit; /* 0: all; else the page says how many there are and how to get them */
};

struct html_head {
    const char *title;
    const char *period;
    const char *selection; /* "" for everything */
    const char *warning;   /* about all of the page, "" for none */
    int64_t generated_at;
    const struct html_section *sections; /* for the list of contents */
    size_t section_count;
};

/* Writes the head at once. `out` must outlive the page. */
bool html_page_new(FILE *out, const struct html_head *head, struct html_page **ret_page,
                   struct error *err) MUST_CHECK;

/* A section: begin, columns, its rows, end. `section` must last until its end. */
bool html_page_begin(struct html_page *page, const struct html_section *section,
                     struct error *err) MUST_CHECK;
bool html_page_columns(struct html_page *page, const char *const *names, size_t count,
                       struct error *err) MUST_CHECK;
bool html_page_row(struct html_page *page, const struct cell *cells, struct error *err) MUST_CHECK;
bool html_page_end(struct html_page *page, struct error *err) MUST_CHECK;

/* The end of the page. Whether everything arrives shows when `out` is flushed. */
bool html_page_finish(struct html_page *page, struct error *err) MUST_CHECK;

/* Accepts NULL. */
void html_page_free(struct html_page *page);

#endif
