/* The parser of ~/.alibabacloud/credentials, an INI file of the official SDKs. */
#include <string.h>

#include "acs/provider.h"
#include "base/text.h"

#define BLANKS " \t\r\f\v"

/* Cuts white space from both ends. */
static char *trim(char *text)
{
    text += strspn(text, BLANKS);
    size_t length = strlen(text);
    while (length > 0 && strchr(BLANKS, text[length - 1]) != NULL) {
        length--;
    }
    text[length] = '\0';
    return text;
}

/* A value without its quotes, or without the comment after it. */
static char *plain_value(char *value)
{
    value = trim(value);
    bool quoted = value[0] == '"' || value[0] == '\'';
    char *end = quoted ? strchr(value + 1, value[0]) : NULL;
    if (end != NULL) {
        *end = '\0';
        return value + 1;
    }
    for (char *at = value; !quoted && *at != '\0'; at++) {
        if (strchr(BLANKS, *at) != NULL && (at[1] == '#' || at[1] == ';')) {
            *at = '\0';
            return trim(value);
        }
    }
    return value;
}

/* Returns what is wrong with the line, NULL: nothing. */
static const char *take_line(char *line, const char *name, bool *inside,
                             struct acs_ini_section *section)
{
    char *end = strchr(line, line[0] == '[' ? ']' : '=');
    if (line[0] == '\0' || line[0] == '#' || line[0] == ';') {
        return NULL;
    }
    if (end == NULL) {
        return line[0] == '[' ? "begins a section without \"]\""
                              : "is neither \"[section]\" nor \"key = value\"";
    }
    *end = '\0';
    if (line[0] == '[') {
        *inside = strcmp(trim(line + 1), name) == 0;
    } else if (*inside && section->root.length == ACS_INI_KEYS_MAX) {
        return "is one key too many of its section";
    } else if (*inside) {
        struct json_node *member = &section->members[section->root.length++];
        *member = (struct json_node){.key = trim(line),
                                     .next = section->root.first,
                                     .kind = JSON_TEXT,
                                     .text = plain_value(end + 1)};
        member->length = (uint32_t)strlen(member->text);
        section->root.first = member;
    }
    return NULL;
}

bool acs_ini_read(char *text, size_t length, const char *name, struct acs_ini_section *ret_section,
                  bool *ret_found, struct error *err)
{
    bool inside = false;
    char *rest = text + text_mark_length(text, length);
    memset(ret_section, 0, sizeof(*ret_section));
    ret_section->root.kind = JSON_OBJECT;
    *ret_found = false;
    for (size_t number = 1; rest < text + length; number++) {
        char *line = rest;
        size_t size = strcspn(line, "\n");
        const char *problem = NULL;
        if (number > ACS_INI_LINES_MAX || size > ACS_INI_LINE_MAX ||
            (line[size] == '\0' && line + size != text + length)) {
            problem = "is too long, too many, or no text";
        } else {
            rest += size + 1;
            line[size] = '\0';
            problem = take_line(trim(line), name, &inside, ret_section);
        }
        if (problem != NULL) {
            return error_set(err, ERROR_CREDENTIALS, "line %zu %s", number, problem);
        }
        *ret_found = *ret_found || inside;
    }
    return true;
}
