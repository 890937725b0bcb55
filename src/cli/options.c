#include "cli/options.h"

#include <getopt.h>
#include <inttypes.h>
#include <string.h>

#include "base/text.h"

#define HELP_VALUE 1000
#define FIRST_VALUE 2000
#define HELP_COLUMN 28

static bool set_number(const struct cli_option *option, const char *text, struct error *err)
{
    int64_t value = 0;
    bool duration = option->kind == CLI_DURATION;
    bool ok = duration ? text_to_duration(text, &value)
                       : text_to_int64(text, INT64_MIN, INT64_MAX, &value);
    if (!ok || value < option->minimum || value > option->maximum) {
        error_set(err, ERROR_USAGE, "--%s: \"%s\" is not %s", option->name, text,
                  duration ? "a duration in range" : "a number in range");
        if (duration) {
            return error_hint(
                err, "A duration is a number with s, m, h, d or w, such as 90s, 10m, 24h.");
        }
        return error_hint(err, "It takes a number from %" PRId64 " to %" PRId64 ".",
                          option->minimum, option->maximum);
    }
    *(int64_t *)option->target = value;
    return true;
}

/* What is in the list already is asked for once. */
static bool add_to_list(const struct cli_option *option, const char *text, struct error *err)
{
    struct cli_list *list = option->target;
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

static bool set_option(const struct cli_option *option, const char *text, struct error *err)
{
    switch (option->kind) {
    case CLI_FLAG:
        *(bool *)option->target = true;
        return true;
    case CLI_TEXT:
        *(const char **)option->target = text;
        return true;
    case CLI_LIST:
        return add_to_list(option, text, err);
    case CLI_INTEGER:
    case CLI_DURATION:
        return set_number(option, text, err);
    }
    return error_set(err, ERROR_INTERNAL, "--%s has no kind", option->name);
}

/* What getopt_long could not take; it leaves the culprit in argv[optind - 1] or optopt. */
static bool usage_error(int value, char **argv, struct error *err)
{
    const char *word = argv[optind - 1];
    if (value == ':') {
        return error_set(err, ERROR_USAGE, "%s needs a value", word);
    }
    if (optopt != 0 && optopt < HELP_VALUE) {
        return error_set(err, ERROR_USAGE, "unknown option -%c", optopt);
    }
    return error_set(err, ERROR_USAGE, "unknown, ambiguous or wrongly used option %s", word);
}

bool cli_parse(const struct cli_option *options, size_t count, bool stop_at_operand, int argc,
               char **argv, int *ret_operand, bool *ret_help, struct error *err)
{
    struct option table[CLI_OPTIONS_MAX + 2];
    memset(table, 0, sizeof(table));
    *ret_help = false;
    if (count > CLI_OPTIONS_MAX) {
        return error_set(err, ERROR_INTERNAL, "too many options");
    }
    for (size_t i = 0; i < count; i++) {
        table[i] = (struct option){options[i].name,
                                   options[i].argument != NULL ? required_argument : no_argument,
                                   NULL, FIRST_VALUE + (int)i};
    }
    table[count] = (struct option){"help", no_argument, NULL, HELP_VALUE};
    optind = 0; /* glibc: start anew */
    opterr = 0;
    int value;
    while ((value = getopt_long(argc, argv, stop_at_operand ? "+:h" : ":h", table, NULL)) != -1) {
        if (value == 'h' || value == HELP_VALUE) {
            *ret_help = true;
        } else if (value >= FIRST_VALUE) {
            /* One region has one name everywhere: as the service writes it. */
            if (strcmp(options[value - FIRST_VALUE].name, "region") == 0) {
                text_lower(optarg);
            }
            if (!set_option(&options[value - FIRST_VALUE], optarg, err)) {
                return false;
            }
        } else {
            return usage_error(value, argv, err);
        }
    }
    *ret_operand = optind;
    return true;
}

void cli_print_options(FILE *out, const struct cli_option *options, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        int used =
            fprintf(out, "  --%s%s%s", options[i].name, options[i].argument != NULL ? " " : "",
                    options[i].argument != NULL ? options[i].argument : "");
        int pad = used >= 0 && used < HELP_COLUMN ? HELP_COLUMN - used : 1;
        (void)fprintf(out, "%*s%s\n", pad, "", options[i].help);
    }
}
