#include "sync/check.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "hbr/restore_job.h"
#include "sync/windows.h"

#define LISTINGS_MAX 2 /* scans of a listing until it holds still */
#define HALVES_MAX 4   /* counts of halves until nothing went between them */
#define IDS_MAX 1960   /* asked for by id in one check; beyond this a full scan is cheaper */
#define BATCH_MAX 98   /* ids of one question, less the witness */
#define REPORT_SECONDS (7 * 24 * 3600) /* a report under way is asked for so long after its job */
#define NO_ID_FILTER "-"

/* The keys that may select by RestoreId: the field's name as the Terraform provider sends it, and
 * JobId, under which multicloudj's restore code passes restore ids. */
static const char *const id_keys[] = {"restoreId", "RestoreId", "JobId"};

bool check_total(struct scope *scope, struct scan_result *ret_first, struct error *err)
{
    struct scan_query query = {.kind = SCAN_ALL, .first_page_only = true};
    bool done = scan(&scope->scanner, &query, ret_first, err);
    row_set_free(&scope->scanner.arrived);
    scope->date = ret_first->date;
    /* A count that its own page contradicts is none. */
    scope->evidence.total = ret_first->moved ? -1 : ret_first->total;
    return done;
}

bool check_count(struct scope *scope, int64_t from, int64_t to, int64_t *ret_count,
                 struct error *err)
{
    struct scan_query query = {
        .kind = SCAN_BETWEEN, .from = from, .to = to, .page_size = 1, .first_page_only = true};
    struct scan_result read;
    bool done = scan(&scope->scanner, &query, &read, err);
    /* A TotalCount that its own page contradicts says nothing. */
    *ret_count = read.refused || read.mismatched || read.moved ? -1 : read.total;
    scan_result_free(&read);
    return done;
}

/* Seconds by which the stored jobs can be halved: after the median of them, and before it. */
static bool find_middles(struct scope *scope, int64_t to, int64_t middles[2], struct error *err)
{
    struct store *store = scope->scanner.store;
    int64_t pivot = 0;
    middles[0] = middles[1] = 0;
    if (!store_job_median(store, &scope->stored, 1, to, &pivot, err) ||
        (pivot == 0 && !store_job_last_finished(store, &scope->stored, 1, to, &pivot, err))) {
        return false;
    }
    return pivot == 0 || (store_job_empty_second(store, &scope->stored, STORE_EARLIEST, pivot,
                                                 to - 1, &middles[0], err) &&
                          store_job_empty_second(store, &scope->stored, STORE_LATEST, 2, pivot,
                                                 &middles[1], err));
}

static bool count_halves(struct scope *scope, int64_t middle, int64_t to, struct error *err)
{
    struct evidence *evidence = &scope->evidence;
    for (int i = 0; i < HALVES_MAX; i++) {
        if (!check_count(scope, 1, middle, &evidence->half_older, err) ||
            !check_count(scope, middle, to, &evidence->half_newer, err) ||
            !check_count(scope, 1, to, &evidence->half_whole, err)) {
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
    const struct evidence *evidence = &scope->evidence;
    int64_t middles[2];
    bool parted = false;
    if (!find_middles(scope, to, middles, err)) {
        return false;
    }
    for (int i = 0; i < 2 && !parted; i++) {
        if (middles[i] > 0 && !count_halves(scope, middles[i], to, err)) {
            return false;
        }
        parted = evidence->half_older > 0 && evidence->half_newer > 0;
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

static bool list_newer(struct scope *scope, int64_t edge, struct row_set *after, bool *ret_ignored,
                       struct error *err)
{
    struct scan_query open = {.kind = SCAN_OPEN};
    struct scan_query since = {.kind = SCAN_SINCE, .from = edge};
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

/* Ids to ask for, the witness last: a job that was just listed, so that its absence shows that the
 * key does not select by id. */
struct batch {
    char texts[BATCH_MAX + 1][STORE_RESTORE_ID_SIZE];
    const char *ids[BATCH_MAX + 1];
    size_t count;
    int64_t witness;
};

static bool add_id(struct scope *scope, struct batch *batch, int64_t row, struct error *err)
{
    struct store_job_row job;
    assert(batch->count <= BATCH_MAX);
    if (!store_job_at(scope->scanner.store, row, &job, err)) {
        return false;
    }
    char *text = batch->texts[batch->count];
    (void)text_fit(text, sizeof(batch->texts[0]), job.restore_id);
    batch->ids[batch->count++] = text;
    return true;
}

static bool ask_with_key(struct scope *scope, const char *key, const struct batch *batch,
                         struct row_set *after, bool *ret_honoured, struct error *err)
{
    struct scan_query query = {
        .kind = SCAN_IDS, .key = key, .ids = batch->ids, .id_count = batch->count};
    query.row_limit = (int64_t)batch->count > scope->scanner.query.page_size
                          ? (int64_t)batch->count
                          : scope->scanner.query.page_size;
    struct scan_result read;
    bool done = scan(&scope->scanner, &query, &read, err);
    *ret_honoured = done && scan_is_exact(&read) && row_set_has(&read.rows, batch->witness);
    if (*ret_honoured) {
        done = row_set_unite(after, &read.rows, err);
    }
    scan_result_free(&read);
    return done;
}

/* The key that was honoured before, then the others. */
static bool ask_batch(struct scope *scope, const struct batch *batch, struct row_set *after,
                      struct error *err)
{
    char *known = scope->capabilities->id_filter;
    bool honoured = false;
    if (known[0] != '\0' && !ask_with_key(scope, known, batch, after, &honoured, err)) {
        return false;
    }
    for (size_t i = 0; i < sizeof(id_keys) / sizeof(id_keys[0]) && !honoured; i++) {
        if (strcmp(id_keys[i], known) == 0) {
            continue;
        }
        if (!ask_with_key(scope, id_keys[i], batch, after, &honoured, err)) {
            return false;
        }
        if (honoured) {
            (void)text_fit(known, STORE_NAME_MAX, id_keys[i]);
        }
    }
    if (!honoured) {
        (void)text_fit(known, STORE_NAME_MAX, NO_ID_FILTER);
    }
    return true;
}

static bool ask_ids(struct scope *scope, const struct row_set *wanted, struct row_set *after,
                    struct error *err)
{
    int64_t witness = row_set_next(after, 0);
    witness = witness != 0 ? witness : row_set_next(&scope->scanner.seen, 0);
    if (row_set_count(wanted) == 0 || row_set_count(wanted) > IDS_MAX || witness == 0) {
        return true;
    }
    struct batch *batch = calloc(1, sizeof(*batch));
    if (batch == NULL) {
        return error_no_memory(err);
    }
    bool done = true;
    int64_t row = row_set_next(wanted, 0);
    while (done && row != 0 && strcmp(scope->capabilities->id_filter, NO_ID_FILTER) != 0) {
        batch->count = 0;
        batch->witness = witness;
        for (; done && row != 0 && batch->count < BATCH_MAX; row = row_set_next(wanted, row)) {
            done = add_id(scope, batch, row, err);
        }
        done = done && add_id(scope, batch, witness, err) && ask_batch(scope, batch, after, err);
    }
    free(batch);
    return done;
}

/* Stored jobs that should be listed and are not, and those whose report is under way, as far as
 * there is room for them. */
static bool ask_absent(struct scope *scope, const struct check *check, struct row_set *after,
                       bool *ret_unanswered, struct error *err)
{
    struct store *store = scope->scanner.store;
    struct row_set wanted = {0};
    struct row_set reports = {0};
    int64_t since = scope->scanner.writer.now - REPORT_SECONDS;
    bool done = store_job_rows(store, &scope->stored, PICK_OPEN, 0, 0, &wanted, err) &&
                store_job_rows(store, &scope->stored, PICK_FINISHED, check->edge, INT64_MAX,
                               &wanted, err) &&
                (!check->reports || store_job_rows(store, &scope->stored, PICK_REPORT, since,
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

/* The stored jobs that finished before the edge, less those found gone; and how many of the
 * held are none of them. */
static bool count_stored(struct scope *scope, int64_t edge, struct error *err)
{
    struct store *store = scope->scanner.store;
    struct evidence *evidence = &scope->evidence;
    if (!store_job_count_finished(store, &scope->stored, 1, edge - 1, &evidence->older, err)) {
        return false;
    }
    bool is_older = false;
    for (int64_t row = row_set_next(&scope->gone, 0); row != 0;
         row = row_set_next(&scope->gone, row)) {
        if (!store_job_is_finished(store, &scope->stored, 1, edge - 1, row, &is_older, err)) {
            return false;
        }
        evidence->older -= is_older ? 1 : 0;
    }
    evidence->newer = 0;
    for (int64_t row = row_set_next(&scope->held, 0); row != 0;
         row = row_set_next(&scope->held, row)) {
        if (!store_job_is_finished(store, &scope->stored, 1, edge - 1, row, &is_older, err)) {
            return false;
        }
        evidence->newer += is_older ? 0 : 1;
    }
    return true;
}

bool check_after_total(struct scope *scope, const struct check *check,
                       struct check_result *ret_result, struct error *err)
{
    struct evidence *evidence = &scope->evidence;
    struct row_set after = {0};
    evidence->tries = evidence->tries < 0 ? 1 : evidence->tries + 1;
    evidence->edge = check->edge;
    assert(scope->scanner.watched == check->edge);
    *ret_result = (struct check_result){.ignored = false};
    bool done = list_newer(scope, check->edge, &after, &ret_result->ignored, err);
    if (!done || ret_result->ignored) {
        row_set_free(&after);
        return done;
    }
    done = ask_absent(scope, check, &after, &ret_result->unanswered, err) &&
           check_count(scope, 1, check->edge, &evidence->older_counted, err);
    ret_result->ignored = done && evidence->older_counted < 0;
    evidence->edge_is_empty = !scope->scanner.watched_met;
    row_set_subtract(&scope->gone, &after); /* listed again */
    row_set_subtract(&after, &scope->scanner.arrived);
    row_set_free(&scope->held);
    scope->held = after;
    if (!done || ret_result->ignored) {
        return done;
    }
    if (check->older == NULL) {
        return count_stored(scope, check->edge, err);
    }
    evidence->older = row_set_count(check->older);
    evidence->newer = row_set_count_outside(&scope->held, check->older);
    return true;
}
