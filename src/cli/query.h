/* The queries of sql/queries/, for commands. */
#ifndef HBRSYNC_CLI_QUERY_H
#define HBRSYNC_CLI_QUERY_H

#include <stddef.h>
#include <stdint.h>

#include "base/text.h"
#include "output/rows.h"
#include "store/query.h"

/* Runs sql/queries/NAME.sql. */
bool query_run(struct store *store, const char *name, const struct store_parameter *parameters,
               size_t count, const struct store_rows *rows, struct error *err) MUST_CHECK;

/* A text, looked for among those that a column holds; what is not found has the nearest of them. */
struct query_search {
    struct text_nearest nearest;
    bool found;
};
bool query_search(struct store *store, const char *table, const char *column, const char *word,
                  struct query_search *ret_search, struct error *err) MUST_CHECK;

/*
 * Prints its rows. A table is for people: it has a title (NULL: none), is left out when there are
 * no rows, and instead of NAME and, behind it, NAME_utc has a column NAME with times of the zone in
 * use (base/zone.h), as have columns NAME_value where they hold a time; `columns` is how many it
 * shows at most.
 */
bool query_print(struct store *store, const char *name, const struct store_parameter *parameters,
                 size_t count, enum rows_format format, const char *title, size_t columns,
                 struct error *err) MUST_CHECK;

#endif
