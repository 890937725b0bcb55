/* The core against the memory service: scripted worlds, each run judged by the oracle as well. */
#include "store_fixture.h"
#include "sync_oracle.h"

#define PAGE 3
/* Between these answers of a full scan two things happen, after the types were counted. */
#define MOMENTS_FROM 11
#define MOMENTS_MAX 45

struct core {
    struct store *store;
    struct memory_service service;
    struct sync_settings settings;
    struct sync_task_spec spec;
    struct sync_task_result result;
    int64_t run_id;
};

static void open_core(struct core *core)
{
    struct error err;
    if (!store_open("core", STORE_SCRATCH, &hbr_restore_job_model, &core->store, &err)) {
        fail_msg("%s", err.message);
    }
    memory_init(&core->service);
    core->settings = (struct sync_settings){
        .page_size = PAGE, .full_every = 86400, .overlap = 10, .pages_at_once = 2};
    core->spec = (struct sync_task_spec){.account_id = "1000000000000001",
                                         .region_id = "cn-hangzhou",
                                         .edition = "STANDARD",
                                         .restore_type = "",
                                         .scope = ""};
}

static void close_core(struct core *core)
{
    store_close(core->store);
    memory_free(&core->service);
}

static int setup(void **state)
{
    struct core *core = calloc(1, sizeof(*core));
    if (core == NULL) {
        return -1;
    }
    open_core(core);
    *state = core;
    return 0;
}

static int teardown(void **state)
{
    struct core *core = *state;
    close_core(core);
    free(core);
    return 0;
}

/* One run of the task; what it claims has to hold. */
static void run(struct core *core)
{
    struct sync_service seam = memory_bind(&core->service);
    struct sync_progress progress = {0};
    struct oracle_snapshot before, after;
    struct oracle oracle;
    struct error err;
    char message[2048];
    memory_begin_run(&core->service);
    core->service.max_answers = 500;
    core->settings.now = core->service.now;
    core->run_id++;
    assert_true(oracle_open(&oracle, core->store, &err));
    assert_true(oracle_read(&oracle, &core->spec, &before, &err));
    bool went_on = sync_task(core->store, &seam, &core->settings, &progress, core->run_id,
                             &core->spec, &core->result);
    assert_true(oracle_read(&oracle, &core->spec, &after, &err));
    oracle_close(&oracle);
    struct oracle_task task = {.service = &core->service,
                               .spec = &core->spec,
                               .result = &core->result,
                               .run_id = core->run_id,
                               .basic = strcmp(core->spec.edition, "BASIC") == 0,
                               .went_on = went_on,
                               .transaction_open = sqlite3_get_autocommit(core->store->db) == 0,
                               .overlap = core->settings.overlap,
                               .before = &before,
                               .after = &after};
    if (!oracle_judge(&task, message, sizeof(message))) {
        fail_msg("%s", message);
    }
}

static void run_proved(struct core *core, enum store_run_mode mode)
{
    run(core);
    if (core->result.error.code != ERROR_NONE) {
        fail_msg("%s (%s)", core->result.error.message, core->result.sentence);
    }
    assert_true(core->result.run.proved);
    assert_int_equal(core->result.run.mode, mode);
    assert_int_equal(core->result.run.outcome, RUN_DONE);
}

static void run_unproved(struct core *core)
{
    run(core);
    assert_int_equal(core->result.error.code, ERROR_UNPROVED);
    assert_false(core->result.run.proved);
    assert_int_equal(core->result.run.outcome, RUN_UNPROVED);
    assert_true(core->result.sentence[0] != '\0');
}

static void later(struct core *core, int64_t seconds)
{
    core->service.now += seconds;
}

static void assert_stored(const struct core *core, const char *sql, const char *expected)
{
    assert_string_equal(query_on(core->store->db, sql), expected);
}

#define LISTED "SELECT count(*) FROM restore_job WHERE missing_since IS NULL"
#define MISSING "SELECT group_concat(restore_id) FROM restore_job WHERE missing_since IS NOT NULL"
#define WATERMARKS "SELECT count(*) FROM sync_watermark WHERE updated_time > 0"

/* `finished` jobs of long ago, a minute apart, and `open` ones. */
static void add_jobs(struct core *core, int finished, int open)
{
    for (int i = 0; i < finished + open; i++) {
        bool is_open = i >= finished;
        memory_add(&core->service, i, is_open ? MEMORY_OPEN : MEMORY_FINISHED,
                   MEMORY_NOW - 5000 + 60 * i);
    }
}

/* --- friendly services --------------------------------------------------------------------- */

static void test_empty(void **state)
{
    struct core *core = *state;
    run(core);
    assert_int_equal(core->result.error.code, ERROR_NONE);
    assert_int_equal(core->result.run.total_count, 0);
    assert_true(core->service.submitted <= 11); /* the ten types at once */
    assert_stored(core, LISTED, "0");
}

static void test_one_answer(void **state)
{
    struct core *core = *state;
    add_jobs(core, 1, 1);
    run(core);
    assert_int_equal(core->result.error.code, ERROR_NONE);
    assert_stored(core, LISTED, "2");
    assert_int_equal(core->result.run.inserted, 2);
}

static void test_several_pages(void **state)
{
    struct core *core = *state;
    add_jobs(core, 8, 3);
    run_proved(core, RUN_FULL);
    assert_stored(core, LISTED, "11");
    assert_int_equal(core->result.run.total_count, 11);
    assert_stored(core, "SELECT proof FROM sync_run", "proved");
    assert_stored(core, WATERMARKS, "1");
}

/* Whatever the order and the ends of BETWEEN, a quiet world is proved at once. */
static void test_every_order_and_end(void **state)
{
    struct core *core = *state;
    for (int i = 0; i < MEMORY_ORDERS * 4; i++) {
        close_core(core);
        open_core(core);
        core->service.ways.order = (enum memory_order)(i / 4);
        core->service.ways.lower_out = (i & 1) != 0;
        core->service.ways.upper_out = (i & 2) != 0;
        add_jobs(core, 8, 2);
        run_proved(core, RUN_FULL);
        assert_stored(core, LISTED, "10");
    }
}

static void test_a_delta_with_nothing_new_takes_four_requests(void **state)
{
    struct core *core = *state;
    add_jobs(core, 8, 1);
    run_proved(core, RUN_FULL);
    later(core, 600);
    run_proved(core, RUN_DELTA);
    assert_int_equal(core->service.submitted, 4);
    assert_int_equal(core->result.run.inserted + core->result.run.updated, 0);
}

/* What is asked besides the pages and the counts of ten types: T twice, the open jobs and the
 * recent ones twice, the halves, the older, the children. */
static void test_a_full_scan_takes_few_requests(void **state)
{
    struct core *core = *state;
    static const int finished[] = {4, 8, 11};
    for (size_t i = 0; i < 3; i++) {
        close_core(core);
        open_core(core);
        add_jobs(core, finished[i], 1);
        run_proved(core, RUN_FULL);
        assert_true(core->service.submitted <= 10 + (finished[i] + 1 + PAGE) / PAGE + 12);
    }
}

static void test_a_report_under_way_takes_one_request_more(void **state)
{
    struct core *core = *state;
    add_jobs(core, 8, 1);
    core->service.jobs[5].report = true;
    run_proved(core, RUN_FULL);
    later(core, 600);
    assert_true(memory_apply(&core->service, MEMORY_CHANGE, 5, 0)); /* it is ready */
    run_proved(core, RUN_DELTA);
    assert_int_equal(core->service.submitted, 5);
    assert_stored(core, "SELECT report_task_status FROM restore_job_report", "COMPLETE");
    later(core, 600);
    run_proved(core, RUN_DELTA);
    assert_int_equal(core->service.submitted, 4);
}

/* Several gone: the service counts halves until what is left fits a page. */
static void test_several_vanished_jobs_are_found(void **state)
{
    struct core *core = *state;
    add_jobs(core, 11, 1);
    run_proved(core, RUN_FULL);
    later(core, 600);
    for (int job = 1; job < 11; job += 4) {
        assert_true(memory_apply(&core->service, MEMORY_VANISH, job, 0));
    }
    run_proved(core, RUN_DELTA);
    assert_stored(core, MISSING, "r-l,r-d,r-h");
    assert_int_equal(core->result.run.missing, 3);
}

static void test_a_delta_finds_what_is_new(void **state)
{
    struct core *core = *state;
    static const struct memory_step script[] = {{1, MEMORY_FINISH, 8, 0}, {1, MEMORY_CREATE, 9, 0}};
    add_jobs(core, 8, 1);
    run_proved(core, RUN_FULL);
    later(core, 600);
    core->service.script = script;
    core->service.script_count = 2;
    run_proved(core, RUN_DELTA);
    assert_stored(core, LISTED, "10");
    assert_stored(core, "SELECT status FROM restore_job WHERE restore_id = 'r-a'",
                  "PARTIAL_COMPLETE");
}

/* --- what vanishes ------------------------------------------------------------------------- */

static void test_a_vanished_job_is_marked(void **state)
{
    struct core *core = *state;
    add_jobs(core, 8, 1);
    run_proved(core, RUN_FULL);
    later(core, 600);
    assert_true(memory_apply(&core->service, MEMORY_VANISH, 2, 0)); /* r-g */
    run_proved(core, RUN_DELTA);
    assert_stored(core, MISSING, "r-g");
    assert_int_equal(core->result.run.missing, 1);
    later(core, 600);
    assert_true(memory_apply(&core->service, MEMORY_RETURN, 2, 0));
    run(core);
    assert_int_equal(core->result.error.code, ERROR_NONE);
    assert_stored(core, MISSING, "NULL");
}

static void test_an_open_job_vanishes(void **state)
{
    struct core *core = *state;
    add_jobs(core, 6, 2);
    run_proved(core, RUN_FULL);
    later(core, 600);
    assert_true(memory_apply(&core->service, MEMORY_VANISH, 6, 0)); /* r-k */
    run_proved(core, RUN_DELTA);
    assert_stored(core, MISSING, "r-k");
}

static void test_suddenly_empty_is_believed_at_the_second_time(void **state)
{
    struct core *core = *state;
    add_jobs(core, 5, 1);
    run_proved(core, RUN_FULL);
    for (int i = 0; i < 6; i++) {
        assert_true(memory_apply(&core->service, MEMORY_VANISH, i, 0));
    }
    later(core, 600);
    run_unproved(core);
    assert_stored(core, MISSING, "NULL");
    later(core, 600);
    run(core);
    assert_int_equal(core->result.error.code, ERROR_NONE);
    assert_stored(core, LISTED, "0");
}

/* The same when the jobs go while they are read. */
static void test_empty_since_a_moment_ago(void **state)
{
    struct core *core = *state;
    for (int i = 0; i < 2; i++) {
        close_core(core);
        open_core(core);
        add_jobs(core, 5, 1);
        run_proved(core, RUN_FULL);
        struct memory_step script[6];
        for (int job = 0; job < 6; job++) {
            script[job] = (struct memory_step){2, MEMORY_VANISH, job, 0};
        }
        later(core, 600);
        core->service.script = script;
        core->service.script_count = 6;
        core->settings.full = i == 0;
        run_unproved(core);
        assert_stored(core, MISSING, "NULL");
        later(core, 600);
        core->service.script_count = 0;
        run(core);
        assert_int_equal(core->result.error.code, ERROR_NONE);
        assert_stored(core, LISTED, "0");
    }
}

/*
 * One job leaves its window before it is read, being open again or odd, and another vanishes
 * afterwards, so that every count comes out: before each pair of answers of the run.
 */
static void try_to_compensate(struct core *core, enum memory_event event)
{
    for (int64_t first = MOMENTS_FROM; first <= MOMENTS_MAX; first++) {
        for (int64_t second = first; second <= MOMENTS_MAX; second += 2) {
            close_core(core);
            open_core(core);
            add_jobs(core, 4, 1);
            core->settings.page_size = 2;
            struct memory_step script[] = {{first, event, 2, 0}, {second, MEMORY_VANISH, 1, 0}};
            core->service.script = script;
            core->service.script_count = 2;
            run(core);
            assert_true(core->result.error.code == ERROR_NONE ||
                        core->result.error.code == ERROR_UNPROVED);
            core->service.script_count = 0;
            assert_true(core->service.answers < 200);
        }
    }
}

static void test_reopened_and_vanished(void **state)
{
    try_to_compensate(*state, MEMORY_REOPEN);
}

static void test_odd_and_vanished(void **state)
{
    try_to_compensate(*state, MEMORY_TURN_ODD);
}

/* --- services of other ways ---------------------------------------------------------------- */

static void test_an_untyped_listing_is_refused(void **state)
{
    struct core *core = *state;
    add_jobs(core, 6, 2);
    for (unsigned i = 0; i < 8; i++) {
        core->service.jobs[i].type = i % 3;
    }
    core->service.ways.untyped_refused = true;
    run_proved(core, RUN_FULL);
    assert_stored(core, LISTED, "8");
}

static void test_an_untyped_listing_leaves_types_out(void **state)
{
    struct core *core = *state;
    add_jobs(core, 6, 2);
    for (unsigned i = 0; i < 8; i++) {
        core->service.jobs[i].type = i % 3;
    }
    core->service.ways.untyped_lacks = 1U << 2;
    run_proved(core, RUN_FULL);
    assert_stored(core, LISTED, "8");
}

/* The same jobs again are noted, not read. */
static void test_the_edition_is_ignored(void **state)
{
    struct core *core = *state;
    core->service.ways.edition = MEMORY_EDITION_IGNORED;
    add_jobs(core, 8, 1);
    run_proved(core, RUN_FULL);
    core->spec.edition = "BASIC";
    core->run_id--; /* the same run */
    run(core);
    assert_int_equal(core->result.error.code, ERROR_NONE);
    assert_true(core->service.submitted <= 2);
    assert_stored(core, "SELECT count(DISTINCT source_id) FROM restore_job", "1");
    assert_stored(core, LISTED, "9");
}

static void test_the_edition_is_refused_or_forbidden(void **state)
{
    struct core *core = *state;
    add_jobs(core, 8, 1);
    core->spec.edition = "BASIC";
    core->service.ways.edition = MEMORY_EDITION_FORBIDDEN;
    run(core);
    assert_int_equal(core->result.error.code, ERROR_SERVICE);
    core->service.ways.edition = MEMORY_EDITION_REFUSED;
    run(core);
    assert_int_equal(core->result.error.code, ERROR_NONE);
    assert_stored(core, LISTED, "0");
}

static void add_children(struct core *core)
{
    core->service.jobs[1].type = MEMORY_WHOLE_MACHINE;
    for (int i = 5; i < 7; i++) {
        core->service.jobs[i].parent = 1;
        core->service.jobs[i].type = MEMORY_PART;
    }
}

static void test_children_by_their_parents(void **state)
{
    struct core *core = *state;
    add_jobs(core, 8, 1);
    add_children(core);
    core->service.ways.children_apart = true;
    run_proved(core, RUN_FULL);
    assert_stored(core, LISTED, "9");
    later(core, 600);
    run(core);
    assert_int_equal(core->result.error.code, ERROR_NONE);
    assert_stored(core, MISSING, "NULL");
    close_core(core);
    open_core(core);
    add_jobs(core, 8, 1);
    add_children(core);
    core->service.ways.children_apart = core->service.ways.parent_in_only = true;
    run_proved(core, RUN_FULL);
    assert_stored(core, LISTED, "9");
}

static void test_deep_pages_fail(void **state)
{
    struct core *core = *state;
    for (int i = 0; i < 4; i++) {
        close_core(core);
        open_core(core);
        add_jobs(core, 10, 1);
        core->service.ways.page_cap = PAGE;
        core->service.ways.deep = (enum memory_deep)i;
        run_proved(core, RUN_FULL);
        assert_stored(core, LISTED, "11");
    }
}

static void test_a_total_that_ends(void **state)
{
    struct core *core = *state;
    add_jobs(core, 10, 1);
    core->service.ways.total_cap = core->service.ways.page_cap = 6;
    run_unproved(core);
    assert_stored(core, WATERMARKS, "0");
}

/* Without filters only complete scans are left, and they are enough. */
static void test_filters_are_ignored_or_refused(void **state)
{
    struct core *core = *state;
    for (int i = 1; i < 9; i++) {
        close_core(core);
        open_core(core);
        add_jobs(core, 8, 2);
        core->service.ways.status = (enum memory_filter)(i % 3);
        core->service.ways.complete_time = (enum memory_filter)(i / 3);
        run_proved(core, RUN_FULL);
        assert_stored(core, LISTED, "10");
        later(core, 600);
        assert_true(memory_apply(&core->service, MEMORY_VANISH, 3, 0)); /* r-b */
        run(core);
        assert_int_equal(core->result.error.code, ERROR_NONE);
        assert_stored(core, MISSING, "r-b");
    }
}

/* --- narrowed, failed ---------------------------------------------------------------------- */

static void test_filters_of_the_user_mark_nothing(void **state)
{
    struct core *core = *state;
    const char *vault = "v-1";
    const struct hbr_filter filter = {"VaultId", "IN", &vault, 1};
    add_jobs(core, 8, 1);
    core->service.jobs[0].vault = core->service.jobs[1].vault = 1;
    core->spec.filters = &filter;
    core->spec.filter_count = 1;
    core->spec.scope = "VaultId IN v-1";
    run_proved(core, RUN_FULL);
    assert_stored(core, LISTED, "7");
    assert_stored(core, WATERMARKS, "0");
    assert_true(memory_apply(&core->service, MEMORY_VANISH, 4, 0));
    later(core, 600);
    run_proved(core, RUN_FULL);
    assert_stored(core, MISSING, "NULL");
}

static void test_a_failure_claims_nothing(void **state)
{
    struct core *core = *state;
    int64_t answers = 1;
    for (int64_t n = 1; n <= answers; n++) {
        close_core(core);
        open_core(core);
        add_jobs(core, 8, 1);
        struct memory_step script[] = {{n, n % 2 == 0 ? MEMORY_FAIL : MEMORY_STOP, 0, 0}};
        core->service.script = script;
        core->service.script_count = 1;
        run(core);
        answers = core->service.answers > answers ? core->service.answers : answers;
        assert_true(answers < 60);
        if (n % 2 != 0 && core->service.stop) {
            assert_int_equal(core->result.error.code, ERROR_INTERRUPTED);
            assert_stored(core, WATERMARKS, "0");
        }
        core->service.script_count = 0;
        later(core, 600);
        run_proved(core, RUN_FULL);
        assert_stored(core, LISTED, "9");
        answers = core->service.answers > answers ? core->service.answers : answers;
    }
}

static void test_no_more_requests_than_allowed(void **state)
{
    struct core *core = *state;
    add_jobs(core, 8, 1);
    core->service.submit_max = 4;
    run(core);
    assert_int_equal(core->result.error.code, ERROR_UNPROVED);
    assert_true(core->service.submitted <= 4);
}

/* --- worlds that the adversary found ------------------------------------------------------- */

/* Requests end at any moment, also when the listing is proved and the children are not. */
static void test_requests_end_during_a_delta(void **state)
{
    struct core *core = *state;
    core->result.run.proved = false;
    for (int64_t n = 1; !core->result.run.proved; n++) {
        assert_true(n < 20);
        close_core(core);
        open_core(core);
        add_jobs(core, 8, 1);
        add_children(core);
        core->service.ways.children_apart = true;
        run_proved(core, RUN_FULL);
        later(core, 600);
        assert_true(memory_apply(&core->service, MEMORY_REOPEN, 1, 0)); /* the parent */
        core->service.submit_max = n;
        run(core);
        assert_stored(core, "SELECT proof = 'proved' FROM sync_run ORDER BY run_id DESC",
                      core->result.run.proved ? "1" : "0");
    }
}

/* Types after that of the children hold none: the source's are apart all the same. */
static void test_children_of_one_type_stay_apart(void **state)
{
    struct core *core = *state;
    add_jobs(core, 8, 1);
    add_children(core);
    core->service.ways.children_apart = core->service.ways.untyped_refused = true;
    for (int i = 0; i < 3; i++) {
        run_proved(core, i == 0 ? RUN_FULL : RUN_DELTA);
        assert_stored(core, LISTED, "9");
        assert_stored(core, MISSING, "NULL");
        later(core, 600);
    }
}

/* One refusal of the question for children does not make them part of the listing. */
static void test_children_stay_apart_after_a_refusal(void **state)
{
    struct core *core = *state;
    add_jobs(core, 8, 1);
    add_children(core);
    core->service.jobs[1].type = 0; /* no whole machine to ask by */
    core->service.ways.children_apart = true;
    run_proved(core, RUN_FULL);
    later(core, 600);
    int64_t answers = 1;
    for (int64_t n = 1; n <= answers; n++) {
        struct memory_step script[] = {{n, MEMORY_REFUSE, 0, 0}};
        core->service.script = script;
        core->service.script_count = 1;
        core->settings.full = true;
        run(core);
        answers = core->service.answers > answers ? core->service.answers : answers;
        assert_true(answers < 80);
        core->service.script_count = 0;
        core->settings.full = false;
        later(core, 600);
        run(core);
        assert_int_equal(core->result.error.code, ERROR_NONE);
        assert_stored(core, MISSING, "NULL");
        later(core, 600);
    }
}

/* Its first page, and then again: what is stored of it stands for its count. */
static void test_a_type_is_refused_twice(void **state)
{
    struct core *core = *state;
    struct memory_step script[] = {{2, MEMORY_REFUSE, 0, 0}, {12, MEMORY_REFUSE, 0, 0}};
    add_jobs(core, 8, 1);
    run_proved(core, RUN_FULL);
    core->service.script = script;
    core->service.script_count = 2;
    core->settings.full = true;
    run_proved(core, RUN_FULL);
    assert_int_equal(core->service.refusals, 2);
    assert_stored(
        core, "SELECT json_extract(proof_detail, '$[0].types') FROM sync_run ORDER BY run_id DESC",
        "9");
    assert_stored(core, MISSING, "NULL");
}

/* A type all of whose stored jobs are children: its own listing is empty, which is no news. */
static void test_a_type_of_children_alone(void **state)
{
    struct core *core = *state;
    add_jobs(core, 8, 1);
    add_children(core);
    core->service.ways.children_apart = core->service.ways.untyped_refused = true;
    core->settings.full = true;
    for (int i = 0; i < 3; i++) {
        run_proved(core, RUN_FULL);
        assert_stored(core, LISTED, "9");
        later(core, 600);
    }
}

/* ParentId is ignored, and the first row happens to be a child. */
static void test_parent_id_is_ignored_and_a_child_comes_first(void **state)
{
    struct core *core = *state;
    add_jobs(core, 8, 1);
    core->service.jobs[0].parent = 1;
    core->service.jobs[0].type = MEMORY_PART;
    core->service.jobs[1].type = MEMORY_WHOLE_MACHINE;
    core->service.ways.parent_id = MEMORY_IGNORED;
    core->settings.page_size = 1;
    run_proved(core, RUN_FULL);
    assert_stored(core, LISTED, "9");
}

/* The listing without RestoreType is empty in every run, and each has to be proved. */
static void test_an_untyped_listing_is_always_empty(void **state)
{
    struct core *core = *state;
    add_jobs(core, 6, 2);
    core->service.ways.untyped_lacks = 15;
    core->service.ways.status = core->service.ways.complete_time = MEMORY_IGNORED;
    for (int i = 0; i < 4; i++) {
        run_proved(core, RUN_FULL);
        assert_stored(core, LISTED, "8");
        later(core, 600);
    }
}

/* One job vanishes, so that the types are asked again; one of a type that is left out of the
 * listing is created at any moment of that. The next run must not find it gone. */
static void test_a_type_appears_while_types_are_asked(void **state)
{
    struct core *core = *state;
    int64_t answers = 13;
    for (int64_t n = 13; n <= answers; n++) {
        close_core(core);
        open_core(core);
        add_jobs(core, 6, 2);
        core->service.jobs[9].type = 1;
        core->service.ways.untyped_lacks = 1U << 1;
        struct memory_step script[] = {{12, MEMORY_VANISH, 0, 0},
                                       {n, MEMORY_CREATE_FINISHED, 9, 0}};
        core->service.script = script;
        core->service.script_count = 2;
        run(core);
        answers = core->service.answers > answers ? core->service.answers : answers;
        assert_true(answers < 100);
        core->service.script_count = 0;
        later(core, 600);
        run(core);
        assert_int_equal(core->result.error.code, ERROR_NONE);
    }
}

/* The listing leaves a type out from now on, and the run is cut short: the proof of the listing
 * must not outlive what its types change, or the next delta marks jobs of the type. */
static void test_types_are_cut_short(void **state)
{
    struct core *core = *state;
    core->service.stop = true;
    for (int64_t n = 1; core->service.stop; n++) {
        assert_true(n < 100);
        close_core(core);
        open_core(core);
        add_jobs(core, 8, 1);
        core->service.jobs[3].type = core->service.jobs[4].type = 1;
        run_proved(core, RUN_FULL);
        later(core, 600);
        core->service.ways.untyped_lacks = 1U << 1;
        assert_true(memory_apply(&core->service, MEMORY_VANISH, 5, 0));
        struct memory_step script[] = {{n, MEMORY_STOP, 0, 0}};
        core->service.script = script;
        core->service.script_count = 1;
        core->settings.full = true;
        run(core);
        assert_stored(core,
                      "SELECT count(*) FROM sync_watermark WHERE restore_type = '' AND proved"
                      " AND EXISTS (SELECT 1 FROM restore_job WHERE missing_since IS NOT NULL)",
                      "0");
    }
}

/* TotalCount ends where the jobs are one more than it says, and one vanishes at any moment: each
 * answer carries the same TotalCount, and yet the pages lose a job. */
static void test_a_total_ends_and_a_job_vanishes(void **state)
{
    struct core *core = *state;
    for (int64_t n = 1; n < MOMENTS_MAX; n++) {
        close_core(core);
        open_core(core);
        core->settings.page_size = 1;
        core->service.ways.order = MEMORY_COMPLETE_DESC;
        core->service.ways.total_cap = 3;
        add_jobs(core, 4, 0);
        struct memory_step script[] = {{n, MEMORY_VANISH, 3, 0}};
        core->service.script = script;
        core->service.script_count = 1;
        run(core);
    }
}

/* A full scan fails at any moment; also while it asks where the children are. The delta after it
 * must not find gone what only their parent lists. */
static void test_children_stay_apart_after_a_failure(void **state)
{
    struct core *core = *state;
    bool failed = true;
    for (int64_t n = 1; failed; n++) {
        assert_true(n < 100);
        close_core(core);
        open_core(core);
        add_jobs(core, 6, 2);
        core->service.jobs[0].type = MEMORY_WHOLE_MACHINE;
        core->service.jobs[7].type = MEMORY_PART;
        core->service.jobs[7].parent = 0;
        core->service.ways.children_apart = true;
        run_proved(core, RUN_FULL);
        later(core, 600);
        struct memory_step script[] = {{n, MEMORY_FAIL, 0, 0}};
        core->service.script = script;
        core->service.script_count = 1;
        core->settings.full = true;
        run(core);
        failed = core->result.error.code != ERROR_NONE;
        core->service.script_count = 0;
        core->settings.full = false;
        later(core, 600);
        run_proved(core, RUN_DELTA);
        assert_stored(core, LISTED, "8");
    }
}

/* Children that only their parents list are more than pages reach: that is said, and no job is
 * marked. */
static void test_children_are_too_deep(void **state)
{
    struct core *core = *state;
    core->settings.page_size = 1;
    core->service.ways.page_cap = 3;
    core->service.ways.children_apart = core->service.ways.parent_in_only = true;
    add_jobs(core, 8, 0);
    core->service.jobs[0].type = MEMORY_WHOLE_MACHINE;
    for (int i = 4; i < 8; i++) {
        core->service.jobs[i].type = MEMORY_PART;
        core->service.jobs[i].parent = 0;
    }
    for (int i = 0; i < 2; i++) {
        run_unproved(core);
        assert_non_null(strstr(core->result.sentence, "children: deep pages fail"));
        assert_stored(core, "SELECT count(*) FROM restore_job WHERE missing_since IS NOT NULL",
                      "0");
        later(core, 600);
    }
}

/* --- a service that lies ------------------------------------------------------------------- */

/* Every listing is a page of jobs. `invents`: ids that no answer had before, and a TotalCount in
 * the first answer alone. Else one job again and again, which finished when it was asked for, and a
 * TotalCount that no half of a range makes less, until a second is left. */
struct liar {
    bool invents;
    int64_t rows; /* of an answer; at least 99 where a listing is asked for */
    int64_t asked, answered, invented;
    struct {
        void *tag;
        int64_t finished; /* 0: not asked by it */
        bool one;         /* a second and those beside it */
        bool empty;       /* a type, or a filter that is not BETWEEN */
    } waiting[8];
    char ids[200][24];
};

static bool liar_submit(void *context, const struct hbr_query *query, void *tag, struct error *err)
{
    struct liar *liar = context;
    size_t at = (size_t)liar->asked % 8;
    (void)err;
    liar->asked++;
    bool between = query->filter_count > 0 && strcmp(query->filters[0].op, "BETWEEN") == 0;
    long long from = between ? strtoll(query->filters[0].values[0], NULL, 10) : 0;
    long long to = between ? strtoll(query->filters[0].values[1], NULL, 10) : 0;
    liar->waiting[at].tag = tag;
    liar->waiting[at].finished = to;
    liar->waiting[at].one = between && to - from <= 2;
    liar->waiting[at].empty =
        query->restore_type[0] != '\0' || (query->filter_count > 0 && !between);
    return true;
}

static bool liar_wait(void *context, struct sync_answer *ret_answer, struct error *err)
{
    struct liar *liar = context;
    size_t at = (size_t)liar->answered % 8;
    const struct record_part *part = &hbr_restore_job_model.parts[HBR_JOB];
    int id = record_field_by_column(part, "restore_id");
    bool listing = liar->waiting[at].finished == 0;
    size_t rows =
        liar->waiting[at].empty ? 0 : (size_t)(listing && liar->rows < 99 ? 99 : liar->rows);
    bool first = liar->answered++ == 0;
    (void)err;
    memset(ret_answer, 0, sizeof(*ret_answer));
    ret_answer->tag = liar->waiting[at].tag;
    struct hbr_page *page = &ret_answer->page;
    buffer_init(&page->extra, 1);
    page->jobs = calloc(rows + 1, sizeof(*page->jobs));
    assert_non_null(page->jobs);
    page->rows = page->job_count = rows;
    page->date = MEMORY_NOW;
    page->total_count = liar->waiting[at].empty ? 0
                        : liar->invents         ? (first ? 3 : -1)
                        : liar->waiting[at].one ? 1
                                                : 300;
    for (size_t i = 0; i < rows; i++) {
        struct value *values = page->jobs[i].values[HBR_JOB];
        int length = snprintf(liar->ids[i], sizeof(liar->ids[i]), "r-%lld",
                              liar->invents ? (long long)liar->invented++ : (long long)i);
        values[id] =
            (struct value){.kind = VALUE_TEXT, .text = liar->ids[i], .length = (uint32_t)length};
        values[HBR_COMPLETE_TIME] = (struct value){
            .kind = VALUE_INTEGER,
            .integer = liar->waiting[at].finished > 0 ? liar->waiting[at].finished : 1000};
        page->jobs[i].present[HBR_JOB] = true;
    }
    return true;
}

static void liar_cancel(void *context)
{
    struct liar *liar = context;
    liar->answered = liar->asked;
}

static struct sync_usage liar_usage(const void *context)
{
    const struct liar *liar = context;
    return (struct sync_usage){.requests = liar->asked};
}

static void run_liar(struct core *core, struct liar *liar)
{
    const struct sync_service seam = {liar, liar_submit, liar_wait, liar_cancel, liar_usage};
    const struct sync_progress progress = {0};
    core->settings.now = MEMORY_NOW;
    core->settings.page_size = 99;
    assert_true(sync_task(core->store, &seam, &core->settings, &progress, ++core->run_id,
                          &core->spec, &core->result));
    assert_int_equal(core->result.error.code, ERROR_UNPROVED);
    assert_int_equal(core->result.run.outcome, RUN_UNPROVED);
    assert_stored(core, "SELECT count(*) FROM sync_watermark WHERE proved = 1", "0");
}

/* 100 times the first TotalCount, which is taken for 100 at least; what was read is stored. */
static void test_jobs_without_end(void **state)
{
    struct core *core = *state;
    struct liar liar = {.invents = true, .rows = 99};
    run_liar(core, &liar);
    assert_non_null(strstr(core->result.error.message, "the service lists more than 10100 new jobs,"
                                                       " although its first TotalCount was 3"));
    assert_in_range(core->result.run.inserted, 10101, 10500);
    assert_in_range(liar.asked, 100, 130);
}

/* 50 readings of all that there is room for, which is 100 times the first TotalCount. */
static void test_requests_without_end(void **state)
{
    struct core *core = *state;
    struct liar liar = {.rows = 1};
    run_liar(core, &liar);
    assert_non_null(strstr(core->result.error.message,
                           "17300 requests did not read a listing whose first TotalCount was 300"));
    assert_int_equal(liar.asked, 17301);
}

/* Not even two listings that agree are a proof then, nor are further pages read. */
static void test_more_rows_than_a_page_may_hold(void **state)
{
    struct core *core = *state;
    struct liar liar = {.rows = 200};
    run_liar(core, &liar);
    assert_non_null(strstr(core->result.error.message, "the service ignores what was asked for"));
    assert_int_equal(core->result.run.inserted, 200);
    assert_in_range(liar.asked, 1, 30);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_empty),
        TEST(test_one_answer),
        TEST(test_several_pages),
        TEST(test_every_order_and_end),
        TEST(test_a_delta_with_nothing_new_takes_four_requests),
        TEST(test_a_delta_finds_what_is_new),
        TEST(test_a_full_scan_takes_few_requests),
        TEST(test_a_report_under_way_takes_one_request_more),
        TEST(test_several_vanished_jobs_are_found),
        TEST(test_a_vanished_job_is_marked),
        TEST(test_an_open_job_vanishes),
        TEST(test_suddenly_empty_is_believed_at_the_second_time),
        TEST(test_empty_since_a_moment_ago),
        TEST(test_reopened_and_vanished),
        TEST(test_odd_and_vanished),
        TEST(test_an_untyped_listing_is_refused),
        TEST(test_an_untyped_listing_leaves_types_out),
        TEST(test_the_edition_is_ignored),
        TEST(test_the_edition_is_refused_or_forbidden),
        TEST(test_children_by_their_parents),
        TEST(test_deep_pages_fail),
        TEST(test_a_total_that_ends),
        TEST(test_filters_are_ignored_or_refused),
        TEST(test_filters_of_the_user_mark_nothing),
        TEST(test_a_failure_claims_nothing),
        TEST(test_no_more_requests_than_allowed),
        TEST(test_requests_end_during_a_delta),
        TEST(test_children_of_one_type_stay_apart),
        TEST(test_children_stay_apart_after_a_refusal),
        TEST(test_a_type_is_refused_twice),
        TEST(test_a_type_of_children_alone),
        TEST(test_parent_id_is_ignored_and_a_child_comes_first),
        TEST(test_an_untyped_listing_is_always_empty),
        TEST(test_a_type_appears_while_types_are_asked),
        TEST(test_types_are_cut_short),
        TEST(test_a_total_ends_and_a_job_vanishes),
        TEST(test_children_stay_apart_after_a_failure),
        TEST(test_children_are_too_deep),
        TEST(test_jobs_without_end),
        TEST(test_requests_without_end),
        TEST(test_more_rows_than_a_page_may_hold),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
