#include "cli/sync_summary.h"

#include <inttypes.h>
#include <stdio.h>

#include "output/format.h"
#include "output/json_put.h"
#include "output/log.h"

#define JSON_MAX (16U * 1024 * 1024)

/* Sources that failed or were not proved, and the first failure's class. */
struct tally {
    size_t failed, unproved;
    enum error_code first;
};

static struct tally count_failures(const struct sync_summary *summary)
{
    struct tally tally = {.first = ERROR_NONE};
    for (size_t i = 0; i < summary->count; i++) {
        enum error_code code = summary->rows[i].result.error.code;
        if (code == ERROR_UNPROVED) {
            tally.unproved++;
        } else if (code != ERROR_NONE && code != ERROR_INTERRUPTED) {
            tally.first = tally.failed == 0 ? code : tally.first;
            tally.failed++;
        }
    }
    return tally;
}

enum error_code sync_summary_code(const struct sync_summary *summary)
{
    struct tally tally = count_failures(summary);
    if (summary->error.code != ERROR_NONE) {
        return summary->error.code;
    }
    if (tally.failed > 0) {
        return tally.failed == summary->count ? tally.first : ERROR_PARTIAL;
    }
    return tally.unproved > 0 ? ERROR_UNPROVED : ERROR_NONE;
}

/* `counts` is "" where nothing was read. */
static void print_verdict(const struct sync_summary *summary, const char *counts,
                          const char *of_what)
{
    struct tally tally = count_failures(summary);
    enum error_code code = sync_summary_code(summary);
    const char *prefix = summary->dry_run ? "dry run, nothing kept: " : "";
    const char *mark = counts[0] != '\0' ? "; " : "";
    if (code == ERROR_NONE) {
        log_info("%s%s%s%s%s", prefix, counts, mark,
                 of_what[0] != '\0' ? "complete" : "proved complete", of_what);
    } else if (code == ERROR_INTERRUPTED) {
        log_info("%s%s%sinterrupted, run it again", prefix, counts, mark);
    } else {
        log_info("%s%s%sNOT proved complete%s: %zu of %zu sources failed, %zu unproved", prefix,
                 counts, mark, of_what, tally.failed, summary->count, tally.unproved);
    }
}

/* What a run over all jobs looked at is what is stored; what filters or a RestoreType select is
 * what was listed. */
static int64_t count_jobs(const struct sync_task_result *result, bool restricted)
{
    const struct store_run *run = &result->run;
    if (result->error.code != ERROR_NONE) {
        return run->seen;
    }
    int64_t count = restricted ? run->total_count : run->local_count;
    return count > 0 ? count : run->seen;
}

/* Every row of a run is restricted in the same way, but for a profile that could not be used. */
static bool is_restricted(const struct sync_summary *summary)
{
    for (size_t i = 0; i < summary->count; i++) {
        if (summary->rows[i].result.run.scope[0] != '\0') {
            return true;
        }
    }
    return false;
}

void sync_summary_print(const struct sync_summary *summary)
{
    int64_t jobs = 0, inserted = 0, updated = 0, open = 0, missing = 0, returned = 0;
    char text[5][FORMAT_COUNT_SIZE];
    struct buffer counts;
    bool restricted = is_restricted(summary);
    for (size_t i = 0; i < summary->count; i++) {
        const struct store_run *run = &summary->rows[i].result.run;
        jobs += count_jobs(&summary->rows[i].result, restricted);
        inserted += run->inserted;
        updated += run->updated;
        open += run->open_jobs;
        missing += run->missing;
        returned += run->returned;
    }
    format_count(jobs, text[0]);
    format_count(inserted, text[1]);
    format_count(updated, text[2]);
    format_count(open, text[3]);
    format_count(missing, text[4]);
    buffer_init(&counts, 400);
    bool nothing = jobs == 0 && sync_summary_code(summary) != ERROR_NONE;
    buffer_printf(&counts, restricted ? "%s jobs match the filter" : "checked %s jobs", text[0]);
    buffer_printf(&counts, ", %s new, %s changed", text[1], text[2]);
    if (!restricted) {
        buffer_printf(&counts, ", %s still open", text[3]);
    }
    if (missing > 0) {
        buffer_printf(&counts, ", %s no longer listed", text[4]);
    }
    if (returned > 0) {
        buffer_printf(&counts, ", %" PRId64 " listed again", returned);
    }
    print_verdict(summary, nothing || counts.failed ? "" : counts.data,
                  restricted ? " for this filter" : "");
    buffer_free(&counts);
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

/* Without a source there is no row of the run, and its number goes to the next one. */
static bool has_run(const struct sync_summary *summary)
{
    for (size_t i = 0; i < summary->count; i++) {
        if (summary->rows[i].result.run.run_id > 0) {
            return true;
        }
    }
    return false;
}

bool sync_summary_print_json(const struct sync_summary *summary, int status, struct error *err)
{
    struct buffer json;
    buffer_init(&json, JSON_MAX);
    buffer_puts(&json, summary->has_begun ? "" : "{");
    json_put_number(&json, "run_id", summary->run_id, has_run(summary));
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
