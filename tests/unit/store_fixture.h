/* What the tests of the store share: a scratch folder, a store in it, and jobs made by hand. */
#ifndef HBRSYNC_TESTS_STORE_FIXTURE_H
#define HBRSYNC_TESTS_STORE_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "hbr/restore_job.h"
#include "store/internal.h"
#include "store/job.h"
#include "store/state.h"

struct fixture {
    char folder[64];
    char path[96];
    struct store *store;
    struct store_source source;
    struct store_writer writer;
    struct error err;
};

#define assert_done(fixture, call)                                                                 \
    do {                                                                                           \
        if (!(call)) {                                                                             \
            fail_msg("%s (%s)", (fixture)->err.message, (fixture)->err.hint);                      \
        }                                                                                          \
    } while (0)

static inline void fixture_open(struct fixture *f, enum store_mode mode)
{
    assert_done(f, store_open(f->path, mode, &hbr_restore_job_model, &f->store, &f->err));
}

static inline void fixture_close(struct fixture *f)
{
    store_close(f->store);
    f->store = NULL;
}

/* A folder, no database yet. */
static inline int fixture_setup_folder(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    if (f == NULL) {
        return -1;
    }
    (void)snprintf(f->folder, sizeof f->folder, "/tmp/hbrsync-test-XXXXXX");
    if (mkdtemp(f->folder) == NULL) {
        free(f);
        return -1;
    }
    (void)snprintf(f->path, sizeof f->path, "%s/hbr.db", f->folder);
    *state = f;
    return 0;
}

/* An open store with a source, inside a transaction. */
static inline int fixture_setup(void **state)
{
    if (fixture_setup_folder(state) != 0) {
        return -1;
    }
    struct fixture *f = *state;
    if (!store_open(f->path, STORE_WRITE, &hbr_restore_job_model, &f->store, &f->err) ||
        !store_begin(f->store, &f->err) ||
        !store_source_open(f->store, "1000000000000001", "cn-hangzhou", "STANDARD", &f->source,
                           &f->err)) {
        return -1;
    }
    f->writer =
        (struct store_writer){.source_id = f->source.source_id, .run_id = 1, .now = 1700000000};
    return 0;
}

static inline int fixture_teardown(void **state)
{
    struct fixture *f = *state;
    char command[128];
    fixture_close(f);
    (void)snprintf(command, sizeof command, "rm -rf %s", f->folder);
    int result = system(command);
    free(f);
    return result;
}

/* --- jobs ---------------------------------------------------------------------------------- */

static inline void job_set(struct record *job, size_t part, const char *column, struct value value)
{
    int field = record_field_by_column(&hbr_restore_job_model.parts[part], column);
    assert_true(field >= 0);
    job->present[part] = true;
    job->values[part][field] = value;
}

static inline struct value text_of(const char *text)
{
    return (struct value){.kind = VALUE_TEXT, .text = text, .length = (uint32_t)strlen(text)};
}

static inline struct value integer_of(int64_t integer)
{
    return (struct value){.kind = VALUE_INTEGER, .integer = integer};
}

static inline void job_text(struct record *job, const char *column, const char *text)
{
    job_set(job, HBR_JOB, column, text_of(text));
}

static inline void job_integer(struct record *job, const char *column, int64_t integer)
{
    job_set(job, HBR_JOB, column, integer_of(integer));
}

static inline struct record job_new(const char *restore_id, const char *status, int64_t complete,
                                    int64_t updated)
{
    struct record job = {.present = {true}};
    job_text(&job, "restore_id", restore_id);
    job_text(&job, "status", status);
    job_integer(&job, "complete_time", complete);
    job_integer(&job, "updated_time", updated);
    return job;
}

/* *ret_put may be NULL. */
static inline enum store_put_result job_put(struct fixture *f, const struct record *job,
                                            struct store_put *ret_put)
{
    struct store_put put = {.result = PUT_STALE};
    assert_done(f, store_job_put(f->store, &f->writer, job, &put, &f->err));
    if (ret_put != NULL) {
        *ret_put = put;
    }
    return put.result;
}

static inline int64_t rows_mark(struct fixture *f, const struct row_set *rows)
{
    int64_t count = -1;
    assert_done(f, store_job_mark_missing(f->store, &f->writer, rows, &count, &f->err));
    return count;
}

/* Marks one row missing; tells how many were marked. */
static inline int64_t row_mark(struct fixture *f, int64_t row)
{
    struct row_set rows = {0};
    assert_done(f, row_set_add(&rows, row, NULL, &f->err));
    int64_t count = rows_mark(f, &rows);
    row_set_free(&rows);
    return count;
}

/* --- queries ------------------------------------------------------------------------------- */

/* The first column of the first row as text ("NULL" for NULL, "none" without a row); overwritten by
 * the next call. */
static inline const char *query_on(sqlite3 *db, const char *sql)
{
    static char text[4096];
    sqlite3_stmt *handle = NULL;
    if (sqlite3_prepare_v2(db, sql, -1, &handle, NULL) != SQLITE_OK) {
        fail_msg("%s: %s", sql, sqlite3_errmsg(db));
    }
    int result = sqlite3_step(handle);
    if (result == SQLITE_ROW) {
        const unsigned char *value = sqlite3_column_text(handle, 0);
        (void)snprintf(text, sizeof text, "%s", value != NULL ? (const char *)value : "NULL");
    } else if (result == SQLITE_DONE) {
        (void)snprintf(text, sizeof text, "none");
    } else {
        fail_msg("%s: %s", sql, sqlite3_errmsg(db));
    }
    (void)sqlite3_finalize(handle);
    return text;
}

#define assert_query(fixture, sql, expected)                                                       \
    assert_string_equal(query_on((fixture)->store->db, (sql)), (expected))

#endif
