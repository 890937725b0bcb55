#include "acs/credentials_ini.h"

#include <string.h>

#include "base/text.h"

struct reader {
    const char *wanted;
    struct acs_ini_section *section;
    bool found, inside;
    size_t line; /* from 1 */
};

struct span {
    char *text;
    size_t length;
};

static bool is_space(char byte)
{
    return byte == ' ' || byte == '\t' || byte == '\r' || byte == '\f' || byte == '\v';
}

static struct span trim(struct span span)
{
    while (span.length > 0 && is_space(span.text[0])) {
        span.text++;
        span.length--;
    }
    while (span.length > 0 && is_space(span.text[span.length - 1])) {
        span.length--;
    }
    return span;
}

static bool refuse(const struct reader *reader, const char *problem, struct error *err)
{
    return error_set(err, ERROR_CREDENTIALS, "line %zu %s", reader->line, problem);
}

/* A value without its quotes, or without the comment after it. */
static struct span plain_value(struct span value)
{
    value = trim(value);
    if (value.length > 0 && (value.text[0] == '"' || value.text[0] == '\'')) {
        char *end = memchr(value.text + 1, value.text[0], value.length - 1);
        if (end != NULL) {
            return (struct span){value.text + 1, (size_t)(end - value.text) - 1};
        }
        return value;
    }
    for (size_t i = 1; i < value.length; i++) {
        if ((value.text[i] == '#' || value.text[i] == ';') && is_space(value.text[i - 1])) {
            value.length = i;
            return trim(value);
        }
    }
    return value;
}

static bool take_value(struct reader *reader, struct span key, struct span value, struct error *err)
{
    struct json_node *root = &reader->section->root;
    if (root->length == ACS_INI_KEYS_MAX) {
        return refuse(reader, "is one key too many of its section", err);
    }
    struct json_node *member = &reader->section->members[root->length++];
    key.text[key.length] = '\0';
    value.text[value.length] = '\0';
    *member = (struct json_node){.key = key.text,
                                 .next = root->first,
                                 .kind = JSON_TEXT,
                                 .text = value.text,
                                 .length = (uint32_t)value.length};
    root->first = member;
    return true;
}

static bool take_line(struct reader *reader, struct span line, struct error *err)
{
    line = trim(line);
    if (line.length == 0 || line.text[0] == '#' || line.text[0] == ';') {
        return true;
    }
    if (line.text[0] == '[') {
        char *end = memchr(line.text, ']', line.length);
        if (end == NULL) {
            return refuse(reader, "begins a section without \"]\"", err);
        }
        struct span name = trim((struct span){line.text + 1, (size_t)(end - line.text) - 1});
        reader->inside = strlen(reader->wanted) == name.length &&
                         memcmp(name.text, reader->wanted, name.length) == 0;
        reader->found = reader->found || reader->inside;
        return true;
    }
    char *sign = memchr(line.text, '=', line.length);
    if (sign == NULL) {
        return refuse(reader, "is neither \"[section]\" nor \"key = value\"", err);
    }
    struct span key = trim((struct span){line.text, (size_t)(sign - line.text)});
    struct span value =
        plain_value((struct span){sign + 1, line.length - (size_t)(sign - line.text) - 1});
    return !reader->inside || take_value(reader, key, value, err);
}

bool acs_ini_read(char *text, size_t length, const char *name, struct acs_ini_section *ret_section,
                  bool *ret_found, struct error *err)
{
    struct reader reader = {.wanted = name, .section = ret_section};
    memset(ret_section, 0, sizeof(*ret_section));
    ret_section->root.kind = JSON_OBJECT;
    for (size_t at = text_mark_length(text, length); at < length;) {
        char *end = memchr(text + at, '\n', length - at);
        size_t size = end != NULL ? (size_t)(end - text) - at : length - at;
        reader.line++;
        if (reader.line > ACS_INI_LINES_MAX || size > ACS_INI_LINE_MAX ||
            memchr(text + at, '\0', size) != NULL) {
            return refuse(&reader, "is too long, too many, or no text", err);
        }
        if (!take_line(&reader, (struct span){text + at, size}, err)) {
            return false;
        }
        at += size + 1;
    }
    *ret_found = reader.found;
    return true;
}
