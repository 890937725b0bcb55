#include "settings.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "memory.h"

enum setting_kind { SETTING_BOOL, SETTING_INTEGER, SETTING_CHOICE, SETTING_LIST };

struct setting {
    const char *name;
    enum setting_kind kind;
    size_t offset;
    int64_t least;
    int64_t most;
    const char *choices; /* separated by '|'; the first is the default */
    const char *preset;  /* of a list: names separated by '|' */
    int64_t initial;     /* of a number or a bool */
};

#define AT(field) offsetof(struct settings, field)
#define BOOL_SETTING(field, value)                                                                 \
    {                                                                                              \
#field, SETTING_BOOL, AT(field), 0, 1, NULL, NULL, value                                   \
    }
#define INTEGER_SETTING(field, from, to, value)                                                    \
    {                                                                                              \
#field, SETTING_INTEGER, AT(field), from, to, NULL, NULL, value                            \
    }
#define CHOICE_SETTING(field, names)                                                               \
    {                                                                                              \
#field, SETTING_CHOICE, AT(field), 0, 0, names, NULL, 0                                    \
    }
#define LIST_SETTING(field, names)                                                                 \
    {                                                                                              \
#field, SETTING_LIST, AT(field), 0, 0, NULL, names, 0                                      \
    }
#define BILLION INT64_C(1000000000)

static const struct setting table[] = {
    CHOICE_SETTING(order,
                   "created_desc|created_asc|updated_desc|updated_asc|complete_desc|random|hash"),
    CHOICE_SETTING(drift, "none|inserts|deletes|both"),
    CHOICE_SETTING(drift_place, "front|middle|old"),
    CHOICE_SETTING(drift_kind, "open|closed|mixed"),
    INTEGER_SETTING(drift_limit, 0, BILLION, 0),
    INTEGER_SETTING(drift_every, 1, BILLION, 1),
    INTEGER_SETTING(deep_page_cap, 0, BILLION, 0),
    CHOICE_SETTING(deep_page_mode, "error|empty|repeat_last|count|success_false"),
    CHOICE_SETTING(children, "in_listing|by_parent"),
    LIST_SETTING(ignore_filters, ""),
    LIST_SETTING(empty_filters, ""),
    LIST_SETTING(untyped_without, ""),
    LIST_SETTING(region_hidden, ""),
    LIST_SETTING(region_nameless, ""),
    BOOL_SETTING(region_capitals, false),
    LIST_SETTING(refuse_filters, ""),
    LIST_SETTING(refuse_operators, ""),
    LIST_SETTING(undocumented_filters,
                 "sourceType|targetBucket|targetFileSystemId|targetInstanceId"),
    LIST_SETTING(id_filters, "restoreId"),
    BOOL_SETTING(job_id_is_restore_id, false),
    BOOL_SETTING(zero_complete_time_matches, false),
    CHOICE_SETTING(between, "inclusive|exclusive|lower_only|upper_only"),
    CHOICE_SETTING(untyped, "all|refused|partial"),
    CHOICE_SETTING(edition, "honoured|ignored|refused|refused_always"),
    CHOICE_SETTING(total_count, "right|absent|negative|huge|string|wrong_by_one"),
    BOOL_SETTING(gzip, true),
    INTEGER_SETTING(clock_skew_seconds, -BILLION, BILLION, 0),
    LIST_SETTING(permission, "allow"),
    LIST_SETTING(region_down, ""),
    LIST_SETTING(region_unavailable, ""),
    LIST_SETTING(region_empty, ""),
    BOOL_SETTING(accounts_share_world, false),
    INTEGER_SETTING(stale_answers, 0, BILLION, 0),
    BOOL_SETTING(extra_fields, false),
    INTEGER_SETTING(wrong_types, 0, BILLION, 0),
    CHOICE_SETTING(null_envelope, "off|always|when_empty|absent_when_empty|object_when_empty"),
    BOOL_SETTING(single_object, false),
    BOOL_SETTING(flat_restore_jobs, false),
    BOOL_SETTING(success_as_string, false),
    BOOL_SETTING(code_as_number, false),
    BOOL_SETTING(page_size_echo_wrong, false),
    BOOL_SETTING(log_ids, false),
    INTEGER_SETTING(latency_ms, 0, 600000, 0),
    INTEGER_SETTING(quota_per_minute, 0, BILLION, 0),
    CHOICE_SETTING(sts, "right|refused|unavailable|garbled|keyless"),
    INTEGER_SETTING(sts_lifetime_seconds, 0, BILLION, 0),
    INTEGER_SETTING(sts_grace_seconds, 0, BILLION, 0),
    LIST_SETTING(oidc_tokens, "canary-oidc-token"),
    CHOICE_SETTING(imds, "both|v2_only|v1_only|no_role|failing|garbled|off"),
    CHOICE_SETTING(credentials_uri, "right|refused|garbled|failed"),
};

enum { SETTINGS = sizeof table / sizeof *table };

static void *field_of(struct settings *settings, const struct setting *setting)
{
    return (char *)settings + setting->offset;
}

static const void *field_in(const struct settings *settings, const struct setting *setting)
{
    return (const char *)settings + setting->offset;
}

static void list_clear(struct name_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        free(list->names[i]);
    }
    free(list->names);
    *list = (struct name_list){0};
}

static void list_add(struct name_list *list, const char *name, size_t length)
{
    char *copy = must_alloc(length + 1);
    memcpy(copy, name, length);
    list->names = must_resize(list->names, list->count + 1, sizeof *list->names);
    list->names[list->count++] = copy;
}

static void set_preset(struct settings *settings, const struct setting *setting)
{
    if (setting->kind == SETTING_BOOL) {
        *(bool *)field_of(settings, setting) = setting->initial != 0;
    } else if (setting->kind == SETTING_INTEGER) {
        *(int64_t *)field_of(settings, setting) = setting->initial;
    } else if (setting->kind == SETTING_CHOICE) {
        *(int *)field_of(settings, setting) = 0;
    } else {
        const char *at = setting->preset;
        while (*at != '\0') {
            size_t length = strcspn(at, "|");
            list_add(field_of(settings, setting), at, length);
            at += length + (at[length] == '|' ? 1 : 0);
        }
    }
}

void settings_init(struct settings *settings)
{
    memset(settings, 0, sizeof *settings);
    for (size_t i = 0; i < SETTINGS; i++) {
        set_preset(settings, &table[i]);
    }
}

void settings_release(struct settings *settings)
{
    for (size_t i = 0; i < SETTINGS; i++) {
        if (table[i].kind == SETTING_LIST) {
            list_clear(field_of(settings, &table[i]));
        }
    }
}

static const struct setting *find_setting(const char *name)
{
    for (size_t i = 0; i < SETTINGS; i++) {
        if (strcmp(table[i].name, name) == 0) {
            return &table[i];
        }
    }
    return NULL;
}

/* The position of `name` among choices separated by '|', or -1. */
static int find_choice(const char *choices, const char *name)
{
    size_t length = strlen(name);
    for (int position = 0; *choices != '\0'; position++) {
        size_t choice = strcspn(choices, "|");
        if (choice == length && strncmp(choices, name, length) == 0) {
            return position;
        }
        choices += choice + (choices[choice] == '|' ? 1 : 0);
    }
    return -1;
}

/* The choice at a position, and its length. */
static const char *choice_at(const char *choices, int position, int *length)
{
    while (position-- > 0) {
        choices += strcspn(choices, "|") + 1;
    }
    *length = (int)strcspn(choices, "|");
    return choices;
}

/* Takes a list of names, one name, or null for none. */
static bool set_list(struct name_list *list, struct json_object *value)
{
    size_t count =
        json_object_is_type(value, json_type_array) ? json_object_array_length(value) : 0;
    for (size_t i = 0; i < count; i++) {
        if (!json_object_is_type(json_object_array_get_idx(value, i), json_type_string)) {
            return false;
        }
    }
    if (count == 0 && !json_object_is_type(value, json_type_array) && value != NULL &&
        !json_object_is_type(value, json_type_string)) {
        return false;
    }
    list_clear(list);
    for (size_t i = 0; i < count; i++) {
        const char *name = json_object_get_string(json_object_array_get_idx(value, i));
        list_add(list, name, strlen(name));
    }
    if (json_object_is_type(value, json_type_string)) {
        list_add(list, json_object_get_string(value), strlen(json_object_get_string(value)));
    }
    return true;
}

/* A choice by its name; false means the first, true the second. */
static bool set_choice(int *field, const char *choices, struct json_object *value)
{
    int position = -1;
    if (json_object_is_type(value, json_type_boolean)) {
        position = json_object_get_boolean(value);
    } else if (json_object_is_type(value, json_type_string)) {
        position = find_choice(choices, json_object_get_string(value));
    }
    if (position >= 0) {
        *field = position;
    }
    return position >= 0;
}

static bool set_value(struct settings *settings, const struct setting *setting,
                      struct json_object *value)
{
    void *field = field_of(settings, setting);
    switch (setting->kind) {
    case SETTING_BOOL:
        if (!json_object_is_type(value, json_type_boolean)) {
            return false;
        }
        *(bool *)field = json_object_get_boolean(value) != 0;
        return true;
    case SETTING_INTEGER:
        if (!json_object_is_type(value, json_type_int) ||
            json_object_get_int64(value) < setting->least ||
            json_object_get_int64(value) > setting->most) {
            return false;
        }
        *(int64_t *)field = json_object_get_int64(value);
        return true;
    case SETTING_CHOICE:
        return set_choice(field, setting->choices, value);
    case SETTING_LIST:
        return set_list(field, value);
    }
    return false;
}

static bool apply_all(struct settings *settings, struct json_object *changes, char *problem,
                      size_t size)
{
    json_object_object_foreach(changes, name, value)
    {
        const struct setting *setting = find_setting(name);
        if (setting == NULL) {
            snprintf(problem, size, "unknown setting \"%s\"", name);
            return false;
        }
        if (!set_value(settings, setting, value)) {
            snprintf(problem, size, "bad value for the setting \"%s\"", name);
            return false;
        }
    }
    return true;
}

bool settings_apply(struct settings *settings, struct json_object *changes, char *problem,
                    size_t size)
{
    struct settings trial;
    settings_init(&trial);
    bool is_right = apply_all(&trial, changes, problem, size);
    settings_release(&trial);
    return is_right && apply_all(settings, changes, problem, size);
}

static struct json_object *show_value(const struct settings *settings,
                                      const struct setting *setting)
{
    const void *field = field_in(settings, setting);
    if (setting->kind == SETTING_BOOL) {
        return json_object_new_boolean(*(const bool *)field);
    }
    if (setting->kind == SETTING_INTEGER) {
        return json_object_new_int64(*(const int64_t *)field);
    }
    if (setting->kind == SETTING_CHOICE) {
        int length = 0;
        const char *choice = choice_at(setting->choices, *(const int *)field, &length);
        return json_object_new_string_len(choice, length);
    }
    const struct name_list *list = field;
    struct json_object *names = json_object_new_array();
    for (size_t i = 0; i < list->count; i++) {
        json_object_array_add(names, json_object_new_string(list->names[i]));
    }
    return names;
}

struct json_object *settings_show(const struct settings *settings)
{
    struct json_object *shown = json_object_new_object();
    for (size_t i = 0; i < SETTINGS; i++) {
        json_object_object_add(shown, table[i].name, show_value(settings, &table[i]));
    }
    return shown;
}

bool same_name(const char *a, const char *b)
{
    return tolower((unsigned char)a[0]) == tolower((unsigned char)b[0]) &&
           (a[0] == '\0' || strcmp(a + 1, b + 1) == 0);
}

bool name_list_has(const struct name_list *list, const char *name)
{
    for (size_t i = 0; i < list->count; i++) {
        if (same_name(list->names[i], name)) {
            return true;
        }
    }
    return false;
}
