/* The rows of a query on standard output. */
#ifndef HBRSYNC_CLI_PRINT_ROWS_H
#define HBRSYNC_CLI_PRINT_ROWS_H

#include <stdbool.h>

#include "base/error.h"
#include "output/rows.h"
#include "store/query.h"

/* What gives the rows: a query, run with `rows`. */
typedef bool cli_rows_source(const struct store_rows *rows, void *context, struct error *err);

/* Prints what `source` gives; ends early when the user interrupts. */
bool cli_print_rows(enum rows_format format, cli_rows_source *source, void *context,
                    struct error *err) MUST_CHECK;

#endif
