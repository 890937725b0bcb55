#include "sync/vanished.h"

#include "sync/check.h"

#define STACK_MAX 256
#define QUESTIONS_MAX 400 /* beyond this a full scan is the cheaper way */

/* The ends are seconds in which no stored job finished. */
struct part {
    int64_t from, to;
    int64_t counted; /* by the service */
};

struct search {
    struct scope *scope;
    struct part parts[STACK_MAX];
    size_t count;
    int questions;
    bool explained;
};

static void push(struct search *search, int64_t from, int64_t to, int64_t counted)
{
    search->explained = search->explained && search->count < STACK_MAX;
    if (search->explained) {
        search->parts[search->count++] = (struct part){from, to, counted};
    }
}

/* The stored jobs of a part that are not known to be gone. */
static bool stored_rows(struct scope *scope, const struct part *part, struct row_set *rows,
                        struct error *err)
{
    bool done = store_job_rows(scope->scanner.store, &scope->stored, PICK_FINISHED, part->from,
                               part->to, rows, err);
    row_set_subtract(rows, &scope->gone);
    return done;
}

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

/* A second near the median of the part in which no stored job finished; 0: there is none. */
static bool find_split(struct scope *scope, const struct part *part, int64_t *ret_split,
                       struct error *err)
{
    struct store *store = scope->scanner.store;
    int64_t median = 0;
    *ret_split = 0;
    if (!store_job_median(store, &scope->stored, part->from, part->to, &median, err) ||
        median == 0) {
        return median == 0;
    }
    if (!store_job_empty_second(store, &scope->stored, STORE_LATEST, part->from + 1, median,
                                ret_split, err)) {
        return false;
    }
    return *ret_split != 0 || store_job_empty_second(store, &scope->stored, STORE_EARLIEST,
                                                     median + 1, part->to - 1, ret_split, err);
}

/* Asks for the older half; the newer half's count follows. */
static bool halve(struct search *search, const struct part *part, struct error *err)
{
    int64_t split = 0;
    int64_t older = 0;
    if (!find_split(search->scope, part, &split, err)) {
        return false;
    }
    if (split == 0) {
        search->explained = false;
        return true;
    }
    if (!check_count(search->scope, part->from, split, &older, err)) {
        return false;
    }
    if (older < 0 || older > part->counted) {
        search->explained = false;
        return true;
    }
    push(search, split, part->to, part->counted - older);
    push(search, part->from, split, older);
    return true;
}

static bool settle(struct search *search, const struct part *part, struct error *err)
{
    struct row_set stored = {0};
    bool too_many = part->counted > search->scope->scanner.query.page_size;
    bool done = stored_rows(search->scope, part, &stored, err);
    int64_t count = row_set_count(&stored);
    if (done && count != part->counted) {
        search->questions++;
        search->explained = count > part->counted && search->questions <= QUESTIONS_MAX;
        if (search->explained && !too_many) {
            done = read_page(search, part, &stored, &too_many, err);
        }
        if (done && search->explained && too_many) {
            done = halve(search, part, err);
        }
    }
    row_set_free(&stored);
    return done;
}

bool vanished_find(struct scope *scope, int64_t edge, int64_t counted, bool *ret_explained,
                   struct error *err)
{
    struct search search = {.scope = scope, .explained = true};
    push(&search, 1, edge, counted);
    while (search.count > 0 && search.explained) {
        struct part part = search.parts[--search.count];
        if (!settle(&search, &part, err)) {
            return false;
        }
    }
    *ret_explained = search.explained;
    return true;
}
