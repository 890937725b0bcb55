#include "cli/sync_metrics.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/text.h"
#include "hbr/restore_job.h"
#include "store/query.h"
#include "store/state.h"

#define METRICS_MAX (16U * 1024 * 1024)
#define METRICS_MODE 0644
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define SUCCESS "last_success_timestamp_seconds"

/* A gauge that is a member of a run or of a source's status. */
struct gauge {
    const char *name, *help;
    size_t offset;
    bool is_flag; /* a bool; else an int64_t */
};

/* The sources as the database knows them. */
struct stored {
    struct store *store; /* NULL: it could not be opened */
    struct store_status *sources;
    size_t count;
};

/* --- the text format ----------------------------------------------------------------------- */

static void begin(struct buffer *text, const char *name, const char *help)
{
    buffer_printf(text, "# HELP hbrsync_%s %s\n# TYPE hbrsync_%s gauge\n", name, help, name);
}

/* Inside the quotes, backslash, quote and line end are escaped; all else stays. */
static void add_label(struct buffer *text, const char *name, const char *value, size_t length)
{
    if (text->length > 0 && text->data[text->length - 1] != '{') {
        buffer_putc(text, ',');
    }
    buffer_printf(text, "%s=\"", name);
    size_t size = 1;
    for (size_t i = 0; i < length; i += size) {
        uint32_t code_point = 0;
        size = text_utf8_length(value + i, length - i, &code_point);
        if (size == 0 || code_point == 0) {
            size = 1;
            buffer_putc(text, '?'); /* the format is UTF-8 */
        } else if (code_point == '\n') {
            buffer_puts(text, "\\n");
        } else {
            buffer_puts(text, code_point == '\\' || code_point == '"' ? "\\" : "");
            buffer_append(text, value + i, size);
        }
    }
    buffer_putc(text, '"');
}

static void begin_labels(struct buffer *text, const char *name, const char *const labels[3])
{
    buffer_printf(text, "hbrsync_%s{", name);
    add_label(text, "account_id", labels[0], strlen(labels[0]));
    add_label(text, "region_id", labels[1], strlen(labels[1]));
    add_label(text, "edition", labels[2], strlen(labels[2]));
}

static void end_sample(struct buffer *text, int64_t value)
{
    buffer_printf(text, "} %" PRId64 "\n", value);
}

static void add_sample(struct buffer *text, const struct gauge *gauge, const char *const labels[3],
                       const char *scope, const void *record)
{
    const char *member = (const char *)record + gauge->offset;
    int64_t value = 0;
    bool flag = false;
    memcpy(gauge->is_flag ? (void *)&flag : &value, member,
           gauge->is_flag ? sizeof(flag) : sizeof(value));
    begin_labels(text, gauge->name, labels);
    add_label(text, "scope", scope, strlen(scope));
    end_sample(text, gauge->is_flag ? flag : value);
}

static void add_plain(struct buffer *text, const char *name, const char *help, int64_t value)
{
    begin(text, name, help);
    buffer_printf(text, "hbrsync_%s %" PRId64 "\n", name, value);
}

/* --- the run ------------------------------------------------------------------------------- */

static void add_rows(struct buffer *text, const struct sync_summary *summary,
                     const struct gauge *gauge)
{
    begin(text, gauge->name, gauge->help);
    for (size_t i = 0; i < summary->count; i++) {
        const struct sync_summary_row *row = &summary->rows[i];
        const char *const labels[] = {row->account_id, row->region_id, row->edition};
        if (row->region_id[0] != '\0') { /* a profile has no source */
            add_sample(text, gauge, labels, row->result.run.scope, &row->result.run);
        }
    }
}

static void add_run(struct buffer *text, const struct sync_metrics *metrics)
{
    const struct sync_summary *summary = metrics->summary;
    begin(text, "build_info", "The version of hbrsync.");
    buffer_puts(text, "hbrsync_build_info{version=\"" HBRSYNC_VERSION "\"} 1\n");
    add_plain(text, "last_run_timestamp_seconds", "When the last sync ended, UNIX time.",
              metrics->ended_at);
    begin(text, "last_run_duration_seconds", "How long the last sync took.");
    buffer_printf(text, "hbrsync_last_run_duration_seconds %" PRId64 ".%03d\n",
                  metrics->milliseconds / 1000, (int)(metrics->milliseconds % 1000));
    add_plain(text, "last_run_exit_code", "The exit code of the last sync, 0 is done and proved.",
              metrics->exit_status);
    add_plain(text, "last_run_requests", "Requests that the last sync sent, retries included.",
              summary->requests);
    add_plain(text, "last_run_retries", "Requests that the last sync sent again.",
              metrics->retries);
    add_plain(text, "last_run_throttled", "Answers of the last sync that throttled it.",
              metrics->throttled);
    static const struct gauge gauges[] = {
        {"last_run_proved", "Whether the last sync of the scope was proved complete.",
         offsetof(struct store_run, proved), true},
        {"last_run_inserted_rows", "Jobs that the last sync added.",
         offsetof(struct store_run, inserted), false},
        {"last_run_updated_rows", "Jobs that the last sync changed.",
         offsetof(struct store_run, updated), false},
        {"last_run_missing_rows", "Jobs that the last sync found to be no longer listed.",
         offsetof(struct store_run, missing), false},
    };
    for (size_t i = 0; summary->count > 0 && i < COUNT(gauges); i++) {
        add_rows(text, summary, &gauges[i]);
    }
}

/* --- the last success ---------------------------------------------------------------------- */

/* The value in the text of an earlier file, -1 when there is none. */
static int64_t parse_success(const char *text)
{
    static const char start[] = "\nhbrsync_" SUCCESS " ";
    char value[24];
    int64_t success_at = -1;
    const char *found = strstr(text, start);
    if (found == NULL) {
        return -1;
    }
    found += sizeof(start) - 1;
    size_t length = strcspn(found, "\n");
    if (length >= sizeof(value)) {
        return -1;
    }
    memcpy(value, found, length);
    value[length] = '\0';
    return text_to_int64(value, 0, INT64_MAX, &success_at) ? success_at : -1;
}

/* A sync that did not end with 0 leaves the value of the file that it replaces: an alarm watches
 * it. -1 when there is none. */
static int64_t find_success(const struct sync_metrics *metrics)
{
    struct stat status;
    struct error ignored;
    struct buffer old;
    if (metrics->exit_status == 0) {
        return metrics->ended_at;
    }
    if (strcmp(metrics->path, "-") == 0 || stat(metrics->path, &status) != 0 ||
        !S_ISREG(status.st_mode)) {
        return -1;
    }
    buffer_init(&old, METRICS_MAX);
    int64_t success_at =
        file_read(metrics->path, &old, NULL, &ignored) ? parse_success(old.data) : -1;
    buffer_free(&old);
    return success_at;
}

/* --- what is stored ------------------------------------------------------------------------ */

static bool keep_source(const struct store_status *status, void *context, struct error *err)
{
    struct stored *stored = context;
    struct store_status *sources = realloc(stored->sources, (stored->count + 1) * sizeof(*sources));
    if (sources == NULL) {
        return error_no_memory(err);
    }
    stored->sources = sources;
    sources[stored->count++] = *status;
    return true;
}

static void add_sources(struct buffer *text, const struct stored *stored, const struct gauge *gauge)
{
    begin(text, gauge->name, gauge->help);
    for (size_t i = 0; i < stored->count; i++) {
        const struct store_status *status = &stored->sources[i];
        const char *const labels[] = {status->source.account_id, status->source.region_id,
                                      status->source.edition};
        add_sample(text, gauge, labels, status->scope, status);
    }
}

static bool status_row(const struct cell *cells, size_t count, void *context, struct error *err)
{
    struct buffer *text = context;
    const char *const labels[] = {cells[0].text, cells[1].text, cells[2].text};
    (void)count;
    begin_labels(text, "jobs", labels);
    add_label(text, "status", cells[3].text, cells[3].length);
    end_sample(text, cells[4].integer);
    return buffer_ok(text, "the metrics", err);
}

/* A status is the service's text: an unknown one could be anything, a secret included, and there
 * could be any number of them. */
static bool add_statuses(struct buffer *text, struct store *store, struct error *err)
{
    const struct store_query query = {
        .sql = "SELECT s.account_id, s.region_id, s.edition, CASE WHEN j.status IN ('CREATED',"
               " 'QUEUED', 'RUNNING', 'CANCELING', 'COMPLETE', 'PARTIAL_COMPLETE', 'FAILED',"
               " 'CANCELED', 'EXPIRED', 'CLIENT_DELETED') THEN j.status ELSE 'other' END, count(*)"
               " FROM restore_job AS j JOIN sync_source AS s ON s.source_id = j.source_id"
               " WHERE j.missing_since IS NULL GROUP BY 1, 2, 3, 4",
        .what = "count the jobs"};
    const struct store_rows rows = {.row = status_row, .context = text};
    begin(text, "jobs", "Stored jobs that the service lists.");
    return store_query_run(store, &query, &rows, err);
}

static bool success_row(const struct cell *cells, size_t count, void *context, struct error *err)
{
    (void)count;
    (void)err;
    *(int64_t *)context = cells[0].integer;
    return true;
}

/* What the runs on record tell: the end of the last one before this whose every source was done or
 * rightly skipped. A profile that could not be used leaves no record. */
static bool query_success(const struct sync_metrics *metrics, struct store *store,
                          int64_t *ret_success_at, struct error *err)
{
    const struct store_parameter run_id = {
        ":run_id", {.kind = CELL_INTEGER, .integer = metrics->summary->run_id}};
    const struct store_query query = {
        .sql = "SELECT coalesce(max(ended), 0) FROM (SELECT max(finished_at) AS ended FROM sync_run"
               " WHERE mode <> 'import' AND run_id <> :run_id GROUP BY run_id"
               " HAVING total(outcome NOT IN ('done', 'skipped')) = 0)",
        .what = "read the runs",
        .parameters = &run_id,
        .parameter_count = 1};
    const struct store_rows rows = {.row = success_row, .context = ret_success_at};
    return store_query_run(store, &query, &rows, err);
}

static bool add_stored(struct buffer *text, struct stored *stored, struct error *err)
{
    if (!store_status_each(stored->store, keep_source, stored, err)) {
        return false;
    }
    add_plain(text, "schema_version", "The version of the database's schema.",
              store_schema_version(stored->store));
    static const struct gauge gauges[] = {
        {"source_proved", "Whether what is stored of the scope is proved complete.",
         offsetof(struct store_status, proved), true},
        {"source_last_proved_timestamp_seconds",
         "When the scope was last proved complete, UNIX time, 0 never.",
         offsetof(struct store_status, last_proved_at), false},
        {"source_last_success_timestamp_seconds",
         "When a sync of the scope last ended well, UNIX time, 0 never.",
         offsetof(struct store_status, last_success_at), false},
        {"source_open_jobs", "Jobs that are not finished.",
         offsetof(struct store_status, open_jobs), false},
        {"source_missing_jobs", "Stored jobs that the service no longer lists.",
         offsetof(struct store_status, missing_jobs), false},
    };
    for (size_t i = 0; stored->count > 0 && i < COUNT(gauges); i++) {
        add_sources(text, stored, &gauges[i]);
    }
    return add_statuses(text, stored->store, err);
}

/* A database that cannot be read has been told about already; what it held is simply not here. */
static void add_database(struct buffer *text, const struct sync_metrics *metrics,
                         int64_t success_at)
{
    struct stored stored = {.store = NULL};
    struct error ignored;
    bool open =
        store_open(metrics->database, STORE_READ, &hbr_restore_job_model, &stored.store, &ignored);
    if (open) {
        store_ignore_signals(stored.store);
    }
    if (success_at >= 0 || (open && query_success(metrics, stored.store, &success_at, &ignored))) {
        add_plain(text, SUCCESS, "When a sync last ended done and proved, UNIX time, 0 never.",
                  success_at);
    }
    size_t before = text->length;
    if (open && !add_stored(text, &stored, &ignored) && !text->failed) {
        text->length = before; /* a part of it could mislead */
        text->data[before] = '\0';
    }
    free(stored.sources);
    store_close(stored.store);
}

bool sync_metrics_write(const struct sync_metrics *metrics, struct error *err)
{
    struct buffer text;
    buffer_init(&text, METRICS_MAX);
    add_run(&text, metrics);
    add_database(&text, metrics, find_success(metrics));
    bool ok = buffer_ok(&text, "the metrics", err) &&
              file_replace(metrics->path, METRICS_MODE, text.data, text.length, err);
    buffer_free(&text);
    return ok;
}
