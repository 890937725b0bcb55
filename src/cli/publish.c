/* The command `publish`: a copy of the database for readers. */
#include <stdlib.h>
#include <sys/stat.h>

#include "base/safe_file.h"
#include "cli/cli.h"
#include "hbr/restore_job.h"
#include "output/log.h"
#include "store/store.h"

/* Octal, permissions alone. */
static bool parse_mode(const char *text, unsigned *ret_mode, struct error *err)
{
    char *end = NULL;
    unsigned long mode = strtoul(text, &end, 8);
    if (text[0] < '0' || text[0] > '7' || *end != '\0' || mode > 0777) {
        error_set(err, ERROR_USAGE, "--mode: \"%s\" is not a mode", text);
        return error_hint(err, "It takes an octal number of permissions, such as 0644.");
    }
    *ret_mode = (unsigned)mode;
    return true;
}

/* What the umask leaves of 0666. It can only be read by setting it; the process has one thread. */
static unsigned default_mode(void)
{
    mode_t mask = umask(077);
    (void)umask(mask);
    return 0666U & ~(unsigned)mask;
}

int cli_publish(const char *database, int argc, char **argv)
{
    const char *mode_text = NULL;
    bool quiet = false, tables = false;
    struct store *store = NULL;
    unsigned mode = default_mode();
    struct error err;
    int operand = 0, status = 0;
    const struct cli_option options[] = {
        {"mode", "MODE", "the copy's permissions (default 0666 less umask)", CLI_TEXT,
         (void *)&mode_text, 0, 0, CLI_OUTPUT},
        {"tables", NULL, "write the views as typed, indexed tables", CLI_FLAG, &tables, 0, 0,
         CLI_OUTPUT},
        {"allow-shared-folder", NULL, "also write to folders that others can write to", CLI_FLAG,
         &safe_file_shared, 0, 0, CLI_OUTPUT},
        {"quiet", NULL, "print only errors", CLI_FLAG, &quiet, 0, 0, CLI_OUTPUT},
    };
    if (!cli_begin("publish", options, sizeof(options) / sizeof(options[0]), argc, argv, &database,
                   &operand, &status)) {
        return status;
    }
    log_set_level(quiet ? LOG_QUIET : LOG_NORMAL);
    if (operand + 1 != argc || strcmp(argv[operand], "-") == 0) {
        error_set(&err, ERROR_USAGE, "publish takes one file, the copy's name");
        return cli_fail(&err);
    }
    if (mode_text != NULL && !parse_mode(mode_text, &mode, &err)) {
        return cli_fail(&err);
    }
    store_take_test_settings();
    bool done = store_open(database, STORE_READ, &hbr_restore_job_model, &store, &err) &&
                store_publish(store, argv[operand], mode, tables, &err);
    store_close(store);
    if (done) {
        log_info("published to %s", argv[operand]);
    }
    return done ? 0 : cli_fail(&err);
}
