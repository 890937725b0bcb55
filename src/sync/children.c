#include "sync/children.h"

#include <string.h>

#include "base/text.h"
#include "sync/listing.h"

/* How the questions for children of parents went. */
struct asking {
    struct scope *scope;
    struct id_list parents;       /* that the next question is about */
    const struct row_set *listed; /* children that the plain listing held */
    bool asked;                   /* there was a parent to ask about */
    bool ignored;                 /* the service refuses or ignores the key */
    int64_t found;                /* children that the plain listing did not hold */
};

static void begin_evidence(struct scope *scope)
{
    proof_begin(&scope->children, scope->stored.restore_type, "children");
    scope->children.method = PROOF_PLAIN;
    scope->children.total = 0;
    scope->children.ids = 0;
    scope->children.same = 1;
    scope->children.tries = 0;
    scope->has_children = true;
}

/* Adds up what one question proved; the first that is not proved stays. */
static void add_evidence(struct scope *scope, const struct evidence *one)
{
    struct evidence *sum = &scope->children;
    if (!proof_judge(sum)) {
        return;
    }
    if (!proof_judge(one)) {
        *sum = *one;
        return;
    }
    sum->total += one->total;
    sum->ids += one->total;
    sum->tries += one->tries;
}

/* --- by their parents ---------------------------------------------------------------------- */

static bool ask_batch(struct asking *asking, struct error *err)
{
    struct scope *scope = asking->scope;
    struct scan_query query = {
        .kind = SCAN_CHILDREN_OF, .ids = asking->parents.ids, .id_count = asking->parents.count};
    struct evidence one;
    struct scan_result last;
    asking->parents.count = 0;
    if (query.id_count == 0 || asking->ignored) {
        return true;
    }
    proof_begin(&one, scope->stored.restore_type, "children");
    bool done = listing_read_plainly(scope, &query, &one, &last, err);
    scan_result_free(&last);
    asking->asked = true;
    asking->ignored = last.refused || last.mismatched;
    if (done && !last.mismatched) { /* refused, it may have told some before */
        asking->found = row_set_count_outside(&scope->scanner.children, asking->listed);
    }
    if (done && !asking->ignored) {
        add_evidence(scope, &one);
    }
    return done;
}

static bool add_parent(const char *restore_id, void *context, struct error *err)
{
    struct asking *asking = context;
    (void)err;
    id_list_add(&asking->parents, restore_id);
    return true;
}

/* Asks for the children of the parents of stored children: of all of those, or of the open ones.
 * None is asked about while they are looked up: a statement does not stay open over a request. */
static bool ask_stored_parents(struct asking *asking, bool of_open, struct error *err)
{
    const struct scope *scope = asking->scope;
    const struct id_list *parents = &asking->parents;
    char after[STORE_RESTORE_ID_SIZE] = "";
    bool done = ask_batch(asking, err);
    bool more = done;
    while (more) {
        done = store_job_each_parent(scope->scanner.store, scope->stored.source_id, of_open, after,
                                     ID_LIST_MAX, add_parent, asking, err);
        const char *last = parents->count > 0 ? parents->texts[parents->count - 1] : after;
        more = parents->count == ID_LIST_MAX && strcmp(last, after) > 0;
        (void)text_fit(after, sizeof(after), last);
        done = done && ask_batch(asking, err);
        more = more && done && !asking->ignored;
    }
    return done;
}

/* Asks for the children of those rows that may have any; `news`: of those that are new or changed.
 */
static bool ask_parents(struct asking *asking, const struct row_set *rows, bool news,
                        struct error *err)
{
    struct store *store = asking->scope->scanner.store;
    const struct row_set *changed = &asking->scope->scanner.news;
    for (int64_t row = row_set_next(rows, 0); row != 0 && !asking->ignored;
         row = row_set_next(rows, row)) {
        struct store_job_row job;
        if (news && !row_set_has(changed, row)) {
            continue;
        }
        if (!store_job_at(store, row, &job, err) ||
            (job.may_have_children && !add_parent(job.restore_id, asking, err)) ||
            (asking->parents.count == ID_LIST_MAX && !ask_batch(asking, err))) {
            return false;
        }
    }
    return true;
}

/* By the whole machines among the stored jobs of the source, and the parents of its stored
 * children. CHILDREN_UNKNOWN: there are none. */
static bool ask_by_parents(struct scope *scope, const struct row_set *listed,
                           enum store_children *ret_children, struct error *err)
{
    struct store_scope source = {scope->stored.source_id, "", STORE_TOP_LEVEL};
    struct row_set parents = {0};
    struct asking asking = {.scope = scope, .listed = listed};
    begin_evidence(scope);
    bool done =
        store_job_rows(scope->scanner.store, &source, PICK_WHOLE_MACHINE, 0, 0, &parents, err) &&
        ask_parents(&asking, &parents, false, err) && ask_stored_parents(&asking, false, err);
    if (asking.found > 0) {
        scope->capabilities->children = CHILDREN_LOST; /* unless the other questions say more */
    }
    *ret_children = asking.ignored     ? CHILDREN_CANNOT_TELL
                    : asking.found > 0 ? CHILDREN_BY_PARENT
                    : asking.asked     ? CHILDREN_NONE
                                       : CHILDREN_UNKNOWN;
    row_set_free(&parents);
    return done;
}

/* --- at once ------------------------------------------------------------------------------- */

static bool read_apart(struct scope *scope, bool *ret_ignored, struct error *err)
{
    struct scan_query query = {.kind = SCAN_CHILDREN};
    struct scan_result last;
    proof_begin(&scope->children, scope->stored.restore_type, "children");
    bool done = listing_read_plainly(scope, &query, &scope->children, &last, err);
    scan_result_free(&last);
    *ret_ignored = last.refused || last.mismatched;
    scope->has_children = !*ret_ignored;
    return done;
}

/* ParentId NOT_EQUAL '': its first page tells whether its jobs are in the plain listing, and mostly
 * whether the key selects. Where it is ignored, the first page may hold children all the same. */
static bool find_children(struct scope *scope, const struct row_set *listed,
                          enum store_children *ret_children, struct error *err)
{
    struct scan_query query = {.kind = SCAN_CHILDREN, .first_page_only = true};
    struct scan_result first;
    bool done = scan(&scope->scanner, &query, &first, err);
    bool selects = done && !first.refused && !first.mismatched && first.total > 0;
    bool is_empty = done && !first.refused && first.total == 0;
    bool outside = selects && row_set_count_outside(&first.rows, listed) > 0;
    bool inside = selects && !outside && first.total <= row_set_count(listed);
    scan_result_free(&first);
    if (!done) {
        return false;
    }
    if (selects && !inside) {
        bool ignored = false;
        *ret_children = CHILDREN_APART;
        if (outside) { /* unless the other pages say more */
            scope->capabilities->children = CHILDREN_LOST;
        }
        if (!read_apart(scope, &ignored, err)) {
            return false;
        }
        if (!ignored) {
            return true;
        }
    }
    if (inside || row_set_count(listed) > 0) {
        *ret_children = CHILDREN_IN_LISTING;
        return true;
    }
    if (!ask_by_parents(scope, listed, ret_children, err)) {
        return false;
    }
    if (*ret_children == CHILDREN_UNKNOWN) {
        *ret_children = is_empty ? CHILDREN_NONE : CHILDREN_CANNOT_TELL;
    }
    scope->has_children = *ret_children == CHILDREN_BY_PARENT;
    return true;
}

static bool is_apart(enum store_children children)
{
    return children == CHILDREN_APART || children == CHILDREN_BY_PARENT ||
           children == CHILDREN_LOST;
}

bool children_after_full(struct scope *scope, struct error *err)
{
    struct row_set listed = {0};
    enum store_children children = CHILDREN_NONE;
    bool typed = scope->stored.restore_type[0] != '\0';
    bool nobody = !typed && scope->evidence.total == 0; /* where there is no parent */
    bool done = row_set_unite(&listed, &scope->scanner.children, err) &&
                (nobody || find_children(scope, &listed, &children, err));
    row_set_free(&listed);
    if (!done) {
        return false; /* what was known stays known */
    }
    scope->evidence.children = children;
    bool none_any_more = is_apart(scope->capabilities->children) && children == CHILDREN_NONE;
    bool keeps = none_any_more && typed; /* those of other types */
    bool lost = is_apart(scope->capabilities->children) && children == CHILDREN_CANNOT_TELL;
    if (none_any_more && !typed && !nobody) {
        struct store_scope apart = scope->stored;
        int64_t stored = 0;
        apart.part = STORE_CHILDREN;
        if (!store_job_count(scope->scanner.store, &apart, &stored, err)) {
            return false;
        }
        if (stored > 0) { /* that takes two full scans to believe */
            begin_evidence(scope);
            scope->children.method = PROOF_NONE;
            proof_note(&scope->children, "children that were listed apart are listed no more");
        }
    }
    if (!keeps) {
        scope->capabilities->children = lost ? CHILDREN_LOST : children;
    }
    row_set_subtract(&scope->gone, &scope->scanner.children); /* no window listed those apart */
    return true;
}

bool children_after_delta(struct scope *scope, struct error *err)
{
    struct row_set listed = {0};
    enum store_children *known = &scope->capabilities->children;
    bool apart = is_apart(*known);
    bool lost = *known == CHILDREN_LOST;
    if (apart && row_set_count(&scope->scanner.children) > 0) {
        /* What seemed apart had come between the listing and the question for children. */
        *known = CHILDREN_IN_LISTING;
    }
    scope->evidence.children = *known == CHILDREN_LOST ? CHILDREN_CANNOT_TELL : *known;
    if (*known == CHILDREN_IN_LISTING || *known == CHILDREN_UNKNOWN) {
        return true;
    }
    struct asking asking = {.scope = scope, .listed = &listed};
    begin_evidence(scope);
    /* Where there were none, only a parent that is new or changed can have some. */
    bool done = row_set_unite(&listed, &scope->scanner.children, err) &&
                ask_parents(&asking, &scope->held, !apart, err) &&
                ask_stored_parents(&asking, true, err);
    scope->has_children = (apart && !lost) || asking.found > 0;
    if (asking.ignored && apart && !lost) {
        scope->children.method = PROOF_NONE;
        proof_note(&scope->children, "the service does not honour ParentId any more");
    } else if ((!apart || lost) && asking.found > 0) {
        *known = CHILDREN_BY_PARENT;
        scope->evidence.children = *known;
    }
    row_set_free(&listed);
    return done;
}
