#include "filter.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "codec.h"

static const struct {
    const char *name;
    bool is_documented;
} keys[KEY_COUNT] = {
    {"RegionId", true},
    {"PlanId", true},
    {"JobId", true},
    {"VaultId", true},
    {"InstanceId", true},
    {"Bucket", true},
    {"FileSystemId", true},
    {"Status", true},
    {"CompleteTime", true},
    {"RestoreId", false},
    {"ParentId", false},
    {"SourceType", false},
    {"TargetBucket", false},
    {"TargetFileSystemId", false},
    {"TargetInstanceId", false},
};

static const char *const operators[OPERATOR_COUNT] = {"IN",
                                                      "EQUAL",
                                                      "NOT_EQUAL",
                                                      "GREATER_THAN",
                                                      "GREATER_THAN_OR_EQUAL",
                                                      "LESS_THAN",
                                                      "LESS_THAN_OR_EQUAL",
                                                      "BETWEEN"};

static bool refuse_parameter(struct service_error *error, const char *name)
{
    return refuse(error, 400, "InvalidParameter", "The specified parameter %s is not valid.", name);
}

/* Reads a decimal index from 1 to `most` that ends at a '.' or at the end. */
static bool take_index(const char **at, long most, size_t *index)
{
    char *end = NULL;
    if (!isdigit((unsigned char)**at) || **at == '0') {
        return false;
    }
    long number = strtol(*at, &end, 10);
    if (number < 1 || number > most || (*end != '.' && *end != '\0')) {
        return false;
    }
    *index = (size_t)number;
    *at = end;
    return true;
}

bool filters_take(struct filters *filters, const struct pair *parameter,
                  struct service_error *error)
{
    const char *at = parameter->name;
    size_t index = 0;
    if (strncmp(at, "Filters.", 8) != 0) {
        return false;
    }
    at += 8;
    if (!take_index(&at, MAX_FILTERS, &index)) {
        refuse_parameter(error, "Filters");
        return true;
    }
    struct filter *filter = &filters->list[index - 1];
    filter->is_used = true;
    if (strcmp(at, ".Key") == 0) {
        filter->key_name = parameter->value;
    } else if (strcmp(at, ".Operator") == 0) {
        filter->operator_name = parameter->value;
    } else if (strncmp(at, ".Values.", 8) == 0) {
        at += 8;
        if (!take_index(&at, MAX_FILTER_VALUES, &index) || *at != '\0') {
            refuse_parameter(error, "Filters.Values");
        } else {
            filter->given[index] = parameter->value;
        }
    } else {
        return false;
    }
    return true;
}

static bool names_all(const struct name_list *list)
{
    return list->count == 1 && strcmp(list->names[0], "all") == 0;
}

static bool prepare_key(struct filter *filter, const struct settings *settings,
                        struct service_error *error)
{
    int key = 0;
    const char *name = filter->key_name != NULL ? filter->key_name : "";
    while (key < KEY_COUNT && !same_name(keys[key].name, name)) {
        key++;
    }
    bool is_known =
        key < KEY_COUNT && (keys[key].is_documented || key == KEY_RESTORE_ID || key == KEY_PARENT ||
                            name_list_has(&settings->undocumented_filters, name));
    if (!is_known || names_all(&settings->refuse_filters) ||
        name_list_has(&settings->refuse_filters, name)) {
        return refuse_parameter(error, "Filters.Key");
    }
    filter->key = (enum filter_key)key;
    filter->is_ignored =
        names_all(&settings->ignore_filters) || name_list_has(&settings->ignore_filters, name);
    filter->is_id = (filter->key == KEY_RESTORE_ID && name_list_has(&settings->id_filters, name)) ||
                    (filter->key == KEY_JOB && (settings->job_id_is_restore_id ||
                                                name_list_has(&settings->id_filters, name)));
    filter->matches_nothing =
        name_list_has(&settings->empty_filters, name) ||
        (!filter->is_id && (filter->key == KEY_RESTORE_ID || filter->key == KEY_JOB));
    return true;
}

static bool prepare_operator(struct filter *filter, const struct settings *settings,
                             struct service_error *error)
{
    int op = 0;
    const char *name = filter->operator_name != NULL ? filter->operator_name : "IN";
    while (op < OPERATOR_COUNT && strcmp(operators[op], name) != 0) {
        op++;
    }
    if (op == OPERATOR_COUNT || name_list_has(&settings->refuse_operators, name) ||
        (op == OPERATOR_IN && filter->key == KEY_COMPLETE_TIME)) {
        return refuse_parameter(error, "Filters.Operator");
    }
    filter->op = (enum filter_operator)op;
    return true;
}

static int compare_values(const void *left, const void *right)
{
    const char *const *a = left;
    const char *const *b = right;
    return strcmp(*a, *b);
}

static bool prepare_values(struct filter *filter, struct service_error *error)
{
    filter->value_count = 0;
    for (size_t i = 1; i <= MAX_FILTER_VALUES; i++) {
        if (filter->given[i] != NULL) {
            filter->values[filter->value_count++] = filter->given[i];
        }
    }
    size_t wanted = filter->op == OPERATOR_BETWEEN ? 2 : 1;
    bool is_list = filter->op == OPERATOR_IN;
    if (filter->value_count < wanted || (!is_list && filter->value_count > wanted)) {
        return refuse_parameter(error, "Filters.Values");
    }
    if (is_list) {
        qsort(filter->values, filter->value_count, sizeof *filter->values, compare_values);
    }
    for (size_t i = 0; filter->key == KEY_COMPLETE_TIME && i < wanted; i++) {
        if (!parse_integer(filter->values[i], &filter->numbers[i])) {
            return refuse_parameter(error, "Filters.Values");
        }
    }
    return true;
}

bool filters_prepare(struct filters *filters, const struct settings *settings,
                     struct service_error *error)
{
    for (size_t i = 0; i < MAX_FILTERS; i++) {
        struct filter *filter = &filters->list[i];
        if (filter->is_used &&
            (!prepare_key(filter, settings, error) || !prepare_operator(filter, settings, error) ||
             !prepare_values(filter, error))) {
            return false;
        }
    }
    return true;
}

/* Whether a value passes, given how it compares with the first and the last value of the filter. */
static bool passes(enum filter_operator op, int with_first, int with_last, int between)
{
    switch (op) {
    case OPERATOR_IN:
    case OPERATOR_EQUAL:
        return with_first == 0;
    case OPERATOR_NOT_EQUAL:
        return with_first != 0;
    case OPERATOR_GREATER_THAN:
        return with_first > 0;
    case OPERATOR_GREATER_THAN_OR_EQUAL:
        return with_first >= 0;
    case OPERATOR_LESS_THAN:
        return with_first < 0;
    case OPERATOR_LESS_THAN_OR_EQUAL:
        return with_first <= 0;
    case OPERATOR_BETWEEN: {
        bool with_lower = between == BETWEEN_INCLUSIVE || between == BETWEEN_LOWER_ONLY;
        bool with_upper = between == BETWEEN_INCLUSIVE || between == BETWEEN_UPPER_ONLY;
        return (with_lower ? with_first >= 0 : with_first > 0) &&
               (with_upper ? with_last <= 0 : with_last < 0);
    }
    case OPERATOR_COUNT:
        break;
    }
    return false;
}

static bool text_passes(const struct filter *filter, const char *text, int between)
{
    if (text == NULL) {
        return filter->op == OPERATOR_NOT_EQUAL;
    }
    if (filter->op == OPERATOR_IN) {
        return bsearch(&text, filter->values, filter->value_count, sizeof *filter->values,
                       compare_values) != NULL;
    }
    return passes(filter->op, strcmp(text, filter->values[0]),
                  strcmp(text, filter->values[filter->value_count - 1]), between);
}

static int compare_numbers(int64_t a, int64_t b)
{
    return a < b ? -1 : a > b;
}

static bool time_passes(const struct filter *filter, int64_t time, const struct settings *settings)
{
    if (time == 0 && !settings->zero_complete_time_matches) {
        return false;
    }
    return passes(filter->op, compare_numbers(time, filter->numbers[0]),
                  compare_numbers(time, filter->numbers[1]), settings->between);
}

/* The ECS instance of a job is its source or its target. */
static bool instance_passes(const struct filter *filter, const struct job *job, int between)
{
    char source[JOB_TEXT_SIZE];
    char target[JOB_TEXT_SIZE];
    bool source_passes =
        text_passes(filter, job_source_instance_id(job, source) ? source : NULL, between);
    bool target_passes =
        text_passes(filter, job_target_instance_id(job, target) ? target : NULL, between);
    return filter->op == OPERATOR_NOT_EQUAL ? source_passes && target_passes
                                            : source_passes || target_passes;
}

static bool filter_matches(const struct filter *filter, const struct settings *settings,
                           const struct world *world, const struct job *job,
                           const struct job_state *state)
{
    char text[JOB_TEXT_SIZE];
    switch (filter->key) {
    case KEY_REGION:
        return text_passes(filter, world->regions[job->region], settings->between);
    case KEY_PLAN:
        return text_passes(filter, job_plan_id(job, text) ? text : NULL, settings->between);
    case KEY_VAULT:
        return text_passes(filter, job_vault_id(job, text) ? text : NULL, settings->between);
    case KEY_INSTANCE:
        return instance_passes(filter, job, settings->between);
    case KEY_BUCKET:
    case KEY_TARGET_BUCKET:
        return text_passes(filter, job_target_bucket(job, text) ? text : NULL, settings->between);
    case KEY_FILE_SYSTEM:
    case KEY_TARGET_FILE_SYSTEM:
        return text_passes(filter, job_target_file_system_id(job, text) ? text : NULL,
                           settings->between);
    case KEY_TARGET_INSTANCE:
        return text_passes(filter, job_target_instance_id(job, text) ? text : NULL,
                           settings->between);
    case KEY_STATUS:
        return text_passes(filter, status_name(state->status), settings->between);
    case KEY_SOURCE_TYPE:
        return text_passes(filter, source_type_name(job->type), settings->between);
    case KEY_COMPLETE_TIME:
        return time_passes(filter, state->complete, settings);
    case KEY_PARENT:
        return text_passes(
            filter, job_parent_id(job, settings->children == CHILDREN_BY_PARENT, text) ? text : "",
            settings->between);
    case KEY_JOB:
    case KEY_RESTORE_ID:
        return text_passes(filter, job->id, settings->between);
    case KEY_COUNT:
        break;
    }
    return false;
}

bool filters_match(const struct filters *filters, const struct settings *settings,
                   const struct world *world, const struct job *job, const struct job_state *state)
{
    for (size_t i = 0; i < MAX_FILTERS; i++) {
        const struct filter *filter = &filters->list[i];
        if (!filter->is_used || filter->is_ignored) {
            continue;
        }
        if (filter->matches_nothing || !filter_matches(filter, settings, world, job, state)) {
            return false;
        }
    }
    return true;
}

bool filters_ask_for_children(const struct filters *filters)
{
    for (size_t i = 0; i < MAX_FILTERS; i++) {
        const struct filter *filter = &filters->list[i];
        if (filter->is_used && !filter->is_ignored && filter->key == KEY_PARENT) {
            return true;
        }
    }
    return false;
}

void filters_describe(const struct filters *filters, struct buffer *out)
{
    for (size_t i = 0; i < MAX_FILTERS; i++) {
        const struct filter *filter = &filters->list[i];
        if (!filter->is_used) {
            continue;
        }
        buffer_format(out, "|%d %d", (int)filter->key, (int)filter->op);
        for (size_t v = 0; v < filter->value_count; v++) {
            buffer_format(out, " %zu:%s", strlen(filter->values[v]), filter->values[v]);
        }
    }
}
