#include "cli/print_rows.h"

#include <stdio.h>

#include "base/interrupt.h"

static bool give_columns(const char *const *names, size_t count, void *context, struct error *err)
{
    return rows_writer_columns(context, names, count, err);
}

static bool give_row(const struct cell *cells, size_t count, void *context, struct error *err)
{
    return interrupt_check(err) && rows_writer_row(context, cells, count, err);
}

bool cli_print_rows(enum rows_format format, cli_rows_source *source, void *context,
                    struct error *err)
{
    struct rows_writer *writer = NULL;
    if (!rows_writer_new(format, stdout, &writer, err)) {
        return false;
    }
    const struct store_rows rows = {.columns = give_columns, .row = give_row, .context = writer};
    bool done = source(&rows, context, err) && rows_writer_end(writer, err);
    rows_writer_free(writer);
    return done;
}
