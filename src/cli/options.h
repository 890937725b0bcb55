/* Options of a command, described once: for parsing and for --help. */
#ifndef HBRSYNC_CLI_OPTIONS_H
#define HBRSYNC_CLI_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/error.h"

#define CLI_OPTIONS_MAX 48
#define CLI_LIST_MAX 64
#define CLI_EDITIONS "STANDARD|BASIC"

enum cli_kind {
    CLI_FLAG,    /* bool */
    CLI_TEXT,    /* const char * */
    CLI_FILE,    /* const char *, a file's name; "-" is refused */
    CLI_NAME,    /* const char *, a word that may be part of a host name or of a scope */
    CLI_CHOICE,  /* const char *, one of those of `argument`, "a|b|c" */
    CLI_LIST,    /* struct cli_list: repeatable, and "a,b" is two values */
    CLI_NAMES,   /* the same, of words as of CLI_NAME */
    CLI_CHOICES, /* the same, each one of those of `argument` */
    CLI_TEXTS,   /* struct cli_list: repeatable, a comma is part of the value */
    CLI_INTEGER, /* int64_t within [minimum, maximum] */
    CLI_DURATION /* the same of seconds, at most TEXT_DURATION_MAX */
};

/* The headings of --help, in their order. */
enum cli_group { CLI_WHAT, CLI_WHERE, CLI_SPEED, CLI_OUTPUT, CLI_GENERAL };

/* Without repetitions. */
struct cli_list {
    const char *values[CLI_LIST_MAX]; /* borrowed from argv */
    size_t count;
};

struct cli_option {
    const char *name;     /* without dashes */
    const char *argument; /* its name in --help, NULL for a flag */
    const char *help;     /* the default is added from the target; NULL: not shown */
    enum cli_kind kind;
    void *target;
    int64_t minimum, maximum;
    enum cli_group group;
};

/* The option that a word such as "--name" or "--name=value" names, whole and not abbreviated; "-h"
 * is --help and "-V" --version. NULL: none. */
const struct cli_option *cli_find_option(const struct cli_option *options, size_t count,
                                         const char *word);

/* ERROR_USAGE for a word that names no option, with the nearest that there is. */
bool cli_unrecognized(const struct cli_option *options, size_t count, const char *word,
                      struct error *err);

/*
 * Parses argv[1] and on; "--" ends the options. Moves the operands to the end of argv, *ret_operand
 * is the index of the first. ERROR_USAGE names the option and what it takes.
 */
bool cli_parse(const struct cli_option *options, size_t count, int argc, char **argv,
               int *ret_operand, struct error *err) MUST_CHECK;

/* The options' part of --help, group by group. */
void cli_print_options(FILE *out, const struct cli_option *options, size_t count);

#endif
