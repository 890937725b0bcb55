#include "sync/listing.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/interrupt.h"
#include "hbr/restore_job.h"
#include "store/lookup.h"

#define PAGES_MAX 1000000 /* of one listing */
#define IDLE_PAGES_MAX 5  /* without a new id, where TotalCount does not tell the end */
#define NUMBER_SIZE 24

/* One listing being read. */
struct reader {
    struct lane *lane;
    const struct listing *listing;
    struct listing_result *result;
    int64_t page_size;
    int64_t next_page; /* the next to ask for */
    int64_t last_page; /* as TotalCount says */
    int64_t pages_read;
    int64_t page_new;   /* ids of the page at hand that the listing had not given before */
    int64_t idle_pages; /* in a row without such an id */
    size_t in_flight;
    bool stop;            /* no further page is worth asking for */
    bool marked_unproved; /* in the transaction at hand */
};

/* The texts of a query's filter values, which the query only borrows. */
struct query_texts {
    char from[NUMBER_SIZE], to[NUMBER_SIZE];
    const char *values[2];
};

/*
 * Bounds that make BETWEEN cover [from, to] whichever of its ends it leaves out. Rows read too many
 * do no harm, so what was learnt about the ends is relied upon for counts alone: a service that
 * came to behave in another way would else hide the jobs at every edge.
 */
static void window_bounds(const struct lane *lane, const struct listing *listing, int64_t *ret_from,
                          int64_t *ret_to)
{
    const struct store_source *source = &lane->unit->source;
    *ret_from = listing->from - (listing->counted && source->between_lower == LEARNT_YES ? 0 : 1);
    *ret_from = *ret_from < 1 ? 1 : *ret_from; /* 0 may be what jobs under way have */
    *ret_to = listing->to + (listing->counted && source->between_upper == LEARNT_YES ? 0 : 1);
}

static void set_filter(struct hbr_query *query, const char *key, const char *op,
                       const char *const *values, size_t count)
{
    query->filters[query->filter_count++] = (struct hbr_filter){key, op, values, count};
}

static void build_query(const struct reader *reader, int64_t page, struct query_texts *texts,
                        struct hbr_query *query)
{
    const struct listing *listing = reader->listing;
    const struct sync_unit_spec *spec = reader->lane->unit->spec;
    memset(query, 0, sizeof(*query));
    query->region = spec->region_id;
    query->edition = spec->edition;
    query->restore_type = reader->lane->restore_type;
    query->page_number = page;
    query->page_size = reader->page_size;
    for (size_t i = 0; i < spec->filter_count; i++) {
        query->filters[query->filter_count++] = spec->filters[i];
    }
    int64_t from = listing->from;
    int64_t to = listing->to;
    if (listing->kind == LISTING_CLOSED) {
        window_bounds(reader->lane, listing, &from, &to);
    }
    (void)snprintf(texts->from, sizeof(texts->from), "%" PRId64, from);
    (void)snprintf(texts->to, sizeof(texts->to), "%" PRId64, to);
    texts->values[0] = texts->from;
    texts->values[1] = texts->to;
    switch (listing->kind) {
    case LISTING_ALL:
        break;
    case LISTING_OPEN:
        set_filter(query, "Status", "IN", hbr_open_statuses, 4);
        break;
    case LISTING_CLOSED:
        set_filter(query, "CompleteTime", "BETWEEN", texts->values, 2);
        break;
    case LISTING_SINCE:
        set_filter(query, "CompleteTime", "GREATER_THAN_OR_EQUAL", texts->values, 1);
        break;
    case LISTING_IDS:
        set_filter(query, listing->id_key, "IN", listing->ids, listing->id_count);
        break;
    }
}

static bool ask(struct reader *reader, int64_t page, struct error *err)
{
    struct query_texts texts;
    struct hbr_query query;
    if (!unit_may_ask(reader->lane->unit, err)) {
        return false;
    }
    build_query(reader, page, &texts, &query);
    /* The tag is the page number; a page is never 0, so it never looks like NULL. */
    if (!hbr_list_submit(reader->lane->unit->service, &query, (void *)(intptr_t)page, err)) {
        return false;
    }
    reader->in_flight++;
    return true;
}

static bool is_asked_id(const struct listing *listing, const struct record *job)
{
    const struct value *id = &job->values[HBR_JOB][HBR_RESTORE_ID];
    for (size_t i = 0; i < listing->id_count; i++) {
        if (strlen(listing->ids[i]) == id->length &&
            memcmp(listing->ids[i], id->text, id->length) == 0) {
            return true;
        }
    }
    return false;
}

/* Whether a row satisfies the filter it was asked with. */
static bool satisfies(const struct reader *reader, const struct record *job)
{
    const struct listing *listing = reader->listing;
    int64_t complete = hbr_job_complete_time(job);
    if (reader->lane->restore_type[0] != '\0' &&
        !hbr_job_has_type(job, reader->lane->restore_type)) {
        return false;
    }
    switch (listing->kind) {
    case LISTING_ALL:
        return true;
    case LISTING_OPEN:
        return hbr_job_is_open(job);
    case LISTING_CLOSED:
        return complete >= listing->from - 1 && complete <= listing->to + 1;
    case LISTING_SINCE:
        return complete >= listing->from;
    case LISTING_IDS:
        return is_asked_id(listing, job);
    }
    return false;
}

/* The first change that a lane stores also says that the lane is not proved any more. */
static bool mark_unproved(struct reader *reader, struct error *err)
{
    struct lane *lane = reader->lane;
    if (lane->unproved_marked || lane->unit->spec->filter_count > 0) {
        return true;
    }
    reader->marked_unproved = true;
    lane->unproved_marked = true;
    return store_watermark_unproved(lane->unit->store, lane->unit->source.source_id,
                                    lane->restore_type, err);
}

static bool store_row(struct reader *reader, const struct record *job, bool first,
                      struct error *err)
{
    struct unit *unit = reader->lane->unit;
    enum store_put_result put;
    bool returned = false;
    if (!store_job_put(unit->store, &unit->writer, job, &put, &returned, NULL, err)) {
        return false;
    }
    switch (put) {
    case PUT_INSERTED:
        unit->run.inserted++;
        break;
    case PUT_UPDATED:
        unit->run.updated++;
        break;
    case PUT_UNCHANGED:
        unit->run.unchanged += first ? 1 : 0; /* a row read again is not counted again */
        break;
    case PUT_STALE:
        unit->run.stale++;
        break;
    }
    unit->run.returned += returned ? 1 : 0;
    return put == PUT_INSERTED || put == PUT_UPDATED || returned ? mark_unproved(reader, err)
                                                                 : true;
}

/* Notes the id in the listing's set; a row that the unit saw before in this run is not counted
 * twice. */
static bool note_row(struct reader *reader, const struct record *job, bool *ret_first,
                     struct error *err)
{
    struct unit *unit = reader->lane->unit;
    const struct value *id = &job->values[HBR_JOB][HBR_RESTORE_ID];
    bool new_in_listing = false;
    bool fresh = false;
    bool in_lane = false;
    if (!store_seen_add(unit->store, reader->result->set, id->text, id->length, &new_in_listing,
                        err) ||
        !store_seen_add(unit->store, unit->seen, id->text, id->length, ret_first, err) ||
        (reader->lane->seen != unit->seen &&
         !store_seen_add(unit->store, reader->lane->seen, id->text, id->length, &in_lane, err)) ||
        !store_seen_add(unit->store, reader->lane->fresh, id->text, id->length, &fresh, err)) {
        return false;
    }
    if (new_in_listing) {
        reader->result->distinct++;
        reader->page_new++;
    } else {
        reader->result->moved = true;
    }
    unit->run.seen += *ret_first ? 1 : 0;
    return true;
}

static bool store_rows(struct reader *reader, const struct hbr_page *page, struct error *err)
{
    for (size_t i = 0; i < page->job_count; i++) {
        const struct record *job = &page->jobs[i];
        bool first = false;
        if (!hbr_job_is_open(job) && hbr_job_complete_time(job) <= 0) {
            reader->lane->odd = true;
        }
        if (!satisfies(reader, job)) {
            /* Sound data all the same: stored, but it says nothing about what was asked. */
            reader->result->mismatched = true;
            reader->stop = true;
        }
        if (!note_row(reader, job, &first, err) || !store_row(reader, job, first, err)) {
            return false;
        }
    }
    return true;
}

/* Whether the jobs of a first page are all stored under the other edition: the service ignores the
 * parameter. */
static bool check_foreign(struct reader *reader, const struct hbr_page *page, struct error *err)
{
    struct unit *unit = reader->lane->unit;
    size_t foreign = 0;
    if (reader->listing->kind != LISTING_ALL || page->job_count == 0 ||
        reader->lane->of_any_edition || strcmp(unit->spec->edition, "STANDARD") == 0) {
        return true;
    }
    for (size_t i = 0; i < page->job_count; i++) {
        const struct value *id = &page->jobs[i].values[HBR_JOB][HBR_RESTORE_ID];
        bool sibling = false;
        if (!store_job_in_sibling(unit->store, &unit->source, id->text, id->length, &sibling,
                                  err)) {
            return false;
        }
        foreign += sibling ? 1 : 0;
    }
    reader->result->foreign = foreign == page->job_count;
    return true;
}

/* One page, one transaction, never open across a wait for the network. */
static bool store_page(struct reader *reader, const struct hbr_page *page, struct error *err)
{
    struct unit *unit = reader->lane->unit;
    reader->marked_unproved = false;
    reader->page_new = 0;
    if (!store_begin(unit->store, err)) {
        return false;
    }
    if (!store_rows(reader, page, err) || !store_commit(unit->store, err)) {
        store_rollback(unit->store);
        if (reader->marked_unproved) {
            reader->lane->unproved_marked = false;
        }
        return false;
    }
    return true;
}

/* How many rows page `number` must hold if the listing is what its first answer said. */
static int64_t expected_rows(const struct reader *reader, int64_t number)
{
    int64_t before = (number - 1) * reader->page_size;
    int64_t rest = reader->result->total - before;
    if (rest <= 0) {
        return 0;
    }
    return rest < reader->page_size ? rest : reader->page_size;
}

/*
 * The number of pages that TotalCount calls for. A last page that is full is followed by one more,
 * which has to be empty: a TotalCount that is too small would else go unnoticed just there.
 */
static int64_t pages_for(const struct reader *reader, int64_t total)
{
    int64_t full = total / reader->page_size;
    return full < PAGES_MAX ? full + 1 : PAGES_MAX + 1; /* the latter is not believed */
}

static void take_first(struct reader *reader, const struct hbr_page *page)
{
    struct listing_result *result = reader->result;
    const struct listing *listing = reader->listing;
    result->total = page->total_count;
    result->date = page->date;
    reader->last_page = result->total > 0 ? pages_for(reader, result->total) : 1;
    bool too_many = listing->row_limit > 0 && result->total > listing->row_limit;
    if (listing->first_page_only || too_many) {
        reader->stop = true;
    }
}

/* Without a believable TotalCount a listing is read on until a page is not full, or several in a
 * row hold nothing new: some services repeat their last page for ever. */
static void extend(struct reader *reader, const struct hbr_page *page, int64_t number)
{
    bool unbelievable = reader->result->total < 0 || reader->last_page > PAGES_MAX;
    if (unbelievable) {
        reader->result->moved = true;
        reader->result->total = -1;
        reader->idle_pages = reader->page_new > 0 ? 0 : reader->idle_pages + 1;
        bool more = (int64_t)page->rows >= reader->page_size && number < PAGES_MAX &&
                    reader->idle_pages < IDLE_PAGES_MAX;
        reader->last_page = more ? number + 1 : number;
    }
}

static void note_cap(struct reader *reader, int64_t number)
{
    struct listing_result *result = reader->result;
    int64_t rows = (number - 1) * reader->page_size;
    if (!result->capped || rows < result->cap) {
        result->cap = rows;
    }
    result->capped = true;
    reader->stop = true;
}

/* What an answer tells about the listing as a whole. */
static void watch(struct reader *reader, const struct hbr_page *page, int64_t number)
{
    struct listing_result *result = reader->result;
    struct unit *unit = reader->lane->unit;
    if (number == 1) {
        take_first(reader, page);
    }
    result->rows += (int64_t)page->rows;
    result->unsteady = result->unsteady || page->total_count != result->total;
    bool odd_length = result->total >= 0 && (int64_t)page->rows != expected_rows(reader, number);
    if (page->total_count != result->total || odd_length || page->rejected > 0) {
        result->moved = true;
    }
    bool beyond = page->total_count >= 0 && page->total_count <= (number - 1) * reader->page_size;
    if (page->rows == 0 && number > 1 && odd_length && !beyond) {
        note_cap(reader, number);
    }
    /* A window that moved is read again in halves, so its other pages are not worth a request. */
    if (result->moved && reader->listing->kind == LISTING_CLOSED && !reader->listing->read_on) {
        reader->stop = true;
    }
    unit->run.pages++;
    result->rejected = result->rejected || page->rejected > 0;
    unit->run.rejected += (int64_t)page->rejected;
    unit->run.unknown_fields += (int64_t)page->unknown;
}

static void report_progress(const struct reader *reader)
{
    const struct unit *unit = reader->lane->unit;
    if (unit->progress->update != NULL) {
        unit->progress->update(unit->progress->context, unit->spec, unit->run.seen,
                               reader->lane->total);
    }
}

/* A request that the service refused: the filter on the first page, depth on a later one. */
static bool take_refusal(struct reader *reader, int64_t number, const struct error *failure,
                         struct error *err)
{
    if (!hbr_is_refusal(failure)) {
        *err = *failure;
        return false;
    }
    reader->result->refusal = *failure;
    reader->stop = true;
    if (number == 1) {
        reader->result->refused = true;
    } else if (expected_rows(reader, number) > 0) {
        note_cap(reader, number);
    } else {
        reader->pages_read++; /* a page beyond the end may be refused as well as empty */
    }
    return true;
}

static bool take_answer(struct reader *reader, struct error *err)
{
    struct hbr_page page;
    struct error failure;
    void *tag = NULL;
    if (!hbr_list_wait(reader->lane->unit->service, &page, &tag, &failure, err)) {
        return false;
    }
    int64_t number = (int64_t)(intptr_t)tag;
    reader->in_flight--;
    if (failure.code != ERROR_NONE) {
        return take_refusal(reader, number, &failure, err);
    }
    watch(reader, &page, number);
    bool ok = true;
    if (number == 1) {
        ok = check_foreign(reader, &page, err);
    }
    if (ok && !reader->result->foreign) {
        ok = store_page(reader, &page, err);
        extend(reader, &page, number);
    }
    hbr_page_free(&page);
    if (!ok) {
        return false;
    }
    reader->pages_read++;
    report_progress(reader);
    return interrupt_check(err);
}

static bool read_pages(struct reader *reader, struct error *err)
{
    if (!ask(reader, 1, err) || !take_answer(reader, err)) {
        return false;
    }
    reader->next_page = 2;
    while (reader->in_flight > 0 ||
           (!reader->stop && !reader->result->foreign && reader->next_page <= reader->last_page)) {
        bool ask_more = !reader->stop && reader->next_page <= reader->last_page &&
                        reader->in_flight < reader->lane->unit->settings->pages_at_once;
        if (ask_more) {
            if (!ask(reader, reader->next_page++, err)) {
                return false;
            }
        } else if (!take_answer(reader, err)) {
            return false;
        }
    }
    return true;
}

bool listing_read(struct lane *lane, const struct listing *listing,
                  struct listing_result *ret_result, struct error *err)
{
    struct reader reader = {
        .lane = lane,
        .listing = listing,
        .result = ret_result,
        .page_size = listing->page_size > 0 ? listing->page_size : lane->unit->settings->page_size,
    };
    memset(ret_result, 0, sizeof(*ret_result));
    ret_result->total = -1;
    ret_result->set = unit_new_set(lane->unit);
    if (!read_pages(&reader, err)) {
        acs_client_cancel(lane->unit->service->client);
        return false;
    }
    ret_result->complete = !ret_result->refused && !ret_result->capped && !ret_result->foreign &&
                           ret_result->total >= 0 && reader.pages_read == reader.last_page;
    return true;
}

bool listing_is_exact(const struct listing_result *result)
{
    return result->complete && !result->moved && !result->mismatched &&
           result->rows == result->total && result->distinct == result->total;
}

bool listing_is_one_answer(const struct listing_result *result, const struct listing *listing,
                           const struct lane *lane)
{
    int64_t page_size =
        listing->page_size > 0 ? listing->page_size : lane->unit->settings->page_size;
    return listing_is_exact(result) && result->total <= page_size;
}

bool listing_forget(struct lane *lane, struct listing_result *result, struct error *err)
{
    return store_seen_clear(lane->unit->store, result->set, err);
}
