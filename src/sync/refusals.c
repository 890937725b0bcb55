#include "sync/refusals.h"

#include <inttypes.h>
#include <string.h>

#include "sync/scope_sync.h"

static bool is_default_edition(const struct task *task)
{
    return strcmp(task->spec->edition, "STANDARD") == 0;
}

bool refusals_is_answered(struct scope *scope, const char *edition, const char *restore_type,
                          bool *ret_answered, struct error *err)
{
    struct scan_query query = {.kind = SCAN_ALL,
                               .edition = edition,
                               .restore_type = restore_type,
                               .page_size = 1,
                               .first_page_only = true,
                               .discard = true};
    struct scan_result read;
    bool done = scan(&scope->scanner, &query, &read, err);
    *ret_answered = done && !read.refused;
    scan_result_free(&read);
    return done;
}

bool refusals_skip_scope(struct scope *scope, const char *name, const struct error *refusal,
                         bool *ret_skipped, struct error *err)
{
    int64_t stored = 0;
    if (!scope_count_stored(scope, &stored, err)) {
        return false;
    }
    *ret_skipped = stored == 0;
    if (stored == 0) {
        return true;
    }
    proof_note(&scope->evidence, "the service refuses it, although jobs of it are stored");
    task_warn(scope->task, "%s is refused (%s), although %" PRId64 " jobs of it are stored", name,
              refusal->api_code, stored);
    return scope_end(scope, err);
}

bool refusals_skip_task(struct task *task, const char *why, struct error *err)
{
    struct scope scope;
    task->run.outcome = RUN_SKIPPED;
    task->run.mode = task->spec->filter_count > 0 ? RUN_FULL : RUN_DELTA; /* nothing was scanned */
    bool done = scope_open(&scope, task, task->spec->restore_type, err);
    scope.full = false;
    scope.evidence.method = PROOF_SKIPPED;
    proof_note(&scope.evidence, why);
    done = done && scope_end(&scope, err);
    scope_close(&scope);
    return done;
}

/* The request is answered without the Edition: the service does not know it. */
static bool skip_edition(struct scope *scope, const struct error *refusal, struct error *err)
{
    bool skipped = false;
    struct task *task = scope->task;
    if (!refusals_skip_scope(scope, "the edition", refusal, &skipped, err)) {
        return false;
    }
    if (!skipped) {
        return true;
    }
    task_warn(task, "edition %s is refused (%s) and was skipped", task->spec->edition,
              refusal->api_code);
    return refusals_skip_task(task, "the service refuses this edition", err);
}

bool refusals_settle_edition(struct scope *scope, const struct error *refusal,
                             const char *other_type, bool *ret_settled, struct error *err)
{
    bool answered = false;
    *ret_settled = false;
    if (is_default_edition(scope->task)) {
        return true;
    }
    if (!refusals_is_answered(scope, "STANDARD", NULL, &answered, err) ||
        (!answered && other_type != NULL &&
         !refusals_is_answered(scope, "STANDARD", other_type, &answered, err))) {
        return false;
    }
    *ret_settled = answered;
    return !answered || skip_edition(scope, refusal, err);
}

bool refusals_is_same_edition(struct scope *scope, const struct scan_result *first, bool *ret_same,
                              struct error *err)
{
    struct task *task = scope->task;
    int64_t own = 0;
    int64_t others = 0;
    *ret_same = false;
    if (is_default_edition(task) || first->total <= 0 || row_set_count(&first->rows) == 0 ||
        row_set_count_outside(&first->rows, &scope->scanner.elsewhere) > 0) {
        return true;
    }
    if (!scope_count_stored(scope, &own, err) ||
        !store_run_of_sibling(task->store, &task->run, &task->source, scope->stored.restore_type,
                              &others, err)) {
        return false;
    }
    *ret_same = own == 0 && others == first->total;
    return true;
}
