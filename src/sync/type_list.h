/* The RestoreTypes of a source, and whether a listing without RestoreType lists them all. */
#ifndef HBRSYNC_SYNC_TYPE_LIST_H
#define HBRSYNC_SYNC_TYPE_LIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "sync/unit.h"

#define TYPES_MAX 100 /* of a source; what is beyond is not listed by itself */

/* The types to list one by one: the known ones and those among the stored jobs. */
struct type_list {
    char *types[TYPES_MAX];
    size_t count;
};

/* Fills a list whose count is 0. */
bool type_list_read(struct unit *unit, struct type_list *list, struct error *err) MUST_CHECK;
void type_list_free(struct type_list *list);

/*
 * Whether a listing without RestoreType (`lane`), of `untyped_total` jobs, lists every type: no
 * fewer jobs than the types one by one. Jobs come and go between the counts, so a contradiction has
 * to be met twice. What the types list first is added to the set `listed`.
 */
bool type_list_is_listed(struct lane *lane, const struct type_list *types, int64_t untyped_total,
                         int64_t listed, bool *ret_every, struct error *err) MUST_CHECK;

/*
 * Whether a walk without RestoreType, which proved the ids in `proven`, holds what the types listed
 * first before it (`listed`, which is changed). Sums do not tell where there are types that nobody
 * knows: their jobs make up for those of one that is left out. A job may have vanished; one that
 * its type still lists was there all the time.
 */
bool type_list_is_held(struct lane *lane, const struct type_list *types, int64_t proven,
                       int64_t listed, bool *ret_holds, struct error *err) MUST_CHECK;

#endif
