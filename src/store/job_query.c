/*
 * Counts and rows of a scope. They read the index restore_job_listed, or the few rows of
 * restore_job_open; the literal "missing_since IS NULL" is what makes a partial index usable, and
 * INDEXED BY keeps the planner from guessing. ParentId is looked at only where a part of the scope
 * is asked for.
 */
#include "store/internal.h"
#include "store/job.h"

#define OF_SCOPE                                                                                   \
    " WHERE source_id = ?3 AND (?1 = '' OR restore_type = ?1)"                                     \
    " AND (?2 = 0 OR (coalesce(parent_id, '') <> '') = (?2 = 2))"
#define LISTED                                                                                     \
    " FROM restore_job INDEXED BY restore_job_listed" OF_SCOPE " AND missing_since IS NULL"
#define OPEN                                                                                       \
    " FROM restore_job INDEXED BY restore_job_open" OF_SCOPE " AND missing_since IS NULL"          \
    " AND (complete_time IS NULL OR complete_time <= 0)"
/* LISTED of a whole source, which may be millions of rows: only what the index holds is looked at.
 */
#define LISTED_OF_SOURCE                                                                           \
    " FROM restore_job INDEXED BY restore_job_listed WHERE source_id = ?3"                         \
    " AND missing_since IS NULL"
#define PARENTS_AFTER " AND parent_id > ?4 ORDER BY parent_id LIMIT ?5"
#define BETWEEN " AND complete_time BETWEEN ?4 AND ?5"
#define FINISHED LISTED BETWEEN

static bool open_query(struct store *store, enum statement_id id, const char *sql,
                       const struct store_scope *scope, struct statement *ret_query,
                       struct error *err)
{
    if (!statement_open(store, id, sql, "look up jobs", ret_query, err)) {
        return false;
    }
    statement_bind_string(ret_query, scope->restore_type);
    statement_bind_integer(ret_query, scope->part);
    statement_bind_integer(ret_query, scope->source_id);
    return true;
}

static bool open_range(struct store *store, enum statement_id id, const char *sql,
                       const struct store_scope *scope, int64_t from, int64_t to,
                       struct statement *ret_query, struct error *err)
{
    if (!open_query(store, id, sql, scope, ret_query, err)) {
        return false;
    }
    statement_bind_integer(ret_query, from > 0 ? from : 1); /* 0 is that of an open job */
    statement_bind_integer(ret_query, to);
    return true;
}

static bool is_of_source(const struct store_scope *scope)
{
    return scope->restore_type[0] == '\0' && scope->part == STORE_EVERY_JOB;
}

/* --- counts -------------------------------------------------------------------------------- */

bool store_job_count(struct store *store, const struct store_scope *scope, int64_t *ret_count,
                     struct error *err)
{
    struct statement query;
    bool whole = is_of_source(scope);
    return open_query(store, whole ? STATEMENT_JOB_COUNT_SOURCE : STATEMENT_JOB_COUNT,
                      whole ? "SELECT count(*)" LISTED_OF_SOURCE : "SELECT count(*)" LISTED, scope,
                      &query, err) &&
           statement_read_integer(&query, ret_count, err);
}

bool store_job_count_open(struct store *store, const struct store_scope *scope, int64_t *ret_count,
                          struct error *err)
{
    struct statement query;
    return open_query(store, STATEMENT_JOB_COUNT_OPEN,
                      "SELECT count(*)" OPEN " AND settled_status IS NULL", scope, &query, err) &&
           statement_read_integer(&query, ret_count, err);
}

bool store_job_count_finished(struct store *store, const struct store_scope *scope, int64_t from,
                              int64_t to, int64_t *ret_count, struct error *err)
{
    struct statement query;
    bool whole = is_of_source(scope);
    return open_range(
               store, whole ? STATEMENT_JOB_COUNT_SOURCE_FINISHED : STATEMENT_JOB_COUNT_FINISHED,
               whole ? "SELECT count(*)" LISTED_OF_SOURCE BETWEEN : "SELECT count(*)" FINISHED,
               scope, from, to, &query, err) &&
           statement_read_integer(&query, ret_count, err);
}

bool store_job_max_updated(struct store *store, const struct store_scope *scope, int64_t *ret_time,
                           struct error *err)
{
    struct statement query;
    return open_query(store, STATEMENT_JOB_MAX_UPDATED,
                      "SELECT max(updated_time) FROM restore_job" OF_SCOPE, scope, &query, err) &&
           statement_read_integer(&query, ret_time, err);
}

/* --- seconds ------------------------------------------------------------------------------- */

static bool time_at(struct store *store, const struct store_scope *scope, int64_t from, int64_t to,
                    int64_t offset, int64_t *ret_time, struct error *err)
{
    struct statement query;
    if (!open_range(store, STATEMENT_JOB_MEDIAN,
                    "SELECT complete_time" FINISHED " ORDER BY complete_time LIMIT 1 OFFSET ?6",
                    scope, from, to, &query, err)) {
        return false;
    }
    statement_bind_integer(&query, offset);
    return statement_read_integer(&query, ret_time, err);
}

bool store_job_last_finished(struct store *store, const struct store_scope *scope, int64_t from,
                             int64_t to, int64_t *ret_time, struct error *err)
{
    struct statement query;
    return open_range(store, STATEMENT_JOB_LAST, "SELECT max(complete_time)" FINISHED, scope, from,
                      to, &query, err) &&
           statement_read_integer(&query, ret_time, err);
}

bool store_job_median(struct store *store, const struct store_scope *scope, int64_t from,
                      int64_t to, int64_t *ret_time, struct error *err)
{
    int64_t count = 0;
    int64_t last = 0;
    *ret_time = 0;
    if (!store_job_count_finished(store, scope, from, to, &count, err)) {
        return false;
    }
    if (count < 2) {
        return true;
    }
    if (!store_job_last_finished(store, scope, from, to, &last, err) ||
        !time_at(store, scope, from, to, (count - 1) / 2, ret_time, err)) {
        return false;
    }
    /* When half of the jobs and more share the last second, what is before it is the first half. */
    return *ret_time < last || store_job_last_finished(store, scope, from, last - 1, ret_time, err);
}

bool store_job_empty_second(struct store *store, const struct store_scope *scope,
                            enum store_end end, int64_t from, int64_t to, int64_t *ret_second,
                            struct error *err)
{
    const struct store_scope every = {scope->source_id, scope->restore_type, STORE_EVERY_JOB};
    bool latest = end == STORE_LATEST;
    if (to - from > STORE_SECONDS_MAX) {
        from = latest ? to - STORE_SECONDS_MAX : from;
        to = latest ? to : from + STORE_SECONDS_MAX;
    }
    struct statement query;
    int64_t second = latest ? to : from;
    bool row = false;
    if (!open_range(store, latest ? STATEMENT_JOB_SECONDS_DOWN : STATEMENT_JOB_SECONDS_UP,
                    latest ? "SELECT DISTINCT complete_time" FINISHED " ORDER BY complete_time DESC"
                           : "SELECT DISTINCT complete_time" FINISHED " ORDER BY complete_time",
                    &every, from, to, &query, err)) {
        return false;
    }
    bool done;
    while ((done = statement_step(&query, &row, err)) && row &&
           statement_integer(&query, 0, 0) == second) {
        second += latest ? -1 : 1;
    }
    statement_close(&query);
    *ret_second = second >= from && second <= to && second > 0 ? second : 0;
    return done;
}

/* --- rows ---------------------------------------------------------------------------------- */

static const struct {
    enum statement_id id;
    const char *sql;
} picks[] = {
    [PICK_EVERY] = {STATEMENT_JOB_PICK_EVERY, "SELECT row_id" LISTED},
    [PICK_OPEN] = {STATEMENT_JOB_PICK_OPEN, "SELECT row_id" OPEN},
    [PICK_WHOLE_MACHINE] = {STATEMENT_JOB_PICK_WHOLE_MACHINE,
                            "SELECT row_id" LISTED " AND restore_type GLOB 'UDM*'"},
    [PICK_FINISHED] = {STATEMENT_JOB_PICK_FINISHED, "SELECT row_id" FINISHED},
    [PICK_REPORT] = {STATEMENT_JOB_PICK_REPORT,
                     "SELECT row_id" FINISHED " AND EXISTS (SELECT 1 FROM restore_job_report AS r"
                     " WHERE r.restore_id = restore_job.restore_id"
                     " AND r.report_task_status <> 'COMPLETE')"},
};

bool store_job_rows(struct store *store, const struct store_scope *scope, enum store_pick pick,
                    int64_t from, int64_t to, struct row_set *rows, struct error *err)
{
    struct statement query;
    bool ranged = pick == PICK_FINISHED || pick == PICK_REPORT;
    bool whole = pick == PICK_FINISHED && is_of_source(scope);
    enum statement_id id = whole ? STATEMENT_JOB_PICK_SOURCE_FINISHED : picks[pick].id;
    const char *sql = whole ? "SELECT row_id" LISTED_OF_SOURCE BETWEEN : picks[pick].sql;
    if (!(ranged ? open_range(store, id, sql, scope, from, to, &query, err)
                 : open_query(store, id, sql, scope, &query, err))) {
        return false;
    }
    bool row = false;
    bool done;
    while ((done = statement_step(&query, &row, err)) && row) {
        if (!row_set_add(rows, statement_integer(&query, 0, 0), NULL, err)) {
            done = false;
            break;
        }
    }
    statement_close(&query);
    return done;
}

bool store_job_at(struct store *store, int64_t row, struct store_job_row *ret_job,
                  struct error *err)
{
    struct statement query;
    bool found = false;
    if (!statement_open(store, STATEMENT_JOB_AT,
                        "SELECT restore_id, restore_type GLOB 'UDM*'"
                        " AND coalesce(parent_id, '') = '' FROM restore_job WHERE row_id = ?1",
                        "look up a job", &query, err)) {
        return false;
    }
    statement_bind_integer(&query, row);
    bool done = statement_step(&query, &found, err);
    if (done && found) {
        statement_copy_text(&query, 0, ret_job->restore_id, sizeof(ret_job->restore_id));
        ret_job->may_have_children = statement_integer(&query, 1, 0) != 0;
        done = statement_read_ok(&query, err);
    }
    statement_close(&query);
    return done && (found || error_set(err, ERROR_DATABASE,
                                       "%s: a job was removed by another program while it was read",
                                       store->path));
}

bool store_job_each_parent(struct store *store, int64_t source_id, bool of_open, const char *after,
                           size_t limit,
                           bool (*visit)(const char *restore_id, void *context, struct error *err),
                           void *context, struct error *err)
{
    struct statement query;
    struct store_scope children = {source_id, "", STORE_CHILDREN};
    if (!open_query(store, of_open ? STATEMENT_JOB_OPEN_PARENTS : STATEMENT_JOB_PARENTS,
                    of_open ? "SELECT DISTINCT parent_id" OPEN PARENTS_AFTER
                            : "SELECT DISTINCT parent_id" LISTED PARENTS_AFTER,
                    &children, &query, err)) {
        return false;
    }
    statement_bind_string(&query, after);
    statement_bind_integer(&query, limit < INT64_MAX ? (int64_t)limit : INT64_MAX);
    return statement_visit_texts(&query, visit, context, err);
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
