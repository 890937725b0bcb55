#include "sync/scan_page.h"

#include <assert.h>

#include "base/text.h"
#include "hbr/restore_job.h"

#define ROOM 100
#define UNCOUNTED 10000
#define ADDED_MAX 10000000
#define QUESTIONS_MIN 2000
#define READINGS_MAX 50

void scanner_set_bounds(struct scanner *scanner, int64_t total)
{
    int64_t base = total < 0 ? UNCOUNTED : total > ROOM ? total : ROOM;
    scanner->first_total = total;
    scanner->added_max = base + (base < ADDED_MAX / ROOM ? base * ROOM : ADDED_MAX);
    scanner->asked_max =
        QUESTIONS_MIN + scanner->added_max / scanner->query.page_size * READINGS_MAX;
}

void scanner_free(struct scanner *scanner)
{
    row_set_free(&scanner->seen);
    row_set_free(&scanner->arrived);
    row_set_free(&scanner->elsewhere);
    row_set_free(&scanner->children);
    row_set_free(&scanner->news);
}

void scan_result_free(struct scan_result *result)
{
    row_set_free(&result->rows);
    row_set_free(&result->inside);
}

void id_list_add(struct id_list *list, const char *restore_id)
{
    assert(list->count < ID_LIST_MAX);
    char *text = list->texts[list->count];
    (void)text_fit(text, sizeof(list->texts[0]), restore_id);
    list->ids[list->count++] = text;
}

bool scan_is_exact(const struct scan_result *result)
{
    return result->complete && !result->moved && !result->mismatched &&
           result->listed == result->total && row_set_count(&result->rows) == result->total;
}

bool scan_is_one_answer(const struct scan_result *result)
{
    return scan_is_exact(result) && result->total <= result->page_size;
}

static bool has_parent(const struct record *job)
{
    const struct value *parent = &job->values[HBR_JOB][HBR_PARENT_ID];
    return parent->kind == VALUE_TEXT && parent->length > 0;
}

/* Whether a row satisfies the type and the filters that it was asked with. Whatever key selects by
 * id, it is the RestoreId that was asked for. */
static bool satisfies(const struct scan_query *query, const struct hbr_query *asked,
                      const struct record *job)
{
    bool satisfied = asked->restore_type[0] == '\0' || hbr_job_has_type(job, asked->restore_type);
    for (size_t i = 0; i < asked->filter_count; i++) {
        struct hbr_filter filter = asked->filters[i];
        if (query->kind == SCAN_IDS && i + 1 == asked->filter_count) {
            filter.key = "RestoreId";
        }
        satisfied = satisfied && hbr_filter_match(&filter, job) != HBR_DOES_NOT_MATCH;
    }
    return satisfied;
}

static bool tell_change(struct scanner *scanner, bool *told, struct error *err)
{
    if (scanner->changed || *told || scanner->on_change == NULL) {
        return true;
    }
    *told = true;
    return scanner->on_change(scanner->context, err);
}

static void count_put(struct store_run *run, const struct store_put *put, bool first)
{
    run->inserted += put->result == PUT_INSERTED ? 1 : 0;
    run->updated += put->result == PUT_UPDATED ? 1 : 0;
    run->unchanged +=
        put->result == PUT_UNCHANGED && first ? 1 : 0; /* read again: not counted again */
    run->stale += put->result == PUT_STALE ? 1 : 0;
    run->returned += put->returned ? 1 : 0;
    run->seen += first ? 1 : 0;
}

/* Files a stored row in the sets of the scan and of the scanner. */
static bool file_row(struct scanner *scanner, const struct scan_query *query,
                     const struct record *job, const struct store_put *put,
                     struct scan_result *result, bool *ret_first, struct error *err)
{
    int64_t complete = hbr_job_complete_time(job);
    bool new_in_scope = false;
    scanner->overlapping = scanner->overlapping || (complete > 0 && hbr_job_is_open(job));
    scanner->watched_met =
        scanner->watched_met || (scanner->watched > 0 && complete == scanner->watched);
    if (!row_set_add(&result->rows, put->row, NULL, err) ||
        !row_set_add(&scanner->seen, put->row, &new_in_scope, err) ||
        !row_set_add(scanner->counted, put->row, ret_first, err)) {
        return false;
    }
    bool inside = complete > 0 && complete >= query->keep_from && complete <= query->keep_to;
    bool known = put->own || !new_in_scope;
    return (!inside || row_set_add(&result->inside, put->row, NULL, err)) &&
           (known || row_set_add(&scanner->arrived, put->row, NULL, err)) &&
           (!put->elsewhere || row_set_add(&scanner->elsewhere, put->row, NULL, err)) &&
           (!has_parent(job) || row_set_add(&scanner->children, put->row, NULL, err));
}

static bool take_rows(struct scanner *scanner, const struct scan_query *query,
                      const struct hbr_query *asked, const struct hbr_page *page,
                      struct scan_result *result, bool *told, struct error *err)
{
    for (size_t i = 0; i < page->job_count; i++) {
        const struct record *job = &page->jobs[i];
        struct store_put put;
        bool first = false;
        /* Sound data all the same: stored, but it says nothing about what was asked. */
        result->mismatched = result->mismatched || !satisfies(query, asked, job);
        if (!store_job_put(scanner->store, &scanner->writer, job, &put, err) ||
            !file_row(scanner, query, job, &put, result, &first, err)) {
            return false;
        }
        count_put(scanner->run, &put, first);
        scanner->added += put.result == PUT_INSERTED && !has_parent(job) ? 1 : 0;
        bool taken = !put.own && !put.elsewhere; /* new to the source, whoever stored it before */
        bool changed = taken || put.result == PUT_UPDATED || put.returned;
        if (changed && (!row_set_add(&scanner->news, put.row, NULL, err) ||
                        !tell_change(scanner, told, err))) {
            return false;
        }
    }
    return true;
}

bool scan_page(struct scanner *scanner, const struct scan_query *query,
               const struct hbr_query *asked, const struct hbr_page *page, bool beyond,
               struct scan_result *result, int64_t *ret_new, struct error *err)
{
    int64_t before = row_set_count(&result->rows);
    bool told = false;
    *ret_new = 0;
    if (page->job_count == 0 || query->discard) {
        return true;
    }
    if (!store_begin(scanner->store, err)) {
        return false;
    }
    if (!take_rows(scanner, query, asked, page, result, &told, err) ||
        !store_commit(scanner->store, err)) {
        store_rollback(scanner->store);
        return false;
    }
    scanner->changed = scanner->changed || told;
    *ret_new = row_set_count(&result->rows) - before;
    bool twice = *ret_new < (int64_t)page->job_count;
    result->moved = result->moved || (beyond ? *ret_new > 0 : twice);
    return true;
}
