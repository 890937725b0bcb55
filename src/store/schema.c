/*
 * The schema of a file is input, too. It is compared with the one that this program's own SQL makes
 * in memory: a table that is a view, or a trigger that nobody allowed, is not read or run. What
 * users add (tables, views, indexes, columns) is theirs and only noted.
 */
#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/text.h"
#include "store/internal.h"

#define SQL_MAX ((size_t)1 << 20)
#define NAME_SHOWN 120
/* Made when the first trigger is allowed. The text is kept: another trigger of the same name is not
 * the one that was allowed. */
#define ALLOWED_TABLE "sync_allowed_trigger"
#define ALLOWED_SQL                                                                                \
    "CREATE TABLE IF NOT EXISTS " ALLOWED_TABLE                                                    \
    " (name TEXT PRIMARY KEY NOT NULL, sql TEXT NOT NULL)"
#define BLOCKING_MAX 2048 /* bytes of what is told of all that is in the way of a sync */

static struct {
    const char *const *names;
    size_t count;
} allowed;

void store_allow_triggers(const char *const *names, size_t count)
{
    allowed.names = names;
    allowed.count = count;
}

/* --- texts --------------------------------------------------------------------------------- */

static bool is_word(char byte)
{
    return isalnum((unsigned char)byte) || byte == '_' || (unsigned char)byte >= 0x80;
}

/* Where the quoted text or the comment at `at` ends; `at` itself for anything else. */
static const char *skip(const char *at, bool *ret_comment)
{
    *ret_comment = true;
    if (at[0] == '-' && at[1] == '-') {
        return at + strcspn(at, "\n");
    }
    if (at[0] == '/' && at[1] == '*') {
        const char *end = strstr(at + 2, "*/");
        return end != NULL ? end + 2 : at + strlen(at);
    }
    *ret_comment = false;
    if (strchr("'\"`[", at[0]) == NULL || at[0] == '\0') {
        return at;
    }
    const char *end = strchr(at + 1, at[0] == '[' ? ']' : at[0]);
    return end != NULL ? end + 1 : at + strlen(at);
}

/* The text without comments and needless space, so that neither makes a difference. */
static void append_plain(struct buffer *plain, const char *sql)
{
    bool space = false;
    while (*sql != '\0') {
        bool comment = false;
        const char *end = skip(sql, &comment);
        if (comment || isspace((unsigned char)*sql)) {
            sql = comment ? end : sql + 1;
            space = true;
            continue;
        }
        if (space && plain->length > 0 && is_word(plain->data[plain->length - 1]) &&
            is_word(*sql)) {
            buffer_putc(plain, ' ');
        }
        space = false;
        end = end == sql ? sql + 1 : end;
        buffer_append(plain, sql, (size_t)(end - sql));
        sql = end;
    }
}

/* Whether columns were added, as ALTER TABLE does, and nothing that changes how rows are stored. */
static bool has_more_columns(const struct buffer *made, const struct buffer *found)
{
    size_t start = 0;
    size_t end = 0;
    if (found->length <= made->length) {
        return false;
    }
    while (start < made->length && made->data[start] == found->data[start]) {
        start++;
    }
    const char *last = made->data + made->length;
    while (end < made->length &&
           last[-1 - (ptrdiff_t)end] == found->data[found->length - end - 1]) {
        end++;
    }
    end = end < made->length - start ? end : made->length - start;
    const char *added = found->data + start;
    size_t length = found->length - start - end;
    return start + end == made->length && (added[0] == ',' || added[length - 1] == ',') &&
           strcasestr(added, "CONFLICT") == NULL;
}

enum likeness { SAME, MORE_COLUMNS, DIFFERENT };

static bool compare_texts(const char *made, const char *found, enum likeness *ret_likeness,
                          struct error *err)
{
    struct buffer left, right;
    buffer_init(&left, SQL_MAX);
    buffer_init(&right, SQL_MAX);
    append_plain(&left, made);
    append_plain(&right, found);
    bool ok = true;
    if (right.too_long) {
        *ret_likeness = DIFFERENT;
    } else {
        ok = buffer_ok(&left, "the schema", err) && buffer_ok(&right, "the schema", err);
        *ret_likeness = strcmp(left.data, right.data) == 0      ? SAME
                        : ok && has_more_columns(&left, &right) ? MORE_COLUMNS
                                                                : DIFFERENT;
    }
    buffer_free(&left);
    buffer_free(&right);
    return ok;
}

/* --- the comparison ------------------------------------------------------------------------ */

struct comparison {
    struct store *store;
    sqlite3 *made; /* in memory: the schema as it should be, and temp.found */
    store_schema_tell *tell;
    void *context;
    bool remembers; /* there is a table of allowed triggers, and it is one */
};

static void tell(struct comparison *comparison, enum store_schema_weight weight, const char *format,
                 ...) PRINTF_LIKE(3, 4);

static void tell(struct comparison *comparison, enum store_schema_weight weight, const char *format,
                 ...)
{
    char text[512];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    comparison->tell(weight, text, comparison->context);
}

static const char *text_at(sqlite3_stmt *row, int column)
{
    const char *text = (const char *)sqlite3_column_text(row, column);
    return text != NULL ? text : "";
}

/* Keeps for hints what the user added to a table of ours. */
static void keep_addition(struct comparison *comparison, const char *type, const char *name,
                          const char *table)
{
    struct buffer *added = &comparison->store->added;
    buffer_puts(added, added->length > 0 ? ", " : "");
    buffer_printf(added, "the %s %.*s on %.*s", type, NAME_SHOWN, name, NAME_SHOWN, table);
}

/* Columns: type, name and SQL as made; type and SQL as found. */
static bool compare_own(struct comparison *comparison, sqlite3_stmt *row, struct error *err)
{
    const char *type = text_at(row, 0);
    const char *name = text_at(row, 1);
    const char *found = text_at(row, 3);
    bool is_table = strcmp(type, "table") == 0;
    bool is_view = strcmp(type, "view") == 0;
    bool is_memory = strcmp(name, ALLOWED_TABLE) == 0;
    enum store_schema_weight weight = is_table ? SCHEMA_UNUSABLE : SCHEMA_PROBLEM;
    enum likeness likeness = DIFFERENT;
    if (strcmp(type, found) == 0 &&
        !compare_texts(text_at(row, 2), text_at(row, 4), &likeness, err)) {
        return false;
    }
    comparison->remembers |= is_memory && likeness == SAME;
    if (likeness == SAME || (is_memory && found[0] == '\0')) {
        return true;
    }
    if (found[0] == '\0') {
        tell(comparison, is_view ? SCHEMA_NOTE : weight, "the %s %s is not there%s", type, name,
             is_view ? "; the next sync makes it" : "");
    } else if (is_view && strcmp(found, "table") == 0) {
        tell(comparison, SCHEMA_NOTE,
             "%s is a table, as `publish --tables` makes it, and not a view, as a sync needs it",
             name);
    } else if (strcmp(type, found) != 0) {
        tell(comparison, weight, "%s is a %s, not a %s", name, found, type);
    } else if (likeness == MORE_COLUMNS && is_table) {
        comparison->store->has_columns = true;
        keep_addition(comparison, "columns", "", name);
        tell(comparison, SCHEMA_NOTE, "the table %s has columns that are not hbrsync's", name);
    } else {
        tell(comparison, is_view ? SCHEMA_NOTE : weight,
             "the %s %s is not as this version makes it%s", type, name,
             is_view ? "; the next sync makes it anew" : "");
    }
    return true;
}

static bool is_allowed(struct comparison *comparison, const char *name, const char *sql,
                       bool *ret_allowed, struct error *err)
{
    sqlite3_stmt *query = NULL;
    *ret_allowed = false;
    for (size_t i = 0; i < allowed.count; i++) {
        *ret_allowed |= strcasecmp(allowed.names[i], name) == 0;
    }
    if (*ret_allowed || !comparison->remembers) {
        return true;
    }
    int result = sqlite3_prepare_v2(comparison->store->db,
                                    "SELECT 1 FROM " ALLOWED_TABLE " WHERE name = ?1 AND sql = ?2",
                                    -1, &query, NULL);
    if (result == SQLITE_OK) {
        (void)sqlite3_bind_text(query, 1, name, -1, SQLITE_STATIC);
        (void)sqlite3_bind_text(query, 2, sql, -1, SQLITE_STATIC);
        result = sqlite3_step(query);
    }
    *ret_allowed = result == SQLITE_ROW;
    bool ok = result == SQLITE_ROW || result == SQLITE_DONE ||
              store_error(comparison->store, err, "read the allowed triggers");
    (void)sqlite3_finalize(query);
    return ok;
}

/* Columns: type, name, table and SQL as found, and whether the table is ours. */
static bool compare_foreign(struct comparison *comparison, sqlite3_stmt *row, struct error *err)
{
    const char *name = text_at(row, 1);
    const char *sql = text_at(row, 3);
    bool is_fine = false;
    bool is_trigger = strcmp(text_at(row, 0), "trigger") == 0;
    bool is_ours = sqlite3_column_int(row, 4) != 0;
    if (is_ours && (is_trigger || strcmp(text_at(row, 0), "index") == 0)) {
        keep_addition(comparison, text_at(row, 0), name, text_at(row, 2));
    }
    if (!is_trigger || !is_ours) {
        tell(comparison, SCHEMA_NOTE, "the %s %.*s is not hbrsync's", text_at(row, 0), NAME_SHOWN,
             name);
        return true;
    }
    if (!is_allowed(comparison, name, sql, &is_fine, err)) {
        return false;
    }
    if (strcasestr(sql, "RAISE") != NULL && strcasestr(sql, "IGNORE") != NULL) {
        tell(comparison, SCHEMA_BLOCKING,
             "the trigger %.*s on %s could leave out what a sync stores: RAISE(IGNORE)", NAME_SHOWN,
             name, text_at(row, 2));
    } else if (!is_fine) {
        tell(comparison, SCHEMA_BLOCKING,
             "the trigger %.*s on %s is not hbrsync's, and a sync would run it", NAME_SHOWN, name,
             text_at(row, 2));
    } else {
        tell(comparison, SCHEMA_NOTE, "the trigger %.*s on %s is not hbrsync's, but allowed",
             NAME_SHOWN, name, text_at(row, 2));
    }
    return true;
}

static bool cannot_compare(struct comparison *comparison, struct error *err)
{
    return error_set(err, ERROR_INTERNAL, "the built-in schema cannot be made: %s",
                     comparison->made != NULL ? sqlite3_errmsg(comparison->made) : "out of memory");
}

/* Calls `compare` with each row. */
static bool each(struct comparison *comparison, const char *sql,
                 bool (*compare)(struct comparison *comparison, sqlite3_stmt *row,
                                 struct error *err),
                 struct error *err)
{
    sqlite3_stmt *rows = NULL;
    int result = sqlite3_prepare_v2(comparison->made, sql, -1, &rows, NULL);
    bool ok = result == SQLITE_OK;
    while (ok && (result = sqlite3_step(rows)) == SQLITE_ROW) {
        ok = compare(comparison, rows, err);
    }
    if (ok ? result != SQLITE_DONE : result != SQLITE_ROW) {
        ok = cannot_compare(comparison, err);
    }
    (void)sqlite3_finalize(rows);
    return ok;
}

static bool make(struct comparison *comparison, const struct sql_file *migrations,
                 const struct sql_file *views, struct error *err)
{
    bool done = store_connect(":memory:", SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE,
                              &comparison->made) == SQLITE_OK;
    for (int i = 0; done && i < comparison->store->version; i++) {
        done = sqlite3_exec(comparison->made, migrations[i].text, NULL, NULL, NULL) == SQLITE_OK;
    }
    for (; done && views->name != NULL; views++) {
        done = sqlite3_exec(comparison->made, views->text, NULL, NULL, NULL) == SQLITE_OK;
    }
    done = done && sqlite3_exec(comparison->made,
                                ALLOWED_SQL ";CREATE TEMP TABLE found (type TEXT, name TEXT, "
                                            "tbl_name TEXT, sql TEXT)",
                                NULL, NULL, NULL) == SQLITE_OK;
    return done || cannot_compare(comparison, err);
}

/* Copies the file's schema into temp.found, without SQLite's own tables and indexes. A trigger or
 * view is never SQLite's own: whoever edits the schema can give it such a name. SQLite takes the
 * type in any case. */
static bool find(struct comparison *comparison, struct error *err)
{
    sqlite3_stmt *rows = NULL;
    sqlite3_stmt *add = NULL;
    int result = sqlite3_prepare_v2(
        comparison->store->db,
        "SELECT lower(type), name, tbl_name, sql FROM sqlite_master"
        " WHERE lower(type) IN ('trigger', 'view') OR name NOT LIKE 'sqlite\\_%' ESCAPE '\\'",
        -1, &rows, NULL);
    bool ok = result == SQLITE_OK;
    if (ok && sqlite3_prepare_v2(comparison->made, "INSERT INTO temp.found VALUES (?1, ?2, ?3, ?4)",
                                 -1, &add, NULL) != SQLITE_OK) {
        (void)sqlite3_finalize(rows);
        return cannot_compare(comparison, err);
    }
    while (ok && (result = sqlite3_step(rows)) == SQLITE_ROW) {
        for (int i = 0; ok && i < 4; i++) {
            ok = sqlite3_bind_value(add, i + 1, sqlite3_column_value(rows, i)) == SQLITE_OK;
        }
        ok = ok && sqlite3_step(add) == SQLITE_DONE && sqlite3_reset(add) == SQLITE_OK;
    }
    (void)sqlite3_finalize(add);
    if (result != SQLITE_DONE) {
        ok = result == SQLITE_ROW ? cannot_compare(comparison, err)
                                  : store_error(comparison->store, err, "read the schema");
    }
    (void)sqlite3_finalize(rows);
    return ok;
}

static bool is_own_table(const char *table)
{
    char quoted[NAME_SHOWN];
    (void)snprintf(quoted, sizeof(quoted), "'%s'", table);
    return strcasestr(STORE_TABLES, quoted) != NULL;
}

/* Whoever allowed a trigger allowed it to keep tables of his own, not to change what a sync
 * stores. */
static int authorize(void *context, int action, const char *table, const char *column,
                     const char *schema, const char *trigger)
{
    (void)context;
    (void)column;
    (void)schema;
    bool writes = action == SQLITE_INSERT || action == SQLITE_UPDATE || action == SQLITE_DELETE;
    return writes && trigger != NULL && is_own_table(table) ? SQLITE_DENY : SQLITE_OK;
}

/* Columns: a table of ours, and all that a sync may write to it. To compile that finds what no
 * other look at the schema would: a function, a module or a collation of another program. */
static bool compile(struct comparison *comparison, sqlite3_stmt *row, struct error *err)
{
    sqlite3 *db = comparison->store->db;
    int result = SQLITE_OK;
    for (const char *sql = text_at(row, 1); result == SQLITE_OK && *sql != '\0';) {
        sqlite3_stmt *ignored = NULL;
        result = sqlite3_prepare_v2(db, sql, -1, &ignored, &sql);
        (void)sqlite3_finalize(ignored);
    }
    if (result == SQLITE_NOMEM) {
        return error_no_memory(err);
    }
    if (result != SQLITE_OK) {
        tell(comparison, SCHEMA_BLOCKING,
             "a sync cannot write to %s: %s; added to the database: %s", text_at(row, 0),
             sqlite3_errmsg(db), comparison->store->added.data);
    }
    return true;
}

static bool compile_writes(struct comparison *comparison, struct error *err)
{
    struct store *store = comparison->store;
    if (store->added.length == 0 || store->mode == STORE_READ) {
        return true;
    }
    if (sqlite3_set_authorizer(store->db, authorize, NULL) != SQLITE_OK) {
        return store_error(store, err, "limit triggers");
    }
    return each(
        comparison,
        "SELECT m.name, printf('INSERT INTO \"%w\" DEFAULT VALUES; UPDATE \"%w\" SET %s;%s',"
        " m.name, m.name, group_concat(printf('\"%w\" = \"%w\"', c.name, c.name)),"
        " iif(m.name IN ('restore_job', 'restore_job_change'), '',"
        " printf(' DELETE FROM \"%w\"', m.name)))"
        " FROM main.sqlite_master AS m, pragma_table_info(m.name) AS c"
        " WHERE m.type = 'table' AND m.name <> '" ALLOWED_TABLE "' GROUP BY m.name",
        compile, err);
}

bool store_schema_compare(struct store *store, const struct sql_file *migrations,
                          const struct sql_file *views, store_schema_tell *tell_difference,
                          void *context, struct error *err)
{
    struct comparison comparison = {.store = store, .tell = tell_difference, .context = context};
    buffer_reset(&store->added);
    /* A trigger may have the name of a table. */
#define IS_SAME " m.name = f.name COLLATE NOCASE AND (m.type = 'trigger') = (f.type = 'trigger')"
    bool ok = make(&comparison, migrations, views, err) && find(&comparison, err) &&
              each(&comparison,
                   "SELECT m.type, m.name, m.sql, f.type, f.sql FROM main.sqlite_master AS m"
                   " LEFT JOIN temp.found AS f ON" IS_SAME " WHERE m.name NOT LIKE 'sqlite\\_%'"
                   " ESCAPE '\\' ORDER BY m.type = 'table' DESC, m.name",
                   compare_own, err) &&
              each(&comparison,
                   "SELECT f.type, f.name, f.tbl_name, f.sql, EXISTS (SELECT 1 FROM"
                   " main.sqlite_master AS m WHERE m.type = 'table'"
                   " AND m.name = f.tbl_name COLLATE NOCASE) FROM temp.found AS f"
                   " WHERE NOT EXISTS (SELECT 1 FROM main.sqlite_master AS m WHERE" IS_SAME
                   " OR m.name = f.tbl_name AND m.type = 'view' AND f.type = 'index')"
                   " ORDER BY f.type, f.name",
                   compare_foreign, err) &&
              compile_writes(&comparison, err);
    (void)sqlite3_close(comparison.made);
    return ok;
}

/* --- opening ------------------------------------------------------------------------------- */

struct findings {
    char unusable[512];     /* the first, "" none */
    struct buffer blocking; /* all */
};

static void keep_findings(enum store_schema_weight weight, const char *text, void *context)
{
    struct findings *findings = context;
    if (weight == SCHEMA_UNUSABLE && findings->unusable[0] == '\0') {
        (void)text_fit(findings->unusable, sizeof(findings->unusable), text);
    } else if (weight == SCHEMA_BLOCKING) {
        buffer_puts(&findings->blocking, findings->blocking.length > 0 ? "; " : "");
        buffer_puts(&findings->blocking, text);
    }
}

static bool judge(const struct store *store, const struct findings *findings, struct error *err)
{
    if (findings->unusable[0] != '\0') {
        error_set(err, ERROR_DATABASE, "%s is damaged: %s", store->path, findings->unusable);
        return error_hint(err, "`hbrsync verify` lists all that differs. " STORE_DAMAGE_ADVICE);
    }
    if (findings->blocking.length > 0 && store->mode != STORE_READ) {
        error_set(err, ERROR_DATABASE, "%s: %s", store->path, findings->blocking.data);
        return error_hint(err, STORE_BLOCKING_ADVICE);
    }
    return true;
}

bool store_check_schema(struct store *store, const struct sql_file *migrations, struct error *err)
{
    /* Views that differ are only noted, and to make them takes longer than all the rest. */
    static const struct sql_file no_views[] = {{NULL, NULL, 0}};
    struct findings findings = {.unusable = ""};
    buffer_init(&findings.blocking, BLOCKING_MAX);
    bool ok = store_schema_compare(store, migrations, no_views, keep_findings, &findings, err) &&
              judge(store, &findings, err);
    buffer_free(&findings.blocking);
    return ok;
}

static bool remember(struct store *store, struct error *err)
{
    sqlite3_stmt *add = NULL;
    bool done = sqlite3_exec(store->db, ALLOWED_SQL, NULL, NULL, NULL) == SQLITE_OK &&
                sqlite3_prepare_v2(store->db,
                                   "INSERT OR REPLACE INTO " ALLOWED_TABLE
                                   " SELECT name, sql FROM sqlite_master"
                                   " WHERE lower(type) = 'trigger' AND name = ?1 COLLATE NOCASE",
                                   -1, &add, NULL) == SQLITE_OK;
    for (size_t i = 0; done && i < allowed.count; i++) {
        done = sqlite3_bind_text(add, 1, allowed.names[i], -1, SQLITE_STATIC) == SQLITE_OK &&
               sqlite3_step(add) == SQLITE_DONE && sqlite3_reset(add) == SQLITE_OK;
    }
    if (!done) {
        store_error(store, err, "remember the allowed triggers");
    }
    (void)sqlite3_finalize(add);
    return done;
}

bool store_limit_triggers(struct store *store, struct error *err)
{
    /* References that the user added are for readers to follow; a job may come before what it
     * names. */
    if (sqlite3_set_authorizer(store->db, authorize, NULL) != SQLITE_OK ||
        (store->has_columns &&
         !store_exec(store, "PRAGMA foreign_keys = OFF", "limit references", err))) {
        return store_error(store, err, "limit triggers");
    }
    if (allowed.count == 0) {
        return true;
    }
    if (!store_begin(store, err)) {
        return false;
    }
    if (!remember(store, err) || !store_commit(store, err)) {
        store_rollback(store);
        return false;
    }
    return true;
}
