/* The ids that a listing has seen: a TEMP table, so nothing of it reaches the database. */
#include "store/internal.h"
#include "store/job.h"

bool store_seen_add(struct store *store, int64_t set, const char *restore_id, size_t length,
                    bool *ret_new, struct error *err)
{
    struct statement add;
    if (!statement_open(store, STATEMENT_SEEN_ADD,
                        "INSERT INTO temp.seen (set_id, restore_id) VALUES (?1, ?2)"
                        " ON CONFLICT DO NOTHING",
                        "note an id seen", &add, err)) {
        return false;
    }
    statement_bind_integer(&add, set);
    statement_bind_text(&add, restore_id, length);
    int64_t changes = 0;
    if (!statement_run(&add, &changes, err)) {
        return false;
    }
    *ret_new = changes != 0;
    return true;
}

bool store_seen_count(struct store *store, int64_t set, int64_t *ret_count, struct error *err)
{
    struct statement count;
    if (!statement_open(store, STATEMENT_SEEN_COUNT,
                        "SELECT count(*) FROM temp.seen WHERE set_id = ?1", "count the ids seen",
                        &count, err)) {
        return false;
    }
    statement_bind_integer(&count, set);
    return statement_read_integer(&count, ret_count, err);
}

bool store_seen_clear(struct store *store, int64_t set, struct error *err)
{
    struct statement clear;
    if (!statement_open(store, STATEMENT_SEEN_CLEAR, "DELETE FROM temp.seen WHERE set_id = ?1",
                        "forget the ids seen", &clear, err)) {
        return false;
    }
    statement_bind_integer(&clear, set);
    return statement_run(&clear, NULL, err);
}

bool store_seen_reset(struct store *store, struct error *err)
{
    struct statement reset;
    return statement_open(store, STATEMENT_SEEN_RESET, "DELETE FROM temp.seen",
                          "forget the ids seen", &reset, err) &&
           statement_run(&reset, NULL, err);
}

/* Changes the set ?1 by the set ?2. */
static bool change(struct store *store, enum statement_id id, const char *sql, int64_t set,
                   int64_t other, struct error *err)
{
    struct statement change;
    if (!statement_open(store, id, sql, "change the ids seen", &change, err)) {
        return false;
    }
    statement_bind_integer(&change, set);
    statement_bind_integer(&change, other);
    return statement_run(&change, NULL, err);
}

bool store_seen_merge(struct store *store, int64_t into, int64_t from, struct error *err)
{
    return change(store, STATEMENT_SEEN_MERGE,
                  "INSERT INTO temp.seen (set_id, restore_id)"
                  " SELECT ?1, restore_id FROM temp.seen WHERE set_id = ?2 ON CONFLICT DO NOTHING",
                  into, from, err);
}

bool store_seen_keep(struct store *store, int64_t set, int64_t other, struct error *err)
{
    return change(store, STATEMENT_SEEN_KEEP,
                  "DELETE FROM temp.seen WHERE set_id = ?1 AND restore_id NOT IN"
                  " (SELECT restore_id FROM temp.seen WHERE set_id = ?2)",
                  set, other, err);
}

/* Runs a comparison of two sets that gives 1 when they differ. */
static bool compare(struct store *store, enum statement_id id, const char *sql, int64_t left,
                    int64_t right, bool *ret_agree, struct error *err)
{
    struct statement differs;
    if (!statement_open(store, id, sql, "compare the ids seen", &differs, err)) {
        return false;
    }
    statement_bind_integer(&differs, left);
    statement_bind_integer(&differs, right);
    int64_t result = 0;
    if (!statement_read_integer(&differs, &result, err)) {
        return false;
    }
    *ret_agree = result == 0;
    return true;
}

#define OUTSIDE                                                                                    \
    "EXISTS (SELECT 1 FROM temp.seen AS l WHERE l.set_id = ?1 AND NOT EXISTS"                      \
    " (SELECT 1 FROM temp.seen AS r WHERE r.set_id = ?2 AND r.restore_id = l.restore_id))"

bool store_seen_within(struct store *store, int64_t inner, int64_t outer, bool *ret_within,
                       struct error *err)
{
    return compare(store, STATEMENT_SEEN_OUTSIDE, "SELECT " OUTSIDE, inner, outer, ret_within, err);
}

bool store_seen_equal(struct store *store, int64_t left, int64_t right, bool *ret_equal,
                      struct error *err)
{
    return compare(store, STATEMENT_SEEN_DIFFERS,
                   "SELECT (SELECT count(*) FROM temp.seen WHERE set_id = ?1)"
                   " <> (SELECT count(*) FROM temp.seen WHERE set_id = ?2) OR " OUTSIDE,
                   left, right, ret_equal, err);
}
