/* The command `import`: the same upsert as `sync`, from saved API answers, arrays of jobs, or a job
 * a line. */
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
#include "cli/session.h"
#include "hbr/page.h"
#include "hbr/restore_job.h"
#include "output/format.h"
#include "output/log.h"
#include "store/job.h"
#include "store/state.h"

#define DOCUMENT_MAX (512U * 1024 * 1024)
#define BATCH_JOBS 1000

struct import {
    const char *database;
    const char *account_id, *region, *edition;
    bool json, quiet, dry_run;
    struct store *store;
    struct store_writer writer;
    struct store_run run;
    int64_t batch; /* jobs in the transaction at hand */
    const char *file;
    int64_t line;
};

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
    import->batch = 0;
    return store_commit(import->store, err) && store_begin(import->store, err);
}

static bool store_document(struct import *import, struct json_node *root, struct error *err)
{
    struct hbr_page page;
    if (!hbr_page_import(root, &page, err)) {
        return false;
    }
    bool ok = true;
    for (size_t i = 0; ok && i < page.job_count; i++) {
        ok = store_job(import, &page.jobs[i], err) && interrupt_check(err);
    }
    import->run.pages++;
    import->run.rejected += (int64_t)page.rejected;
    import->run.unknown_fields += (int64_t)page.unknown;
    hbr_page_free(&page);
    return ok;
}

/* What is too long is the user's, unlike a lack of memory. */
static bool text_ok(const struct buffer *text, const char *what, struct error *err)
{
    if (!buffer_ok(text, what, err)) {
        err->code = text->too_long ? ERROR_USAGE : err->code;
        return false;
    }
    return true;
}

/* A signal ends a read with an error of its own. Called at once: errno is still the read's. */
static bool read_failed(struct error *err)
{
    return interrupt_check(err) && error_set_errno(err, ERROR_USAGE, errno, "cannot read");
}

/* Reads one line without its end; false at the end of the file or with *err filled. */
static bool read_line(FILE *file, struct buffer *line, bool *ret_failed, struct error *err)
{
    int byte;
    buffer_reset(line);
    while ((byte = getc_unlocked(file)) != EOF && byte != '\n') {
        buffer_putc(line, (char)byte);
        if (line->failed) {
            break;
        }
    }
    *ret_failed = ferror(file) != 0 || line->failed;
    if (ferror(file) != 0) {
        return read_failed(err);
    }
    if (!text_ok(line, "a line", err)) {
        return false;
    }
    return byte != EOF || line->length > 0;
}

static bool is_blank(const struct buffer *text)
{
    return text->data[strspn(text->data, " \t\r")] == '\0' && strlen(text->data) == text->length;
}

/* A document that takes the whole file; `text` holds its first line. */
static bool import_whole(struct import *import, FILE *file, struct buffer *text, struct error *err)
{
    struct json_node *root = NULL;
    char chunk[16384];
    size_t got;
    buffer_putc(text, '\n');
    while ((got = fread(chunk, 1, sizeof(chunk), file)) > 0) {
        buffer_append(text, chunk, got);
    }
    if (ferror(file) != 0) {
        return read_failed(err);
    }
    return text_ok(text, "the file", err) &&
           json_read(text->data, text->length, JSON_VALUES_SAVED, &root, err) &&
           store_document(import, root, err);
}

/* The first line tells: if it is JSON by itself, every line is; else the file is one document. */
static bool import_stream(struct import *import, FILE *file, struct buffer *line, struct error *err)
{
    bool failed = false;
    bool first = true;
    import->line = 0;
    while (read_line(file, line, &failed, err)) {
        struct json_node *root = NULL;
        import->line++;
        if (is_blank(line)) {
            continue;
        }
        if (!json_read(line->data, line->length, JSON_VALUES_SAVED, &root, err)) {
            if (!first || err->code != ERROR_SERVICE) {
                return false;
            }
            import->line = 0;
            error_clear(err);
            return import_whole(import, file, line, err);
        }
        first = false;
        if (!store_document(import, root, err)) {
            return false;
        }
    }
    return !failed;
}

static bool import_file(struct import *import, struct error *err)
{
    struct buffer line;
    bool is_stdin = strcmp(import->file, "-") == 0;
    FILE *file = file_open_stream(import->file, err);
    if (file == NULL) {
        return false;
    }
    buffer_init(&line, DOCUMENT_MAX);
    bool ok = import_stream(import, file, &line, err);
    if (!ok) {
        const char *name = is_stdin ? "standard input" : import->file;
        if (err->code == ERROR_SERVICE) {
            err->code = ERROR_USAGE; /* the text is the user's here, not the service's */
        }
        if (import->line > 0) {
            error_context(err, "%s line %" PRId64, name, import->line);
        } else {
            error_context(err, "%s", name);
        }
    }
    buffer_free(&line);
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
           store_commit(store, err);
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

/* A batch that fails half-way keeps what was whole before it. */
static bool import_files(struct import *import, char **files, int count, struct error *err)
{
    bool ok = store_begin(import->store, err);
    for (int i = 0; ok && i < count; i++) {
        import->file = files[i];
        ok = import_file(import, err);
    }
    return ok && store_commit(import->store, err);
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

/* They name a source, as they do for a sync. */
static bool check_names(const struct import *import, struct error *err)
{
    struct cli_list account = {.values = {import->account_id}, .count = import->account_id[0] != 0};
    struct cli_list region = {.values = {import->region}, .count = import->region[0] != 0};
    struct cli_list edition = {.values = {import->edition}, .count = import->edition[0] != 0};
    return session_check_words("account-id", &account, err) &&
           session_check_words("region", &region, err) && session_check_editions(&edition, err);
}

static int import_all(struct import *import, char **files, int count)
{
    struct error err;
    struct error end_error;
    error_clear(&err);
    enum store_mode mode = import->dry_run ? STORE_DRY_RUN : STORE_WRITE;
    if (!store_open(import->database, mode, &hbr_restore_job_model, &import->store, &err) ||
        !begin(import, &err)) {
        store_close(import->store);
        return cli_fail(&err);
    }
    bool ok = import_files(import, files, count, &err);
    if (!ok && (err.code == ERROR_USAGE || err.code == ERROR_INTERRUPTED)) {
        /* What came before the bad line is sound. */
        struct error commit_error;
        if (!store_commit(import->store, &commit_error)) {
            store_rollback(import->store);
        }
    }
    if (!end(import, &err, &end_error) && ok) {
        ok = false;
        err = end_error;
    }
    store_close(import->store);
    if (!ok) {
        return cli_fail(&err);
    }
    tell(import);
    if (import->run.rejected > 0) {
        error_set(&err, ERROR_UNPROVED,
                  "%" PRId64 " %s had no usable RestoreId and could not be stored",
                  import->run.rejected, import->run.rejected == 1 ? "entry" : "entries");
        return cli_fail(&err);
    }
    return 0;
}

int cli_import(const char *database, int argc, char **argv)
{
    struct import import = {.database = database, .account_id = "", .region = "", .edition = ""};
    struct cli_list triggers = {.count = 0};
    struct error err;
    int operand = 0;
    int status = 0;
    const struct cli_option options[] = {
        {"account-id", "ID", "the account that the jobs belong to", CLI_TEXT,
         (void *)&import.account_id, 0, 0},
        {"region", "ID", "their region", CLI_TEXT, (void *)&import.region, 0, 0},
        {"edition", "NAME", "their edition", CLI_TEXT, (void *)&import.edition, 0, 0},
        {"allow-shared-folder", NULL, "also write to folders that others can write to", CLI_FLAG,
         &safe_file_shared, 0, 0},
        {"allow-trigger", "NAME",
         "may run, now and later; for triggers of your own in the database", CLI_LIST, &triggers, 0,
         0},
        {"dry-run", NULL, "do everything but keep nothing", CLI_FLAG, &import.dry_run, 0, 0},
        {"json", NULL, "print the counts as JSON on standard output", CLI_FLAG, &import.json, 0, 0},
        {"quiet", NULL, "print errors alone", CLI_FLAG, &import.quiet, 0, 0},
    };
    if (!cli_begin("import", options, sizeof(options) / sizeof(options[0]), argc, argv,
                   &import.database, &operand, &status)) {
        return status;
    }
    log_set_level(import.quiet ? LOG_QUIET : LOG_NORMAL);
    if (operand == argc) {
        error_set(&err, ERROR_USAGE, "import takes at least one file");
        error_hint(&err, "Use - for standard input.");
        return cli_fail(&err);
    }
    if (!check_names(&import, &err)) {
        return cli_fail(&err);
    }
    store_allow_triggers(triggers.values, triggers.count);
    return import_all(&import, argv + operand, argc - operand);
}
