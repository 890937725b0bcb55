/* The upsert and its history, counts, seconds, picks, missing marks. */
#include "store_fixture.h"

/* --- the upsert ---------------------------------------------------------------------------- */

static void test_insert_and_unchanged(void **state)
{
    struct fixture *f = *state;
    struct record job = job_new("r-1", "COMPLETE", 100, 200);
    struct store_put put;
    job_text(&job, "error_message", "");
    job_integer(&job, "speed", 0);
    assert_int_equal(job_put(f, &job, &put), PUT_INSERTED);
    assert_false(put.returned || put.own || put.elsewhere);
    assert_query(f,
                 "SELECT first_run_id || ' ' || changed_run_id || ' ' || source_id"
                 " FROM restore_job",
                 "1 1 1");
    assert_query(f,
                 "SELECT typeof(error_message) || error_message || typeof(error_file) || speed"
                 " FROM restore_job",
                 "textnull0");
    int changes = sqlite3_total_changes(f->store->db);
    f->writer.run_id = 2;
    f->writer.source_id = 99; /* keeps the source that first listed it */
    assert_int_equal(job_put(f, &job, &put), PUT_UNCHANGED);
    assert_true(put.elsewhere && !put.own && !put.returned);
    assert_int_equal(sqlite3_total_changes(f->store->db), changes);
    assert_query(f, "SELECT count(*) FROM restore_job_change", "0");
    assert_query(f, "SELECT changed_run_id FROM restore_job", "1");
}

static void test_update(void **state)
{
    struct fixture *f = *state;
    struct record job = job_new("r-1", "RUNNING", 0, 200);
    job_integer(&job, "bytes_done", 10);
    job_integer(&job, "progress", 100);
    assert_int_equal(job_put(f, &job, NULL), PUT_INSERTED);
    job = job_new("r-1", "COMPLETE", 300, 300);
    job_integer(&job, "bytes_done", INT64_MAX);
    job_set(&job, HBR_REPORT, "report_task_status", text_of("COMPLETE"));
    f->writer.run_id = 2;
    f->writer.now = 1700000300;
    assert_int_equal(job_put(f, &job, NULL), PUT_UPDATED);
    assert_query(f, "SELECT changed FROM restore_job_change",
                 "{\"status\":[\"RUNNING\",\"COMPLETE\"],\"progress\":[100,null],"
                 "\"complete_time\":[0,300],\"updated_time\":[200,300],"
                 "\"bytes_done\":[10,9223372036854775807],\"restore_job_report\":[0,1],"
                 "\"restore_job_report.report_task_status\":[null,\"COMPLETE\"]}");
    assert_query(
        f,
        "SELECT restore_id || run_id || ' ' || observed_at || updated_time || old_status ||"
        " new_status || old_progress || coalesce(new_progress, '-') || old_bytes_done || "
        "new_bytes_done ||"
        " coalesce(old_report_task_status, '-') || new_report_task_status"
        " FROM restore_job_change",
        "r-12 1700000300300RUNNINGCOMPLETE100-109223372036854775807-COMPLETE");
    assert_query(f, "SELECT first_run_id || ' ' || changed_run_id FROM restore_job", "1 2");
    assert_query(f, "SELECT bytes_done FROM restore_job", "9223372036854775807");
}

static void test_parts(void **state)
{
    struct fixture *f = *state;
    struct record job = job_new("r-1", "COMPLETE", 100, 200);
    job_set(&job, HBR_OTS_DETAIL, "overwrite_existing", integer_of(1));
    job.present[HBR_REPORT] = true; /* without a value */
    job.extra[HBR_REPORT] = text_of("{\"New\":1}");
    assert_int_equal(job_put(f, &job, NULL), PUT_INSERTED);
    assert_query(f, "SELECT extra FROM restore_job_report", "{\"New\":1}");
    assert_int_equal(job_put(f, &job, NULL), PUT_UNCHANGED);
    job_set(&job, HBR_OTS_DETAIL, "overwrite_existing", integer_of(0));
    assert_int_equal(job_put(f, &job, NULL), PUT_UPDATED);
    assert_query(f, "SELECT overwrite_existing FROM restore_job_ots_detail", "0");
    memset(job.present + 1, 0, sizeof job.present - sizeof job.present[0]);
    assert_int_equal(job_put(f, &job, NULL), PUT_UPDATED);
    assert_query(f, "SELECT count(*) FROM restore_job_ots_detail", "0");
    assert_query(f, "SELECT count(*) FROM restore_job_report", "0");
    assert_query(
        f, "SELECT changed FROM restore_job_change ORDER BY change_id DESC LIMIT 1",
        "{\"restore_job_report\":[1,0],\"restore_job_report.extra\":[\"{\\\"New\\\":1}\",null],"
        "\"restore_job_ots_detail\":[1,0],\"restore_job_ots_detail.overwrite_existing\":[0,null]}");
    assert_int_equal(job_put(f, &job, NULL), PUT_UNCHANGED);
}

static void test_stale(void **state)
{
    struct fixture *f = *state;
    struct record job = job_new("r-1", "COMPLETE", 100, 200);
    job_set(&job, HBR_REPORT, "report_task_status", text_of("COMPLETE"));
    assert_int_equal(job_put(f, &job, NULL), PUT_INSERTED);
    job = job_new("r-1", "RUNNING", 0, 199);
    assert_int_equal(job_put(f, &job, NULL), PUT_STALE);
    assert_query(f, "SELECT status FROM restore_job", "COMPLETE");
    assert_query(f, "SELECT count(*) FROM restore_job_report", "1");
    assert_query(f, "SELECT count(*) FROM restore_job_change", "0");
    /* Without an UpdatedTime there is nothing to be older than. */
    job = job_new("r-1", "RUNNING", 0, 0);
    job_set(&job, HBR_JOB, "updated_time", (struct value){.kind = VALUE_NULL});
    assert_int_equal(job_put(f, &job, NULL), PUT_UPDATED);
    job = job_new("r-1", "COMPLETE", 100, 5);
    assert_int_equal(job_put(f, &job, NULL), PUT_UPDATED);
}

/* A missing mark goes with whatever answer lists the job again. */
static void test_return(void **state)
{
    struct fixture *f = *state;
    struct record jobs[] = {job_new("r-1", "COMPLETE", 100, 200),
                            job_new("r-2", "COMPLETE", 100, 200),
                            job_new("r-3", "COMPLETE", 100, 200)};
    struct row_set rows = {0};
    struct store_put put;
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(job_put(f, &jobs[i], &put), PUT_INSERTED);
        assert_done(f, row_set_add(&rows, put.row, NULL, &f->err));
    }
    f->writer.now = 1000;
    assert_int_equal(rows_mark(f, &rows), 3);
    row_set_free(&rows);
    f->writer.now = 2000;
    f->writer.run_id = 7;
    job_integer(&jobs[1], "updated_time", 100);
    job_text(&jobs[2], "status", "EXPIRED");
    static const enum store_put_result expected[] = {PUT_UNCHANGED, PUT_STALE, PUT_UPDATED};
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(job_put(f, &jobs[i], &put), expected[i]);
        assert_true(put.returned && !put.own && !put.elsewhere);
    }
    assert_query(
        f, "SELECT count(*) FROM restore_job WHERE missing_since IS NULL AND changed_run_id = 7",
        "3");
    assert_query(f, "SELECT updated_time FROM restore_job WHERE restore_id = 'r-2'", "200");
    assert_query(f,
                 "SELECT group_concat(changed, ' ') FROM (SELECT changed FROM restore_job_change"
                 " WHERE run_id = 7 ORDER BY restore_id)",
                 "{\"missing_since\":[1000,null]} {\"missing_since\":[1000,null]}"
                 " {\"status\":[\"COMPLETE\",\"EXPIRED\"],\"missing_since\":[1000,null]}");
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(job_put(f, &jobs[i], &put), i == 1 ? PUT_STALE : PUT_UNCHANGED);
        assert_true(put.own && !put.returned && !put.elsewhere);
    }
}

static void test_odd_values(void **state)
{
    struct fixture *f = *state;
    struct record job = job_new("r-1", "COMPLETE", INT64_MAX, INT64_MIN);
    struct value odd = {.kind = VALUE_TEXT, .text = "a\0b\n\"\x01\\\xe6\x81\xa2", .length = 10};
    job_set(&job, HBR_JOB, "target_path", odd);
    assert_int_equal(job_put(f, &job, NULL), PUT_INSERTED);
    assert_query(f, "SELECT hex(target_path) FROM restore_job", "6100620A22015CE681A2");
    assert_query(f, "SELECT complete_time || updated_time FROM restore_job",
                 "9223372036854775807-9223372036854775808");
    assert_int_equal(job_put(f, &job, NULL), PUT_UNCHANGED);
    odd.length = 1;
    job_set(&job, HBR_JOB, "target_path", odd);
    assert_int_equal(job_put(f, &job, NULL), PUT_UPDATED);
    assert_query(f, "SELECT changed FROM restore_job_change",
                 "{\"target_path\":[\"a\\u0000b\\n\\\"\\u0001\\\\\xe6\x81\xa2\",\"a\"]}");
    assert_query(f, "SELECT json_valid(changed) FROM restore_job_change", "1");
    /* A text in an integer column is refused by the schema, whoever writes it. */
    job_text(&job, "speed", "fast");
    struct store_put put;
    assert_false(store_job_put(f->store, &f->writer, &job, &put, &f->err));
    assert_int_equal(f->err.code, ERROR_DATABASE);
    store_rollback(f->store);
    assert_false(store_job_put(f->store, &f->writer, &job, &put, &f->err));
    assert_int_equal(f->err.code, ERROR_INTERNAL);
}

/* --- whose a job is ------------------------------------------------------------------------ */

/* A source, read by a run of sync or not. */
static int64_t source_of(struct fixture *f, const char *region, const char *edition, bool read)
{
    struct store_source source;
    struct store_run run = {.run_id = 1, .mode = RUN_FULL, .total_count = -1, .local_count = -1};
    assert_done(f,
                store_source_open(f->store, "1000000000000001", region, edition, &source, &f->err));
    run.source_id = source.source_id;
    if (read) {
        assert_done(f, store_run_begin(f->store, &run, &f->err));
    }
    return source.source_id;
}

/* Puts the job as another source; tells what came of it. */
static void assert_owner(struct fixture *f, int64_t writer, bool imports, bool elsewhere,
                         const char *expected)
{
    struct record job = job_new("r-1", "COMPLETE", 100, 200);
    struct store_put put;
    f->writer.source_id = writer;
    f->writer.imports = imports;
    assert_int_equal(job_put(f, &job, &put), PUT_UNCHANGED);
    assert_false(put.own || put.returned);
    assert_int_equal(put.elsewhere, elsewhere);
    f->writer.imports = false;
    assert_query(f, "SELECT source_id FROM restore_job", expected);
}

static void test_owner(void **state)
{
    struct fixture *f = *state;
    int64_t basic = source_of(f, "cn-hangzhou", "BASIC", true);        /* 2 */
    int64_t imported = source_of(f, "cn-shanghai", "STANDARD", false); /* 3 */
    int64_t beijing = source_of(f, "cn-beijing", "STANDARD", true);    /* 4 */
    int64_t standard = source_of(f, "cn-hangzhou", "STANDARD", true);  /* 1 */
    struct record job = job_new("r-1", "COMPLETE", 100, 200);
    struct store_put put;
    f->writer.source_id = imported;
    assert_int_equal(job_put(f, &job, NULL), PUT_INSERTED);
    assert_owner(f, basic, true, true, "3"); /* an import takes nothing over */
    assert_owner(f, basic, false, false, "2");
    assert_owner(f, beijing, false, true, "2");
    assert_owner(f, standard, false, false, "1"); /* the default edition comes first */
    assert_owner(f, basic, false, true, "1");
    assert_owner(f, beijing, false, true, "1");
    f->writer.source_id = standard;
    assert_int_equal(job_put(f, &job, &put), PUT_UNCHANGED);
    assert_true(put.own && !put.elsewhere);
    /* What its own source does not list any more goes to the one that does. */
    assert_int_equal(row_mark(f, put.row), 1);
    f->writer.source_id = beijing;
    f->writer.imports = true;
    assert_int_equal(job_put(f, &job, &put), PUT_UNCHANGED);
    assert_true(put.elsewhere && !put.own && !put.returned);
    assert_query(f, "SELECT source_id || (missing_since IS NULL) FROM restore_job", "10");
    f->writer.imports = false;
    assert_int_equal(job_put(f, &job, &put), PUT_UNCHANGED);
    assert_true(put.returned && !put.own && !put.elsewhere);
    assert_query(f, "SELECT source_id || (missing_since IS NULL) FROM restore_job", "41");
}

/* --- row numbers and the status that stays ------------------------------------------------- */

static int64_t put_row(struct fixture *f, const char *id, int64_t updated,
                       enum store_put_result expected)
{
    struct record job = job_new(id, "RUNNING", 0, updated);
    struct store_put put = {.row = -1};
    job.present[HBR_REPORT] = true; /* its row has a number of its own, which must not be taken */
    assert_int_equal(job_put(f, &job, &put), expected);
    return put.row;
}

/* VACUUM, by this connection or another, leaves the numbers as they were, whatever holes there are:
 * sets of rows live longer than a transaction. */
static void test_row_number(void **state)
{
    struct fixture *f = *state;
    struct record bare = job_new("r-0", "RUNNING", 0, 1);
    struct store_put put;
    sqlite3 *other = NULL;
    assert_int_equal(job_put(f, &bare, &put), PUT_INSERTED); /* jobs and reports number apart */
    int64_t first = put_row(f, "r-1", 5, PUT_INSERTED);
    int64_t second = put_row(f, "r-2", 5, PUT_INSERTED);
    assert_true(put.row > 0 && first > put.row && second > first);
    assert_true(put_row(f, "r-1", 5, PUT_UNCHANGED) == first);
    assert_true(put_row(f, "r-1", 9, PUT_UPDATED) == first);
    assert_true(put_row(f, "r-1", 4, PUT_STALE) == first);
    char number[24];
    (void)snprintf(number, sizeof number, "%lld", (long long)second);
    assert_query(f, "SELECT row_id FROM restore_job WHERE restore_id = 'r-2'", number);
    assert_query(f, "DELETE FROM restore_job WHERE restore_id IN ('r-0', 'r-1')", "none");
    assert_done(f, store_commit(f->store, &f->err));
    assert_query(f, "VACUUM", "none");
    assert_query(f, "SELECT row_id FROM restore_job WHERE restore_id = 'r-2'", number);
    assert_int_equal(sqlite3_open(f->path, &other), SQLITE_OK);
    assert_string_equal(query_on(other, "VACUUM"), "none");
    assert_int_equal(sqlite3_close(other), SQLITE_OK);
    assert_done(f, store_begin(f->store, &f->err));
    assert_true(put_row(f, "r-2", 5, PUT_UNCHANGED) == second);
    assert_true(put_row(f, "r-3", 5, PUT_INSERTED) > second);
    assert_true(put_row(f, "r-2", 6, PUT_UPDATED) == second);
}

static void settle(struct fixture *f, const char *status, int64_t updated, const char *expected)
{
    struct record job = job_new("r-1", status, 0, updated);
    (void)job_put(f, &job, NULL);
    assert_query(f, "SELECT settled_status FROM restore_job", expected);
}

static void test_settled_status(void **state)
{
    struct fixture *f = *state;
    settle(f, "RUNNING", 1, "NULL");
    settle(f, "UNAVAILABLE", 2, "NULL");
    settle(f, "COMPLETE", 3, "COMPLETE");
    settle(f, "EXPIRED", 4, "COMPLETE");
    settle(f, "RUNNING", 5, "COMPLETE"); /* open again */
    settle(f, "FAILED", 4, "COMPLETE");  /* an older answer */
    f->writer.imports = true;
    settle(f, "CANCELED", 6, "COMPLETE");
    assert_query(f, "SELECT status FROM restore_job", "CANCELED");
    for (size_t i = 0; hbr_final_statuses[i] != NULL; i++) {
        assert_query(f, "DELETE FROM restore_job", "none");
        settle(f, hbr_final_statuses[i], 1, hbr_final_statuses[i]);
    }
}

/* --- counts -------------------------------------------------------------------------------- */

/* r-0 to r-9: finished at 10, 20, ... 100; r-10, r-11 open; r-12 missing. Types alternate, A first.
 * They are rows 1 to 13. */
static void fill(struct fixture *f)
{
    for (int i = 0; i < 13; i++) {
        char id[16];
        struct store_put put;
        (void)snprintf(id, sizeof id, "r-%d", i);
        struct record job = job_new(id, "X", i < 10 ? (i + 1) * 10 : 0, 1000 + i);
        job_text(&job, "restore_type", i % 2 == 0 ? "A" : "B");
        if (i == 10) {
            job_set(&job, HBR_JOB, "complete_time", (struct value){.kind = VALUE_NULL});
        }
        if (i == 3 || i == 5 || i == 7) {
            job_set(&job, HBR_REPORT, "report_task_status",
                    text_of(i == 3 ? "COMPLETE" : "RUNNING"));
        }
        assert_int_equal(job_put(f, &job, &put), PUT_INSERTED);
        assert_true(put.row == i + 1);
    }
    assert_int_equal(row_mark(f, 13), 1);
    assert_int_equal(row_mark(f, 13), 0); /* it is */
    assert_int_equal(row_mark(f, 99), 0); /* there is none */
}

static struct store_scope scope_of(const struct fixture *f, const char *type)
{
    return (struct store_scope){.source_id = f->source.source_id, .restore_type = type};
}

static int64_t finished(struct fixture *f, const char *type, int64_t from, int64_t to)
{
    struct store_scope scope = scope_of(f, type);
    int64_t count = -1;
    assert_done(f, store_job_count_finished(f->store, &scope, from, to, &count, &f->err));
    return count;
}

static int64_t median(struct fixture *f, const char *type, int64_t from, int64_t to)
{
    struct store_scope scope = scope_of(f, type);
    int64_t time = -1;
    assert_done(f, store_job_median(f->store, &scope, from, to, &time, &f->err));
    return time;
}

static int64_t last(struct fixture *f, const char *type, int64_t from, int64_t to)
{
    struct store_scope scope = scope_of(f, type);
    int64_t time = -1;
    assert_done(f, store_job_last_finished(f->store, &scope, from, to, &time, &f->err));
    return time;
}

typedef bool count_jobs(struct store *store, const struct store_scope *scope, int64_t *ret_count,
                        struct error *err);

static void assert_count(struct fixture *f, count_jobs *count_them, const char *type,
                         int64_t expected)
{
    struct store_scope scope = scope_of(f, type);
    int64_t count = -1;
    assert_done(f, count_them(f->store, &scope, &count, &f->err));
    assert_int_equal(count, expected);
    scope.source_id++; /* nothing is there */
    assert_done(f, count_them(f->store, &scope, &count, &f->err));
    assert_int_equal(count, 0);
}

static void test_counts(void **state)
{
    struct fixture *f = *state;
    fill(f);
    assert_count(f, store_job_count, "", 12);
    assert_count(f, store_job_count, "A", 6);
    assert_count(f, store_job_count_open, "", 2);
    assert_count(f, store_job_count_open, "B", 1);
    assert_count(f, store_job_max_updated, "", 1012);
    assert_count(f, store_job_max_updated, "B", 1011);
    assert_count(f, store_job_max_updated, "C", 0);
    assert_int_equal(last(f, "", 1, INT64_MAX), 100);
    assert_int_equal(last(f, "A", 1, INT64_MAX), 90);
    assert_int_equal(last(f, "", 1, 59), 50);
    assert_int_equal(last(f, "", 51, 59), 0);
    assert_int_equal(finished(f, "", INT64_MIN, INT64_MAX), 10);
    assert_int_equal(finished(f, "", 20, 40), 3);
    assert_int_equal(finished(f, "A", 20, 40), 1);
    assert_int_equal(finished(f, "", 21, 29), 0);
    assert_int_equal(median(f, "", 1, 1000), 50);
    assert_int_equal(median(f, "", 20, 30), 20);
    assert_int_equal(median(f, "", 20, 20), 0);
    assert_int_equal(median(f, "", 21, 29), 0);
    assert_int_equal(median(f, "A", 1, 1000), 50);
}

static void test_median_of_ties(void **state)
{
    struct fixture *f = *state;
    for (int i = 0; i < 9; i++) {
        char id[16];
        (void)snprintf(id, sizeof id, "r-%d", i);
        struct record job = job_new(id, "X", i < 2 ? 5 : 8, 1);
        assert_int_equal(job_put(f, &job, NULL), PUT_INSERTED);
    }
    assert_int_equal(median(f, "", 1, 8), 5); /* most are in the last second */
    assert_int_equal(median(f, "", 6, 8), 0); /* one second alone */
}

/* --- seconds ------------------------------------------------------------------------------- */

static void assert_empty_seconds(struct fixture *f, const char *type, int64_t from, int64_t to,
                                 int64_t latest, int64_t earliest)
{
    struct store_scope scope = scope_of(f, type);
    int64_t second = -1;
    assert_done(f,
                store_job_empty_second(f->store, &scope, STORE_LATEST, from, to, &second, &f->err));
    assert_int_equal(second, latest);
    assert_done(
        f, store_job_empty_second(f->store, &scope, STORE_EARLIEST, from, to, &second, &f->err));
    assert_int_equal(second, earliest);
}

static void test_empty_seconds(void **state)
{
    struct fixture *f = *state;
    assert_empty_seconds(f, "", 5, 9, 9, 5);
    assert_empty_seconds(f, "", -3, -1, 0, 0); /* no second at all */
    fill(f);
    assert_empty_seconds(f, "", 10, 100, 99, 11);
    assert_empty_seconds(f, "A", 10, 100, 100, 11);
    assert_empty_seconds(f, "", 11, 99, 99, 11);
    assert_empty_seconds(f, "", 10, 10, 0, 0);
    assert_empty_seconds(f, "", 11, 11, 11, 11);
    assert_empty_seconds(f, "", 12, 11, 0, 0);
    /* Two jobs in each second of a long while: it is looked at only so far. */
    assert_query(f,
                 "INSERT INTO restore_job (restore_id, source_id, complete_time, first_run_id,"
                 " changed_run_id) WITH RECURSIVE second (at) AS (VALUES (10001) UNION ALL"
                 " SELECT at + 1 FROM second WHERE at < 20000) SELECT copy || at, 1, at, 1, 1"
                 " FROM second, (SELECT 'a' AS copy UNION SELECT 'b')",
                 "none");
    assert_empty_seconds(f, "", 10001, 10100, 0, 0);
    assert_empty_seconds(f, "", 10000, 10100, 10000, 10000);
    assert_empty_seconds(f, "", 19900, 20001, 20001, 20001);
    assert_empty_seconds(f, "", 10000, 10000 + STORE_SECONDS_MAX - 1, 10000, 10000);
    assert_empty_seconds(f, "", 20001 - STORE_SECONDS_MAX + 1, 20001, 20001, 20001);
    assert_empty_seconds(f, "", 10001, 20001, 20001, 0);
    assert_empty_seconds(f, "", 10000, 20000, 0, 10000);
    assert_empty_seconds(f, "A", 10001, 20000, 20000, 10001);
}

/* --- rows ---------------------------------------------------------------------------------- */

static bool append_id(const char *id, void *context, struct error *err)
{
    (void)err;
    struct buffer *ids = context;
    buffer_printf(ids, "%s ", id);
    return true;
}

static bool refuse_id(const char *id, void *context, struct error *err)
{
    (void)context;
    return error_set(err, ERROR_USAGE, "not %s", id);
}

static void assert_picks(struct fixture *f, enum store_pick pick, int64_t from, int64_t to,
                         const char *expected)
{
    struct store_scope scope = scope_of(f, "");
    struct row_set rows = {0};
    struct buffer ids;
    buffer_init(&ids, 4096);
    assert_done(f, store_job_rows(f->store, &scope, pick, from, to, &rows, &f->err));
    for (int64_t row = row_set_next(&rows, 0); row != 0; row = row_set_next(&rows, row)) {
        struct store_job_row job;
        assert_done(f, store_job_at(f->store, row, &job, &f->err));
        buffer_printf(&ids, "%s ", job.restore_id);
    }
    assert_string_equal(ids.length > 0 ? ids.data : "", expected);
    buffer_free(&ids);
    row_set_free(&rows);
}

static void test_picks(void **state)
{
    struct fixture *f = *state;
    struct store_scope scope = scope_of(f, "");
    struct row_set rows = {0};
    fill(f);
    assert_picks(f, PICK_EVERY, 0, 0, "r-0 r-1 r-2 r-3 r-4 r-5 r-6 r-7 r-8 r-9 r-10 r-11 ");
    assert_picks(f, PICK_OPEN, 0, 0, "r-10 r-11 ");
    assert_picks(f, PICK_FINISHED, 80, INT64_MAX, "r-7 r-8 r-9 ");
    assert_picks(f, PICK_FINISHED, INT64_MIN, 20, "r-0 r-1 ");
    assert_picks(f, PICK_REPORT, 1, 1000, "r-5 r-7 ");
    assert_picks(f, PICK_REPORT, 70, 1000, "r-7 ");
    assert_picks(f, PICK_REPORT, 1, 79, "r-5 ");
    assert_picks(f, PICK_WHOLE_MACHINE, 0, 0, "");
    /* They are added to what is in the set. */
    assert_done(f, row_set_add(&rows, 1000, NULL, &f->err));
    assert_done(f, store_job_rows(f->store, &scope, PICK_OPEN, 0, 0, &rows, &f->err));
    assert_true(row_set_count(&rows) == 3 && row_set_has(&rows, 1000) && row_set_has(&rows, 12));
    row_set_free(&rows);
    assert_query(f, "UPDATE restore_job SET row_id = 4294967297 WHERE restore_id = 'r-0'", "none");
    assert_false(store_job_rows(f->store, &scope, PICK_EVERY, 0, 0, &rows, &f->err));
    assert_int_equal(f->err.code, ERROR_DATABASE);
    row_set_free(&rows);
}

static void test_types(void **state)
{
    struct fixture *f = *state;
    struct record job = job_new("r", "X", 5, 5);
    struct buffer types;
    buffer_init(&types, 4096);
    fill(f);
    assert_int_equal(job_put(f, &job, NULL), PUT_INSERTED); /* without a type */
    assert_done(f,
                store_job_each_type(f->store, f->source.source_id, 10, append_id, &types, &f->err));
    assert_string_equal(types.data, "A B ");
    assert_done(f,
                store_job_each_type(f->store, f->source.source_id, 1, append_id, &types, &f->err));
    assert_string_equal(types.data, "A B A ");
    assert_false(
        store_job_each_type(f->store, f->source.source_id, SIZE_MAX, refuse_id, NULL, &f->err));
    assert_string_equal(f->err.message, "not A");
    buffer_free(&types);
}

static void test_job_at(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *type, *parent;
        bool may_have_children;
    } cases[] = {
        {"UDM_ECS", NULL, true}, {"UDM_ECS", "", true}, {"UDM_ECS", "p", false},
        {"ECS_FILE", "", false}, {NULL, NULL, false},   {"udm_ecs", "", false},
    };
    struct store_job_row at;
    struct store_put put;
    char id[STORE_RESTORE_ID_SIZE];
    memset(id, 'x', sizeof id); /* the longest */
    id[sizeof id - 1] = '\0';
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        id[0] = (char)('0' + i);
        struct record job = job_new(id, "X", 5, 5);
        if (cases[i].type != NULL) {
            job_text(&job, "restore_type", cases[i].type);
        }
        if (cases[i].parent != NULL) {
            job_text(&job, "parent_id", cases[i].parent);
        }
        assert_int_equal(job_put(f, &job, &put), PUT_INSERTED);
        assert_done(f, store_job_at(f->store, put.row, &at, &f->err));
        assert_string_equal(at.restore_id, id);
        assert_int_equal(at.may_have_children, cases[i].may_have_children);
    }
    assert_false(store_job_at(f->store, put.row + 1, &at, &f->err));
    assert_int_equal(f->err.code, ERROR_DATABASE);
    assert_non_null(strstr(f->err.message, f->path));
}

static void test_parents(void **state)
{
    struct fixture *f = *state;
    static const char *const parents[] = {"p-1", "p-1", "", "p-3", "p-4"};
    struct buffer ids;
    struct store_put put;
    buffer_init(&ids, 4096);
    for (size_t i = 0; i < 5; i++) {
        char id[16];
        (void)snprintf(id, sizeof id, "r-%zu", i);
        struct record job = job_new(id, "X", i == 3 ? 7 : 0, 5); /* that of p-3 is finished */
        job_text(&job, "parent_id", parents[i]);
        assert_int_equal(job_put(f, &job, &put), PUT_INSERTED);
    }
    assert_int_equal(row_mark(f, put.row), 1); /* that of p-4 is gone */
    int64_t source = f->source.source_id;
    assert_done(f, store_job_each_parent(f->store, source, true, "", 9, append_id, &ids, &f->err));
    assert_string_equal(ids.data, "p-1 ");
    assert_done(f,
                store_job_each_parent(f->store, source + 1, true, "", 9, append_id, &ids, &f->err));
    assert_string_equal(ids.data, "p-1 ");
    assert_done(f, store_job_each_parent(f->store, source, false, "", 1, append_id, &ids, &f->err));
    assert_done(f,
                store_job_each_parent(f->store, source, false, "p-1", 1, append_id, &ids, &f->err));
    assert_string_equal(ids.data, "p-1 p-1 p-3 ");
    assert_false(store_job_each_parent(f->store, source, false, "", 9, refuse_id, NULL, &f->err));
    assert_string_equal(f->err.message, "not p-1");
    buffer_free(&ids);
}

/* --- a small world, against a plain array of it -------------------------------------------- */

#define JOBS 120
#define SECONDS 40

struct truth {
    int64_t source_id, complete, updated;
    const char *type;
    bool child, missing, reported, settled;
};

static uint32_t random_state = 1;

static int choose(int below)
{
    random_state = random_state * 1664525 + 1013904223;
    return (int)((random_state >> 8) % (uint32_t)below);
}

/* Row i + 1 is job i. */
static void make_world(struct fixture *f, struct truth world[JOBS], const int64_t sources[2])
{
    static const char *const types[] = {NULL, "A", "UDM_ECS", "UDM"};
    for (int i = 0; i < JOBS; i++) {
        char id[16];
        struct store_put put;
        (void)snprintf(id, sizeof id, "r-%d", i);
        int parent = choose(3);
        int report = choose(3);
        int complete = choose(5);
        world[i] = (struct truth){.source_id = sources[choose(3) == 0],
                                  .complete = complete == 0 ? choose(3) - 1 : 1 + choose(SECONDS),
                                  .updated = 1 + choose(1000),
                                  .type = types[choose(4)],
                                  .child = parent == 2,
                                  .missing = choose(6) == 0,
                                  .reported = report == 2,
                                  .settled = choose(3) == 0};
        struct record job =
            job_new(id, world[i].settled ? "CANCELED" : "X", world[i].complete, world[i].updated);
        if (world[i].complete == 0) {
            job_set(&job, HBR_JOB, "complete_time", (struct value){.kind = VALUE_NULL});
        }
        if (world[i].type != NULL) {
            job_text(&job, "restore_type", world[i].type);
        }
        if (parent > 0) {
            job_text(&job, "parent_id", parent == 2 ? "p" : "");
        }
        job.present[HBR_REPORT] = report > 0 || choose(2) == 0;
        if (report > 0) {
            job_set(&job, HBR_REPORT, "report_task_status",
                    text_of(report == 2 ? "RUNNING" : "COMPLETE"));
        }
        f->writer.source_id = world[i].source_id;
        assert_int_equal(job_put(f, &job, &put), PUT_INSERTED);
        assert_true(put.row == i + 1);
        assert_int_equal(world[i].missing ? row_mark(f, put.row) : 1, 1);
    }
}

static bool is_in(const struct truth *job, const struct store_scope *scope)
{
    return job->source_id == scope->source_id &&
           (scope->restore_type[0] == '\0' ||
            (job->type != NULL && strcmp(job->type, scope->restore_type) == 0)) &&
           (scope->part == STORE_EVERY_JOB || job->child == (scope->part == STORE_CHILDREN));
}

static bool is_picked(const struct truth *job, enum store_pick pick, int64_t from, int64_t to)
{
    bool is_finished = job->complete > 0 && job->complete >= from && job->complete <= to;
    switch (pick) {
    case PICK_EVERY:
        return true;
    case PICK_OPEN:
        return job->complete <= 0;
    case PICK_WHOLE_MACHINE:
        return job->type != NULL && strncmp(job->type, "UDM", 3) == 0;
    case PICK_FINISHED:
        return is_finished;
    default:
        return is_finished && job->reported;
    }
}

static void assert_rows(struct fixture *f, const struct truth world[JOBS],
                        const struct store_scope *scope, int64_t from, int64_t to)
{
    for (enum store_pick pick = PICK_EVERY; pick <= PICK_REPORT; pick++) {
        struct row_set rows = {0};
        int64_t expected = 0;
        int64_t unsettled = 0;
        assert_done(f, store_job_rows(f->store, scope, pick, from, to, &rows, &f->err));
        for (int i = 0; i < JOBS; i++) {
            bool in = is_in(&world[i], scope) && !world[i].missing &&
                      is_picked(&world[i], pick, from, to);
            expected += in ? 1 : 0;
            unsettled += in && !world[i].settled ? 1 : 0;
            assert_int_equal(row_set_has(&rows, i + 1), in);
        }
        assert_true(row_set_count(&rows) == expected);
        row_set_free(&rows);
        int64_t count = -1;
        if (pick == PICK_EVERY) {
            assert_done(f, store_job_count(f->store, scope, &count, &f->err));
        } else if (pick == PICK_OPEN) {
            assert_done(f, store_job_count_open(f->store, scope, &count, &f->err));
            expected = unsettled;
        } else if (pick == PICK_FINISHED) {
            assert_done(f, store_job_count_finished(f->store, scope, from, to, &count, &f->err));
        } else {
            continue;
        }
        assert_int_equal(count, expected);
    }
}

static void assert_seconds(struct fixture *f, const struct truth world[JOBS],
                           const struct store_scope *scope, int64_t from, int64_t to)
{
    const struct store_scope every = {scope->source_id, scope->restore_type, STORE_EVERY_JOB};
    int64_t in_second[SECONDS + 2] = {0};
    int64_t of_any_part[SECONDS + 2] = {0};
    int64_t all = 0;
    int64_t updated = 0;
    for (int i = 0; i < JOBS; i++) {
        bool in = is_in(&world[i], scope);
        updated = in && world[i].updated > updated ? world[i].updated : updated;
        bool finished = !world[i].missing && is_picked(&world[i], PICK_FINISHED, from, to);
        if (in && finished) {
            in_second[world[i].complete]++;
            all++;
        }
        if (finished && is_in(&world[i], &every)) {
            of_any_part[world[i].complete]++;
        }
    }
    int64_t at_last = 0;
    int64_t middle = 0;
    int64_t before_last = 0;
    int64_t earliest = 0;
    int64_t latest = 0;
    int64_t so_far = 0;
    for (int64_t second = from; second <= to; second++) {
        if (in_second[second] > 0) {
            before_last = at_last;
            at_last = second;
        }
        if (of_any_part[second] == 0) {
            earliest = earliest == 0 ? second : earliest;
            latest = second;
        }
        so_far += in_second[second];
        middle = middle == 0 && so_far > (all - 1) / 2 && all > 1 ? second : middle;
    }
    middle = middle == at_last ? before_last : middle;
    int64_t time = -1;
    assert_done(f, store_job_last_finished(f->store, scope, from, to, &time, &f->err));
    assert_int_equal(time, at_last);
    assert_done(f, store_job_median(f->store, scope, from, to, &time, &f->err));
    assert_int_equal(time, middle);
    assert_done(f, store_job_empty_second(f->store, scope, STORE_LATEST, from, to, &time, &f->err));
    assert_int_equal(time, latest);
    assert_done(f,
                store_job_empty_second(f->store, scope, STORE_EARLIEST, from, to, &time, &f->err));
    assert_int_equal(time, earliest);
    assert_done(f, store_job_max_updated(f->store, scope, &time, &f->err));
    assert_int_equal(time, updated);
}

static void test_world(void **state)
{
    struct fixture *f = *state;
    static const char *const types[] = {"", "A", "UDM_ECS", "B"};
    static const int64_t ranges[][2] = {{1, SECONDS + 1}, {1, SECONDS / 2}, {10, 30}, {7, 7}};
    struct truth world[JOBS];
    int64_t sources[] = {f->source.source_id, source_of(f, "cn-beijing", "STANDARD", false)};
    make_world(f, world, sources);
    for (int i = 0; i < 2 * 4 * 3 * 4; i++) {
        const int64_t *range = ranges[i % 4];
        struct store_scope scope = {.source_id = sources[i / 48],
                                    .restore_type = types[i / 4 % 4],
                                    .part = (enum store_part)(i / 16 % 3)};
        assert_rows(f, world, &scope, range[0], range[1]);
        assert_seconds(f, world, &scope, range[0], range[1]);
    }
}

/* --- missing marks ------------------------------------------------------------------------- */

static void leave_out(struct fixture *f, struct row_set *rows, int64_t row)
{
    struct row_set one = {0};
    assert_done(f, row_set_add(&one, row, NULL, &f->err));
    row_set_subtract(rows, &one);
    row_set_free(&one);
}

/* Marks what a class holds, save one row. */
static int64_t mark_class(struct fixture *f, const char *type, enum store_pick pick, int64_t save)
{
    struct store_scope scope = scope_of(f, type);
    struct row_set rows = {0};
    assert_done(f, store_job_rows(f->store, &scope, pick, 40, 60, &rows, &f->err));
    if (save > 0) {
        leave_out(f, &rows, save);
    }
    int64_t count = rows_mark(f, &rows);
    assert_true(count == row_set_count(&rows));
    assert_int_equal(rows_mark(f, &rows), 0); /* they are */
    row_set_free(&rows);
    return count;
}

static void test_mark_missing(void **state)
{
    struct fixture *f = *state;
    int64_t count = -1;
    struct row_set rows = {0};
    fill(f);
    f->writer.run_id = 3;
    f->writer.now = 123;
    assert_int_equal(mark_class(f, "", PICK_FINISHED, 5), 2);
    assert_query(f,
                 "SELECT group_concat(restore_id) FROM (SELECT restore_id FROM restore_job"
                 " WHERE missing_since = 123 AND changed_run_id = 3 ORDER BY restore_id)",
                 "r-3,r-5");
    assert_query(f, "SELECT changed FROM restore_job_change WHERE restore_id = 'r-5'",
                 "{\"missing_since\":[null,123]}");
    assert_query(f,
                 "SELECT old_status || new_status || new_report_task_status || run_id || "
                 "observed_at FROM restore_job_change WHERE restore_id = 'r-5'",
                 "XXRUNNING3123");
    assert_int_equal(mark_class(f, "", PICK_OPEN, 11), 1);
    assert_int_equal(mark_class(f, "B", PICK_EVERY, 0), 3);
    /* Only what is the writer's source's. */
    f->writer.source_id++;
    for (int64_t row = 1; row < 20; row++) {
        assert_done(f, row_set_add(&rows, row, NULL, &f->err));
    }
    assert_int_equal(rows_mark(f, &rows), 0);
    f->writer.source_id--;
    leave_out(f, &rows, 5);
    leave_out(f, &rows, 11);
    assert_int_equal(rows_mark(f, &rows), 4);
    assert_count(f, store_job_count, "", 2);
    assert_query(f, "SELECT count(*) = count(DISTINCT restore_id) FROM restore_job_change", "1");
    assert_query(f, "SELECT count(*) FROM restore_job_change", "11");
    assert_done(f, store_commit(f->store, &f->err));
    assert_false(store_job_mark_missing(f->store, &f->writer, &rows, &count, &f->err));
    assert_int_equal(f->err.code, ERROR_INTERNAL);
    assert_int_equal(count, 0);
    row_set_free(&rows);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_row_number), TEST(test_settled_status), TEST(test_insert_and_unchanged),
        TEST(test_update),     TEST(test_parts),          TEST(test_stale),
        TEST(test_return),     TEST(test_odd_values),     TEST(test_owner),
        TEST(test_counts),     TEST(test_median_of_ties), TEST(test_empty_seconds),
        TEST(test_picks),      TEST(test_types),          TEST(test_job_at),
        TEST(test_parents),    TEST(test_world),          TEST(test_mark_missing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
