#include "output/svg_plot.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "output/format.h"
#include "output/html.h"

#define SPEC_SIZE 256
#define VALUES_MAX 8
#define WIDTH 960.0
#define HEIGHT 260.0
#define LEFT 70.0
#define RIGHT 10.0
#define TOP 18.0
#define BOTTOM 30.0
#define TICKS 5
#define LABELS_MAX 10 /* along the axis, when there are too many bars to label each */
#define LABEL_EACH_MAX 12
#define BAR_SHARE 0.82 /* of its slot */
#define BAR_WIDEST 90.0

/* --- the rows ------------------------------------------------------------------------------ */

static struct cell *cell_at(const struct kept_rows *kept, size_t index)
{
    return (struct cell *)(void *)kept->cells.data + index;
}

static bool keep(struct kept_rows *kept, const struct cell *cells, size_t count, struct error *err)
{
    size_t first = kept->cells.length / sizeof(*cells);
    bool copied = true;
    buffer_append(&kept->cells, cells, count * sizeof(*cells));
    for (size_t i = 0; i < count && !kept->cells.failed; i++) {
        struct cell *cell = cell_at(kept, first + i);
        if (cell->kind == CELL_TEXT) {
            cell->text = text_copy_length(cell->text, cell->length);
            copied = copied && cell->text != NULL;
        }
    }
    return copied && !kept->cells.failed ? true : error_no_memory(err);
}

bool kept_rows_columns(struct kept_rows *kept, const char *const *names, size_t count,
                       struct error *err)
{
    bool ok = true;
    buffer_init(&kept->cells, SIZE_MAX / 2);
    for (; ok && kept->columns < count; kept->columns++) {
        struct cell name = text_cell(names[kept->columns]);
        ok = keep(kept, &name, 1, err);
    }
    return ok;
}

bool kept_rows_add(struct kept_rows *kept, const struct cell *cells, struct error *err)
{
    if (kept->rows >= KEPT_ROWS_MAX) {
        return error_set(err, ERROR_INTERNAL, "more than %d rows are too many to draw",
                         KEPT_ROWS_MAX);
    }
    kept->rows++;
    return keep(kept, cells, kept->columns, err);
}

const char *kept_rows_name(const struct kept_rows *kept, size_t column)
{
    return cell_at(kept, column)->text;
}

const struct cell *kept_rows_cell(const struct kept_rows *kept, size_t row, size_t column)
{
    return cell_at(kept, (row + 1) * kept->columns + column);
}

void kept_rows_free(struct kept_rows *kept)
{
    for (size_t i = 0; i < kept->cells.length / sizeof(struct cell); i++) {
        if (cell_at(kept, i)->kind == CELL_TEXT) {
            free((void *)(uintptr_t)cell_at(kept, i)->text);
        }
    }
    buffer_free(&kept->cells);
    memset(kept, 0, sizeof(*kept));
}

/* The column of that name, or `columns` when there is none. */
static size_t find(const struct kept_rows *kept, const char *name, size_t length)
{
    size_t i = 0;
    while (i < kept->columns && (strlen(kept_rows_name(kept, i)) != length ||
                                 memcmp(kept_rows_name(kept, i), name, length) != 0)) {
        i++;
    }
    return i;
}

/* --- the plot ------------------------------------------------------------------------------ */

struct plot {
    const struct kept_rows *rows;
    char spec[SPEC_SIZE]; /* cut into its pieces */
    const char *title;
    bool stacked;
    size_t label;
    size_t values[VALUES_MAX];
    size_t value_count;
    enum quantity quantity;
    double top;  /* the value at the upper end of the axis */
    double step; /* between two lines of the grid */
};

static bool parse(struct plot *plot, const char *spec, struct error *err)
{
    char *rest = plot->spec;
    bool right = text_fit(plot->spec, sizeof(plot->spec), spec);
    const char *kind = text_piece(&rest, "|");
    plot->title = text_piece(&rest, "|");
    const char *label = text_piece(&rest, "|");
    plot->stacked = strcmp(kind, "stacked") == 0;
    plot->label = find(plot->rows, label, strlen(label));
    while (rest != NULL && plot->value_count < VALUES_MAX) {
        const char *value = text_piece(&rest, " ");
        if (value[0] != '\0') {
            size_t column = find(plot->rows, value, strlen(value));
            right = right && column < plot->rows->columns;
            plot->values[plot->value_count++] = column;
        }
    }
    if (!right || plot->label == plot->rows->columns || plot->value_count == 0 ||
        (!plot->stacked && plot->value_count != 1)) {
        return error_set(err, ERROR_INTERNAL, "the plot \"%s\" is not one of these rows", spec);
    }
    plot->quantity = quantity_of_column(kept_rows_name(plot->rows, plot->values[0]));
    return true;
}

static double part_value(const struct plot *plot, size_t row, size_t part)
{
    const struct cell *cell = kept_rows_cell(plot->rows, row, plot->values[part]);
    return cell_value(cell) > 0 ? cell_value(cell) : 0;
}

static double bar_value(const struct plot *plot, size_t row)
{
    double sum = 0;
    for (size_t i = 0; i < plot->value_count; i++) {
        sum += part_value(plot, row, i);
    }
    return sum;
}

/* The step is 1, 2 or 5 times a power of ten, in units of bytes where it is bytes. */
static void scale(struct plot *plot)
{
    double greatest = 0;
    double unit = 1;
    for (size_t i = 0; i < plot->rows->rows; i++) {
        double value = bar_value(plot, i);
        greatest = value > greatest ? value : greatest;
    }
    if (greatest <= 0) {
        greatest = 1;
    }
    if (plot->quantity == QUANTITY_BYTES) {
        (void)quantity_byte_unit(greatest, &unit);
    }
    double least = greatest / TICKS / unit;
    double power = pow(10, floor(log10(least)));
    double factor = least / power;
    plot->step = (factor <= 1 ? 1 : factor <= 2 ? 2 : factor <= 5 ? 5 : 10) * power * unit;
    if (plot->step < 1) {
        plot->step = 1; /* there is no half of a restore, nor of a byte */
    }
    plot->top = ceil(greatest / plot->step) * plot->step;
}

static double y_of(const struct plot *plot, double value)
{
    return TOP + (HEIGHT - TOP - BOTTOM) * (1 - value / plot->top);
}

static void number(struct buffer *buffer, const struct plot *plot, double value)
{
    struct cell cell = {.kind = CELL_INTEGER, .integer = (int64_t)value};
    quantity_text(buffer, plot->quantity, &cell);
}

static void put_label(struct buffer *buffer, const struct cell *cell)
{
    if (cell->kind == CELL_TEXT) {
        html_text(buffer, cell->text, cell->length);
    } else if (cell->kind != CELL_NULL) {
        quantity_text(buffer, QUANTITY_NAME, cell);
    }
}

static void title(struct buffer *buffer, const struct plot *plot)
{
    for (const char *rest = plot->title; *rest != '\0';) {
        size_t length = strcspn(rest, "{");
        html_text(buffer, rest, length);
        rest += length;
        if (*rest == '{') {
            length = strcspn(++rest, "}");
            size_t column = find(plot->rows, rest, length);
            if (column < plot->rows->columns) {
                put_label(buffer, kept_rows_cell(plot->rows, 0, column));
            }
            rest += length + (rest[length] == '}');
        }
    }
}

/* What a reader of the plot would say of it. */
static void describe(struct buffer *buffer, const struct plot *plot)
{
    const struct kept_rows *rows = plot->rows;
    size_t greatest = 0;
    double sum = 0;
    for (size_t i = 0; i < rows->rows; i++) {
        sum += bar_value(plot, i);
        greatest = bar_value(plot, i) > bar_value(plot, greatest) ? i : greatest;
    }
    buffer_printf(buffer, "%zu bars, from ", rows->rows);
    put_label(buffer, kept_rows_cell(rows, 0, plot->label));
    buffer_puts(buffer, " to ");
    put_label(buffer, kept_rows_cell(rows, rows->rows - 1, plot->label));
    buffer_puts(buffer, "; together ");
    number(buffer, plot, sum);
    buffer_puts(buffer, ", the greatest ");
    put_label(buffer, kept_rows_cell(rows, greatest, plot->label));
    buffer_puts(buffer, " with ");
    number(buffer, plot, bar_value(plot, greatest));
    buffer_puts(buffer, ". The table below holds the numbers.");
}

static void grid(struct buffer *buffer, const struct plot *plot)
{
    buffer_puts(buffer, "<g class=\"grid\">");
    long lines = lround(plot->top / plot->step);
    for (long i = 0; i <= lines; i++) {
        double value = (double)i * plot->step;
        double y = y_of(plot, value);
        buffer_printf(buffer, "<path d=\"M%.0f %.1fH%.0f\"/><text x=\"%.0f\" y=\"%.1f\">", LEFT, y,
                      WIDTH - RIGHT, LEFT - 8, y + 4);
        number(buffer, plot, value);
        buffer_puts(buffer, "</text>");
    }
    buffer_puts(buffer, "</g>\n");
}

static void bar(struct buffer *buffer, const struct plot *plot, size_t row, double x, double width)
{
    double base = 0;
    buffer_puts(buffer, "<g><title>"); /* what the pointer shows: the bar's label and its values */
    put_label(buffer, kept_rows_cell(plot->rows, row, plot->label));
    buffer_puts(buffer, ": ");
    number(buffer, plot, bar_value(plot, row));
    for (size_t i = 0; plot->stacked && i < plot->value_count; i++) {
        if (part_value(plot, row, i) > 0) {
            html_printf(buffer, ", %s ", kept_rows_name(plot->rows, plot->values[i]));
            number(buffer, plot, part_value(plot, row, i));
        }
    }
    buffer_puts(buffer, "</title>");
    for (size_t i = 0; i < plot->value_count; i++) {
        double value = part_value(plot, row, i);
        if (value <= 0) {
            continue;
        }
        double y = y_of(plot, base + value);
        html_printf(buffer, "<rect class=\"c-%s\"",
                    plot->stacked ? kept_rows_name(plot->rows, plot->values[i]) : "bar");
        buffer_printf(buffer, " x=\"%.2f\" y=\"%.2f\" width=\"%.2f\" height=\"%.2f\"/>", x, y,
                      width, y_of(plot, base) - y);
        base += value;
    }
    buffer_puts(buffer, "</g>\n");
}

static void bars(struct buffer *buffer, const struct plot *plot)
{
    size_t count = plot->rows->rows;
    double slot = (WIDTH - LEFT - RIGHT) / (double)count;
    double width = slot * BAR_SHARE < BAR_WIDEST ? slot * BAR_SHARE : BAR_WIDEST;
    size_t every = count <= LABEL_EACH_MAX ? 1 : (count + LABELS_MAX - 1) / LABELS_MAX;
    for (size_t i = 0; i < count; i++) {
        double middle = LEFT + slot * ((double)i + 0.5);
        bar(buffer, plot, i, middle - width / 2, width);
        if (i % every == 0) {
            buffer_printf(buffer, "<text class=\"x\" x=\"%.1f\" y=\"%.0f\">", middle,
                          HEIGHT - BOTTOM + 18);
            put_label(buffer, kept_rows_cell(plot->rows, i, plot->label));
            buffer_puts(buffer, "</text>");
        }
        if (count <= LABEL_EACH_MAX && bar_value(plot, i) > 0) {
            buffer_printf(buffer, "<text class=\"v\" x=\"%.1f\" y=\"%.1f\">", middle,
                          y_of(plot, bar_value(plot, i)) - 5);
            number(buffer, plot, bar_value(plot, i));
            buffer_puts(buffer, "</text>");
        }
    }
}

bool svg_plot(struct buffer *buffer, const char *spec, const char *id, const struct kept_rows *rows,
              struct error *err)
{
    struct plot plot = {.rows = rows};
    if (rows->rows == 0) {
        return true;
    }
    if (!parse(&plot, spec, err)) {
        return false;
    }
    scale(&plot);
    buffer_puts(buffer, "<figure>\n<figcaption>");
    title(buffer, &plot);
    buffer_puts(buffer, "</figcaption>\n");
    if (plot.stacked) {
        buffer_puts(buffer, "<ul class=\"legend\">");
        for (size_t i = 0; i < plot.value_count; i++) {
            const char *name = kept_rows_name(rows, plot.values[i]);
            html_printf(buffer, "<li class=\"c-%s\">", name);
            quantity_heading(buffer, name);
            buffer_puts(buffer, "</li>");
        }
        buffer_puts(buffer, "</ul>\n");
    }
    buffer_printf(buffer,
                  "<svg viewBox=\"0 0 %.0f %.0f\" role=\"img\" aria-labelledby=\"%s-t %s-d\">\n"
                  "<title id=\"%s-t\">",
                  WIDTH, HEIGHT, id, id, id);
    title(buffer, &plot);
    buffer_printf(buffer, "</title>\n<desc id=\"%s-d\">", id);
    describe(buffer, &plot);
    buffer_puts(buffer, "</desc>\n");
    grid(buffer, &plot);
    bars(buffer, &plot);
    buffer_puts(buffer, "</svg>\n</figure>\n");
    return buffer_ok(buffer, "the plot", err);
}
