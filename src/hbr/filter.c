#include "hbr/filter.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "hbr/restore_job.h"

/* How a job's value may stand to that of the filter. BETWEEN has two of them. */
static const struct relation {
    const char *name;
    bool less, equal, greater;
} operators[] = {
    {"EQUAL", false, true, false},        {"NOT_EQUAL", true, false, true},
    {"GREATER_THAN", false, false, true}, {"GREATER_THAN_OR_EQUAL", false, true, true},
    {"LESS_THAN", true, false, false},    {"LESS_THAN_OR_EQUAL", true, true, false},
    {"BETWEEN", true, true, false},       {"IN", false, true, false},
};

static const struct relation *find_operator(const char *name, struct text_nearest *nearest)
{
    for (size_t i = 0; i < sizeof(operators) / sizeof(operators[0]); i++) {
        if (strcmp(name, operators[i].name) == 0) {
            return &operators[i];
        }
        if (nearest != NULL) {
            text_nearest_try(nearest, operators[i].name);
        }
    }
    return NULL;
}

/* Blanks around a value are not part of it; those within are. */
static bool split_values(char *list, struct hbr_filter_text *filter)
{
    while (list != NULL) {
        char *value = text_piece(&list, ",");
        if (filter->filter.value_count == HBR_FILTER_VALUES_MAX || *value == '\0') {
            return false;
        }
        filter->values[filter->filter.value_count++] = value;
    }
    return true;
}

/* Whatever the case of the first letter. */
static bool is_key(const char *key, const char *name)
{
    return key[0] != '\0' && (key[0] & ~0x20) == (name[0] & ~0x20) &&
           strcmp(key + 1, name + 1) == 0;
}

static int field_of(const char *key)
{
    const struct record_part *part = &hbr_restore_job_model.parts[HBR_JOB];
    for (size_t i = 0; i < part->field_count; i++) {
        if (is_key(key, part->fields[i].name)) {
            return (int)i;
        }
    }
    return -1;
}

/* A key that is neither documented nor a field goes to the service, which may know it, unless it is
 * one of these but for a slip. */
static bool check_key(const char *key, const char *text, struct error *err)
{
    static const char *const others[] = {"RegionId",   "PlanId", "JobId",
                                         "InstanceId", "Bucket", "FileSystemId"};
    const size_t count = sizeof(others) / sizeof(others[0]);
    const struct record_part *part = &hbr_restore_job_model.parts[HBR_JOB];
    struct text_nearest nearest = {.word = key};
    for (size_t i = 0; i < count + part->field_count; i++) {
        const char *name = i < count ? others[i] : part->fields[i - count].name;
        if (is_key(key, name)) {
            return true;
        }
        text_nearest_try(&nearest, name);
    }
    if (nearest.best == NULL) {
        return true;
    }
    error_set(err, ERROR_USAGE, "filter \"%.200s\": unknown key '%s'", text, key);
    return text_did_you_mean(&nearest, "", err);
}

static bool check(const struct hbr_filter *filter, const char *text, struct error *err)
{
    struct text_nearest nearest = {.word = filter->op};
    if (!check_key(filter->key, text, err)) {
        return false;
    }
    if (find_operator(filter->op, &nearest) == NULL) {
        error_set(err, ERROR_USAGE, "filter \"%.200s\": unknown operator '%s'", text, filter->op);
        return text_did_you_mean(&nearest, "", err);
    }
    if (strcmp(filter->op, "IN") == 0 && strcmp(filter->key, "CompleteTime") == 0) {
        return error_set(err, ERROR_USAGE,
                         "filter \"%.200s\": the service does not support IN with CompleteTime",
                         text);
    }
    size_t wanted = strcmp(filter->op, "BETWEEN") == 0 ? 2 : 1;
    if (strcmp(filter->op, "IN") != 0 && filter->value_count != wanted) {
        return error_set(err, ERROR_USAGE, "filter \"%.200s\": %s takes %zu value%s", text,
                         filter->op, wanted, wanted == 1 ? "" : "s");
    }
    return true;
}

bool hbr_filter_parse(const char *text, struct hbr_filter_text *ret_filter, struct error *err)
{
    memset(ret_filter, 0, sizeof(*ret_filter));
    ret_filter->copy = text_copy(text);
    ret_filter->values = calloc(HBR_FILTER_VALUES_MAX, sizeof(*ret_filter->values));
    if (ret_filter->copy == NULL || ret_filter->values == NULL) {
        hbr_filter_free(ret_filter);
        return error_no_memory(err);
    }
    char *rest = NULL;
    char *key = strtok_r(ret_filter->copy, " \t", &rest);
    char *op = strtok_r(NULL, " \t", &rest);
    if (key == NULL || op == NULL || !split_values(rest, ret_filter)) {
        hbr_filter_free(ret_filter);
        error_set(err, ERROR_USAGE,
                  "filter \"%.200s\" is not of the form 'KEY OP VALUE[,VALUE...]'", text);
        return error_hint(err,
                          "For example: --filter 'VaultId IN v-0001,v-0002' (at most %d values).",
                          HBR_FILTER_VALUES_MAX);
    }
    ret_filter->filter.key = key;
    ret_filter->filter.op = op;
    ret_filter->filter.values = ret_filter->values;
    if (!check(&ret_filter->filter, text, err)) {
        hbr_filter_free(ret_filter);
        return false;
    }
    return true;
}

void hbr_filter_free(struct hbr_filter_text *filter)
{
    free(filter->copy);
    free(filter->values);
    memset(filter, 0, sizeof(*filter));
}

/* --- a job held against a filter ----------------------------------------------------------- */

/* -1, 0 or 1 as the job's value is less than, equal to or greater than the filter's. */
static bool compare(const struct field *field, const struct value *value, const char *wanted,
                    int *ret_order)
{
    int64_t number = 0;
    if (field->type == FIELD_TEXT) {
        char text[512] = "";
        if (value->kind == VALUE_TEXT && value->length < sizeof(text)) {
            memcpy(text, value->text, value->length);
        }
        *ret_order = text_equal_nocase(text, wanted) ? 0 : 1;
        return value->kind != VALUE_TEXT || value->length < sizeof(text);
    }
    int64_t mine = value->kind == VALUE_INTEGER ? value->integer : 0; /* absent: not yet set */
    *ret_order = 0;
    if (!text_to_int64(wanted, INT64_MIN, INT64_MAX, &number)) {
        return false;
    }
    *ret_order = (mine > number) - (mine < number);
    return true;
}

bool hbr_filter_is_checkable(const struct hbr_filter *filter)
{
    int index = field_of(filter->key);
    const struct relation *op = find_operator(filter->op, NULL);
    return index >= 0 && op != NULL &&
           (op->less == op->greater ||
            hbr_restore_job_model.parts[HBR_JOB].fields[index].type == FIELD_INTEGER);
}

enum hbr_match hbr_filter_match(const struct hbr_filter *filter, const struct record *job)
{
    if (!hbr_filter_is_checkable(filter)) {
        return HBR_CANNOT_TELL;
    }
    int index = field_of(filter->key);
    const struct field *field = &hbr_restore_job_model.parts[HBR_JOB].fields[index];
    const struct relation *op = find_operator(filter->op, NULL);
    bool is_between = strcmp(filter->op, "BETWEEN") == 0;
    bool matches = false;
    for (size_t i = 0; i < filter->value_count; i++) {
        int order = 0;
        if (!compare(field, &job->values[HBR_JOB][index], filter->values[i], &order)) {
            return HBR_CANNOT_TELL;
        }
        bool fits = is_between && i == 0 ? order >= 0
                    : order < 0          ? op->less
                    : order > 0          ? op->greater
                                         : op->equal;
        matches = is_between && i > 0 ? matches && fits : matches || fits;
    }
    return matches ? HBR_MATCHES : HBR_DOES_NOT_MATCH;
}
