#include "acs/imds.h"

#include <stdio.h>
#include <string.h>

#include "acs/endpoint.h"
#include "acs/keys.h"
#include "acs/transfer.h"
#include "base/text.h"

/* For tests: an address in the service's place, loopback only. */
#define TEST_VARIABLE "HBRSYNC_TEST_IMDS"
#define DISABLED_VARIABLE "ALIBABA_CLOUD_ECS_METADATA_DISABLED"
#define ROLE_VARIABLE "ALIBABA_CLOUD_ECS_METADATA"
#define V1_DISABLED_VARIABLE "ALIBABA_CLOUD_IMDSV1_DISABLED"
#define TOKEN_PATH "/latest/api/token"
#define ROLES_PATH "/latest/meta-data/ram/security-credentials/"
#define TOKEN_LIFETIME_HEADER "X-aliyun-ecs-metadata-token-ttl-seconds: 21600"
#define TOKEN_HEADER "X-aliyun-ecs-metadata-token: "
#define CONNECT_TIMEOUT_MS 1000 /* outside ECS nothing answers: nobody shall wait for that */
#define TIMEOUT_MS 3000
#define TOKEN_MAX 1024
#define ROLE_MAX 128
#define URL_SIZE 512
#define REASON_MAX 2048

struct imds {
    const struct acs_credentials_options *options;
    char base[ACS_ENDPOINT_MAX];
    char token[TOKEN_MAX]; /* "" in version 1 */
    struct buffer *reason;
};

static bool find_base(struct imds *imds, struct error *err)
{
    const char *test = acs_variable(TEST_VARIABLE);
    struct acs_endpoint endpoint;
    if (test == NULL) {
        return text_fit(imds->base, sizeof(imds->base), "http://" ACS_METADATA_ADDRESS);
    }
    if (!acs_endpoint_parse(test, &endpoint, err)) {
        return error_context(err, TEST_VARIABLE);
    }
    if (!endpoint.loopback) {
        return error_set(err, ERROR_USAGE, TEST_VARIABLE " is for loopback addresses only");
    }
    return text_fit(imds->base, sizeof(imds->base), endpoint.base);
}

/* FOUND: there is an answer. No answer at all: no metadata service, unless the user interrupted. */
static enum acs_provider_result ask(struct imds *imds, const char *method, const char *path,
                                    struct acs_fetched *ret_fetched, struct error *err)
{
    char url[URL_SIZE];
    char header[sizeof(TOKEN_HEADER) + TOKEN_MAX];
    struct error problem;
    bool token = imds->token[0] != '\0';
    (void)snprintf(header, sizeof(header), TOKEN_HEADER "%s", imds->token);
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
    error_clear(&problem);
    if (snprintf(url, sizeof(url), "%s%s", imds->base, path) >= (int)sizeof(url)) {
        (void)error_set(&problem, ERROR_USAGE, "the path of the role is too long");
    } else if (acs_fetch(&fetch, ret_fetched, &problem)) {
        return ACS_PROVIDER_FOUND;
    }
    if (problem.code != ERROR_SERVICE) {
        (void)error_copy(err, &problem);
        return ACS_PROVIDER_BROKEN;
    }
    buffer_printf(imds->reason, "no metadata service (%s)", problem.message);
    return ACS_PROVIDER_NOT_HERE;
}

/* FOUND: go on, with a token or without. */
static enum acs_provider_result take_token(struct imds *imds, struct error *err)
{
    struct acs_fetched fetched;
    enum acs_provider_result result = ask(imds, "PUT", TOKEN_PATH, &fetched, err);
    if (result != ACS_PROVIDER_FOUND) {
        return result;
    }
    bool taken = fetched.status == 200 && fetched.body.length > 0 &&
                 acs_provider_take(imds->token, sizeof(imds->token), fetched.body.data,
                                   "the metadata token", NULL);
    int status = fetched.status;
    acs_fetched_free(&fetched);
    if (!taken && acs_variable_is_true(V1_DISABLED_VARIABLE, false)) {
        buffer_printf(imds->reason,
                      "the metadata service gives no token (HTTP %d), and version 1 is switched "
                      "off by " V1_DISABLED_VARIABLE,
                      status);
        return ACS_PROVIDER_NOT_HERE;
    }
    return ACS_PROVIDER_FOUND;
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

static enum acs_provider_result find_role(struct imds *imds, const char *named, char role[ROLE_MAX],
                                          struct error *err)
{
    struct acs_fetched fetched;
    if (named != NULL) {
        if (acs_imds_role_name(named, role, ROLE_MAX)) {
            return ACS_PROVIDER_FOUND;
        }
        (void)error_set(err, ERROR_CREDENTIALS,
                        "the name of the ECS RAM role is no name of a role");
        return ACS_PROVIDER_BROKEN;
    }
    enum acs_provider_result result = ask(imds, "GET", ROLES_PATH, &fetched, err);
    if (result != ACS_PROVIDER_FOUND) {
        return result;
    }
    bool found = fetched.status == 200 && acs_imds_role_name(fetched.body.data, role, ROLE_MAX);
    if (!found && fetched.status == 200) {
        buffer_puts(imds->reason, "the metadata service names no RAM role");
    } else if (!found) {
        buffer_printf(imds->reason, "the metadata service names no RAM role (HTTP %d)",
                      fetched.status);
    }
    acs_fetched_free(&fetched);
    return found ? ACS_PROVIDER_FOUND : ACS_PROVIDER_NOT_HERE;
}

bool acs_imds_read(const char *text, size_t length, struct acs_credentials *ret_credentials,
                   struct error *err)
{
    return acs_keys_read_answer(text, length, "the metadata service's answer", true,
                                ret_credentials, err);
}

static enum acs_provider_result take_keys(struct imds *imds, const char *role,
                                          struct acs_credentials *ret_credentials,
                                          struct error *err)
{
    char path[URL_SIZE];
    struct acs_fetched fetched;
    (void)snprintf(path, sizeof(path), ROLES_PATH "%s", role);
    enum acs_provider_result result = ask(imds, "GET", path, &fetched, err);
    if (result != ACS_PROVIDER_FOUND) {
        return result;
    }
    result = ACS_PROVIDER_BROKEN;
    if (fetched.status == 404) {
        buffer_printf(imds->reason, "the RAM role \"%s\" is not attached to this instance", role);
        result = ACS_PROVIDER_NOT_HERE;
    } else if (fetched.status != 200) {
        (void)error_set(err, ERROR_CREDENTIALS,
                        "the metadata service answers HTTP %d about the role \"%s\"",
                        fetched.status, role);
    } else if (acs_imds_read(fetched.body.data, fetched.body.length, ret_credentials, err)) {
        acs_provider_name(ret_credentials, "ECS RAM role %s", role);
        ret_credentials->renewable = true;
        result = ACS_PROVIDER_FOUND;
    }
    acs_fetched_free(&fetched);
    return result;
}

enum acs_provider_result acs_imds_find(const struct acs_credentials_options *options,
                                       const char *role, struct acs_credentials *ret_credentials,
                                       struct buffer *reason, struct error *err)
{
    char name[ROLE_MAX] = "";
    struct imds imds = {.options = options, .reason = reason};
    if (!find_base(&imds, err)) {
        return ACS_PROVIDER_BROKEN;
    }
    enum acs_provider_result result = take_token(&imds, err);
    if (result == ACS_PROVIDER_FOUND) {
        result = find_role(&imds, role, name, err);
    }
    if (result == ACS_PROVIDER_FOUND) {
        result = take_keys(&imds, name, ret_credentials, err);
    }
    return result;
}

bool acs_imds_require(const struct acs_credentials_options *options, const char *role,
                      struct acs_credentials *credentials, struct error *err)
{
    char name[sizeof(credentials->provider)];
    struct buffer reason;
    buffer_init(&reason, REASON_MAX);
    (void)text_fit(name, sizeof(name), credentials->provider);
    enum acs_provider_result result =
        acs_imds_find(options, role[0] != '\0' ? role : NULL, credentials, &reason, err);
    if (result == ACS_PROVIDER_NOT_HERE) {
        (void)error_set(err, ERROR_CREDENTIALS, "%s", reason.data);
    }
    buffer_free(&reason);
    (void)text_fit(credentials->provider, sizeof(credentials->provider), name);
    return result == ACS_PROVIDER_FOUND;
}

enum acs_provider_result acs_provider_ecs(const struct acs_credentials_options *options,
                                          struct acs_credentials *ret_credentials,
                                          struct buffer *reason, struct error *err)
{
    if (acs_variable_is_true(DISABLED_VARIABLE, false)) {
        buffer_puts(reason, "switched off by " DISABLED_VARIABLE);
        return ACS_PROVIDER_NOT_HERE;
    }
    return acs_imds_find(options, acs_variable(ROLE_VARIABLE), ret_credentials, reason, err);
}
