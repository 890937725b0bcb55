/*
 * The guarded upsert, its history, and missing marks. The stored row is read and compared here, so
 * an unchanged job costs no write and a changed one leaves its history; the statement repeats the
 * guard against older rows.
 */
#include <inttypes.h>
#include <string.h>

#include "base/json.h"
#include "store/internal.h"
#include "store/job.h"

static const struct value no_value = {.kind = VALUE_NULL};

/* A job as it is stored; texts are borrowed from the statement that read it. */
struct stored_job {
    int64_t row;
    struct record record;
    struct value missing_since;
    bool own;    /* it is stored under the writer's source */
    bool to_own; /* the writer's source takes it over */
};

/* --- how a job differs: JSON, column -> [old, new] ----------------------------------------- */

static void append_value(struct buffer *text, const struct value *value)
{
    if (value->kind == VALUE_TEXT) {
        json_quote(text, value->text != NULL ? value->text : "", value->length);
    } else if (value->kind == VALUE_INTEGER) {
        buffer_printf(text, "%" PRId64, value->integer);
    } else {
        buffer_puts(text, "null");
    }
}

/* Appends the pair when the values differ. */
static bool describe_value(struct buffer *text, const char *table, const char *column,
                           const struct value *before, const struct value *after)
{
    if (value_equal(before, after)) {
        return false;
    }
    buffer_printf(text, "%s%s%s%s\":[", text->length > 1 ? ",\"" : "\"", table,
                  table[0] != '\0' && column[0] != '\0' ? "." : "", column);
    append_value(text, before);
    buffer_putc(text, ',');
    append_value(text, after);
    buffer_putc(text, ']');
    return true;
}

static void start_change(struct buffer *text)
{
    buffer_reset(text);
    buffer_putc(text, '{');
}

/* Columns of the other parts are named "table.column"; a part that appeared or vanished also gives
 * "table": [0, 1] or [1, 0], so that a part without a value leaves a trace. */
static bool describe_part(struct store *store, size_t part, const struct record *stored,
                          const struct record *incoming)
{
    const struct record_part *description = &store->model->parts[part];
    const char *table = part == 0 ? "" : description->table;
    bool was = part == 0 || stored->present[part];
    bool is = part == 0 || incoming->present[part];
    if (!was && !is) {
        return false;
    }
    struct buffer *text = &store->change_text;
    struct value before = integer_value(was);
    struct value after = integer_value(is);
    bool differs = describe_value(text, table, "", &before, &after);
    for (size_t i = 0; i < description->field_count; i++) {
        differs |= describe_value(text, table, description->fields[i].column,
                                  was ? &stored->values[part][i] : &no_value,
                                  is ? &incoming->values[part][i] : &no_value);
    }
    differs |= describe_value(text, table, "extra", was ? &stored->extra[part] : &no_value,
                              is ? &incoming->extra[part] : &no_value);
    return differs;
}

/* --- the row of restore_job_change ---------------------------------------------------------- */

/* The value of a column that the row repeats; none where the model has no such field. */
static const struct value *tracked_value(const struct record_model *model,
                                         const struct record *record, const char *table,
                                         const char *column)
{
    for (size_t part = 0; part < model->part_count; part++) {
        int field = record_field_by_column(&model->parts[part], column);
        if (field >= 0 && strcmp(model->parts[part].table, table) == 0 &&
            (part == 0 || record->present[part])) {
            return &record->values[part][field];
        }
    }
    return &no_value;
}

/* Adds the row for store->change_text and the removal of a missing mark. What is imported was
 * listed once, so a mark stays. */
static bool add_change(struct store *store, const struct store_writer *writer,
                       const struct stored_job *stored, const struct record *incoming,
                       struct error *err)
{
    static const char *const tracked[][2] = {{"restore_job", "status"},
                                             {"restore_job", "progress"},
                                             {"restore_job", "bytes_done"},
                                             {"restore_job", "items_done"},
                                             {"restore_job_report", "report_task_status"}};
    const struct record_model *model = store->model;
    struct buffer *text = &store->change_text;
    if (!writer->imports) {
        describe_value(text, "", "missing_since", &stored->missing_since, &no_value);
    }
    buffer_putc(text, '}');
    if (!buffer_ok(text, "the description of a change", err)) {
        return false;
    }
    struct value values[15] = {stored->record.values[0][model->key], integer_value(writer->run_id),
                               integer_value(writer->now), incoming->values[0][model->version]};
    size_t count = 4;
    for (size_t i = 0; i < sizeof(tracked) / sizeof(tracked[0]); i++) {
        const char *const *name = tracked[i];
        values[count++] = *tracked_value(model, &stored->record, name[0], name[1]);
        values[count++] = *tracked_value(model, incoming, name[0], name[1]);
    }
    values[count++] = text_value(text->data);
    return statement_run(store, sql_change_add, "record a change", values, count, NULL, err);
}

/* --- writing ------------------------------------------------------------------------------- */

static bool put_part(struct store *store, const struct store_writer *writer,
                     const struct record *record, size_t part, struct error *err)
{
    const struct record_model *model = store->model;
    struct value values[RECORD_FIELDS_MAX + 5];
    size_t count = 0;
    if (part > 0) {
        values[count++] = record->values[0][model->key];
    }
    for (size_t i = 0; i < model->parts[part].field_count; i++) {
        values[count++] = record->values[part][i];
    }
    values[count++] = record->extra[part];
    if (part == 0) {
        values[count++] = integer_value(writer->source_id);
        values[count++] = integer_value(writer->run_id);
        values[count++] = integer_value(writer->run_id);
        values[count++] = integer_value(writer->imports);
    }
    int64_t changes = 0;
    return statement_run(store, store->part_put[part].data, "write a job", values, count, &changes,
                         err) &&
           (changes == 1 || error_set(err, ERROR_INTERNAL, "a job was not written by its upsert"));
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
    bool done = true;
    for (size_t part = 1; done && part < store->model->part_count; part++) {
        if (write[part]) {
            done =
                record->present[part]
                    ? put_part(store, writer, record, part, err)
                    : statement_run(store, store->part_delete[part].data, "remove a part of a job",
                                    VALUES(record->values[0][store->model->key]), NULL, err);
        }
    }
    return done;
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
    start_change(&store->change_text);
    for (size_t i = 0; i < store->model->part_count; i++) {
        write[i] = describe_part(store, i, &stored->record, incoming);
        differs |= write[i];
    }
    *ret_result = differs ? PUT_UPDATED : PUT_UNCHANGED;
    if (differs && is_older(store, writer, incoming, &stored->record)) {
        *ret_result = PUT_STALE;
        differs = false;
        start_change(&store->change_text);
        incoming = &stored->record;
    }
    if (!differs && (stored->missing_since.kind == VALUE_NULL || writer->imports)) {
        return true;
    }
    return add_change(store, writer, stored, incoming, err);
}

static bool put_known(struct store *store, const struct store_writer *writer,
                      struct statement *select, const struct record *record, struct store_put *put,
                      struct error *err)
{
    /* In the order of job-select.sql. */
    struct stored_job stored = {.row = statement_integer(select, 0, 0),
                                .own = statement_integer(select, 1, 0) != 0,
                                .missing_since = value_at(select->handle, 2),
                                .to_own = statement_integer(select, 3, 0) != 0};
    bool write[RECORD_PARTS_MAX] = {false};
    store_model_read_parts(select, 4, &stored.record);
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
            statement_run(store, sql_job_listed, "note that a job is listed",
                          VALUES(integer_value(writer->run_id), integer_value(takes),
                                 integer_value(writer->source_id),
                                 record->values[0][store->model->key]),
                          NULL, err)) &&
           (!updates || write_parts(store, writer, record, write, NULL, err));
}

bool store_job_put(struct store *store, const struct store_writer *writer,
                   const struct record *record, struct store_put *ret_put, struct error *err)
{
    const struct value *key = &record->values[0][store->model->key];
    *ret_put = (struct store_put){.result = PUT_INSERTED};
    if (key->kind != VALUE_TEXT) {
        return error_set(err, ERROR_INTERNAL, "a job without an id cannot be stored");
    }
    struct statement select;
    if (!statement_open(store, store->job_select.data, "read a job",
                        VALUES(*key, integer_value(writer->source_id)), &select, err)) {
        return false;
    }
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

/* --- missing marks ------------------------------------------------------------------------- */

bool store_job_mark_missing(struct store *store, const struct store_writer *writer,
                            const struct row_set *rows, int64_t *ret_count, struct error *err)
{
    *ret_count = 0;
    for (int64_t row = row_set_next(rows, 0); row != 0; row = row_set_next(rows, row)) {
        const struct value values[] = {integer_value(row), integer_value(writer->run_id),
                                       integer_value(writer->now),
                                       integer_value(writer->source_id)};
        int64_t marked = 0;
        if (!statement_run(store, sql_missing_change, "mark a job missing", values, 4, NULL, err) ||
            !statement_run(store, sql_missing_mark, "mark a job missing", values, 4, &marked,
                           err)) {
            return false;
        }
        *ret_count += marked;
    }
    return true;
}
