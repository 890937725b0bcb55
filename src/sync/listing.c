#include "sync/listing.h"

#include "sync/check.h"
#include "sync/windows.h"

#define PLAIN_SCANS_MAX 5
#define FULL_TRIES_MAX 8
#define DELTA_TRIES_MAX 4
#define QUESTIONS_MAX 400 /* for what vanished; beyond this a full scan is the cheaper way */

/* Whether the check can be tried after this first answer. */
static bool is_usable(const struct scope *scope, const struct scan_result *first)
{
    return first->total >= 0 && !first->mismatched && first->date > 0 &&
           scope->capabilities->filters != CAPABILITY_NO;
}

/* --- complete scans ------------------------------------------------------------------------ */

/* Takes what a scan tells; `before` holds the ids of the one before. Returns whether no further
 * scan is of use. */
static bool take_scan(struct evidence *evidence, const struct scan_result *read,
                      const struct row_set *before)
{
    evidence->tries++;
    evidence->total = read->total;
    evidence->ids = row_set_count(&read->rows);
    evidence->same = evidence->tries > 1 && row_set_equal(before, &read->rows);
    if (scan_is_one_answer(read)) {
        evidence->method = PROOF_ONE_ANSWER;
    } else if (read->mismatched) {
        evidence->method = PROOF_NONE;
        proof_note(evidence, "the service ignores what was asked for");
    } else if (read->capped) {
        proof_note(evidence, "deep pages fail, and filters are of no use to read the rest");
    }
    /* Without a TotalCount there is no proof, however often it is read. */
    return evidence->method != PROOF_PLAIN || read->refused || read->capped || read->total < 0 ||
           proof_judge(evidence);
}

bool listing_read_plainly(struct scope *scope, const struct scan_query *query,
                          struct evidence *evidence, struct scan_result *ret_last,
                          struct error *err)
{
    bool done = true;
    bool end = false;
    *ret_last = (struct scan_result){.total = -1};
    evidence->method = PROOF_PLAIN;
    evidence->tries = 0;
    evidence->same = 0;
    while (done && !end && evidence->tries < PLAIN_SCANS_MAX) {
        struct scan_result before = *ret_last;
        done = scan(&scope->scanner, query, ret_last, err);
        end = take_scan(evidence, ret_last, &before.rows);
        scan_result_free(&before);
    }
    return done;
}

/* --- stored jobs that vanished, by counts of halves ---------------------------------------- */

struct search {
    struct scope *scope;
    int questions;
    bool explained;
};

/* The ends are seconds in which no stored job finished. */
struct part {
    int64_t from, to;
    int64_t counted; /* by the service */
};

/* Reads a part that fits a page, which is one answer. Its rows have to be as many as were counted:
 * else the counts, and with them every half that was not read, mean something else. *ret_halve: it
 * does not fit after all. */
static bool read_page(struct search *search, const struct part *part, struct row_set *stored,
                      bool *ret_halve, struct error *err)
{
    struct scope *scope = search->scope;
    struct scan_query query = {.kind = SCAN_BETWEEN,
                               .from = part->from,
                               .to = part->to,
                               .row_limit = scope->scanner.query.page_size};
    struct scan_result read;
    bool done = scan(&scope->scanner, &query, &read, err);
    bool one_answer = scan_is_one_answer(&read);
    *ret_halve = read.total > read.page_size;
    if (done && one_answer && row_set_count(&read.rows) == part->counted) {
        row_set_subtract(stored, &read.rows);
        done = row_set_unite(&scope->gone, stored, err);
    } else if (!*ret_halve) {
        search->explained = false;
    }
    scan_result_free(&read);
    return done;
}

/* Counts the older half; the newer half's count follows. */
static bool halve(struct search *search, const struct part *part, struct part halves[2],
                  struct error *err)
{
    int64_t middles[2];
    int64_t older = -1;
    if (!check_find_middles(search->scope, part->from, part->to, middles, err)) {
        return false;
    }
    int64_t middle = middles[0] != 0 ? middles[0] : middles[1];
    if (middle != 0 && !check_count(search->scope, part->from, middle, &older, err)) {
        return false;
    }
    search->explained = older >= 0 && older <= part->counted;
    halves[0] = (struct part){part->from, middle, older};
    halves[1] = (struct part){middle, part->to, part->counted - older};
    return true;
}

/* Each level of it asks a question. */
static bool settle(struct search *search, const struct part *part, struct error *err)
{
    struct scope *scope = search->scope;
    struct row_set stored = {0};
    struct part halves[2];
    bool too_many = part->counted > scope->scanner.query.page_size;
    bool done = store_job_rows(scope->scanner.store, &scope->stored, PICK_FINISHED, part->from,
                               part->to, &stored, err);
    row_set_subtract(&stored, &scope->gone); /* known already */
    int64_t count = row_set_count(&stored);
    bool differs = done && count != part->counted;
    if (differs) {
        search->questions++;
        search->explained = count > part->counted && search->questions <= QUESTIONS_MAX;
        if (search->explained && !too_many) {
            done = read_page(search, part, &stored, &too_many, err);
        }
    }
    row_set_free(&stored);
    if (!done || !differs || !search->explained || !too_many) {
        return done;
    }
    return halve(search, part, halves, err) &&
           (!search->explained || settle(search, &halves[0], err)) &&
           (!search->explained || settle(search, &halves[1], err));
}

/* Finds which of the stored jobs that finished before the edge the service, which counts
 * evidence.older_counted of them, lists no longer, and adds them to scope->gone. Halves at seconds
 * in which no stored job finished, one count for each half, until a part fits a page.
 * *ret_explained: the difference was found whole; else only a full scan can tell. */
static bool find_vanished(struct scope *scope, bool *ret_explained, struct error *err)
{
    struct search search = {.scope = scope, .explained = true};
    const struct part all = {1, scope->evidence.edge, scope->evidence.older_counted};
    bool done = settle(&search, &all, err);
    *ret_explained = search.explained;
    return done;
}

/* --- the full scan ------------------------------------------------------------------------- */

/* What the tries of the check have in common. */
struct full {
    struct scope *scope;
    struct row_set older; /* ids of the windows of [1, edge) */
    bool windows_due;     /* they have to be read (again) */
    int64_t last_total;   /* of the last try ... */
    int64_t last_excess;  /* ... and what its equation was off by */
};

/* Counts the halves of the older jobs. A page of them shows where they part, if what is stored does
 * not. */
static bool count_halves(struct scope *scope, struct error *err)
{
    const struct evidence *evidence = &scope->evidence;
    struct scan_query query = {
        .kind = SCAN_BETWEEN, .from = 1, .to = evidence->edge, .first_page_only = true};
    struct scan_result read;
    if (!check_halves(scope, evidence->edge, err)) {
        return false;
    }
    if (evidence->half_older > 0 && evidence->half_newer > 0) {
        return true;
    }
    bool done = scan(&scope->scanner, &query, &read, err);
    scan_result_free(&read);
    return done && check_halves(scope, evidence->edge, err);
}

/* The halves come before the windows: the older jobs only shrink, so a TotalCount that held then
 * holds in the windows. Where it ends at some number, they go beyond it. What is stored of the
 * older jobs and no window listed is gone. */
static bool read_older(struct full *full, bool *ret_ignored, struct error *err)
{
    struct scope *scope = full->scope;
    const struct evidence *evidence = &scope->evidence;
    struct windows_result read;
    if (evidence->half_whole < 0 && !count_halves(scope, err)) {
        return false;
    }
    int64_t believed_below = proof_total_is_capped(evidence) ? evidence->half_whole : 0;
    bool done = windows_read(scope, 1, evidence->edge - 1, believed_below, &read, err);
    row_set_free(&full->older);
    full->older = read.rows;
    full->windows_due = !read.proved;
    *ret_ignored = read.ignored;
    if (!done || !read.proved) {
        return done;
    }
    row_set_free(&scope->gone);
    done = store_job_rows(scope->scanner.store, &scope->stored, PICK_FINISHED, 1,
                          evidence->edge - 1, &scope->gone, err);
    row_set_subtract(&scope->gone, &full->older);
    return done;
}

/* The service counts fewer than the windows listed: jobs went since, and are looked for. Where that
 * does not tell which, the windows have to be read again. */
static bool find_gone(struct full *full, struct error *err)
{
    struct scope *scope = full->scope;
    bool explained = false;
    bool countable = scope->evidence.older_counted < scope->evidence.older &&
                     row_set_count(&scope->scanner.elsewhere) == 0;
    if (countable && !find_vanished(scope, &explained, err)) {
        return false;
    }
    row_set_subtract(&full->older, &scope->gone);
    full->windows_due = !explained;
    return true;
}

/* T and the check. *ret_hopeless: filters are of no use, or nothing moves, and what does not fit
 * never will. */
static bool try_full(struct full *full, bool *ret_hopeless, struct error *err)
{
    struct scope *scope = full->scope;
    const struct evidence *evidence = &scope->evidence;
    enum check_outcome outcome;
    bool done = check_total(scope, NULL, err);
    /* Reports were just read; asking for them once shows the next delta which key selects by id. */
    if (!done || !check_after_total(scope, &full->older, evidence->tries < 1, &outcome, err)) {
        return false;
    }
    *ret_hopeless = outcome == CHECK_IGNORED;
    if (*ret_hopeless || proof_judge(evidence)) {
        return true;
    }
    if (!evidence->edge_is_empty) {
        full->windows_due = true;
        done = check_choose_edge(scope, evidence->edge - 1, err);
        *ret_hopeless = evidence->edge == 0;
        return done;
    }
    bool agrees = evidence->older_counted == evidence->older;
    bool moves = row_set_count(&scope->scanner.arrived) > 0 || evidence->total != full->last_total;
    int64_t excess = evidence->total - evidence->newer - evidence->older;
    *ret_hopeless = agrees && !moves && excess != 0 && excess == full->last_excess;
    full->last_total = evidence->total;
    full->last_excess = excess;
    return agrees || find_gone(full, err);
}

/* By windows and the check. *ret_settled: scope->evidence tells what came of it; else only complete
 * scans are left. */
static bool read_in_parts(struct full *full, bool *ret_settled, struct error *err)
{
    struct scope *scope = full->scope;
    struct evidence *evidence = &scope->evidence;
    struct row_set newer = {0};
    bool ignored = false;
    bool hopeless = false;
    if (!check_choose_edge(scope, scope->date - scope->overlap - SYNC_SKEW, err)) {
        return false;
    }
    if (evidence->edge == 0) {
        return true;
    }
    /* So that they are known before T. */
    bool done = check_list_newer(scope, &newer, &ignored, err);
    row_set_free(&newer);
    evidence->method = PROOF_FULL;
    full->windows_due = true;
    for (int i = 0; i < FULL_TRIES_MAX && done && !ignored && !hopeless; i++) {
        if (proof_judge(evidence) || proof_total_is_capped(evidence)) {
            break;
        }
        done = !full->windows_due || read_older(full, &ignored, err);
        hopeless = full->windows_due;
        done = done && (hopeless || try_full(full, &hopeless, err));
    }
    *ret_settled = proof_judge(evidence) || proof_total_is_capped(evidence);
    scope->capabilities->filters = ignored        ? CAPABILITY_NO
                                   : *ret_settled ? CAPABILITY_YES
                                                  : scope->capabilities->filters;
    return done;
}

bool listing_read_fully(struct scope *scope, const struct scan_result *first, struct error *err)
{
    const struct scan_query everything = {.kind = SCAN_ALL};
    struct full full = {.scope = scope};
    struct scan_result last = {.total = -1};
    bool settled = false;
    if (scan_is_one_answer(first)) {
        scope->evidence.method = PROOF_ONE_ANSWER;
        scope->evidence.ids = row_set_count(&first->rows);
        row_set_free(&scope->held);
        return row_set_unite(&scope->held, &first->rows, err);
    }
    bool usable = is_usable(scope, first);
    bool done = (!usable || read_in_parts(&full, &settled, err)) &&
                row_set_unite(&scope->held, &full.older, err);
    row_set_free(&full.older);
    if (!done || settled) {
        return done;
    }
    struct row_set seen = {0}; /* with filters */
    row_set_free(&scope->held);
    done = row_set_unite(&seen, &scope->scanner.seen, err) &&
           listing_read_plainly(scope, &everything, &scope->evidence, &last, err);
    if (done && row_set_count_outside(&seen, &last.rows) > 0) {
        scope->evidence.method = PROOF_NONE;
        proof_note(&scope->evidence, "jobs that were listed are not in complete scans");
    }
    row_set_free(&seen);
    scope->held = last.rows;
    scope->date = last.date;
    if (done && last.refused) {
        *err = last.refusal;
    }
    return done && !last.refused;
}

/* --- the delta ----------------------------------------------------------------------------- */

/* Jobs that finished before this were stored by the last proof: all of them, whatever the clocks.
 */
static int64_t latest_edge(const struct scope *scope)
{
    const struct store_watermark *watermark = &scope->watermark;
    int64_t edge = watermark->cut_time < scope->date ? watermark->cut_time : scope->date;
    if (watermark->updated_time > 0 && watermark->updated_time < edge) {
        edge = watermark->updated_time;
    }
    return edge - scope->overlap - SYNC_SKEW;
}

/* The check, once; where the older ones are fewer than stored, what is gone is looked for, and the
 * next try begins with it. *ret_hopeless: no further try is of use. */
static bool try_delta(struct scope *scope, bool first_try, bool *ret_hopeless, struct error *err)
{
    const struct evidence *evidence = &scope->evidence;
    enum check_outcome outcome;
    bool explained = true;
    if (!check_after_total(scope, NULL, first_try, &outcome, err)) {
        return false;
    }
    if (outcome != CHECK_IGNORED && !proof_judge(evidence) &&
        evidence->older_counted != evidence->older && !find_vanished(scope, &explained, err)) {
        return false;
    }
    *ret_hopeless = outcome != CHECK_DONE || !explained;
    return true;
}

bool listing_read_delta(struct scope *scope, const struct scan_result *first, bool *ret_done,
                        struct error *err)
{
    bool hopeless = !is_usable(scope, first);
    *ret_done = false;
    for (int i = 0; i < DELTA_TRIES_MAX && !*ret_done && !hopeless; i++) {
        if ((i > 0 && !check_total(scope, NULL, err)) ||
            !check_choose_edge(scope, latest_edge(scope), err)) {
            return false;
        }
        scope->evidence.method = PROOF_DELTA;
        hopeless = scope->evidence.edge == 0;
        if (!hopeless && !try_delta(scope, i == 0, &hopeless, err)) {
            return false;
        }
        *ret_done = !hopeless && proof_judge(&scope->evidence);
    }
    return true;
}
