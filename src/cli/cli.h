/* The command line: commands and what they share. */
#ifndef HBRSYNC_CLI_CLI_H
#define HBRSYNC_CLI_CLI_H

#include "base/error.h"
#include "cli/options.h"
#include "output/rows.h"
#include "store/query.h"

#define CLI_DEFAULT_DATABASE "hbrsync.db"

struct cli_command {
    const char *name;
    const char *synopsis; /* after the name */
    const char *summary;
    /* argv[0] is the command's name. Returns the exit status. */
    int (*run)(const char *database, int argc, char **argv);
    void (*print_more)(void); /* at the end of its --help; NULL: nothing */
};

/* The whole program: returns the exit status. */
int cli_main(int argc, char **argv);

int cli_sync(const char *database, int argc, char **argv);
int cli_import(const char *database, int argc, char **argv);
int cli_export(const char *database, int argc, char **argv);
int cli_status(const char *database, int argc, char **argv);
int cli_report(const char *database, int argc, char **argv);
int cli_verify(const char *database, int argc, char **argv);
int cli_publish(const char *database, int argc, char **argv);
int cli_doctor(const char *database, int argc, char **argv);
int cli_source(const char *database, int argc, char **argv);
int cli_show(const char *database, int argc, char **argv);
int cli_changes(const char *database, int argc, char **argv);
int cli_check(const char *database, int argc, char **argv);

void cli_report_more(void); /* the reports */
void cli_filter_more(void); /* keys and operators of --filter */

/*
 * Parses a command's options, to which those of every command are added. Comes first in a command,
 * before anything has an effect: each is also called with an argc of 0, for its options alone.
 * *ret_operand is where the operands begin; NULL where the command takes none. Returns true when
 * the command shall go on; else *ret_status is the exit status (after --help, or a usage error,
 * which was printed).
 */
bool cli_begin(const char *name, const struct cli_option *options, size_t count, int argc,
               char **argv, const char **database, int *ret_operand, int *ret_status);

/* The option --time-zone; its target is a text, NULL where it is not given, for zone_use. */
struct cli_option cli_time_zone(const char **target);

/* Prints an error and returns its exit status. */
int cli_fail(const struct error *err);

/* The same, but nothing and 0 when it is standard output that failed: the end of the program tells,
 * and once is enough. */
int cli_fail_output(const struct error *err);

/* Prints what became of jobs in the runs after `after_run` up to `last_run` that ended at `since`
 * (UNIX seconds) or later, a row a job: as a table with times of the zone in use, or as a JSON
 * array. */
bool cli_print_changes(struct store *store, int64_t after_run, int64_t last_run, int64_t since,
                       bool as_json, struct error *err) MUST_CHECK;

/* What takes the rows of a query and prints them; stops when the user interrupts. */
bool cli_rows_begin(enum rows_format format, struct store_rows *ret_rows,
                    struct error *err) MUST_CHECK;

/* Ends what was printed. `done` is how the query ended, and false stays so. */
bool cli_rows_end(struct store_rows *rows, bool done, struct error *err) MUST_CHECK;

#endif
