/*
 * Schema versions: sql/NNNN_name.sql in order, the number is the version they reach. All that is
 * missing is applied in one transaction with the version number, so a failure half-way leaves the
 * old schema as it was.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "store/internal.h"

int store_newest(const struct sql_file *migrations)
{
    int count = 0;
    while (migrations[count].name != NULL) {
        count++;
    }
    return count;
}

/* --- a copy before anything changes -------------------------------------------------------- */

bool store_vacuum_into(sqlite3 *db, const char *path, struct error *err)
{
    return store_run_once(db, "VACUUM main INTO ?1", VALUES(text_value(path)), NULL, NULL) ==
               SQLITE_DONE ||
           store_error_on(db, sqlite3_db_filename(db, "main"), err, "copy the database to %s",
                          path);
}

bool store_copy_pages(sqlite3 *from, sqlite3 *to)
{
    sqlite3_backup *backup = sqlite3_backup_init(to, "main", from, "main");
    bool done = backup != NULL && sqlite3_backup_step(backup, -1) == SQLITE_DONE;
    /* The error of the step is left in the target by the finish. */
    return sqlite3_backup_finish(backup) == SQLITE_OK && done;
}

/* Written under another name first: a file called .bak is always whole. */
static bool write_copy(struct store *store, int descriptor, const char *part, struct error *err)
{
    int folder = store->place.folder;
    const char *name = strrchr(part, '/') + 1;
    char target[NAME_MAX + 1];
    if (ftruncate(descriptor, 0) != 0) { /* what a killed process left */
        return error_set_errno(err, ERROR_DATABASE, errno, "cannot write %s", part);
    }
    if (!store_vacuum_into(store->db, part, err)) {
        (void)unlinkat(folder, name, 0); /* the error is worth more */
        return error_context(err, "the copy that is kept before the schema is changed");
    }
    (void)text_fit(target, sizeof(target), name);
    *strrchr(target, '.') = '\0';
    return (fsync(descriptor) == 0 && renameat(folder, name, folder, target) == 0) ||
           error_set_errno(err, ERROR_DATABASE, errno, "cannot write %s", part);
}

static bool keep_copy(struct store *store, struct error *err)
{
    char suffix[32];
    char part[SAFE_PATH_MAX + sizeof(suffix)];
    (void)snprintf(suffix, sizeof(suffix), ".v%d.bak.part", store->version);
    (void)snprintf(part, sizeof(part), "%s%s", store->place.path, suffix);
    /* SQLite would create it readable to all; it accepts an empty file. */
    int descriptor = safe_open(&store->place, suffix, O_RDWR | O_CREAT, SAFE_REGULAR, err);
    if (descriptor < 0) {
        err->code = ERROR_DATABASE;
        return false;
    }
    bool done = write_copy(store, descriptor, part, err);
    (void)close(descriptor); /* synced before */
    return done;
}

/* --- one transaction ----------------------------------------------------------------------- */

static bool apply(struct store *store, const struct sql_file *file, struct error *err)
{
    return sqlite3_exec(store->db, file->text, NULL, NULL, NULL) == SQLITE_OK ||
           store_error(store, err, "apply %s", file->name);
}

static bool check_foreign_keys(struct store *store, struct error *err)
{
    int64_t broken = 0;
    if (!store_query_integer(store, "SELECT count(*)" STORE_BROKEN_REFERENCES, &broken, err)) {
        return false;
    }
    if (broken != 0) {
        return error_set(
            err, ERROR_DATABASE,
            "%s: %lld rows refer to rows that do not exist; the schema was not changed",
            store->path, (long long)broken);
    }
    return true;
}

static bool apply_migrations(struct store *store, struct error *err)
{
    char sql[96]; /* PRAGMA takes no parameters */
    for (int version = store->version; version < store->newest; version++) {
        if (!apply(store, &store->migrations[version], err)) {
            return false;
        }
    }
    (void)snprintf(sql, sizeof sql, "PRAGMA user_version = %d; PRAGMA application_id = %d;",
                   store->newest, STORE_APPLICATION_ID);
    return store_exec(store, sql, "set the schema version", err) && check_foreign_keys(store, err);
}

static bool apply_views(struct store *store, struct error *err)
{
    for (const struct sql_file *views = store->views; views->name != NULL; views++) {
        if (!apply(store, views, err)) {
            return (sqlite3_errcode(store->db) & 0xff) == SQLITE_ERROR &&
                   error_hint(err, "If this is a copy made by `publish --tables`, sync the "
                                   "original. Else drop the table that has the name of a view.");
        }
    }
    return true;
}

/* Whether the file's views are not those of the text. SQLite keeps each CREATE VIEW as it was
 * written, so they are looked up in it: to make them only to compare takes longer than all else of
 * opening. */
static bool are_outdated(struct store *store, const char *text, bool *ret_outdated,
                         struct error *err)
{
    int64_t wanted = 0;
    int64_t found = 0;
    for (const char *at = text; (at = strstr(at, "CREATE VIEW ")) != NULL; at++) {
        wanted++;
    }
    bool done = statement_run(store,
                              "SELECT count(*) FROM sqlite_master WHERE type = 'view'"
                              " AND instr(?1, sql || ';') > 0",
                              "compare the views", VALUES(text_value(text)), &found, err);
    *ret_outdated = wanted == 0 || found != wanted;
    return done;
}

static bool apply_all(struct store *store, struct error *err)
{
    /* Read again inside the transaction: nobody else can change it now. */
    return store_check_identity(store, err) &&
           (store->version == store->newest || apply_migrations(store, err)) &&
           apply_views(store, err);
}

bool store_migrate(struct store *store, struct error *err)
{
    bool outdated = true;
    if (store->version == store->newest &&
        !are_outdated(store, store->views->text, &outdated, err)) {
        return false;
    }
    if (!outdated) {
        return true;
    }
    if (store->mode == STORE_WRITE && store->version > 0 && store->version < store->newest &&
        !keep_copy(store, err)) {
        return false;
    }
    if (!store_begin(store, err) || !store_end(store, apply_all(store, err), err)) {
        return false;
    }
    store->version = store->newest;
    return true;
}
