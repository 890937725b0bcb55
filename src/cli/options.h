/* Options of a command, described once: parsed with getopt_long, and printed by --help. */
#ifndef HBRSYNC_CLI_OPTIONS_H
#define HBRSYNC_CLI_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/error.h"

#define CLI_OPTIONS_MAX 48
#define CLI_LIST_MAX 64

enum cli_kind {
    CLI_FLAG,    /* bool */
    CLI_TEXT,    /* const char * */
    CLI_LIST,    /* struct cli_list: may be repeated; the same value again is passed over */
    CLI_INTEGER, /* int64_t within [minimum, maximum] */
    CLI_DURATION /* int64_t, seconds, within [minimum, maximum] */
};

struct cli_list {
    const char *values[CLI_LIST_MAX]; /* borrowed from argv */
    size_t count;
};

struct cli_option {
    const char *name;     /* without dashes */
    const char *argument; /* its name in --help, NULL for a flag */
    const char *help;
    enum cli_kind kind;
    void *target;
    int64_t minimum, maximum;
};

/*
 * Parses argv[1] and on. *ret_operand is the index of the first operand. --help is always known:
 * *ret_help. ERROR_USAGE names the option and what it takes. With `stop_at_operand` what follows
 * the first operand is left alone.
 */
bool cli_parse(const struct cli_option *options, size_t count, bool stop_at_operand, int argc,
               char **argv, int *ret_operand, bool *ret_help, struct error *err) MUST_CHECK;

/* The options' part of --help. */
void cli_print_options(FILE *out, const struct cli_option *options, size_t count);

#endif
