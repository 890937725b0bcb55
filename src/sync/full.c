#include "sync/full.h"

#include <string.h>

#include "sync/check.h"
#include "sync/plain.h"
#include "sync/vanished.h"
#include "sync/windows.h"

#define TRIES_MAX 8

/* What the tries of the check have in common. */
struct full {
    struct scope *scope;
    int64_t edge;
    struct row_set older; /* ids of the windows of [1, edge) */
    bool windows_due;     /* they have to be read (again) */
    int64_t last_total;   /* of the last try ... */
    int64_t last_excess;  /* ... and what its equation was off by */
};

/* Lists the open jobs, and what finished since the edge, so that they are known before T. */
static bool list_newer(struct full *full, bool *ret_ignored, struct error *err)
{
    const struct scan_query queries[] = {{.kind = SCAN_OPEN},
                                         {.kind = SCAN_SINCE, .from = full->edge}};
    *ret_ignored = false;
    for (size_t i = 0; i < 2 && !*ret_ignored; i++) {
        struct scan_result read;
        bool done = scan(&full->scope->scanner, &queries[i], &read, err);
        *ret_ignored = read.refused || read.mismatched;
        scan_result_free(&read);
        if (!done) {
            return false;
        }
    }
    return true;
}

/* A second that is not after `latest`, in which no known job finished; 0: none. */
static bool choose_edge(struct full *full, int64_t latest, struct error *err)
{
    struct scope *scope = full->scope;
    if (!store_job_empty_second(scope->scanner.store, &scope->stored, STORE_LATEST, 1, latest,
                                &full->edge, err)) {
        return false;
    }
    scope->scanner.watched = full->edge;
    scope->scanner.watched_met = false;
    return true;
}

static bool read_windows(struct full *full, int64_t believed_below, bool *ret_proved,
                         bool *ret_ignored, struct error *err)
{
    struct windows_result read;
    bool done = windows_read(full->scope, 1, full->edge - 1, believed_below, &read, err);
    row_set_free(&full->older);
    full->older = read.rows;
    full->windows_due = !read.proved;
    *ret_proved = read.proved;
    *ret_ignored = read.ignored;
    return done;
}

/* What is stored of the older jobs and no window listed is gone. */
static bool take_gone(struct full *full, struct error *err)
{
    struct scope *scope = full->scope;
    row_set_free(&scope->gone);
    bool done = store_job_rows(scope->scanner.store, &scope->stored, PICK_FINISHED, 1,
                               full->edge - 1, &scope->gone, err);
    row_set_subtract(&scope->gone, &full->older);
    return done;
}

/* The service counts fewer than the windows listed: jobs went since, and are looked for. Where that
 * does not tell which, the windows have to be read again. */
static bool find_gone(struct full *full, struct error *err)
{
    struct scope *scope = full->scope;
    int64_t counted = scope->evidence.older_counted;
    bool explained = false;
    bool countable =
        counted < scope->evidence.older && row_set_count(&scope->scanner.elsewhere) == 0;
    if (countable && !vanished_find(scope, full->edge, counted, &explained, err)) {
        return false;
    }
    row_set_subtract(&full->older, &scope->gone);
    full->windows_due = !explained;
    return true;
}

static bool is_parted(const struct evidence *evidence)
{
    return evidence->half_older > 0 && evidence->half_newer > 0;
}

/* Counts the halves of the older jobs. A page of them shows where they part, if what is stored does
 * not. */
static bool count_halves(struct full *full, struct error *err)
{
    struct scan_query query = {
        .kind = SCAN_BETWEEN, .from = 1, .to = full->edge, .first_page_only = true};
    struct scope *scope = full->scope;
    struct scan_result read;
    if (!check_halves(scope, full->edge, err)) {
        return false;
    }
    if (is_parted(&scope->evidence)) {
        return true;
    }
    bool done = scan(&scope->scanner, &query, &read, err);
    scan_result_free(&read);
    return done && check_halves(scope, full->edge, err);
}

/* The halves come before the windows: the older jobs only shrink, so a TotalCount that held then
 * holds in the windows. Where it ends at some number, they go beyond it. */
static bool read_older(struct full *full, bool *ret_proved, bool *ret_ignored, struct error *err)
{
    const struct evidence *evidence = &full->scope->evidence;
    if (evidence->half_whole < 0 && !count_halves(full, err)) {
        return false;
    }
    int64_t believed_below = proof_total_is_capped(evidence) ? evidence->half_whole : 0;
    if (!read_windows(full, believed_below, ret_proved, ret_ignored, err)) {
        return false;
    }
    return !*ret_proved || *ret_ignored || take_gone(full, err);
}

/* T and the check. *ret_outcome SCOPE_NEEDS_PLAIN: nothing moves, and what does not fit never will.
 */
static bool try_once(struct full *full, enum scope_outcome *ret_outcome, struct error *err)
{
    struct scope *scope = full->scope;
    const struct evidence *evidence = &scope->evidence;
    /* Reports were just read; asking for them once shows the next delta which key selects by id. */
    struct check check = {
        .edge = full->edge, .older = &full->older, .reports = evidence->tries < 1};
    struct scan_result total;
    struct check_result result;
    bool done = check_total(scope, &total, err);
    scan_result_free(&total);
    if (!done || !check_after_total(scope, &check, &result, err)) {
        return false;
    }
    *ret_outcome = result.ignored ? SCOPE_NEEDS_PLAIN : SCOPE_DONE;
    if (result.ignored || proof_judge(evidence)) {
        return true;
    }
    bool agrees = evidence->older_counted == evidence->older;
    int64_t excess = evidence->total - evidence->newer - evidence->older;
    if (!evidence->edge_is_empty) {
        int64_t edge = full->edge;
        if (!choose_edge(full, edge - 1, err)) {
            return false;
        }
        full->windows_due = true;
        *ret_outcome = full->edge == 0 ? SCOPE_NEEDS_PLAIN : SCOPE_DONE;
        return true;
    }
    bool moves = row_set_count(&scope->scanner.arrived) > 0 || evidence->total != full->last_total;
    if (agrees && !moves && excess != 0 && excess == full->last_excess) {
        *ret_outcome = SCOPE_NEEDS_PLAIN;
    }
    full->last_total = evidence->total;
    full->last_excess = excess;
    return agrees || find_gone(full, err);
}

static bool read_in_parts(struct full *full, enum scope_outcome *ret_outcome, struct error *err)
{
    struct scope *scope = full->scope;
    bool ignored = false;
    *ret_outcome = SCOPE_NEEDS_PLAIN;
    if (!choose_edge(full, scope->date - scope->overlap - SYNC_SKEW, err) || full->edge == 0) {
        return full->edge == 0;
    }
    if (!list_newer(full, &ignored, err)) {
        return false;
    }
    scope->evidence.method = PROOF_FULL;
    full->windows_due = true;
    for (int i = 0; i < TRIES_MAX && !ignored && !proof_total_is_capped(&scope->evidence); i++) {
        bool proved = true;
        if (full->windows_due && !read_older(full, &proved, &ignored, err)) {
            return false;
        }
        if (ignored || !proved) {
            break;
        }
        if (!try_once(full, ret_outcome, err)) {
            return false;
        }
        if (*ret_outcome == SCOPE_NEEDS_PLAIN || proof_judge(&scope->evidence)) {
            return true;
        }
    }
    *ret_outcome = proof_total_is_capped(&scope->evidence) ? SCOPE_DONE : SCOPE_NEEDS_PLAIN;
    scope->capabilities->filters = ignored ? CAPABILITY_NO : scope->capabilities->filters;
    return true;
}

bool full_read(struct scope *scope, const struct scan_result *first, struct error *err)
{
    struct scan_query everything = {.kind = SCAN_ALL};
    struct full full = {.scope = scope};
    enum scope_outcome outcome = SCOPE_NEEDS_PLAIN;
    struct plain_result plain;
    if (scan_is_one_answer(first)) {
        scope->evidence.method = PROOF_ONE_ANSWER;
        scope->evidence.ids = row_set_count(&first->rows);
        row_set_free(&scope->held);
        return row_set_unite(&scope->held, &first->rows, err);
    }
    bool usable =
        first->total >= 0 && first->date > 0 && scope->capabilities->filters != CAPABILITY_NO;
    bool done = (!usable || read_in_parts(&full, &outcome, err)) &&
                row_set_unite(&scope->held, &full.older, err);
    row_set_free(&full.older);
    if (!done) {
        return false;
    }
    if (usable && outcome == SCOPE_DONE) {
        scope->capabilities->filters = CAPABILITY_YES;
        return true;
    }
    row_set_free(&scope->held);
    done = plain_read(scope, &everything, &scope->evidence, &plain, err);
    scope->held = plain.ids;
    scope->date = plain.date;
    if (!done) {
        return false;
    }
    if (plain.refused) {
        *err = plain.refusal;
    }
    return !plain.refused;
}
