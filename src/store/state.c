/* The database's label, sources and watermarks. */
#include "store/state.h"

#include "base/text.h"
#include "store/internal.h"

bool store_database_label(struct store *store, const char *label, struct error *err)
{
    struct statement update;
    if (!store_need_transaction(store, "the database is labelled", err) ||
        !statement_open(store, STATEMENT_DATABASE_LABEL,
                        "UPDATE sync_database SET label = ?1 WHERE label <> ?1",
                        "label the database", &update, err)) {
        return false;
    }
    statement_bind_string(&update, label);
    return statement_run(&update, NULL, err);
}

/* --- sources ------------------------------------------------------------------------------- */

/* Opens a statement that takes the names of the source. */
static bool open_named(struct store *store, enum statement_id id, const char *sql, const char *what,
                       const struct store_source *source, struct statement *ret_statement,
                       struct error *err)
{
    if (!statement_open(store, id, sql, what, ret_statement, err)) {
        return false;
    }
    statement_bind_string(ret_statement, source->account_id);
    statement_bind_string(ret_statement, source->region_id);
    statement_bind_string(ret_statement, source->edition);
    return true;
}

static bool select_source(struct store *store, struct store_source *source, bool *ret_found,
                          struct error *err)
{
    struct statement select;
    if (!open_named(store, STATEMENT_SOURCE_SELECT,
                    "SELECT source_id, filters, untyped, children, id_filter, page_cap, checked_at,"
                    " retired_at FROM sync_source WHERE account_id = ?1 AND region_id = ?2 AND "
                    "edition = ?3",
                    "read a source", source, &select, err)) {
        return false;
    }
    bool done = statement_step(&select, ret_found, err);
    if (done && *ret_found) {
        source->source_id = statement_integer(&select, 0, 0);
        struct store_capabilities *known = &source->capabilities;
        known->filters = (enum store_capability)statement_integer(&select, 1, 0);
        known->untyped = (enum store_capability)statement_integer(&select, 2, 0);
        known->children = (enum store_children)statement_integer(&select, 3, 0);
        statement_copy_text(&select, 4, known->id_filter, sizeof known->id_filter);
        known->page_cap = statement_integer(&select, 5, 0);
        known->checked_at = statement_integer(&select, 6, 0);
        source->retired_at = statement_integer(&select, 7, 0);
        done = statement_read_ok(&select, err);
    }
    statement_close(&select);
    return done;
}

static bool insert_source(struct store *store, struct store_source *source, struct error *err)
{
    struct statement insert;
    if (!store_need_transaction(store, "a source is added", err) ||
        !open_named(store, STATEMENT_SOURCE_INSERT,
                    "INSERT INTO sync_source (account_id, region_id, edition) VALUES (?1, ?2, ?3)",
                    "add a source", source, &insert, err) ||
        !statement_run(&insert, NULL, err)) {
        return false;
    }
    source->source_id = sqlite3_last_insert_rowid(store->db);
    return true;
}

static bool name_source(struct store_source *source, const char *account_id, const char *region_id,
                        const char *edition, struct error *err)
{
    *source = (struct store_source){0};
    return (text_fit(source->account_id, sizeof source->account_id, account_id) &&
            text_fit(source->region_id, sizeof source->region_id, region_id) &&
            text_fit(source->edition, sizeof source->edition, edition)) ||
           error_set(err, ERROR_USAGE, "an account, region or edition is longer than %d bytes",
                     STORE_NAME_MAX - 1);
}

bool store_source_open(struct store *store, const char *account_id, const char *region_id,
                       const char *edition, struct store_source *ret_source, struct error *err)
{
    struct store_source source;
    bool found = false;
    if (!name_source(&source, account_id, region_id, edition, err) ||
        !select_source(store, &source, &found, err) ||
        (!found && !insert_source(store, &source, err))) {
        return false;
    }
    *ret_source = source;
    return true;
}

bool store_source_retired_at(struct store *store, const char *account_id, const char *region_id,
                             const char *edition, int64_t *ret_retired_at, struct error *err)
{
    struct store_source source;
    bool found = false;
    if (!name_source(&source, account_id, region_id, edition, err) ||
        !select_source(store, &source, &found, err)) {
        return false;
    }
    *ret_retired_at = source.retired_at;
    return true;
}

bool store_source_retire(struct store *store, const char *account_id, const char *region_id,
                         const char *edition, int64_t now, int64_t *ret_count, struct error *err)
{
    static const char sql[] =
        "UPDATE sync_source SET retired_at = CASE WHEN ?4 <> 0 THEN coalesce(retired_at, ?4) END"
        " WHERE ?1 IN ('', account_id) AND region_id = ?2 COLLATE NOCASE AND ?3 IN ('', edition)";
    struct store_source named;
    struct statement update;
    if (!name_source(&named, account_id, region_id, edition, err) ||
        !store_need_transaction(store, "a source is retired", err) ||
        !open_named(store, STATEMENT_SOURCE_RETIRE, sql, "retire a source", &named, &update, err)) {
        return false;
    }
    statement_bind_integer(&update, now);
    return statement_run(&update, ret_count, err);
}

bool store_source_save(struct store *store, const struct store_source *source, struct error *err)
{
    static const char sql[] =
        "UPDATE sync_source SET filters = ?2, untyped = ?3, children = ?4, id_filter = ?5,"
        " page_cap = ?6, checked_at = ?7 WHERE source_id = ?1 AND (filters, untyped, children,"
        " id_filter, page_cap, checked_at) IS NOT (?2, ?3, ?4, ?5, ?6, ?7)";
    const struct store_capabilities *known = &source->capabilities;
    struct statement update;
    if (!store_need_transaction(store, "a source is written", err) ||
        !statement_open(store, STATEMENT_SOURCE_UPDATE, sql, "write a source", &update, err)) {
        return false;
    }
    statement_bind_integers(&update, source->source_id, known->filters, known->untyped,
                            known->children);
    statement_bind_string(&update, known->id_filter);
    statement_bind_integers(&update, known->page_cap, known->checked_at);
    return statement_run(&update, NULL, err);
}

void store_source_doubt_untyped(struct store_source *source)
{
    if (source->capabilities.untyped == CAPABILITY_YES) {
        source->capabilities.untyped = CAPABILITY_UNKNOWN;
    }
}

/* --- watermarks ---------------------------------------------------------------------------- */

bool store_watermark_get(struct store *store, int64_t source_id, const char *restore_type,
                         struct store_watermark *ret_watermark, struct error *err)
{
    struct statement select;
    if (!statement_open(store, STATEMENT_WATERMARK_SELECT,
                        "SELECT proved, updated_time, cut_time, full_walk_at, run_id, empty_since"
                        " FROM sync_watermark WHERE source_id = ?1 AND restore_type = ?2",
                        "read a watermark", &select, err)) {
        return false;
    }
    statement_bind_integer(&select, source_id);
    statement_bind_string(&select, restore_type);
    struct store_watermark watermark = {0};
    bool done = statement_step(&select, &watermark.known, err);
    if (done && watermark.known) {
        watermark.proved = statement_integer(&select, 0, 0) != 0;
        watermark.updated_time = statement_integer(&select, 1, 0);
        watermark.cut_time = statement_integer(&select, 2, 0);
        watermark.full_walk_at = statement_integer(&select, 3, 0);
        watermark.run_id = statement_integer(&select, 4, 0);
        watermark.empty_since = statement_integer(&select, 5, 0);
    }
    statement_close(&select);
    if (done) {
        *ret_watermark = watermark;
    }
    return done;
}

bool store_watermark_put(struct store *store, int64_t source_id, const char *restore_type,
                         const struct store_watermark *watermark, struct error *err)
{
    static const char sql[] =
        "INSERT INTO sync_watermark (source_id, restore_type, proved, updated_time, cut_time,"
        " full_walk_at, run_id, empty_since) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)"
        " ON CONFLICT (source_id, restore_type) DO UPDATE SET proved = excluded.proved,"
        " updated_time = excluded.updated_time, cut_time = excluded.cut_time,"
        " full_walk_at = excluded.full_walk_at, run_id = excluded.run_id,"
        " empty_since = excluded.empty_since"
        " WHERE (sync_watermark.proved, sync_watermark.updated_time, sync_watermark.cut_time,"
        " sync_watermark.full_walk_at, sync_watermark.run_id, sync_watermark.empty_since)"
        " IS NOT (excluded.proved, excluded.updated_time, excluded.cut_time,"
        " excluded.full_walk_at, excluded.run_id, excluded.empty_since)";
    struct statement put;
    if (!store_need_transaction(store, "a watermark is written", err) ||
        !statement_open(store, STATEMENT_WATERMARK_PUT, sql, "write a watermark", &put, err)) {
        return false;
    }
    statement_bind_integer(&put, source_id);
    statement_bind_string(&put, restore_type);
    statement_bind_integers(&put, watermark->proved, watermark->updated_time, watermark->cut_time,
                            watermark->full_walk_at, watermark->run_id, watermark->empty_since);
    return statement_run(&put, NULL, err);
}

/* Changes the watermark of a source ?1 and a scope ?2, or those of its other scopes. */
static bool change_watermarks(struct store *store, enum statement_id id, const char *sql,
                              int64_t source_id, const char *restore_type, struct error *err)
{
    struct statement change;
    if (!store_need_transaction(store, "a watermark is written", err) ||
        !statement_open(store, id, sql, "write a watermark", &change, err)) {
        return false;
    }
    statement_bind_integer(&change, source_id);
    statement_bind_string(&change, restore_type);
    return statement_run(&change, NULL, err);
}

bool store_watermark_unproved(struct store *store, int64_t source_id, const char *restore_type,
                              struct error *err)
{
    /* A scope without a watermark gets a full scan anyway. */
    return change_watermarks(store, STATEMENT_WATERMARK_UNPROVED,
                             "UPDATE sync_watermark SET proved = 0"
                             " WHERE source_id = ?1 AND restore_type = ?2 AND proved <> 0",
                             source_id, restore_type, err);
}

bool store_watermark_drop(struct store *store, int64_t source_id, const char *restore_type,
                          struct error *err)
{
    return change_watermarks(
        store, STATEMENT_WATERMARK_DROP,
        "DELETE FROM sync_watermark WHERE source_id = ?1 AND restore_type = ?2", source_id,
        restore_type, err);
}

bool store_watermark_drop_unproved_types(struct store *store, int64_t source_id, struct error *err)
{
    return change_watermarks(
        store, STATEMENT_WATERMARK_DROP_TYPES,
        "DELETE FROM sync_watermark WHERE source_id = ?1 AND restore_type <> ?2"
        " AND proved = 0",
        source_id, "", err);
}
