/* One value of a row of a query's result: what the database gives and the writers of tables, CSV,
 * JSON and HTML take. */
#ifndef HBRSYNC_BASE_CELL_H
#define HBRSYNC_BASE_CELL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum cell_kind { CELL_NULL, CELL_INTEGER, CELL_REAL, CELL_TEXT };

/* Text is borrowed from whoever gives the cell; a NUL follows it, and it may hold others. */
struct cell {
    enum cell_kind kind;
    int64_t integer;
    double real;
    const char *text;
    size_t length;
};

static inline struct cell text_cell(const char *text)
{
    return (struct cell){.kind = CELL_TEXT, .text = text, .length = strlen(text)};
}

static inline bool cell_is_number(const struct cell *cell)
{
    return cell->kind == CELL_INTEGER || cell->kind == CELL_REAL;
}

/* A number's value; 0 for the others. */
static inline double cell_value(const struct cell *cell)
{
    return cell->kind == CELL_REAL ? cell->real : (double)cell->integer;
}

static inline struct cell integer_cell(int64_t integer)
{
    return (struct cell){.kind = CELL_INTEGER, .integer = integer};
}

#endif
