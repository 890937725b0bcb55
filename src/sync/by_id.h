/* Stored jobs that no listing held, asked for by id: what became of them. */
#ifndef HBRSYNC_SYNC_BY_ID_H
#define HBRSYNC_SYNC_BY_ID_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "sync/unit.h"

/*
 * Asks for the jobs that are open in the database and not in `proven`, and, if `reports`, for those
 * finished in the last 7 days whose report is under way. Those that exist are added to `proven`.
 * `candidates` is a set of ids that the service has listed, one of which serves as witness.
 * *ret_settled is false when no filter selects by id, or they are too many.
 */
bool by_id_ask(struct lane *lane, int64_t candidates, int64_t proven, bool reports,
               bool *ret_settled, struct error *err) MUST_CHECK;

#endif
