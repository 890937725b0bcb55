#include "sync/filtered.h"

#include "base/text.h"
#include "sync/check.h"
#include "sync/listing.h"
#include "sync/scope_sync.h"
#include "sync/windows.h"

/* Every filter can be held against the jobs themselves. */
static bool is_checkable(const struct sync_task_spec *spec)
{
    for (size_t i = 0; i < spec->filter_count; i++) {
        if (!hbr_filter_is_checkable(&spec->filters[i])) {
            return false;
        }
    }
    return true;
}

static bool has_key(const struct sync_task_spec *spec, const char *key)
{
    for (size_t i = 0; i < spec->filter_count; i++) {
        if (text_equal_nocase(spec->filters[i].key, key)) {
            return true;
        }
    }
    return false;
}

/* Each filter that the jobs do not show must make the list shorter: the service may ignore one key
 * and heed another. The shortest list without one of them is noted. */
static bool count_unfiltered(struct scope *scope, struct error *err)
{
    const struct sync_task_spec *spec = scope->task->spec;
    int64_t least = INT64_MAX;
    for (size_t i = 0; i < spec->filter_count; i++) {
        struct scan_query query = {.kind = SCAN_ALL,
                                   .page_size = 1,
                                   .first_page_only = true,
                                   .without_filter = i + 1,
                                   .discard = true};
        struct scan_result read = {.total = -1};
        if (hbr_filter_is_checkable(&spec->filters[i])) {
            continue;
        }
        bool done = scan(&scope->scanner, &query, &read, err);
        least = read.total < least ? read.total : least;
        scan_result_free(&read);
        if (!done) {
            return false;
        }
    }
    scope->evidence.unfiltered = least;
    return true;
}

/* Reads what the filters select of one RestoreType ("": of all). *ret_refusal is filled when the
 * service refuses a parameter. */
static bool read_selected(struct scope *scope, struct error *ret_refusal, struct error *err)
{
    const struct sync_task_spec *spec = scope->task->spec;
    struct scan_query selected = {.kind = SCAN_ALL};
    struct evidence *evidence = &scope->evidence;
    struct scan_result last;
    error_clear(ret_refusal);
    bool done = listing_read_plainly(scope, &selected, evidence, &last, err);
    scan_result_free(&last);
    if (!done) {
        return false;
    }
    if (last.refused) {
        *ret_refusal = last.refusal;
        evidence->method = PROOF_NONE;
        return true;
    }
    evidence->rows_checked = is_checkable(spec);
    if (last.mismatched) {
        proof_note(evidence, "the service lists jobs that do not satisfy the filter");
        return true;
    }
    if (evidence->rows_checked == 0 && !count_unfiltered(scope, err)) {
        return false;
    }
    /* A TotalCount that ends at some number is told by halves, where the filters leave room. */
    bool room = spec->filter_count < HBR_FILTERS_MAX && !has_key(spec, "CompleteTime");
    bool in_pages = evidence->method == PROOF_PLAIN && proof_judge(evidence);
    return !room || !in_pages || scope->capabilities->filters == CAPABILITY_NO ||
           check_halves(scope, SYNC_FAR_FUTURE, err);
}

/* Whether what the filters select is listed without RestoreType. A full scan may have told; else
 * the types are counted, which tells about these filters alone. */
static bool filters_work_untyped(struct task *task, struct type_list *types, bool *ret_untyped,
                                 struct error *err)
{
    struct scope scope;
    struct scan_result first = {.total = -1};
    struct row_set listed = {0};
    enum store_capability known = task->source.capabilities.untyped;
    *ret_untyped = known != CAPABILITY_NO;
    if (known != CAPABILITY_UNKNOWN) {
        return true;
    }
    bool done = scope_open(&scope, task, "", err) && check_total(&scope, &first, err);
    if (done && first.refused) {
        *ret_untyped = false;
    } else if (done && first.total >= 0) {
        done = types_are_counted(&scope, types, &first, &listed, ret_untyped, err);
    }
    row_set_free(&listed);
    scan_result_free(&first);
    scope_close(&scope);
    return done;
}

/* One type that the filters are asked with. *ret_refusal: the service refuses a parameter. */
static bool run_filtered_type(struct task *task, const char *restore_type, bool typed,
                              struct error *ret_refusal, struct error *err)
{
    struct scope scope;
    bool skipped = false;
    bool done =
        scope_open(&scope, task, restore_type, err) && read_selected(&scope, ret_refusal, err);
    if (done && ret_refusal->code == ERROR_NONE) {
        done = scope_end(&scope, err);
    } else if (done && typed) {
        done = scope_skip_refused(&scope, restore_type, ret_refusal, &skipped, err);
    }
    scope_close(&scope);
    return done;
}

static bool settle_refused_filter(struct task *task, const struct error *refusal, struct error *err)
{
    struct scope scope;
    bool settled = false;
    bool done = scope_open(&scope, task, task->spec->restore_type, err) &&
                scope_settle_edition(&scope, refusal, NULL, &settled, err);
    scope_close(&scope);
    if (done && !settled) {
        *err = *refusal;
        return error_hint(err, "Check the key, the operator and the values of --filter.");
    }
    return done;
}

bool filtered_run(struct task *task, struct type_list *types, struct error *err)
{
    const char *const asked[] = {task->spec->restore_type};
    bool untyped = true;
    if (!types_read(task, types, err)) {
        return false;
    }
    if (asked[0][0] == '\0' && !filters_work_untyped(task, types, &untyped, err)) {
        return false;
    }
    const char *const *list = untyped ? asked : (const char *const *)types->types;
    size_t count = untyped ? 1 : types->count;
    size_t refused = 0;
    struct error refusal;
    for (size_t i = 0; i < count; i++) {
        struct error one;
        error_clear(&one);
        if (!run_filtered_type(task, list[i], !untyped, &one, err)) {
            return false;
        }
        if (one.code != ERROR_NONE) {
            refused++;
            refusal = one;
        }
    }
    return refused < count || settle_refused_filter(task, &refusal, err);
}
