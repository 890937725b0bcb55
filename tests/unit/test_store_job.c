/* The upsert and its history, ids seen, counts, picks, missing marks. */
#include "store/lookup.h"
#include "store_fixture.h"

/* --- the upsert ---------------------------------------------------------------------------- */

static void test_insert_and_unchanged(void **state)
{
    struct fixture *f = *state;
    struct record job = job_new("r-1", "COMPLETE", 100, 200);
    bool returned = true;
    job_text(&job, "error_message", "");
    job_integer(&job, "speed", 0);
    assert_int_equal(job_put(f, &job, &returned), PUT_INSERTED);
    assert_false(returned);
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
    assert_int_equal(job_put(f, &job, &returned), PUT_UNCHANGED);
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
    int64_t count = 0;
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(job_put(f, &jobs[i], NULL), PUT_INSERTED);
    }
    f->writer.now = 1000;
    assert_done(f, store_job_mark_missing(f->store, &f->writer, "", 1, &count, &f->err));
    assert_int_equal(count, 3);
    f->writer.now = 2000;
    f->writer.run_id = 7;
    job_integer(&jobs[1], "updated_time", 100);
    job_text(&jobs[2], "status", "EXPIRED");
    static const enum store_put_result expected[] = {PUT_UNCHANGED, PUT_STALE, PUT_UPDATED};
    for (size_t i = 0; i < 3; i++) {
        bool returned = false;
        assert_int_equal(job_put(f, &jobs[i], &returned), expected[i]);
        assert_true(returned);
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
        bool returned = true;
        assert_int_equal(job_put(f, &jobs[i], &returned), i == 1 ? PUT_STALE : PUT_UNCHANGED);
        assert_false(returned);
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
    enum store_put_result result;
    assert_false(store_job_put(f->store, &f->writer, &job, &result, NULL, NULL, &f->err));
    assert_int_equal(f->err.code, ERROR_DATABASE);
    store_rollback(f->store);
    assert_false(store_job_put(f->store, &f->writer, &job, &result, NULL, NULL, &f->err));
    assert_int_equal(f->err.code, ERROR_INTERNAL);
}

/* --- row numbers and the status that stays ------------------------------------------------- */

static int64_t put_row(struct fixture *f, const char *id, int64_t updated,
                       enum store_put_result expected)
{
    struct record job = job_new(id, "RUNNING", 0, updated);
    enum store_put_result result = PUT_STALE;
    int64_t row = -1;
    job.present[HBR_REPORT] = true; /* its row has a number of its own, which must not be taken */
    assert_done(f, store_job_put(f->store, &f->writer, &job, &result, NULL, &row, &f->err));
    assert_int_equal(result, expected);
    return row;
}

static void test_row_number(void **state)
{
    struct fixture *f = *state;
    struct record bare = job_new("r-0", "RUNNING", 0, 1);
    assert_int_equal(job_put(f, &bare, NULL), PUT_INSERTED); /* jobs and reports number apart */
    int64_t first = put_row(f, "r-1", 5, PUT_INSERTED);
    int64_t second = put_row(f, "r-2", 5, PUT_INSERTED);
    assert_true(first > 0 && second > 0 && first != second);
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

/* --- ids seen ------------------------------------------------------------------------------ */

static void see(struct fixture *f, int64_t set, const char *id, bool expect_new)
{
    bool is_new = !expect_new;
    assert_done(f, store_seen_add(f->store, set, id, strlen(id), &is_new, &f->err));
    assert_int_equal(is_new, expect_new);
}

static void assert_sets(struct fixture *f, int64_t left, int64_t right, bool expected)
{
    bool equal = !expected;
    assert_done(f, store_seen_equal(f->store, left, right, &equal, &f->err));
    assert_int_equal(equal, expected);
}

static void assert_within(struct fixture *f, int64_t inner, int64_t outer, bool expected)
{
    bool within = !expected;
    assert_done(f, store_seen_within(f->store, inner, outer, &within, &f->err));
    assert_int_equal(within, expected);
}

static void use_sets(struct fixture *f)
{
    int64_t count = 0;
    bool has = true;
    char id[32] = "?";
    see(f, 1, "a", true);
    see(f, 1, "b", true);
    see(f, 1, "a", false);
    assert_within(f, 2, 1, true);
    see(f, 2, "a", true);
    assert_sets(f, 1, 2, false);
    assert_within(f, 2, 1, true);
    assert_within(f, 1, 2, false);
    see(f, 2, "c", true);
    assert_sets(f, 1, 2, false);
    assert_done(f, store_seen_merge(f->store, 2, 1, &f->err));
    assert_done(f, store_seen_count(f->store, 2, &count, &f->err));
    assert_int_equal(count, 3);
    assert_done(f, store_seen_merge(f->store, 1, 2, &f->err));
    assert_sets(f, 1, 2, true);
    assert_done(f, store_seen_has(f->store, 1, "c", &has, &f->err));
    assert_true(has);
    assert_done(f, store_seen_any(f->store, 1, id, sizeof id, &f->err));
    assert_true(strlen(id) == 1 && id[0] != '?');
    assert_done(f, store_seen_clear(f->store, 1, &f->err));
    assert_done(f, store_seen_any(f->store, 1, id, sizeof id, &f->err));
    assert_string_equal(id, "");
    assert_done(f, store_seen_has(f->store, 1, "c", &has, &f->err));
    assert_false(has);
    assert_done(f, store_seen_count(f->store, 1, &count, &f->err));
    assert_int_equal(count, 0);
    assert_done(f, store_seen_clear(f->store, 2, &f->err));
    assert_sets(f, 1, 2, true);
}

static void test_seen(void **state)
{
    struct fixture *f = *state;
    use_sets(f);
    assert_done(f, store_commit(f->store, &f->err));
    use_sets(f);
    fixture_close(f);
    fixture_open(f, STORE_READ);
    use_sets(f);
}

/* --- counts -------------------------------------------------------------------------------- */

/* r-0 to r-9: closed at 10, 20, ... 100; r-10, r-11 open; r-12 missing. Types alternate, A first.
 */
static void fill(struct fixture *f)
{
    for (int i = 0; i < 13; i++) {
        char id[16];
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
        assert_int_equal(job_put(f, &job, NULL), PUT_INSERTED);
    }
    bool marked = false;
    assert_done(f, store_job_mark_missing_id(f->store, &f->writer, "r-12", &marked, &f->err));
    assert_true(marked);
    assert_done(f, store_job_mark_missing_id(f->store, &f->writer, "r-12", &marked, &f->err));
    assert_false(marked);
    assert_done(f, store_job_mark_missing_id(f->store, &f->writer, "r-none", &marked, &f->err));
    assert_false(marked);
}

static int64_t closed(struct fixture *f, const char *type, int64_t from, int64_t to)
{
    struct store_window window = {f->source.source_id, type, from, to};
    int64_t count = -1;
    assert_done(f, store_job_count_closed(f->store, &window, &count, &f->err));
    return count;
}

static int64_t median(struct fixture *f, const char *type, int64_t from, int64_t to)
{
    struct store_window window = {f->source.source_id, type, from, to};
    bool found = false;
    int64_t time = -1;
    assert_done(f, store_job_median(f->store, &window, &time, &found, &f->err));
    return found ? time : -1;
}

static void test_counts(void **state)
{
    struct fixture *f = *state;
    int64_t count = -1;
    fill(f);
    int64_t id = f->source.source_id;
    assert_done(f, store_job_count(f->store, id, "", &count, &f->err));
    assert_int_equal(count, 12);
    assert_done(f, store_job_count(f->store, id, "A", &count, &f->err));
    assert_int_equal(count, 6);
    assert_done(f, store_job_count(f->store, id + 1, "", &count, &f->err));
    assert_int_equal(count, 0);
    assert_done(f, store_job_count_open(f->store, id, "", &count, &f->err));
    assert_int_equal(count, 2);
    assert_done(f, store_job_count_open(f->store, id, "B", &count, &f->err));
    assert_int_equal(count, 1);
    assert_done(f, store_job_max_updated(f->store, id, "", &count, &f->err));
    assert_int_equal(count, 1012);
    assert_done(f, store_job_max_updated(f->store, id, "B", &count, &f->err));
    assert_int_equal(count, 1011);
    assert_done(f, store_job_max_updated(f->store, id, "C", &count, &f->err));
    assert_int_equal(count, 0);
    assert_done(f, store_job_latest_closed(f->store, id, "", &count, &f->err));
    assert_int_equal(count, 100);
    assert_done(f, store_job_latest_closed(f->store, id, "A", &count, &f->err));
    assert_int_equal(count, 90);
    assert_int_equal(closed(f, "", INT64_MIN, INT64_MAX), 10);
    assert_int_equal(closed(f, "", 20, 40), 3);
    assert_int_equal(closed(f, "A", 20, 40), 1);
    assert_int_equal(closed(f, "", 21, 29), 0);
    assert_int_equal(median(f, "", 1, 1000), 50);
    assert_int_equal(median(f, "", 20, 30), 20);
    assert_int_equal(median(f, "", 20, 20), -1);
    assert_int_equal(median(f, "", 21, 29), -1);
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
    assert_int_equal(median(f, "", 1, 8), 5);  /* most are in the last second */
    assert_int_equal(median(f, "", 6, 8), -1); /* one second alone */
}

/* --- picks --------------------------------------------------------------------------------- */

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

static void assert_picks(struct fixture *f, enum store_pick pick, int64_t since, size_t limit,
                         const char *expected)
{
    struct buffer ids;
    buffer_init(&ids, 4096);
    assert_done(f, store_job_each_unseen(f->store, f->source.source_id, "", pick, since, 5, limit,
                                         append_id, &ids, &f->err));
    assert_string_equal(ids.length > 0 ? ids.data : "", expected);
    buffer_free(&ids);
}

static void test_picks(void **state)
{
    struct fixture *f = *state;
    fill(f);
    assert_picks(f, PICK_OPEN, 0, 100, "r-10 r-11 ");
    assert_picks(f, PICK_OPEN, 0, 1, "r-10 ");
    assert_picks(f, PICK_RECENT_CLOSED, 80, SIZE_MAX, "r-7 r-8 r-9 ");
    assert_picks(f, PICK_REPORT, 0, 100, "r-5 r-7 ");
    assert_picks(f, PICK_REPORT, 70, 100, "r-7 ");
    see(f, 5, "r-11", true);
    see(f, 5, "r-8", true);
    assert_picks(f, PICK_OPEN, 0, 100, "r-10 ");
    assert_picks(f, PICK_RECENT_CLOSED, 80, 100, "r-7 r-9 ");
    int64_t count = 0;
    assert_done(f, store_seen_count_closed(f->store, 5, 1, 1000, &count, &f->err));
    assert_int_equal(count, 1);
    assert_false(store_job_each_unseen(f->store, f->source.source_id, "", PICK_OPEN, 0, 5, 9,
                                       refuse_id, NULL, &f->err));
    assert_string_equal(f->err.message, "not r-10");
    struct buffer types;
    buffer_init(&types, 4096);
    assert_done(f,
                store_job_each_type(f->store, f->source.source_id, 10, append_id, &types, &f->err));
    assert_string_equal(types.data, "A B ");
    buffer_free(&types);
}

static void test_sibling(void **state)
{
    struct fixture *f = *state;
    struct store_source basic;
    bool sibling = true;
    struct record job = job_new("r-1", "COMPLETE", 100, 200);
    assert_int_equal(job_put(f, &job, NULL), PUT_INSERTED);
    assert_done(f, store_source_open(f->store, f->source.account_id, f->source.region_id, "BASIC",
                                     &basic, &f->err));
    assert_done(f, store_job_in_sibling(f->store, &f->source, "r-1", 3, &sibling, &f->err));
    assert_false(sibling);
    assert_done(f, store_job_in_sibling(f->store, &basic, "r-1", 3, &sibling, &f->err));
    assert_true(sibling);
    assert_done(f, store_job_in_sibling(f->store, &basic, "r-2", 3, &sibling, &f->err));
    assert_false(sibling);
}

/* --- missing marks
 * --------------------------------------------------------------------------------- */

static void test_mark_missing(void **state)
{
    struct fixture *f = *state;
    int64_t count = -1;
    fill(f);
    f->writer.run_id = 3;
    f->writer.now = 123;
    struct store_window window = {f->source.source_id, "", 40, 60};
    see(f, 9, "r-4", true);
    assert_done(f,
                store_job_mark_missing_window(f->store, &f->writer, &window, 9, &count, &f->err));
    assert_int_equal(count, 2);
    assert_query(f,
                 "SELECT group_concat(restore_id) FROM (SELECT restore_id FROM restore_job"
                 " WHERE missing_since = 123 AND changed_run_id = 3 ORDER BY restore_id)",
                 "r-3,r-5");
    assert_query(f, "SELECT changed FROM restore_job_change WHERE restore_id = 'r-5'",
                 "{\"missing_since\":[null,123]}");
    assert_query(f,
                 "SELECT old_status || new_status || new_report_task_status"
                 " FROM restore_job_change WHERE restore_id = 'r-5'",
                 "XXRUNNING");
    see(f, 9, "r-10", true);
    assert_done(f, store_job_mark_missing_open(f->store, &f->writer, "", 9, &count, &f->err));
    assert_int_equal(count, 1);
    assert_done(f, store_job_mark_missing(f->store, &f->writer, "B", 9, &count, &f->err));
    assert_int_equal(count, 3);
    assert_done(f, store_job_mark_missing(f->store, &f->writer, "", 9, &count, &f->err));
    assert_int_equal(count, 4);
    assert_done(f, store_job_count(f->store, f->source.source_id, "", &count, &f->err));
    assert_int_equal(count, 2);
    assert_query(f, "SELECT count(*) = count(DISTINCT restore_id) FROM restore_job_change", "1");
    assert_query(f, "SELECT count(*) FROM restore_job_change", "11");
    assert_done(f, store_commit(f->store, &f->err));
    assert_false(store_job_mark_missing(f->store, &f->writer, "", 9, &count, &f->err));
    assert_int_equal(f->err.code, ERROR_INTERNAL);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_row_number), TEST(test_settled_status), TEST(test_insert_and_unchanged),
        TEST(test_update),     TEST(test_parts),          TEST(test_stale),
        TEST(test_return),     TEST(test_odd_values),     TEST(test_seen),
        TEST(test_counts),     TEST(test_median_of_ties), TEST(test_picks),
        TEST(test_sibling),    TEST(test_mark_missing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
