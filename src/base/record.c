#include "base/record.h"

#include <string.h>

bool value_equal(const struct value *left, const struct value *right)
{
    if (left->kind != right->kind) {
        return false;
    }
    switch (left->kind) {
    case VALUE_NULL:
        return true;
    case VALUE_INTEGER:
        return left->integer == right->integer;
    case VALUE_TEXT:
        return left->length == right->length &&
               (left->length == 0 || memcmp(left->text, right->text, left->length) == 0);
    }
    return false;
}

int record_field_by_name(const struct record_part *part, const char *name)
{
    for (size_t i = 0; i < part->field_count; i++) {
        if (strcmp(part->fields[i].name, name) == 0) {
            return (int)i;
        }
    }
    return -1;
}

int record_field_by_column(const struct record_part *part, const char *column)
{
    for (size_t i = 0; i < part->field_count; i++) {
        if (strcmp(part->fields[i].column, column) == 0) {
            return (int)i;
        }
    }
    return -1;
}
