/* One value of a row of a query's result: what the database gives and the writers of tables, CSV,
 * JSON and HTML take. */
#ifndef HBRSYNC_BASE_CELL_H
#define HBRSYNC_BASE_CELL_H

#include <stddef.h>
#include <stdint.h>

enum cell_kind { CELL_NULL, CELL_INTEGER, CELL_REAL, CELL_TEXT };

/* Text is borrowed from whoever gives the cell, and may hold NULs. */
struct cell {
    enum cell_kind kind;
    int64_t integer;
    double real;
    const char *text;
    size_t length;
};

#endif
