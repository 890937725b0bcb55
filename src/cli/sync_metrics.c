#include "cli/sync_metrics.h"

#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/text.h"
#include "cli/query.h"
#include "hbr/restore_job.h"

#define METRICS_MAX (16U * 1024 * 1024)
#define METRICS_MODE 0644
#define METRIC_NAME_SIZE 64
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define SUCCESS "last_success_timestamp_seconds"

/* The columns of sql/queries/metrics.sql between the help and the value. */
static const char *const label_names[] = {"account_id", "region_id", "edition",
                                          "scope",      "status",    "vault_id"};

struct page {
    struct buffer text;
    struct buffer database; /* the labels that every sample begins with: which database it is */
    int64_t success_at;     /* when a sync last ended with 0, UNIX seconds; -1 unknown */
    char name[METRIC_NAME_SIZE]; /* of the metric that was described last */
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

/* A metric is described before its first sample. Labels may be added before the end of a sample. */
static void begin_sample(struct page *page, const char *name, const char *help)
{
    struct buffer *text = &page->text;
    if (strcmp(page->name, name) != 0) {
        (void)text_fit(page->name, sizeof(page->name), name);
        buffer_printf(text, "# HELP hbrsync_%s %s\n# TYPE hbrsync_%s gauge\n", name, help, name);
    }
    buffer_printf(text, "hbrsync_%s{%s", name, page->database.data);
}

/* --- the run ------------------------------------------------------------------------------- */

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
static int64_t find_success(const char *path, int exit_status)
{
    struct error ignored;
    struct buffer old;
    if (exit_status == 0) {
        return clock_now();
    }
    buffer_init(&old, METRICS_MAX);
    int64_t success_at = file_read(path, &old, NULL, &ignored) ? parse_success(old.data) : -1;
    buffer_free(&old);
    return success_at;
}

static void add_run(struct page *page, const struct sync_summary *summary, int exit_status)
{
    const struct {
        const char *name, *help;
        int64_t value;
    } samples[] = {
        {"last_run_timestamp_seconds", "When the last sync ended, UNIX time.", clock_now()},
        {"last_run_exit_code", "The exit code of the last sync, 0 is done and proved.",
         exit_status},
        {"last_run_requests", "Requests that the last sync sent, retries included.",
         summary->requests},
        {"last_run_retries", "Requests that the last sync sent again.", summary->retries},
        {"last_run_throttled", "Answers of the last sync that throttled it.", summary->throttled},
        {SUCCESS, "When a sync last ended done and proved, UNIX time, 0 never.", page->success_at},
    };
    begin_sample(page, "build_info", "The version of hbrsync.");
    buffer_puts(&page->text, ",version=\"" HBRSYNC_VERSION "\"} 1\n");
    begin_sample(page, "last_run_duration_seconds", "How long the last sync took.");
    buffer_printf(&page->text, "} %.3f\n", (double)summary->milliseconds / 1000.0);
    for (size_t i = 0; i < COUNT(samples); i++) {
        begin_sample(page, samples[i].name, samples[i].help);
        buffer_printf(&page->text, "} %" PRId64 "\n", samples[i].value);
    }
}

/* --- what is stored ------------------------------------------------------------------------ */

static bool take_database(const struct cell *cells, size_t count, void *context, struct error *err)
{
    struct page *page = context;
    struct buffer *labels = &page->database;
    (void)count;
    buffer_reset(labels);
    add_label(labels, "database", cells[0].text, cells[0].length);
    add_label(labels, "database_id", cells[1].text, cells[1].length);
    page->success_at = page->success_at < 0 ? cells[2].integer : page->success_at;
    return buffer_ok(labels, "the metrics", err);
}

static bool take_sample(const struct cell *cells, size_t count, void *context, struct error *err)
{
    struct page *page = context;
    begin_sample(page, cells[0].text, cells[1].text);
    for (size_t i = 0; i < COUNT(label_names); i++) {
        const struct cell *label = &cells[2 + i];
        if (label->kind == CELL_TEXT) {
            add_label(&page->text, label_names[i], label->text, label->length);
        }
    }
    buffer_printf(&page->text, "} %" PRId64 "\n", cells[count - 1].integer);
    return buffer_ok(&page->text, "the metrics", err);
}

/* What a database that cannot be read held is simply not here; why was told already. The label
 * alone would be the same for two databases of one name: where the database cannot be asked, its
 * path stands for its id. */
static bool fill(struct page *page, const char *database, const char *label, struct store *store,
                 const struct sync_summary *summary, int exit_status, struct error *err)
{
    const char *slash = strrchr(database, '/');
    const char *file_name = slash != NULL ? slash + 1 : database;
    const struct cell names[] = {text_cell(label != NULL ? label : file_name), text_cell(database),
                                 integer_cell(0)};
    const struct store_parameter parameters[] = {
        {":run_id", integer_cell(summary->run_id)},
        {":label", label != NULL ? names[0] : (struct cell){.kind = CELL_NULL}}};
    const struct store_rows identity = {.row = take_database, .context = page};
    const struct store_rows samples = {.row = take_sample, .context = page};
    struct error ignored;
    bool read =
        store != NULL && query_run(store, "metrics-database", parameters, 2, &identity, err);
    if (page->database.length == 0 && !take_database(names, COUNT(names), page, err)) {
        return false;
    }
    add_run(page, summary, exit_status);
    size_t before = page->text.length;
    if (!(read && query_run(store, "metrics", parameters, 2, &samples, &ignored)) &&
        !page->text.failed) {
        page->text.length = before; /* a part of it could mislead */
    }
    return buffer_ok(&page->text, "the metrics", err);
}

bool sync_metrics_write(const char *path, const char *database, const char *label,
                        const struct sync_summary *summary, int exit_status, struct error *err)
{
    struct page page = {.success_at = find_success(path, exit_status)};
    struct store *store = NULL;
    struct error ignored;
    buffer_init(&page.text, METRICS_MAX);
    buffer_init(&page.database, METRICS_MAX);
    if (store_open(database, STORE_READ, &hbr_restore_job_model, &store, &ignored)) {
        store_ignore_signals(store);
    }
    bool ok = fill(&page, database, label, store, summary, exit_status, err) &&
              file_replace(path, METRICS_MODE, page.text.data, page.text.length, err);
    store_close(store);
    buffer_free(&page.text);
    buffer_free(&page.database);
    return ok;
}
