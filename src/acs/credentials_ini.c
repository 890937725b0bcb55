#include "acs/credentials_ini.h"

#include <string.h>

struct reader {
    const char *wanted;
    struct acs_ini_section *section;
    bool inside; /* of the wanted section */
    bool found;
    size_t line; /* from 1 */
};

struct span {
    const char *text;
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

static bool equals(struct span span, const char *text)
{
    return strlen(text) == span.length && memcmp(span.text, text, span.length) == 0;
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
        const char *end = memchr(value.text + 1, value.text[0], value.length - 1);
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
    struct acs_ini_section *section = reader->section;
    const struct {
        const char *key;
        char *target;
        size_t size;
    } places[] = {
        {"type", section->type, sizeof(section->type)},
        {"enable", section->enable, sizeof(section->enable)},
        {"access_key_id", section->access_key_id, sizeof(section->access_key_id)},
        {"access_key_secret", section->access_key_secret, sizeof(section->access_key_secret)},
        {"role_name", section->role_name, sizeof(section->role_name)},
        {"role_arn", section->role_arn, sizeof(section->role_arn)},
        {"role_session_name", section->role_session_name, sizeof(section->role_session_name)},
        {"oidc_provider_arn", section->oidc_provider_arn, sizeof(section->oidc_provider_arn)},
        {"oidc_token_file_path", section->oidc_token_file_path,
         sizeof(section->oidc_token_file_path)},
        {"policy", section->policy, sizeof(section->policy)},
    };
    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        if (!equals(key, places[i].key)) {
            continue;
        }
        if (value.length >= places[i].size) {
            return refuse(reader, "has a value that is too long", err);
        }
        memcpy(places[i].target, value.text, value.length);
        places[i].target[value.length] = '\0';
    }
    return true;
}

static bool take_line(struct reader *reader, struct span line, struct error *err)
{
    line = trim(line);
    if (line.length == 0 || line.text[0] == '#' || line.text[0] == ';') {
        return true;
    }
    if (line.text[0] == '[') {
        const char *end = memchr(line.text, ']', line.length);
        if (end == NULL) {
            return refuse(reader, "begins a section without \"]\"", err);
        }
        struct span name = trim((struct span){line.text + 1, (size_t)(end - line.text) - 1});
        reader->inside = equals(name, reader->wanted);
        reader->found = reader->found || reader->inside;
        return true;
    }
    const char *sign = memchr(line.text, '=', line.length);
    if (sign == NULL) {
        return refuse(reader, "is neither \"[section]\" nor \"key = value\"", err);
    }
    struct span key = trim((struct span){line.text, (size_t)(sign - line.text)});
    struct span value =
        plain_value((struct span){sign + 1, line.length - (size_t)(sign - line.text) - 1});
    return !reader->inside || take_value(reader, key, value, err);
}

bool acs_ini_read(const char *text, size_t length, const char *name,
                  struct acs_ini_section *ret_section, bool *ret_found, struct error *err)
{
    struct reader reader = {.wanted = name, .section = ret_section};
    memset(ret_section, 0, sizeof(*ret_section));
    *ret_found = false;
    if (length >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0) { /* a byte order mark */
        text += 3;
        length -= 3;
    }
    for (size_t at = 0; at < length;) {
        const char *end = memchr(text + at, '\n', length - at);
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
