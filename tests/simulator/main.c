/* hbrsync-simulator: plays Alibaba Cloud Backup on loopback, for whole-program tests.
 *
 * The service answers signed requests for "/" (Signature V3): DescribeRestoreJobs2,
 * DescribeRegions, and GetCallerIdentity of STS. The first label of the Host names the region
 * ("cn-beijing.localhost:PORT").
 *
 * Tests steer it by unsigned requests on the same ports, JSON in and out (an error is 400 {"error":
 * text}):
 *
 * It also hands out temporary keys: AssumeRole and AssumeRoleWithOIDC of STS, the metadata service
 * of an ECS instance ("/latest/..."), and a credentials URI ("/credentials-uri").
 *
 * POST /control/move {"region", "edition", verb: n, ..., "vanish_ids": [], "return_ids": [],
 * "finish_ids": [], "reopen_ids": [], "suspend_ids": []}: the verbs are start, progress, finish,
 * finish_reporting, fail, report, late_report, late_expire, reopen, suspend, silent_change,
 * silent_change_old, vanish, vanish_old, create, create_closed, create_undocumented, odd,
 * create_parent, create_child, create_child_of_open and more (see moves.c). Answers {"move": n,
 * verb: [ids], ...}.
 *
 * POST /control/advance {"seconds": n} moves the world clock (stamps, Date, expiry of tokens).
 *
 * POST /control/set {setting: value, ...}: names, values and defaults are the table in settings.c.
 *
 * POST /control/reset puts every setting back and drops waiting scripts.
 *
 * POST /control/fault {"kind", "at", "count", "action", "region", ...} spoils requests (see
 * fault.c); POST /control/clear_faults.
 *
 * POST /control/key {"id", "secret", "token", "expires_in", "account_id", "remove", "inactive"}.
 *
 * POST /control/script {"before_request": n, "do": move, "set": settings}: does it just before the
 * n-th DescribeRestoreJobs2 answer from now.
 *
 * GET /control/truth?region=R&edition=E: every job as the API would show it now, NDJSON.
 *
 * GET /control/vanished: ids that the service no longer lists.
 *
 * GET /control/state: counts, clocks, and all settings.
 *
 * GET /control/log: the requests so far, never with secrets, tokens or signatures; POST
 * /control/clear_log.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "http.h"
#include "json_writer.h"
#include "memory.h"
#include "options.h"
#include "simulator.h"
#include "tls.h"

/* SIGTERM and SIGINT are waited for, not handled, so every thread must have them blocked from the
 * start. */
static void block_signals(sigset_t *ending)
{
    sigemptyset(ending);
    sigaddset(ending, SIGTERM);
    sigaddset(ending, SIGINT);
    pthread_sigmask(SIG_BLOCK, ending, NULL);
    signal(SIGPIPE, SIG_IGN);
}

/* Asks the kernel for SIGTERM at the parent's end, which may have come already. */
static void follow_parent(pid_t parent)
{
    if (prctl(PR_SET_PDEATHSIG, SIGTERM) != 0 || getppid() != parent) {
        give_up("the parent process is gone");
    }
}

static void announce(const struct options *options, uint16_t port, uint16_t https_port,
                     const char *ca_file)
{
    struct buffer line = {0};
    struct json_writer writer = {.out = &line};
    json_open(&writer, NULL, '{');
    json_integer(&writer, "port", port);
    if (ca_file != NULL) {
        json_integer(&writer, "https_port", https_port);
        json_string(&writer, "ca_file", ca_file);
    } else {
        json_null(&writer, "https_port");
        json_null(&writer, "ca_file");
    }
    json_integer(&writer, "pid", getpid());
    json_close(&writer, '}');
    buffer_char(&line, '\n');
    if (options->ready_file != NULL && !write_by_rename(options->ready_file, line.data)) {
        give_up("cannot write the ready file");
    }
    fputs(line.data, stdout);
    fflush(stdout);
    buffer_release(&line);
}

/* Starts HTTPS and returns the name of the CA's file, to be freed. Key and certificate stand beside
 * it, for a proxy of a test. */
static char *start_https(struct http_server *server, struct simulator *simulator,
                         const struct options *options, struct tls_identity *identity)
{
    struct buffer ca_file = {0};
    struct buffer server_file = {0};
    struct buffer server_text = {0};
    buffer_format(&ca_file, "%s/ca.pem", options->tls_dir);
    buffer_format(&server_file, "%s/server.pem", options->tls_dir);
    if (mkdir(options->tls_dir, 0700) != 0 && errno != EEXIST) {
        give_up("cannot make the TLS directory");
    }
    if (!tls_make_identity(identity, options->world.regions, options->world.region_count,
                           ca_file.data) ||
        !http_start(server, simulator, options->https_port, identity)) {
        give_up("cannot serve HTTPS");
    }
    buffer_format(&server_text, "%s%s", identity->key_pem, identity->certificate_pem);
    if (!write_by_rename(server_file.data, server_text.data)) {
        give_up("cannot write the server's certificate");
    }
    buffer_release(&server_text);
    buffer_release(&server_file);
    return buffer_detach(&ca_file);
}

int main(int argc, char **argv)
{
    static struct simulator simulator;
    struct options options;
    struct http_server http = {0};
    struct http_server https = {0};
    struct tls_identity identity = {0};
    char *ca_file = NULL;
    sigset_t ending;
    int received = 0;
    pid_t parent = getppid();

    options_parse(&options, argc, argv);
    block_signals(&ending);
    if (options.die_with_parent) {
        follow_parent(parent);
    }
    simulator_init(&simulator, &options.world);
    simulator.keys = options.keys;
    simulator.rendered.most_bytes = options.keep_rendered;
    options.keys = (struct key_ring){0};
    if (!http_start(&http, &simulator, options.port, NULL)) {
        give_up("cannot listen on loopback");
    }
    if (options.tls_dir != NULL) {
        ca_file = start_https(&https, &simulator, &options, &identity);
    }
    announce(&options, http.port, https.port, ca_file);

    while (sigwait(&ending, &received) != 0) {
    }
    atomic_store(&simulator.is_stopping, true);
    http_stop(&http);
    http_stop(&https);
    tls_identity_release(&identity);
    free(ca_file);
    simulator_release(&simulator);
    options_release(&options);
    return 0;
}
