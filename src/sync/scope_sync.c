#include "sync/scope_sync.h"

#include <inttypes.h>
#include <string.h>

#include "sync/check.h"
#include "sync/children.h"
#include "sync/commit.h"
#include "sync/listing.h"

bool scope_count_stored(struct scope *scope, int64_t *ret_count, struct error *err)
{
    struct store_scope every = scope->stored;
    every.part = STORE_EVERY_JOB;
    return store_job_count(scope->task->store, &every, ret_count, err);
}

/* --- the end of a scope -------------------------------------------------------------------- */

bool scope_end(struct scope *scope, struct error *err)
{
    struct task *task = scope->task;
    scope->evidence.rejected = task->run.rejected > 0 ? task->run.rejected : -1;
    if (task->spec->filter_count == 0 && !commit_scope(scope, err)) {
        return false;
    }
    bool proved = scope_is_proved(scope);
    const struct evidence *told = scope->has_children && !proved && proof_judge(&scope->evidence)
                                      ? &scope->children
                                      : &scope->evidence;
    if (!task->unproved) {
        proof_sentence(told, task->sentence, sizeof(task->sentence));
    }
    task->unproved = task->unproved || !proved;
    proof_add_json(&task->evidence, &scope->evidence);
    if (scope->has_children) {
        proof_add_json(&task->evidence, &scope->children);
    }
    if (scope->evidence.total >= 0) {
        int64_t before = task->run.total_count > 0 ? task->run.total_count : 0;
        int64_t children =
            scope->has_children && scope->children.total > 0 ? scope->children.total : 0;
        task->run.total_count = before + scope->evidence.total + children;
    }
    return true;
}

bool scope_skip(struct scope *scope, const char *why, struct error *err)
{
    struct task *task = scope->task;
    if (strcmp(scope->stored.restore_type, task->spec->restore_type) == 0) {
        task->run.outcome = RUN_SKIPPED;
        task->run.mode = task->spec->filter_count > 0 ? RUN_FULL : RUN_DELTA;
    }
    scope->full = false; /* nothing was scanned */
    proof_begin(&scope->evidence, scope->stored.restore_type, scope->evidence.part);
    scope->evidence.method = PROOF_SKIPPED;
    proof_note(&scope->evidence, why);
    return scope_end(scope, err);
}

bool scope_skip_refused(struct scope *scope, const char *name, const struct error *refusal,
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

bool scope_is_answered(struct scope *scope, const char *edition, const char *restore_type,
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

static bool is_default_edition(const struct task *task)
{
    return strcmp(task->spec->edition, "STANDARD") == 0;
}

/* The request is answered without the Edition: the service does not know it. */
static bool skip_edition(struct scope *scope, const struct error *refusal, struct error *err)
{
    bool skipped = false;
    struct task *task = scope->task;
    if (!scope_skip_refused(scope, "the edition", refusal, &skipped, err)) {
        return false;
    }
    if (!skipped) {
        return true;
    }
    task_warn(task, "edition %s is refused (%s) and was skipped", task->spec->edition,
              refusal->api_code);
    return scope_skip(scope, "the service refuses this edition", err);
}

bool scope_settle_edition(struct scope *scope, const struct error *refusal, const char *other_type,
                          bool *ret_settled, struct error *err)
{
    bool answered = false;
    *ret_settled = false;
    if (is_default_edition(scope->task)) {
        return true;
    }
    if (!scope_is_answered(scope, "STANDARD", NULL, &answered, err) ||
        (!answered && other_type != NULL &&
         !scope_is_answered(scope, "STANDARD", other_type, &answered, err))) {
        return false;
    }
    *ret_settled = answered;
    return !answered || skip_edition(scope, refusal, err);
}

/* Whether this run has read as many jobs of another edition, and none is stored as this edition's
 * own. */
static bool is_same_edition(struct scope *scope, const struct scan_result *first, bool *ret_same,
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

/* --- reading a scope ----------------------------------------------------------------------- */

/* A listing that is suddenly empty is more often a wrong endpoint or a lost permission than an
 * empty account, so it takes two runs to believe it; unless a type lists jobs all the same. */
static bool doubt_empty(struct scope *scope, struct type_list *types, struct scan_result *first,
                        bool *ret_doubted, bool *ret_by_type, struct error *err)
{
    int64_t stored = 0;
    *ret_doubted = false;
    if (scope->evidence.total != 0) {
        return scope->evidence.total < 0 || commit_end_of_doubt(scope, err);
    }
    /* Children that are listed apart tell nothing about this listing. */
    if (!store_job_count(scope->task->store, &scope->stored, &stored, err)) {
        return false;
    }
    if (stored == 0) {
        return true;
    }
    if (types != NULL) {
        struct row_set listed = {0};
        bool counted = true;
        bool done = types_are_counted(scope, types, first, &listed, &counted, err);
        row_set_free(&listed);
        *ret_by_type = !counted;
        if (!done || !counted || scope->evidence.total != 0) {
            return done;
        }
    }
    if (scope->watermark.empty_since != 0) {
        return true;
    }
    scope->watermark.empty_since = scope->task->settings->now;
    *ret_doubted = true;
    proof_note(&scope->evidence, "the service lists no job, although some are stored");
    task_warn(scope->task,
              "the service lists no job where %" PRId64
              " are stored; nothing was marked missing, the"
              " next sync that finds the same marks them",
              stored);
    return true;
}

/* By a delta; where that is not enough, the scope is begun anew as a full scan. */
static bool read_listing(struct scope *scope, struct type_list *types, struct scan_result *first,
                         bool *ret_by_type, struct error *err)
{
    struct row_set listed = {0};
    bool counted = true;
    if (!scope->full && !scan_is_one_answer(first)) {
        bool settled = false;
        if (!listing_read_delta(scope, first, &settled, err) || settled) {
            return settled;
        }
        scope->full = true;
        row_set_free(&scope->gone);
        proof_begin(&scope->evidence, scope->stored.restore_type, "");
        if (!check_total(scope, first, err)) {
            return false;
        }
    }
    if (scope->full) {
        scope->task->run.mode = RUN_FULL;
    }
    bool check_types = scope->full && types != NULL;
    bool done = !check_types || types_are_counted(scope, types, first, &listed, &counted, err);
    if (done && counted) {
        done = listing_read_fully(scope, first, err) &&
               (!check_types || !proof_judge(&scope->evidence) ||
                types_are_held(scope, types, &listed, err));
    }
    row_set_free(&listed);
    *ret_by_type = !counted || scope->evidence.types_unseen > 0;
    return done;
}

static bool read_scope(struct scope *scope, struct type_list *types, struct scan_result *first,
                       bool *ret_by_type, struct error *err)
{
    bool doubted = false;
    *ret_by_type = false;
    if (!doubt_empty(scope, types, first, &doubted, ret_by_type, err)) {
        return false;
    }
    if (doubted || *ret_by_type) {
        return true;
    }
    bool began_empty = first->total == 0;
    if (!read_listing(scope, types, first, ret_by_type, err)) {
        return false;
    }
    /* Empty since a moment ago. */
    if (!began_empty && !*ret_by_type && scope->evidence.total == 0) {
        if (!doubt_empty(scope, NULL, first, &doubted, ret_by_type, err)) {
            return false;
        }
        scope->evidence.method = doubted ? PROOF_NONE : scope->evidence.method;
    }
    if (*ret_by_type || !proof_judge(&scope->evidence)) {
        return true;
    }
    return scope->full ? children_after_full(scope, err) : children_after_delta(scope, err);
}

bool scope_run(struct scope *scope, struct type_list *types, struct scan_result *first,
               bool *ret_by_type, struct error *err)
{
    bool same = false;
    if (!is_same_edition(scope, first, &same, err)) {
        return false;
    }
    if (same) {
        return scope_skip(scope, "the service lists the same jobs for every edition", err);
    }
    if (!read_scope(scope, types, first, ret_by_type, err)) {
        return false;
    }
    if (*ret_by_type) {
        return true;
    }
    if (types != NULL) {
        scope->task->source.capabilities.untyped = CAPABILITY_YES;
    }
    return scope_end(scope, err);
}
