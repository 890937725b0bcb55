/* Sources, watermarks, runs, status. */
#include "store_fixture.h"

static void test_source(void **state)
{
    struct fixture *f = *state;
    struct store_source again;
    struct store_capabilities *known = &f->source.capabilities;
    known->filters = CAPABILITY_YES;
    known->untyped = CAPABILITY_NO;
    known->children = CHILDREN_BY_PARENT;
    known->page_cap = 10000;
    known->checked_at = 5;
    (void)snprintf(known->id_filter, sizeof known->id_filter, "restoreId");
    assert_done(f, store_source_save(f->store, &f->source, &f->err));
    assert_done(f, store_source_open(f->store, "1000000000000001", "cn-hangzhou", "STANDARD",
                                     &again, &f->err));
    assert_memory_equal(&again, &f->source, sizeof again);
    int changes = sqlite3_total_changes(f->store->db);
    assert_done(f, store_source_save(f->store, &f->source, &f->err));
    assert_int_equal(sqlite3_total_changes(f->store->db), changes);
    assert_done(f, store_source_open(f->store, "1000000000000001", "cn-hangzhou", "BASIC", &again,
                                     &f->err));
    assert_true(again.source_id != f->source.source_id);
    assert_int_equal(again.capabilities.filters, CAPABILITY_UNKNOWN);
    assert_int_equal(again.capabilities.children, CHILDREN_UNKNOWN);
    assert_string_equal(again.capabilities.id_filter, "");
    char longer[STORE_NAME_MAX + 1];
    memset(longer, 'x', sizeof longer);
    longer[STORE_NAME_MAX] = '\0';
    assert_false(store_source_open(f->store, longer, "r", "BASIC", &again, &f->err));
    assert_int_equal(f->err.code, ERROR_USAGE);
}

static void test_doubt_of_types(void **state)
{
    (void)state;
    struct store_source source = {0};
    static const enum store_capability before[] = {CAPABILITY_UNKNOWN, CAPABILITY_YES,
                                                   CAPABILITY_NO};
    static const enum store_capability after[] = {CAPABILITY_UNKNOWN, CAPABILITY_UNKNOWN,
                                                  CAPABILITY_NO};
    for (size_t i = 0; i < 3; i++) {
        source.capabilities.filters = CAPABILITY_YES;
        source.capabilities.untyped = before[i];
        store_source_doubt_untyped(&source);
        assert_int_equal(source.capabilities.untyped, after[i]);
        assert_int_equal(source.capabilities.filters, CAPABILITY_YES);
    }
}

static void test_watermark(void **state)
{
    struct fixture *f = *state;
    int64_t id = f->source.source_id;
    struct store_watermark mark = {.known = true};
    assert_done(f, store_watermark_get(f->store, id, "", &mark, &f->err));
    assert_false(mark.known);
    assert_done(f, store_watermark_unproved(f->store, id, "", &f->err));
    assert_done(f, store_watermark_get(f->store, id, "", &mark, &f->err));
    assert_false(mark.known);
    struct store_watermark put = {.known = true,
                                  .proved = true,
                                  .updated_time = INT64_MAX,
                                  .cut_time = 7,
                                  .full_walk_at = 8,
                                  .empty_since = 10,
                                  .run_id = 9};
    assert_done(f, store_watermark_put(f->store, id, "", &put, &f->err));
    assert_done(f, store_watermark_get(f->store, id, "", &mark, &f->err));
    assert_true(mark.known && mark.proved && mark.updated_time == INT64_MAX && mark.cut_time == 7 &&
                mark.full_walk_at == 8 && mark.empty_since == 10 && mark.run_id == 9);
    assert_done(f, store_watermark_get(f->store, id, "NAS", &mark, &f->err));
    assert_false(mark.known);
    int changes = sqlite3_total_changes(f->store->db);
    assert_done(f, store_watermark_put(f->store, id, "", &put, &f->err));
    assert_int_equal(sqlite3_total_changes(f->store->db), changes);
    assert_done(f, store_watermark_unproved(f->store, id, "", &f->err));
    assert_done(f, store_watermark_get(f->store, id, "", &mark, &f->err));
    assert_true(mark.known && !mark.proved && mark.updated_time == INT64_MAX);
    assert_done(f, store_commit(f->store, &f->err));
    assert_false(store_watermark_put(f->store, id, "", &put, &f->err));
    assert_int_equal(f->err.code, ERROR_INTERNAL);
}

static void assert_watermarks(struct fixture *f, const char *expected)
{
    assert_query(f,
                 "SELECT group_concat(source_id || ':' || restore_type || ':' || proved, ' ') FROM"
                 " (SELECT * FROM sync_watermark ORDER BY source_id, restore_type)",
                 expected);
}

static void test_dropped_watermarks(void **state)
{
    struct fixture *f = *state;
    struct store_source basic;
    assert_done(f, store_source_open(f->store, f->source.account_id, f->source.region_id, "BASIC",
                                     &basic, &f->err));
    static const char *const types[] = {"", "NAS", "OSS"};
    for (size_t i = 0; i < 6; i++) {
        struct store_watermark put = {.known = true, .proved = i == 1};
        assert_done(f, store_watermark_put(f->store, i < 3 ? 1 : 2, types[i % 3], &put, &f->err));
    }
    assert_watermarks(f, "1::0 1:NAS:1 1:OSS:0 2::0 2:NAS:0 2:OSS:0");
    assert_done(f, store_watermark_drop_unproved_types(f->store, 1, &f->err));
    assert_watermarks(f, "1::0 1:NAS:1 2::0 2:NAS:0 2:OSS:0");
    assert_done(f, store_watermark_drop(f->store, 2, "NAS", &f->err));
    assert_done(f, store_watermark_drop(f->store, 1, "", &f->err));
    assert_done(f, store_watermark_drop(f->store, 1, "none", &f->err));
    assert_watermarks(f, "1:NAS:1 2::0 2:OSS:0");
    assert_done(f, store_commit(f->store, &f->err));
    assert_false(store_watermark_drop(f->store, 1, "NAS", &f->err));
    assert_int_equal(f->err.code, ERROR_INTERNAL);
}

/* --- runs and status ----------------------------------------------------------------------- */

static struct store_run new_run(struct fixture *f, const char *scope, int64_t started_at)
{
    struct store_run run = {.source_id = f->source.source_id,
                            .mode = RUN_DELTA,
                            .started_at = started_at,
                            .total_count = -1,
                            .local_count = -1};
    (void)snprintf(run.scope, sizeof run.scope, "%s", scope);
    assert_done(f, store_run_next_id(f->store, &run.run_id, &f->err));
    assert_done(f, store_run_begin(f->store, &run, &f->err));
    return run;
}

struct collected {
    size_t count;
    struct store_status status[4];
};

static bool collect(const struct store_status *status, void *context, struct error *err)
{
    (void)err;
    struct collected *all = context;
    assert_true(all->count < 4);
    all->status[all->count++] = *status;
    return true;
}

static bool stop(const struct store_status *status, void *context, struct error *err)
{
    (void)status;
    (void)context;
    return error_set(err, ERROR_INTERRUPTED, "stopped");
}

static void test_runs(void **state)
{
    struct fixture *f = *state;
    struct store_run run = new_run(f, "", 100);
    assert_int_equal(run.run_id, 1);
    assert_query(f,
                 "SELECT outcome || proof || typeof(finished_at) || typeof(total_count) ||"
                 " typeof(error) FROM sync_run",
                 "runningunprovednullnullnull");
    run.outcome = RUN_DONE;
    run.finished_at = 150;
    run.requests = 4;
    run.unknown_fields = 13;
    run.total_count = 0;
    run.local_count = 0;
    run.proved = true;
    run.watermark = 99;
    (void)snprintf(run.proof_detail, sizeof run.proof_detail, "equal counts");
    assert_done(f, store_run_end(f->store, &run, &f->err));
    assert_query(f,
                 "SELECT mode || outcome || requests || unknown_fields || total_count || proof || "
                 "proof_detail"
                 " || watermark FROM sync_run",
                 "deltadone4130provedequal counts99");
    run.run_id = 77;
    assert_false(store_run_end(f->store, &run, &f->err));
    assert_int_equal(f->err.code, ERROR_INTERNAL);
}

static void test_crashed_and_status(void **state)
{
    struct fixture *f = *state;
    struct store_run run = new_run(f, "", 100);
    run.outcome = RUN_DONE;
    run.finished_at = 150;
    run.proved = true;
    run.stale = 3;
    assert_done(f, store_run_end(f->store, &run, &f->err));
    (void)new_run(f, "", 200);
    (void)new_run(f, "RestoreType=NAS", 300);
    (void)new_run(f, "Status IN FAILED", 400);
    int64_t count = 0;
    assert_done(f, store_run_close_crashed(f->store, 500, &count, &f->err));
    assert_int_equal(count, 3);
    assert_done(f, store_run_close_crashed(f->store, 600, &count, &f->err));
    assert_int_equal(count, 0);
    struct record job = job_new("r-1", "RUNNING", 0, 1);
    job_text(&job, "restore_type", "NAS");
    assert_int_equal(job_put(f, &job, NULL), PUT_INSERTED);
    job = job_new("r-2", "COMPLETE", 5, 1);
    struct store_put put;
    assert_int_equal(job_put(f, &job, &put), PUT_INSERTED);
    assert_int_equal(row_mark(f, put.row), 1);
    struct collected all = {0};
    assert_done(f, store_status_each(f->store, collect, &all, &f->err));
    assert_int_equal(all.count, 2);
    const struct store_status *whole = &all.status[0];
    const struct store_status *nas = &all.status[1];
    assert_string_equal(whole->scope, "");
    assert_string_equal(whole->source.region_id, "cn-hangzhou");
    assert_true(whole->jobs == 1 && whole->open_jobs == 1 && whole->missing_jobs == 1);
    assert_true(whole->last_run.run_id == 2 && whole->last_run.outcome == RUN_CRASHED);
    assert_true(whole->last_run.finished_at == 500 && whole->last_run.total_count == -1);
    assert_true(whole->last_run.error[0] != '\0');
    assert_true(whole->last_proved_at == 150 && whole->last_success_at == 150);
    assert_string_equal(nas->scope, "RestoreType=NAS");
    assert_true(nas->jobs == 1 && nas->missing_jobs == 0 && nas->last_proved_at == 0);
    assert_query(
        f,
        "SELECT group_concat(scope || ':' || last_outcome || ':' || proved || ':' || jobs ||"
        " ':' || open_jobs || ':' || missing_jobs || ':' || coalesce(last_proved_utc, '-'), ' ')"
        " FROM (SELECT * FROM v_sync_health ORDER BY scope)",
        ":crashed:0:1:1:1:1970-01-01 00:02:30 RestoreType=NAS:crashed:0:1:1:0:-");
    assert_false(store_status_each(f->store, stop, NULL, &f->err));
    assert_int_equal(f->err.code, ERROR_INTERRUPTED);
    assert_done(f, store_commit(f->store, &f->err));
    fixture_close(f);
    fixture_open(f, STORE_READ);
    memset(&all, 0, sizeof all);
    assert_done(f, store_status_each(f->store, collect, &all, &f->err));
    assert_int_equal(all.count, 2);
}

static int64_t of_sibling(struct fixture *f, const struct store_run *run,
                          const struct store_source *source, const char *type)
{
    int64_t jobs = -2;
    assert_done(f, store_run_of_sibling(f->store, run, source, type, &jobs, &f->err));
    return jobs;
}

/* The jobs of another edition count only when the same run has read them in the same scope. */
static void test_sibling(void **state)
{
    struct fixture *f = *state;
    struct store_source basic;
    struct store_source beijing;
    assert_done(f, store_source_open(f->store, f->source.account_id, f->source.region_id, "BASIC",
                                     &basic, &f->err));
    assert_done(f, store_source_open(f->store, f->source.account_id, "cn-beijing", "BASIC",
                                     &beijing, &f->err));
    for (int i = 0; i < 4; i++) {
        char id[16];
        (void)snprintf(id, sizeof id, "r-%d", i);
        struct record job = job_new(id, "COMPLETE", 100, 200);
        struct store_put put;
        job_text(&job, "restore_type", i == 0 ? "A" : "B");
        assert_int_equal(job_put(f, &job, &put), PUT_INSERTED);
        assert_int_equal(i < 3 ? 0 : row_mark(f, put.row), i < 3 ? 0 : 1);
    }
    struct store_run run = new_run(f, "", 100);
    struct store_run other = run;
    assert_int_equal(of_sibling(f, &run, &basic, ""), -1); /* it is still running */
    run.outcome = RUN_FAILED;
    assert_done(f, store_run_end(f->store, &run, &f->err));
    assert_int_equal(of_sibling(f, &run, &basic, ""), -1);
    run.outcome = RUN_UNPROVED;
    assert_done(f, store_run_end(f->store, &run, &f->err));
    assert_int_equal(of_sibling(f, &run, &basic, ""), 3);
    run.outcome = RUN_DONE;
    assert_done(f, store_run_end(f->store, &run, &f->err));
    assert_int_equal(of_sibling(f, &run, &basic, ""), 3);
    assert_int_equal(of_sibling(f, &run, &basic, "A"), 1);
    assert_int_equal(of_sibling(f, &run, &basic, "C"), 0);
    assert_int_equal(of_sibling(f, &run, &f->source, ""), -1); /* itself */
    assert_int_equal(of_sibling(f, &run, &beijing, ""), -1);
    other.run_id++;
    assert_int_equal(of_sibling(f, &other, &basic, ""), -1);
    other = run;
    (void)snprintf(other.scope, sizeof other.scope, "RestoreType=A");
    assert_int_equal(of_sibling(f, &other, &basic, "A"), -1);
}

/* --- what is proved ------------------------------------------------------------------------ */

static void end_run(struct fixture *f, const char *scope, bool proved, int64_t seen)
{
    struct store_run run = new_run(f, scope, 100);
    run.finished_at = 150 + run.run_id;
    run.outcome = proved ? RUN_DONE : RUN_FAILED;
    run.proved = proved;
    run.seen = seen;
    assert_done(f, store_run_end(f->store, &run, &f->err));
}

static void put_watermark(struct fixture *f, const char *restore_type, bool proved)
{
    struct store_watermark put = {.known = true, .proved = proved, .full_walk_at = 77};
    assert_done(f, store_watermark_put(f->store, f->source.source_id, restore_type, &put, &f->err));
}

static void assert_whole(struct fixture *f, const char *expected)
{
    assert_query(f,
                 "SELECT source_proved || ' ' || coalesce(strftime('%s', source_proved_utc), '-')"
                 " || ' ' || coalesce(source_note, '-') FROM v_sync_health WHERE scope = ''",
                 expected);
    assert_query(f, "SELECT min(proved = source_proved) FROM v_sync_health WHERE scope = ''", "1");
    struct collected all = {0};
    assert_done(f, store_status_each(f->store, collect, &all, &f->err));
    assert_int_equal(all.status[0].proved, expected[0] == '1');
}

static void test_proof_of_the_whole(void **state)
{
    struct fixture *f = *state;
    assert_whole(f, "0 - imported only; never proved complete");
    end_run(f, "Status IN FAILED", true, 5);
    assert_whole(f, "0 - copied by filter only; never proved complete");
    end_run(f, "RestoreType=OSS AND Status IN FAILED", true, 5);
    assert_whole(f, "0 - copied by filter only; never proved complete");
    end_run(f, "RestoreType=OSS", true, 5);
    put_watermark(f, "OSS", true);
    assert_whole(f, "0 - copied by RestoreType only; never proved complete");
    end_run(f, "", false, 5);
    assert_whole(f, "0 - never proved complete");
    end_run(f, "", true, 9); /* run 5, type by type */
    put_watermark(f, "NAS", true);
    assert_whole(f, "1 155 -");
    end_run(f, "", false, 0); /* not even answered */
    assert_whole(f, "1 155 -");
    put_watermark(f, "NAS", false);
    assert_whole(f, "0 155 -");
    put_watermark(f, "NAS", true);
    end_run(f, "", false, 3);
    assert_whole(f, "0 155 -");
    put_watermark(f, "", true);
    assert_whole(f, "1 155 -");
    put_watermark(f, "", false);
    assert_whole(f, "0 155 -");
    assert_query(f, "SELECT full_walk_utc FROM v_sync_health WHERE scope = ''",
                 "1970-01-01 00:01:17");
}

/* Rows hold a kilobyte or two each: whoever counts them must not read them all. */
static void test_jobs_are_counted_in_indexes(void **state)
{
    struct fixture *f = *state;
    sqlite3_stmt *plan = NULL;
    int covered = 0;
    assert_int_equal(sqlite3_prepare_v2(f->store->db,
                                        "EXPLAIN QUERY PLAN SELECT jobs, open_jobs, missing_jobs"
                                        " FROM v_sync_health",
                                        -1, &plan, NULL),
                     SQLITE_OK);
    while (sqlite3_step(plan) == SQLITE_ROW) {
        const char *step = (const char *)sqlite3_column_text(plan, 3);
        bool is_of_jobs = strncmp(step, "SEARCH j ", 9) == 0 || strncmp(step, "SCAN j", 6) == 0;
        bool is_of_few = strstr(step, "restore_job_open") || strstr(step, "restore_job_missing");
        bool is_covered = strstr(step, " USING COVERING INDEX ") != NULL;
        covered += is_of_jobs && is_covered;
        if (is_of_jobs && !is_of_few && !is_covered) {
            fail_msg("%s", step);
        }
    }
    (void)sqlite3_finalize(plan);
    assert_true(covered > 0);
}

static void test_names(void **state)
{
    (void)state;
    assert_string_equal(store_run_mode_name(RUN_FULL), "full");
    assert_string_equal(store_run_mode_name(RUN_IMPORT), "import");
    assert_string_equal(store_run_outcome_name(RUN_RUNNING), "running");
    assert_string_equal(store_run_outcome_name(RUN_CRASHED), "crashed");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_source),
        cmocka_unit_test(test_doubt_of_types),
        TEST(test_watermark),
        TEST(test_dropped_watermarks),
        TEST(test_runs),
        TEST(test_crashed_and_status),
        TEST(test_sibling),
        TEST(test_proof_of_the_whole),
        TEST(test_jobs_are_counted_in_indexes),
        cmocka_unit_test(test_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
