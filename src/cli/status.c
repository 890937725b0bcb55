/* The command `status`: what is stored, how fresh it is, and whether it was proved complete. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/text.h"
#include "cli/cli.h"
#include "hbr/restore_job.h"
#include "output/format.h"
#include "output/json_put.h"
#include "output/log.h"
#include "store/state.h"
#include "sync/sync.h"

#define JSON_MAX (16U * 1024 * 1024)

struct status {
    int64_t now;
    bool verbose;
    struct buffer *json; /* NULL: for people */
    size_t count;
    int64_t max_age; /* seconds; -1: not asked for */
    size_t checked;  /* sources that max_age applies to */
    size_t stale;    /* ... that were not proved within it */
};

static void print_line(const char *label, int64_t when, int64_t now)
{
    char time[FORMAT_TIME_SIZE], age[FORMAT_AGE_SIZE];
    format_time(when, time);
    format_age(now - when, age);
    if (when == 0) {
        (void)printf("  %-16s never\n", label);
    } else {
        (void)printf("  %-16s %s (%s ago)\n", label, time, age);
    }
}

static bool print_escaped(const char *label, const char *text, struct error *err)
{
    struct buffer safe;
    buffer_init(&safe, 16384);
    text_escape(&safe, text, strlen(text), 2000);
    bool ok = buffer_ok(&safe, label, err);
    (void)printf("  %-16s %s\n", label, safe.data);
    buffer_free(&safe);
    return ok;
}

/* The sentence of each piece of evidence (sync/proof.h). */
static bool print_evidence(const char *proof_detail, struct error *err)
{
    struct json_object *root = NULL;
    char sentence[SYNC_SENTENCE_MAX];
    bool done = json_parse(proof_detail, strlen(proof_detail), JSON_VALUES_ANSWER, &root, err);
    for (size_t i = 0; done && i < json_array_length(root); i++) {
        (void)json_member_text(json_array_item(root, i), "sentence", sentence, sizeof(sentence));
        done = print_escaped("evidence", sentence, err);
    }
    json_release(root);
    return done;
}

static bool print_heading(const struct store_status *status, const struct status *context,
                          struct error *err)
{
    const struct store_source *source = &status->source;
    struct buffer line;
    buffer_init(&line, 16384);
    format_source(source->account_id, source->region_id, source->edition, status->scope, &line);
    bool ok = buffer_ok(&line, "the heading", err);
    (void)printf("%s%s\n", context->count > 0 ? "\n" : "", line.data);
    buffer_free(&line);
    return ok;
}

static bool print_for_people(const struct store_status *status, const struct status *context,
                             struct error *err)
{
    char jobs[FORMAT_COUNT_SIZE], open[FORMAT_COUNT_SIZE], missing[FORMAT_COUNT_SIZE];
    format_count(status->jobs, jobs);
    format_count(status->open_jobs, open);
    format_count(status->missing_jobs, missing);
    if (!print_heading(status, context, err)) {
        return false;
    }
    (void)printf("  %-16s %s, %s still open, %s no longer listed\n", "jobs", jobs, open, missing);
    print_line("watermark", status->watermark, context->now);
    print_line("last full scan", status->full_walk_at, context->now);
    print_line("last proved", status->last_proved_at, context->now);
    (void)printf("  %-16s %s\n", "complete",
                 status->proved                                        ? "proved"
                 : status->scope[0] == '\0' && status->note[0] != '\0' ? status->note
                 : status->last_proved_at == 0                         ? "never proved"
                                               : "NOT proved: the next sync is a full scan");
    const struct store_run *run = &status->last_run;
    if (run->run_id == 0) {
        return true;
    }
    bool has_evidence = run->proof_detail[0] != '\0';
    (void)printf("  %-16s %" PRId64 ": %s, %s%s\n", "last run", run->run_id,
                 store_run_mode_name(run->mode), store_run_outcome_name(run->outcome),
                 !has_evidence ? ""
                 : run->proved ? ", proved"
                               : ", unproved");
    return (run->error[0] == '\0' || print_escaped("last error", run->error, err)) &&
           (!context->verbose || !has_evidence || print_evidence(run->proof_detail, err));
}

/* 0 is "never", which is null. */
static void add_time(struct buffer *json, const char *name, int64_t when)
{
    json_put_number(json, name, when, when != 0);
}

static void add_age(struct buffer *json, const char *name, int64_t when, int64_t now)
{
    json_put_number(json, name, now > when ? now - when : 0, when != 0);
}

static void add_json(const struct store_status *status, struct status *context)
{
    struct buffer *json = context->json;
    const struct store_run *run = &status->last_run;
    buffer_puts(json, context->count > 0 ? ",{" : "{");
    json_put_text(json, "account_id", status->source.account_id);
    json_put_text(json, "region_id", status->source.region_id);
    json_put_text(json, "edition", status->source.edition);
    json_put_text(json, "scope", status->scope);
    json_put_number(json, "jobs", status->jobs, true);
    json_put_number(json, "open_jobs", status->open_jobs, true);
    json_put_number(json, "missing_jobs", status->missing_jobs, true);
    add_time(json, "watermark", status->watermark);
    add_time(json, "full_walk_at", status->full_walk_at);
    add_time(json, "last_proved_at", status->last_proved_at);
    add_time(json, "last_success_at", status->last_success_at);
    add_age(json, "seconds_since_proved", status->last_proved_at, context->now);
    add_age(json, "seconds_since_success", status->last_success_at, context->now);
    add_age(json, "seconds_since_full_walk", status->full_walk_at, context->now);
    json_put_text(json, "proof", status->proved ? "proved" : "unproved");
    json_put_text(json, "note", status->note[0] != '\0' ? status->note : NULL);
    if (run->run_id != 0) {
        json_put_number(json, "last_run_id", run->run_id, true);
        json_put_text(json, "last_mode", store_run_mode_name(run->mode));
        json_put_text(json, "last_outcome", store_run_outcome_name(run->outcome));
        json_put_text(json, "last_error", run->error);
    }
    buffer_putc(json, '}');
}

/* --- freshness ----------------------------------------------------------------------------- */

static void tell_stale(const struct store_status *status, struct status *context, const char *why)
{
    struct error err;
    char subject[3 * STORE_NAME_MAX];
    (void)snprintf(subject, sizeof(subject), "%s %s %s", status->source.account_id,
                   status->source.region_id, status->source.edition);
    error_set(&err, ERROR_UNPROVED, "%s", why);
    log_error_about(subject, &err);
    context->stale++;
}

/* Whether a source as a whole was proved within max_age and nothing unproved was stored since. What
 * was only imported nothing lists, so nothing can prove it. */
static void check_age(const struct store_status *status, struct status *context)
{
    char age[FORMAT_AGE_SIZE], why[64];
    int64_t age_seconds = context->now - status->last_proved_at;
    if (context->max_age < 0 || status->imported || status->scope[0] != '\0') {
        return;
    }
    context->checked++;
    if (status->note[0] != '\0') {
        tell_stale(status, context, status->note);
    } else if (!status->proved) {
        tell_stale(status, context, "not proved complete");
    } else if (age_seconds > context->max_age) {
        format_age(age_seconds, age);
        (void)snprintf(why, sizeof(why), "last proved complete %s ago", age);
        tell_stale(status, context, why);
    }
}

static bool visit(const struct store_status *status, void *context, struct error *err)
{
    struct status *state = context;
    if (state->json != NULL) {
        add_json(status, state);
    } else if (!print_for_people(status, state, err)) {
        return false;
    }
    check_age(status, state);
    state->count++;
    return state->json == NULL || buffer_ok(state->json, "the status", err);
}

/* A database without a source proves nothing. */
static bool is_fresh(const struct status *state)
{
    return state->checked > 0 && state->stale == 0;
}

/* ERROR_UNPROVED when something is older than max_age (-1: not asked for). */
static bool show(struct store *store, bool as_json, bool verbose, int64_t max_age,
                 struct error *err)
{
    struct buffer json;
    struct status state = {.now = clock_now(), .verbose = verbose, .max_age = max_age};
    buffer_init(&json, JSON_MAX);
    if (as_json) {
        state.json = &json;
        buffer_printf(&json, "{\"schema_version\":%d,\"sources\":[", store_schema_version(store));
    }
    bool ok = store_status_each(store, visit, &state, err);
    if (ok && as_json) {
        buffer_puts(&json, "]");
        if (max_age >= 0) {
            buffer_printf(&json, ",\"max_age_seconds\":%" PRId64 ",\"fresh\":%s", max_age,
                          is_fresh(&state) ? "true" : "false");
        }
        buffer_puts(&json, "}\n");
        ok = buffer_ok(&json, "the status", err);
        (void)fwrite(json.data, 1, ok ? json.length : 0, stdout); /* checked at the end of main */
    } else if (ok && state.count == 0) {
        (void)printf("%s holds no source yet\n", store_path(store));
    }
    buffer_free(&json);
    if (!ok || max_age < 0 || is_fresh(&state)) {
        return ok;
    }
    if (state.checked == 0) {
        return error_set(err, ERROR_UNPROVED, "no source was ever synced");
    }
    return error_set(err, ERROR_UNPROVED,
                     "%zu of %zu sources were not proved within %" PRId64 " seconds", state.stale,
                     state.checked, max_age);
}

int cli_status(const char *database, int argc, char **argv)
{
    struct store *store = NULL;
    struct error err;
    bool json = false;
    bool verbose = false;
    int64_t max_age = -1;
    int status = 0;
    const struct cli_option options[] = {
        {"json", NULL, "print JSON", CLI_FLAG, &json, 0, 0},
        {"max-age", "DURATION", "exit 8 unless every source was proved so recently", CLI_DURATION,
         &max_age, 0, INT64_MAX},
        {"verbose", NULL, "print the evidence of the last run, too", CLI_FLAG, &verbose, 0, 0},
    };
    if (!cli_begin("status", options, sizeof(options) / sizeof(options[0]), argc, argv, &database,
                   NULL, &status)) {
        return status;
    }
    bool done = store_open(database, STORE_READ, &hbr_restore_job_model, &store, &err) &&
                show(store, json, verbose, max_age, &err);
    store_close(store);
    return done ? 0 : cli_fail(&err);
}
