/*
 * Whether the database has the views of this build. The text is compared with what SQLite itself
 * keeps of a view, so an unchanged file writes nothing, and a view that somebody altered is put
 * right.
 */
#include "store/internal.h"

/* Only without memory. */
static bool refuse_views(int result, struct error *err)
{
    return error_set(err, ERROR_INTERNAL, "the built-in views cannot be read: %s",
                     sqlite3_errstr(result));
}

/* Counts the views of `scratch` that the store lacks or has otherwise. */
static bool count_differences(struct store *store, sqlite3_stmt *wanted, sqlite3_stmt *stored,
                              int64_t *ret_count, struct error *err)
{
    int result;
    while ((result = sqlite3_step(wanted)) == SQLITE_ROW) {
        bool bound =
            sqlite3_bind_text(stored, 1, (const char *)sqlite3_column_text(wanted, 0),
                              sqlite3_column_bytes(wanted, 0), SQLITE_STATIC) == SQLITE_OK &&
            sqlite3_bind_text(stored, 2, (const char *)sqlite3_column_text(wanted, 1),
                              sqlite3_column_bytes(wanted, 1), SQLITE_STATIC) == SQLITE_OK;
        int found = bound ? sqlite3_step(stored) : SQLITE_ERROR;
        if (found != SQLITE_ROW && found != SQLITE_DONE) {
            return store_error(store, err, "read the views");
        }
        *ret_count += found == SQLITE_DONE;
        if (sqlite3_reset(stored) != SQLITE_OK) {
            return store_error(store, err, "read the views");
        }
    }
    return result == SQLITE_DONE || refuse_views(result, err);
}

static bool compare(struct store *store, sqlite3 *scratch, int64_t *ret_count, struct error *err)
{
    sqlite3_stmt *wanted = NULL;
    sqlite3_stmt *stored = NULL;
    bool done = false;
    int result = sqlite3_prepare_v2(
        scratch, "SELECT name, sql FROM sqlite_master WHERE type = 'view'", -1, &wanted, NULL);
    if (result != SQLITE_OK) {
        refuse_views(result, err);
    } else if (sqlite3_prepare_v2(store->db,
                                  "SELECT 1 FROM sqlite_master"
                                  " WHERE type = 'view' AND name = ?1 AND sql = ?2",
                                  -1, &stored, NULL) != SQLITE_OK) {
        store_error(store, err, "read the views");
    } else {
        done = count_differences(store, wanted, stored, ret_count, err);
    }
    (void)sqlite3_finalize(wanted);
    (void)sqlite3_finalize(stored);
    return done;
}

bool store_views_outdated(struct store *store, const struct sql_file *views, bool *ret_outdated,
                          struct error *err)
{
    sqlite3 *scratch = NULL;
    bool done = store_connect(":memory:", SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, &scratch) ==
                SQLITE_OK;
    for (; done && views->name != NULL; views++) {
        done = sqlite3_exec(scratch, views->text, NULL, NULL, NULL) == SQLITE_OK;
    }
    int64_t differences = 0;
    if (!done) {
        error_set(err, ERROR_INTERNAL, "the built-in views cannot be created: %s",
                  scratch != NULL ? sqlite3_errmsg(scratch) : "out of memory");
    } else {
        done = compare(store, scratch, &differences, err);
    }
    (void)sqlite3_close(scratch);
    *ret_outdated = differences != 0;
    return done;
}
