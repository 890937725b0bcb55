/* The RestoreTypes of a source, and whether a listing without RestoreType lists them all. */
#ifndef HBRSYNC_SYNC_TYPES_H
#define HBRSYNC_SYNC_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "sync/scope.h"

#define TYPES_MAX 100 /* of a source; what is beyond is not listed by itself */

/* The types to ask for one by one: the known ones and those among the stored jobs. */
struct type_list {
    char *types[TYPES_MAX];
    size_t count;
};

/* Fills an empty list, which reads the index of all stored jobs: only where the types are needed.
 * Does nothing to a filled one. Free it in any case. */
bool types_read(struct task *task, struct type_list *list, struct error *err) MUST_CHECK;
void types_free(struct type_list *list);

/*
 * Whether a listing without RestoreType (`scope`, whose TotalCount is evidence.total) counts no
 * fewer jobs than the types one by one. Jobs come and go between the counts, so a contradiction has
 * to be met twice. A type that the service refuses counts as many as are stored of it. The first
 * job of each is added to `listed`. `first` is the first answer of the listing, and becomes the one
 * that was asked for with the second counts.
 */
bool types_are_counted(struct scope *scope, struct type_list *types, struct scan_result *first,
                       struct row_set *listed, bool *ret_counted, struct error *err) MUST_CHECK;

/*
 * Whether the proof of a full scan without RestoreType holds the jobs in `listed`: sums tell
 * nothing where there are types that nobody knows, whose jobs make up for those of one that is left
 * out. A job may have vanished since; one that its type still lists was there all the time.
 * Fills evidence.types_unseen.
 */
bool types_are_held(struct scope *scope, struct type_list *types, const struct row_set *listed,
                    struct error *err) MUST_CHECK;

#endif
