#include "sync/types.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "hbr/restore_job.h"
#include "sync/check.h"

static bool add_type(const char *restore_type, void *context, struct error *err)
{
    struct type_list *list = context;
    for (size_t i = 0; i < list->count; i++) {
        if (strcmp(list->types[i], restore_type) == 0) {
            return true;
        }
    }
    if (restore_type[0] == '\0' || list->count == TYPES_MAX) {
        return true;
    }
    list->types[list->count] = text_copy(restore_type);
    return list->types[list->count++] != NULL ? true : error_no_memory(err);
}

bool types_read(struct task *task, struct type_list *list, struct error *err)
{
    if (list->count > 0) {
        return true;
    }
    for (size_t i = 0; hbr_restore_types[i] != NULL; i++) {
        if (!add_type(hbr_restore_types[i], list, err)) {
            return false;
        }
    }
    return store_job_each_type(task->store, task->source.source_id, TYPES_MAX, add_type, list, err);
}

void types_free(struct type_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        free(list->types[i]);
    }
}

/* The count and the first job of every type, asked together. `doubted`: what is stored of a type
 * that is refused goes into `listed`, so that it is asked for again where the listing lacks it. */
static bool ask_types(struct scope *scope, struct type_list *types, bool doubted,
                      struct row_set *listed, int64_t *ret_sum, struct error *err)
{
    struct scan_query queries[TYPES_MAX];
    struct scan_result *results;
    if (!types_read(scope->task, types, err)) {
        return false;
    }
    results = calloc(TYPES_MAX, sizeof(*results));
    if (results == NULL) {
        return error_no_memory(err);
    }
    for (size_t i = 0; i < types->count; i++) {
        queries[i] = (struct scan_query){.kind = SCAN_ALL,
                                         .restore_type = types->types[i],
                                         .page_size = 1,
                                         .first_page_only = true};
    }
    bool done = scan_first_pages(&scope->scanner, queries, types->count, results, err);
    *ret_sum = 0;
    for (size_t i = 0; i < types->count; i++) {
        const struct scan_result *result = &results[i];
        int64_t count = result->mismatched || result->total < 0 ? 0 : result->total;
        if (done && result->refused) {
            struct store_scope stored = {scope->stored.source_id, types->types[i], STORE_EVERY_JOB};
            done = store_job_count(scope->scanner.store, &stored, &count, err) &&
                   (!doubted ||
                    store_job_rows(scope->scanner.store, &stored, PICK_EVERY, 0, 0, listed, err));
        }
        *ret_sum += count;
        done = done && row_set_unite(listed, &result->rows, err);
        scan_result_free(&results[i]);
    }
    free(results);
    return done;
}

bool types_are_counted(struct scope *scope, struct type_list *types, struct scan_result *first,
                       struct row_set *listed, bool *ret_counted, struct error *err)
{
    int64_t sum = 0;
    if (!ask_types(scope, types, true, listed, &sum, err)) {
        return false;
    }
    if (scope->evidence.total < 0) {
        *ret_counted = true; /* there is nothing to compare with */
        return true;
    }
    if (sum > scope->evidence.total) {
        if (!ask_types(scope, types, true, listed, &sum, err) || !check_total(scope, first, err)) {
            return false;
        }
    }
    scope->evidence.types = sum;
    *ret_counted = sum <= scope->evidence.total;
    return true;
}

bool types_are_held(struct scope *scope, struct type_list *types, const struct row_set *listed,
                    struct error *err)
{
    struct row_set again = {0};
    int64_t sum = 0;
    bool done = true;
    if (row_set_count_outside(listed, &scope->held) > 0) {
        done = ask_types(scope, types, false, &again, &sum, err);
    }
    /* One that is new may be in the plain listing, too; but the next delta must not find it gone.
     */
    scope->evidence.types_unseen = row_set_count_outside(&again, &scope->held);
    row_set_free(&again);
    return done;
}
