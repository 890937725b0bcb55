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

#define LIBCURL_MIN 0x075801 /* 7.88.1 */

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
        return error_set(err, ERROR_INTERNAL, "libcurl %s is too old, 7.88.1 is needed",
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
