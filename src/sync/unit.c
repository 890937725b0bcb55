#include "sync/unit.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "hbr/restore_job.h"
#include "sync/lane.h"
#include "sync/lanes.h"

int64_t unit_new_set(struct unit *unit)
{
    return ++unit->next_set;
}

static void add_sentence(struct buffer *buffer, const char *format, va_list args)
    __attribute__((format(printf, 2, 0)));

/* What no longer fits is cut: a note must never stop a sync. */
static void add_sentence(struct buffer *buffer, const char *format, va_list args)
{
    char sentence[512];
    if (vsnprintf(sentence, sizeof(sentence), format, args) < 0) {
        return;
    }
    size_t room = buffer->maximum - buffer->length;
    if (strlen(sentence) + 2 <= room) {
        buffer_printf(buffer, "%s%s", buffer->length > 0 ? "; " : "", sentence);
    }
}

void unit_note(struct unit *unit, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    add_sentence(&unit->proof, format, args);
    va_end(args);
}

int64_t unit_arrivals(const struct unit *unit)
{
    return unit->run.inserted + unit->run.returned;
}

void unit_warn(struct unit *unit, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    add_sentence(&unit->warning, format, args);
    va_end(args);
}

bool unit_may_ask(const struct unit *unit, struct error *err)
{
    int64_t limit = unit->settings->max_requests;
    struct acs_client_counters now = acs_client_counters(unit->service->client);
    uint64_t asked = (uint64_t)unit->settings->requests_made + now.requests +
                     acs_client_pending(unit->service->client);
    if (limit > 0 && asked >= (uint64_t)limit) {
        return error_set(err, ERROR_UNPROVED, "stopped after %" PRId64 " requests (--max-requests)",
                         limit);
    }
    return true;
}

static void unit_init(struct unit *unit, int64_t run_id, int64_t now)
{
    buffer_init(&unit->proof, sizeof(unit->run.proof) - 1);
    buffer_init(&unit->warning, 511);
    unit->counters = acs_client_counters(unit->service->client);
    unit->writer = (struct store_writer){.run_id = run_id, .now = now};
    unit->seen = unit_new_set(unit);
    unit->run.run_id = run_id;
    unit->run.started_at = now;
    unit->run.total_count = -1;
    unit->run.local_count = -1;
    unit->run.outcome = RUN_RUNNING;
    unit->run.mode = unit->spec->filter_count > 0 ? RUN_FULL : RUN_DELTA;
    (void)text_fit(unit->run.scope, sizeof(unit->run.scope), unit->spec->scope);
}

/* The run's row is there before the first request, so that a run that dies leaves a trace. A unit
 * that failed leaves sets of ids behind, whose numbers come again. */
static bool unit_open(struct unit *unit, struct error *err)
{
    const struct sync_unit_spec *spec = unit->spec;
    if (!store_seen_reset(unit->store, err) || !store_begin(unit->store, err)) {
        return false;
    }
    if (!store_source_open(unit->store, spec->account_id, spec->region_id, spec->edition,
                           &unit->source, err)) {
        store_rollback(unit->store);
        return false;
    }
    unit->writer.source_id = unit->source.source_id;
    unit->run.source_id = unit->source.source_id;
    if (!store_run_begin(unit->store, &unit->run, err) || !store_commit(unit->store, err)) {
        store_rollback(unit->store);
        return false;
    }
    return true;
}

static void take_counters(struct unit *unit)
{
    struct acs_client_counters now = acs_client_counters(unit->service->client);
    unit->run.requests = (int64_t)(now.requests - unit->counters.requests);
    unit->run.retries = (int64_t)(now.retries - unit->counters.retries);
    unit->run.throttled = (int64_t)(now.throttled - unit->counters.throttled);
}

static bool count_rows(struct unit *unit, struct error *err)
{
    const char *type = unit->spec->restore_type;
    return store_job_count(unit->store, unit->source.source_id, type, &unit->run.local_count,
                           err) &&
           store_job_count_open(unit->store, unit->source.source_id, type, &unit->run.open_jobs,
                                err);
}

/* Closes the run's row. What went wrong before is worth more than what goes wrong here. */
static void unit_close(struct unit *unit, struct sync_unit_result *result)
{
    struct error close_error;
    error_clear(&close_error);
    take_counters(unit);
    unit->run.finished_at = clock_now();
    (void)text_fit(unit->run.proof, sizeof(unit->run.proof), unit->proof.data);
    (void)text_fit(unit->run.error, sizeof(unit->run.error), result->error.message);
    store_rollback(unit->store);
    bool ok = store_begin(unit->store, &close_error) && count_rows(unit, &close_error) &&
              store_source_save(unit->store, &unit->source, &close_error) &&
              store_run_end(unit->store, &unit->run, &close_error) &&
              store_commit(unit->store, &close_error);
    if (!ok) {
        store_rollback(unit->store);
        if (result->error.code == ERROR_NONE) {
            result->error = close_error;
            unit->run.outcome = RUN_FAILED;
            unit->run.proved = false;
        }
    }
}

static enum store_run_outcome outcome_of(const struct unit *unit, const struct error *err)
{
    switch (err->code) {
    case ERROR_NONE:
        return unit->run.outcome == RUN_SKIPPED ? RUN_SKIPPED : RUN_DONE;
    case ERROR_UNPROVED:
        return RUN_UNPROVED;
    case ERROR_INTERRUPTED:
        return RUN_INTERRUPTED;
    default:
        return RUN_FAILED;
    }
}

/* A region without the service has no jobs, and nobody asked for that region by name. Where jobs
 * are stored it is an error like any other. */
static bool forgive_inactive(struct unit *unit, bool *ret_proved, struct error *err)
{
    int64_t stored = 0;
    if (!unit->settings->skip_inactive || strcmp(err->api_code, "ServiceNotActivated") != 0) {
        return false;
    }
    store_rollback(unit->store);
    if (!store_job_count(unit->store, unit->source.source_id, unit->spec->restore_type, &stored,
                         err)) {
        return false;
    }
    if (stored > 0) {
        return error_hint(err, "Jobs of this region are stored. If Cloud Backup was given up here, "
                               "name the other regions with --region.");
    }
    unit_warn(unit, "Cloud Backup is not activated in this region, which was skipped");
    error_clear(err);
    *ret_proved = true;
    return lanes_skip(unit, err);
}

/* Whether the run can go on with other units after this error. */
static bool can_go_on(enum error_code code)
{
    return code == ERROR_NONE || code == ERROR_UNPROVED || code == ERROR_SERVICE ||
           code == ERROR_CREDENTIALS;
}

bool sync_unit(struct store *store, const struct hbr_service *service,
               const struct sync_settings *settings, const struct sync_progress *progress,
               int64_t run_id, const struct sync_unit_spec *spec,
               struct sync_unit_result *ret_result)
{
    struct unit unit = {.store = store,
                        .service = service,
                        .settings = settings,
                        .progress = progress,
                        .spec = spec};
    memset(ret_result, 0, sizeof(*ret_result));
    unit_init(&unit, run_id, clock_now());
    bool opened = unit_open(&unit, &ret_result->error);
    if (opened) {
        bool proved = false;
        bool ran = lanes_run(&unit, &proved, &ret_result->error) ||
                   forgive_inactive(&unit, &proved, &ret_result->error);
        if (ran && !proved) {
            error_set(&ret_result->error, ERROR_UNPROVED,
                      "stored, but it could not be proved that nothing is missing");
            error_hint(&ret_result->error,
                       spec->filter_count > 0
                           ? "What the filters select changed while it was read; run it again."
                           : "The next sync walks everything again; see `hbrsync status`.");
        }
        unit.run.outcome = outcome_of(&unit, &ret_result->error);
        unit.run.proved = ret_result->error.code == ERROR_NONE;
        unit_close(&unit, ret_result);
    } else {
        unit.run.outcome = outcome_of(&unit, &ret_result->error);
    }
    ret_result->run = unit.run;
    (void)text_fit(ret_result->warning, sizeof(ret_result->warning), unit.warning.data);
    buffer_free(&unit.proof);
    buffer_free(&unit.warning);
    return can_go_on(ret_result->error.code);
}
