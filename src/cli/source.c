/* The command `source`: the life of the sources. */
#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "cli/cli.h"
#include "cli/query.h"
#include "cli/session.h"
#include "hbr/restore_job.h"
#include "output/log.h"
#include "store/state.h"

#define TOLD_MAX 8192

struct source {
    const char *database, *account_id;
    struct cli_list regions, editions;
    bool json;
};

static bool list(const struct source *command, struct error *err)
{
    struct store *store = NULL;
    bool done = store_open(command->database, STORE_READ, &hbr_restore_job_model, &store, err) &&
                query_print(store, command->json ? "sources-json" : "sources", NULL, 0,
                            command->json ? ROWS_JSON : ROWS_TABLE, NULL, STORE_COLUMNS_MAX, err);
    store_close(store);
    return done;
}

/* Opened for reading first, because writing would make the database. */
static bool change(const struct source *command, int64_t now, struct error *err)
{
    const char *edition = command->editions.count == 1 ? command->editions.values[0] : "";
    struct store *store = NULL;
    struct buffer told;
    int64_t count = 0;
    bool done = store_open(command->database, STORE_READ, &hbr_restore_job_model, &store, err);
    store_close(store);
    store = NULL;
    buffer_init(&told, TOLD_MAX);
    done = done &&
           store_open(command->database, STORE_WRITE, &hbr_restore_job_model, &store, err) &&
           store_begin(store, err);
    for (size_t i = 0; done && i < command->regions.count; i++) {
        const char *region = command->regions.values[i];
        done = store_source_retire(store, command->account_id, region, edition, now, &count, err);
        if (done && count == 0) {
            error_set(err, ERROR_USAGE, "no such source of the region %s is stored", region);
            done = error_hint(err, "`hbrsync source list` names those that are.");
        } else if (done) {
            buffer_printf(&told, "%s%s: %" PRId64 " source%s %s", i > 0 ? "; " : "", region, count,
                          count == 1 ? "" : "s",
                          now != 0 ? "retired, with all jobs kept" : "revived");
        }
    }
    done = done && buffer_ok(&told, "the message", err) && store_commit(store, err);
    store_close(store); /* which takes back what was not committed */
    if (done) {
        log_info("%s", told.data);
    }
    buffer_free(&told);
    return done && (!command->json || list(command, err));
}

static bool run(const struct source *command, const char *verb, struct error *err)
{
    bool lists = strcmp(verb, "list") == 0, retires = strcmp(verb, "retire") == 0;
    bool named = command->regions.count > 0;
    if (!lists && !retires && strcmp(verb, "revive") != 0) {
        return error_set(err, ERROR_USAGE, "source takes list, retire or revive, not \"%s\"", verb);
    }
    if (lists == (named || command->account_id[0] != '\0' || command->editions.count > 0) ||
        lists == named) {
        return error_set(err, ERROR_USAGE,
                         lists ? "source list takes no option but --json"
                               : "source %s takes at least one --region",
                         verb);
    }
    return lists ? list(command, err) : change(command, retires ? clock_now() : 0, err);
}

int cli_source(const char *database, int argc, char **argv)
{
    struct source command = {.database = database, .account_id = ""};
    struct error err;
    int operand = 0;
    int status = 0;
    const struct cli_option options[] = {
        {"region", "ID", "the region of the sources", CLI_LIST, &command.regions, 0, 0, CLI_WHAT},
        {"account-id", "ID", "only this account's", CLI_TEXT, (void *)&command.account_id, 0, 0,
         CLI_WHAT},
        {"edition", CLI_EDITIONS, "only of this edition", CLI_CHOICES, &command.editions, 0, 0,
         CLI_WHAT},
        {"json", NULL, "list the sources as JSON", CLI_FLAG, &command.json, 0, 0, CLI_OUTPUT},
    };
    if (!cli_begin("source", options, sizeof(options) / sizeof(options[0]), argc, argv,
                   &command.database, &operand, &status)) {
        return status;
    }
    if (operand + 1 != argc) {
        error_set(&err, ERROR_USAGE, "source takes one of list, retire and revive");
        return cli_fail(&err);
    }
    return run(&command, argv[operand], &err) ? 0 : cli_fail_output(&err);
}
