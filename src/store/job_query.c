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

/* What the statements take of a scope, and of a range in it: 0 is the time of an open job. */
#define SCOPE(scope)                                                                               \
    text_value((scope)->restore_type), integer_value((scope)->part),                               \
        integer_value((scope)->source_id)
#define RANGE(scope, from, to)                                                                     \
    SCOPE(scope), integer_value((from) > 0 ? (from) : 1), integer_value(to)

#define LOOKING "look up jobs"

static bool is_of_source(const struct store_scope *scope)
{
    return scope->restore_type[0] == '\0' && scope->part == STORE_EVERY_JOB;
}

/* --- counts -------------------------------------------------------------------------------- */

bool store_job_count(struct store *store, const struct store_scope *scope, int64_t *ret_count,
                     struct error *err)
{
    return statement_run(
        store, is_of_source(scope) ? "SELECT count(*)" LISTED_OF_SOURCE : "SELECT count(*)" LISTED,
        LOOKING, VALUES(SCOPE(scope)), ret_count, err);
}

bool store_job_count_open(struct store *store, const struct store_scope *scope, int64_t *ret_count,
                          struct error *err)
{
    return statement_run(store, "SELECT count(*)" OPEN " AND settled_status IS NULL", LOOKING,
                         VALUES(SCOPE(scope)), ret_count, err);
}

bool store_job_count_finished(struct store *store, const struct store_scope *scope, int64_t from,
                              int64_t to, int64_t *ret_count, struct error *err)
{
    return statement_run(store,
                         is_of_source(scope) ? "SELECT count(*)" LISTED_OF_SOURCE BETWEEN
                                             : "SELECT count(*)" FINISHED,
                         LOOKING, VALUES(RANGE(scope, from, to)), ret_count, err);
}

bool store_job_max_updated(struct store *store, const struct store_scope *scope, int64_t *ret_time,
                           struct error *err)
{
    return statement_run(store, "SELECT max(updated_time) FROM restore_job" OF_SCOPE, LOOKING,
                         VALUES(SCOPE(scope)), ret_time, err);
}

/* --- seconds ------------------------------------------------------------------------------- */

bool store_job_last_finished(struct store *store, const struct store_scope *scope, int64_t from,
                             int64_t to, int64_t *ret_time, struct error *err)
{
    return statement_run(store, "SELECT max(complete_time)" FINISHED, LOOKING,
                         VALUES(RANGE(scope, from, to)), ret_time, err);
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
        !statement_run(store,
                       "SELECT complete_time" FINISHED " ORDER BY complete_time LIMIT 1 OFFSET ?6",
                       LOOKING, VALUES(RANGE(scope, from, to), integer_value((count - 1) / 2)),
                       ret_time, err)) {
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
    if (!statement_open(store,
                        latest ? "SELECT DISTINCT complete_time" FINISHED
                                 " ORDER BY complete_time DESC"
                               : "SELECT DISTINCT complete_time" FINISHED " ORDER BY complete_time",
                        LOOKING, VALUES(RANGE(&every, from, to)), &query, err)) {
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

static const char *const picks[] = {
    [PICK_EVERY] = "SELECT row_id" LISTED,
    [PICK_OPEN] = "SELECT row_id" OPEN,
    [PICK_WHOLE_MACHINE] = "SELECT row_id" LISTED " AND restore_type GLOB 'UDM*'",
    [PICK_FINISHED] = "SELECT row_id" FINISHED,
    [PICK_REPORT] = "SELECT row_id" FINISHED " AND EXISTS (SELECT 1 FROM restore_job_report AS r"
                    " WHERE r.restore_id = restore_job.restore_id"
                    " AND r.report_task_status <> 'COMPLETE')",
};

bool store_job_rows(struct store *store, const struct store_scope *scope, enum store_pick pick,
                    int64_t from, int64_t to, struct row_set *rows, struct error *err)
{
    struct statement query;
    bool ranged = pick == PICK_FINISHED || pick == PICK_REPORT;
    const struct value values[] = {RANGE(scope, from, to)};
    if (!statement_open(store,
                        pick == PICK_FINISHED && is_of_source(scope)
                            ? "SELECT row_id" LISTED_OF_SOURCE BETWEEN
                            : picks[pick],
                        LOOKING, values, ranged ? 5 : 3, &query, err)) {
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
    if (!statement_open(store,
                        "SELECT restore_id, restore_type GLOB 'UDM*'"
                        " AND coalesce(parent_id, '') = '' FROM restore_job WHERE row_id = ?1",
                        "look up a job", VALUES(integer_value(row)), &query, err)) {
        return false;
    }
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

static struct value limit_value(size_t limit)
{
    return integer_value(limit < INT64_MAX ? (int64_t)limit : INT64_MAX);
}

bool store_job_each_parent(struct store *store, int64_t source_id, bool of_open, const char *after,
                           size_t limit,
                           bool (*visit)(const char *restore_id, void *context, struct error *err),
                           void *context, struct error *err)
{
    struct statement query;
    struct store_scope children = {source_id, "", STORE_CHILDREN};
    return statement_open(store,
                          of_open ? "SELECT DISTINCT parent_id" OPEN PARENTS_AFTER
                                  : "SELECT DISTINCT parent_id" LISTED PARENTS_AFTER,
                          LOOKING, VALUES(SCOPE(&children), text_value(after), limit_value(limit)),
                          &query, err) &&
           statement_visit_texts(&query, visit, context, err);
}

bool store_job_each_type(struct store *store, int64_t source_id, size_t limit,
                         bool (*visit)(const char *restore_type, void *context, struct error *err),
                         void *context, struct error *err)
{
    struct statement query;
    return statement_open(store,
                          "SELECT DISTINCT restore_type FROM restore_job"
                          " WHERE source_id = ?1 AND restore_type IS NOT NULL"
                          " ORDER BY restore_type LIMIT ?2",
                          "list the types of jobs",
                          VALUES(integer_value(source_id), limit_value(limit)), &query, err) &&
           statement_visit_texts(&query, visit, context, err);
}
