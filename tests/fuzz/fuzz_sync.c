/*
 * An adversary that plays the service: the input chooses a small world, how the service behaves,
 * what happens between two answers, and the runs. What each run claims is compared with the truth.
 * HBRSYNC_FUZZ_TRACE in the environment prints every answer and event.
 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>

#include "fuzz.h"
#include "hbr/restore_job.h"
#include "memory_service.h"
#include "store/internal.h"
#include "sync/sync.h"
#include "sync_oracle.h"

#define EVENTS_MAX 48    /* of a world */
#define ANSWERS_MAX 4000 /* of a task: more is a loop */
#define TABLES_MAX 16

/* A database that serves one world after another. */
struct arena {
    struct store *store;
    struct oracle oracle;
    sqlite3_stmt *deletes[TABLES_MAX];
    int table_count;
};

struct game {
    const uint8_t *data;
    size_t size, at;
    struct arena *arena;
    struct memory_service service;
    struct sync_settings settings;
    unsigned density; /* of events: of 256 answers */
    unsigned slots;   /* jobs that the world may hold */
    int64_t overlap;
    bool both_editions, returns, at_rest;
    bool mostly_finished; /* jobs, when the world begins */
    int64_t clock_offset; /* of this machine's clock */
    int kill_at;          /* commits until the next task is killed, -1: it is not */
    int commits_left;     /* ... as counted down */
    bool dead;            /* no commit succeeds any more */
    int events, runs;
    FILE *trace;
};

/* --- the input ----------------------------------------------------------------------------- */

/* -1 at the end. */
static int next_byte(struct game *game)
{
    return game->at < game->size ? game->data[game->at++] : -1;
}

/* 0 to `bound` - 1; 0 at the end. */
static unsigned draw(struct game *game, unsigned bound)
{
    int byte = next_byte(game);
    return byte < 0 ? 0 : (unsigned)byte % bound;
}

/* True once in `times`. */
static bool rarely(struct game *game, unsigned times)
{
    return draw(game, times) == times - 1;
}

/* --- the database, one for every world ----------------------------------------------------- */

static int on_commit(void *context)
{
    struct game *game = context;
    if (game->commits_left == 0) {
        game->dead = true;
    } else if (game->commits_left > 0) {
        game->commits_left--;
    }
    return game->dead; /* turns it into a rollback: the process died before it */
}

static void prepare_deletes(struct arena *arena)
{
    sqlite3_stmt *names = NULL;
    FUZZ_REQUIRE(sqlite3_prepare_v2(arena->store->db,
                                    "SELECT 'DELETE FROM ' || name FROM sqlite_master WHERE"
                                    " type = 'table' AND name NOT LIKE 'sqlite_%'"
                                    " AND name <> 'sync_database'",
                                    -1, &names, NULL) == SQLITE_OK);
    while (sqlite3_step(names) == SQLITE_ROW) {
        const char *sql = (const char *)sqlite3_column_text(names, 0);
        FUZZ_REQUIRE(arena->table_count < TABLES_MAX);
        FUZZ_REQUIRE(sqlite3_prepare_v2(arena->store->db, sql, -1,
                                        &arena->deletes[arena->table_count++], NULL) == SQLITE_OK);
    }
    (void)sqlite3_finalize(names);
}

static void open_arena(struct arena *arena)
{
    struct error err;
    memset(arena, 0, sizeof(*arena));
    if (!store_open("fuzz", STORE_SCRATCH, &hbr_restore_job_model, &arena->store, &err) ||
        !oracle_open(&arena->oracle, arena->store, &err)) {
        (void)fprintf(stderr, "%s\n", err.message);
        abort();
    }
    FUZZ_REQUIRE(sqlite3_exec(arena->store->db, "PRAGMA journal_mode = MEMORY", NULL, NULL, NULL) ==
                 SQLITE_OK);
    prepare_deletes(arena);
}

/* Deletes every row; cheaper than another database. */
static void empty_arena(struct arena *arena)
{
    sqlite3 *db = arena->store->db;
    FUZZ_REQUIRE(sqlite3_exec(db, "BEGIN; PRAGMA defer_foreign_keys = ON", NULL, NULL, NULL) ==
                 SQLITE_OK);
    for (int i = 0; i < arena->table_count; i++) {
        FUZZ_REQUIRE(sqlite3_step(arena->deletes[i]) == SQLITE_DONE);
        (void)sqlite3_reset(arena->deletes[i]);
    }
    FUZZ_REQUIRE(sqlite3_exec(db, "COMMIT", NULL, NULL, NULL) == SQLITE_OK);
}

/* --- the world and the service ------------------------------------------------------------- */

static void choose_filters(struct game *game, struct memory_ways *ways)
{
    static const enum memory_filter often[] = {MEMORY_HONOURED, MEMORY_HONOURED, MEMORY_IGNORED,
                                               MEMORY_REFUSED};
    bool friendly = !rarely(game, 4);
    if (!friendly) {
        ways->status = often[draw(game, 4)];
        ways->complete_time = often[draw(game, 4)];
        ways->parent_id = often[draw(game, 4)];
        ways->id_key = (enum memory_ids)draw(game, 3);
    }
    ways->else_ids = (enum memory_filter)draw(game, 3);
    ways->parent_in_only = rarely(game, 4);
    ways->children_apart = rarely(game, 4);
}

static void choose_ways(struct game *game, struct memory_ways *ways)
{
    unsigned ends = draw(game, 4);
    ways->order = (enum memory_order)draw(game, MEMORY_ORDERS);
    ways->lower_out = (ends & 1U) != 0;
    ways->upper_out = (ends & 2U) != 0;
    choose_filters(game, ways);
    if (rarely(game, 6)) {
        ways->page_cap = 3 + draw(game, 6);
        ways->deep = (enum memory_deep)draw(game, 4);
    }
    if (rarely(game, 4)) {
        ways->total_cap = 2 + draw(game, 6);
        ways->status = ways->complete_time = MEMORY_HONOURED;
    }
    if (rarely(game, 3)) {
        ways->untyped_refused = draw(game, 2) == 0;
        ways->untyped_lacks = draw(game, 16);
    }
    if (rarely(game, 4)) {
        ways->edition = (enum memory_edition)draw(game, 4);
    }
    ways->undated = rarely(game, 16);
    ways->open_is_zero = draw(game, 2) == 0;
    ways->date_offset =
        rarely(game, 3) ? (int64_t)draw(game, 3) * game->overlap - game->overlap : 0;
}

/* When a job finished before the world began: mostly near the edge that a run will choose. */
static int64_t choose_complete(struct game *game)
{
    static const int64_t ago[] = {1, 2, 30, 59, 200, 201, 500, 5000};
    unsigned byte = draw(game, 256);
    return MEMORY_NOW - (byte < 128 ? game->overlap + 56 + byte % 16 : ago[byte % 8]);
}

static void choose_job(struct game *game, int index, bool several_types)
{
    struct memory_job *job = &game->service.jobs[index];
    unsigned how = draw(game, 8), kind = draw(game, 256);
    job->type = several_types ? kind & 3U : 0;
    job->vault = kind >> 2 & 1U;
    job->report = (kind >> 3 & 3U) == 3;
    job->basic = game->both_editions && (kind >> 5 & 1U) != 0;
    if ((kind >> 6 & 3U) == 3 && index > 0) {
        int parent = index / 2;
        bool fits = game->service.jobs[parent].parent < 0 &&
                    game->service.jobs[parent].basic == job->basic && parent != index;
        job->parent = fits ? parent : -1;
        if (fits) {
            game->service.jobs[parent].type = MEMORY_WHOLE_MACHINE;
            job->type = MEMORY_PART;
        }
    }
    if (how < (game->mostly_finished ? 7U : 3U)) {
        (void)memory_add(&game->service, index, MEMORY_FINISHED, choose_complete(game));
    } else if (how < 5) {
        (void)memory_add(&game->service, index, MEMORY_OPEN, 0);
    } else if (how == 5 && rarely(game, 2)) {
        (void)memory_add(&game->service, index, MEMORY_ODD, 0);
    }
}

static void choose_world(struct game *game)
{
    static const int64_t overlaps[] = {0, 1, 10, 60};
    static const unsigned densities[] = {4, 12, 30, 70};
    memory_init(&game->service);
    game->service.trace = game->trace;
    game->overlap = overlaps[draw(game, 4)];
    game->density = densities[draw(game, 4)];
    game->returns = rarely(game, 4);
    game->both_editions = rarely(game, 4);
    game->mostly_finished = rarely(game, 4);
    game->clock_offset = rarely(game, 4) ? (int64_t)draw(game, 256) * 10 - 1280 : 0;
    choose_ways(game, &game->service.ways);
    game->settings = (struct sync_settings){.page_size = 1 + draw(game, 3),
                                            .pages_at_once = 1 + draw(game, 4),
                                            .full_every = rarely(game, 4) ? 1000 : 86400,
                                            .overlap = game->overlap};
    bool several_types = draw(game, 2) == 0;
    unsigned width = draw(game, 8);
    game->slots = width < 6 ? 3 + width : MEMORY_JOBS_MAX;
    for (unsigned i = 0; i < game->slots; i++) {
        choose_job(game, (int)i, several_types);
    }
}

/* --- what happens -------------------------------------------------------------------------- */

static void one_event(struct game *game)
{
    static const enum memory_event events[] = {
        MEMORY_TICK,     MEMORY_CREATE, MEMORY_CREATE,  MEMORY_CREATE_FINISHED,
        MEMORY_FINISH,   MEMORY_FINISH, MEMORY_FINISH,  MEMORY_REOPEN,
        MEMORY_TURN_ODD, MEMORY_VANISH, MEMORY_VANISH,  MEMORY_VANISH,
        MEMORY_RETURN,   MEMORY_CHANGE, MEMORY_SHUFFLE, MEMORY_FAIL,
        MEMORY_TICK,     MEMORY_REFUSE, MEMORY_STOP,    MEMORY_CREATE_FINISHED,
    };
    static const int64_t ticks[] = {1, 1, 5, 61, 600, 4000};
    enum memory_event event = events[draw(game, sizeof(events) / sizeof(events[0]))];
    int job = (int)draw(game, game->slots);
    int64_t value = 0;
    bool fault = event == MEMORY_FAIL || event == MEMORY_REFUSE || event == MEMORY_STOP;
    if ((event == MEMORY_RETURN && !game->returns) || (fault && !rarely(game, 2))) {
        return;
    }
    if (event == MEMORY_TICK) {
        value = ticks[draw(game, 6)];
    } else if (event == MEMORY_FINISH || event == MEMORY_CREATE_FINISHED) {
        value = rarely(game, 3) ? draw(game, 8) : 0;
    } else if (event == MEMORY_SHUFFLE) {
        value = 1 + draw(game, 255);
    } else if (event == MEMORY_STOP) {
        game->dead = draw(game, 2) == 0; /* a kill, or an orderly stop */
    }
    for (unsigned i = 0; i < game->slots; i++) { /* the next job to which it can happen */
        if (memory_apply(&game->service, event, (int)(((unsigned)job + i) % game->slots), value)) {
            game->events++;
            return;
        }
    }
}

static void before_answer(struct memory_service *service, void *context)
{
    struct game *game = context;
    (void)service;
    for (int i = 0; i < 6 && !game->at_rest && game->events < EVENTS_MAX; i++) {
        int byte = next_byte(game);
        unsigned limit = i == 0 || game->density == 0 ? game->density : 96; /* rarely alone */
        if (byte < 0 || (unsigned)byte >= limit) {
            return;
        }
        one_event(game);
    }
}

static size_t choose_question(size_t count, void *context)
{
    struct game *game = context;
    return game->at_rest ? 0 : draw(game, (unsigned)count);
}

/* --- runs ---------------------------------------------------------------------------------- */

static void say(const struct game *game, const char *format, ...) PRINTF_LIKE(2, 3);

static void say(const struct game *game, const char *format, ...)
{
    if (game->trace != NULL) {
        va_list args;
        va_start(args, format);
        (void)vfprintf(game->trace, format, args);
        va_end(args);
    }
}

/* The run's number, after the runs of a process that died are closed, as the program does. */
static int64_t begin_run(struct game *game)
{
    struct error err;
    int64_t run_id = 0, crashed = 0;
    int64_t now = game->service.now + game->clock_offset;
    struct store *store = game->arena->store;
    FUZZ_REQUIRE(store_begin(store, &err) && store_run_close_crashed(store, now, &crashed, &err) &&
                 store_run_next_id(store, &run_id, &err) && store_commit(store, &err));
    game->runs++;
    game->settings.now = now;
    return run_id;
}

static void play(const uint8_t *data, size_t size, struct arena *arena, FILE *trace);

static void violated(struct game *game, const char *message)
{
    (void)fprintf(stderr, "run %d: %s\n", game->runs, message);
    if (game->trace == NULL) { /* once more, told in full, in a database of its own */
        static struct arena other;
        open_arena(&other);
        (void)fprintf(stderr, "input: ");
        for (size_t i = 0; i < game->size; i++) {
            (void)fprintf(stderr, "%02x", game->data[i]);
        }
        (void)fprintf(stderr, "\n");
        play(game->data, game->size, &other, stderr);
        (void)fprintf(stderr, "It does not happen again in a new database.\n");
    }
    abort();
}

static void play_task(struct game *game, struct sync_task_spec *spec, int64_t run_id, bool basic)
{
    struct oracle_snapshot before, after;
    struct sync_task_result result;
    struct sync_progress progress = {0};
    struct error err;
    char message[2048];
    struct memory_service *service = &game->service;
    struct sync_service seam = memory_bind(service);
    spec->edition = basic ? "BASIC" : "STANDARD";
    FUZZ_REQUIRE(oracle_read(&game->arena->oracle, spec, &before, &err));
    memory_begin_run(service);
    service->max_answers = ANSWERS_MAX;
    say(game, "  run %" PRId64 ": %s %s%s%s, now %+" PRId64 "%s\n", run_id, spec->edition,
        spec->restore_type, spec->filter_count > 0 ? " filtered" : "",
        game->settings.full ? ", full" : "", game->settings.now - MEMORY_NOW,
        game->at_rest ? ", at rest" : "");
    game->commits_left = game->kill_at;
    bool went_on =
        sync_task(game->arena->store, &seam, &game->settings, &progress, run_id, spec, &result);
    bool killed = game->dead, open = sqlite3_get_autocommit(game->arena->store->db) == 0;
    store_rollback(game->arena->store); /* as the death of the process does */
    game->dead = false;
    game->commits_left = game->kill_at = -1;
    FUZZ_REQUIRE(oracle_read(&game->arena->oracle, spec, &after, &err));
    say(game, "    = %s%s: %s\n", killed ? "killed, " : "",
        result.run.proved ? "PROVED" : "unproved",
        result.error.code == ERROR_NONE ? result.sentence : result.error.message);
    if (game->trace != NULL) {
        oracle_print(&after, game->trace);
    }
    struct oracle_task task = {.service = service,
                               .spec = spec,
                               .result = &result,
                               .run_id = run_id,
                               .basic = basic,
                               .went_on = went_on,
                               .killed = killed,
                               .transaction_open = open,
                               .overlap = game->overlap,
                               .before = &before,
                               .after = &after};
    if (!oracle_judge(&task, message, sizeof(message)) ||
        (game->at_rest && !game->settings.full &&
         !oracle_judge_rest(&task, message, sizeof(message)))) {
        violated(game, message);
    }
}

static void play_run(struct game *game, unsigned kind)
{
    const char *vault = memory_vault(0);
    const struct hbr_filter filter = {"VaultId", "IN", &vault, 1};
    struct sync_task_spec spec = {.account_id = "1000000000000001",
                                  .region_id = "cn-hangzhou",
                                  .restore_type = "",
                                  .scope = ""};
    char scope[64];
    if (kind == 1) {
        spec.restore_type = memory_type(draw(game, MEMORY_TYPES));
        (void)snprintf(scope, sizeof(scope), "RestoreType=%s", spec.restore_type);
        spec.scope = scope;
    } else if (kind == 2) {
        spec.filters = &filter;
        spec.filter_count = 1;
        spec.scope = "VaultId IN v-1";
    }
    int64_t run_id = begin_run(game);
    play_task(game, &spec, run_id, false);
    if (game->both_editions) {
        play_task(game, &spec, run_id, true);
    }
}

/* One run while things happen, and what happens before the next one. */
static void play_moving(struct game *game)
{
    static const int64_t pauses[] = {1, 30, 61, 200, 1000, 5000};
    unsigned how = draw(game, 256);
    unsigned kind = how % 16 == 14 ? 1 : how % 16 == 15 ? 2 : 0;
    game->settings.full = (how >> 4 & 3U) == 3;
    game->service.submit_max = (how >> 6 & 3U) == 3 ? 1 + draw(game, 40) : 0;
    game->kill_at = rarely(game, 16) ? (int)draw(game, 24) : -1;
    play_run(game, kind);
    game->service.now += pauses[draw(game, 6)];
    for (unsigned i = draw(game, 4); i > 0 && game->events < EVENTS_MAX; i--) {
        bool returns = game->returns;
        game->returns = true; /* between two runs nothing can be fooled by it */
        one_event(game);
        game->returns = returns;
        game->dead = false;
    }
}

static void play(const uint8_t *data, size_t size, struct arena *arena, FILE *trace)
{
    struct game *game = calloc(1, sizeof(*game)); /* too large for a stack */
    FUZZ_REQUIRE(game != NULL);
    game->data = data;
    game->size = size;
    game->arena = arena;
    game->trace = trace;
    game->commits_left = game->kill_at = -1;
    choose_world(game);
    game->service.before_answer = before_answer;
    game->service.choose = choose_question;
    game->service.context = game;
    if (trace != NULL) {
        memory_print(&game->service, trace);
    }
    (void)sqlite3_commit_hook(arena->store->db, on_commit, game);
    for (unsigned runs = 1 + draw(game, 4); runs > 0; runs--) {
        play_moving(game);
    }
    game->at_rest = true;
    game->service.submit_max = 0;
    for (int i = 0; i < 2; i++) {
        game->service.now += 4000;
        game->settings.full = i == 0;
        play_run(game, 0);
    }
    memory_free(&game->service);
    (void)sqlite3_commit_hook(arena->store->db, NULL, NULL);
    free(game);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct arena arena;
    if (arena.store == NULL) {
        open_arena(&arena);
    }
    empty_arena(&arena);
    play(data, size, &arena, getenv("HBRSYNC_FUZZ_TRACE") != NULL ? stderr : NULL);
    return 0;
}
