#include "options.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "codec.h"
#include "memory.h"

enum { MOST_JOBS = 5000000, MOST_REGIONS = 64, MOST_KEPT_MIB = 16384 };

static const char usage[] =
    "Usage: hbrsync-simulator [OPTION]...\n"
    "Plays Alibaba Cloud Backup (restore jobs) on loopback, for tests.\n"
    "\n"
    "  --port N           HTTP port (default 0: any free one)\n"
    "  --https-port N     HTTPS port (default 0: any free one)\n"
    "  --tls-dir DIR      serve HTTPS as well; the CA certificate is written to DIR/ca.pem\n"
    "  --seed N           seed of the world (default 1)\n"
    "  --jobs N           STANDARD jobs over all regions (default 500)\n"
    "  --basic-jobs N     BASIC jobs over all regions (default 60)\n"
    "  --reports-open N   recent jobs whose report is under way (default 3)\n"
    "  --burst N          additional jobs that share one second (default 0)\n"
    "  --children N       additional jobs whose parent restores a whole machine (default 0)\n"
    "  --epoch N          what the world clock shows at start (default: the time)\n"
    "  --regions A,B,...  regions, the first is the default one (default "
    "cn-hangzhou,cn-beijing,cn-shanghai)\n"
    "  --even-regions     as many jobs in each region (default: very different shares)\n"
    "  --account-id ID    account that owns the jobs (default 1000000000000001)\n"
    "  --key ID:SECRET    an access key besides LTAI-simulator-key:simulator-secret\n"
    "  --keep-rendered N  keep up to N MiB of rendered jobs while the world does not move (default "
    "0)\n"
    "  --ready-file FILE  write the ready line to FILE, too\n"
    "  --die-with-parent  end when the parent process ends\n"
    "  --help             show this text\n";

static const struct option long_options[] = {{"port", required_argument, NULL, 'p'},
                                             {"https-port", required_argument, NULL, 'P'},
                                             {"tls-dir", required_argument, NULL, 't'},
                                             {"seed", required_argument, NULL, 's'},
                                             {"jobs", required_argument, NULL, 'j'},
                                             {"basic-jobs", required_argument, NULL, 'b'},
                                             {"reports-open", required_argument, NULL, 'o'},
                                             {"burst", required_argument, NULL, 'B'},
                                             {"children", required_argument, NULL, 'c'},
                                             {"epoch", required_argument, NULL, 'e'},
                                             {"regions", required_argument, NULL, 'r'},
                                             {"even-regions", no_argument, NULL, 'E'},
                                             {"account-id", required_argument, NULL, 'a'},
                                             {"key", required_argument, NULL, 'k'},
                                             {"keep-rendered", required_argument, NULL, 'm'},
                                             {"ready-file", required_argument, NULL, 'f'},
                                             {"die-with-parent", no_argument, NULL, 'd'},
                                             {"help", no_argument, NULL, 'h'},
                                             {NULL, 0, NULL, 0}};

static _Noreturn void misuse(const char *what, const char *value)
{
    fprintf(stderr, "hbrsync-simulator: %s: \"%s\"; see --help\n", what, value);
    exit(2);
}

static int64_t number(const char *text, int64_t most)
{
    int64_t value = 0;
    if (!parse_integer(text, &value) || value < 0 || value > most) {
        misuse("not a number, or out of range", text);
    }
    return value;
}

static void release_regions(struct options *options)
{
    for (size_t i = 0; i < options->world.region_count; i++) {
        free(options->world.regions[i]);
    }
    free(options->world.regions);
    options->world.regions = NULL;
    options->world.region_count = 0;
}

static void take_regions(struct options *options, const char *text)
{
    release_regions(options);
    char *copy = must_copy(text);
    char *rest = copy;
    for (char *name = strsep(&rest, ","); name != NULL; name = strsep(&rest, ",")) {
        size_t length = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-");
        if (length == 0 || name[length] != '\0' || length > 40 ||
            options->world.region_count == MOST_REGIONS) {
            misuse("bad list of regions", text);
        }
        size_t count = options->world.region_count++;
        options->world.regions = must_resize(options->world.regions, count + 1, sizeof(char *));
        options->world.regions[count] = must_copy(name);
    }
    free(copy);
}

static void take_key(struct options *options, const char *text)
{
    char *id = must_copy(text);
    char *colon = strchr(id, ':');
    if (colon == NULL || colon == id || colon[1] == '\0' || colon - id > 100) {
        misuse("a key is ID:SECRET", "--key");
    }
    *colon = '\0';
    key_ring_put(&options->keys,
                 &(struct key_order){.id = id, .secret = colon + 1, .account_id = ""});
    free(id);
}

static void take_option(struct options *options, int option, const char *value)
{
    switch (option) {
    case 'p':
        options->port = (uint16_t)number(value, UINT16_MAX);
        break;
    case 'P':
        options->https_port = (uint16_t)number(value, UINT16_MAX);
        break;
    case 't':
        options->tls_dir = value;
        break;
    case 's':
        options->world.seed = (uint64_t)number(value, INT64_MAX);
        break;
    case 'j':
        options->world.standard_jobs = (size_t)number(value, MOST_JOBS);
        break;
    case 'b':
        options->world.basic_jobs = (size_t)number(value, MOST_JOBS);
        break;
    case 'o':
        options->world.reports_open = (size_t)number(value, MOST_JOBS);
        break;
    case 'B':
        options->world.burst = (size_t)number(value, MOST_JOBS);
        break;
    case 'c':
        options->world.children = (size_t)number(value, MOST_JOBS);
        break;
    case 'e':
        options->world.epoch = number(value, INT64_C(1) << 40);
        break;
    case 'r':
        take_regions(options, value);
        break;
    case 'E':
        options->world.even_regions = true;
        break;
    case 'a':
        options->world.account_id = value;
        break;
    case 'k':
        take_key(options, value);
        break;
    case 'm':
        options->keep_rendered = (size_t)number(value, MOST_KEPT_MIB) << 20;
        break;
    case 'f':
        options->ready_file = value;
        break;
    case 'd':
        options->die_with_parent = true;
        break;
    case 'h':
        fputs(usage, stdout);
        exit(0);
    default:
        fputs(usage, stderr);
        exit(2);
    }
}

void options_parse(struct options *options, int argc, char **argv)
{
    *options = (struct options){
        .world = {.seed = 1, .standard_jobs = 500, .basic_jobs = 60, .reports_open = 3}};
    options->world.account_id = "1000000000000001";
    take_regions(options, "cn-hangzhou,cn-beijing,cn-shanghai");
    take_key(options, "LTAI-simulator-key:simulator-secret");
    for (int option = 0; (option = getopt_long(argc, argv, "", long_options, NULL)) != -1;) {
        take_option(options, option, optarg);
    }
    if (optind < argc) {
        misuse("unexpected argument", argv[optind]);
    }
    for (size_t i = 0; i < options->keys.count; i++) {
        free(options->keys.keys[i].account_id);
        options->keys.keys[i].account_id = must_copy(options->world.account_id);
    }
}

void options_release(struct options *options)
{
    release_regions(options);
    key_ring_release(&options->keys);
}
