#include "cli/query.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "base/zone.h"
#include "cli/cli.h"
#include "store/sql_files.h"

#define NAME_SIZE 64
#define TIME_LENGTH 19 /* "2026-01-15 08:30:00" */

struct cli_option cli_time_zone(const char **target)
{
    return (struct cli_option){
        "time-zone", "ZONE",         "Asia/Shanghai or +08:00, for times (default TZ)",
        CLI_TEXT,    (void *)target, 0,
        0,           CLI_OUTPUT};
}

bool query_run(struct store *store, const char *name, const struct store_parameter *parameters,
               size_t count, const struct store_rows *rows, struct error *err)
{
    char file_name[NAME_SIZE];
    size_t i = 0;
    (void)snprintf(file_name, sizeof(file_name), "%s.sql", name);
    while (sql_queries[i].name != NULL && strcmp(sql_queries[i].name, file_name) != 0) {
        i++;
    }
    assert(sql_queries[i].name != NULL);
    const struct store_query query = {sql_queries[i].text, name, parameters, count};
    return store_query_run(store, &query, rows, err);
}

static bool compare_row(const struct cell *cells, size_t count, void *context, struct error *err)
{
    struct query_search *search = context;
    (void)count, (void)err;
    if (cells[0].kind == CELL_TEXT) {
        search->found = search->found || strcmp(cells[0].text, search->nearest.word) == 0;
        text_nearest_try(&search->nearest, cells[0].text);
    }
    return true;
}

bool query_search(struct store *store, const char *table, const char *column, const char *word,
                  struct query_search *ret_search, struct error *err)
{
    char sql[256];
    const struct store_parameter parameter = {":word", text_cell(word)};
    const struct store_query query = {sql, "read what is stored", &parameter, 1};
    const struct store_rows rows = {.row = compare_row, .context = ret_search};
    *ret_search = (struct query_search){.nearest.word = word};
    (void)snprintf(sql, sizeof(sql),
                   "SELECT DISTINCT %s FROM %s WHERE %s = :word"
                   " OR NOT EXISTS (SELECT 1 FROM %s WHERE %s = :word)",
                   column, table, column, table, column);
    return store_query_run(store, &query, &rows, err);
}

/* --- a table for people -------------------------------------------------------------------- */

struct table {
    struct store_rows out;
    const char *title;
    size_t rows;
    size_t most, columns;           /* that it may show, that it shows */
    size_t from[STORE_COLUMNS_MAX]; /* the column of the query */
    bool is_time[STORE_COLUMNS_MAX];
    char texts[STORE_COLUMNS_MAX][NAME_SIZE]; /* names, then times */
};

static bool take_columns(const char *const *names, size_t count, void *context, struct error *err)
{
    struct table *table = context;
    const char *shown[STORE_COLUMNS_MAX];
    for (size_t i = 0; i < count && table->columns < table->most; i++) {
        size_t at = table->columns;
        size_t length = strlen(names[i]);
        bool is_utc = text_ends_with(names[i], "_utc");
        if (i + 1 == count || !text_starts_with(names[i + 1], names[i]) ||
            strcmp(names[i + 1] + length, "_utc") != 0) {
            table->is_time[at] = is_utc || text_ends_with(names[i], "_value");
            (void)snprintf(table->texts[at], NAME_SIZE, "%.*s", (int)(length - (is_utc ? 4 : 0)),
                           names[i]);
            shown[at] = table->texts[at];
            table->from[at] = i;
            table->columns++;
        }
    }
    return table->out.columns(shown, table->columns, table->out.context, err);
}

static bool take_row(const struct cell *cells, size_t count, void *context, struct error *err)
{
    struct table *table = context;
    struct cell shown[STORE_COLUMNS_MAX];
    (void)count;
    if (table->rows++ == 0 && table->title != NULL) {
        (void)printf("\n%s\n", table->title);
    }
    for (size_t i = 0; i < table->columns; i++) {
        shown[i] = cells[table->from[i]];
        if (table->is_time[i] && shown[i].kind == CELL_TEXT && shown[i].length == TIME_LENGTH) {
            char iso[CLOCK_ISO8601_SIZE];
            int64_t seconds;
            (void)snprintf(iso, sizeof(iso), "%.19sZ", shown[i].text);
            if (clock_from_rfc3339(iso, &seconds)) {
                zone_text(seconds, table->texts[i]);
                shown[i].text = table->texts[i];
                shown[i].length = strlen(table->texts[i]);
            }
        }
    }
    return table->out.row(shown, table->columns, table->out.context, err);
}

bool query_print(struct store *store, const char *name, const struct store_parameter *parameters,
                 size_t count, enum rows_format format, const char *title, size_t columns,
                 struct error *err)
{
    struct table table = {.title = title, .most = columns};
    const struct store_rows people = {take_columns, take_row, &table};
    bool is_table = format == ROWS_TABLE;
    if (!cli_rows_begin(format, &table.out, err)) {
        return false;
    }
    bool done = query_run(store, name, parameters, count, is_table ? &people : &table.out, err);
    bool printed = cli_rows_end(&table.out, done && (!is_table || table.rows > 0), err);
    return printed || (done && is_table && table.rows == 0);
}
