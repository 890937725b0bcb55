#include "cli/cli.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "acs/setup.h"
#include "base/interrupt.h"
#include "base/json.h"
#include "base/text.h"
#include "output/log.h"
#include "store/store.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define KNOWN_MAX 512

static const struct cli_command commands[] = {
    {"sync", "[OPTIONS]", "fetch restore jobs from the service and store them", cli_sync,
     cli_filter_more},
    {"import", "[OPTIONS] FILE...", "store jobs from saved API answers (\"-\" is standard input)",
     cli_import, NULL},
    {"export", "[OPTIONS]", "write jobs as the API's own JSON, as CSV, or as JSON", cli_export,
     NULL},
    {"status", "[OPTIONS]", "show sources, watermarks, and the last proof of completeness",
     cli_status, NULL},
    {"report", "[NAME] [OPTIONS]", "print a canned report, or an HTML page; no NAME lists them",
     cli_report, cli_report_more},
    {"show", "[OPTIONS] RESTORE_ID", "print all that is known of one job, and its history",
     cli_show, NULL},
    {"changes", "[OPTIONS]", "list jobs that are new, started, ended, changed or gone", cli_changes,
     NULL},
    {"check", "[OPTIONS]", "compare with thresholds, as a plugin of a monitoring system", cli_check,
     NULL},
    {"verify", "[OPTIONS]", "check the database; --remote compares it with the service", cli_verify,
     NULL},
    {"publish", "[OPTIONS] OUT", "make a copy of the database for readers", cli_publish, NULL},
    {"doctor", "[OPTIONS]", "check credentials, clock, network, permission and database",
     cli_doctor, NULL},
    {"source", "list|retire|revive [OPTIONS]",
     "list the sources; take one out of the syncs and alarms, or back", cli_source, NULL},
    {"help", "[COMMAND]", "the same as --help", NULL, NULL},
    {"version", "", "the same as --version", NULL, NULL},
};

/* What cli_begin does for a command that is called: for each of them first, COLLECT. */
static enum { COLLECT, HELP, RUN } mode;

/* The options of all commands, which may stand before a command's name. */
static struct cli_option known[KNOWN_MAX];
static size_t known_count;

static const struct cli_command *find_command(const char *name, struct error *err)
{
    struct text_nearest nearest = {.word = name};
    for (size_t i = 0; i < COUNT(commands); i++) {
        if (strcmp(commands[i].name, name) == 0) {
            return &commands[i];
        }
        text_nearest_try(&nearest, commands[i].name);
    }
    error_set(err, ERROR_USAGE, "unknown command '%s'", name);
    (void)text_did_you_mean(&nearest, "", err);
    (void)error_hint(err, "See `hbrsync help`.");
    return NULL;
}

static void print_help(void)
{
    size_t count;
    const struct exit_code *codes = error_exit_codes(&count);
    (void)fputs("usage: hbrsync [--db FILE] COMMAND [OPTIONS]\n"
                "       hbrsync help COMMAND\n\n"
                "Copies the restore jobs of Alibaba Cloud Backup into a local SQLite database.\n\n"
                "Commands:\n",
                stdout);
    for (size_t i = 0; i < COUNT(commands); i++) {
        (void)printf("  %-10s %s\n", commands[i].name, commands[i].summary);
    }
    (void)fputs("\nOptions:\n"
                "  --db FILE      the database (default $HBRSYNC_DB, else " CLI_DEFAULT_DATABASE
                ")\n"
                "  -h, --help     this text; after a command, its options\n"
                "  -V, --version  the versions of this program and its libraries\n\n"
                "Exit codes:\n",
                stdout);
    for (size_t i = 0; i < count; i++) {
        (void)printf("  %3d  %s\n", codes[i].status, codes[i].meaning);
    }
}

int cli_fail(const struct error *err)
{
    log_error(err);
    return error_exit_status(err->code, interrupt_signal());
}

static struct error output_failure; /* why standard output failed, where it is known */

int cli_fail_output(const struct error *err)
{
    if (ferror(stdout) == 0) {
        return cli_fail(err);
    }
    output_failure = *err;
    (void)error_context(&output_failure, "standard output");
    return 0;
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
    struct error err;
    bool asked; /* for help or versions, which were looked for before */
    int operand = 0;
    const struct cli_option general[] = {
        {"db", "FILE", "the database; else $HBRSYNC_DB", CLI_FILE, (void *)database, 0, 0,
         CLI_GENERAL},
        {"help", NULL, "this text (-h)", CLI_FLAG, &asked, 0, 0, CLI_GENERAL},
        {"version", NULL, "the versions of everything (-V)", CLI_FLAG, &asked, 0, 0, CLI_GENERAL},
    };
    struct cli_option all[CLI_OPTIONS_MAX];
    *ret_status = 0;
    assert(count + COUNT(general) <= CLI_OPTIONS_MAX);
    memcpy(all, options, count * sizeof(*options));
    memcpy(all + count, general, sizeof(general));
    count += COUNT(general);
    if (mode == COLLECT) {
        assert(known_count + count <= KNOWN_MAX);
        memcpy(known + known_count, all, count * sizeof(*all));
        known_count += count;
        return false;
    }
    const struct cli_command *command = mode == HELP ? find_command(name, NULL) : NULL;
    if (command != NULL) {
        (void)printf("usage: hbrsync %s %s\n\nhbrsync %s: %s\n", name, command->synopsis, name,
                     command->summary);
        cli_print_options(stdout, all, count);
        if (command->print_more != NULL) {
            command->print_more();
        }
        return false;
    }
    bool ok = cli_parse(all, count, argc, argv, &operand, &err);
    if (ok && ret_operand == NULL && operand < argc) {
        ok = error_set(&err, ERROR_USAGE, "unexpected argument '%s'", argv[operand]);
    }
    if (ok && strcmp(*database, "-") == 0) {
        ok = error_set(&err, ERROR_USAGE, "HBRSYNC_DB needs the name of a file, not \"-\"");
    }
    if (!ok) {
        if (err.hint[0] == '\0') {
            error_hint(&err, "See `hbrsync %s --help`.", name);
        }
        *ret_status = cli_fail(&err);
    } else if (ret_operand != NULL) {
        *ret_operand = operand;
    }
    return ok;
}

/* --- which command ------------------------------------------------------------------------- */

/* The command's place in argv, argc when there is none; passes over options and their values. */
static bool find_place(int argc, char **argv, int *ret_place, struct error *err)
{
    int at = 1;
    for (; at < argc && argv[at][0] == '-' && argv[at][1] != '\0'; at++) {
        const struct cli_option *option = cli_find_option(known, known_count, argv[at]);
        if (strcmp(argv[at], "--") == 0) {
            at++;
            break;
        }
        if (option == NULL) {
            return cli_unrecognized(known, known_count, argv[at], err);
        }
        at += option->argument != NULL && strchr(argv[at], '=') == NULL;
        if (at >= argc) {
            return error_set(err, ERROR_USAGE, "--%s needs a value: %s", option->name,
                             option->argument);
        }
    }
    *ret_place = at;
    return true;
}

/* What was printed must have arrived: a full disk behind standard output is a failure. Nobody who
 * reads any more, as after `| head`, is none: the program ends as others do. */
static int check_output(int status)
{
    errno = 0;
    if (fflush(stdout) == 0 && ferror(stdout) == 0) {
        return status;
    }
    struct pollfd reader = {.fd = STDOUT_FILENO};
    if (output_failure.code == ERROR_NONE) {
        error_set_errno(&output_failure, ERROR_INTERNAL, errno != 0 ? errno : EIO,
                        "cannot write to standard output");
    }
    if (poll(&reader, 1, 0) == 1 && (reader.revents & POLLERR) != 0) {
        (void)signal(SIGPIPE, SIG_DFL);
        return status == 0 ? raise(SIGPIPE) : status;
    }
    int failed = cli_fail(&output_failure);
    return status == 0 ? failed : status;
}

/* Whether an option or, before the operands, a command of this name stands there. */
static bool is_asked(const char *name, int argc, char **argv, int place)
{
    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
        const struct cli_option *option = cli_find_option(known, known_count, argv[i]);
        if (option != NULL && strcmp(option->name, name) == 0) {
            return true;
        }
    }
    return place < argc && strcmp(argv[place], name) == 0;
}

/* `argv[0]` is the command's name; NULL: none is given. */
static int run_command(const char *database, int argc, char **argv)
{
    struct error err;
    const struct cli_command *command = argc > 0 ? find_command(argv[0], &err) : NULL;
    if (argc > 0 && command == NULL) {
        return cli_fail(&err);
    }
    if (mode == HELP && (command == NULL || command->run == NULL)) {
        print_help();
        return 0;
    }
    if (command == NULL) {
        (void)fputs(
            "hbrsync copies the restore jobs of Alibaba Cloud Backup into SQLite. To begin:\n"
            "  hbrsync doctor --region cn-hangzhou   check the key, network and permission\n"
            "  hbrsync sync --region cn-hangzhou     fetch the jobs into " CLI_DEFAULT_DATABASE "\n"
            "  hbrsync report                        list what can be asked about them\n"
            "  hbrsync help                          list the commands and exit codes\n",
            stderr);
        return error_exit_status(ERROR_USAGE, 0);
    }
    if (!store_sqlite_version_check(&err) || !interrupt_install(&err)) {
        return cli_fail(&err);
    }
    return command->run(database, argc, argv);
}

static int dispatch(int argc, char **argv)
{
    const char *database = getenv("HBRSYNC_DB");
    int place = argc;
    struct error err;
    if (database == NULL || database[0] == '\0') {
        database = CLI_DEFAULT_DATABASE;
    }
    for (size_t i = 0; i < COUNT(commands); i++) {
        (void)(commands[i].run != NULL && commands[i].run(database, 0, NULL));
    }
    if (!find_place(argc, argv, &place, &err)) {
        error_hint(&err, "See `hbrsync help`.");
        return cli_fail(&err);
    }
    if (is_asked("version", argc, argv, place)) {
        (void)printf("hbrsync %s\nlibcurl %s\nSQLite %s\njson-c %s\n%s\n", HBRSYNC_VERSION,
                     acs_libcurl_version(), store_sqlite_version(), json_library_version(),
                     acs_openssl_version());
        return 0;
    }
    mode = is_asked("help", argc, argv, place) ? HELP : RUN;
    if (place + 1 < argc && strcmp(argv[place], "help") == 0 && argv[place + 1][0] != '-') {
        place++;
    }
    if (mode == RUN && place < argc) { /* the options before the name go behind it */
        char *name = argv[place];
        size_t before = (size_t)place - 1 - (strcmp(argv[place - 1], "--") == 0);
        memmove(argv + place + 1 - before, argv + 1, before * sizeof(*argv));
        place -= (int)before;
        argv[place] = name;
    }
    return run_command(database, argc - place, argv + place);
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
    if (!occupy_standard_descriptors()) {
        return error_exit_status(ERROR_INTERNAL, 0);
    }
    if (!forbid_core_files(&err)) {
        return cli_fail(&err);
    }
    refuse_key_log();
    return check_output(dispatch(argc, argv));
}
