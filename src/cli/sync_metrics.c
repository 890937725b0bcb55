#include "cli/sync_metrics.h"

#include <inttypes.h>
#include <stddef.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/text.h"
#include "hbr/restore_job.h"
#include "store/query.h"

#define METRICS_MAX (16U * 1024 * 1024)
#define METRICS_MODE 0644
#define LABELS_MAX 8
#define LABEL_NAME_MAX 16
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define SUCCESS "last_success_timestamp_seconds"
#define SUCCESS_HELP "When a sync last ended done and proved, UNIX time, 0 never."

struct page {
    struct buffer text;
    struct buffer database;  /* the labels that every sample begins with: which database it is */
    const char *name, *help; /* of the metric; no help once it was written */
    char names[LABELS_MAX][LABEL_NAME_MAX]; /* of its other labels */
    struct store_parameter parameters[3];   /* of every query */
};

/* A metric that is read from the database: a row a sample, the last column is the value and the
 * others are labels, named as they are. All are gauges. */
struct metric {
    const char *name, *help, *sql;
};

/* --- the text format ----------------------------------------------------------------------- */

/* Inside the quotes, backslash, quote and line end are escaped; all else stays. */
static void add_label(struct buffer *text, const char *name, const char *value, size_t length)
{
    buffer_printf(text, "%s%s=\"", text->length > 0 ? "," : "", name);
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

/* Copied, because SQLite's end when it prepares the statement again. */
static bool take_names(const char *const *names, size_t count, void *context, struct error *err)
{
    struct page *page = context;
    bool fit = count <= LABELS_MAX;
    for (size_t i = 0; fit && i + 1 < count; i++) {
        fit = text_fit(page->names[i], LABEL_NAME_MAX, names[i]);
    }
    return fit || error_set(err, ERROR_INTERNAL, "the labels of %s do not fit", page->name);
}

/* A row of a query as a sample; its metric is described before the first. */
static bool add_sample(const struct cell *cells, size_t count, void *context, struct error *err)
{
    struct page *page = context;
    struct buffer *text = &page->text;
    const struct cell *value = &cells[count - 1];
    if (page->help != NULL) {
        buffer_printf(text, "# HELP hbrsync_%s %s\n# TYPE hbrsync_%s gauge\n", page->name,
                      page->help, page->name);
        page->help = NULL;
    }
    buffer_printf(text, "hbrsync_%s{%s", page->name, page->database.data);
    for (size_t i = 0; i + 1 < count; i++) {
        bool is_text = cells[i].kind == CELL_TEXT;
        add_label(text, page->names[i], is_text ? cells[i].text : "",
                  is_text ? cells[i].length : 0);
    }
    if (value->kind == CELL_REAL) {
        buffer_printf(text, "} %.3f\n", value->real);
    } else {
        buffer_printf(text, "} %" PRId64 "\n", value->integer);
    }
    return buffer_ok(text, "the metrics", err);
}

static void add_plain(struct page *page, const char *name, const char *help, struct cell value)
{
    struct error ignored; /* the buffer remembers it */
    page->name = name;
    page->help = help;
    (void)add_sample(&value, 1, page, &ignored);
}

static void add_number(struct page *page, const char *name, const char *help, int64_t value)
{
    add_plain(page, name, help, integer_cell(value));
}

/* --- the run ------------------------------------------------------------------------------- */

static void add_run(struct page *page, const struct sync_metrics *metrics)
{
    buffer_printf(&page->text,
                  "# HELP hbrsync_build_info The version of hbrsync.\n"
                  "# TYPE hbrsync_build_info gauge\n"
                  "hbrsync_build_info{%s,version=\"" HBRSYNC_VERSION "\"} 1\n",
                  page->database.data);
    add_number(page, "last_run_timestamp_seconds", "When the last sync ended, UNIX time.",
               metrics->ended_at);
    add_plain(page, "last_run_duration_seconds", "How long the last sync took.",
              (struct cell){.kind = CELL_REAL, .real = (double)metrics->milliseconds / 1000.0});
    add_number(page, "last_run_exit_code", "The exit code of the last sync, 0 is done and proved.",
               metrics->exit_status);
    add_number(page, "last_run_requests", "Requests that the last sync sent, retries included.",
               metrics->summary->requests);
    add_number(page, "last_run_retries", "Requests that the last sync sent again.",
               metrics->retries);
    add_number(page, "last_run_throttled", "Answers of the last sync that throttled it.",
               metrics->throttled);
}

/* --- the last success ---------------------------------------------------------------------- */

/* The value in the text of an earlier file, -1 when there is none. */
static int64_t parse_success(char *text)
{
    static const char start[] = "\nhbrsync_" SUCCESS "{";
    int64_t success_at = -1;
    char *line = strstr(text, start);
    if (line == NULL) {
        return -1;
    }
    line[1 + strcspn(line + 1, "\n")] = '\0';
    const char *space = strrchr(line, ' ');
    return space != NULL && text_to_int64(space + 1, 0, INT64_MAX, &success_at) ? success_at : -1;
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

#define SOURCE "SELECT account_id, region_id, edition, "
#define OF_RUN " FROM sync_run JOIN sync_source USING (source_id) WHERE run_id = :run_id"
#define OF_SOURCES " FROM v_sync_health WHERE retired_utc IS NULL"

/*
 * Of sources that are not retired. What has not happened yet is 0, and not left out: a rule on a
 * series that appears with its first event misses that. Statuses and vaults are the service's
 * texts: an unknown one could be anything, a secret included, and there could be any number of
 * them.
 */
static const struct metric metrics_stored[] = {
    /* What the file before does not tell, the runs on record do: the end of the last one before
     * this whose every source was done or rightly skipped. A profile that could not be used leaves
     * none.
     */
    {SUCCESS, SUCCESS_HELP,
     "SELECT iif(:success >= 0, :success, coalesce(max(ended), 0)) FROM (SELECT max(finished_at)"
     " AS ended FROM sync_run WHERE mode <> 'import' AND run_id <> :run_id GROUP BY run_id"
     " HAVING total(outcome NOT IN ('done', 'skipped')) = 0)"},
    {"last_run_proved", "Whether the last sync of the scope was proved complete.",
     SOURCE "scope, proof = 'proved'" OF_RUN},
    {"last_run_inserted_rows", "Jobs that the last sync added.", SOURCE "scope, inserted" OF_RUN},
    {"last_run_updated_rows", "Jobs that the last sync changed.", SOURCE "scope, updated" OF_RUN},
    {"last_run_missing_rows", "Jobs that the last sync found to be no longer listed.",
     SOURCE "scope, missing" OF_RUN},
    {"schema_version", "The version of the database's schema.",
     "SELECT user_version FROM pragma_user_version"},
    {"source_proved", "Whether what is stored of the scope is proved complete.",
     SOURCE "scope, proved" OF_SOURCES},
    {"source_last_proved_timestamp_seconds",
     "When the scope was last proved complete, UNIX time, 0 never.",
     SOURCE "scope, coalesce(CAST(strftime('%s', last_proved_utc) AS INTEGER), 0)" OF_SOURCES},
    {"source_last_success_timestamp_seconds",
     "When a sync of the scope last ended well, UNIX time, 0 never.",
     SOURCE "scope, coalesce(CAST(strftime('%s', last_success_utc) AS INTEGER), 0)" OF_SOURCES},
    {"source_open_jobs", "Jobs that are not finished.", SOURCE "scope, open_jobs" OF_SOURCES},
    {"source_missing_jobs", "Stored jobs that the service no longer lists.",
     SOURCE "scope, missing_jobs" OF_SOURCES},
    {"source_oldest_open_job_age_seconds",
     "How long ago the oldest job that is not finished was created, 0 when there is none.",
     SOURCE "coalesce(age, 0) FROM sync_source LEFT JOIN (" SOURCE "max(age_seconds) AS age"
            " FROM v_restore_open GROUP BY 1, 2, 3) USING (account_id, region_id, edition)"
            " WHERE retired_at IS NULL"},
    {"jobs", "Stored jobs that the service lists.",
     "WITH known(status) AS (VALUES ('CREATED'), ('QUEUED'), ('RUNNING'), ('CANCELING'),"
     " ('COMPLETE'), ('PARTIAL_COMPLETE'), ('FAILED'), ('CANCELED'), ('EXPIRED'),"
     " ('CLIENT_DELETED'), ('other')), job AS (SELECT source_id, CASE WHEN status IN known"
     " THEN status ELSE 'other' END AS status, count(*) AS jobs FROM restore_job"
     " WHERE missing_since IS NULL GROUP BY 1, 2) " SOURCE "status, coalesce(jobs, 0)"
     " FROM sync_source JOIN known LEFT JOIN job USING (source_id, status)"
     " WHERE retired_at IS NULL"},
    {"vault_last_success_timestamp_seconds",
     "When a restore from the vault last succeeded, UNIX time, 0 never.",
     /* Materialized, because SQLite reads all parts of a job that it groups. */
     "WITH job AS MATERIALIZED (SELECT source_id, CASE WHEN vault_id GLOB 'v-*'"
     " AND length(vault_id) < 65 AND vault_id NOT GLOB '*[^A-Za-z0-9_-]*' THEN vault_id"
     " ELSE 'other' END AS vault_id, CASE outcome WHEN 'succeeded' THEN complete_time END AS done"
     " FROM v_restore_job WHERE vault_id <> '' AND is_top_level)"
     " SELECT account_id, region_id, vault_id, coalesce(max(done), 0) FROM job JOIN sync_source"
     " USING (source_id) WHERE retired_at IS NULL GROUP BY 1, 2, 3 ORDER BY 4 LIMIT 1000"},
};

static bool add_query(struct page *page, struct store *store, const struct metric *metric,
                      struct error *err)
{
    const struct store_rows rows = {.columns = take_names, .row = add_sample, .context = page};
    const struct store_query query = {.sql = metric->sql,
                                      .what = metric->name,
                                      .parameters = page->parameters,
                                      .parameter_count = COUNT(page->parameters)};
    page->name = metric->name;
    page->help = metric->help;
    return store_query_run(store, &query, &rows, err);
}

/* --- which database ------------------------------------------------------------------------ */

static bool take_database(const struct cell *cells, size_t count, void *context, struct error *err)
{
    struct buffer *labels = context;
    (void)count;
    buffer_reset(labels);
    add_label(labels, "database", cells[0].text, cells[0].length);
    add_label(labels, "database_id", cells[1].text, cells[1].length);
    return buffer_ok(labels, "the metrics", err);
}

/* The label alone would be the same for two databases of one name. Where the database cannot be
 * asked, its path stands for its id. */
static bool name_database(struct page *page, const struct sync_metrics *metrics,
                          struct store *store, struct error *err)
{
    const char *path = metrics->database;
    const char *slash = strrchr(path, '/');
    const char *label = metrics->label != NULL ? metrics->label : slash != NULL ? slash + 1 : path;
    const struct cell cells[] = {text_cell(label), text_cell(path)};
    const struct store_query query = {
        .sql = "SELECT iif(:label = '', label, :label), database_id FROM sync_database LIMIT 1",
        .what = "read the label",
        .parameters = page->parameters,
        .parameter_count = COUNT(page->parameters)};
    const struct store_rows rows = {.row = take_database, .context = &page->database};
    struct error ignored;
    return take_database(cells, COUNT(cells), &page->database, err) &&
           (store == NULL || store_query_run(store, &query, &rows, &ignored) ||
            !page->database.failed);
}

/* What a database that cannot be read held is simply not here; why was told already. */
static void add_database(struct page *page, struct store *store, int64_t success_at)
{
    struct error ignored;
    if (store == NULL || !add_query(page, store, &metrics_stored[0], &ignored)) {
        add_number(page, SUCCESS, SUCCESS_HELP, success_at > 0 ? success_at : 0);
    }
    size_t before = page->text.length;
    bool ok = store != NULL;
    for (size_t i = 1; ok && i < COUNT(metrics_stored); i++) {
        ok = add_query(page, store, &metrics_stored[i], &ignored);
    }
    if (!ok && !page->text.failed) {
        page->text.length = before; /* a part of it could mislead */
        page->text.data[before] = '\0';
    }
}

bool sync_metrics_write(const struct sync_metrics *metrics, struct error *err)
{
    int64_t success_at = find_success(metrics);
    struct page page = {
        .parameters = {{":run_id", integer_cell(metrics->summary->run_id)},
                       {":success", integer_cell(success_at)},
                       {":label", text_cell(metrics->label != NULL ? metrics->label : "")}}};
    struct store *store = NULL;
    struct error ignored;
    buffer_init(&page.text, METRICS_MAX);
    buffer_init(&page.database, METRICS_MAX);
    if (store_open(metrics->database, STORE_READ, &hbr_restore_job_model, &store, &ignored)) {
        store_ignore_signals(store);
    }
    bool ok = name_database(&page, metrics, store, err);
    add_run(&page, metrics);
    add_database(&page, store, success_at);
    store_close(store);
    ok = ok && buffer_ok(&page.text, "the metrics", err) &&
         file_replace(metrics->path, METRICS_MODE, page.text.data, page.text.length, err);
    buffer_free(&page.text);
    buffer_free(&page.database);
    return ok;
}
