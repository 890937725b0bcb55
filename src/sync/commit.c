#include "sync/commit.h"

/* Jobs that are not listed any more: all that was not seen where the proof holds the whole listing,
 * and of a delta the open and recent ones that it did not see; and what the counts of a check told
 * gone. */
static bool find_gone(struct scope *scope, struct row_set *gone, struct error *err)
{
    struct store *store = scope->scanner.store;
    struct store_scope stored = scope->stored;
    int64_t edge = scope->evidence.edge;
    bool delta = scope->evidence.method == PROOF_DELTA;
    bool counted = delta || scope->evidence.method == PROOF_FULL;
    if (scope->full && scope->evidence.children != CHILDREN_CANNOT_TELL) {
        stored.part = STORE_EVERY_JOB; /* children were asked for, too */
    }
    bool done = !delta
                    ? store_job_rows(store, &stored, PICK_EVERY, 0, 0, gone, err)
                    : store_job_rows(store, &stored, PICK_OPEN, 0, 0, gone, err) &&
                          store_job_rows(store, &stored, PICK_FINISHED, edge, INT64_MAX, gone, err);
    row_set_subtract(gone, &scope->scanner.seen);
    return done && (!counted || row_set_unite(gone, &scope->gone, err));
}

static bool mark_gone(struct scope *scope, int64_t *ret_marked, struct error *err)
{
    struct row_set gone = {0};
    if (scope->evidence.method == PROOF_SKIPPED) {
        return true; /* no job is stored as its own */
    }
    bool done = find_gone(scope, &gone, err) &&
                store_job_mark_missing(scope->scanner.store, &scope->scanner.writer, &gone,
                                       ret_marked, err);
    row_set_free(&gone);
    return done;
}

static bool move_watermark(struct scope *scope, int64_t marked, struct error *err)
{
    struct store *store = scope->scanner.store;
    struct store_watermark next = scope->watermark;
    struct store_scope every = scope->stored;
    every.part = STORE_EVERY_JOB;
    if (!store_job_max_updated(store, &every, &next.updated_time, err)) {
        return false;
    }
    bool moves = scope->full || scope->scanner.changed || marked > 0 || !next.known ||
                 !next.proved || next.updated_time != scope->watermark.updated_time;
    if (!moves) {
        return true;
    }
    next.known = true;
    next.proved = true;
    next.run_id = scope->scanner.run->run_id;
    next.cut_time = scope->date > 0 ? scope->date : next.cut_time;
    if (scope->full) {
        /* Jobs that are stored under another source cannot be counted by a delta. */
        bool own = row_set_count(&scope->scanner.elsewhere) == 0;
        next.full_walk_at = own ? scope->scanner.writer.now : 0;
    }
    scope->watermark = next;
    return store_watermark_put(store, scope->stored.source_id, scope->stored.restore_type, &next,
                               err);
}

static bool write_proved(struct scope *scope, int64_t *ret_marked, struct error *err)
{
    const struct store_source *source = &scope->task->source;
    bool whole = scope->stored.restore_type[0] == '\0';
    return mark_gone(scope, ret_marked, err) && move_watermark(scope, *ret_marked, err) &&
           (!whole ||
            store_watermark_drop_unproved_types(scope->scanner.store, source->source_id, err));
}

static bool write_unproved(struct scope *scope, struct error *err)
{
    struct store *store = scope->scanner.store;
    struct store_watermark *watermark = &scope->watermark;
    watermark->proved = false;
    /* A doubt that is new has to be written; else there may be no row, and none is needed. */
    return watermark->empty_since != 0
               ? store_watermark_put(store, scope->stored.source_id, scope->stored.restore_type,
                                     watermark, err)
               : store_watermark_unproved(store, scope->stored.source_id,
                                          scope->stored.restore_type, err);
}

bool commit_scope(struct scope *scope, struct error *err)
{
    struct store *store = scope->scanner.store;
    struct store_run *run = scope->scanner.run;
    bool proved = scope_is_proved(scope);
    int64_t marked = 0;
    if (!store_begin(store, err)) {
        return false;
    }
    bool written = (proved ? write_proved(scope, &marked, err) : write_unproved(scope, err)) &&
                   store_source_save(store, &scope->task->source, err);
    if (!store_end(store, written, err)) {
        return false;
    }
    scope->evidence.gone = proved ? marked : -1;
    run->missing += marked;
    if (scope->watermark.updated_time > run->watermark) {
        run->watermark = scope->watermark.updated_time;
    }
    return true;
}

bool commit_end_of_doubt(struct scope *scope, struct error *err)
{
    struct store *store = scope->scanner.store;
    struct store_watermark *watermark = &scope->watermark;
    if (watermark->empty_since == 0) {
        return true;
    }
    watermark->empty_since = 0;
    watermark->proved = watermark->proved && !scope->scanner.changed;
    return store_begin(store, err) &&
           store_end(store,
                     store_watermark_put(store, scope->stored.source_id, scope->stored.restore_type,
                                         watermark, err),
                     err);
}

bool commit_listed_by_type(struct store *store, const struct store_source *source,
                           struct error *err)
{
    return store_begin(store, err) &&
           store_end(store,
                     store_watermark_drop(store, source->source_id, "", err) &&
                         store_source_save(store, source, err),
                     err);
}
