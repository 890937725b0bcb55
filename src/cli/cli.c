#include "cli/cli.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "acs/setup.h"
#include "base/interrupt.h"
#include "base/json.h"
#include "output/log.h"
#include "store/store.h"

const struct cli_command cli_commands[] = {
    {"sync", "[OPTIONS]", "fetch restore jobs from the service and store them", cli_sync},
    {"import", "[OPTIONS] FILE...", "store jobs from saved API answers (\"-\" is standard input)",
     cli_import},
    {"export", "[OPTIONS]", "write jobs as the API's own JSON, as CSV, or as JSON", cli_export},
    {"status", "[OPTIONS]", "show sources, watermarks, and the last proof of completeness",
     cli_status},
    {"report", "[NAME] [OPTIONS]",
     "canned reports as a table, CSV, JSON or an HTML page; no NAME lists them", cli_report},
    {"verify", "[OPTIONS]", "check the database, and with --remote compare it with the service",
     cli_verify},
    {"publish", "[OPTIONS] OUT", "make a copy of the database for readers", cli_publish},
    {"doctor", "[OPTIONS]", "check credentials, clock, network, permission and database",
     cli_doctor},
    {"source", "list|retire|revive [OPTIONS]",
     "list the sources; take one out of the syncs and alarms, or back", cli_source},
    {NULL, NULL, NULL, NULL},
};

static const struct cli_command *find_command(const char *name)
{
    for (size_t i = 0; cli_commands[i].name != NULL; i++) {
        if (strcmp(cli_commands[i].name, name) == 0) {
            return &cli_commands[i];
        }
    }
    return NULL;
}

static void print_help(FILE *out)
{
    size_t count;
    const struct exit_code *codes = error_exit_codes(&count);
    (void)fputs("usage: hbrsync [--db FILE] COMMAND [OPTIONS]\n"
                "       hbrsync COMMAND --help\n\n"
                "Copies the restore jobs of Alibaba Cloud Backup into a local SQLite database.\n\n"
                "Commands:\n",
                out);
    for (size_t i = 0; cli_commands[i].name != NULL; i++) {
        (void)fprintf(out, "  %-10s %s\n", cli_commands[i].name, cli_commands[i].summary);
    }
    (void)fputs("\nOptions:\n"
                "  --db FILE  the database; else $HBRSYNC_DB, else " CLI_DEFAULT_DATABASE "\n"
                "  --help     this text\n"
                "  --version  this program's and its libraries' versions\n\n"
                "Exit codes:\n",
                out);
    for (size_t i = 0; i < count; i++) {
        (void)fprintf(out, "  %3d  %s\n", codes[i].status, codes[i].meaning);
    }
}

static void print_version(void)
{
    (void)printf("hbrsync %s\nlibcurl %s\nSQLite %s\njson-c %s\n%s\n", HBRSYNC_VERSION,
                 acs_libcurl_version(), store_sqlite_version(), json_library_version(),
                 acs_openssl_version());
}

int cli_fail(const struct error *err)
{
    log_error(err);
    return error_exit_status(err->code, interrupt_signal());
}

int cli_fail_output(const struct error *err)
{
    return ferror(stdout) != 0 ? error_exit_status(ERROR_INTERNAL, 0) : cli_fail(err);
}

static bool give_columns(const char *const *names, size_t count, void *context, struct error *err)
{
    return rows_writer_columns(context, names, count, err);
}

static bool give_row(const struct cell *cells, size_t count, void *context, struct error *err)
{
    return interrupt_check(err) && rows_writer_row(context, cells, count, err);
}

bool cli_rows_begin(enum rows_format format, struct store_rows *ret_rows, struct error *err)
{
    struct rows_writer *writer = NULL;
    bool ok = rows_writer_new(format, stdout, &writer, err);
    *ret_rows = (struct store_rows){.columns = give_columns, .row = give_row, .context = writer};
    return ok;
}

bool cli_rows_end(struct store_rows *rows, bool done, struct error *err)
{
    done = done && rows_writer_end(rows->context, err);
    rows_writer_free(rows->context);
    return done;
}

bool cli_begin(const char *name, const struct cli_option *options, size_t count, int argc,
               char **argv, const char **database, int *ret_operand, int *ret_status)
{
    struct cli_option all[CLI_OPTIONS_MAX];
    struct error err;
    bool help = false;
    int operand = 0;
    if (count >= CLI_OPTIONS_MAX) {
        *ret_status = 1;
        return false;
    }
    memcpy(all, options, count * sizeof(*options));
    all[count++] =
        (struct cli_option){.name = "db",
                            .argument = "FILE",
                            .help = "the database; else $HBRSYNC_DB, else " CLI_DEFAULT_DATABASE,
                            .kind = CLI_TEXT,
                            .target = (void *)database};
    if (!cli_parse(all, count, false, argc, argv, &operand, &help, &err)) {
        if (err.hint[0] == '\0') {
            error_hint(&err, "See `hbrsync %s --help`.", name);
        }
        *ret_status = cli_fail(&err);
        return false;
    }
    if (help) {
        const struct cli_command *command = find_command(name);
        if (command != NULL) {
            (void)printf("usage: hbrsync %s %s\n\nhbrsync: %s\n\nOptions:\n", name,
                         command->synopsis, command->summary);
        }
        cli_print_options(stdout, all, count);
        *ret_status = 0;
        return false;
    }
    if (ret_operand == NULL && operand < argc) {
        error_set(&err, ERROR_USAGE, "%s takes no operand such as \"%s\"", name, argv[operand]);
        *ret_status = cli_fail(&err);
        return false;
    }
    if (ret_operand != NULL) {
        *ret_operand = operand;
    }
    return true;
}

static int run_command(const char *database, int argc, char **argv)
{
    struct error err;
    const struct cli_command *command = find_command(argv[0]);
    if (command == NULL) {
        error_set(&err, ERROR_USAGE, "unknown command \"%s\"", argv[0]);
        error_hint(&err, "See `hbrsync --help`.");
        return cli_fail(&err);
    }
    if (!store_sqlite_version_check(&err) || !interrupt_install(&err)) {
        return cli_fail(&err);
    }
    return command->run(database, argc, argv);
}

/* What was printed must have arrived: a full disk behind standard output is a failure. */
static int check_output(int status)
{
    struct error err;
    if (fflush(stdout) == 0 && ferror(stdout) == 0) {
        return status;
    }
    error_set(&err, ERROR_INTERNAL, "cannot write to standard output");
    int failed = cli_fail(&err);
    return status == 0 ? failed : status;
}

static int dispatch(int argc, char **argv)
{
    const char *database = getenv("HBRSYNC_DB");
    bool version = false;
    bool help = false;
    int operand = 1;
    struct error err;
    const struct cli_option options[] = {
        {.name = "db", .argument = "FILE", .kind = CLI_TEXT, .target = (void *)&database},
        {.name = "version", .kind = CLI_FLAG, .target = &version},
    };
    if (database == NULL || database[0] == '\0') {
        database = CLI_DEFAULT_DATABASE;
    }
    if (!cli_parse(options, sizeof(options) / sizeof(options[0]), true, argc, argv, &operand, &help,
                   &err)) {
        error_hint(&err, "See `hbrsync --help`.");
        return cli_fail(&err);
    }
    if (help) {
        print_help(stdout);
        return 0;
    }
    if (version) {
        print_version();
        return 0;
    }
    if (operand >= argc) {
        print_help(stderr);
        return error_exit_status(ERROR_USAGE, 0);
    }
    return run_command(database, argc - operand, argv + operand);
}

/* Whoever started us may have closed some of them: a database opened next would take its number,
 * and a message would be written into it. Reads and writes fail as before. */
static bool occupy_standard_descriptors(void)
{
    for (int descriptor = STDIN_FILENO; descriptor <= STDERR_FILENO; descriptor++) {
        int how = descriptor == STDIN_FILENO ? O_WRONLY : O_RDONLY;
        if (fcntl(descriptor, F_GETFD) < 0 && open("/dev/null", how) != descriptor) {
            return false;
        }
    }
    return true;
}

/* Keys are in memory from the start, in the environment, and no core file may hold them. The limit
 * does not hold where the kernel pipes it to a program; nor may another process of the user look
 * into this one. */
static bool forbid_core_files(struct error *err)
{
    const struct rlimit none = {0, 0};
    if (setrlimit(RLIMIT_CORE, &none) != 0 || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) {
        return error_set_errno(err, ERROR_INTERNAL, errno, "cannot forbid core files");
    }
    return true;
}

/* libcurl would write the keys of its connections there, with which a recording of them is read. */
static void refuse_key_log(void)
{
    static const char name[] = "SSLKEYLOGFILE";
    if (getenv(name) != NULL) {
        (void)unsetenv(name);
        log_warning("%s is ignored: who has that file can read what is sent, tokens included",
                    name);
    }
}

int cli_main(int argc, char **argv)
{
    struct error err;
    bool forbidden = forbid_core_files(&err);
    if (!occupy_standard_descriptors()) {
        return error_exit_status(ERROR_INTERNAL, 0);
    }
    if (!forbidden) {
        return cli_fail(&err);
    }
    refuse_key_log();
    return check_output(dispatch(argc, argv));
}
