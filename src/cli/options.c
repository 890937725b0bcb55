#include "cli/options.h"

#include <inttypes.h>
#include <string.h>

#include "base/text.h"
#include "output/format.h"
#include "store/state.h"

#define HELP_COLUMN 28

static bool set_duration(const struct cli_option *option, const char *text, struct error *err)
{
    char least[FORMAT_AGE_SIZE], most[FORMAT_AGE_SIZE];
    int64_t value = 0;
    if (text_to_duration(text, &value) && value >= option->minimum && value <= option->maximum) {
        *(int64_t *)option->target = value;
        return true;
    }
    format_age(option->minimum, least);
    format_age(option->maximum, most);
    error_set(err, ERROR_USAGE, "--%s: \"%s\" is not a duration from %s to %s", option->name, text,
              least, most);
    return error_hint(err, "A duration is a number with s, m, h, d or w, such as 90s, 10m, 24h.");
}

static bool set_integer(const struct cli_option *option, const char *text, struct error *err)
{
    if (text_to_int64(text, option->minimum, option->maximum, option->target)) {
        return true;
    }
    if (option->maximum == INT64_MAX) {
        return error_set(err, ERROR_USAGE, "--%s: \"%s\" is not a number of at least %" PRId64,
                         option->name, text, option->minimum);
    }
    return error_set(err, ERROR_USAGE, "--%s: \"%s\" is not a number from %" PRId64 " to %" PRId64,
                     option->name, text, option->minimum, option->maximum);
}

/* What its kind says of a text. */
static bool check_text(const struct cli_option *option, const char *text, struct error *err)
{
    static const char allowed[] = TEXT_ALPHANUMERIC "-_";
    size_t length = strlen(text);
    bool is_choice = false;
    switch (option->kind) {
    case CLI_FILE:
        return strcmp(text, "-") != 0 ||
               error_set(err, ERROR_USAGE, "--%s needs the name of a file, not \"-\"",
                         option->name);
    case CLI_NAME:
    case CLI_NAMES:
        return (length > 0 && length < STORE_NAME_MAX && strspn(text, allowed) == length) ||
               error_set(err, ERROR_USAGE, "--%s: \"%s\" is not a name", option->name, text);
    case CLI_CHOICE:
    case CLI_CHOICES:
        for (const char *at = option->argument; !is_choice && *at != '\0'; at += *at == '|') {
            is_choice = strcspn(at, "|") == length && memcmp(at, text, length) == 0;
            at += strcspn(at, "|");
        }
        return is_choice || error_set(err, ERROR_USAGE, "--%s: \"%s\" is not one of %s",
                                      option->name, text, option->argument);
    default:
        return true;
    }
}

/* What is in the list already is asked for once. */
static bool add_to_list(const struct cli_option *option, const char *text, struct error *err)
{
    struct cli_list *list = option->target;
    if (!check_text(option, text, err)) {
        return false;
    }
    for (size_t i = 0; i < list->count; i++) {
        if (strcmp(list->values[i], text) == 0) {
            return true;
        }
    }
    if (list->count == CLI_LIST_MAX) {
        return error_set(err, ERROR_USAGE, "--%s was given more than %d times", option->name,
                         CLI_LIST_MAX);
    }
    list->values[list->count++] = text;
    return true;
}

static bool set_option(const struct cli_option *option, char *text, struct error *err)
{
    bool ok = true;
    if (option->kind == CLI_FLAG) {
        *(bool *)option->target = true;
        return true;
    }
    if (text == NULL) {
        return error_set(err, ERROR_INTERNAL, "--%s has no value", option->name);
    }
    switch (option->kind) {
    case CLI_FLAG:
        break;
    case CLI_TEXT:
    case CLI_FILE:
    case CLI_NAME:
    case CLI_CHOICE:
        ok = check_text(option, text, err);
        *(const char **)option->target = ok ? text : NULL;
        return ok;
    case CLI_LIST:
    case CLI_NAMES:
    case CLI_CHOICES:
    case CLI_TEXTS:
        while (ok && text != NULL) {
            ok = add_to_list(option, strsep(&text, option->kind == CLI_TEXTS ? "" : ","), err);
        }
        return ok;
    case CLI_INTEGER:
        return set_integer(option, text, err);
    case CLI_DURATION:
        return set_duration(option, text, err);
    }
    return error_set(err, ERROR_INTERNAL, "--%s has no kind", option->name);
}

const struct cli_option *cli_find_option(const struct cli_option *options, size_t count,
                                         const char *word)
{
    word = strcmp(word, "-h") == 0 ? "--help" : strcmp(word, "-V") == 0 ? "--version" : word;
    size_t length = strcspn(word, "=");
    for (size_t i = 0; strncmp(word, "--", 2) == 0 && i < count; i++) {
        if (strlen(options[i].name) == length - 2 &&
            memcmp(options[i].name, word + 2, length - 2) == 0) {
            return &options[i];
        }
    }
    return NULL;
}

bool cli_unrecognized(const struct cli_option *options, size_t count, const char *word,
                      struct error *err)
{
    char name[64];
    size_t dashes = strspn(word, "-");
    int length = (int)strcspn(word, "="); /* what follows may be long, or a secret */
    (void)snprintf(name, sizeof(name), "%.*s", length - (int)dashes, word + dashes);
    struct text_nearest nearest = {.word = name};
    for (size_t i = 0; i < count; i++) {
        text_nearest_try(&nearest, options[i].name);
    }
    error_set(err, ERROR_USAGE, "unrecognized option '%.*s'", length, word);
    return text_did_you_mean(&nearest, "--", err);
}

/* Takes argv[*at], and what follows it where that is its value. */
static bool take_option(const struct cli_option *options, size_t count, int argc, char **argv,
                        int *at, struct error *err)
{
    char *word = argv[*at];
    const struct cli_option *option = cli_find_option(options, count, word);
    char *value = strchr(word, '=');
    if (option == NULL) {
        return cli_unrecognized(options, count, word, err);
    }
    if (option->argument == NULL && value != NULL) {
        return error_set(err, ERROR_USAGE, "--%s takes no value", option->name);
    }
    if (option->argument != NULL && value != NULL) {
        value++;
    } else if (option->argument != NULL) {
        if (++*at == argc || strcmp(argv[*at], "--") == 0 ||
            cli_find_option(options, count, argv[*at]) != NULL) {
            return error_set(err, ERROR_USAGE, "--%s needs a value: %s", option->name,
                             option->argument);
        }
        value = argv[*at];
    }
    /* One region has one name everywhere: as the service writes it. */
    if (strcmp(option->name, "region") == 0) {
        text_lower(value);
    }
    return set_option(option, value, err);
}

bool cli_parse(const struct cli_option *options, size_t count, int argc, char **argv,
               int *ret_operand, struct error *err)
{
    int operands = 0;
    bool all = false;
    for (int i = 1; i < argc; i++) {
        if (!all && strcmp(argv[i], "--") == 0) {
            all = true;
        } else if (all || argv[i][0] != '-' || argv[i][1] == '\0') {
            argv[1 + operands++] = argv[i];
        } else if (!take_option(options, count, argc, argv, &i, err)) {
            return false;
        }
    }
    *ret_operand = argc - operands;
    memmove(argv + *ret_operand, argv + 1, (size_t)operands * sizeof(*argv));
    return true;
}

/* With the default where the target holds one: nothing was parsed. */
static void print_option(FILE *out, const struct cli_option *option)
{
    char number[FORMAT_AGE_SIZE] = "";
    bool is_choice = option->kind == CLI_CHOICE || option->kind == CLI_CHOICES;
    const char *argument = is_choice ? "NAME" : option->argument != NULL ? option->argument : "";
    const char *value = number;
    int used = fprintf(out, "  --%s%s%s", option->name, argument[0] != '\0' ? " " : "", argument);
    int pad = used >= 0 && used < HELP_COLUMN ? HELP_COLUMN - used : 1;
    (void)fprintf(out, "%*s%s%s%s", pad, "", is_choice ? option->argument : "",
                  is_choice ? " " : "", option->help);
    if (option->kind < CLI_LIST && option->kind != CLI_FLAG) {
        value = *(const char *const *)option->target;
    } else if (option->kind == CLI_INTEGER && *(const int64_t *)option->target > 0) {
        (void)snprintf(number, sizeof(number), "%" PRId64, *(const int64_t *)option->target);
    } else if (option->kind == CLI_DURATION && *(const int64_t *)option->target > 0) {
        format_age(*(const int64_t *)option->target, number);
    }
    if (value != NULL && value[0] != '\0') {
        (void)fprintf(out, " (default %s)", value);
    }
    (void)fputc('\n', out);
}

void cli_print_options(FILE *out, const struct cli_option *options, size_t count)
{
    static const char *const headings[] = {[CLI_WHAT] = "What",
                                           [CLI_WHERE] = "From where",
                                           [CLI_SPEED] = "How fast",
                                           [CLI_OUTPUT] = "Output",
                                           [CLI_GENERAL] = "General"};
    for (size_t group = 0; group < sizeof(headings) / sizeof(headings[0]); group++) {
        bool headed = false;
        for (size_t i = 0; i < count; i++) {
            if ((size_t)options[i].group == group && options[i].help != NULL) {
                if (!headed) {
                    (void)fprintf(out, "\n%s:\n", headings[group]);
                }
                headed = true;
                print_option(out, &options[i]);
            }
        }
    }
}
