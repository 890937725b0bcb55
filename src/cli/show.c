/* The command `show`: one job in full, its family and its history. */
#include <stdio.h>

#include "base/zone.h"
#include "cli/cli.h"
#include "cli/query.h"
#include "hbr/restore_job.h"

#define ROWS_MAX 10000 /* of children, and of changes */

static bool find(struct store *store, const char *id, struct error *err)
{
    struct query_search search;
    if (!query_search(store, "restore_job", "restore_id", id, &search, err) || search.found) {
        return search.found;
    }
    error_set(err, ERROR_USAGE, "no restore '%s' is stored", id);
    return text_did_you_mean(&search.nearest, "", err);
}

static bool print(struct store *store, const char *id, bool as_json, struct error *err)
{
    static const struct {
        const char *name, *title;
    } sections[] = {
        {"details", "Details"}, {"family", "Parent and children"}, {"history", "History"}};
    const struct store_parameter parameters[] = {{":id", text_cell(id)},
                                                 {":limit", integer_cell(ROWS_MAX)},
                                                 {":people", integer_cell(!as_json)}};
    (void)fputs(as_json ? "{\"job\":" : "", stdout);
    bool done = query_print(store, as_json ? "show-job" : "show-fields", parameters, 1,
                            as_json ? ROWS_OBJECT : ROWS_TABLE, NULL, SIZE_MAX, err);
    for (size_t i = 0; i < sizeof(sections) / sizeof(sections[0]) && done; i++) {
        char query[32];
        (void)snprintf(query, sizeof(query), "show-%s", sections[i].name);
        if (as_json) {
            (void)printf(",\"%s\":", sections[i].name);
        }
        done = query_print(store, query, parameters, 3, as_json ? ROWS_JSON : ROWS_TABLE,
                           sections[i].title, SIZE_MAX, err);
    }
    (void)printf(as_json ? "}\n%.0s" : "\nTimes are of the zone %s.\n", zone_name());
    return done;
}

int cli_show(const char *database, int argc, char **argv)
{
    struct store *store = NULL;
    struct error err;
    const char *zone = NULL;
    bool json = false;
    int operand = 0;
    int status = 0;
    const struct cli_option options[] = {
        {"json", NULL, "print JSON", CLI_FLAG, &json, 0, 0, CLI_OUTPUT},
        cli_time_zone(&zone),
    };
    if (!cli_begin("show", options, sizeof(options) / sizeof(options[0]), argc, argv, &database,
                   &operand, &status)) {
        return status;
    }
    if (argc - operand != 1) {
        error_set(&err, ERROR_USAGE, "show takes one RestoreId");
        return cli_fail(&err);
    }
    bool done = zone_use(zone, &err) &&
                store_open(database, STORE_READ, &hbr_restore_job_model, &store, &err) &&
                find(store, argv[operand], &err) && print(store, argv[operand], json, &err);
    store_close(store);
    return done ? 0 : cli_fail_output(&err);
}
