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
    while (start + end < made->length &&
           made->data[made->length - end - 1] == found->data[found->length - end - 1]) {
        end++;
    }
    const char *added = found->data + start;
    size_t length = found->length - start - end;
    return start + end == made->length && (added[0] == ',' || added[length - 1] == ',') &&
           strcasestr(added, "CONFLICT") == NULL;
}

/* SQL function, of an object as made and as found: 0 the same, 1 with more columns, 2 different. */
static void likeness(sqlite3_context *context, int count, sqlite3_value **arguments)
{
    struct buffer texts[2];
    (void)count;
    for (int i = 0; i < 2; i++) {
        const char *sql = (const char *)sqlite3_value_text(arguments[i]);
        buffer_init(&texts[i], SQL_MAX);
        append_plain(&texts[i], sql != NULL ? sql : "");
    }
    if ((texts[0].failed && !texts[0].too_long) || (texts[1].failed && !texts[1].too_long)) {
        sqlite3_result_error_nomem(context);
    } else {
        bool same = !texts[1].too_long && strcmp(texts[0].data, texts[1].data) == 0;
        sqlite3_result_int(context, same ? 0 : has_more_columns(&texts[0], &texts[1]) ? 1 : 2);
    }
    buffer_free(&texts[0]);
    buffer_free(&texts[1]);
}

/* --- the comparison ------------------------------------------------------------------------ */

struct comparison {
    struct store *store;
    sqlite3 *made; /* in memory: the schema as it should be, temp.found and temp.allowed */
    store_schema_tell *tell;
    void *context;
};

static const char *text_at(sqlite3_stmt *row, int column)
{
    const char *text = (const char *)sqlite3_column_text(row, column);
    return text != NULL ? text : "";
}

static bool cannot_compare(struct comparison *comparison, struct error *err)
{
    if (comparison->made == NULL || sqlite3_errcode(comparison->made) == SQLITE_NOMEM ||
        sqlite3_errcode(comparison->store->db) == SQLITE_NOMEM) {
        return error_no_memory(err);
    }
    return error_set(err, ERROR_INTERNAL, "the built-in schema cannot be made: %s",
                     sqlite3_errmsg(comparison->made));
}

static bool make(struct comparison *comparison, bool with_views, struct error *err)
{
    const struct store *store = comparison->store;
    const struct sql_file *views = store->views;
    bool done = store_connect(":memory:", SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE,
                              &comparison->made) == SQLITE_OK &&
                sqlite3_create_function(comparison->made, "likeness", 2, SQLITE_UTF8, NULL,
                                        likeness, NULL, NULL) == SQLITE_OK;
    for (int i = 0; done && i < store->version; i++) {
        done = sqlite3_exec(comparison->made, store->migrations[i].text, NULL, NULL, NULL) ==
               SQLITE_OK;
    }
    for (; done && with_views && views->name != NULL; views++) {
        done = sqlite3_exec(comparison->made, views->text, NULL, NULL, NULL) == SQLITE_OK;
    }
    done = done && sqlite3_exec(comparison->made,
                                ALLOWED_SQL ";CREATE TEMP TABLE found (type, name, tbl_name, sql);"
                                            "CREATE TEMP TABLE allowed (name, sql)",
                                NULL, NULL, NULL) == SQLITE_OK;
    return done || cannot_compare(comparison, err);
}

struct copying {
    sqlite3 *to;
    const char *sql;
};

static bool copy_row(sqlite3_stmt *row, void *context)
{
    const struct copying *copying = context;
    const struct value values[] = {value_at(row, 0), value_at(row, 1), value_at(row, 2),
                                   value_at(row, 3)};
    return sqlite3_errcode(sqlite3_db_handle(row)) != SQLITE_NOMEM &&
           store_run_once(copying->to, copying->sql, values, 4, NULL, NULL) == SQLITE_DONE;
}

/* Copies four columns of the file. */
static bool copy(struct comparison *comparison, const char *from, const char *to, struct error *err)
{
    struct copying copying = {comparison->made, to};
    int result = store_run_once(comparison->store->db, from, NO_VALUES, copy_row, &copying);
    return result == SQLITE_DONE ||
           (result == SQLITE_ROW ? cannot_compare(comparison, err)
                                 : store_error(comparison->store, err, "read the schema"));
}

/* Copies the file's schema, without SQLite's own tables and indexes. A trigger or view is never
 * SQLite's own: whoever edits the schema can give it such a name. SQLite takes the type in any
 * case. */
static bool find(struct comparison *comparison, struct error *err)
{
    return copy(
        comparison,
        "SELECT lower(type), name, tbl_name, sql FROM sqlite_master"
        " WHERE lower(type) IN ('trigger', 'view') OR name NOT LIKE 'sqlite\\_%' ESCAPE '\\'",
        "INSERT INTO temp.found VALUES (?1, ?2, ?3, ?4)", err);
}

/* The triggers that are allowed now, by name, and those that were, where the table of them is one.
 */
static bool find_allowed(struct comparison *comparison, struct error *err)
{
    int64_t remembers = 0;
    for (size_t i = 0; i < allowed.count; i++) {
        if (store_run_once(comparison->made, "INSERT INTO temp.allowed VALUES (?1, NULL)",
                           VALUES(text_value(allowed.names[i])), NULL, NULL) != SQLITE_DONE) {
            return cannot_compare(comparison, err);
        }
    }
    if (!store_query_integer_on(comparison->made,
                                "SELECT EXISTS (SELECT 1 FROM temp.found AS f"
                                " JOIN main.sqlite_master AS m ON m.name = f.name COLLATE NOCASE"
                                " WHERE m.name = '" ALLOWED_TABLE "' AND f.type = 'table'"
                                " AND likeness(m.sql, f.sql) = 0)",
                                &remembers)) {
        return cannot_compare(comparison, err);
    }
    return remembers == 0 || copy(comparison, "SELECT 0, name, 0, sql FROM " ALLOWED_TABLE,
                                  "INSERT INTO temp.allowed VALUES (?2, ?4)", err);
}

/* Columns of schema.sql: weight, text, what was added to a table of ours, whether columns. */
static bool take_difference(sqlite3_stmt *row, void *context)
{
    struct comparison *comparison = context;
    struct store *store = comparison->store;
    const char *addition = text_at(row, 2);
    buffer_puts(&store->added, addition[0] != '\0' && store->added.length > 0 ? ", " : "");
    buffer_puts(&store->added, addition);
    store->has_columns |= sqlite3_column_int(row, 3) != 0;
    comparison->tell((enum store_schema_weight)sqlite3_column_int(row, 0), text_at(row, 1),
                     comparison->context);
    return true;
}

static bool each(struct comparison *comparison, const char *sql,
                 bool (*visit)(sqlite3_stmt *row, void *context), struct error *err)
{
    return store_run_once(comparison->made, sql, NO_VALUES, visit, comparison) == SQLITE_DONE ||
           cannot_compare(comparison, err);
}

static bool is_own_table(const char *table)
{
    char quoted[120];
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
static bool compile(sqlite3_stmt *row, void *context)
{
    struct comparison *comparison = context;
    sqlite3 *db = comparison->store->db;
    int result = SQLITE_OK;
    for (const char *sql = text_at(row, 1); result == SQLITE_OK && *sql != '\0';) {
        sqlite3_stmt *ignored = NULL;
        result = sqlite3_prepare_v2(db, sql, -1, &ignored, &sql);
        (void)sqlite3_finalize(ignored);
    }
    if (result != SQLITE_OK && result != SQLITE_NOMEM) {
        char text[512];
        (void)snprintf(text, sizeof(text),
                       "a sync cannot write to %s: %s; added to the database: %s", text_at(row, 0),
                       sqlite3_errmsg(db), comparison->store->added.data);
        comparison->tell(SCHEMA_BLOCKING, text, comparison->context);
    }
    return result != SQLITE_NOMEM;
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
    return each(comparison, sql_schema_writes, compile, err);
}

bool store_schema_compare(struct store *store, bool with_views, store_schema_tell *tell_difference,
                          void *context, struct error *err)
{
    struct comparison comparison = {.store = store, .tell = tell_difference, .context = context};
    buffer_reset(&store->added);
    bool ok = make(&comparison, with_views, err) && find(&comparison, err) &&
              find_allowed(&comparison, err) &&
              each(&comparison, sql_schema, take_difference, err) &&
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

bool store_check_schema(struct store *store, struct error *err)
{
    struct findings findings = {.unusable = ""};
    buffer_init(&findings.blocking, BLOCKING_MAX);
    bool ok = store_schema_compare(store, false, keep_findings, &findings, err);
    if (ok && findings.unusable[0] != '\0') {
        error_set(err, ERROR_DATABASE, "%s is damaged: %s", store->path, findings.unusable);
        ok = error_hint(err, "`hbrsync verify` lists all that differs. " STORE_DAMAGE_ADVICE);
    } else if (ok && findings.blocking.length > 0 && store->mode != STORE_READ) {
        error_set(err, ERROR_DATABASE, "%s: %s", store->path, findings.blocking.data);
        ok = error_hint(err, STORE_BLOCKING_ADVICE);
    }
    buffer_free(&findings.blocking);
    return ok;
}

static bool remember(struct store *store, struct error *err)
{
    bool done = sqlite3_exec(store->db, ALLOWED_SQL, NULL, NULL, NULL) == SQLITE_OK;
    for (size_t i = 0; done && i < allowed.count; i++) {
        done = store_run_once(store->db,
                              "INSERT OR REPLACE INTO " ALLOWED_TABLE
                              " SELECT name, sql FROM sqlite_master"
                              " WHERE lower(type) = 'trigger' AND name = ?1 COLLATE NOCASE",
                              VALUES(text_value(allowed.names[i])), NULL, NULL) == SQLITE_DONE;
    }
    return done || store_error(store, err, "remember the allowed triggers");
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
    return allowed.count == 0 ||
           (store_begin(store, err) && store_end(store, remember(store, err), err));
}
