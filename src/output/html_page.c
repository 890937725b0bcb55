#include "output/html_page.h"

#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "output/format.h"
#include "output/html.h"
#include "output/svg_plot.h"

#define PIECE_MAX (64U * 1024 * 1024)
#define ID_SIZE 96

struct html_page {
    FILE *out; /* borrowed */
    struct buffer piece;
    const struct html_section *section;
    struct kept_rows kept; /* the section's names; its rows when it has plots or tiles */
    size_t rows;           /* met in this section */
};

static bool flush(struct html_page *page, struct error *err)
{
    return buffer_write(&page->piece, page->out, "the page", err);
}

static void add_head(struct buffer *piece, const struct html_head *head)
{
    char generated[FORMAT_TIME_SIZE];
    format_time(head->generated_at, generated);
    html_printf(piece,
                "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
                "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
                "<meta name=\"color-scheme\" content=\"light dark\">\n"
                "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
                "style-src 'unsafe-inline'\">\n<title>%s</title>\n<style>\n",
                head->title);
    buffer_puts(piece, (const char *)html_style);
    html_printf(piece,
                "</style>\n</head>\n<body>\n<header>\n<h1>%s</h1>\n<p>Alibaba Cloud Backup</p>\n"
                "<dl><div><dt>Period</dt><dd>%s</dd></div>",
                head->title, head->period);
    if (head->selection[0] != '\0') {
        html_printf(piece, "<div><dt>Selected</dt><dd>%s</dd></div>", head->selection);
    }
    html_printf(piece, "<div><dt>Generated</dt><dd>%s</dd></div></dl>\n", generated);
    if (head->warning[0] != '\0') {
        html_printf(piece, "<p class=\"warning\">%s</p>\n", head->warning);
    }
    buffer_puts(piece, "</header>\n");
    if (head->section_count > 1) {
        buffer_puts(piece, "<nav aria-label=\"Contents\"><ul>\n");
        for (size_t i = 0; i < head->section_count; i++) {
            html_printf(piece, "<li><a href=\"#%s\">%s</a></li>\n", head->sections[i].name,
                        head->sections[i].title);
        }
        buffer_puts(piece, "</ul></nav>\n");
    }
    buffer_puts(piece, "<main>\n");
}

bool html_page_new(FILE *out, const struct html_head *head, struct html_page **ret_page,
                   struct error *err)
{
    struct html_page *page = calloc(1, sizeof(*page));
    if (page == NULL) {
        return error_no_memory(err);
    }
    page->out = out;
    buffer_init(&page->piece, PIECE_MAX);
    add_head(&page->piece, head);
    if (!flush(page, err)) {
        html_page_free(page);
        return false;
    }
    *ret_page = page;
    return true;
}

void html_page_free(struct html_page *page)
{
    if (page != NULL) {
        buffer_free(&page->piece);
        kept_rows_free(&page->kept);
        free(page);
    }
}

bool html_page_begin(struct html_page *page, const struct html_section *section, struct error *err)
{
    page->section = section;
    page->rows = 0;
    html_printf(&page->piece,
                "<section id=\"%s\" aria-labelledby=\"%s-h\">\n<h2 id=\"%s-h\">%s</h2>\n"
                "<p>%s</p>\n",
                section->name, section->name, section->name, section->title, section->description);
    return flush(page, err);
}

bool html_page_columns(struct html_page *page, const char *const *names, size_t count,
                       struct error *err)
{
    return kept_rows_columns(&page->kept, names, count, err);
}

/* The table's beginning; a column is of numbers when the first row has one in it. */
static void open_table(struct html_page *page, const struct cell *first_row)
{
    struct buffer *piece = &page->piece;
    html_printf(piece,
                "<div class=\"scroll\" role=\"region\" tabindex=\"0\" aria-label=\"%s, table\">"
                "<table>\n<caption>%s</caption>\n<thead><tr>",
                page->section->title, page->section->title);
    for (size_t i = 0; i < page->kept.columns; i++) {
        html_heading(piece, kept_rows_name(&page->kept, i), &first_row[i]);
    }
    buffer_puts(piece, "</tr></thead>\n<tbody>\n");
}

static void add_row(struct html_page *page, const struct cell *cells)
{
    buffer_puts(&page->piece, "<tr>");
    for (size_t i = 0; i < page->kept.columns; i++) {
        html_cell(&page->piece, kept_rows_name(&page->kept, i), &cells[i], i == 0);
    }
    buffer_puts(&page->piece, "</tr>\n");
}

bool html_page_row(struct html_page *page, const struct cell *cells, struct error *err)
{
    const struct html_section *section = page->section;
    page->rows++;
    if (section->tiles || section->plot_count > 0) {
        return kept_rows_add(&page->kept, cells, err);
    }
    if (section->row_limit > 0 && page->rows > section->row_limit) {
        return true;
    }
    if (page->rows == 1) {
        open_table(page, cells);
    }
    add_row(page, cells);
    return flush(page, err);
}

/* The plots of the rows that were kept, and the rows themselves below. */
static bool add_plots(struct html_page *page, struct error *err)
{
    const struct html_section *section = page->section;
    for (size_t i = 0; i < section->plot_count; i++) {
        char id[ID_SIZE];
        (void)snprintf(id, sizeof(id), "%s-plot-%zu", section->name, i + 1);
        if (!svg_plot(&page->piece, section->plots[i], id, &page->kept, err)) {
            return false;
        }
    }
    if (page->rows > 0) {
        buffer_puts(&page->piece, "<details><summary>The numbers as a table</summary>\n");
        open_table(page, kept_rows_cell(&page->kept, 0, 0));
        for (size_t i = 0; i < page->rows; i++) {
            add_row(page, kept_rows_cell(&page->kept, i, 0));
        }
        buffer_puts(&page->piece, "</tbody></table></div></details>\n");
    }
    return true;
}

static void add_tiles(struct html_page *page)
{
    for (size_t row = 0; row < page->rows; row++) {
        buffer_puts(&page->piece, "<dl class=\"tiles\">\n");
        for (size_t i = 0; i < page->kept.columns; i++) {
            html_tile(&page->piece, kept_rows_name(&page->kept, i),
                      kept_rows_cell(&page->kept, row, i));
        }
        buffer_puts(&page->piece, "</dl>\n");
    }
}

bool html_page_end(struct html_page *page, struct error *err)
{
    const struct html_section *section = page->section;
    struct buffer *piece = &page->piece;
    if (section->tiles) {
        add_tiles(page);
    } else if (section->plot_count > 0) {
        if (!add_plots(page, err)) {
            return false;
        }
    } else if (page->rows > 0) {
        buffer_puts(piece, "</tbody></table></div>\n");
    }
    if (page->rows == 0) {
        buffer_puts(piece, "<p class=\"empty\">Nothing to report.</p>\n");
    } else if (!section->tiles && section->plot_count == 0 && section->row_limit > 0 &&
               page->rows > section->row_limit) {
        char shown[FORMAT_COUNT_SIZE], all[FORMAT_COUNT_SIZE];
        format_count((int64_t)section->row_limit, shown);
        format_count((int64_t)page->rows, all);
        html_printf(piece,
                    "<p class=\"more\">The first %s of %s rows. All of them: "
                    "<code>hbrsync report %s --format csv</code></p>\n",
                    shown, all, section->name);
    }
    if (section->notes[0] != '\0') {
        html_printf(piece, "<details><summary>How it is counted</summary><p>%s</p></details>\n",
                    section->notes);
    }
    buffer_puts(piece, "</section>\n");
    kept_rows_free(&page->kept);
    return flush(page, err);
}

bool html_page_finish(struct html_page *page, struct error *err)
{
    buffer_puts(&page->piece, "</main>\n</body>\n</html>\n");
    return flush(page, err);
}
