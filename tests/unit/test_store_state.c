/* Sources, watermarks, runs, status. */
#include "store_fixture.h"

static void run_sql(struct fixture *f, const char *sql)
{
    assert_int_equal(sqlite3_exec(f->store->db, sql, NULL, NULL, NULL), SQLITE_OK);
}

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

static void assert_retired(struct fixture *f, const char *expected)
{
    assert_query(f,
                 "SELECT group_concat(account_id || region_id || edition || coalesce(retired_at,"
                 " '-'), ' ') FROM sync_source",
                 expected);
}

static void retire(struct fixture *f, const char *account_id, const char *region_id,
                   const char *edition, int64_t now, int64_t expected)
{
    int64_t count = 0;
    assert_done(
        f, store_source_retire(f->store, account_id, region_id, edition, now, &count, &f->err));
    assert_int_equal(count, expected);
}

static void test_retired(void **state)
{
    struct fixture *f = *state;
    struct store_source source;
    int64_t at = 7;
    run_sql(f, "DELETE FROM sync_source; INSERT INTO sync_source (account_id, region_id, edition)"
               " VALUES ('1', 'a', 'B'), ('1', 'a', 'S'), ('2', 'a', 'S'), ('1', 'b', 'S')");
    retire(f, "", "A", "S", 5, 2);
    assert_retired(f, "1aB- 1aS5 2aS5 1bS-");
    retire(f, "1", "a", "", 6, 2);
    assert_retired(f, "1aB6 1aS5 2aS5 1bS-");
    assert_done(f, store_source_retired_at(f->store, "1", "a", "S", &at, &f->err));
    assert_int_equal(at, 5);
    assert_done(f, store_source_open(f->store, "1", "a", "S", &source, &f->err));
    assert_int_equal(source.retired_at, 5);
    assert_done(f, store_source_retired_at(f->store, "1", "c", "S", &at, &f->err));
    assert_int_equal(at, 0);
    retire(f, "", "a", "", 0, 3);
    retire(f, "", "c", "", 8, 0);
    assert_retired(f, "1aB- 1aS- 2aS- 1bS-");
    assert_done(f, store_commit(f->store, &f->err));
    assert_false(store_source_retire(f->store, "", "a", "", 8, &at, &f->err));
    assert_int_equal(f->err.code, ERROR_INTERNAL);
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
    assert_int_equal(whole->last_run_id, 2);
    assert_string_equal(whole->last_outcome, "crashed");
    assert_true(whole->last_error[0] != '\0');
    assert_query(f, "SELECT DISTINCT finished_at FROM sync_run WHERE outcome = 'crashed'", "500");
    assert_true(whole->last_proved_at == 150 && whole->last_success_at == 150);
    assert_string_equal(nas->scope, "RestoreType=NAS");
    assert_true(nas->jobs == 1 && nas->missing_jobs == 0);
    assert_int_equal(nas->last_proved_at, 150); /* with the whole */
    assert_query(
        f,
        "SELECT group_concat(scope || ':' || last_outcome || ':' || proved || ':' || jobs ||"
        " ':' || open_jobs || ':' || missing_jobs || ':' || coalesce(last_proved_utc, '-'), ' ')"
        " FROM (SELECT * FROM v_sync_health ORDER BY scope)",
        ":crashed:0:1:1:1:1970-01-01 00:02:30"
        " RestoreType=NAS:crashed:0:1:1:0:1970-01-01 00:02:30");
    assert_false(store_status_each(f->store, stop, NULL, &f->err));
    assert_int_equal(f->err.code, ERROR_INTERRUPTED);
    assert_done(f, store_commit(f->store, &f->err));
    fixture_close(f);
    fixture_open(f, STORE_READ);
    memset(&all, 0, sizeof all);
    assert_done(f, store_status_each(f->store, collect, &all, &f->err));
    assert_int_equal(all.count, 2);
}

/* A type is proved with the source, also where it was asked for by name earlier, and by itself
 * later.
 */
static void test_proof_of_a_type(void **state)
{
    static const char sql[] = "SELECT group_concat(strftime('%s', last_proved_utc) || ' ' ||"
                              " strftime('%s', last_success_utc)) FROM v_sync_health"
                              " WHERE scope = 'RestoreType=NAS'";
    struct fixture *f = *state;
    struct store_watermark put = {.known = true, .proved = true};
    static const char *const scopes[] = {"", "RestoreType=NAS", "", "RestoreType=OSS"};
    static const char *const expected[] = {"100 100", "101 101", "102 102", "102 102"};
    assert_done(f, store_watermark_put(f->store, f->source.source_id, "NAS", &put, &f->err));
    for (size_t i = 0; i < 4; i++) {
        struct store_run run = new_run(f, scopes[i], 50);
        run.outcome = RUN_DONE;
        run.proved = true;
        run.finished_at = 100 + (int64_t)i;
        assert_done(f, store_run_end(f->store, &run, &f->err));
        assert_query(f, sql, expected[i]);
    }
}

/* --- old runs ------------------------------------------------------------------------------ */

#define DAYS(count) ((int64_t)(count)*86400)

/* A run of the fixture's source that found nothing, unless its counters are set afterwards. */
static int64_t old_run(struct fixture *f, const char *scope, enum store_run_outcome outcome,
                       int64_t seen)
{
    struct store_run run = new_run(f, scope, DAYS(1));
    run.finished_at = DAYS(1);
    run.outcome = outcome;
    run.proved = outcome == RUN_DONE;
    run.seen = seen;
    assert_done(f, store_run_end(f->store, &run, &f->err));
    return run.run_id;
}

/* What is left is what v_sync_health reads, which says the same before and after. */
static void assert_pruned(struct fixture *f, const char *left)
{
    static const char health[] =
        "SELECT group_concat(scope || last_run_id || last_outcome || proved ||"
        " coalesce(last_proved_utc, '-') || coalesce(last_success_utc, '-') || copied_by) FROM"
        " v_sync_health";
    char before[4096], after[4096];
    assert_true(store_query_text_on(f->store->db, "", health, "", before, sizeof before, &f->err));
    assert_done(f, store_run_prune(f->store, DAYS(91) - 1, &f->err));
    assert_done(f, store_run_prune(f->store, DAYS(92), &f->err));
    assert_true(store_query_text_on(f->store->db, "", health, "", after, sizeof after, &f->err));
    assert_string_equal(before, after);
    assert_query(f, "SELECT group_concat(run_id) FROM (SELECT run_id FROM sync_run ORDER BY 1)",
                 left);
}

static void test_old_runs(void **state)
{
    struct fixture *f = *state;
    (void)old_run(f, "", RUN_DONE, 5);
    (void)old_run(f, "", RUN_FAILED, 0);
    (void)old_run(f, "", RUN_CRASHED, 0);
    (void)old_run(f, "", RUN_DONE, 0); /* 4: the newest proof */
    (void)old_run(f, "", RUN_FAILED, 0);
    (void)old_run(f, "", RUN_UNPROVED, 7); /* 6: the last that read anything */
    (void)old_run(f, "", RUN_FAILED, 0);
    (void)old_run(f, "", RUN_FAILED, 0); /* 8: the last */
    (void)old_run(f, "RestoreType=NAS", RUN_DONE, 0);
    (void)old_run(f, "RestoreType=NAS", RUN_DONE, 0); /* 10 */
    (void)old_run(f, "Status IN FAILED", RUN_DONE, 3);
    (void)old_run(f, "Status IN CANCELED", RUN_DONE, 3); /* 12: the last of the source */
    assert_done(f, store_run_prune(f->store, DAYS(91) + 86399, &f->err));
    assert_query(f, "SELECT count(*) FROM sync_run", "12"); /* a day is not over */
    assert_pruned(f, "4,6,8,10,12");
}

static void test_old_runs_that_found_something(void **state)
{
    struct fixture *f = *state;
    struct record job = job_new("r-1", "COMPLETE", 5, 1);
    assert_int_equal(job_put(f, &job, NULL), PUT_INSERTED);
    for (int i = 0; i < 10; i++) {
        (void)old_run(f, "", RUN_DONE, 0);
    }
    run_sql(f, "UPDATE restore_job SET first_run_id = 1, changed_run_id = 2;"
               "INSERT INTO restore_job_change (restore_id, run_id, observed_at, changed)"
               " VALUES ('r-1', 3, 1, '{}');"
               "INSERT INTO sync_watermark VALUES (1, '', 1, 1, 4, 1, 1, 0);"
               "UPDATE sync_run SET inserted = 1 WHERE run_id = 5;"
               "UPDATE sync_run SET updated = 1 WHERE run_id = 6;"
               "UPDATE sync_run SET missing = 1 WHERE run_id = 7;"
               "UPDATE sync_run SET returned = 1 WHERE run_id = 8;"
               /* The run of another source goes, though the run is referred to: its own row says
                * what became of the job. */
               "INSERT INTO sync_source (source_id, account_id, region_id, edition)"
               " VALUES (2, 'a', 'r', 'BASIC');"
               "CREATE TEMP TABLE more AS SELECT * FROM sync_run WHERE run_id IN (1, 9);"
               "UPDATE more SET source_id = 2; INSERT INTO sync_run SELECT * FROM more;"
               "UPDATE sync_run SET source_id = 2 WHERE run_id = 4;");
    assert_pruned(f, "1,2,3,4,5,6,7,8,9,10");
}

/* A source that fails for ever leaves its last failure. */
static void test_old_failures(void **state)
{
    struct fixture *f = *state;
    for (int i = 0; i < 5; i++) {
        (void)old_run(f, "", RUN_FAILED, 0);
    }
    assert_pruned(f, "5");
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
        TEST(test_retired),
        cmocka_unit_test(test_doubt_of_types),
        TEST(test_watermark),
        TEST(test_dropped_watermarks),
        TEST(test_runs),
        TEST(test_crashed_and_status),
        TEST(test_proof_of_a_type),
        TEST(test_old_runs),
        TEST(test_old_runs_that_found_something),
        TEST(test_old_failures),
        TEST(test_sibling),
        TEST(test_proof_of_the_whole),
        TEST(test_jobs_are_counted_in_indexes),
        cmocka_unit_test(test_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
