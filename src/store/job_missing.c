/* Missing marks. Each is two statements over one row: the history first, because the mark takes the
 * row out of the condition. */
#include "store/internal.h"
#include "store/job.h"

#define ROW " row_id = ?1 AND source_id = ?4 AND missing_since IS NULL"

static const char record_sql[] =
    "INSERT INTO restore_job_change (" CHANGE_COLUMNS ")"
    " SELECT j.restore_id, ?2, ?3, j.updated_time, j.status, j.status, j.progress, j.progress,"
    " j.bytes_done, j.bytes_done, j.items_done, j.items_done, r.report_task_status,"
    " r.report_task_status, json_object('missing_since', json_array(NULL, ?3))"
    " FROM restore_job AS j LEFT JOIN restore_job_report AS r ON r.restore_id = j.restore_id"
    " WHERE" ROW;
static const char mark_sql[] =
    "UPDATE restore_job SET missing_since = ?3, changed_run_id = ?2 WHERE" ROW;

static bool run_one(struct store *store, const struct store_writer *writer, enum statement_id id,
                    const char *sql, int64_t row, int64_t *ret_changes, struct error *err)
{
    struct statement statement;
    if (!statement_open(store, id, sql, "mark a job missing", &statement, err)) {
        return false;
    }
    statement_bind_integers(&statement, row, writer->run_id, writer->now, writer->source_id);
    return statement_run(&statement, ret_changes, err);
}

bool store_job_mark_missing(struct store *store, const struct store_writer *writer,
                            const struct row_set *rows, int64_t *ret_count, struct error *err)
{
    *ret_count = 0;
    if (!store_need_transaction(store, "jobs are marked missing", err)) {
        return false;
    }
    for (int64_t row = row_set_next(rows, 0); row != 0; row = row_set_next(rows, row)) {
        int64_t marked = 0;
        if (!run_one(store, writer, STATEMENT_MISSING_CHANGE, record_sql, row, NULL, err) ||
            !run_one(store, writer, STATEMENT_MISSING_MARK, mark_sql, row, &marked, err)) {
            return false;
        }
        *ret_count += marked;
    }
    return true;
}
