/* The comparison of two stores, field by field: what the service lists, read by a scan into a store
 * of its own, and what the database holds. */
#ifndef HBRSYNC_SYNC_VERIFY_H
#define HBRSYNC_SYNC_VERIFY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/record.h"
#include "store/store.h"

enum sync_difference_kind {
    DIFFERENCE_FIELD,  /* both have the job, a field differs */
    DIFFERENCE_ABSENT, /* the service lists it, the database has it not */
    DIFFERENCE_MARKED, /* the service lists it, the database says that it does not */
    DIFFERENCE_GONE    /* the service does not list it, and the database does not say so */
};

/* Texts are borrowed. */
struct sync_difference {
    enum sync_difference_kind kind;
    const struct value *restore_id;
    const char *part;  /* DIFFERENCE_FIELD: the nested part's API name, "" for the job itself */
    const char *field; /* the field's; "" : the part as a whole is there or not; "extra" */
    const struct value *service, *database;
};

struct sync_verify_counts {
    int64_t compared; /* jobs that both have */
    int64_t differing;
    int64_t fields; /* that differ, of all of them */
    int64_t absent, marked, gone;
};

struct sync_verify {
    struct store *service;  /* a scan's own store */
    struct store *database; /* only read */
    /* Whether a source of the database was scanned and the scan proved complete, so that a job
     * which was not listed is gone. */
    bool (*covers)(int64_t source_id, void *context);
    bool (*visit)(const struct sync_difference *difference, void *context, struct error *err);
    void *context;
};

bool sync_verify_compare(const struct sync_verify *verify, struct sync_verify_counts *ret_counts,
                         struct error *err) MUST_CHECK;

#endif
