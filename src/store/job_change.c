/*
 * restore_job_change: how a job differs from its stored row, as JSON, column -> [old, new].
 *
 * Columns of the other parts are named "table.column"; a part that appeared or vanished also gives
 * "table": [0, 1] or [1, 0], so that a part without a value leaves a trace.
 */
#include <inttypes.h>
#include <string.h>

#include "base/json.h"
#include "store/internal.h"
#include "store/job.h"

static const struct {
    const char *table;
    const char *column;
} tracked_columns[STORE_TRACKED_COUNT] = {
    {"restore_job", "status"},
    {"restore_job", "progress"},
    {"restore_job", "bytes_done"},
    {"restore_job", "items_done"},
    {"restore_job_report", "report_task_status"},
};

static const struct value no_value = {.kind = VALUE_NULL};

void store_change_prepare(struct store *store)
{
    const struct record_model *model = store->model;
    for (size_t i = 0; i < STORE_TRACKED_COUNT; i++) {
        store->tracked[i].part = -1;
        for (size_t part = 0; part < model->part_count; part++) {
            int field = record_field_by_column(&model->parts[part], tracked_columns[i].column);
            if (field >= 0 && strcmp(model->parts[part].table, tracked_columns[i].table) == 0) {
                store->tracked[i].part = (int)part;
                store->tracked[i].field = field;
            }
        }
    }
}

/* --- text ---------------------------------------------------------------------------------- */

static void append_value(struct buffer *text, const struct value *value)
{
    switch (value->kind) {
    case VALUE_TEXT:
        json_quote(text, value->text != NULL ? value->text : "", value->length);
        return;
    case VALUE_INTEGER:
        buffer_printf(text, "%" PRId64, value->integer);
        return;
    case VALUE_NULL:
        break;
    }
    buffer_puts(text, "null");
}

static void append_pair(struct buffer *text, const char *table, const char *column,
                        const struct value *before, const struct value *after)
{
    buffer_puts(text, text->length > 1 ? ",\"" : "\"");
    buffer_puts(text, table);
    buffer_puts(text, table[0] != '\0' && column[0] != '\0' ? "." : "");
    buffer_puts(text, column);
    buffer_puts(text, "\":[");
    append_value(text, before);
    buffer_putc(text, ',');
    append_value(text, after);
    buffer_putc(text, ']');
}

void store_change_start(struct store *store)
{
    buffer_reset(&store->change_text);
    buffer_putc(&store->change_text, '{');
}

/* Appends the pair when the values differ. */
static bool describe_value(struct store *store, const char *table, const char *column,
                           const struct value *before, const struct value *after)
{
    if (value_equal(before, after)) {
        return false;
    }
    append_pair(&store->change_text, table, column, before, after);
    return true;
}

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
    bool differs = false;
    if (was != is) {
        struct value before = {.kind = VALUE_INTEGER, .integer = was};
        struct value after = {.kind = VALUE_INTEGER, .integer = is};
        differs = describe_value(store, table, "", &before, &after);
    }
    for (size_t i = 0; i < description->field_count; i++) {
        differs |= describe_value(store, table, description->fields[i].column,
                                  was ? &stored->values[part][i] : &no_value,
                                  is ? &incoming->values[part][i] : &no_value);
    }
    differs |= describe_value(store, table, "extra", was ? &stored->extra[part] : &no_value,
                              is ? &incoming->extra[part] : &no_value);
    return differs;
}

void store_change_describe(struct store *store, const struct record *stored,
                           const struct record *incoming, bool ret_differs[RECORD_PARTS_MAX])
{
    store_change_start(store);
    for (size_t i = 0; i < store->model->part_count; i++) {
        ret_differs[i] = describe_part(store, i, stored, incoming);
    }
}

/* --- row ----------------------------------------------------------------------------------- */

static const struct value *tracked_value(const struct store *store, size_t index,
                                         const struct record *record)
{
    const struct store_tracked *tracked = &store->tracked[index];
    if (tracked->part < 0 || (tracked->part > 0 && !record->present[tracked->part])) {
        return &no_value;
    }
    return &record->values[tracked->part][tracked->field];
}

/* What is imported was listed once, so a mark stays. */
static bool finish_text(struct store *store, const struct store_writer *writer,
                        const struct stored_job *stored, struct error *err)
{
    struct buffer *text = &store->change_text;
    if (stored->missing_since.kind != VALUE_NULL && !writer->imports) {
        append_pair(text, "", "missing_since", &stored->missing_since, &no_value);
    }
    buffer_putc(text, '}');
    return buffer_ok(text, "the description of a change", err);
}

bool store_change_add(struct store *store, const struct store_writer *writer,
                      const struct stored_job *stored, const struct record *incoming,
                      struct error *err)
{
    static const char sql[] =
        "INSERT INTO restore_job_change (" CHANGE_COLUMNS ")"
        " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)";
    struct statement add;
    if (!finish_text(store, writer, stored, err) ||
        !statement_open(store, STATEMENT_CHANGE_ADD, sql, "record a change", &add, err)) {
        return false;
    }
    statement_bind_value(&add, &stored->record.values[0][store->model->key]);
    statement_bind_integer(&add, writer->run_id);
    statement_bind_integer(&add, writer->now);
    statement_bind_value(&add, &incoming->values[0][store->model->version]);
    for (size_t i = 0; i < STORE_TRACKED_COUNT; i++) {
        statement_bind_value(&add, tracked_value(store, i, &stored->record));
        statement_bind_value(&add, tracked_value(store, i, incoming));
    }
    statement_bind_text(&add, store->change_text.data, store->change_text.length);
    return statement_run(&add, NULL, err);
}
