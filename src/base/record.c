#include "base/record.h"

#include <string.h>

bool value_equal(const struct value *left, const struct value *right)
{
    if (left->kind != right->kind) {
        return false;
    }
    if (left->kind == VALUE_TEXT) {
        return left->length == right->length &&
               (left->length == 0 || memcmp(left->text, right->text, left->length) == 0);
    }
    return left->kind == VALUE_NULL || left->integer == right->integer;
}

int record_field_by_name(const struct record_part *part, const char *name)
{
    int i = (int)part->field_count - 1;
    while (i >= 0 &&
           (part->fields[i].name[0] != name[0] || strcmp(part->fields[i].name, name) != 0)) {
        i--;
    }
    return i;
}

int record_field_by_column(const struct record_part *part, const char *column)
{
    int i = (int)part->field_count - 1;
    while (i >= 0 && strcmp(part->fields[i].column, column) != 0) {
        i--;
    }
    return i;
}
