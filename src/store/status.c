/* What `status` shows of each source and scope: v_sync_health, which alone says what is proved. */
#include <string.h>

#include "store/run_row.h"

static bool read_row(struct store *store, const struct statement *rows, struct store_status *status,
                     struct error *err)
{
    char account_id[STORE_NAME_MAX];
    char region_id[STORE_NAME_MAX];
    char edition[STORE_NAME_MAX];
    memset(status, 0, sizeof *status);
    statement_copy_text(rows, 0, account_id, sizeof account_id);
    statement_copy_text(rows, 1, region_id, sizeof region_id);
    statement_copy_text(rows, 2, edition, sizeof edition);
    statement_copy_text(rows, 3, status->scope, sizeof status->scope);
    statement_copy_text(rows, 4, status->note, sizeof status->note);
    status->imported = statement_integer(rows, 5, 0) != 0;
    status->proved = statement_integer(rows, 6, 0) != 0;
    status->jobs = statement_integer(rows, 7, 0);
    status->open_jobs = statement_integer(rows, 8, 0);
    status->missing_jobs = statement_integer(rows, 9, 0);
    status->watermark = statement_integer(rows, 10, 0);
    status->full_walk_at = statement_integer(rows, 11, 0);
    status->last_proved_at = statement_integer(rows, 12, 0);
    status->last_success_at = statement_integer(rows, 13, 0);
    /* The source exists, so nothing is added and no transaction is needed. */
    return statement_read_ok(rows, err) &&
           store_source_open(store, account_id, region_id, edition, &status->source, err) &&
           store_run_last(store, status->source.source_id, status->scope, &status->last_run, err);
}

bool store_status_each(struct store *store,
                       bool (*visit)(const struct store_status *status, void *context,
                                     struct error *err),
                       void *context, struct error *err)
{
    static const char sql[] =
        "SELECT account_id, region_id, edition, scope, source_note, copied_by = 'import', proved,"
        " jobs, open_jobs, missing_jobs, strftime('%s', watermark_utc),"
        " strftime('%s', full_walk_utc), strftime('%s', last_proved_utc),"
        " strftime('%s', last_success_utc) FROM v_sync_health"
        " ORDER BY account_id, region_id, edition, scope";
    struct statement rows;
    if (!statement_open(store, STATEMENT_STATUS_ROWS, sql, "read the sources", &rows, err)) {
        return false;
    }
    struct store_status status;
    bool row = false;
    bool done;
    while ((done = statement_step(&rows, &row, err)) && row) {
        if (!read_row(store, &rows, &status, err) || !visit(&status, context, err)) {
            done = false;
            break;
        }
    }
    statement_close(&rows);
    return done;
}
