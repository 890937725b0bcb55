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

static int find(const struct record_part *part, const char *text, bool by_column)
{
    for (size_t i = 0; i < part->field_count; i++) {
        const struct field *field = &part->fields[i];
        if (strcmp(by_column ? field->column : field->name, text) == 0) {
            return (int)i;
        }
    }
    return -1;
}

int record_field_by_name(const struct record_part *part, const char *name)
{
    return find(part, name, false);
}

int record_field_by_column(const struct record_part *part, const char *column)
{
    return find(part, column, true);
}
