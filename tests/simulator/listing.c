#include "listing.h"

#include <stdlib.h>
#include <string.h>

#include "codec.h"
#include "memory.h"

enum { DEFAULT_PAGE_SIZE = 10, MOST_PAGE_SIZE = 99 };

static bool take_number(const char *text, int64_t least, int64_t most, int64_t *value)
{
    return parse_integer(text, value) && *value >= least && *value <= most;
}

static bool take_edition(struct listing_query *query, const char *text,
                         const struct settings *settings)
{
    bool is_basic = strcmp(text, "BASIC") == 0;
    if ((!is_basic && strcmp(text, "STANDARD") != 0) ||
        settings->edition == EDITION_REFUSED_ALWAYS ||
        (is_basic && settings->edition == EDITION_REFUSED)) {
        return false;
    }
    query->edition =
        is_basic && settings->edition != EDITION_IGNORED ? EDITION_BASIC : EDITION_STANDARD;
    return true;
}

/* Takes a parameter that is not of Filters. Sets `*is_known`; false when its value is not valid. */
static bool take_parameter(struct listing_query *query, const struct pair *parameter,
                           const struct settings *settings, bool *is_known)
{
    const char *name = parameter->name;
    *is_known = true;
    if (strcmp(name, "PageNumber") == 0) {
        return take_number(parameter->value, 1, INT32_MAX, &query->page_number);
    }
    if (strcmp(name, "PageSize") == 0) {
        return take_number(parameter->value, 1, MOST_PAGE_SIZE, &query->page_size);
    }
    if (strcmp(name, "Edition") == 0) {
        return take_edition(query, parameter->value, settings);
    }
    if (strcmp(name, "RestoreType") == 0) {
        query->restore_type = parameter->value;
        return true;
    }
    *is_known = false;
    return true;
}

static bool apply_untyped(struct listing_query *query, const struct settings *settings,
                          struct service_error *error)
{
    if (query->restore_type == NULL && settings->untyped == UNTYPED_REFUSED) {
        return refuse(error, 400, "MissingParameter", "RestoreType is mandatory for this action.");
    }
    if (query->restore_type == NULL && settings->untyped == UNTYPED_PARTIAL) {
        query->restore_type = "ECS_FILE";
    }
    return true;
}

bool listing_query_parse(struct listing_query *query, const struct request *request,
                         const struct settings *settings, struct name_list *unknown,
                         struct service_error *error)
{
    query->page_number = 1;
    query->page_size = DEFAULT_PAGE_SIZE;
    for (size_t i = 0; i < request->parameters.count; i++) {
        const struct pair *parameter = &request->parameters.items[i];
        bool is_known = filters_take(&query->filters, parameter, error);
        if (error->code != NULL) {
            return false;
        }
        if (!is_known && !take_parameter(query, parameter, settings, &is_known)) {
            return refuse(error, 400, "InvalidParameter",
                          "The specified parameter %s is not valid.", parameter->name);
        }
        if (!is_known) {
            unknown->names =
                must_resize(unknown->names, unknown->count + 1, sizeof *unknown->names);
            unknown->names[unknown->count++] = must_copy(parameter->name);
        }
    }
    return apply_untyped(query, settings, error) &&
           filters_prepare(&query->filters, settings, error);
}

const struct job_state *listing_state(const struct world *world, const struct listing_query *query,
                                      const struct job *job)
{
    return query->is_stale && job->touched_in_move == world->move ? &job->before : &job->now;
}

static bool selects(const struct listing_query *query, const struct world *world,
                    const struct settings *settings, const struct job *job)
{
    const struct job_state *state = listing_state(world, query, job);
    bool is_apart = settings->children == CHILDREN_BY_PARENT &&
                    (job->parent != NULL) != filters_ask_for_children(&query->filters);
    return state->present && !is_apart &&
           (query->restore_type == NULL
                ? !name_list_has(&settings->untyped_without, restore_type_name(job->type))
                : strcmp(restore_type_name(job->type), query->restore_type) == 0) &&
           filters_match(&query->filters, settings, world, job, state);
}

/* The filter that names the few jobs that can match, or NULL. */
static const struct filter *id_filter(const struct filters *filters)
{
    for (size_t i = 0; i < MAX_FILTERS; i++) {
        const struct filter *filter = &filters->list[i];
        if (filter->is_used && filter->is_id && !filter->is_ignored &&
            (filter->op == OPERATOR_IN || filter->op == OPERATOR_EQUAL)) {
            return filter;
        }
    }
    return NULL;
}

static void collect_by_id(struct listing *listing, const struct world *world,
                          const struct settings *settings, const struct listing_query *query,
                          const struct filter *ids)
{
    listing->rows = must_resize(NULL, ids->value_count, sizeof(struct job *));
    for (size_t i = 0; i < ids->value_count; i++) {
        struct job *job = world_find(world, ids->values[i]);
        bool is_repeated = i > 0 && strcmp(ids->values[i - 1], ids->values[i]) == 0;
        if (job != NULL && !is_repeated && job->region == query->region &&
            job->edition == query->edition && selects(query, world, settings, job)) {
            listing->rows[listing->count++] = job;
        }
    }
    sort_jobs(listing->rows, listing->count, (enum listing_order)settings->order);
}

static void collect_by_scan(struct listing *listing, struct world *world,
                            const struct settings *settings, const struct listing_query *query)
{
    struct source *source = world_source(world, query->region, query->edition);
    world_sort(source, (enum listing_order)settings->order);
    listing->rows = must_resize(NULL, source->count, sizeof(struct job *));
    for (size_t i = 0; i < source->count; i++) {
        if (selects(query, world, settings, source->rows[i])) {
            listing->rows[listing->count++] = source->rows[i];
        }
    }
}

static char *describe(const struct listing_query *query)
{
    struct buffer key = {0};
    buffer_format(&key, "%zu %u %d %d %s", query->region, query->edition, query->is_stale,
                  query->is_empty, query->restore_type != NULL ? query->restore_type : "*");
    filters_describe(&query->filters, &key);
    return buffer_detach(&key);
}

static void listing_clear(struct listing *listing)
{
    free(listing->key);
    free(listing->rows);
    *listing = (struct listing){0};
}

static void shuffle(struct job **rows, size_t count, struct prng *prng)
{
    for (size_t i = count; i > 1; i--) {
        size_t other = (size_t)prng_below(prng, i);
        struct job *row = rows[i - 1];
        rows[i - 1] = rows[other];
        rows[other] = row;
    }
}

static struct listing *look_up(struct listing_cache *cache, const char *key, uint64_t generation)
{
    for (size_t i = 0; i < LISTINGS_KEPT; i++) {
        struct listing *entry = &cache->entries[i];
        if (entry->key != NULL && entry->generation == generation && strcmp(entry->key, key) == 0) {
            return entry;
        }
    }
    return NULL;
}

const struct listing *listing_find(struct listing_cache *cache, struct world *world,
                                   const struct settings *settings,
                                   const struct listing_query *query)
{
    char *key = describe(query);
    struct listing *listing = look_up(cache, key, world->generation);
    if (listing != NULL) {
        free(key);
    } else {
        listing = &cache->entries[cache->next++ % LISTINGS_KEPT];
        listing_clear(listing);
        listing->key = key;
        listing->generation = world->generation;
        const struct filter *ids = id_filter(&query->filters);
        if (!query->is_empty && ids != NULL) {
            collect_by_id(listing, world, settings, query, ids);
        } else if (!query->is_empty) {
            collect_by_scan(listing, world, settings, query);
        }
    }
    if (settings->order == ORDER_RANDOM) {
        shuffle(listing->rows, listing->count, &world->prng);
    }
    return listing;
}

void listing_cache_clear(struct listing_cache *cache)
{
    for (size_t i = 0; i < LISTINGS_KEPT; i++) {
        listing_clear(&cache->entries[i]);
    }
}
