#include "sync/verify.h"

#include <string.h>

#include "base/interrupt.h"
#include "hbr/restore_job.h"
#include "store/query.h"

struct comparison {
    const struct sync_verify *verify;
    struct sync_verify_counts *counts;
    struct store_jobs *service, *database;
    const struct store_job *listed, *stored; /* the next of each; NULL: none left */
};

static const struct value *id_of(const struct store_job *job)
{
    return &job->record.values[HBR_JOB][HBR_RESTORE_ID];
}

/* As SQLite orders them: by their bytes. */
static int compare_ids(const struct value *left, const struct value *right)
{
    size_t shorter = left->length < right->length ? left->length : right->length;
    int order = memcmp(left->text, right->text, shorter);
    if (order != 0) {
        return order;
    }
    return (left->length > right->length) - (left->length < right->length);
}

static bool tell(struct comparison *comparison, enum sync_difference_kind kind,
                 const struct store_job *job, struct error *err)
{
    const struct sync_difference difference = {.kind = kind, .restore_id = id_of(job)};
    return comparison->verify->visit(&difference, comparison->verify->context, err);
}

/* --- one job that both have ---------------------------------------------------------------- */

static bool compare_value(struct comparison *comparison, size_t part, const char *field,
                          const struct value *service, const struct value *database,
                          struct error *err)
{
    const struct sync_difference difference = {
        .kind = DIFFERENCE_FIELD,
        .restore_id = id_of(comparison->listed),
        .part = hbr_restore_job_model.parts[part].name,
        .field = field,
        .service = service,
        .database = database,
    };
    if (value_equal(service, database)) {
        return true;
    }
    comparison->counts->fields++;
    return comparison->verify->visit(&difference, comparison->verify->context, err);
}

static bool compare_part(struct comparison *comparison, size_t part, struct error *err)
{
    const struct record *service = &comparison->listed->record;
    const struct record *database = &comparison->stored->record;
    const struct record_part *description = &hbr_restore_job_model.parts[part];
    if (service->present[part] != database->present[part]) {
        struct value there = {.kind = VALUE_INTEGER, .integer = service->present[part]};
        struct value here = {.kind = VALUE_INTEGER, .integer = database->present[part]};
        return compare_value(comparison, part, "", &there, &here, err);
    }
    for (size_t i = 0; service->present[part] && i < description->field_count; i++) {
        if (!compare_value(comparison, part, description->fields[i].name, &service->values[part][i],
                           &database->values[part][i], err)) {
            return false;
        }
    }
    return !service->present[part] ||
           compare_value(comparison, part, "extra", &service->extra[part], &database->extra[part],
                         err);
}

static bool compare_job(struct comparison *comparison, struct error *err)
{
    int64_t fields = comparison->counts->fields;
    comparison->counts->compared++;
    if (comparison->stored->missing) {
        comparison->counts->marked++;
        if (!tell(comparison, DIFFERENCE_MARKED, comparison->listed, err)) {
            return false;
        }
    }
    for (size_t part = 0; part < hbr_restore_job_model.part_count; part++) {
        if (!compare_part(comparison, part, err)) {
            return false;
        }
    }
    comparison->counts->differing += comparison->counts->fields > fields ? 1 : 0;
    return true;
}

/* --- going through both -------------------------------------------------------------------- */

static bool step(struct comparison *comparison, struct error *err)
{
    int order = comparison->listed == NULL ? 1
                : comparison->stored == NULL
                    ? -1
                    : compare_ids(id_of(comparison->listed), id_of(comparison->stored));
    const struct sync_verify *verify = comparison->verify;
    const struct store_job *stored = comparison->stored;
    bool ok = true;
    if (order == 0) {
        ok = compare_job(comparison, err);
    } else if (order < 0) {
        comparison->counts->absent++;
        ok = tell(comparison, DIFFERENCE_ABSENT, comparison->listed, err);
    } else if (!stored->missing && verify->covers(stored->source_id, verify->context)) {
        comparison->counts->gone++;
        ok = tell(comparison, DIFFERENCE_GONE, stored, err);
    }
    if (ok && order <= 0) {
        ok = store_jobs_next(comparison->service, &comparison->listed, err);
    }
    if (ok && order >= 0) {
        ok = store_jobs_next(comparison->database, &comparison->stored, err);
    }
    return ok && interrupt_check(err);
}

static bool compare_all(struct comparison *comparison, struct error *err)
{
    if (!store_jobs_next(comparison->service, &comparison->listed, err) ||
        !store_jobs_next(comparison->database, &comparison->stored, err)) {
        return false;
    }
    while (comparison->listed != NULL || comparison->stored != NULL) {
        if (!step(comparison, err)) {
            return false;
        }
    }
    return true;
}

bool sync_verify_compare(const struct sync_verify *verify, struct sync_verify_counts *ret_counts,
                         struct error *err)
{
    struct comparison comparison = {.verify = verify, .counts = ret_counts};
    memset(ret_counts, 0, sizeof(*ret_counts));
    bool ok = store_jobs_open(verify->service, NULL, &comparison.service, err) &&
              store_jobs_open(verify->database, NULL, &comparison.database, err) &&
              compare_all(&comparison, err);
    store_jobs_close(comparison.service);
    store_jobs_close(comparison.database);
    return ok;
}
