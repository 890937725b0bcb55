/*
 * Keys that are asked for over plain HTTP: from the metadata service inside an ECS instance, which
 * has those of the RAM role that is attached to it, and from a URI, named by a variable or a
 * profile. The URI is https, or http to a loopback address: the SDKs would take any http.
 */
#include <stdio.h>
#include <string.h>

#include "acs/endpoint.h"
#include "acs/provider.h"
#include "acs/setup.h"
#include "acs/transfer.h"
#include "base/text.h"

/* For tests: an address in the service's place, loopback only. */
#define TEST_VARIABLE "HBRSYNC_TEST_IMDS"
#define DISABLED_VARIABLE "ALIBABA_CLOUD_ECS_METADATA_DISABLED"
#define ROLE_VARIABLE "ALIBABA_CLOUD_ECS_METADATA"
#define V1_DISABLED_VARIABLE "ALIBABA_CLOUD_IMDSV1_DISABLED"
#define URI_VARIABLE "ALIBABA_CLOUD_CREDENTIALS_URI"
#define TOKEN_PATH "/latest/api/token"
#define ROLES_PATH "/latest/meta-data/ram/security-credentials/"
#define TOKEN_LIFETIME_HEADER "X-aliyun-ecs-metadata-token-ttl-seconds: 21600"
#define TOKEN_HEADER "X-aliyun-ecs-metadata-token: "
#define CONNECT_TIMEOUT_MS 1000 /* outside ECS nothing answers: nobody shall wait for that */
#define TIMEOUT_MS 3000
#define URI_CONNECT_TIMEOUT_MS 5000
#define URI_TIMEOUT_MS 10000
#define TOKEN_MAX 1024
#define ROLE_MAX 128

/* --- the metadata service ------------------------------------------------------------------ */

struct imds {
    const struct acs_credentials_options *options;
    char base[ACS_ENDPOINT_MAX];
    char token[TOKEN_MAX]; /* "" in version 1 */
};

static bool find_base(struct imds *imds, struct error *err)
{
    const char *test = acs_variable(TEST_VARIABLE);
    struct acs_endpoint endpoint = {.base = "http://" ACS_METADATA_ADDRESS};
    if (test != NULL && !acs_endpoint_parse(test, &endpoint, err)) {
        return error_context(err, TEST_VARIABLE);
    }
    if (test != NULL && !endpoint.loopback) {
        return error_set(err, ERROR_USAGE, TEST_VARIABLE " is for loopback addresses only");
    }
    return text_fit(imds->base, sizeof(imds->base), endpoint.base);
}

/* No answer at all: no metadata service, unless the user interrupted. */
static bool ask(struct imds *imds, const char *method, const char *path,
                struct acs_fetched *ret_fetched, struct error *err)
{
    char url[ACS_ENDPOINT_MAX + sizeof(ROLES_PATH) + ROLE_MAX];
    char header[sizeof(TOKEN_HEADER) + TOKEN_MAX];
    bool token = imds->token[0] != '\0';
    (void)snprintf(header, sizeof(header), TOKEN_HEADER "%s", imds->token);
    (void)snprintf(url, sizeof(url), "%s%s", imds->base, path);
    const struct acs_fetch fetch = {
        .method = method,
        .url = url,
        .headers = {strcmp(method, "PUT") == 0 ? TOKEN_LIFETIME_HEADER
                    : token                    ? header
                                               : NULL},
        .user_agent = imds->options->user_agent,
        .connect_timeout_ms = CONNECT_TIMEOUT_MS,
        .timeout_ms = TIMEOUT_MS,
        .metadata = true,
    };
    if (acs_fetch(&fetch, ret_fetched, err)) {
        return true;
    }
    const struct error problem = *err;
    return problem.code == ERROR_SERVICE &&
           error_set(err, ERROR_NONE, "no metadata service (%s)", problem.message);
}

static bool take_token(struct imds *imds, struct error *err)
{
    struct acs_fetched fetched;
    if (!ask(imds, "PUT", TOKEN_PATH, &fetched, err)) {
        return false;
    }
    int status = fetched.status;
    bool taken = status == 200 && fetched.body.length > 0 &&
                 acs_provider_take(imds->token, sizeof(imds->token), fetched.body.data,
                                   "the metadata token", NULL);
    acs_fetched_free(&fetched);
    return taken || !acs_variable_is_true(V1_DISABLED_VARIABLE, false) ||
           error_set(err, ERROR_NONE,
                     "the metadata service gives no token (HTTP %d), and version 1 is switched "
                     "off by " V1_DISABLED_VARIABLE,
                     status);
}

bool acs_imds_role_name(const char *text, char *role, size_t size)
{
    size_t length = strspn(text, TEXT_ALPHANUMERIC "-_.@");
    if (length == 0 || length >= size ||
        (text[length] != '\0' && text[length] != '\n' && text[length] != '\r')) {
        return false;
    }
    memcpy(role, text, length);
    role[length] = '\0';
    return strspn(role, ".") != length; /* "." and ".." would be another path */
}

static bool find_role(struct imds *imds, const char *named, char role[ROLE_MAX], struct error *err)
{
    struct acs_fetched fetched;
    if (named != NULL && named[0] != '\0') {
        return acs_imds_role_name(named, role, ROLE_MAX) ||
               error_set(err, ERROR_CREDENTIALS,
                         "the name of the ECS RAM role is no name of a role");
    }
    if (!ask(imds, "GET", ROLES_PATH, &fetched, err)) {
        return false;
    }
    bool found = fetched.status == 200 && acs_imds_role_name(fetched.body.data, role, ROLE_MAX);
    int status = fetched.status;
    acs_fetched_free(&fetched);
    return found ||
           error_set(err, ERROR_NONE, "the metadata service names no RAM role (HTTP %d)", status);
}

static bool take_keys(struct imds *imds, const char *role, struct acs_credentials *ret_credentials,
                      struct error *err)
{
    char path[sizeof(ROLES_PATH) + ROLE_MAX];
    struct acs_fetched fetched;
    bool ok = false;
    (void)snprintf(path, sizeof(path), ROLES_PATH "%s", role);
    if (!ask(imds, "GET", path, &fetched, err)) {
        return false;
    }
    if (fetched.status == 404) {
        (void)error_set(err, ERROR_NONE, "the RAM role \"%s\" is not attached to this instance",
                        role);
    } else if (fetched.status != 200) {
        (void)error_set(err, ERROR_CREDENTIALS,
                        "the metadata service answers HTTP %d about the role \"%s\"",
                        fetched.status, role);
    } else {
        ok = acs_keys_read_answer(fetched.body.data, fetched.body.length,
                                  "the metadata service's answer", true, ret_credentials, err);
    }
    acs_fetched_free(&fetched);
    return ok;
}

bool acs_imds_find(const struct acs_credentials_options *options, const char *role,
                   struct acs_credentials *ret_credentials, struct error *err)
{
    char name[ROLE_MAX] = "";
    struct imds imds = {.options = options};
    ret_credentials->renewable = true;
    if (!find_base(&imds, err) || !take_token(&imds, err) || !find_role(&imds, role, name, err) ||
        !take_keys(&imds, name, ret_credentials, err)) {
        return false;
    }
    if (ret_credentials->provider[0] == '\0') {
        acs_provider_name(ret_credentials, "ECS RAM role %s", name);
    }
    return true;
}

bool acs_provider_ecs(const struct acs_credentials_options *options,
                      struct acs_credentials *ret_credentials, struct error *err)
{
    return acs_variable_is_true(DISABLED_VARIABLE, false)
               ? error_set(err, ERROR_NONE, "switched off by " DISABLED_VARIABLE)
               : acs_imds_find(options, acs_variable(ROLE_VARIABLE), ret_credentials, err);
}

/* --- a URI --------------------------------------------------------------------------------- */

bool acs_uri_find(const struct acs_credentials_options *options, const char *uri,
                  struct acs_credentials *ret_credentials, struct error *err)
{
    struct acs_fetched fetched;
    struct acs_fetch fetch = {
        .method = "GET",
        .url = uri,
        .user_agent = options->user_agent,
        .connect_timeout_ms = URI_CONNECT_TIMEOUT_MS,
        .timeout_ms = URI_TIMEOUT_MS,
    };
    if (!acs_setup_ca_file(options->ca_file, &fetch.ca_file, err)) {
        return false;
    }
    if (!acs_fetch(&fetch, &fetched, err)) {
        return error_context(err, "the credentials URI");
    }
    bool ok =
        fetched.status == 200
            ? acs_keys_read_answer(fetched.body.data, fetched.body.length,
                                   "the answer of the credentials URI", false, ret_credentials, err)
            : error_set(err, ERROR_CREDENTIALS, "the credentials URI answers HTTP %d",
                        fetched.status);
    ret_credentials->renewable = true;
    acs_fetched_free(&fetched);
    return ok;
}

bool acs_provider_uri(const struct acs_credentials_options *options,
                      struct acs_credentials *ret_credentials, struct error *err)
{
    const char *uri = acs_variable(URI_VARIABLE);
    acs_provider_name(ret_credentials, "credentials URI of " URI_VARIABLE);
    return uri != NULL ? acs_uri_find(options, uri, ret_credentials, err)
                       : error_set(err, ERROR_NONE, URI_VARIABLE " is not set");
}
