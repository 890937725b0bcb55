/*
 * Counts and picks. All of them read the index restore_job_listed alone, or the few rows of
 * restore_job_open; the literal "missing_since IS NULL" is what makes a partial index usable, and
 * INDEXED BY keeps the planner from guessing.
 */
#include "store/internal.h"
#include "store/job.h"

#define OF_SOURCE                                                                                  \
    " WHERE source_id = ?1 AND missing_since IS NULL AND (?2 = '' OR restore_type = ?2)"
#define OF_SCOPE " FROM restore_job INDEXED BY restore_job_listed" OF_SOURCE
#define OPEN_OF_SCOPE " FROM restore_job INDEXED BY restore_job_open" OF_SOURCE IS_OPEN
#define OF_WINDOW OF_SCOPE " AND complete_time > 0 AND complete_time BETWEEN ?3 AND ?4"
#define IS_OPEN " AND (complete_time IS NULL OR complete_time <= 0)"

/* --- counts -------------------------------------------------------------------------------- */

static bool query_scope(struct store *store, enum statement_id id, const char *sql,
                        int64_t source_id, const char *restore_type, int64_t *ret_value,
                        struct error *err)
{
    struct statement query;
    if (!statement_open(store, id, sql, "count jobs", &query, err)) {
        return false;
    }
    statement_bind_integer(&query, source_id);
    statement_bind_string(&query, restore_type);
    return statement_read_integer(&query, ret_value, err);
}

bool store_job_count(struct store *store, int64_t source_id, const char *restore_type,
                     int64_t *ret_count, struct error *err)
{
    return query_scope(store, STATEMENT_JOB_COUNT, "SELECT count(*)" OF_SCOPE, source_id,
                       restore_type, ret_count, err);
}

bool store_job_count_open(struct store *store, int64_t source_id, const char *restore_type,
                          int64_t *ret_count, struct error *err)
{
    return query_scope(store, STATEMENT_JOB_COUNT_OPEN, "SELECT count(*)" OPEN_OF_SCOPE, source_id,
                       restore_type, ret_count, err);
}

bool store_job_max_updated(struct store *store, int64_t source_id, const char *restore_type,
                           int64_t *ret_time, struct error *err)
{
    return query_scope(store, STATEMENT_JOB_MAX_UPDATED,
                       "SELECT max(updated_time) FROM restore_job WHERE source_id = ?1"
                       " AND (?2 = '' OR restore_type = ?2)",
                       source_id, restore_type, ret_time, err);
}

bool store_job_latest_closed(struct store *store, int64_t source_id, const char *restore_type,
                             int64_t *ret_time, struct error *err)
{
    return query_scope(store, STATEMENT_JOB_LATEST_CLOSED,
                       "SELECT max(complete_time)" OF_SCOPE " AND complete_time > 0", source_id,
                       restore_type, ret_time, err);
}

static bool open_window(struct store *store, enum statement_id id, const char *sql,
                        const struct store_window *window, struct statement *ret_statement,
                        struct error *err)
{
    if (!statement_open(store, id, sql, "count jobs", ret_statement, err)) {
        return false;
    }
    statement_bind_integer(ret_statement, window->source_id);
    statement_bind_string(ret_statement, window->restore_type);
    statement_bind_integer(ret_statement, window->from);
    statement_bind_integer(ret_statement, window->to);
    return true;
}

bool store_job_count_closed(struct store *store, const struct store_window *window,
                            int64_t *ret_count, struct error *err)
{
    struct statement query;
    return open_window(store, STATEMENT_JOB_COUNT_CLOSED, "SELECT count(*)" OF_WINDOW, window,
                       &query, err) &&
           statement_read_integer(&query, ret_count, err);
}

/* --- median -------------------------------------------------------------------------------- */

static bool time_at(struct store *store, const struct store_window *window, int64_t offset,
                    int64_t *ret_time, struct error *err)
{
    struct statement query;
    if (!open_window(store, STATEMENT_JOB_MEDIAN,
                     "SELECT complete_time" OF_WINDOW " ORDER BY complete_time LIMIT 1 OFFSET ?5",
                     window, &query, err)) {
        return false;
    }
    statement_bind_integer(&query, offset);
    return statement_read_integer(&query, ret_time, err);
}

/* The greatest complete_time of the window below `limit`, 0 when there is none. */
static bool time_before(struct store *store, const struct store_window *window, int64_t limit,
                        int64_t *ret_time, struct error *err)
{
    struct statement query;
    if (!open_window(store, STATEMENT_JOB_BEFORE,
                     "SELECT max(complete_time)" OF_WINDOW " AND complete_time < ?5", window,
                     &query, err)) {
        return false;
    }
    statement_bind_integer(&query, limit);
    return statement_read_integer(&query, ret_time, err);
}

bool store_job_median(struct store *store, const struct store_window *window, int64_t *ret_time,
                      bool *ret_found, struct error *err)
{
    struct statement query;
    int64_t count = 0;
    int64_t last = 0;
    int64_t time = 0;
    *ret_found = false;
    if (!store_job_count_closed(store, window, &count, err)) {
        return false;
    }
    if (count < 2) {
        return true;
    }
    if (!open_window(store, STATEMENT_JOB_RANGE, "SELECT max(complete_time)" OF_WINDOW, window,
                     &query, err) ||
        !statement_read_integer(&query, &last, err) ||
        !time_at(store, window, (count - 1) / 2, &time, err)) {
        return false;
    }
    /* When half of the rows and more share the last second, what is before it makes the first half.
     */
    if (time == last && !time_before(store, window, last, &time, err)) {
        return false;
    }
    *ret_found = time > 0;
    if (*ret_found) {
        *ret_time = time;
    }
    return true;
}

/* --- picks --------------------------------------------------------------------------------- */

#define PICK "SELECT restore_id" OF_SCOPE
#define UNSEEN                                                                                     \
    " AND NOT EXISTS (SELECT 1 FROM temp.seen AS s WHERE s.set_id = ?4"                            \
    " AND s.restore_id = restore_job.restore_id) LIMIT ?5"
#define SINCE " AND complete_time > 0 AND complete_time >= ?3"

static const struct {
    enum statement_id id;
    const char *sql;
} picks[] = {
    [PICK_OPEN] = {STATEMENT_JOB_PICK_OPEN,
                   "SELECT restore_id" OPEN_OF_SCOPE " AND ?3 IS NOT NULL" UNSEEN},
    [PICK_RECENT_CLOSED] = {STATEMENT_JOB_PICK_RECENT, PICK SINCE UNSEEN},
    [PICK_REPORT] = {STATEMENT_JOB_PICK_REPORT,
                     PICK SINCE " AND EXISTS (SELECT 1 FROM restore_job_report AS r"
                                " WHERE r.restore_id = restore_job.restore_id"
                                " AND r.report_task_status <> 'COMPLETE')" UNSEEN},
};

bool store_job_each_unseen(struct store *store, int64_t source_id, const char *restore_type,
                           enum store_pick pick, int64_t since, int64_t seen, size_t limit,
                           bool (*visit)(const char *restore_id, void *context, struct error *err),
                           void *context, struct error *err)
{
    struct statement query;
    if (!statement_open(store, picks[pick].id, picks[pick].sql, "pick jobs", &query, err)) {
        return false;
    }
    statement_bind_integer(&query, source_id);
    statement_bind_string(&query, restore_type);
    statement_bind_integer(&query, since);
    statement_bind_integer(&query, seen);
    statement_bind_integer(&query, limit < INT64_MAX ? (int64_t)limit : INT64_MAX);
    return statement_visit_texts(&query, visit, context, err);
}
