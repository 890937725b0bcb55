#include "cli/selection.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/text.h"
#include "base/zone.h"
#include "cli/query.h"
#include "output/log.h"

#define DAY 86400
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define LISTS_MAX 65536 /* bytes */

static const struct {
    const char *option, *argument, *help, *table, *column;
    enum cli_kind kind;
} kinds[SELECTION_LISTS] = {
    {"account-id", "ID", "jobs of this account", "sync_source", "account_id", CLI_NAMES},
    {"region", "ID", "jobs of this region", "sync_source", "region_id", CLI_NAMES},
    {"edition", CLI_EDITIONS, "jobs of this edition", "sync_source", "edition", CLI_CHOICES},
    {"vault", "ID", "jobs of this vault", "restore_job", "vault_id", CLI_NAMES},
    {"restore-type", "TYPE", "jobs of this RestoreType", "restore_job", "restore_type", CLI_NAMES},
    {"where-status", "STATUS", "jobs of this Status", "restore_job", "status", CLI_LIST},
};

/* --- moments ------------------------------------------------------------------------------- */

static bool parse_moment(const char *text, int64_t *ret_seconds)
{
    static const char first[] = "0000-01-01T00:00:00Z";
    size_t length = strlen(text);
    int64_t local = 0;
    if (length == 7 || length == 10 || length == 16 || length == 19) { /* without an offset */
        char moment[sizeof(first)];
        (void)snprintf(moment, sizeof(moment), "%s%s", text, first + length);
        if (clock_from_rfc3339(moment, &local)) {
            *ret_seconds = zone_to_utc(local);
            return true;
        }
    }
    return clock_from_rfc3339(text, ret_seconds);
}

bool selection_moment(const char *option, const char *text, int64_t now, int64_t *ret_seconds,
                      struct error *err)
{
    int64_t ago = 0;
    bool unit = text[strspn(text, "0123456789")] != '\0'; /* 20260131 is no number of seconds */
    bool yesterday = strcmp(text, "yesterday") == 0;
    if (unit && text_to_duration(text, &ago)) {
        *ret_seconds = now - ago;
        return true;
    }
    if (yesterday || strcmp(text, "today") == 0) {
        int64_t local = zone_to_local(now);
        *ret_seconds = zone_to_utc(local - local % DAY - (yesterday ? DAY : 0));
        return true;
    }
    if (parse_moment(text, ret_seconds)) {
        return true;
    }
    error_set(err, ERROR_USAGE, "--%s: \"%s\" is neither a date nor a duration", option, text);
    return error_hint(err,
                      "Write YYYY-MM, YYYY-MM-DD or 'YYYY-MM-DD HH:MM:SS' (times of %s; with Z or "
                      "+08:00 behind it, of that offset), today, yesterday, or how long ago, such "
                      "as 12h or 90d.",
                      zone_name());
}

static bool take_period(struct selection *selection, struct error *err)
{
    const char *since = selection->since_text, *until = selection->until_text;
    selection->now = clock_now();
    selection->since = INT64_MIN;
    selection->until = INT64_MAX;
    if ((since != NULL &&
         !selection_moment("since", since, selection->now, &selection->since, err)) ||
        (until != NULL &&
         !selection_moment("until", until, selection->now, &selection->until, err))) {
        return false;
    }
    selection->until -= until != NULL; /* the last second before it */
    return selection->since <= selection->until ||
           error_set(err, ERROR_USAGE, "--since %s is not before --until %s", since, until);
}

/* --- options ------------------------------------------------------------------------------- */

void selection_rows(struct selection *selection, const char *formats, size_t count,
                    struct cli_option *rows)
{
    const struct cli_option own[] = {
        {"since", "TIME", "from then on: a UTC date and time, or 90d ago", CLI_TEXT,
         (void *)&selection->since_text, 0, 0, CLI_WHAT},
        {"until", "TIME", "before then", CLI_TEXT, (void *)&selection->until_text, 0, 0, CLI_WHAT},
        {"format", formats, "(default the first)", CLI_CHOICE, (void *)&selection->format_text, 0,
         0, CLI_OUTPUT},
        {"spreadsheet", NULL, "csv that a spreadsheet shows as it is stored", CLI_FLAG,
         &selection->spreadsheet, 0, 0, CLI_OUTPUT},
    };
    _Static_assert(COUNT(own) + SELECTION_LISTS == SELECTION_ROWS, "the rows fit");
    memcpy(rows, own, sizeof(own));
    for (size_t i = 0; i < count - COUNT(own); i++) {
        rows[COUNT(own) + i] = (struct cli_option){.name = kinds[i].option,
                                                   .argument = kinds[i].argument,
                                                   .help = kinds[i].help,
                                                   .kind = kinds[i].kind,
                                                   .target = &selection->lists[i]};
    }
    buffer_init(&selection->json, LISTS_MAX);
    buffer_init(&selection->text, LISTS_MAX);
}

bool selection_take(struct selection *selection, struct error *err)
{
    struct buffer *json = &selection->json, *text = &selection->text;
    const char *format = selection->format_text != NULL ? selection->format_text : "";
    bool is_csv = strcmp(format, "csv") == 0, is_json = strcmp(format, "json") == 0;
    selection->format = is_csv ? ROWS_CSV : is_json ? ROWS_JSON : ROWS_TABLE;
    if (selection->spreadsheet && !is_csv && format[0] != '\0') {
        return error_set(err, ERROR_USAGE, "--spreadsheet needs --format csv");
    }
    selection->format = selection->spreadsheet ? ROWS_SPREADSHEET : selection->format;
    for (size_t i = 0; i < SELECTION_LISTS; i++) {
        const struct cli_list *list = &selection->lists[i];
        if (list->count > 0) {
            buffer_printf(json, "%s\"%s\":[", json->length > 0 ? "," : "{", kinds[i].column);
            buffer_printf(text, "%s%s ", text->length > 0 ? "; " : "", kinds[i].option);
        }
        for (size_t j = 0; j < list->count; j++) {
            buffer_puts(json, j > 0 ? "," : "");
            json_quote(json, list->values[j], strlen(list->values[j]));
            buffer_printf(text, "%s%s", j > 0 ? ", " : "", list->values[j]);
        }
        buffer_puts(json, list->count > 0 ? "]" : "");
    }
    buffer_puts(json, json->length > 0 ? "}" : "{}");
    return take_period(selection, err) && buffer_ok(json, "the selection", err) &&
           buffer_ok(text, "the selection", err);
}

void selection_free(struct selection *selection)
{
    buffer_free(&selection->json);
    buffer_free(&selection->text);
}

/* Warns where nothing stored has the value. */
static bool check_value(struct store *store, size_t kind, const char *value, bool *ret_unknown,
                        struct error *err)
{
    struct error warning;
    struct query_search search;
    bool done = query_search(store, kinds[kind].table, kinds[kind].column, value, &search, err);
    if (done && !search.found) {
        error_set(&warning, ERROR_USAGE, "--%s: nothing stored has \"%s\"", kinds[kind].option,
                  value);
        (void)text_did_you_mean(&search.nearest, "", &warning);
        log_warning("%s", warning.message);
        *ret_unknown = true;
    }
    return done;
}

bool selection_check(const struct selection *selection, struct store *store,
                     const struct store_job_filter *filter, struct error *err)
{
    bool done = true, unknown = false;
    struct store_jobs *jobs = NULL;
    const struct store_job *job = NULL;
    for (size_t i = 0; i < SELECTION_LISTS; i++) {
        for (size_t j = 0; j < selection->lists[i].count && done; j++) {
            done = check_value(store, i, selection->lists[i].values[j], &unknown, err);
        }
    }
    if (done && unknown) {
        done = store_jobs_open(store, filter, &jobs, err) && store_jobs_next(jobs, &job, err) &&
               (job != NULL ||
                error_set(err, ERROR_USAGE, "nothing is selected, and nothing was written"));
        store_jobs_close(jobs);
    }
    return done;
}
