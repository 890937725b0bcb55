/* What `export` and `report` select by and print: options of one name and meaning; moments on the
 * command line, of the zone in use (base/zone.h). */
#ifndef HBRSYNC_CLI_SELECTION_H
#define HBRSYNC_CLI_SELECTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/error.h"
#include "cli/options.h"
#include "output/rows.h"
#include "store/query.h"
#include "store/store.h"

#define SELECTION_LISTS 6 /* the last is of the Status */
#define SELECTION_ROWS (4 + SELECTION_LISTS)

/* Empty before selection_rows. */
struct selection {
    const char *since_text, *until_text, *format_text; /* as given, NULL: not */
    bool spreadsheet;
    struct cli_list lists[SELECTION_LISTS];
    int64_t now;
    int64_t since, until;    /* both included; the least and the greatest number where open */
    enum rows_format format; /* ROWS_TABLE for what is none of them */
    struct buffer json;      /* as store_job_filter has them */
    struct buffer text;      /* "region cn-hangzhou, cn-beijing; vault v-1", "" for everything */
};

/* Adds the first `count` of the options' rows to `rows`; `formats` are the choices of --format. */
void selection_rows(struct selection *selection, const char *formats, size_t count,
                    struct cli_option *rows);

/* Makes what is not an option's out of those that are; selection_free also after a failure.
 * ERROR_USAGE, also when nothing lies between --since and --until. */
bool selection_take(struct selection *selection, struct error *err) MUST_CHECK;
void selection_free(struct selection *selection);

/* Warns of each value that nothing stored has, with the nearest that is. ERROR_USAGE where there is
 * such a value and `filter` selects nothing at all: a mistake, not an empty answer. */
bool selection_check(const struct selection *selection, struct store *store,
                     const struct store_job_filter *filter, struct error *err) MUST_CHECK;

/* "2026-01" (its first second), "2026-01-31", "2026-01-31 08:30:00", RFC 3339, "today",
 * "yesterday", or a duration before `now`, such as "90d". ERROR_USAGE names the option. */
bool selection_moment(const char *option, const char *text, int64_t now, int64_t *ret_seconds,
                      struct error *err) MUST_CHECK;

#endif
