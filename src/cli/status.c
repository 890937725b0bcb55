/* The command `status`: what is stored, how fresh it is, and whether it was proved complete. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/text.h"
#include "cli/cli.h"
#include "cli/query.h"
#include "cli/session.h"
#include "hbr/restore_job.h"
#include "output/format.h"
#include "output/log.h"
#include "store/state.h"
#include "sync/sync.h"

#define TEXT_MAX (16U * 1024 * 1024)
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

struct status {
    int64_t now;
    const struct cli_list *regions; /* none: all */
    bool detailed, found;
    bool json; /* else for people */
    struct buffer details;
    struct store_rows table;
    size_t rows, empty, sources, proved, retired;
    int64_t oldest;  /* when the source that was proved longest ago was */
    int64_t max_age; /* seconds; -1: not asked for */
    size_t checked;  /* sources that max_age applies to */
    size_t stale;    /* ... that were not proved within it */
};

/* --- for people ---------------------------------------------------------------------------- */

/* How the last sync of a source as a whole ended, or why there is none. */
static const char *result_of(const struct store_status *status)
{
    bool ended_well =
        strcmp(status->last_outcome, "done") == 0 || strcmp(status->last_outcome, "skipped") == 0;
    return status->source.retired_at != 0 ? "retired"
           : status->imported             ? "imported"
           : status->last_run_id == 0     ? "in part" /* single types, or what filters selected */
           : !ended_well                  ? status->last_outcome
           : status->proved               ? "proved"
                                          : "unproved";
}

/* A source that holds no jobs and is well has no row of its own. */
static bool add_row(const struct store_status *status, struct status *context, struct error *err)
{
    const struct store_source *source = &status->source;
    static const char *const names[] = {"account", "region", "edition", "jobs",
                                        "open",    "proved", "result"};
    const char *result = result_of(status);
    char proved[FORMAT_AGE_SIZE + 4] = "never";
    if (status->scope[0] != '\0') {
        return true;
    }
    if (status->last_proved_at != 0) {
        char age[FORMAT_AGE_SIZE];
        format_age(context->now - status->last_proved_at, age);
        (void)snprintf(proved, sizeof(proved), "%s ago", age);
    }
    if (source->retired_at == 0 && !status->imported) {
        bool older = context->proved == 0 || status->last_proved_at < context->oldest;
        context->sources++;
        context->oldest = status->proved && older ? status->last_proved_at : context->oldest;
        context->proved += status->proved ? 1 : 0;
    }
    if (status->jobs + status->missing_jobs == 0 && strcmp(result, "proved") == 0 &&
        context->regions->count == 0) {
        context->empty++;
        return true;
    }
    const struct cell cells[] = {
        text_cell(source->account_id),
        text_cell(source->region_id[0] != '\0' ? source->region_id : "imported"),
        source->edition[0] != '\0' ? text_cell(source->edition) : (struct cell){.kind = CELL_NULL},
        integer_cell(status->jobs),
        integer_cell(status->open_jobs),
        text_cell(proved),
        text_cell(result),
    };
    size_t skipped = status->accounts > 1 ? 0 : 1;
    return (context->rows++ > 0 || context->table.columns(names + skipped, COUNT(names) - skipped,
                                                          context->table.context, err)) &&
           context->table.row(cells + skipped, COUNT(cells) - skipped, context->table.context, err);
}

static void add_time_line(struct status *context, const char *label, int64_t when)
{
    char time[FORMAT_TIME_SIZE], age[FORMAT_AGE_SIZE];
    format_time(when, time);
    format_age(context->now - when, age);
    if (when == 0) {
        buffer_printf(&context->details, "  %-16s never\n", label);
    } else {
        buffer_printf(&context->details, "  %-16s %s (%s ago)\n", label, time, age);
    }
}

static void add_escaped(struct buffer *details, const char *label, const char *text)
{
    buffer_printf(details, "  %-16s ", label);
    text_escape(details, text, strlen(text), 2000);
    buffer_putc(details, '\n');
}

/* The sentence of each piece of evidence (sync/proof.h). */
static bool add_evidence(struct buffer *details, const char *proof_detail, struct error *err)
{
    struct json_object *root = NULL;
    char sentence[SYNC_SENTENCE_MAX];
    if (proof_detail[0] == '\0') {
        return true;
    }
    bool done = json_parse(proof_detail, strlen(proof_detail), JSON_VALUES_ANSWER, &root, err);
    for (size_t i = 0; done && i < json_array_length(root); i++) {
        (void)json_member_text(json_array_item(root, i), "sentence", sentence, sizeof(sentence));
        add_escaped(details, "evidence", sentence);
    }
    json_release(root);
    return done;
}

static bool add_details(const struct store_status *status, struct status *context,
                        struct error *err)
{
    const struct store_source *source = &status->source;
    struct buffer *details = &context->details;
    struct buffer heading;
    buffer_init(&heading, 16384);
    format_source(source->account_id, source->region_id, source->edition, status->scope, &heading);
    bool ok = buffer_ok(&heading, "the heading", err);
    buffer_printf(details, "\n%s\n", heading.data);
    buffer_free(&heading);
    if (source->retired_at != 0) {
        add_time_line(context, "retired", source->retired_at);
    }
    buffer_printf(details,
                  "  %-16s %" PRId64 ", %" PRId64 " open, %" PRId64 " gone from the service\n",
                  "jobs", status->jobs, status->open_jobs, status->missing_jobs);
    add_time_line(context, "watermark", status->watermark);
    add_time_line(context, "last full scan", status->full_walk_at);
    add_time_line(context, "last proved", status->last_proved_at);
    buffer_printf(details, "  %-16s %s\n", "complete",
                  status->proved                                        ? "proved"
                  : status->scope[0] == '\0' && status->note[0] != '\0' ? status->note
                  : status->last_proved_at == 0                         ? "never proved"
                                                : "NOT proved: the next sync is a full scan");
    if (status->last_run_id != 0) {
        buffer_printf(details, "  %-16s %" PRId64 ": %s, %s%s\n", "last run", status->last_run_id,
                      status->last_mode, status->last_outcome,
                      status->last_evidence[0] == '\0' ? ""
                      : status->last_proved            ? ", proved"
                                                       : ", unproved");
    }
    if (status->last_error[0] != '\0') {
        add_escaped(details, "last error", status->last_error);
    }
    return ok && add_evidence(details, status->last_evidence, err);
}

/* "14 more sources hold no jobs", and "15 of 16 sources proved, the oldest 12 min ago". */
static void print_summary(const struct status *context)
{
    char age[FORMAT_AGE_SIZE], of_all[32] = "";
    bool all = context->proved == context->sources;
    const char *which = context->proved > 1 ? "the oldest " : "";
    format_age(context->now - context->oldest, age);
    if (!all) {
        (void)snprintf(of_all, sizeof(of_all), " of %zu", context->sources);
    }
    if (context->empty > 0) {
        (void)printf("%zu %ssource%s no jobs\n", context->empty, context->rows > 0 ? "more " : "",
                     context->empty == 1 ? " holds" : "s hold");
    }
    if (context->sources > 0) {
        (void)printf("%s%zu%s source%s proved", context->rows > 0 ? "\n" : "", context->proved,
                     of_all, context->sources == 1 ? "" : "s");
        if (context->proved > 0) {
            (void)printf(", %s%s ago", which, age);
        }
        (void)printf("%s\n", all || context->detailed ? "" : "; --verbose tells more");
    }
}

/* --- freshness ----------------------------------------------------------------------------- */

/* Whether a source as a whole was proved within max_age and nothing unproved was stored since. What
 * was only imported nothing lists, so nothing can prove it; what is retired is not meant to be. */
static void check_age(const struct store_status *status, struct status *context)
{
    char age[FORMAT_AGE_SIZE], subject[3 * STORE_NAME_MAX];
    struct error err;
    const struct store_source *source = &status->source;
    int64_t age_seconds = context->now - status->last_proved_at;
    if (context->max_age < 0 || status->imported || source->retired_at != 0 ||
        status->scope[0] != '\0') {
        return;
    }
    context->checked++;
    if (status->note[0] != '\0') {
        error_set(&err, ERROR_UNPROVED, "%s", status->note);
    } else if (!status->proved) {
        error_set(&err, ERROR_UNPROVED, "not proved complete");
    } else if (age_seconds > context->max_age) {
        format_age(age_seconds, age);
        error_set(&err, ERROR_UNPROVED, "last proved complete %s ago", age);
    } else {
        return;
    }
    (void)snprintf(subject, sizeof(subject), "%s %s %s", source->account_id, source->region_id,
                   source->edition);
    log_error_about(subject, &err);
    context->stale++;
}

static bool is_wanted(const struct store_status *status, const struct cli_list *regions)
{
    bool wanted = regions->count == 0;
    for (size_t i = 0; i < regions->count; i++) {
        wanted = wanted || text_equal_nocase(status->source.region_id, regions->values[i]);
    }
    return wanted;
}

static bool visit(const struct store_status *status, void *context, struct error *err)
{
    struct status *state = context;
    if (!is_wanted(status, state->regions)) {
        return true;
    }
    if (!state->json &&
        (!add_row(status, state, err) || (state->detailed && !add_details(status, state, err)))) {
        return false;
    }
    check_age(status, state);
    state->retired += status->source.retired_at != 0 ? 1 : 0;
    state->found = true;
    return buffer_ok(&state->details, "the status", err);
}

/* A database without a source proves nothing; one whose sources are all retired need not. */
static bool is_fresh(const struct status *state)
{
    return state->stale == 0 && (state->checked > 0 || state->retired > 0);
}

static bool show_table(struct store *store, struct status *state, struct error *err)
{
    buffer_init(&state->details, TEXT_MAX);
    if (!cli_rows_begin(ROWS_TABLE, &state->table, err)) {
        return false;
    }
    bool ok = store_status_each(store, visit, state, err);
    bool printed = cli_rows_end(&state->table, ok && state->rows > 0, err);
    ok = ok && (printed || state->rows == 0);
    if (ok && state->found) {
        print_summary(state);
    } else if (ok && state->regions->count == 0) {
        (void)printf("%s holds no source yet\n", store_path(store));
    }
    (void)fwrite(state->details.data, 1, ok ? state->details.length : 0, stdout);
    buffer_free(&state->details);
    return ok;
}

static bool print_json(struct store *store, struct status *state, struct error *err)
{
    struct buffer regions;
    buffer_init(&regions, CLI_LIST_MAX * (STORE_NAME_MAX + 2));
    for (size_t i = 0; i < state->regions->count; i++) {
        buffer_printf(&regions, " %s ", state->regions->values[i]);
    }
    const struct store_parameter parameters[] = {{":now", integer_cell(state->now)},
                                                 {":regions", text_cell(regions.data)}};
    bool asks = state->max_age >= 0 || state->regions->count > 0;
    bool ok = buffer_ok(&regions, "the regions", err) &&
              (!asks || store_status_each(store, visit, state, err));
    if (ok) {
        (void)printf("{\"schema_version\":%d,\"sources\":", store_schema_version(store));
        ok = query_print(store, "status", parameters, COUNT(parameters), ROWS_JSON, NULL,
                         STORE_COLUMNS_MAX, err);
    }
    buffer_free(&regions);
    if (ok && state->max_age >= 0) {
        (void)printf(",\"max_age_seconds\":%" PRId64 ",\"fresh\":%s", state->max_age,
                     is_fresh(state) ? "true" : "false");
    }
    (void)fputs(ok ? "}\n" : "", stdout); /* checked at the end of main */
    return ok;
}

/* ERROR_UNPROVED when something is older than max_age. */
static bool show(struct store *store, struct status *state, struct error *err)
{
    char age[FORMAT_AGE_SIZE];
    if (!(state->json ? print_json(store, state, err) : show_table(store, state, err))) {
        return false;
    }
    if (!state->found && state->regions->count > 0) {
        error_set(err, ERROR_USAGE, "no source of the region %s is stored",
                  state->regions->values[0]);
        return error_hint(err, "`hbrsync source list` names those that are.");
    }
    if (state->max_age < 0 || is_fresh(state)) {
        return true;
    }
    format_age(state->max_age, age);
    return state->checked == 0
               ? error_set(err, ERROR_UNPROVED, "no source was ever synced")
               : error_set(err, ERROR_UNPROVED, "%zu of %zu sources were not proved within %s",
                           state->stale, state->checked, age);
}

int cli_status(const char *database, int argc, char **argv)
{
    struct store *store = NULL;
    struct error err;
    struct cli_list regions = {.count = 0};
    struct status state = {.regions = &regions, .max_age = -1};
    int status = 0;
    const struct cli_option options[] = {
        {"region", "ID", "only the sources of a region, with details", CLI_NAMES, &regions, 0, 0,
         CLI_WHAT},
        {"json", NULL, "print JSON", CLI_FLAG, &state.json, 0, 0, CLI_OUTPUT},
        {"max-age", "DURATION", "exit 8 if any source was last proved longer ago", CLI_DURATION,
         &state.max_age, 0, TEXT_DURATION_MAX, CLI_OUTPUT},
        {"verbose", NULL, "print details, and the evidence of the last run", CLI_FLAG,
         &state.detailed, 0, 0, CLI_OUTPUT},
    };
    if (!cli_begin("status", options, COUNT(options), argc, argv, &database, NULL, &status)) {
        return status;
    }
    state.now = clock_now();
    state.detailed = state.detailed || regions.count > 0;
    bool done = store_open(database, STORE_READ, &hbr_restore_job_model, &store, &err) &&
                show(store, &state, &err);
    store_close(store);
    return done ? 0 : cli_fail_output(&err);
}
