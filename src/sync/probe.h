/* Probes: small questions whose answers tell how the service behaves where its documents are
 * silent. */
#ifndef HBRSYNC_SYNC_PROBE_H
#define HBRSYNC_SYNC_PROBE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "sync/unit.h"

/* Learns whether BETWEEN includes its ends, by a stored job whose CompleteTime is known. At most 3
 * requests, once a source. */
bool probe_between(struct lane *lane, struct error *err) MUST_CHECK;

/*
 * Asks for jobs by id with whichever filter key the service proves to honour: `witness`, an id that
 * it has just listed, is asked for as well, and has to come back, alone with ids asked for. Ids
 * found are added to the set `found`. *ret_honoured is false when no key does.
 */
bool probe_ids(struct lane *lane, const char *const *ids, size_t count, const char *witness,
               int64_t found, bool *ret_honoured, struct error *err) MUST_CHECK;

/* Learns which filter key selects by id, so that the first delta need not; one request as a rule,
 * once a source. */
bool probe_id_filter(struct lane *lane, struct error *err) MUST_CHECK;

#define PROBE_IDS_MAX 98 /* of one call: a page, less the witness */

#endif
