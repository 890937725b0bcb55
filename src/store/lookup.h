/* Look-ups in the sets of ids seen and among stored jobs, for the parts of sync that learn how a
 * service behaves. */
#ifndef HBRSYNC_STORE_LOOKUP_H
#define HBRSYNC_STORE_LOOKUP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "store/job.h"
#include "store/state.h"
#include "store/store.h"

/* Whether a job, not marked missing, is stored under a source of the same account and region, but
 * of another edition. */
bool store_job_in_sibling(struct store *store, const struct store_source *source,
                          const char *restore_id, size_t length, bool *ret_sibling,
                          struct error *err) MUST_CHECK;

/* Whether a set of ids seen holds this one. */
bool store_seen_has(struct store *store, int64_t set, const char *restore_id, bool *ret_has,
                    struct error *err) MUST_CHECK;

/* Some id of a set; an empty text when the set is empty. */
bool store_seen_any(struct store *store, int64_t set, char *ret_restore_id, size_t size,
                    struct error *err) MUST_CHECK;

/* How many ids of a set are stored with a complete_time in [from, to]. */
bool store_seen_count_closed(struct store *store, int64_t set, int64_t from, int64_t to,
                             int64_t *ret_count, struct error *err) MUST_CHECK;

/* Calls `visit` with each restore_type among the jobs of a source, NULL ones left out; at most
 * `limit`. */
bool store_job_each_type(struct store *store, int64_t source_id, size_t limit,
                         bool (*visit)(const char *restore_type, void *context, struct error *err),
                         void *context, struct error *err) MUST_CHECK;

/* Marks missing the open jobs of a source that are not in the set `seen`; needs a transaction. */
bool store_job_mark_missing_open(struct store *store, const struct store_writer *writer,
                                 const char *restore_type, int64_t seen, int64_t *ret_count,
                                 struct error *err) MUST_CHECK;

#endif
