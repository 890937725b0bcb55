#include "cli/sync_summary.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/json.h"
#include "output/format.h"
#include "output/log.h"

#define JSON_MAX (16U * 1024 * 1024)

/* All sources of the run together. */
struct tally {
    size_t failed, unproved;
    enum error_code first; /* the first failure's class */
    int64_t jobs, inserted, updated, open, missing, returned;
    bool has_run;    /* a row of the run was written; else its number goes to the next one */
    bool restricted; /* to filters or a RestoreType, as is every row that has a source */
};

static struct tally add_up(const struct sync_summary *summary)
{
    struct tally sum = {.first = ERROR_NONE};
    for (size_t i = 0; i < summary->count; i++) {
        const struct store_run *run = &summary->rows[i].result.run;
        enum error_code code = summary->rows[i].result.error.code;
        /* What a run over all jobs looked at is what is stored; what filters or a RestoreType
         * select is what was listed. */
        bool restricted = run->scope[0] != '\0';
        int64_t jobs = restricted ? run->total_count : run->local_count;
        bool failed = code != ERROR_NONE && code != ERROR_UNPROVED && code != ERROR_INTERRUPTED;
        sum.first = failed && sum.failed == 0 ? code : sum.first;
        sum.failed += failed;
        sum.unproved += code == ERROR_UNPROVED;
        sum.jobs += code == ERROR_NONE && jobs > 0 ? jobs : run->seen;
        sum.has_run = sum.has_run || run->run_id > 0;
        sum.restricted = sum.restricted || restricted;
        sum.inserted += run->inserted;
        sum.updated += run->updated;
        sum.open += run->open_jobs;
        sum.missing += run->missing;
        sum.returned += run->returned;
    }
    return sum;
}

enum error_code sync_summary_code(const struct sync_summary *summary)
{
    struct tally sum = add_up(summary);
    return summary->error.code != ERROR_NONE ? summary->error.code
           : sum.failed == 0                 ? (sum.unproved > 0 ? ERROR_UNPROVED : ERROR_NONE)
           : sum.failed == summary->count    ? sum.first
                                             : ERROR_PARTIAL;
}

void sync_summary_print(const struct sync_summary *summary)
{
    struct tally sum = add_up(summary);
    enum error_code code = sync_summary_code(summary);
    const char *of_what = sum.restricted ? " for this filter" : "";
    char jobs[FORMAT_COUNT_SIZE], inserted[FORMAT_COUNT_SIZE], updated[FORMAT_COUNT_SIZE],
        open[FORMAT_COUNT_SIZE], missing[FORMAT_COUNT_SIZE];
    struct buffer line;
    format_count(sum.jobs, jobs);
    format_count(sum.inserted, inserted);
    format_count(sum.updated, updated);
    format_count(sum.open, open);
    format_count(sum.missing, missing);
    buffer_init(&line, 1000);
    buffer_puts(&line, summary->dry_run ? "dry run, nothing kept: " : "");
    if (sum.jobs > 0 || code == ERROR_NONE) { /* else nothing was read */
        buffer_printf(&line, sum.restricted ? "%s jobs match the filter" : "checked %s jobs", jobs);
        buffer_printf(&line, ", %s new, %s changed", inserted, updated);
        if (!sum.restricted) {
            buffer_printf(&line, ", %s still open", open);
        }
        if (sum.missing > 0) {
            buffer_printf(&line, ", %s no longer listed", missing);
        }
        if (sum.returned > 0) {
            buffer_printf(&line, ", %" PRId64 " listed again", sum.returned);
        }
        buffer_puts(&line, "; ");
    }
    if (code == ERROR_NONE) {
        log_info("%s%s%s", line.data, sum.restricted ? "complete" : "proved complete", of_what);
    } else if (code == ERROR_INTERRUPTED) {
        log_info("%sinterrupted, run it again", line.data);
    } else {
        log_info("%sNOT proved complete%s: %zu of %zu sources failed, %zu unproved", line.data,
                 of_what, sum.failed, summary->count, sum.unproved);
    }
    buffer_free(&line);
}

static void add_row(struct buffer *json, const struct sync_summary_row *row)
{
    const struct store_run *run = &row->result.run;
    const struct {
        const char *name;
        int64_t value; /* -1: not known */
    } numbers[] = {
        {"requests", run->requests},
        {"retries", run->retries},
        {"throttled", run->throttled},
        {"pages", run->pages},
        {"seen", run->seen},
        {"inserted", run->inserted},
        {"updated", run->updated},
        {"unchanged", run->unchanged},
        {"missing", run->missing},
        {"total_count", run->total_count},
        {"local_count", run->local_count},
    };
    buffer_putc(json, '{');
    json_put_text(json, "account_id", row->account_id);
    json_put_text(json, "region_id", row->region_id);
    json_put_text(json, "edition", row->edition);
    json_put_text(json, "scope", run->scope);
    json_put_text(json, "mode", store_run_mode_name(run->mode));
    json_put_text(json, "outcome", store_run_outcome_name(run->outcome));
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        json_put_number(json, numbers[i].name, numbers[i].value, numbers[i].value >= 0);
    }
    json_put_text(json, "proof", run->proved ? "proved" : "unproved");
    json_put_number(json, "watermark", run->watermark, run->watermark > 0);
    json_put_text(json, "error",
                  row->result.error.code == ERROR_NONE ? NULL : row->result.error.message);
    buffer_putc(json, '}');
}

static const char *outcome_name(const struct sync_summary *summary, int status)
{
    enum error_code code = sync_summary_code(summary);
    return code == ERROR_NONE && status == 0 ? "done"
           : code == ERROR_UNPROVED          ? "unproved"
           : code == ERROR_PARTIAL           ? "partial"
           : code == ERROR_INTERRUPTED       ? "interrupted"
                                             : "failed";
}

bool sync_summary_print_json(const struct sync_summary *summary, int status, struct error *err)
{
    struct buffer json;
    buffer_init(&json, JSON_MAX);
    buffer_puts(&json, summary->has_begun ? "" : "{");
    json_put_number(&json, "run_id", summary->run_id, add_up(summary).has_run);
    json_put_text(&json, "outcome", outcome_name(summary, status));
    buffer_puts(&json, ",\"sources\":[");
    for (size_t i = 0; i < summary->count; i++) {
        buffer_puts(&json, i > 0 ? "," : "");
        add_row(&json, &summary->rows[i]);
    }
    buffer_printf(&json, "],\"requests\":%" PRId64 ",\"seconds\":%.3f", summary->requests,
                  (double)summary->milliseconds / 1000.0);
    if (summary->error.code != ERROR_NONE) {
        json_put_text(&json, "error", summary->error.message);
    }
    buffer_puts(&json, "}\n");
    bool ok = buffer_ok(&json, "the summary", err);
    (void)fwrite(json.data, 1, ok ? json.length : 0, stdout); /* checked at the end of main */
    buffer_free(&json);
    return ok;
}
