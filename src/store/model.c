/* The SQL that is generated from the model, by which the schema is checked, too. */
#include <string.h>

#include "store/internal.h"

#define SQL_MAX ((size_t)64 << 10)

/* --- generated SQL ------------------------------------------------------------------------- */

static const char *key_column(const struct record_model *model)
{
    return model->parts[0].fields[model->key].column;
}

void store_model_append_parts(const struct record_model *model, struct buffer *sql)
{
    const char *key = key_column(model);
    for (size_t i = 0; i < model->part_count; i++) {
        if (i > 0) {
            buffer_printf(sql, ", p%zu.%s IS NOT NULL", i, key);
        }
        for (size_t j = 0; j < model->parts[i].field_count; j++) {
            buffer_printf(sql, ", p%zu.%s", i, model->parts[i].fields[j].column);
        }
        buffer_printf(sql, ", p%zu.extra", i);
    }
    buffer_printf(sql, " FROM %s AS p0", model->parts[0].table);
    for (size_t i = 1; i < model->part_count; i++) {
        buffer_printf(sql, " LEFT JOIN %s AS p%zu ON p%zu.%s = p0.%s", model->parts[i].table, i, i,
                      key, key);
    }
}

void store_model_read_parts(const struct statement *row, int column, struct record *ret_record)
{
    const struct record_model *model = row->store->model;
    for (size_t part = 0; part < model->part_count; part++) {
        ret_record->present[part] = part == 0 || statement_integer(row, column++, 0) != 0;
        for (size_t i = 0; i < model->parts[part].field_count; i++) {
            ret_record->values[part][i] = value_at(row->handle, column++);
        }
        ret_record->extra[part] = value_at(row->handle, column++);
    }
}

/* The columns of job-select.sql, then the parts. */
static void make_select(const struct record_model *model, struct buffer *sql)
{
    buffer_init(sql, SQL_MAX);
    buffer_puts(sql, sql_job_select);
    store_model_append_parts(model, sql);
    buffer_printf(sql, " WHERE p0.%s = ?1", key_column(model));
}

static void append_updates(const struct record_part *part, const char *key, struct buffer *sql)
{
    buffer_printf(sql, ") ON CONFLICT (%s) DO UPDATE SET extra = excluded.extra", key);
    for (size_t i = 0; i < part->field_count; i++) {
        const char *column = part->fields[i].column;
        if (strcmp(column, key) != 0) {
            buffer_printf(sql, ", %s = excluded.%s", column, column);
        }
    }
}

/* The status that is inserted, if it is a final one, else NULL. */
static void append_settled(const struct record_model *model, struct buffer *sql)
{
    buffer_printf(sql, ", CASE WHEN ?%zu IN (", model->status + 1);
    for (size_t i = 0; model->final_statuses[i] != NULL; i++) {
        buffer_printf(sql, "%s'%s'", i > 0 ? ", " : "", model->final_statuses[i]);
    }
    buffer_printf(sql, ") THEN ?%zu END", model->status + 1);
}

/*
 * Part 0 takes its fields, extra, source_id, the run twice, and whether a missing mark stays; the
 * source, the first run and the settled status of a known job stay, and a row that is newer by its
 * version field stays altogether. The other parts take the key, their fields and extra.
 */
static void make_put(const struct record_model *model, size_t part, struct buffer *sql)
{
    const struct record_part *description = &model->parts[part];
    const char *key = key_column(model);
    size_t count = description->field_count + (part == 0 ? 4 : 2);
    buffer_init(sql, SQL_MAX);
    buffer_printf(sql, "INSERT INTO %s (%s", description->table, part == 0 ? "" : key);
    for (size_t i = 0; i < description->field_count; i++) {
        buffer_printf(sql, "%s%s", part == 0 && i == 0 ? "" : ", ", description->fields[i].column);
    }
    buffer_puts(sql, part == 0 ? ", extra, source_id, first_run_id, changed_run_id, settled_status"
                               : ", extra");
    buffer_puts(sql, ") VALUES (?1");
    for (size_t i = 1; i < count; i++) {
        buffer_printf(sql, ", ?%zu", i + 1);
    }
    if (part == 0) {
        append_settled(model, sql);
    }
    append_updates(description, key, sql);
    if (part == 0) {
        const char *version = description->fields[model->version].column;
        buffer_printf(sql,
                      ", changed_run_id = excluded.changed_run_id,"
                      " settled_status = coalesce(%s.settled_status, excluded.settled_status),"
                      " missing_since = CASE WHEN ?%zu THEN %s.missing_since END"
                      " WHERE excluded.%s IS NULL OR %s.%s IS NULL OR excluded.%s >= %s.%s",
                      description->table, count + 1, description->table, version,
                      description->table, version, version, description->table, version);
    }
}

bool store_model_prepare(struct store *store, struct error *err)
{
    const struct record_model *model = store->model;
    struct statement select;
    make_select(model, &store->job_select);
    bool done = buffer_ok(&store->job_select, "a generated statement", err);
    for (size_t part = 0; done && part < model->part_count; part++) {
        struct buffer *delete = &store->part_delete[part];
        make_put(model, part, &store->part_put[part]);
        buffer_init(delete, SQL_MAX);
        buffer_printf(delete, "DELETE FROM %s WHERE %s = ?1", model->parts[part].table,
                      key_column(model));
        done = buffer_ok(&store->part_put[part], "a generated statement", err) &&
               buffer_ok(delete, "a generated statement", err);
    }
    if (!done) {
        return false;
    }
    if (!statement_open(store, store->job_select.data, "find the columns of a job", NO_VALUES,
                        &select, err)) {
        if (err != NULL && err->code == ERROR_DATABASE && err->hint[0] == '\0') {
            error_hint(err,
                       "The schema was altered by something else; put a backup of the file back.");
        }
        return false;
    }
    statement_close(&select);
    return true;
}
