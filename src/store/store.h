/*
 * The database: opening, the lock, migrations, transactions. The rest of src/store works on an open
 * store.
 *
 * Nothing outside src/store includes sqlite3.h. Errors are ERROR_DATABASE (ERROR_LOCKED for the
 * lock and for SQLITE_BUSY after the timeout), name the file, and carry SQLite's extended code and
 * text. A statement that a signal interrupts is ERROR_INTERRUPTED; those of a transaction that may
 * write are not interrupted, so that the end of a run can be recorded.
 */
#ifndef HBRSYNC_STORE_STORE_H
#define HBRSYNC_STORE_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/record.h"

#define STORE_APPLICATION_ID 0x48425253 /* "HBRS" */

struct store;

enum store_mode {
    STORE_READ,    /* an existing database, not changed in any way */
    STORE_EXAMINE, /* the same for who looks for damage: also with a schema that is not ours */
    STORE_WRITE,   /* created when missing (0600), locked against other writers, migrated */
    STORE_DRY_RUN, /* a private temporary copy of the database, or an empty one; nothing is kept */
    STORE_SCRATCH  /* a private temporary database, empty; `path` is a name for messages */
};

/*
 * Opens `path`. A file that is not ours (another application_id, or tables without one), or that a
 * newer version wrote, is refused untouched. The model is checked against the schema's tables and
 * columns. `model` must outlive the store.
 */
bool store_open(const char *path, enum store_mode mode, const struct record_model *model,
                struct store **ret_store, struct error *err) MUST_CHECK;

/* From now on, what is opened for writing may run these triggers (borrowed names) of the file's,
 * and remembers that. Any other that would run is refused. */
void store_allow_triggers(const char *const *names, size_t count);

/* Rolls back what is open, checkpoints the WAL, releases the lock. Accepts NULL. */
void store_close(struct store *store);

/* Whether `path` is the database, or a file that SQLite or the lock keeps beside it, there or not:
 * nothing else may be written there. The database need not exist. */
bool store_owns_file(const char *database, const char *path, bool *ret_owns,
                     struct error *err) MUST_CHECK;

/* Whether another process holds the lock of the database. */
bool store_is_being_written(const struct store *store);

/* From now on no signal interrupts what this store runs: for what has to be told of the end. */
void store_ignore_signals(struct store *store);

const char *store_path(const struct store *store);
int store_schema_version(const struct store *store);

/* BEGIN IMMEDIATE; never kept open across a wait for the network. */
bool store_begin(struct store *store, struct error *err) MUST_CHECK;
bool store_commit(struct store *store, struct error *err) MUST_CHECK;
/* Commits what is done; else, or where that fails, rolls back. */
bool store_end(struct store *store, bool done, struct error *err) MUST_CHECK;
/* Does nothing outside a transaction. */
void store_rollback(struct store *store);

/*
 * Replaces `out` by a copy of the database as it is now: made in a private folder beside it,
 * without triggers, synced, renamed, the folder synced. Who reads the old copy is not disturbed.
 * `mode` is the new file's. With `tables` each view of hbrsync becomes a table of its name, with
 * declared types and indexes, because readers believe types and a view's column may have none.
 * ERROR_USAGE for a folder that others can write to, and for an `out` that must not be overwritten:
 * the database itself or a file that belongs to it, another database that is or was written to,
 * anything that is not ours. ERROR_LOCKED while another process publishes there. SIGINT and SIGTERM
 * end it and leave nothing behind.
 */
bool store_publish(struct store *store, const char *out, unsigned mode, bool tables,
                   struct error *err) MUST_CHECK;

/* SQLite's version text, and false with an error when it is older than 3.40.1. */
const char *store_sqlite_version(void);
bool store_sqlite_version_check(struct error *err) MUST_CHECK;

/* The number of durable steps (commits) so far in this process, and the step at which to die by
 * SIGKILL (0: never); see tests: every one of them is tried. */
uint64_t store_steps(void);
void store_kill_at_step(uint64_t step);

/* The step that HBRSYNC_TEST_KILL_AT_STEP names, if it names one. */
void store_take_test_settings(void);

#endif
