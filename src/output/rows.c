#include "output/rows.h"

#include <assert.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/json.h"
#include "base/text.h"
#include "output/format.h"

#define LINE_MAX_BYTES (256U * 1024 * 1024)
#define TABLE_CELL_MAX 200 /* bytes of a text in a table, for reading; CSV and JSON have all */
#define COLUMN_GAP 2

/* A column of the table. */
struct column {
    size_t width;
    bool has_text; /* else it is of numbers, and stands to the right */
};

struct rows_writer {
    enum rows_format format;
    FILE *out; /* borrowed */
    size_t columns;
    size_t rows;
    struct buffer names; /* JSON: the quoted name of each column with its colon, NUL-terminated */
    struct buffer line;
    struct buffer table;   /* each cell's text, NUL-terminated; the columns' names come first */
    struct column *column; /* owned */
};

bool rows_writer_new(enum rows_format format, FILE *out, struct rows_writer **ret_writer,
                     struct error *err)
{
    struct rows_writer *writer = calloc(1, sizeof(*writer));
    if (writer == NULL) {
        return error_no_memory(err);
    }
    writer->format = format;
    writer->out = out;
    buffer_init(&writer->names, LINE_MAX_BYTES);
    buffer_init(&writer->line, LINE_MAX_BYTES);
    buffer_init(&writer->table, ROWS_TABLE_MAX);
    *ret_writer = writer;
    return true;
}

void rows_writer_free(struct rows_writer *writer)
{
    if (writer == NULL) {
        return;
    }
    buffer_free(&writer->names);
    buffer_free(&writer->line);
    buffer_free(&writer->table);
    free(writer->column);
    free(writer);
}

/* What could not be written is noticed at once, so that a long report does not run for nobody. */
static bool write_line(struct rows_writer *writer, struct error *err)
{
    return buffer_write(&writer->line, writer->out, "the rows", err);
}

/* Appends the text in quotes, each quote in it doubled. */
static void put_quoted(struct buffer *out, const char *text, size_t length)
{
    buffer_putc(out, '"');
    for (size_t i = 0; i < length; i++) {
        if (text[i] == '"') {
            buffer_putc(out, '"');
        }
        buffer_putc(out, text[i]);
    }
    buffer_putc(out, '"');
}

/* RFC 4180. A NULL is nothing at all, an empty text two quotes. */
static void csv_cell(struct buffer *line, const struct cell *cell)
{
    if (cell->kind != CELL_TEXT) {
        format_number(line, cell);
        return;
    }
    if (cell->length == 0 || strcspn(cell->text, "\",\r\n") < cell->length) {
        put_quoted(line, cell->text, cell->length);
    } else {
        buffer_append(line, cell->text, cell->length);
    }
}

/* --- for spreadsheets ---------------------------------------------------------------------- */

#define DIGITS_SHOWN 11 /* before the point, of a number that is shown as it is written */
#define DIGITS_KEPT 15  /* in all */
#define TEXT_LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
#define LITERAL_MAX 240   /* bytes of a text in a formula, of the 255 characters there may be */
#define FORMULA_MAX 8000U /* bytes of a formula, of the 8192 characters there may be */

/* Whether a spreadsheet shows the number as it is written. */
static bool is_plain_number(const char *text)
{
    size_t whole = strspn(text, "-0123456789");
    size_t point = text[whole] == '.';
    size_t fraction = strspn(text + whole + point, "0123456789");
    return text[whole + point + fraction] == '\0' && whole <= DIGITS_SHOWN &&
           whole + fraction <= DIGITS_KEPT;
}

/* Whether a spreadsheet takes the text for one: it begins with what begins no number, date, amount
 * of money, formula or error, and is neither "true" nor like "Sept 12". */
static bool is_plain_text(const char *text)
{
    unsigned char first = (unsigned char)text[0];
    size_t letters = strspn(text, TEXT_LETTERS);
    if (first >= 0x80) { /* not signs of money, U+2212, and the wide forms of =+-@ */
        return first != 0xC2 && first != 0xE2 && first != 0xEF;
    }
    return strchr(TEXT_LETTERS "_/\\{[<*", first) != NULL && !text_equal_nocase(text, "true") &&
           !text_equal_nocase(text, "false") &&
           (letters < 3 || text[strcspn(text, "0123456789")] == '\0');
}

/* ="text", in pieces ("..."&"...") where it is long; LibreOffice takes no line ends in them. What
 * no formula holds gets an apostrophe. */
static void put_formula(struct buffer *out, const char *text, size_t length)
{
    buffer_puts(out, text[0] == '\r' || text[0] == '\n' ? "=\"\"&" : "=");
    for (size_t at = 0, size; at < length; at += size) {
        buffer_puts(out, at > 0 ? "&" : "");
        for (size = 0; at + size < length && size < LITERAL_MAX && text[at + size] != '\r' &&
                       text[at + size] != '\n';) {
            size++;
        }
        while (size > 1 && at + size < length && ((unsigned char)text[at + size] & 0xC0) == 0x80) {
            size--; /* no character is cut */
        }
        if (size > 0) {
            put_quoted(out, text + at, size);
        } else {
            buffer_printf(out, "CHAR(%d)", text[at]);
            size = 1;
        }
    }
    if (out->length > FORMULA_MAX) {
        buffer_reset(out);
        buffer_putc(out, '\'');
        buffer_append(out, text, length);
    }
}

/* What of a table or of JSON is kept in `names` and `table` is not of CSV. */
static void spreadsheet_cell(struct rows_writer *writer, const struct cell *cell)
{
    struct buffer *number = &writer->names, *formula = &writer->table;
    struct cell text = *cell;
    if (cell_is_number(cell)) {
        buffer_reset(number);
        format_number(number, cell);
        text = text_cell(number->data);
    }
    if (cell->kind == CELL_NULL ||
        (cell->kind == CELL_TEXT ? is_plain_text(text.text) : is_plain_number(text.text))) {
        csv_cell(&writer->line, cell);
        return;
    }
    buffer_reset(formula);
    put_formula(formula, text.text, text.length);
    csv_cell(&writer->line,
             &(struct cell){.kind = CELL_TEXT, .text = formula->data, .length = formula->length});
    writer->line.failed = writer->line.failed || formula->failed;
    writer->line.too_long = writer->line.too_long || formula->too_long;
}

static bool csv_row(struct rows_writer *writer, const struct cell *cells, size_t count,
                    struct error *err)
{
    for (size_t i = 0; i < count; i++) {
        buffer_puts(&writer->line, i > 0 ? "," : "");
        if (writer->format == ROWS_SPREADSHEET) {
            spreadsheet_cell(writer, &cells[i]);
        } else {
            csv_cell(&writer->line, &cells[i]);
        }
    }
    buffer_puts(&writer->line, "\r\n");
    return write_line(writer, err);
}

static bool json_row(struct rows_writer *writer, const struct cell *cells, size_t count,
                     struct error *err)
{
    const char *name = writer->names.data;
    buffer_puts(&writer->line, writer->format == ROWS_OBJECT ? "{"
                               : writer->rows == 0           ? "[\n{"
                                                             : ",\n{");
    for (size_t i = 0; i < count; i++) {
        buffer_puts(&writer->line, i > 0 ? "," : "");
        buffer_puts(&writer->line, name);
        if (cells[i].kind == CELL_NULL ||
            (cells[i].kind == CELL_REAL && !isfinite(cells[i].real))) {
            buffer_puts(&writer->line, "null");
        } else if (cells[i].kind == CELL_TEXT) {
            json_quote(&writer->line, cells[i].text, cells[i].length);
        } else {
            format_number(&writer->line, &cells[i]);
        }
        name += strlen(name) + 1;
    }
    buffer_putc(&writer->line, '}');
    return write_line(writer, err);
}

/* Keeps a cell's text, and its width and kind for the column. */
static void table_cell(struct rows_writer *writer, size_t index, const struct cell *cell)
{
    struct column *column = &writer->column[index];
    size_t start = writer->table.length;
    if (cell->kind == CELL_NULL) {
        buffer_putc(&writer->table, '-');
    } else if (cell->kind == CELL_TEXT) {
        text_escape(&writer->table, cell->text, cell->length, TABLE_CELL_MAX);
        column->has_text = column->has_text || writer->rows > 0;
    } else {
        format_number(&writer->table, cell);
    }
    if (!writer->table.failed) {
        size_t width = text_width(writer->table.data + start, writer->table.length - start);
        column->width = width > column->width ? width : column->width;
    }
    buffer_append(&writer->table, "", 1);
}

static bool table_row(struct rows_writer *writer, const struct cell *cells, size_t count,
                      struct error *err)
{
    for (size_t i = 0; i < count; i++) {
        table_cell(writer, i, &cells[i]);
    }
    if (!buffer_ok(&writer->table, "the table", err)) {
        return error_hint(err, "A table is kept in memory; --format csv or json is not.");
    }
    return true;
}

bool rows_writer_columns(struct rows_writer *writer, const char *const *names, size_t count,
                         struct error *err)
{
    writer->columns = count;
    if (writer->format == ROWS_JSON || writer->format == ROWS_OBJECT) {
        for (size_t i = 0; i < count; i++) {
            json_quote(&writer->names, names[i], strlen(names[i]));
            buffer_append(&writer->names, ":", 2); /* with a NUL */
        }
        return buffer_ok(&writer->names, "the columns' names", err);
    }
    struct cell *cells = calloc(count > 0 ? count : 1, sizeof(*cells));
    writer->column = calloc(count > 0 ? count : 1, sizeof(*writer->column));
    if (cells == NULL || writer->column == NULL) {
        free(cells);
        return error_no_memory(err);
    }
    for (size_t i = 0; i < count; i++) {
        cells[i] = text_cell(names[i]);
    }
    if (writer->format == ROWS_SPREADSHEET) {
        buffer_puts(&writer->line, "\xEF\xBB\xBF"); /* else Excel takes the text for ANSI */
    }
    bool done = writer->format == ROWS_TABLE ? table_row(writer, cells, count, err)
                                             : csv_row(writer, cells, count, err);
    free(cells);
    writer->rows = writer->format == ROWS_TABLE ? 1 : 0; /* a table's first row is the names */
    return done;
}

bool rows_writer_row(struct rows_writer *writer, const struct cell *cells, size_t count,
                     struct error *err)
{
    assert(count == writer->columns);
    bool done = writer->format == ROWS_TABLE ? table_row(writer, cells, count, err)
                : writer->format == ROWS_JSON || writer->format == ROWS_OBJECT
                    ? json_row(writer, cells, count, err)
                    : csv_row(writer, cells, count, err);
    writer->rows++;
    return done;
}

static void pad(struct buffer *line, char byte, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        buffer_putc(line, byte);
    }
}

static bool table_end(struct rows_writer *writer, struct error *err)
{
    struct buffer *line = &writer->line;
    const char *text = writer->table.data;
    for (size_t i = 0; i < writer->rows; i++) {
        for (size_t j = 0, gap = 0; j < writer->columns; j++) {
            const struct column *column = &writer->column[j];
            size_t length = strlen(text);
            size_t space = column->width - text_width(text, length);
            pad(line, ' ', gap + (column->has_text ? 0 : space));
            buffer_append(line, text, length);
            gap =
                COLUMN_GAP + (column->has_text ? space : 0); /* so that no line ends with spaces */
            text += length + 1;
        }
        buffer_putc(line, '\n');
        for (size_t j = 0; i == 0 && j < writer->columns; j++) { /* the line below the names */
            pad(line, ' ', j > 0 ? COLUMN_GAP : 0);
            pad(line, '-', writer->column[j].width);
        }
        buffer_puts(line, i == 0 ? "\n" : "");
        if (!write_line(writer, err)) {
            return false;
        }
    }
    return true;
}

bool rows_writer_end(struct rows_writer *writer, struct error *err)
{
    if (writer->format == ROWS_JSON) {
        buffer_puts(&writer->line, writer->rows == 0 ? "[]\n" : "\n]\n");
    }
    return writer->format == ROWS_TABLE ? table_end(writer, err) : write_line(writer, err);
}
