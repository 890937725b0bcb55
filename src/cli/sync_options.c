#include "cli/sync_options.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "cli/cli.h"
#include "output/log.h"
#include "output/progress.h"
#include "store/store.h"

#define DAY 86400
#define YEAR (366 * DAY)

static void set_defaults(struct sync_cli *cli, const char *database)
{
    memset(cli, 0, sizeof(*cli));
    cli->database = database;
    cli->qps = 10;
    cli->connections = 4;
    cli->attempt_timeout = 120;
    cli->retry_for = 300;
    cli->settings.page_size = HBR_PAGE_SIZE_MAX;
    cli->settings.full_every = DAY;
    cli->settings.overlap = 600;
}

/* Hidden from users: where a test wants the process to die. */
static void take_test_settings(struct sync_cli *cli)
{
    const char *step = getenv("HBRSYNC_TEST_KILL_AT_STEP");
    if (step != NULL && !text_to_int64(step, 1, INT64_MAX, &cli->kill_at_step)) {
        cli->kill_at_step = 0;
    }
}

static bool parse(struct sync_cli *cli, int argc, char **argv, int *ret_operand, int *ret_status)
{
    const struct cli_option options[] = {
        {"region", "ID", "a region; may be repeated", CLI_LIST, &cli->regions, 0, 0},
        {"all-regions", NULL, "every region that the service names", CLI_FLAG, &cli->all_regions, 0,
         0},
        {"edition", "NAME", "STANDARD or BASIC; may be repeated; both by default", CLI_LIST,
         &cli->editions, 0, 0},
        {"restore-type", "TYPE", "a RestoreType; may be repeated; all by default", CLI_LIST,
         &cli->restore_types, 0, 0},
        {"filter", "TEXT", "'KEY OP VALUE[,VALUE...]'; at most 3; a full walk of what it selects",
         CLI_LIST, &cli->filter_texts, 0, 0},
        {"full", NULL, "walk everything, not only what changed", CLI_FLAG, &cli->settings.full, 0, 0},
        {"full-every", "DURATION", "walk everything when the last walk is so old (24h)",
         CLI_DURATION, &cli->settings.full_every, 0, 10LL * YEAR},
        {"overlap", "DURATION", "read again so much before the watermark (10m)", CLI_DURATION,
         &cli->settings.overlap, 0, YEAR},
        {"page-size", "N", "rows a request, 1 to 99 (99)", CLI_INTEGER, &cli->settings.page_size, 1,
         HBR_PAGE_SIZE_MAX},
        {"max-requests", "N", "stop after so many requests", CLI_INTEGER,
         &cli->settings.max_requests, 1, INT64_MAX},
        {"qps", "N", "requests a second and region (10, the documented quota)", CLI_INTEGER,
         &cli->qps, 1, 1000},
        {"connections", "N", "requests at once (4)", CLI_INTEGER, &cli->connections, 1, 64},
        {"profile", "NAME", "a profile of ~/.aliyun/config.json", CLI_TEXT, (void *)&cli->profile, 0,
         0},
        {"account-id", "ID", "the account, instead of asking STS", CLI_TEXT,
         (void *)&cli->account_id, 0, 0},
        {"endpoint", "URL", "instead of https://hbr.{region}.aliyuncs.com", CLI_TEXT,
         (void *)&cli->endpoint, 0, 0},
        {"sts-endpoint", "URL", "instead of https://sts.{region}.aliyuncs.com", CLI_TEXT,
         (void *)&cli->sts_endpoint, 0, 0},
        {"vpc", NULL, "the endpoints inside a VPC", CLI_FLAG, &cli->vpc, 0, 0},
        {"ca-file", "FILE", "certificate authorities, PEM", CLI_TEXT, (void *)&cli->ca_file, 0, 0},
        {"timeout", "DURATION", "the longest that one attempt may take (120s)", CLI_DURATION,
         &cli->attempt_timeout, 1, DAY},
        {"retry-for", "DURATION", "how long a request is tried again (300s)", CLI_DURATION,
         &cli->retry_for, 0, DAY},
        {"trace", "FILE", "write requests and answers, secrets removed", CLI_TEXT,
         (void *)&cli->trace_file, 0, 0},
        {"dry-run", NULL, "do everything but keep nothing", CLI_FLAG, &cli->dry_run, 0, 0},
        {"json", NULL, "print the summary as JSON on standard output", CLI_FLAG, &cli->json, 0, 0},
        {"quiet", NULL, "print errors alone", CLI_FLAG, &cli->quiet, 0, 0},
        {"verbose", NULL, "print more", CLI_FLAG, &cli->verbose, 0, 0},
        {"no-progress", NULL, "no progress bar", CLI_FLAG, &cli->no_progress, 0, 0},
    };
    return cli_begin("sync", options, sizeof(options) / sizeof(options[0]), argc, argv,
                     &cli->database, ret_operand, ret_status);
}

static bool check_editions(const struct sync_cli *cli, struct error *err)
{
    for (size_t i = 0; i < cli->editions.count; i++) {
        if (strcmp(cli->editions.values[i], "STANDARD") != 0 &&
            strcmp(cli->editions.values[i], "BASIC") != 0) {
            return error_set(err, ERROR_USAGE, "--edition: \"%s\" is neither STANDARD nor BASIC",
                             cli->editions.values[i]);
        }
    }
    return true;
}

/* Identifiers become parts of host names and of the database; nothing but these bytes is in any of them. */
static bool check_words(const char *option, const struct cli_list *list, struct error *err)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_";
    for (size_t i = 0; i < list->count; i++) {
        const char *word = list->values[i];
        if (word[0] == '\0' || word[strspn(word, allowed)] != '\0' ||
            strlen(word) >= STORE_NAME_MAX) {
            return error_set(err, ERROR_USAGE, "--%s: \"%s\" is not a name", option, word);
        }
    }
    return true;
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

static bool check(struct sync_cli *cli, int argc, int operand, char **argv, struct error *err)
{
    struct cli_list account = {.values = {cli->account_id}, .count = cli->account_id != NULL};
    if (operand < argc) {
        return error_set(err, ERROR_USAGE, "sync takes no operand such as \"%s\"", argv[operand]);
    }
    if (cli->all_regions && cli->regions.count > 0) {
        return error_set(err, ERROR_USAGE, "--region and --all-regions exclude each other");
    }
    if (!check_editions(cli, err) || !check_words("region", &cli->regions, err) ||
        !check_words("restore-type", &cli->restore_types, err) ||
        !check_words("account-id", &account, err) || !take_filters(cli, err)) {
        return false;
    }
    if (cli->endpoint != NULL && !acs_endpoint_check(cli->endpoint, err)) {
        return error_context(err, "--endpoint");
    }
    if (cli->sts_endpoint != NULL && !acs_endpoint_check(cli->sts_endpoint, err)) {
        return error_context(err, "--sts-endpoint");
    }
    return true;
}

bool sync_cli_parse(struct sync_cli *cli, const char *database, int argc, char **argv,
                    int *ret_status)
{
    int operand = 0;
    struct error err;
    set_defaults(cli, database);
    if (!parse(cli, argc, argv, &operand, ret_status)) {
        return false;
    }
    log_set_level(cli->quiet ? LOG_QUIET : cli->verbose ? LOG_VERBOSE : LOG_NORMAL);
    progress_enable(!cli->quiet && !cli->no_progress);
    if (!check(cli, argc, operand, argv, &err)) {
        *ret_status = cli_fail(&err);
        sync_cli_free(cli);
        return false;
    }
    take_test_settings(cli);
    cli->settings.pages_at_once = (unsigned)cli->connections;
    return true;
}

void sync_cli_free(struct sync_cli *cli)
{
    for (size_t i = 0; i < SYNC_FILTERS_MAX; i++) {
        hbr_filter_free(&cli->filters[i]);
    }
}
