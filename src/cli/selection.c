#include "cli/selection.h"

#include <string.h>

#include "base/json.h"
#include "base/text.h"
#include "cli/session.h"
#include "output/log.h"
#include "store/query.h"

#define LISTS_MAX 65536 /* bytes */

static const struct {
    const char *option, *argument, *help, *table, *column;
} kinds[SELECTION_ROWS] = {
    {"account-id", "ID", "jobs of this account", "sync_source", "account_id"},
    {"region", "ID", "jobs of this region", "sync_source", "region_id"},
    {"edition", "NAME", "jobs of STANDARD or BASIC", "sync_source", "edition"},
    {"vault", "ID", "jobs of this vault", "restore_job", "vault_id"},
    {"restore-type", "TYPE", "jobs of this RestoreType", "restore_job", "restore_type"},
    {"where-status", "STATUS", "jobs of this Status", "restore_job", "status"},
};

void selection_rows(struct selection *selection, size_t count, struct cli_option *rows)
{
    for (size_t i = 0; i < count; i++) {
        rows[i] = (struct cli_option){.name = kinds[i].option,
                                      .argument = kinds[i].argument,
                                      .help = kinds[i].help,
                                      .kind = CLI_LIST,
                                      .target = &selection->lists[i]};
    }
    buffer_init(&selection->json, LISTS_MAX);
    buffer_init(&selection->text, LISTS_MAX);
}

bool selection_take(struct selection *selection, struct error *err)
{
    struct buffer *json = &selection->json, *text = &selection->text;
    for (size_t i = 0; i < SELECTION_ROWS; i++) {
        const struct cli_list *list = &selection->lists[i];
        if (list->count == 0) {
            continue;
        }
        buffer_printf(json, "%s\"%s\":[", json->length > 0 ? "," : "{", kinds[i].column);
        buffer_printf(text, "%s%s ", text->length > 0 ? "; " : "", kinds[i].option);
        for (size_t j = 0; j < list->count; j++) {
            buffer_puts(json, j > 0 ? "," : "");
            json_quote(json, list->values[j], strlen(list->values[j]));
            buffer_printf(text, "%s%s", j > 0 ? ", " : "", list->values[j]);
        }
        buffer_puts(json, "]");
        if (strcmp(kinds[i].column, "status") != 0 &&
            !session_check_words(kinds[i].option, list, err)) {
            return false;
        }
    }
    buffer_puts(json, json->length > 0 ? "}" : "{}");
    return session_check_editions(&selection->lists[2], err) &&
           buffer_ok(json, "the selection", err) && buffer_ok(text, "the selection", err);
}

/* A value asked for, among those that are stored. */
struct search {
    struct text_nearest nearest;
    bool found;
    char best[128]; /* the nearest, as its row is gone */
};

static bool compare_row(const struct cell *cells, size_t count, void *context, struct error *err)
{
    struct search *search = context;
    (void)count, (void)err;
    if (cells[0].kind == CELL_TEXT) {
        search->found = search->found || strcmp(cells[0].text, search->nearest.word) == 0;
        text_nearest_try(&search->nearest, cells[0].text);
        if (search->nearest.best == cells[0].text) {
            (void)text_fit(search->best, sizeof(search->best), cells[0].text);
            search->nearest.best = search->best;
        }
    }
    return true;
}

/* Warns where nothing stored has the value. */
static bool check_value(struct store *store, size_t kind, const char *value, bool *ret_unknown,
                        struct error *err)
{
    char sql[128];
    const struct store_query query = {.sql = sql, .what = "read what is stored"};
    struct search search = {.nearest.word = value};
    const struct store_rows rows = {.row = compare_row, .context = &search};
    (void)snprintf(sql, sizeof(sql), "SELECT DISTINCT %s FROM %s", kinds[kind].column,
                   kinds[kind].table);
    if (!store_query_run(store, &query, &rows, err)) {
        return false;
    }
    if (!search.found) {
        struct error warning;
        error_set(&warning, ERROR_USAGE, "--%s: nothing stored has \"%s\"", kinds[kind].option,
                  value);
        (void)text_did_you_mean(&search.nearest, "", &warning);
        log_warning("%s", warning.message);
        *ret_unknown = true;
    }
    return true;
}

bool selection_check(const struct selection *selection, struct store *store,
                     const struct store_job_filter *filter, struct error *err)
{
    bool unknown = false;
    struct store_jobs *jobs = NULL;
    const struct store_job *job = NULL;
    for (size_t i = 0; i < SELECTION_ROWS; i++) {
        for (size_t j = 0; j < selection->lists[i].count; j++) {
            if (!check_value(store, i, selection->lists[i].values[j], &unknown, err)) {
                return false;
            }
        }
    }
    if (!unknown) {
        return true;
    }
    bool done = store_jobs_open(store, filter, &jobs, err) && store_jobs_next(jobs, &job, err);
    store_jobs_close(jobs);
    return done && (job != NULL ||
                    error_set(err, ERROR_USAGE, "nothing is selected, and nothing was written"));
}
