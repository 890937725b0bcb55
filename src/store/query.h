/*
 * Reading with SQL of one's own: what reports and exports run. One statement at a time, read-only,
 * streamed row by row.
 */
#ifndef HBRSYNC_STORE_QUERY_H
#define HBRSYNC_STORE_QUERY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cell.h"
#include "base/error.h"
#include "store/store.h"

#define STORE_COLUMNS_MAX 200
#define STORE_PARAMETERS_MAX 8

/* A named parameter of the statement, such as ":since"; an integer, a text or NULL. One that the
 * statement does not have is passed over. */
struct store_parameter {
    const char *name;
    struct cell value;
};

struct store_query {
    const char *sql;  /* one statement that only reads */
    const char *what; /* for messages: what is being done */
    const struct store_parameter *parameters;
    size_t parameter_count; /* at most STORE_PARAMETERS_MAX */
};

/* Called before the first row with the columns' names, and for each row; false, with *err filled,
 * ends the query. */
struct store_rows {
    bool (*columns)(const char *const *names, size_t count, void *context, struct error *err);
    bool (*row)(const struct cell *cells, size_t count, void *context, struct error *err);
    void *context;
};

/* ERROR_INTERNAL when the statement could write; SQLite's own text and position when it is wrong.
 */
bool store_query_run(struct store *store, const struct store_query *query,
                     const struct store_rows *rows, struct error *err) MUST_CHECK;

#endif
