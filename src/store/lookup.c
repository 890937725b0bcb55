#include "store/lookup.h"

#include "store/internal.h"

bool store_job_in_sibling(struct store *store, const struct store_source *source,
                          const char *restore_id, size_t length, bool *ret_sibling,
                          struct error *err)
{
    struct statement query;
    if (!statement_open(store, STATEMENT_JOB_SIBLING,
                        "SELECT 1 FROM restore_job AS j"
                        " JOIN sync_source AS s ON s.source_id = j.source_id"
                        " WHERE j.restore_id = ?1 AND s.account_id = ?2 AND s.region_id = ?3"
                        " AND s.edition <> ?4 AND j.missing_since IS NULL",
                        "look up the source of a job", &query, err)) {
        return false;
    }
    statement_bind_text(&query, restore_id, length);
    statement_bind_string(&query, source->account_id);
    statement_bind_string(&query, source->region_id);
    statement_bind_string(&query, source->edition);
    int64_t found = 0;
    if (!statement_read_integer(&query, &found, err)) {
        return false;
    }
    *ret_sibling = found != 0;
    return true;
}

bool store_seen_has(struct store *store, int64_t set, const char *restore_id, bool *ret_has,
                    struct error *err)
{
    struct statement query;
    if (!statement_open(store, STATEMENT_SEEN_HAS,
                        "SELECT 1 FROM temp.seen WHERE set_id = ?1 AND restore_id = ?2",
                        "look up an id seen", &query, err)) {
        return false;
    }
    statement_bind_integer(&query, set);
    statement_bind_string(&query, restore_id);
    int64_t found = 0;
    if (!statement_read_integer(&query, &found, err)) {
        return false;
    }
    *ret_has = found != 0;
    return true;
}

bool store_seen_any(struct store *store, int64_t set, char *ret_restore_id, size_t size,
                    struct error *err)
{
    struct statement query;
    if (!statement_open(store, STATEMENT_SEEN_ANY,
                        "SELECT restore_id FROM temp.seen WHERE set_id = ?1 LIMIT 1",
                        "look up an id seen", &query, err)) {
        return false;
    }
    statement_bind_integer(&query, set);
    bool row = false;
    bool done = statement_step(&query, &row, err);
    ret_restore_id[0] = '\0';
    if (done && row) {
        statement_copy_text(&query, 0, ret_restore_id, size);
        done = statement_read_ok(&query, err);
    }
    statement_close(&query);
    return done;
}

bool store_seen_count_closed(struct store *store, int64_t set, int64_t from, int64_t to,
                             int64_t *ret_count, struct error *err)
{
    struct statement query;
    if (!statement_open(store, STATEMENT_SEEN_CLOSED,
                        "SELECT count(*) FROM temp.seen AS s"
                        " JOIN restore_job AS j ON j.restore_id = s.restore_id"
                        " WHERE s.set_id = ?1 AND j.complete_time BETWEEN ?2 AND ?3",
                        "count the ids seen", &query, err)) {
        return false;
    }
    statement_bind_integer(&query, set);
    statement_bind_integer(&query, from);
    statement_bind_integer(&query, to);
    return statement_read_integer(&query, ret_count, err);
}

bool store_job_each_type(struct store *store, int64_t source_id, size_t limit,
                         bool (*visit)(const char *restore_type, void *context, struct error *err),
                         void *context, struct error *err)
{
    struct statement query;
    if (!statement_open(store, STATEMENT_JOB_TYPES,
                        "SELECT DISTINCT restore_type FROM restore_job"
                        " WHERE source_id = ?1 AND restore_type IS NOT NULL"
                        " ORDER BY restore_type LIMIT ?2",
                        "list the types of jobs", &query, err)) {
        return false;
    }
    statement_bind_integer(&query, source_id);
    statement_bind_integer(&query, limit < INT64_MAX ? (int64_t)limit : INT64_MAX);
    return statement_visit_texts(&query, visit, context, err);
}
