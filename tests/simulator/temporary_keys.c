#include "temporary_keys.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "codec.h"

#define ROLE_NAME "simulator-role"
#define ROLES_PATH "/latest/meta-data/ram/security-credentials/"
#define METADATA_TOKEN "canary-metadata-token"

static const char json_content[] = "application/json;charset=utf-8";

/* A key that the service knows from now on. */
struct issued {
    char id[64];
    char secret[64];
    char token[64];
    char expiration[32];
};

static void issue(struct simulator *simulator, const char *account_id, int64_t lifetime,
                  struct issued *issued)
{
    if (simulator->settings.sts_lifetime_seconds > 0) {
        lifetime = simulator->settings.sts_lifetime_seconds;
    }
    int64_t expires_at = world_now(&simulator->world) + lifetime;
    uint64_t number = prng_next(&simulator->request_ids);
    snprintf(issued->id, sizeof issued->id, "STS.%016" PRIx64, number);
    snprintf(issued->secret, sizeof issued->secret, "canary-sts-secret-%016" PRIx64, number);
    snprintf(issued->token, sizeof issued->token, "canary-sts-token-%016" PRIx64, number);
    time_t seconds = (time_t)expires_at;
    struct tm parts = {0};
    gmtime_r(&seconds, &parts);
    strftime(issued->expiration, sizeof issued->expiration, "%Y-%m-%dT%H:%M:%SZ", &parts);
    key_ring_put(
        &simulator->keys,
        &(struct key_order){.id = issued->id,
                            .secret = issued->secret,
                            .token = issued->token,
                            .account_id = account_id,
                            .expires_at = expires_at + simulator->settings.sts_grace_seconds});
}

static void write_keys(struct json_writer *writer, const struct issued *issued)
{
    json_string(writer, "AccessKeyId", issued->id);
    json_string(writer, "AccessKeySecret", issued->secret);
    json_string(writer, "SecurityToken", issued->token);
    json_string(writer, "Expiration", issued->expiration);
}

/* --- STS ----------------------------------------------------------------------------------- */

/* The account of "acs:ram::ACCOUNT:role/NAME". */
static bool take_account(const char *arn, char account[64])
{
    static const char prefix[] = "acs:ram::";
    if (arn == NULL || strncmp(arn, prefix, sizeof prefix - 1) != 0) {
        return false;
    }
    const char *at = arn + sizeof prefix - 1;
    size_t length = strspn(at, "0123456789");
    if (length == 0 || length >= 64 || strncmp(at + length, ":role/", 6) != 0 ||
        at[length + 6] == '\0') {
        return false;
    }
    memcpy(account, at, length);
    account[length] = '\0';
    return true;
}

static bool answer_role(struct simulator *simulator, struct call *call,
                        const struct pair_list *parameters, struct reply *reply,
                        struct service_error *error)
{
    char account[64];
    int64_t duration = 3600;
    const char *text = pair_find(parameters, "DurationSeconds");
    if (!take_account(pair_find(parameters, "RoleArn"), account)) {
        return refuse(error, 404, "EntityNotExist.Role", "The specified role not exists.");
    }
    if (pair_find(parameters, "RoleSessionName") == NULL) {
        return refuse(error, 400, "MissingRoleSessionName", "RoleSessionName is mandatory.");
    }
    if (text != NULL && (!parse_integer(text, &duration) || duration < 900 || duration > 43200)) {
        return refuse(error, 400, "InvalidParameter.DurationSeconds",
                      "The Min/Max value of DurationSeconds is 15min/12hr.");
    }
    if (simulator->settings.sts == STS_REFUSED) {
        return refuse(error, 403, "NoPermission",
                      "You are not authorized to do this action. You should be authorized by RAM.");
    }
    if (simulator->settings.sts == STS_UNAVAILABLE) {
        return refuse(error, 503, "ServiceUnavailable", "Please try again later.");
    }
    struct issued issued;
    struct json_writer writer = {.out = &reply->body};
    issue(simulator, account, duration, &issued);
    reply_text(reply, 200, json_content, "");
    if (simulator->settings.sts == STS_GARBLED) {
        buffer_format(&reply->body, "{\"Credentials\":{\"AccessKeySecret\":\"%s\",", issued.secret);
        return true;
    }
    json_open(&writer, NULL, '{');
    json_string(&writer, "RequestId", call->request_id);
    if (simulator->settings.sts != STS_KEYLESS) {
        json_open(&writer, "Credentials", '{');
        write_keys(&writer, &issued);
        json_close(&writer, '}');
    }
    json_close(&writer, '}');
    return true;
}

bool answer_assume_role(struct simulator *simulator, struct call *call, struct reply *reply,
                        struct service_error *error)
{
    return answer_role(simulator, call, &call->request->parameters, reply, error);
}

bool answer_assume_role_with_oidc(struct simulator *simulator, struct call *call,
                                  struct reply *reply, struct service_error *error)
{
    struct request form = {0};
    struct buffer target = {0};
    buffer_char(&target, '?');
    buffer_append(&target, call->request->body.data, call->request->body.length);
    request_set_target(&form, target.data);
    const char *token = pair_find(&form.parameters, "OIDCToken");
    const char *provider = pair_find(&form.parameters, "OIDCProviderArn");
    bool known = token != NULL && name_list_has(&simulator->settings.oidc_tokens, token);
    bool done = false;
    if (form.malformed || provider == NULL || strncmp(provider, "acs:ram::", 9) != 0) {
        refuse(error, 404, "EntityNotExist.OIDCProvider", "The OIDC provider does not exist.");
    } else if (!known) {
        refuse(error, 400, "AuthenticationFail.OIDCToken.Invalid", "This token is invalid: %s",
               token != NULL ? token : "none");
    } else {
        done = answer_role(simulator, call, &form.parameters, reply, error);
    }
    request_release(&form);
    buffer_release(&target);
    return done;
}

/* --- the metadata service and the URI ------------------------------------------------------ */

static void note(struct simulator *simulator, const char *action, const struct request *request,
                 const struct reply *reply)
{
    struct json_object *entry = json_object_new_object();
    bool has_token = pair_find(&request->headers, "x-aliyun-ecs-metadata-token") != NULL;
    json_object_object_add(entry, "action", json_object_new_string(action));
    json_object_object_add(entry, "method", json_object_new_string(request->method));
    json_object_object_add(entry, "path", json_object_new_string(request->path));
    json_object_object_add(entry, "token_present", json_object_new_boolean(has_token));
    json_object_object_add(entry, "status", json_object_new_int64(reply->status));
    request_log_add(&simulator->log, entry);
}

static void answer_keys(struct simulator *simulator, const char *code, struct reply *reply)
{
    struct issued issued;
    struct json_writer writer = {.out = &reply->body};
    issue(simulator, simulator->world.account_id, 3600, &issued);
    reply_text(reply, 200, json_content, "");
    json_open(&writer, NULL, '{');
    json_string(&writer, "Code", code);
    write_keys(&writer, &issued);
    json_close(&writer, '}');
}

static void answer_metadata_token(const struct simulator *simulator, const struct request *request,
                                  struct reply *reply)
{
    bool asked = pair_find(&request->headers, "x-aliyun-ecs-metadata-token-ttl-seconds") != NULL;
    if (simulator->settings.imds == IMDS_V1_ONLY || !asked) {
        reply_text(reply, 404, "text/plain", "404 - Not Found\n");
    } else {
        reply_text(reply, 200, "text/plain", METADATA_TOKEN);
    }
}

static void answer_metadata(struct simulator *simulator, const struct request *request,
                            struct reply *reply)
{
    int mode = simulator->settings.imds;
    const char *token = pair_find(&request->headers, "x-aliyun-ecs-metadata-token");
    bool lists = strcmp(request->path, ROLES_PATH) == 0;
    if ((token == NULL && mode == IMDS_V2_ONLY) ||
        (token != NULL && strcmp(token, METADATA_TOKEN) != 0)) {
        reply_text(reply, 403, "text/plain", "403 - Forbidden\n");
    } else if (mode == IMDS_NO_ROLE ||
               (!lists && strcmp(request->path, ROLES_PATH ROLE_NAME) != 0)) {
        reply_text(reply, 404, "text/plain", "404 - Not Found\n");
    } else if (lists) {
        reply_text(reply, 200, "text/plain", ROLE_NAME);
    } else if (mode == IMDS_FAILING) {
        reply_text(reply, 500, "text/plain", "500\n");
    } else if (mode == IMDS_GARBLED) {
        reply_text(reply, 200, json_content, "{\"Code\":\"Success\",\"AccessKeySecret\":\"canary-");
    } else {
        answer_keys(simulator, "Success", reply);
    }
}

void metadata_answer(struct simulator *simulator, const struct request *request,
                     struct reply *reply)
{
    bool is_put = strcmp(request->method, "PUT") == 0;
    if (simulator->settings.imds == IMDS_OFF) {
        reply_text(reply, 404, "text/plain", "404 - Not Found\n");
    } else if (is_put && strcmp(request->path, "/latest/api/token") == 0) {
        answer_metadata_token(simulator, request, reply);
    } else if (is_put) {
        reply_text(reply, 405, "text/plain", "405\n");
    } else {
        answer_metadata(simulator, request, reply);
    }
    note(simulator, "IMDS", request, reply);
}

void credentials_uri_answer(struct simulator *simulator, const struct request *request,
                            struct reply *reply)
{
    switch (simulator->settings.credentials_uri) {
    case URI_REFUSED:
        reply_text(reply, 403, "text/plain", "no canary-uri-secret for you\n");
        break;
    case URI_GARBLED:
        reply_text(reply, 200, json_content, "{\"AccessKeySecret\":\"canary-uri-secret\"");
        break;
    case URI_FAILED:
        answer_keys(simulator, "Failed", reply);
        break;
    default:
        answer_keys(simulator, "Success", reply);
        break;
    }
    note(simulator, "CredentialsURI", request, reply);
}
