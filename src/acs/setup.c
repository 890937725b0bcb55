#include "acs/setup.h"

#include <errno.h>
#include <malloc.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <curl/curl.h>
#include <openssl/crypto.h>

#define CONNECTIONS_MAX 64
#define QUERIES_PER_SECOND_MAX 100000
#define TIMEOUT_MAX_MS ((int64_t)24 * 3600 * 1000)
#define ANSWER_MAX_MAX ((size_t)1024 * 1024 * 1024)
#define LIBCURL_MIN 0x074C00 /* 7.76.0 */

void acs_client_defaults(struct acs_client_options *options)
{
    memset(options, 0, sizeof(*options));
    options->user_agent = "hbrsync";
    options->connections = 10;
    options->queries_per_second = 10;
    options->connect_timeout_ms = 10000;
    options->stall_timeout_ms = 30000;
    options->attempt_timeout_ms = 120000;
    options->retry_for_ms = 300000;
    options->answer_max = (size_t)8 * 1024 * 1024;
}

static bool check_timeout(const char *name, int64_t value, int64_t minimum, struct error *err)
{
    return (value >= minimum && value <= TIMEOUT_MAX_MS) ||
           error_set(err, ERROR_USAGE, "the %s must be between %d ms and one day", name,
                     (int)minimum);
}

/* The user agent becomes a header. */
static bool check_user_agent(const char *user_agent, struct error *err)
{
    for (const char *at = user_agent; at != NULL && *at != '\0'; at++) {
        if (*at < 0x20 || *at > 0x7E) {
            return error_set(err, ERROR_USAGE, "the user agent must be printable ASCII");
        }
    }
    return true;
}

bool acs_setup_check(const struct acs_client_options *options, struct error *err)
{
    if (options->connections < 1 || options->connections > CONNECTIONS_MAX) {
        return error_set(err, ERROR_USAGE, "the number of connections must be 1 to %d",
                         CONNECTIONS_MAX);
    }
    if (!(options->queries_per_second > 0) ||
        options->queries_per_second > QUERIES_PER_SECOND_MAX) {
        return error_set(err, ERROR_USAGE,
                         "the requests per second must be greater than 0 and at most %d",
                         QUERIES_PER_SECOND_MAX);
    }
    if (options->answer_max < 1 || options->answer_max > ANSWER_MAX_MAX) {
        return error_set(err, ERROR_USAGE, "the largest answer must be 1 byte to %zu bytes",
                         ANSWER_MAX_MAX);
    }
    return check_timeout("connect timeout", options->connect_timeout_ms, 1, err) &&
           check_timeout("stall timeout", options->stall_timeout_ms, 1, err) &&
           check_timeout("timeout", options->attempt_timeout_ms, 1, err) &&
           check_timeout("time for retries", options->retry_for_ms, 0, err) &&
           check_user_agent(options->user_agent, err);
}

static CURLcode started;

/* libcurl's buffers have held tokens: they are wiped before other use. */
static void wipe(void *block)
{
    if (block != NULL) {
        OPENSSL_cleanse(block, malloc_usable_size(block));
        free(block);
    }
}

static void *move(void *block, size_t size)
{
    size_t before = block != NULL ? malloc_usable_size(block) : 0;
    void *moved = malloc(size);
    if (moved != NULL && block != NULL) {
        memcpy(moved, block, before < size ? before : size);
        wipe(block);
    }
    return moved;
}

static void start_libcurl(void)
{
    started = curl_global_init_mem(CURL_GLOBAL_DEFAULT, malloc, wipe, move, strdup, calloc);
    if (started == CURLE_OK) {
        (void)atexit(curl_global_cleanup); /* else the system does it */
    }
}

bool acs_setup_libcurl(struct error *err)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    if (pthread_once(&once, start_libcurl) != 0 || started != CURLE_OK) {
        return error_set(err, ERROR_INTERNAL, "libcurl does not start: %s",
                         curl_easy_strerror(started));
    }
    const curl_version_info_data *info = curl_version_info(CURLVERSION_NOW);
    if (info->version_num < LIBCURL_MIN) {
        return error_set(err, ERROR_INTERNAL, "libcurl %s is too old, 7.76.0 is needed",
                         info->version);
    }
    return (info->features & CURL_VERSION_SSL) != 0 ||
           error_set(err, ERROR_INTERNAL, "libcurl %s was built without TLS", info->version);
}

static bool check_readable(const char *path, const char *from, struct error *err)
{
    struct stat status;
    if (access(path, R_OK) != 0 || stat(path, &status) != 0) {
        return error_set_errno(err, ERROR_USAGE, errno, "cannot read the CA file %s (%s)", path,
                               from);
    }
    return !S_ISDIR(status.st_mode) ||
           error_set(err, ERROR_USAGE, "the CA file %s (%s) is a directory", path, from);
}

bool acs_setup_ca_file(const char *option, const char **ret_path, struct error *err)
{
    static const char *const variables[] = {"SSL_CERT_FILE", "CURL_CA_BUNDLE"};
    *ret_path = NULL;
    if (option != NULL) {
        *ret_path = option;
        return check_readable(option, "--ca-file", err);
    }
    for (size_t i = 0; i < sizeof(variables) / sizeof(variables[0]); i++) {
        const char *path = getenv(variables[i]);
        if (path != NULL && path[0] != '\0') {
            *ret_path = path;
            return check_readable(path, variables[i], err);
        }
    }
    return true;
}

const char *acs_libcurl_version(void)
{
    return curl_version_info(CURLVERSION_NOW)->version;
}

const char *acs_openssl_version(void)
{
    return OpenSSL_version(OPENSSL_VERSION);
}
