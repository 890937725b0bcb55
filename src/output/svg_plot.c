#include "output/svg_plot.h"

#include <math.h>
#include <string.h>

#include "output/format.h"
#include "output/html.h"

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

struct span {
    const char *text;
    size_t length;
};

struct plot {
    const struct kept_rows *rows;
    struct span title;
    bool stacked;
    size_t label;
    size_t values[VALUES_MAX];
    size_t value_count;
    enum quantity quantity;
    double top;  /* the value at the upper end of the axis */
    double step; /* between two lines of the grid */
};

/* The next piece of *rest up to `separator`, without the spaces around it; empty at the end. */
static struct span next_piece(const char **rest, char separator)
{
    const char *start = *rest;
    const char *end = strchr(start, separator);
    if (end == NULL) {
        end = start + strlen(start);
        *rest = end;
    } else {
        *rest = end + 1;
    }
    while (start < end && *start == ' ') {
        start++;
    }
    while (end > start && end[-1] == ' ') {
        end--;
    }
    return (struct span){start, (size_t)(end - start)};
}

static bool parse(struct plot *plot, const char *spec, struct error *err)
{
    const char *rest = spec;
    struct span kind = next_piece(&rest, '|');
    plot->title = next_piece(&rest, '|');
    struct span label = next_piece(&rest, '|');
    plot->stacked = kind.length == 7 && memcmp(kind.text, "stacked", 7) == 0;
    plot->label = kept_rows_find(plot->rows, label.text, label.length);
    while (*rest != '\0' && plot->value_count < VALUES_MAX) {
        struct span value = next_piece(&rest, ' ');
        if (value.length > 0) {
            plot->values[plot->value_count] = kept_rows_find(plot->rows, value.text, value.length);
            if (plot->values[plot->value_count++] == plot->rows->columns) {
                return error_set(err, ERROR_INTERNAL, "the plot \"%s\" names no column of its rows",
                                 spec);
            }
        }
    }
    if (plot->label == plot->rows->columns || plot->value_count == 0 ||
        (!plot->stacked && plot->value_count != 1)) {
        return error_set(err, ERROR_INTERNAL, "the plot \"%s\" is not one", spec);
    }
    plot->quantity = quantity_of_column(plot->rows->names[plot->values[0]]);
    return true;
}

static double cell_value(const struct cell *cell)
{
    double value = cell->kind == CELL_INTEGER ? (double)cell->integer
                   : cell->kind == CELL_REAL  ? cell->real
                                              : 0;
    return value > 0 ? value : 0;
}

static double bar_value(const struct plot *plot, size_t row)
{
    double sum = 0;
    for (size_t i = 0; i < plot->value_count; i++) {
        sum += cell_value(kept_rows_cell(plot->rows, row, plot->values[i]));
    }
    return sum;
}

/* 1, 2 or 5 times a power of ten that is at least `least`, in units of `unit`. */
static double nice_step(double least, double unit)
{
    double power = pow(10, floor(log10(least / unit)));
    double factor = least / unit / power;
    double nice = factor <= 1 ? 1 : factor <= 2 ? 2 : factor <= 5 ? 5 : 10;
    return nice * power * unit;
}

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
    plot->step = nice_step(greatest / TICKS, unit);
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
    const char *rest = plot->title.text;
    const char *end = plot->title.text + plot->title.length;
    while (rest < end) {
        const char *open = memchr(rest, '{', (size_t)(end - rest));
        const char *close = open != NULL ? memchr(open, '}', (size_t)(end - open)) : NULL;
        if (close == NULL) {
            html_text(buffer, rest, (size_t)(end - rest));
            return;
        }
        html_text(buffer, rest, (size_t)(open - rest));
        size_t column = kept_rows_find(plot->rows, open + 1, (size_t)(close - open - 1));
        if (column < plot->rows->columns) {
            put_label(buffer, kept_rows_cell(plot->rows, 0, column));
        }
        rest = close + 1;
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

/* What the pointer shows: the bar's label and its values. */
static void bar_title(struct buffer *buffer, const struct plot *plot, size_t row)
{
    buffer_puts(buffer, "<title>");
    put_label(buffer, kept_rows_cell(plot->rows, row, plot->label));
    buffer_puts(buffer, ": ");
    number(buffer, plot, bar_value(plot, row));
    for (size_t i = 0; plot->stacked && i < plot->value_count; i++) {
        double value = cell_value(kept_rows_cell(plot->rows, row, plot->values[i]));
        if (value > 0) {
            buffer_puts(buffer, ", ");
            html_puts(buffer, plot->rows->names[plot->values[i]]);
            buffer_putc(buffer, ' ');
            number(buffer, plot, value);
        }
    }
    buffer_puts(buffer, "</title>");
}

static void bar(struct buffer *buffer, const struct plot *plot, size_t row, double x, double width)
{
    double base = 0;
    buffer_puts(buffer, "<g>");
    bar_title(buffer, plot, row);
    for (size_t i = 0; i < plot->value_count; i++) {
        double value = cell_value(kept_rows_cell(plot->rows, row, plot->values[i]));
        if (value <= 0) {
            continue;
        }
        double y = y_of(plot, base + value);
        buffer_puts(buffer, "<rect class=\"c-");
        html_puts(buffer, plot->stacked ? plot->rows->names[plot->values[i]] : "bar");
        buffer_printf(buffer, "\" x=\"%.2f\" y=\"%.2f\" width=\"%.2f\" height=\"%.2f\"/>", x, y,
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

static void legend(struct buffer *buffer, const struct plot *plot)
{
    buffer_puts(buffer, "<ul class=\"legend\">");
    for (size_t i = 0; i < plot->value_count; i++) {
        const char *name = plot->rows->names[plot->values[i]];
        buffer_puts(buffer, "<li class=\"c-");
        html_puts(buffer, name);
        buffer_puts(buffer, "\">");
        quantity_heading(buffer, name);
        buffer_puts(buffer, "</li>");
    }
    buffer_puts(buffer, "</ul>\n");
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
        legend(buffer, &plot);
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
