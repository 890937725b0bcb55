/*
 * Missing marks. Each is two statements over the same rows: the history first, because the mark
 * takes the rows out of the condition.
 */
#include "store/internal.h"
#include "store/job.h"
#include "store/lookup.h"

#define RECORD_MARK(index)                                                                         \
    "INSERT INTO restore_job_change (restore_id, run_id, observed_at, updated_time, old_status,"   \
    " new_status, old_progress, new_progress, old_bytes_done, new_bytes_done, old_items_done,"     \
    " new_items_done, old_report_task_status, new_report_task_status, changed)"                    \
    " SELECT j.restore_id, ?1, ?2, j.updated_time, j.status, j.status, j.progress, j.progress,"    \
    " j.bytes_done, j.bytes_done, j.items_done, j.items_done, r.report_task_status,"               \
    " r.report_task_status, json_object('missing_since', json_array(NULL, ?2))"                    \
    " FROM restore_job AS j" index " LEFT JOIN restore_job_report AS r"                            \
    " ON r.restore_id = j.restore_id WHERE j.source_id = ?3 AND j.missing_since IS NULL"
#define SET_MARK(index)                                                                            \
    "UPDATE restore_job AS j" index " SET missing_since = ?2, changed_run_id = ?1"                 \
    " WHERE j.source_id = ?3 AND j.missing_since IS NULL"
#define UNSEEN                                                                                     \
    " AND (?4 = '' OR j.restore_type = ?4) AND NOT EXISTS"                                         \
    " (SELECT 1 FROM temp.seen AS s WHERE s.set_id = ?5 AND s.restore_id = j.restore_id)"
#define OPEN " AND (j.complete_time IS NULL OR j.complete_time <= 0)"
#define WINDOW " AND j.complete_time > 0 AND j.complete_time BETWEEN ?6 AND ?7"
#define LISTED " INDEXED BY restore_job_listed"
#define OPEN_ONES " INDEXED BY restore_job_open"
#define ONE " AND j.restore_id = ?4"

/* Which rows: the texts and numbers bound from ?4 on. */
struct selection {
    const char *text; /* ?4: the restore_type, or the id */
    size_t integer_count;
    int64_t integers[3]; /* ?5: the set; ?6, ?7: the window */
};

static bool run_one(struct store *store, const struct store_writer *writer, enum statement_id id,
                    const char *sql, const struct selection *selection, int64_t *ret_changes,
                    struct error *err)
{
    struct statement statement;
    if (!statement_open(store, id, sql, "mark jobs missing", &statement, err)) {
        return false;
    }
    statement_bind_integer(&statement, writer->run_id);
    statement_bind_integer(&statement, writer->now);
    statement_bind_integer(&statement, writer->source_id);
    statement_bind_string(&statement, selection->text);
    for (size_t i = 0; i < selection->integer_count; i++) {
        statement_bind_integer(&statement, selection->integers[i]);
    }
    return statement_run(&statement, ret_changes, err);
}

/* `id` is the slot of the history's statement, the next one that of the mark's. */
static bool mark(struct store *store, const struct store_writer *writer, enum statement_id id,
                 const char *record_sql, const char *mark_sql, const struct selection *selection,
                 int64_t *ret_count, struct error *err)
{
    return store_need_transaction(store, "jobs are marked missing", err) &&
           run_one(store, writer, id, record_sql, selection, NULL, err) &&
           run_one(store, writer, (enum statement_id)(id + 1), mark_sql, selection, ret_count, err);
}

bool store_job_mark_missing(struct store *store, const struct store_writer *writer,
                            const char *restore_type, int64_t seen, int64_t *ret_count,
                            struct error *err)
{
    struct selection selection = {restore_type, 1, {seen}};
    return mark(store, writer, STATEMENT_MISSING_CHANGE, RECORD_MARK(LISTED) UNSEEN,
                SET_MARK(LISTED) UNSEEN, &selection, ret_count, err);
}

bool store_job_mark_missing_open(struct store *store, const struct store_writer *writer,
                                 const char *restore_type, int64_t seen, int64_t *ret_count,
                                 struct error *err)
{
    struct selection selection = {restore_type, 1, {seen}};
    return mark(store, writer, STATEMENT_MISSING_OPEN_CHANGE, RECORD_MARK(OPEN_ONES) OPEN UNSEEN,
                SET_MARK(OPEN_ONES) OPEN UNSEEN, &selection, ret_count, err);
}

bool store_job_mark_missing_window(struct store *store, const struct store_writer *writer,
                                   const struct store_window *window, int64_t seen,
                                   int64_t *ret_count, struct error *err)
{
    /* The window's source counts; a writer of another source would be a mistake of the caller. */
    struct store_writer windowed = *writer;
    windowed.source_id = window->source_id;
    struct selection selection = {window->restore_type, 3, {seen, window->from, window->to}};
    return mark(store, &windowed, STATEMENT_MISSING_WINDOW_CHANGE,
                RECORD_MARK(LISTED) WINDOW UNSEEN, SET_MARK(LISTED) WINDOW UNSEEN, &selection,
                ret_count, err);
}

bool store_job_mark_missing_id(struct store *store, const struct store_writer *writer,
                               const char *restore_id, bool *ret_marked, struct error *err)
{
    struct selection selection = {restore_id, 0, {0}};
    int64_t count = 0;
    if (!mark(store, writer, STATEMENT_MISSING_ID_CHANGE, RECORD_MARK("") ONE, SET_MARK("") ONE,
              &selection, &count, err)) {
        return false;
    }
    *ret_marked = count != 0;
    return true;
}
