/* A copy of the database for readers: whole, self-contained, in rollback-journal mode. */
#ifndef HBRSYNC_STORE_PUBLISH_H
#define HBRSYNC_STORE_PUBLISH_H

#include <stdbool.h>

#include "base/error.h"
#include "store/store.h"

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

#endif
