/* STS (version 2015-04-01): temporary keys of a RAM role, and whose keys they are. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <openssl/rand.h>

#include "acs/answer.h"
#include "acs/client.h"
#include "acs/provider.h"
#include "acs/retry_watch.h"
#include "acs/setup.h"
#include "acs/signature.h"
#include "acs/transfer.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/text.h"

#define STS_VERSION "2015-04-01"
#define CONNECT_TIMEOUT_MS 5000 /* as in the SDKs */
#define TIMEOUT_MS 10000
#define URL_SIZE 512
#define OIDC_TOKEN_MAX ((size_t)20000) /* "OIDCToken" of the API page */
#define FORM_MAX ((size_t)128 * 1024)
#define PARAMETERS_MAX 6
#define ROLE_DURATION 3600 /* seconds, as in the SDKs */

static bool is_given(const char *text)
{
    return text != NULL && text[0] != '\0';
}

/* What STS refuses is a matter of credentials, whatever the status. */
static void classify(struct error *err)
{
    if (err->code == ERROR_SERVICE && !err->retryable && err->http_status >= 400 &&
        err->http_status < 500) {
        err->code = ERROR_CREDENTIALS;
    }
}

bool acs_role_keys_read(const struct json_node *root, const char *action,
                        struct acs_credentials *ret_credentials, struct error *err)
{
    char what[64];
    const struct json_node *node = json_find(root, "Credentials");
    (void)snprintf(what, sizeof(what), "the answer of %s", action);
    if (node->kind != JSON_OBJECT) {
        return error_set(err, ERROR_CREDENTIALS, "%s has no Credentials", what);
    }
    ret_credentials->renewable = true;
    return acs_keys_read(node, ACS_KEY_NAMES, true, what, ret_credentials, err);
}

static size_t role_parameters(const struct acs_role *role, char duration[24],
                              struct acs_parameter parameters[PARAMETERS_MAX])
{
    size_t count = 0;
    (void)snprintf(duration, 24, "%" PRId64, role->duration > 0 ? role->duration : ROLE_DURATION);
    const struct acs_parameter all[] = {
        {"RoleArn", role->arn},
        {"RoleSessionName", is_given(role->session_name) ? role->session_name : "hbrsync"},
        {"DurationSeconds", duration},
        {"Policy", role->policy},
        {"ExternalId", role->external_id},
    };
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        if (is_given(all[i].value)) {
            parameters[count++] = all[i];
        }
    }
    return count;
}

/* --- AssumeRoleWithOIDC -------------------------------------------------------------------- */

static bool read_oidc_token(const char *path, struct buffer *token, struct error *err)
{
    if (!file_read(path, token, NULL, err)) {
        err->code = err->code == ERROR_USAGE ? ERROR_CREDENTIALS : err->code;
        return error_context(err, "the OIDC token");
    }
    while (token->length > 0 && strchr(" \t\r\n", token->data[token->length - 1]) != NULL) {
        token->data[--token->length] = '\0';
    }
    size_t mark = text_mark_length(token->data, token->length);
    token->length -= mark;
    memmove(token->data, token->data + mark, token->length + 1);
    return (token->length > 0 && strlen(token->data) == token->length) ||
           error_set(err, ERROR_CREDENTIALS, "the OIDC token file %s is empty or no text", path);
}

/* The form and, without a key to sign it, the URL. */
static bool compose(const struct acs_role *role, const char *token, const char *endpoint,
                    struct buffer *form, struct buffer *url, struct error *err)
{
    char duration[24];
    char date[CLOCK_ISO8601_SIZE];
    struct acs_parameter parameters[PARAMETERS_MAX + 2];
    size_t count = role_parameters(role, duration, parameters);
    parameters[count++] = (struct acs_parameter){"OIDCProviderArn", role->oidc_provider_arn};
    parameters[count++] = (struct acs_parameter){"OIDCToken", token};
    if (!clock_to_iso8601(clock_now(), date)) {
        return error_set(err, ERROR_INTERNAL, "the clock is outside the years 0 to 9999");
    }
    const struct acs_parameter query[] = {{"Action", "AssumeRoleWithOIDC"},
                                          {"Format", "JSON"},
                                          {"Timestamp", date},
                                          {"Version", STS_VERSION}};
    buffer_printf(url, "%s/?", endpoint);
    return acs_canonical_query(parameters, count, form, err) &&
           acs_canonical_query(query, sizeof(query) / sizeof(query[0]), url, err);
}

/* One attempt. */
static enum acs_outcome attempt_oidc(const struct acs_fetch *fetch, const char *token,
                                     struct acs_credentials *ret_credentials, struct error *err)
{
    struct acs_fetched fetched;
    const struct acs_secrets secrets = {.token = token};
    struct json_node *root = NULL;
    char request_id[64];
    if (!acs_fetch(fetch, &fetched, err)) {
        return err->retryable ? ACS_TRANSPORT : ACS_PERMANENT;
    }
    const struct acs_reply reply = {
        .http_status = fetched.status,
        .headers = &fetched.headers,
        .body = fetched.body.data,
        .length = fetched.body.length,
        .action = "AssumeRoleWithOIDC",
        .version = STS_VERSION,
        .secrets = &secrets,
        .now = clock_now(),
    };
    enum acs_outcome outcome = acs_answer_judge(&reply, &root, request_id, err);
    if (outcome == ACS_OK && !acs_role_keys_read(root, reply.action, ret_credentials, err)) {
        outcome = ACS_PERMANENT;
    }
    classify(err);
    json_free(root);
    acs_fetched_free(&fetched);
    return outcome;
}

static bool call_oidc(const struct acs_credentials_options *options, const struct acs_fetch *fetch,
                      const char *token, struct acs_credentials *ret_credentials, struct error *err)
{
    struct acs_retry retry = {.started_ms = clock_monotonic_ms(),
                              .budget_ms = options->retry_for_ms};
    struct acs_waiting waiting = {.listed = false};
    struct error problem;
    for (;;) {
        unsigned char chance = 0;
        int64_t wait = 0;
        (void)RAND_bytes(&chance, 1); /* without it the waits are short */
        error_clear(&problem);
        retry.attempts++;
        enum acs_outcome outcome = attempt_oidc(fetch, token, ret_credentials, &problem);
        (void)error_context(&problem, "AssumeRoleWithOIDC");
        if (outcome == ACS_OK || !acs_retry_next(&retry, outcome, 0, clock_monotonic_ms(),
                                                 (uint32_t)chance << 24, &wait)) {
            acs_retry_ended(&waiting);
            return outcome == ACS_OK || error_copy(err, &problem);
        }
        acs_retry_failed(&waiting, &retry, wait, problem.message, &problem);
        acs_retry_pause(wait);
    }
}

static bool assume_with_oidc(const struct acs_credentials_options *options,
                             const struct acs_role *role, struct acs_credentials *ret_credentials,
                             struct error *err)
{
    char endpoint[URL_SIZE];
    struct buffer token, form, url;
    struct acs_fetch fetch = {.method = "POST",
                              .user_agent = options->user_agent,
                              .connect_timeout_ms = CONNECT_TIMEOUT_MS,
                              .timeout_ms = TIMEOUT_MS};
    buffer_init(&token, OIDC_TOKEN_MAX);
    buffer_init(&form, FORM_MAX);
    buffer_init(&url, FORM_MAX);
    bool ok = acs_sts_endpoint(&ret_credentials->hosts, endpoint, sizeof(endpoint), err) &&
              acs_setup_ca_file(options->ca_file, &fetch.ca_file, err) &&
              read_oidc_token(role->oidc_token_file, &token, err) &&
              compose(role, token.data, endpoint, &form, &url, err);
    if (ok) {
        fetch.url = url.data;
        fetch.body = form.data;
        ok = call_oidc(options, &fetch, token.data, ret_credentials, err);
    }
    buffer_free_secret(&token);
    buffer_free_secret(&form);
    buffer_free(&url);
    return ok;
}

/* As Kubernetes pods get it (RRSA): the variables name role, provider and token. */
bool acs_provider_oidc(const struct acs_credentials_options *options,
                       struct acs_credentials *ret_credentials, struct error *err)
{
    const struct acs_role role = {
        .arn = acs_variable_for("ram_role_arn", true, NULL),
        .session_name = acs_variable_for("ram_session_name", true, NULL),
        .oidc_provider_arn = acs_variable_for("oidc_provider_arn", true, NULL),
        .oidc_token_file = acs_variable_for("oidc_token_file", true, NULL),
    };
    if (role.arn == NULL || role.oidc_provider_arn == NULL || role.oidc_token_file == NULL) {
        return error_set(err, ERROR_NONE,
                         "ALIBABA_CLOUD_ROLE_ARN, ALIBABA_CLOUD_OIDC_PROVIDER_ARN and "
                         "ALIBABA_CLOUD_OIDC_TOKEN_FILE are not all set");
    }
    acs_provider_name(ret_credentials, "OIDC role %s", role.arn);
    return assume_with_oidc(options, &role, ret_credentials, err);
}

/* --- with a key ---------------------------------------------------------------------------- */

/* No trace: the answer is a key. */
bool acs_assume_role(const struct acs_credentials_options *options, const struct acs_role *role,
                     const struct acs_credentials *base, struct acs_credentials *ret_credentials,
                     struct error *err)
{
    char url[URL_SIZE];
    char duration[24];
    struct acs_parameter parameters[PARAMETERS_MAX];
    const struct acs_request request = {
        .endpoint = url,
        .region = "",
        .action = "AssumeRole",
        .version = STS_VERSION,
        .parameters = parameters,
        .parameter_count = role_parameters(role, duration, parameters),
    };
    struct acs_answer answer;
    struct acs_client *client = NULL;
    struct acs_client_options client_options;
    if (base == NULL) {
        return assume_with_oidc(options, role, ret_credentials, err);
    }
    acs_client_defaults(&client_options);
    client_options.ca_file = options->ca_file;
    client_options.user_agent = options->user_agent;
    client_options.connect_timeout_ms = CONNECT_TIMEOUT_MS;
    client_options.attempt_timeout_ms = TIMEOUT_MS;
    client_options.retry_for_ms = options->retry_for_ms;
    client_options.answer_max = ACS_FETCH_ANSWER_MAX;
    if (!acs_sts_endpoint(&ret_credentials->hosts, url, sizeof(url), err) ||
        !acs_client_new(&client_options, base, &client, err)) {
        return false;
    }
    bool ok = acs_client_call(client, &request, &answer, err);
    if (ok) {
        ok = acs_role_keys_read(answer.root, request.action, ret_credentials, err);
        acs_answer_free(&answer);
    } else {
        classify(err);
    }
    acs_client_free(client);
    return ok;
}

bool acs_caller_identity(struct acs_client *client, const struct acs_hosts *hosts,
                         const char *region, struct acs_identity *ret_identity, struct error *err)
{
    char url[URL_SIZE];
    if (!acs_sts_endpoint(hosts, url, sizeof(url), err)) {
        return false;
    }
    struct acs_request request = {
        .endpoint = url, .region = region, .action = "GetCallerIdentity", .version = STS_VERSION};
    struct acs_answer answer;
    if (!acs_client_call(client, &request, &answer, err)) {
        return false;
    }
    bool ok = json_find_text(answer.root, "AccountId", ret_identity->account_id,
                             sizeof(ret_identity->account_id)) &&
              ret_identity->account_id[0] != '\0';
    (void)json_find_text(answer.root, "Arn", ret_identity->arn, sizeof(ret_identity->arn));
    ok = ok && !acs_client_holds_secret(client, ret_identity->account_id) &&
         !acs_client_holds_secret(client, ret_identity->arn);
    acs_answer_free(&answer);
    if (!ok) {
        error_set(err, ERROR_SERVICE, "GetCallerIdentity answered without a usable AccountId");
        return error_hint(err, "Name the account with --account-id.");
    }
    return true;
}
