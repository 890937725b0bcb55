/* The command `import`: the same upsert as `sync`, from files of JSON values one after the other:
 * saved API answers, arrays of them or of jobs, or jobs. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/interrupt.h"
#include "base/json.h"
#include "base/safe_file.h"
#include "base/text.h"
#include "cli/cli.h"
#include "hbr/page.h"
#include "hbr/restore_job.h"
#include "output/format.h"
#include "output/log.h"
#include "store/job.h"
#include "store/state.h"

#define DOCUMENT_MAX (512U * 1024 * 1024)
#define BATCH_JOBS 1000
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define ODD_MAX 4096 /* bytes of what is no JSON */
#define TAKES_BACK "`hbrsync export --format ndjson` writes what import takes back."

struct import {
    const char *database;
    const char *account_id, *region, *edition;
    bool json, quiet, dry_run;
    struct store *store;
    struct store_writer writer;
    struct store_run run;
    struct store_run committed; /* its counts are of what is kept whatever happens */
    int64_t batch;              /* jobs in the transaction at hand */
    const char *file;
    int64_t line;        /* where the value at hand begins */
    int64_t seen_before; /* jobs of the files before this one */
    char rejected[256];  /* where the first entry without a usable RestoreId is */
};

static const char *file_name(const struct import *import)
{
    return strcmp(import->file, "-") == 0 ? "standard input" : import->file;
}

static bool commit(struct import *import, struct error *err)
{
    import->batch = 0;
    if (!store_commit(import->store, err)) {
        return false;
    }
    import->committed = import->run;
    return true;
}

static bool store_job(struct import *import, const struct record *job, struct error *err)
{
    struct store_put put;
    if (!store_job_put(import->store, &import->writer, job, &put, err)) {
        return false;
    }
    import->run.seen++;
    import->run.inserted += put.result == PUT_INSERTED;
    import->run.updated += put.result == PUT_UPDATED;
    import->run.unchanged += put.result == PUT_UNCHANGED;
    import->run.stale += put.result == PUT_STALE;
    if (++import->batch < BATCH_JOBS) {
        return true;
    }
    return commit(import, err) && store_begin(import->store, err);
}

/* Frees the value. */
static bool store_document(struct import *import, struct json_node *root, struct error *err)
{
    struct hbr_page page;
    const struct json_node *first = root->kind == JSON_ARRAY ? root->first : root;
    /* Rows of v_restore_job are not all of a job: they lack what is null and is of other types. */
    if (json_find(first, "restore_id")->kind != JSON_MISSING &&
        json_find(first, "RestoreId")->kind == JSON_MISSING) {
        json_free(root);
        error_set(err, ERROR_USAGE,
                  "rows with the columns of v_restore_job, not the API's own jobs");
        return error_hint(err, TAKES_BACK);
    }
    if (!hbr_page_import(root, &page, err)) {
        return false;
    }
    bool ok = true;
    if (page.rejected > 0 && import->rejected[0] == '\0') {
        (void)snprintf(import->rejected, sizeof(import->rejected), "%.200s line %" PRId64,
                       file_name(import), import->line);
    }
    for (size_t i = 0; ok && i < page.job_count; i++) {
        ok = store_job(import, &page.jobs[i], err) && interrupt_check(err);
    }
    import->run.pages++;
    import->run.rejected += (int64_t)page.rejected;
    import->run.unknown_fields += (int64_t)page.unknown;
    hbr_page_free(&page);
    return ok;
}

/* --- values one after the other ------------------------------------------------------------ */

/* How far a value is read. */
struct value_scan {
    size_t depth;
    int last; /* the byte before, of those that mean something; 0: none */
    bool in_string, is_escaped;
};

/* Whether the value ends with this byte, or the text can no longer be JSON, so that the reading of
 * a value that is cut does not go on in the next one. json_read tells what is wrong. */
static bool ends_value(struct value_scan *scan, int byte)
{
    bool wrong = false;
    if (scan->in_string) {
        wrong = byte < 0x20;
        scan->in_string = byte != '"' || scan->is_escaped;
        scan->is_escaped = byte == '\\' && !scan->is_escaped;
    } else if (byte == '{' || byte == '[' || byte == '"') {
        wrong = scan->last != 0 && strchr("{[,:", scan->last) == NULL;
        scan->in_string = byte == '"';
        scan->depth += byte != '"';
    } else if (byte == '}' || byte == ']') {
        scan->depth--;
    }
    scan->last = strchr(" \t\r\n", byte) != NULL && byte != '\0' ? scan->last : byte;
    return wrong || byte == '\0' || scan->depth == 0 || scan->depth > JSON_DEPTH_MAX;
}

/* Reads the next value, or what stands in its place up to the end of the line; nothing at the end
 * of the file. A byte order mark before it (at any place: files are put together) and white space
 * are passed over. */
static bool read_value(struct import *import, FILE *file, struct buffer *text, int64_t *line,
                       struct error *err)
{
    static const char mark[] = "\xEF\xBB\xBF";
    struct value_scan scan = {.depth = 0};
    int byte;
    bool ended = false;
    buffer_reset(text);
    while (!ended && !text->failed && (byte = getc_unlocked(file)) != EOF) {
        *line += byte == '\n';
        if (text->length == 0 && byte != '\0' && strchr(" \t\r\n\x1e", byte) != NULL) {
            continue;
        }
        if (text->length == 0) {
            import->line = *line;
        }
        buffer_putc(text, (char)byte);
        bool is_json = text->data[0] == '{' || text->data[0] == '[';
        ended = is_json ? ends_value(&scan, byte) : byte == '\n' || text->length == ODD_MAX;
        if (text->length == 3 && memcmp(text->data, mark, 3) == 0) {
            buffer_reset(text);
        }
    }
    if (ended && scan.depth > 0 && text->length > 1 && text->data[text->length - 2] == '\n') {
        text->data[--text->length] = '\0'; /* what is wrong is the line before */
    }
    if (ferror(file) != 0) { /* a signal ends a read with an error of its own */
        int why = errno;
        return interrupt_check(err) && error_set_errno(err, ERROR_USAGE, why, "cannot read");
    }
    bool ok = buffer_ok(text, "a JSON value", err);
    err->code = !ok && text->too_long ? ERROR_USAGE : err->code; /* the text is the user's */
    return ok;
}

/* --- what else people bring ---------------------------------------------------------------- */

static const struct {
    const char *start, *what, *command; /* that makes JSON of it, NULL: none */
} other_files[] = {
    {"", "text in UTF-16", "iconv -f UTF-16LE -t UTF-8"}, /* without a mark */
    {"\xFF\xFE", "text in UTF-16", "iconv -f UTF-16 -t UTF-8"},
    {"\xFE\xFF", "text in UTF-16", "iconv -f UTF-16 -t UTF-8"},
    {"\x1F\x8B", "compressed with gzip", "gzip -dc"},
    {"BZh", "compressed with bzip2", "bzip2 -dc"},
    {"\xFD\x37zXZ", "compressed with xz", "xz -dc"},
    {"\x28\xB5\x2F\xFD", "compressed with zstd", "zstd -dc"},
    {"PK\x03\x04", "a ZIP archive", "unzip -p"},
    {"SQLite format 3", "an SQLite database", "hbrsync export --db"},
    {"restore_id", "a table (CSV)", NULL},
    {"\"restore_id\"", "a table (CSV)", NULL},
    {"> 20", "a trace of hbrsync, which shortens answers", NULL},
    {"<", "XML or HTML", NULL},
};

/* Names a file that is something else, by its first bytes. */
static void tell_kind(const struct buffer *text, struct error *err)
{
    bool is_json = text->data[0] == '{' || text->data[0] == '[';
    size_t i = is_json && text->length > 1 && text->data[1] == '\0' ? 0 : 1;
    while (i > 0 && i < COUNT(other_files) && !text_starts_with(text->data, other_files[i].start)) {
        i++;
    }
    if (i < COUNT(other_files)) {
        error_set(err, ERROR_USAGE, "not JSON but %s", other_files[i].what);
        (void)(other_files[i].command == NULL
                   ? error_hint(err, TAKES_BACK)
                   : error_hint(err, "Try: %s FILE | hbrsync import -", other_files[i].command));
    }
}

static bool import_stream(struct import *import, FILE *file, struct buffer *text, struct error *err)
{
    int64_t line = 1;
    for (bool is_first = true; read_value(import, file, text, &line, err); is_first = false) {
        struct json_node *root = NULL;
        if (text->length == 0) {
            return true;
        }
        if (!json_read(text->data, text->length, JSON_VALUES_SAVED, &root, err)) {
            if (is_first && err->code == ERROR_SERVICE) {
                tell_kind(text, err);
            }
            return false;
        }
        if (!store_document(import, root, err)) {
            return false;
        }
    }
    return false;
}

static bool import_file(struct import *import, struct error *err)
{
    struct buffer text;
    import->line = 0;
    import->seen_before = import->run.seen;
    FILE *file = file_open_stream(import->file, err);
    if (file == NULL) {
        return false;
    }
    buffer_init(&text, DOCUMENT_MAX);
    bool ok = import_stream(import, file, &text, err);
    if (!ok && err->code == ERROR_SERVICE) {
        err->code = ERROR_USAGE; /* the text is the user's here, not the service's */
    }
    if (!ok && import->line > 0) {
        error_context(err, "%s line %" PRId64, file_name(import), import->line);
    } else if (!ok) {
        error_context(err, "%s", file_name(import));
    }
    buffer_free(&text);
    (void)fclose(file); /* it was only read */
    return ok;
}

static bool begin(struct import *import, struct error *err)
{
    struct store_source source;
    int64_t crashed = 0;
    struct store *store = import->store;
    import->run = (struct store_run){.mode = RUN_IMPORT,
                                     .outcome = RUN_RUNNING,
                                     .started_at = clock_now(),
                                     .total_count = -1,
                                     .local_count = -1};
    if (!store_begin(store, err) ||
        !store_run_close_crashed(store, import->run.started_at, &crashed, err) ||
        !store_source_open(store, import->account_id, import->region, import->edition, &source,
                           err) ||
        !store_run_next_id(store, &import->run.run_id, err)) {
        return false;
    }
    /* They may be of a type that is new to the source. */
    store_source_doubt_untyped(&source);
    import->run.source_id = source.source_id;
    import->writer = (struct store_writer){.source_id = source.source_id,
                                           .run_id = import->run.run_id,
                                           .now = import->run.started_at,
                                           .imports = true};
    return store_source_save(store, &source, err) && store_run_begin(store, &import->run, err) &&
           commit(import, err);
}

static bool end(struct import *import, const struct error *problem, struct error *err)
{
    struct store *store = import->store;
    import->run.finished_at = clock_now();
    import->run.outcome = problem->code == ERROR_NONE          ? RUN_DONE
                          : problem->code == ERROR_INTERRUPTED ? RUN_INTERRUPTED
                                                               : RUN_FAILED;
    (void)text_fit(import->run.error, sizeof(import->run.error), problem->message);
    store_rollback(store);
    return store_begin(store, err) && store_run_end(store, &import->run, err) &&
           store_commit(store, err);
}

/* Adds what is kept of the file that could not be read to its end. */
static void tell_end(const struct import *import, struct error *err)
{
    size_t used = strlen(err->message);
    int64_t taken = import->run.seen - import->seen_before;
    (void)snprintf(err->message + used, sizeof(err->message) - used,
                   "; %" PRId64 " job%s of it taken, nothing after", taken > 0 ? taken : 0,
                   taken == 1 ? "" : "s");
}

static void tell(const struct import *import)
{
    char seen[FORMAT_COUNT_SIZE], inserted[FORMAT_COUNT_SIZE], updated[FORMAT_COUNT_SIZE];
    const struct store_run *run = &import->run;
    format_count(run->seen, seen);
    format_count(run->inserted, inserted);
    format_count(run->updated, updated);
    log_info("%simported %s job%s, %s new, %s changed",
             import->dry_run ? "dry run, nothing kept: " : "", seen, run->seen == 1 ? "" : "s",
             inserted, updated);
    if (run->stale > 0) {
        log_info("%" PRId64 " were older than what is stored and left alone", run->stale);
    }
    if (run->unknown_fields > 0) {
        log_info("%" PRId64 " values are unknown to this version and kept in `extra`",
                 run->unknown_fields);
    }
    if (import->json) {
        (void)printf("{\"run_id\":%" PRId64 ",\"seen\":%" PRId64 ",\"inserted\":%" PRId64
                     ",\"updated\":%" PRId64 ",\"unchanged\":%" PRId64 ",\"stale\":%" PRId64
                     ",\"rejected\":%" PRId64 "}\n",
                     run->run_id, run->seen, run->inserted, run->updated, run->unchanged,
                     run->stale, run->rejected);
    }
}

/* A batch that fails half-way keeps what was whole before it. */
static int import_all(struct import *import, char **files, int count)
{
    struct error err, other;
    enum store_mode mode = import->dry_run ? STORE_DRY_RUN : STORE_WRITE;
    if (!store_open(import->database, mode, &hbr_restore_job_model, &import->store, &err) ||
        !begin(import, &err)) {
        store_close(import->store);
        return cli_fail(&err);
    }
    error_clear(&err);
    bool ok = store_begin(import->store, &err);
    for (int i = 0; ok && i < count; i++) {
        import->file = files[i];
        ok = import_file(import, &err);
    }
    ok = ok && commit(import, &err);
    if (!ok) {
        /* What came before the bad value is sound. */
        bool sound = err.code == ERROR_USAGE || err.code == ERROR_INTERRUPTED;
        if (!sound || !commit(import, &other)) {
            import->run = import->committed;
        }
        tell_end(import, &err);
    }
    if (!end(import, &err, &other) && ok) {
        ok = false;
        err = other;
    }
    store_close(import->store);
    tell(import);
    if (ok && import->run.rejected > 0) {
        ok = error_set(&err, ERROR_UNPROVED,
                       "%" PRId64
                       " %s had no usable RestoreId and could not be stored (the first: %s)",
                       import->run.rejected, import->run.rejected == 1 ? "entry" : "entries",
                       import->rejected);
    }
    return ok ? 0 : cli_fail(&err);
}

int cli_import(const char *database, int argc, char **argv)
{
    struct import import = {.database = database, .account_id = "", .region = "", .edition = ""};
    struct cli_list triggers = {.count = 0};
    struct error err;
    int operand = 0;
    int status = 0;
    const struct cli_option options[] = {
        {"account-id", "ID", "the account that the jobs belong to", CLI_NAME,
         (void *)&import.account_id, 0, 0, CLI_WHAT},
        {"region", "ID", "their region", CLI_NAME, (void *)&import.region, 0, 0, CLI_WHAT},
        {"edition", CLI_EDITIONS, "their edition", CLI_CHOICE, (void *)&import.edition, 0, 0,
         CLI_WHAT},
        {"dry-run", NULL, "do everything but keep nothing", CLI_FLAG, &import.dry_run, 0, 0,
         CLI_WHAT},
        {"allow-trigger", "NAME", "a trigger of yours that may run, now and later", CLI_LIST,
         &triggers, 0, 0, CLI_WHAT},
        {"json", NULL, "print the counts as JSON", CLI_FLAG, &import.json, 0, 0, CLI_OUTPUT},
        {"allow-shared-folder", NULL, "also write to folders that others can write to", CLI_FLAG,
         &safe_file_shared, 0, 0, CLI_OUTPUT},
        {"quiet", NULL, "print only errors", CLI_FLAG, &import.quiet, 0, 0, CLI_OUTPUT},
    };
    if (!cli_begin("import", options, COUNT(options), argc, argv, &import.database, &operand,
                   &status)) {
        return status;
    }
    log_set_level(import.quiet ? LOG_QUIET : LOG_NORMAL);
    if (operand == argc) {
        error_set(&err, ERROR_USAGE, "import takes at least one file");
        error_hint(&err, "Use - for standard input.");
        return cli_fail(&err);
    }
    store_allow_triggers(triggers.values, triggers.count);
    return import_all(&import, argv + operand, argc - operand);
}
