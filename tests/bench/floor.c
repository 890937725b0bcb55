/*
 * What this machine needs at least: json-c that parses the answers, and SQLite that writes the
 * rows, each alone.
 *
 * floor parse PAGES        PAGES holds answers, one a line
 * floor write FROM TO      TO gets FROM's schema and the rows of its data tables, in one
 * transaction
 *
 * Prints the seconds and the processor time of the work itself: the input is in memory before it
 * starts.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include <json-c/json.h>
#include <sqlite3.h>

struct span {
    double seconds, cpu;
};

static _Noreturn void give_up(const char *what)
{
    fprintf(stderr, "floor: %s\n", what);
    exit(1);
}

static struct span now(void)
{
    struct timespec at;
    struct rusage used;
    if (clock_gettime(CLOCK_MONOTONIC, &at) != 0 || getrusage(RUSAGE_SELF, &used) != 0) {
        give_up("no clock");
    }
    return (struct span){(double)at.tv_sec + (double)at.tv_nsec / 1e9,
                         (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
                             (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6};
}

static void print_since(struct span start)
{
    struct span end = now();
    printf("{\"seconds\": %.6f, \"cpu\": %.6f}\n", end.seconds - start.seconds,
           end.cpu - start.cpu);
}

/* --- parse --------------------------------------------------------------------------------- */

static char *read_file(const char *path, size_t *length)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL || fseek(file, 0, SEEK_END) != 0 || ftell(file) < 0) {
        give_up("cannot read the answers");
    }
    *length = (size_t)ftell(file);
    rewind(file);
    char *bytes = malloc(*length + 1);
    if (bytes == NULL || fread(bytes, 1, *length, file) != *length) {
        give_up("cannot read the answers");
    }
    fclose(file);
    return bytes;
}

static void parse(const char *path)
{
    size_t length = 0;
    char *bytes = read_file(path, &length);
    struct json_tokener *tokener = json_tokener_new();
    struct span start = now();
    for (char *line = bytes, *end; line < bytes + length; line = end + 1) {
        end = memchr(line, '\n', (size_t)(bytes + length - line));
        if (end == NULL) {
            give_up("the last answer has no end");
        }
        json_tokener_reset(tokener);
        struct json_object *answer = json_tokener_parse_ex(tokener, line, (int)(end - line));
        if (answer == NULL) {
            give_up("an answer is not JSON");
        }
        json_object_put(answer);
    }
    print_since(start);
    json_tokener_free(tokener);
    free(bytes);
}

/* --- write --------------------------------------------------------------------------------- */

static const char *const tables[] = {"sync_source", "restore_job", "restore_job_report",
                                     "restore_job_ots_detail"};
enum { TABLE_COUNT = sizeof tables / sizeof *tables };

struct rows {
    int columns;
    size_t count;
    sqlite3_value **values; /* row by row */
};

static void need(sqlite3 *db, bool is_done)
{
    if (!is_done) {
        give_up(sqlite3_errmsg(db));
    }
}

static void run(sqlite3 *db, const char *sql)
{
    need(db, sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK);
}

static struct rows read_rows(sqlite3 *db, const char *sql)
{
    sqlite3_stmt *select = NULL;
    struct rows rows = {0};
    size_t room = 0;
    need(db, sqlite3_prepare_v2(db, sql, -1, &select, NULL) == SQLITE_OK);
    rows.columns = sqlite3_column_count(select);
    while (sqlite3_step(select) == SQLITE_ROW) {
        size_t used = rows.count * (size_t)rows.columns;
        if (used + (size_t)rows.columns > room) {
            room = 2 * room + 4096;
            rows.values = realloc(rows.values, room * sizeof(sqlite3_value *));
            if (rows.values == NULL) {
                give_up("out of memory");
            }
        }
        for (int i = 0; i < rows.columns; i++) {
            rows.values[used + (size_t)i] = sqlite3_value_dup(sqlite3_column_value(select, i));
        }
        rows.count++;
    }
    need(db, sqlite3_finalize(select) == SQLITE_OK);
    return rows;
}

static void free_rows(struct rows *rows)
{
    for (size_t i = 0; i < rows->count * (size_t)rows->columns; i++) {
        sqlite3_value_free(rows->values[i]);
    }
    free(rows->values);
}

static void insert(sqlite3 *db, const char *table, const struct rows *rows)
{
    char sql[1024];
    sqlite3_stmt *add = NULL;
    int length = snprintf(sql, sizeof sql, "INSERT INTO %s VALUES (?", table);
    for (int i = 1; i < rows->columns && length + 4 < (int)sizeof sql; i++) {
        length += snprintf(sql + length, sizeof sql - (size_t)length, ", ?");
    }
    snprintf(sql + length, sizeof sql - (size_t)length, ")");
    need(db, sqlite3_prepare_v2(db, sql, -1, &add, NULL) == SQLITE_OK);
    for (size_t row = 0; row < rows->count; row++) {
        for (int i = 0; i < rows->columns; i++) {
            sqlite3_bind_value(add, i + 1, rows->values[row * (size_t)rows->columns + (size_t)i]);
        }
        need(db, sqlite3_step(add) == SQLITE_DONE && sqlite3_reset(add) == SQLITE_OK);
    }
    need(db, sqlite3_finalize(add) == SQLITE_OK);
}

static void write_rows(const char *from, const char *to)
{
    sqlite3 *source = NULL;
    sqlite3 *target = NULL;
    struct rows rows[TABLE_COUNT];
    char sql[128];
    need(source, sqlite3_open_v2(from, &source, SQLITE_OPEN_READONLY, NULL) == SQLITE_OK);
    struct rows schema = read_rows(
        source, "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL AND type IN ('table', 'index')"
                " AND tbl_name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY type DESC");
    for (size_t i = 0; i < TABLE_COUNT; i++) {
        snprintf(sql, sizeof sql, "SELECT * FROM %s ORDER BY rowid", tables[i]);
        rows[i] = read_rows(source, sql);
    }
    sqlite3_close(source);
    struct span start = now();
    need(target, sqlite3_open(to, &target) == SQLITE_OK);
    run(target, "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;"
                "PRAGMA cache_size = -32768; BEGIN IMMEDIATE;");
    for (size_t i = 0; i < schema.count; i++) {
        run(target, (const char *)sqlite3_value_text(schema.values[i]));
    }
    for (size_t i = 0; i < TABLE_COUNT; i++) {
        insert(target, tables[i], &rows[i]);
    }
    run(target, "COMMIT");
    need(target, sqlite3_close(target) == SQLITE_OK);
    print_since(start);
    free_rows(&schema);
    for (size_t i = 0; i < TABLE_COUNT; i++) {
        free_rows(&rows[i]);
    }
}

int main(int argc, char **argv)
{
    if (argc == 3 && strcmp(argv[1], "parse") == 0) {
        parse(argv[2]);
    } else if (argc == 4 && strcmp(argv[1], "write") == 0) {
        write_rows(argv[2], argv[3]);
    } else {
        give_up("usage: floor parse PAGES | floor write FROM TO");
    }
    return 0;
}
