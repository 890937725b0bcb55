#include "sync/scan.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/interrupt.h"
#include "hbr/restore_job.h"
#include "sync/scan_page.h"

#define PAGES_MAX 1000000 /* of one scan */
#define IDLE_PAGES_MAX 5  /* in a row without a new id, where no TotalCount tells the end */
#define SHUFFLED_MAX 40   /* scans of a listing whose order is new for each answer ... */
#define IDLE_MAX 12       /* ... and how many in a row may give no new id */
#define NUMBER_SIZE 24

/* One scan under way. */
struct reader {
    struct scanner *scanner;
    const struct scan_query *query;
    struct hbr_query asked; /* as it is sent, but for the page number */
    char from[NUMBER_SIZE], to[NUMBER_SIZE];
    const char *bounds[2]; /* these two */
    struct scan_result *result;
    int64_t next_page; /* the next to ask for */
    int64_t last_page; /* as TotalCount says */
    int64_t pages_read;
    int64_t page_new;    /* ids of the page at hand that this scan had not given before */
    int64_t idle_pages;  /* pages in a row without such an id */
    int64_t first_total; /* TotalCount of the first answer, believed or not */
    size_t in_flight;
    bool end_refused; /* the page after the last, once */
    bool beyond;      /* the page at hand is one after the last of a range of the past */
    bool stop;        /* no further page is worth asking for */
};

/* --- asking -------------------------------------------------------------------------------- */

static void add_filter(struct hbr_query *query, const char *key, const char *op,
                       const char *const *values, size_t count)
{
    query->filters[query->filter_count++] = (struct hbr_filter){key, op, values, count};
}

static void compose(struct reader *reader)
{
    static const char *const none[] = {""};
    const struct scan_query *query = reader->query;
    struct hbr_query *asked = &reader->asked;
    *asked = reader->scanner->query;
    asked->page_size = reader->result->page_size;
    asked->restore_type = query->restore_type != NULL ? query->restore_type : asked->restore_type;
    asked->edition = query->edition != NULL ? query->edition : asked->edition;
    if (query->without_filter > 0) {
        asked->filters[query->without_filter - 1] = asked->filters[--asked->filter_count];
    }
    (void)snprintf(reader->from, sizeof(reader->from), "%" PRId64, query->from);
    (void)snprintf(reader->to, sizeof(reader->to), "%" PRId64, query->to);
    switch (query->kind) {
    case SCAN_ALL:
        break;
    case SCAN_OPEN:
        add_filter(asked, "Status", "IN", hbr_open_statuses, HBR_OPEN_STATUS_COUNT);
        break;
    case SCAN_BETWEEN:
        add_filter(asked, "CompleteTime", "BETWEEN", reader->bounds, 2);
        break;
    case SCAN_SINCE:
        add_filter(asked, "CompleteTime", "GREATER_THAN_OR_EQUAL", reader->bounds, 1);
        break;
    case SCAN_IDS:
        add_filter(asked, query->key, "IN", query->ids, query->id_count);
        break;
    case SCAN_CHILDREN:
        add_filter(asked, "ParentId", "NOT_EQUAL", none, 1);
        break;
    case SCAN_CHILDREN_OF:
        add_filter(asked, "ParentId", "IN", query->ids, query->id_count);
        break;
    }
}

static bool ask(struct reader *reader, int64_t page, void *tag, struct error *err)
{
    struct scanner *scanner = reader->scanner;
    if (scanner->asked_max > 0 && ++scanner->asked > scanner->asked_max) {
        return error_set(err, ERROR_UNPROVED,
                         "%" PRId64 " requests did not read a listing whose first TotalCount was"
                         " %" PRId64 ": the service contradicts itself",
                         scanner->asked_max, scanner->first_total);
    }
    reader->asked.page_number = page;
    return scanner->service->submit(scanner->service->context, &reader->asked, tag, err);
}

/* --- what an answer tells about the scan --------------------------------------------------- */

/* How many rows page `number` must hold if the listing is what its first answer said. */
static int64_t rows_due(const struct reader *reader, int64_t number)
{
    int64_t rest = reader->result->total - (number - 1) * reader->result->page_size;
    if (rest <= 0) {
        return 0;
    }
    return rest < reader->result->page_size ? rest : reader->result->page_size;
}

/* A last page that is full is followed by one more, which has to be empty: else a TotalCount that
 * is too small would go unnoticed. */
static int64_t pages_for(const struct reader *reader, int64_t total)
{
    int64_t full = total / reader->result->page_size;
    return full < PAGES_MAX ? full + 1 : PAGES_MAX + 1; /* the latter is not believed */
}

static void note_cap(struct reader *reader, int64_t number)
{
    struct scan_result *result = reader->result;
    int64_t rows = (number - 1) * result->page_size;
    result->cap = result->capped && result->cap < rows ? result->cap : rows;
    result->capped = true;
    reader->stop = true;
}

static void take_first(struct reader *reader, const struct hbr_page *page)
{
    struct scan_result *result = reader->result;
    const struct scan_query *query = reader->query;
    result->total = page->total_count;
    reader->first_total = page->total_count;
    result->date = page->date;
    reader->last_page = result->total > 0 ? pages_for(reader, result->total) : 1;
    bool is_listing = query->kind == SCAN_ALL && query->restore_type == NULL && !query->discard;
    if (is_listing && reader->scanner->added_max == 0) {
        scanner_set_bounds(reader->scanner, reader->last_page <= PAGES_MAX ? result->total : -1);
    }
    if (query->first_page_only || (query->row_limit > 0 && result->total > query->row_limit)) {
        reader->stop = true;
    }
}

static void watch(struct reader *reader, const struct hbr_page *page, int64_t number)
{
    struct scan_result *result = reader->result;
    if (number == 1) {
        take_first(reader, page);
    }
    /* Some services repeat their last page for ever. Beyond the end of a range that cannot gain
     * rows that is as good as an empty one. */
    reader->beyond = number > 1 && result->total >= 0 && rows_due(reader, number) == 0 &&
                     reader->query->kind == SCAN_BETWEEN;
    result->listed += reader->beyond ? 0 : (int64_t)page->rows;
    /* PageSize is ignored: each page may be the whole listing. One may have a least PageSize. */
    result->mismatched = result->mismatched || page->rows > HBR_PAGE_SIZE_MAX;
    result->unsteady = result->unsteady || page->total_count != reader->first_total;
    bool other_length =
        result->total >= 0 && !reader->beyond && (int64_t)page->rows != rows_due(reader, number);
    if (result->unsteady || other_length || page->rejected > 0) {
        result->moved = true;
    }
    bool beyond = page->total_count >= 0 && page->total_count <= (number - 1) * result->page_size;
    if (page->rows == 0 && number > 1 && other_length && !beyond) {
        note_cap(reader, number);
    }
    if (result->moved && reader->query->stop_when_moved) {
        reader->stop = true;
    }
    reader->scanner->run->pages++;
    reader->scanner->run->rejected += (int64_t)page->rejected;
    reader->scanner->run->unknown_fields += (int64_t)page->unknown;
}

/* Without a believable TotalCount a listing is read until a page is not full, or several in a row
 * hold nothing new: some services repeat their last page for ever. */
static void extend(struct reader *reader, const struct hbr_page *page, int64_t number)
{
    struct scan_result *result = reader->result;
    if (result->total >= 0 && reader->last_page <= PAGES_MAX) {
        return;
    }
    result->moved = true;
    result->total = -1;
    reader->idle_pages = reader->page_new > 0 ? 0 : reader->idle_pages + 1;
    bool more = (int64_t)page->rows >= result->page_size && number < PAGES_MAX &&
                reader->idle_pages < IDLE_PAGES_MAX;
    reader->last_page = more ? number + 1 : number;
}

/* A refused parameter on the first page is about the query; any refusal of a later page is about
 * its depth. What is no refusal is a failure of the source. */
static bool take_failure(struct reader *reader, int64_t number, const struct sync_answer *answer,
                         struct error *err)
{
    struct scan_result *result = reader->result;
    bool deep = number > 1 && answer->refusal != HBR_NO_REFUSAL;
    if (!deep && answer->refusal != HBR_REFUSED_PARAMETER) {
        *err = answer->failure;
        return false;
    }
    bool again = deep && rows_due(reader, number) == 0 && !reader->end_refused;
    reader->stop = !again;
    if (!deep) {
        result->refused = true;
        result->refusal = answer->failure;
    } else if (rows_due(reader, number) > 0) {
        note_cap(reader, number);
    } else if (again) {
        reader->end_refused = true;
        reader->next_page = number;
    } else {
        reader->pages_read++; /* a page beyond the end may be refused as well as empty: twice */
    }
    return true;
}

/* Takes an answer of page `number` of this scan; frees its page. */
static bool take_answer(struct reader *reader, int64_t number, struct sync_answer *answer,
                        struct error *err)
{
    if (answer->failure.code != ERROR_NONE) {
        return take_failure(reader, number, answer, err);
    }
    watch(reader, &answer->page, number);
    bool done = scan_page(reader->scanner, reader->query, &reader->asked, &answer->page,
                          reader->beyond, reader->result, &reader->page_new, err);
    reader->stop = reader->stop || reader->result->mismatched;
    extend(reader, &answer->page, number);
    hbr_page_free(&answer->page);
    if (!done) {
        return false;
    }
    const struct scanner *scanner = reader->scanner;
    reader->pages_read++;
    if (scanner->on_page != NULL) {
        scanner->on_page(scanner->context);
    }
    if (scanner->added_max > 0 && scanner->added > scanner->added_max) {
        return error_set(err, ERROR_UNPROVED,
                         "the service lists more than %" PRId64 " new jobs, although its first"
                         " TotalCount was %" PRId64 "; what was read is stored",
                         scanner->added_max, scanner->first_total);
    }
    return interrupt_check(err);
}

/* --- reading ------------------------------------------------------------------------------- */

static void begin(struct reader *reader, struct scanner *scanner, const struct scan_query *query,
                  struct scan_result *result)
{
    *reader = (struct reader){.scanner = scanner,
                              .query = query,
                              .result = result,
                              .bounds = {reader->from, reader->to},
                              .last_page = 1};
    memset(result, 0, sizeof(*result));
    result->total = -1;
    result->page_size = query->page_size > 0 ? query->page_size : scanner->query.page_size;
    compose(reader);
}

static void end(struct reader *reader)
{
    struct scan_result *result = reader->result;
    result->complete = !result->refused && !result->capped && result->total >= 0 &&
                       reader->pages_read == reader->last_page;
}

/* The tag of a question is its page number, which is never 0. */
static bool wait_one(struct reader *reader, struct error *err)
{
    const struct sync_service *service = reader->scanner->service;
    struct sync_answer answer;
    if (!service->wait(service->context, &answer, err)) {
        return false;
    }
    reader->in_flight--;
    return take_answer(reader, (int64_t)(intptr_t)answer.tag, &answer, err);
}

/* Asks for the next page. When no request is left, what is under way is still taken. */
static bool ask_next(struct reader *reader, struct error *err)
{
    if (ask(reader, reader->next_page, (void *)(intptr_t)reader->next_page, err)) {
        reader->next_page++;
        reader->in_flight++;
        return true;
    }
    while (err->code == ERROR_UNPROVED && reader->in_flight > 0) {
        struct error other;
        if (!wait_one(reader, &other)) {
            *err = other;
        }
    }
    return false;
}

static bool read_pages(struct reader *reader, struct error *err)
{
    reader->next_page = 1;
    if (!ask_next(reader, err) || !wait_one(reader, err)) {
        return false;
    }
    while (reader->in_flight > 0 || (!reader->stop && reader->next_page <= reader->last_page)) {
        bool more = !reader->stop && reader->next_page <= reader->last_page &&
                    reader->in_flight < reader->scanner->pages_at_once;
        if (!(more ? ask_next(reader, err) : wait_one(reader, err))) {
            return false;
        }
    }
    return true;
}

static bool scan_once(struct scanner *scanner, const struct scan_query *query,
                      struct scan_result *ret_result, struct error *err)
{
    struct reader reader;
    begin(&reader, scanner, query, ret_result);
    if (!read_pages(&reader, err)) {
        scanner->service->cancel(scanner->service->context);
        return false;
    }
    end(&reader);
    return true;
}

/* A type or an edition that is refused is not read at all: that takes two refusals. */
static bool is_doubtful(const struct scan_query *query, const struct scan_result *result)
{
    return result->refused && query->kind == SCAN_ALL;
}

bool scan(struct scanner *scanner, const struct scan_query *query, struct scan_result *ret_result,
          struct error *err)
{
    return scan_once(scanner, query, ret_result, err) &&
           (!is_doubtful(query, ret_result) || scan_once(scanner, query, ret_result, err));
}

/* TotalCount held, and yet ids came twice: each answer has an order of its own. */
static bool is_shuffled(const struct scan_result *result)
{
    return result->complete && !result->unsteady && result->listed == result->total &&
           row_set_count(&result->rows) < result->total;
}

/* Adds the ids of one more scan, or begins anew with them where TotalCount is another. *ret_new: it
 * gave ids that the others had not. */
static bool gather(struct scan_result *all, struct scan_result *one, bool *ret_new,
                   struct error *err)
{
    int64_t before = row_set_count(&all->rows);
    if (all->total != one->total || one->unsteady) {
        scan_result_free(all);
        *all = *one;
        one->rows = one->inside = (struct row_set){0};
        *ret_new = true;
        return true;
    }
    if (!row_set_unite(&all->rows, &one->rows, err) ||
        !row_set_unite(&all->inside, &one->inside, err)) {
        return false;
    }
    *ret_new = row_set_count(&all->rows) > before;
    all->complete = all->complete && one->complete;
    if (scan_is_exact(one) || (all->complete && row_set_count(&all->rows) == all->total)) {
        all->moved = false;
        all->listed = all->total;
    }
    return true;
}

bool scan_until_exact(struct scanner *scanner, const struct scan_query *query, int scans_max,
                      struct scan_result *ret_result, struct error *err)
{
    bool done = scan(scanner, query, ret_result, err);
    bool shuffled = is_shuffled(ret_result);
    int idle = 0;
    for (int i = 1; i < SHUFFLED_MAX && (i < scans_max || (shuffled && idle < IDLE_MAX)); i++) {
        struct scan_result one;
        bool is_new = false;
        if (!done || scan_is_exact(ret_result) || ret_result->refused || ret_result->mismatched ||
            ret_result->capped) {
            break;
        }
        done = scan(scanner, query, &one, err);
        shuffled = is_shuffled(&one);
        bool useless = one.refused || one.mismatched || one.capped;
        done = done && gather(ret_result, &one, &is_new, err);
        if (useless) {
            ret_result->refused = one.refused;
            ret_result->refusal = one.refusal;
            ret_result->mismatched = one.mismatched;
            ret_result->capped = one.capped;
        }
        idle = is_new ? 0 : idle + 1;
        scan_result_free(&one);
    }
    return done;
}

/* Takes the first page of one of the queries; the tag is its place, from 1. */
static bool wait_any(struct scanner *scanner, const struct scan_query *queries,
                     struct scan_result *results, struct error *err)
{
    struct sync_answer answer;
    struct reader reader;
    if (!scanner->service->wait(scanner->service->context, &answer, err)) {
        return false;
    }
    size_t at = (size_t)(uintptr_t)answer.tag - 1;
    begin(&reader, scanner, &queries[at], &results[at]);
    if (!take_answer(&reader, 1, &answer, err)) {
        return false;
    }
    end(&reader);
    return true;
}

bool scan_first_pages(struct scanner *scanner, const struct scan_query *queries, size_t count,
                      struct scan_result *results, struct error *err)
{
    size_t asked = 0, taken = 0;
    memset(results, 0, count * sizeof(*results));
    while (taken < count) {
        bool done;
        if (asked < count && asked - taken < scanner->pages_at_once) {
            struct scan_result scratch;
            struct reader reader;
            begin(&reader, scanner, &queries[asked], &scratch);
            asked++;
            done = ask(&reader, 1, (void *)(uintptr_t)asked, err);
        } else {
            done = wait_any(scanner, queries, results, err);
            taken++;
        }
        if (!done) {
            scanner->service->cancel(scanner->service->context);
            return false;
        }
    }
    bool done = true;
    for (size_t i = 0; i < count && done; i++) {
        done = !is_doubtful(&queries[i], &results[i]) ||
               scan_once(scanner, &queries[i], &results[i], err);
    }
    return done;
}
