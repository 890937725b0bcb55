#include "sync/vanished.h"

#include "sync/check.h"

#define QUESTIONS_MAX 400 /* beyond this a full scan is the cheaper way */

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

bool vanished_find(struct scope *scope, bool *ret_explained, struct error *err)
{
    struct search search = {.scope = scope, .explained = true};
    const struct part all = {1, scope->evidence.edge, scope->evidence.older_counted};
    bool done = settle(&search, &all, err);
    *ret_explained = search.explained;
    return done;
}
