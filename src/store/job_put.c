/*
 * The guarded upsert. The stored row is read and compared here, so an unchanged job costs no write
 * and a changed one leaves its history; the statement repeats the guard against older rows.
 */
#include "store/internal.h"
#include "store/job.h"

/* --- reading what is stored ---------------------------------------------------------------- */

typedef void sql_maker(const struct record_model *model, size_t part, struct buffer *sql);

/* The statement's text is made the first time. */
static bool open_generated(struct store *store, enum statement_id base, size_t part,
                           sql_maker *make, const char *what, struct statement *ret_statement,
                           struct error *err)
{
    enum statement_id id = (enum statement_id)((size_t)base + part);
    struct buffer sql;
    buffer_init(&sql, 0);
    if (store->statements[id] == NULL) {
        make(store->model, part, &sql);
    }
    bool done = buffer_ok(&sql, "a generated statement", err) &&
                statement_open(store, id, sql.data, what, ret_statement, err);
    buffer_free(&sql);
    return done;
}

/* The columns are in the order of store_model_select_sql. */
static void read_stored(const struct statement *select, struct stored_job *ret_stored)
{
    ret_stored->row = statement_integer(select, 0, 0);
    ret_stored->own = statement_integer(select, 1, 0) != 0;
    ret_stored->missing_since = statement_value(select, 2);
    ret_stored->to_own = statement_integer(select, 3, 0) != 0;
    store_model_read_parts(select, 4, &ret_stored->record);
}

/* --- writing parts ------------------------------------------------------------------------- */

static bool put_part(struct store *store, const struct store_writer *writer,
                     const struct record *record, size_t part, struct error *err)
{
    const struct record_model *model = store->model;
    struct statement put;
    if (!open_generated(store, STATEMENT_PART_PUT, part, store_model_put_sql, "write a job", &put,
                        err)) {
        return false;
    }
    if (part > 0) {
        statement_bind_value(&put, &record->values[0][model->key]);
    }
    for (size_t i = 0; i < model->parts[part].field_count; i++) {
        statement_bind_value(&put, &record->values[part][i]);
    }
    statement_bind_value(&put, &record->extra[part]);
    if (part == 0) {
        statement_bind_integers(&put, writer->source_id, writer->run_id, writer->run_id,
                                writer->imports);
    }
    int64_t changes = 0;
    if (!statement_run(&put, &changes, err)) {
        return false;
    }
    return changes == 1 || error_set(err, ERROR_INTERNAL, "a job was not written by its upsert");
}

static bool delete_part(struct store *store, const struct record *record, size_t part,
                        struct error *err)
{
    struct statement delete;
    if (!open_generated(store, STATEMENT_PART_DELETE, part, store_model_delete_sql,
                        "remove a part of a job", &delete, err)) {
        return false;
    }
    statement_bind_value(&delete, &record->values[0][store->model->key]);
    return statement_run(&delete, NULL, err);
}

/* Writes the row and those other parts that `write` names. *ret_row (may be NULL) is the number of
 * an inserted row. */
static bool write_parts(struct store *store, const struct store_writer *writer,
                        const struct record *record, const bool write[RECORD_PARTS_MAX],
                        int64_t *ret_row, struct error *err)
{
    if (!put_part(store, writer, record, 0, err)) {
        return false;
    }
    if (ret_row != NULL) {
        *ret_row = sqlite3_last_insert_rowid(store->db);
    }
    for (size_t part = 1; part < store->model->part_count; part++) {
        bool done =
            !write[part] || (record->present[part] ? put_part(store, writer, record, part, err)
                                                   : delete_part(store, record, part, err));
        if (!done) {
            return false;
        }
    }
    return true;
}

/* The service lists the job: it is not missing, and of the writer's source if that takes it. */
static bool note_listed(struct store *store, const struct store_writer *writer, bool takes,
                        const struct record *record, struct error *err)
{
    struct statement note;
    if (!statement_open(store, STATEMENT_JOB_LISTED,
                        "UPDATE restore_job SET missing_since = NULL, changed_run_id = ?1,"
                        " source_id = CASE WHEN ?2 THEN ?3 ELSE source_id END"
                        " WHERE restore_id = ?4",
                        "note that a job is listed", &note, err)) {
        return false;
    }
    statement_bind_integers(&note, writer->run_id, takes, writer->source_id);
    statement_bind_value(&note, &record->values[0][store->model->key]);
    return statement_run(&note, NULL, err);
}

/* --- deciding ------------------------------------------------------------------------------ */

/* What the service lists is as new as its version says; what is imported is only newer than what is
 * stored if its version says so. */
static bool is_older(const struct store *store, const struct store_writer *writer,
                     const struct record *incoming, const struct record *stored)
{
    const struct value *new_version = &incoming->values[0][store->model->version];
    const struct value *old_version = &stored->values[0][store->model->version];
    if (old_version->kind != VALUE_INTEGER) {
        return false;
    }
    if (new_version->kind != VALUE_INTEGER) {
        return writer->imports;
    }
    return new_version->integer < old_version->integer ||
           (writer->imports && new_version->integer == old_version->integer);
}

/*
 * Decides what becomes of a job that is stored, and records the change while the old row can still
 * be read. An older answer changes nothing but the mark: the service does list the job.
 */
static bool judge(struct store *store, const struct store_writer *writer,
                  const struct stored_job *stored, const struct record *incoming,
                  enum store_put_result *ret_result, bool write[RECORD_PARTS_MAX],
                  struct error *err)
{
    bool differs = false;
    store_change_describe(store, &stored->record, incoming, write);
    for (size_t i = 0; i < store->model->part_count; i++) {
        differs |= write[i];
    }
    *ret_result = differs ? PUT_UPDATED : PUT_UNCHANGED;
    if (differs && is_older(store, writer, incoming, &stored->record)) {
        *ret_result = PUT_STALE;
        differs = false;
        store_change_start(store);
        incoming = &stored->record;
    }
    if (!differs && (stored->missing_since.kind == VALUE_NULL || writer->imports)) {
        return true;
    }
    return store_change_add(store, writer, stored, incoming, err);
}

static bool put_known(struct store *store, const struct store_writer *writer,
                      struct statement *select, const struct record *record, struct store_put *put,
                      struct error *err)
{
    struct stored_job stored = {0};
    bool write[RECORD_PARTS_MAX] = {false};
    read_stored(select, &stored);
    bool marked = stored.missing_since.kind != VALUE_NULL;
    bool done = statement_read_ok(select, err) &&
                judge(store, writer, &stored, record, &put->result, write, err);
    statement_close(select); /* the texts of `stored` end here */
    /* A job keeps the source that first listed it as long as that lists it. What is imported was
     * listed once, which says nothing about now. */
    bool takes = stored.to_own && !writer->imports;
    put->row = stored.row;
    put->own = stored.own && !marked;
    put->returned = marked && !writer->imports;
    put->elsewhere = !stored.own && !takes;
    bool updates = put->result == PUT_UPDATED; /* which removes a mark, too */
    return done &&
           (!(takes || (put->returned && !updates)) ||
            note_listed(store, writer, takes, record, err)) &&
           (!updates || write_parts(store, writer, record, write, NULL, err));
}

bool store_job_put(struct store *store, const struct store_writer *writer,
                   const struct record *record, struct store_put *ret_put, struct error *err)
{
    const struct value *key = &record->values[0][store->model->key];
    *ret_put = (struct store_put){.result = PUT_INSERTED};
    if (!store_need_transaction(store, "a job is written", err)) {
        return false;
    }
    if (key->kind != VALUE_TEXT) {
        return error_set(err, ERROR_INTERNAL, "a job without an id cannot be stored");
    }
    struct statement select;
    if (!open_generated(store, STATEMENT_JOB_SELECT, 0, store_model_select_sql, "read a job",
                        &select, err)) {
        return false;
    }
    statement_bind_value(&select, key);
    statement_bind_integer(&select, writer->source_id);
    bool known = false;
    if (!statement_step(&select, &known, err)) {
        statement_close(&select);
        return false;
    }
    if (known) {
        return put_known(store, writer, &select, record, ret_put, err);
    }
    statement_close(&select);
    return write_parts(store, writer, record, record->present, &ret_put->row, err);
}
