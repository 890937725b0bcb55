#include "output/kept_rows.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

#define FIRST_CAPACITY 64

bool kept_rows_columns(struct kept_rows *kept, const char *const *names, size_t count,
                       struct error *err)
{
    kept->names = calloc(count > 0 ? count : 1, sizeof(*kept->names));
    if (kept->names == NULL) {
        return error_no_memory(err);
    }
    for (size_t i = 0; i < count; i++) {
        kept->names[i] = text_copy(names[i]);
        if (kept->names[i] == NULL) {
            return error_no_memory(err);
        }
        kept->columns = i + 1;
    }
    return true;
}

static bool reserve(struct kept_rows *kept, struct error *err)
{
    if (kept->rows < kept->capacity) {
        return true;
    }
    if (kept->rows >= KEPT_ROWS_MAX) {
        return error_set(err, ERROR_INTERNAL, "more than %d rows are too many to draw",
                         KEPT_ROWS_MAX);
    }
    size_t capacity = kept->capacity == 0 ? FIRST_CAPACITY : kept->capacity * 2;
    struct cell *cells = realloc(kept->cells, capacity * kept->columns * sizeof(*cells));
    if (cells == NULL) {
        return error_no_memory(err);
    }
    kept->cells = cells;
    kept->capacity = capacity;
    return true;
}

bool kept_rows_add(struct kept_rows *kept, const struct cell *cells, struct error *err)
{
    if (kept->columns == 0 || !reserve(kept, err)) {
        return kept->columns == 0;
    }
    struct cell *row = kept->cells + kept->rows * kept->columns;
    bool copied = true;
    for (size_t i = 0; i < kept->columns; i++) {
        row[i] = cells[i];
        if (cells[i].kind == CELL_TEXT) {
            row[i].text = text_copy_length(cells[i].text, cells[i].length);
            copied = copied && row[i].text != NULL;
        }
    }
    kept->rows++;
    return copied || error_no_memory(err);
}

const struct cell *kept_rows_cell(const struct kept_rows *kept, size_t row, size_t column)
{
    return &kept->cells[row * kept->columns + column];
}

size_t kept_rows_find(const struct kept_rows *kept, const char *name, size_t length)
{
    size_t i = 0;
    while (i < kept->columns &&
           (strlen(kept->names[i]) != length || memcmp(kept->names[i], name, length) != 0)) {
        i++;
    }
    return i;
}

void kept_rows_free(struct kept_rows *kept)
{
    for (size_t i = 0; i < kept->rows * kept->columns; i++) {
        if (kept->cells[i].kind == CELL_TEXT) {
            free((void *)(uintptr_t)kept->cells[i].text);
        }
    }
    for (size_t i = 0; i < kept->columns; i++) {
        free(kept->names[i]);
    }
    free(kept->cells);
    free((void *)kept->names);
    memset(kept, 0, sizeof(*kept));
}
