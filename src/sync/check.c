#include "sync/check.h"

#include <assert.h>
#include <string.h>

#include "base/text.h"
#include "hbr/restore_job.h"
#include "sync/windows.h"

#define LISTINGS_MAX 2 /* scans of a listing until it holds still */
#define HALVES_MAX 4   /* counts of halves until nothing went between them */
#define IDS_MAX 1960   /* asked for by id in one check; beyond this a full scan is cheaper */
#define BATCH_MAX (ID_LIST_MAX - 1)    /* ids of one question, less the witness */
#define REPORT_SECONDS (7 * 24 * 3600) /* a report under way is asked for so long after its job */
#define NO_ID_FILTER "-"

/* The keys that may select by RestoreId: the field's name as the Terraform provider sends it, and
 * JobId, under which multicloudj's restore code passes restore ids. */
static const char *const id_keys[] = {"restoreId", "RestoreId", "JobId"};

bool check_total(struct scope *scope, struct scan_result *first, struct error *err)
{
    const struct scan_query query = {.kind = SCAN_ALL, .first_page_only = true};
    struct scan_result scratch = {.total = -1};
    struct scan_result *read = first != NULL ? first : &scratch;
    scan_result_free(read);
    bool done = scan(&scope->scanner, &query, read, err);
    row_set_free(&scope->scanner.arrived);
    scope->date = read->date;
    /* A count that its own page contradicts is none. */
    scope->evidence.total = read->moved ? -1 : read->total;
    scan_result_free(&scratch);
    return done;
}

bool check_choose_edge(struct scope *scope, int64_t latest, struct error *err)
{
    struct scanner *scanner = &scope->scanner;
    scanner->watched_met = false;
    bool done = store_job_empty_second(scanner->store, &scope->stored, STORE_LATEST, 1, latest,
                                       &scanner->watched, err);
    scope->evidence.edge = scanner->watched;
    return done;
}

static struct scan_query count_query(int64_t from, int64_t to)
{
    return (struct scan_query){
        .kind = SCAN_BETWEEN, .from = from, .to = to, .page_size = 1, .first_page_only = true};
}

/* TotalCount, or -1. One that its own page contradicts says nothing. A page may be longer than one
 * row: a service may have a least PageSize. */
static int64_t take_count(struct scan_result *read)
{
    bool contradicted = read->listed > read->total || (read->listed == 0 && read->total > 0);
    scan_result_free(read);
    return read->refused || read->mismatched || contradicted ? -1 : read->total;
}

bool check_count(struct scope *scope, int64_t from, int64_t to, int64_t *ret_count,
                 struct error *err)
{
    const struct scan_query query = count_query(from, to);
    struct scan_result read;
    bool done = scan(&scope->scanner, &query, &read, err);
    *ret_count = take_count(&read);
    return done;
}

bool check_find_middles(struct scope *scope, int64_t from, int64_t to, int64_t ret_middles[2],
                        struct error *err)
{
    struct store *store = scope->scanner.store;
    const struct store_scope *stored = &scope->stored;
    int64_t pivot = 0;
    ret_middles[0] = ret_middles[1] = 0;
    if (!store_job_median(store, stored, from, to, &pivot, err) ||
        (pivot == 0 && !store_job_last_finished(store, stored, from, to, &pivot, err))) {
        return false;
    }
    return pivot == 0 || (store_job_empty_second(store, stored, STORE_LATEST, from + 1, pivot,
                                                 &ret_middles[0], err) &&
                          store_job_empty_second(store, stored, STORE_EARLIEST, pivot + 1, to - 1,
                                                 &ret_middles[1], err));
}

/* The counts of both halves and of the whole, asked together. */
static bool count_halves(struct scope *scope, int64_t middle, int64_t to, struct error *err)
{
    struct evidence *evidence = &scope->evidence;
    const struct scan_query queries[] = {count_query(1, middle), count_query(middle, to),
                                         count_query(1, to)};
    for (int i = 0; i < HALVES_MAX; i++) {
        struct scan_result reads[3];
        bool done = scan_first_pages(&scope->scanner, queries, 3, reads, err);
        evidence->half_older = take_count(&reads[0]);
        evidence->half_newer = take_count(&reads[1]);
        evidence->half_whole = take_count(&reads[2]);
        if (!done) {
            return false;
        }
        if (evidence->half_older + evidence->half_newer == evidence->half_whole) {
            return true;
        }
    }
    if (!proof_total_is_capped(evidence)) {
        evidence->half_whole = -1; /* jobs came between the counts, which so tell nothing */
    }
    return true;
}

bool check_halves(struct scope *scope, int64_t to, struct error *err)
{
    struct evidence *evidence = &scope->evidence;
    int64_t middles[2];
    bool parted = false;
    if (!check_find_middles(scope, 1, to, middles, err)) {
        return false;
    }
    /* Jobs that are stored under another source may have finished in one of the seconds: then the
     * other one is asked, too. One that parts nothing tells nothing. */
    bool elsewhere = row_set_count(&scope->scanner.elsewhere) > 0;
    for (int i = 1; i >= 0 && (!parted || (elsewhere && proof_total_is_capped(evidence))); i--) {
        struct evidence before = *evidence;
        if (middles[i] > 0 && !count_halves(scope, middles[i], to, err)) {
            return false;
        }
        bool parts = evidence->half_older > 0 && evidence->half_newer > 0;
        if (parted && !parts) {
            *evidence = before;
        }
        parted = parted || parts;
    }
    return true;
}

/* --- 1. the open jobs, and what finished at the edge or later ------------------------------- */

/* More recent jobs than pages can reach: by windows. */
static bool list_by_windows(struct scope *scope, int64_t edge, struct row_set *after,
                            bool *ret_steady, bool *ret_ignored, struct error *err)
{
    struct windows_result read;
    bool done = windows_read(scope, edge, SYNC_FAR_FUTURE, 0, &read, err) &&
                row_set_unite(after, &read.rows, err);
    *ret_steady = read.proved;
    *ret_ignored = read.ignored;
    row_set_free(&read.rows);
    return done;
}

static bool list_one(struct scope *scope, const struct scan_query *query, struct row_set *after,
                     bool *ret_steady, bool *ret_ignored, struct error *err)
{
    struct scan_result read;
    bool done = scan_until_exact(&scope->scanner, query, LISTINGS_MAX, &read, err) &&
                row_set_unite(after, &read.rows, err);
    bool capped = read.capped;
    *ret_steady = scan_is_exact(&read);
    *ret_ignored = read.refused || read.mismatched;
    scan_result_free(&read);
    if (!done || !capped || query->kind != SCAN_SINCE) {
        return done;
    }
    return list_by_windows(scope, query->from, after, ret_steady, ret_ignored, err);
}

bool check_list_newer(struct scope *scope, struct row_set *after, bool *ret_ignored,
                      struct error *err)
{
    const struct scan_query open = {.kind = SCAN_OPEN};
    const struct scan_query since = {.kind = SCAN_SINCE, .from = scope->evidence.edge};
    bool open_steady = false;
    bool since_steady = false;
    if (!list_one(scope, &open, after, &open_steady, ret_ignored, err)) {
        return false;
    }
    if (!*ret_ignored && !list_one(scope, &since, after, &since_steady, ret_ignored, err)) {
        return false;
    }
    scope->evidence.steady = open_steady && since_steady;
    return true;
}

/* --- 2. by id ------------------------------------------------------------------------------ */

/* Asks for ids, of which the witness is the last: a job that was just listed, so that its absence
 * shows that the key does not select by id. */
static bool ask_with_key(struct scope *scope, const char *key, const struct id_list *list,
                         int64_t witness, struct row_set *after, bool *ret_honoured,
                         struct error *err)
{
    int64_t count = (int64_t)list->count;
    int64_t page_size = scope->scanner.query.page_size;
    struct scan_query query = {.kind = SCAN_IDS,
                               .key = key,
                               .ids = list->ids,
                               .id_count = list->count,
                               .row_limit = count > page_size ? count : page_size};
    struct scan_result read;
    bool done = scan(&scope->scanner, &query, &read, err);
    *ret_honoured = done && scan_is_exact(&read) && row_set_has(&read.rows, witness);
    if (*ret_honoured) {
        done = row_set_unite(after, &read.rows, err);
    }
    scan_result_free(&read);
    return done;
}

/* The key that was honoured before, then the others. */
static bool ask_list(struct scope *scope, const struct id_list *list, int64_t witness,
                     struct row_set *after, struct error *err)
{
    char *known = scope->capabilities->id_filter;
    const char *key = known;
    bool honoured = false;
    if (known[0] != '\0' && !ask_with_key(scope, key, list, witness, after, &honoured, err)) {
        return false;
    }
    for (size_t i = 0; i < sizeof(id_keys) / sizeof(id_keys[0]) && !honoured; i++) {
        key = id_keys[i];
        if (strcmp(key, known) != 0 &&
            !ask_with_key(scope, key, list, witness, after, &honoured, err)) {
            return false;
        }
    }
    if (key != known) {
        (void)text_fit(known, STORE_NAME_MAX, honoured ? key : NO_ID_FILTER);
    }
    return true;
}

static bool add_id(struct scope *scope, struct id_list *list, int64_t row, struct error *err)
{
    struct store_job_row job;
    bool done = store_job_at(scope->scanner.store, row, &job, err);
    if (done) {
        id_list_add(list, job.restore_id);
    }
    return done;
}

static bool ask_ids(struct scope *scope, const struct row_set *wanted, struct row_set *after,
                    struct error *err)
{
    int64_t witness = row_set_next(after, 0);
    witness = witness != 0 ? witness : row_set_next(&scope->scanner.seen, 0);
    if (row_set_count(wanted) == 0 || row_set_count(wanted) > IDS_MAX || witness == 0) {
        return true;
    }
    bool done = true;
    int64_t row = row_set_next(wanted, 0);
    while (done && row != 0 && strcmp(scope->capabilities->id_filter, NO_ID_FILTER) != 0) {
        struct id_list list = {.count = 0};
        for (; done && row != 0 && list.count < BATCH_MAX; row = row_set_next(wanted, row)) {
            done = add_id(scope, &list, row, err);
        }
        done = done && add_id(scope, &list, witness, err) &&
               ask_list(scope, &list, witness, after, err);
    }
    return done;
}

/* Stored jobs that should be listed and are not, and those whose report is under way, as far as
 * there is room for them. */
static bool ask_absent(struct scope *scope, bool ask_reports, struct row_set *after,
                       bool *ret_unanswered, struct error *err)
{
    struct store *store = scope->scanner.store;
    struct row_set wanted = {0};
    struct row_set reports = {0};
    int64_t since = scope->scanner.writer.now - REPORT_SECONDS;
    bool done = store_job_rows(store, &scope->stored, PICK_OPEN, 0, 0, &wanted, err) &&
                store_job_rows(store, &scope->stored, PICK_FINISHED, scope->evidence.edge,
                               INT64_MAX, &wanted, err) &&
                (!ask_reports || store_job_rows(store, &scope->stored, PICK_REPORT, since,
                                                INT64_MAX, &reports, err));
    row_set_subtract(&wanted, after);
    row_set_subtract(&reports, after);
    for (int64_t row = row_set_next(&reports, 0);
         done && row != 0 && row_set_count(&wanted) < IDS_MAX; row = row_set_next(&reports, row)) {
        done = row_set_add(&wanted, row, NULL, err);
    }
    done = done && ask_ids(scope, &wanted, after, err);
    bool key_failed = strcmp(scope->capabilities->id_filter, NO_ID_FILTER) == 0;
    *ret_unanswered = key_failed && row_set_count(&reports) > 0;
    row_set_free(&wanted);
    row_set_free(&reports);
    return done;
}

/* --- 3. the older -------------------------------------------------------------------------- */

bool check_after_total(struct scope *scope, const struct row_set *older, bool reports,
                       enum check_outcome *ret_outcome, struct error *err)
{
    struct evidence *evidence = &scope->evidence;
    struct row_set after = {0};
    struct row_set stored = {0};
    bool ignored = false;
    bool unanswered = false;
    assert(evidence->edge > 0 && evidence->edge == scope->scanner.watched);
    evidence->tries = evidence->tries < 0 ? 1 : evidence->tries + 1;
    bool done = check_list_newer(scope, &after, &ignored, err);
    if (!done || ignored) {
        *ret_outcome = CHECK_IGNORED;
        row_set_free(&after);
        return done;
    }
    done = ask_absent(scope, reports, &after, &unanswered, err) &&
           check_count(scope, 1, evidence->edge, &evidence->older_counted, err);
    evidence->edge_is_empty = !scope->scanner.watched_met;
    row_set_subtract(&scope->gone, &after); /* listed again */
    row_set_subtract(&after, &scope->scanner.arrived);
    row_set_free(&scope->held);
    scope->held = after;
    if (done && older == NULL) {
        done = store_job_rows(scope->scanner.store, &scope->stored, PICK_FINISHED, 1,
                              evidence->edge - 1, &stored, err);
        row_set_subtract(&stored, &scope->gone);
        older = &stored;
    }
    if (done && evidence->older_counted >= 0) {
        evidence->older = row_set_count(older);
        evidence->newer = row_set_count_outside(&scope->held, older);
    }
    row_set_free(&stored);
    *ret_outcome = evidence->older_counted < 0 ? CHECK_IGNORED
                   : unanswered                ? CHECK_UNANSWERED
                                               : CHECK_DONE;
    return done;
}
