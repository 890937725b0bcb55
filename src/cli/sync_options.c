#include "cli/sync_options.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "base/zone.h"
#include "cli/cli.h"
#include "store/store.h"

#define DAY 86400
#define YEAR (366 * DAY)
#define LABEL_MAX 200 /* bytes */
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static bool parse(struct sync_cli *cli, int argc, char **argv, int *ret_status)
{
    const struct cli_option own[] = {
        {"edition", CLI_EDITIONS, "(default both)", CLI_CHOICES, &cli->editions, 0, 0, CLI_WHAT},
        {"restore-type", "TYPE", "jobs of a RestoreType (default all)", CLI_NAMES,
         &cli->restore_types, 0, 0, CLI_WHAT},
        {"filter", "TEXT", "'KEY OP VALUE[,VALUE...]', see below; at most 3", CLI_TEXTS,
         &cli->filter_texts, 0, 0, CLI_WHAT},
        {"full", NULL, "full scan, not only what changed", CLI_FLAG, &cli->settings.full, 0, 0,
         CLI_WHAT},
        {"full-every", "DURATION", "full scan if the last is older", CLI_DURATION,
         &cli->settings.full_every, 0, 10LL * YEAR, CLI_WHAT},
        {"overlap", "DURATION", "re-read before the watermark", CLI_DURATION,
         &cli->settings.overlap, 0, YEAR, CLI_WHAT},
        {"dry-run", NULL, "do everything but keep nothing", CLI_FLAG, &cli->dry_run, 0, 0,
         CLI_WHAT},
        {"allow-trigger", "NAME", "a trigger of yours that may run, now and later", CLI_LIST,
         &cli->triggers, 0, 0, CLI_WHAT},
        {"page-size", "N", "rows a request, 1 to 99", CLI_INTEGER, &cli->settings.page_size, 1,
         HBR_PAGE_SIZE_MAX, CLI_SPEED},
        {"max-requests", "N", "stop the run after this many requests", CLI_INTEGER,
         &cli->max_requests, 1, INT64_MAX, CLI_SPEED},
        {"show-changes", NULL, "list the jobs that changed, as `changes`", CLI_FLAG,
         &cli->show_changes, 0, 0, CLI_OUTPUT},
        cli_time_zone(&cli->time_zone),
        {"json", NULL, "print the summary as JSON", CLI_FLAG, &cli->json, 0, 0, CLI_OUTPUT},
        {"metrics-file", "FILE", "write metrics for Prometheus, however it ends", CLI_FILE,
         (void *)&cli->metrics_file, 0, 0, CLI_OUTPUT},
        {"database-label", "NAME", "its name in metrics (default the file's)", CLI_TEXT,
         (void *)&cli->database_label, 0, 0, CLI_OUTPUT},
    };
    struct cli_option options[COUNT(own) + SESSION_OPTIONS_MAX];
    size_t count = session_rows(&cli->connection, options);
    memcpy(options + count, own, sizeof(own));
    return cli_begin("sync", options, count + COUNT(own), argc, argv, &cli->database, NULL,
                     ret_status);
}

void cli_filter_more(void)
{
    (void)fputs("\n--filter 'KEY OP VALUE[,VALUE...]', such as 'VaultId IN v-0001,v-0002':\n"
                "  KEY  RegionId, PlanId, JobId, VaultId, InstanceId, Bucket, FileSystemId,\n"
                "       Status or CompleteTime (UNIX seconds); other field names may work, too\n"
                "  OP   EQUAL, NOT_EQUAL, GREATER_THAN, GREATER_THAN_OR_EQUAL, LESS_THAN,\n"
                "       LESS_THAN_OR_EQUAL, BETWEEN or IN (not with CompleteTime)\n"
                "  It reads all that it selects, keeps no watermark and marks nothing as gone.\n",
                stdout);
}

static bool take_filters(struct sync_cli *cli, struct error *err)
{
    struct buffer scope;
    if (cli->filter_texts.count > SYNC_FILTERS_MAX) {
        return error_set(err, ERROR_USAGE, "--filter may be given at most %d times",
                         SYNC_FILTERS_MAX);
    }
    buffer_init(&scope, sizeof(cli->filter_scope) - 1);
    for (size_t i = 0; i < cli->filter_texts.count; i++) {
        if (!hbr_filter_parse(cli->filter_texts.values[i], &cli->filters[i], err)) {
            buffer_free(&scope);
            return false;
        }
        cli->filter_list[i] = cli->filters[i].filter;
        buffer_printf(&scope, "%s%.120s", i > 0 ? " AND " : "", cli->filter_texts.values[i]);
    }
    (void)text_fit(cli->filter_scope, sizeof(cli->filter_scope), scope.data);
    buffer_free(&scope);
    return true;
}

static bool check(struct sync_cli *cli, struct error *err)
{
    if (!session_check(&cli->connection, cli->database, err) ||
        !session_check_file("metrics-file", cli->metrics_file, cli->database, err)) {
        return false;
    }
    if (cli->database_label != NULL &&
        (cli->database_label[0] == '\0' || strlen(cli->database_label) > LABEL_MAX)) {
        return error_set(err, ERROR_USAGE, "--database-label takes 1 to %d bytes", LABEL_MAX);
    }
    if (cli->connection.profiles.count > 1 && cli->connection.account_id != NULL) {
        return error_set(
            err, ERROR_USAGE,
            "--account-id cannot be given with several profiles: it would name them all");
    }
    if (cli->show_changes && !zone_use(cli->time_zone, err)) {
        return false;
    }
    return take_filters(cli, err);
}

bool sync_cli_parse(struct sync_cli *cli, const char *database, int argc, char **argv,
                    int *ret_status)
{
    struct error err;
    *cli = (struct sync_cli){
        .database = database,
        .settings = {.page_size = HBR_PAGE_SIZE_MAX, .full_every = DAY, .overlap = 600}};
    session_defaults(&cli->connection);
    if (!parse(cli, argc, argv, ret_status)) {
        return false;
    }
    if (!check(cli, &err)) {
        *ret_status = cli_fail(&err);
        sync_cli_free(cli);
        return false;
    }
    cli->settings.now = clock_now();
    store_allow_triggers(cli->triggers.values, cli->triggers.count);
    cli->settings.pages_at_once = (unsigned)cli->connection.connections;
    cli->settings.skip_inactive = cli->connection.all_regions;
    return true;
}

void sync_cli_free(struct sync_cli *cli)
{
    for (size_t i = 0; i < SYNC_FILTERS_MAX; i++) {
        hbr_filter_free(&cli->filters[i]);
    }
}
