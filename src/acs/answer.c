#include "acs/answer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "acs/failure.h"
#include "base/json.h"
#include "base/text.h"

#define SHOWN_MAX 480    /* of the service's message in an error */
#define EXCERPT_MAX 160  /* of a body that is not the service's form */
#define ID_READ_MAX 4096 /* a longer request id is none */
#define HBR_VERSION "2017-09-08"
#define CLOCK_SKEW_MIN_SECONDS 60
#define BUFFER_MAX ((size_t)16 * 1024)

/* --- the service's codes ------------------------------------------------------------------- */

static const char PERMISSION[] = "The RAM user or role of this access key needs the permission";
static const char CLOCK[] =
    "The service takes a difference of 15 minutes at most between its clock and this machine's. "
    "Set the clock right, for example with NTP.";
static const char ENDPOINT[] =
    "The endpoint does not offer this call; check the region and --endpoint.";

/* Codes by their beginnings; the last row is that of all others. */
static const struct rule {
    const char *prefix;
    enum acs_outcome outcome; /* ACS_OK: the HTTP status says it, and so does ... */
    enum error_code code;     /* ... ERROR_NONE */
    const char *hint;
} rules[] = {
    {"SignatureNonceUsed", ACS_NONCE, ERROR_NONE, NULL},
    {"InternalError", ACS_SERVER, ERROR_NONE, NULL},
    {"ServiceUnavailable", ACS_SERVER, ERROR_NONE, NULL},
    {"SystemBusy", ACS_SERVER, ERROR_NONE, NULL},
    {"InvalidParameter", ACS_PERMANENT, ERROR_NONE, NULL},
    {"MissingParameter", ACS_PERMANENT, ERROR_NONE, NULL},
    {"SignatureDoesNotMatch", ACS_PERMANENT, ERROR_CREDENTIALS,
     "The access key secret does not belong to the access key id; check both."},
    {"IncompleteSignature", ACS_PERMANENT, ERROR_CREDENTIALS,
     "The service could not read the signature; check that no proxy changes the request's "
     "headers."},
    {"InvalidAccessKeyId.Inactive", ACS_PERMANENT, ERROR_CREDENTIALS,
     "This access key is disabled; enable it in the RAM console or use another."},
    {"InvalidAccessKeyId", ACS_PERMANENT, ERROR_CREDENTIALS,
     "The service does not know this access key id; check it, and that the endpoint belongs to the "
     "same site (China or international) as the account."},
    {"InvalidSecurityToken.Expired", ACS_PERMANENT, ERROR_CREDENTIALS,
     "The temporary credentials have expired; get new ones."},
    {"InvalidSecurityToken", ACS_PERMANENT, ERROR_CREDENTIALS,
     "The security token does not belong to this access key; set the three values of one set of "
     "temporary credentials."},
    {"MissingSecurityToken", ACS_PERMANENT, ERROR_CREDENTIALS,
     "This is a temporary access key; it needs the token that came with it."},
    {"InvalidTimeStamp", ACS_PERMANENT, ERROR_CREDENTIALS, CLOCK},
    {"Forbidden", ACS_PERMANENT, ERROR_CREDENTIALS, PERMISSION},
    {"NoPermission", ACS_PERMANENT, ERROR_CREDENTIALS, PERMISSION},
    {"AccessDenied", ACS_PERMANENT, ERROR_CREDENTIALS, PERMISSION},
    {"ServiceNotActivated", ACS_PERMANENT, ERROR_CREDENTIALS,
     "The account has not activated Cloud Backup in this region; activate it in the console or "
     "leave the region out."},
    {"InDebt", ACS_PERMANENT, ERROR_CREDENTIALS,
     "The account has overdue payments; settle them first."},
    {"RiskControlProhibited", ACS_PERMANENT, ERROR_CREDENTIALS,
     "The account is restricted by risk control; ask Alibaba Cloud's support."},
    {"InvalidAction.NotFound", ACS_OK, ERROR_SERVICE, ENDPOINT},
    {"InvalidApi.NotFound", ACS_OK, ERROR_SERVICE, ENDPOINT},
    {"InvalidVersion", ACS_OK, ERROR_SERVICE,
     "The endpoint does not offer this version of the API; check the region and --endpoint."},
    {"Throttling", ACS_OK, ERROR_SERVICE,
     "The quota is shared by all users of the account; lower --qps or raise --retry-for."},
    {"", ACS_OK, ERROR_NONE, NULL},
};

static const struct rule *find_rule(const char *api_code)
{
    const struct rule *rule = rules;
    while (!text_starts_with(api_code, rule->prefix)) {
        rule++;
    }
    return rule;
}

bool acs_is_permission(const struct error *err)
{
    return find_rule(err->api_code)->hint == PERMISSION;
}

static enum acs_outcome outcome_of_status(int status)
{
    switch (status) {
    case 429:
        return ACS_THROTTLED;
    case 408:
    case 500:
    case 502:
    case 503:
    case 504:
    case 522: /* 522 and 524: a gateway's timeouts */
    case 524:
        return ACS_SERVER;
    default:
        return ACS_PERMANENT;
    }
}

enum acs_outcome acs_outcome_of_code(int http_status, const char *api_code)
{
    enum acs_outcome outcome = find_rule(api_code)->outcome;
    int64_t number;
    if (strstr(api_code, "Throttling") != NULL) {
        return ACS_THROTTLED;
    }
    if (outcome != ACS_OK) {
        return outcome;
    }
    /* A code may be a status of its own, in an answer of HTTP 200. */
    if (text_to_int64(api_code, 100, 999, &number) &&
        outcome_of_status((int)number) != ACS_PERMANENT) {
        return outcome_of_status((int)number);
    }
    return outcome_of_status(http_status);
}

static enum error_code class_of(const struct acs_reply *reply, const char *code)
{
    const struct rule *rule = find_rule(code);
    if (rule->code != ERROR_NONE) {
        return rule->code;
    }
    /* A proxy or firewall answers 403 as well, but it does not know the service's form. */
    bool refused = reply->http_status == 401 || reply->http_status == 403;
    return refused && code[0] != '\0' ? ERROR_CREDENTIALS : ERROR_SERVICE;
}

static void hint(const struct acs_reply *reply, const char *code, struct error *err)
{
    const struct rule *rule = find_rule(code);
    int64_t date = reply->headers->date;
    int64_t ahead = date == 0 ? 0 : reply->now - date;
    bool of_key = strstr(rule->prefix, "SignatureDoes") != NULL ||
                  strstr(rule->prefix, "Key") != NULL || strstr(rule->prefix, "Token") != NULL;
    if (rule->hint == PERMISSION && strcmp(reply->version, HBR_VERSION) == 0) {
        error_hint(err, "%s hbr:%s; the system policy AliyunHBRReadOnlyAccess contains it.",
                   PERMISSION, reply->action);
    } else if (rule->hint == PERMISSION) {
        error_hint(err, "%s for %s.", PERMISSION, reply->action);
    } else if (rule->hint == CLOCK && llabs(ahead) >= CLOCK_SKEW_MIN_SECONDS) {
        error_hint(err,
                   "This machine's clock is %lld seconds %s the service's; the service takes "
                   "15 minutes at most. Set it right, for example with NTP.",
                   llabs(ahead), ahead > 0 ? "ahead of" : "behind");
    } else if (of_key && reply->key_from != NULL && reply->key_from[0] != '\0') {
        error_hint(err, "%s They come from %s.", rule->hint, reply->key_from);
    } else if (rule->hint != NULL) {
        error_hint(err, "%s", rule->hint);
    } else if (reply->http_status == 407) {
        acs_proxy_hint(reply->http_status, err);
    }
}

/* --- an answer ----------------------------------------------------------------------------- */

/* A Code is letters, digits, ".", "_" and "-"; whatever else comes in one is shown as "?". */
static void copy_code(char *target, size_t size, const char *text, size_t length)
{
    size_t used = 0;
    for (size_t i = 0; i < length && used + 1 < size; i++) {
        bool plain = text[i] != '\0' && strchr(TEXT_ALPHANUMERIC "._-", text[i]) != NULL;
        target[used++] = plain ? text[i] : '?';
    }
    target[used] = '\0';
}

/* "Code", or "code" as some gateways write it. */
static const struct json_node *either_member(const struct json_node *root, const char *name,
                                             const char *other)
{
    const struct json_node *value = json_find(root, name);
    return value->kind == JSON_MISSING ? json_find(root, other) : value;
}

static void read_code(const struct acs_reply *reply, const struct json_node *root, char *code,
                      size_t size)
{
    const struct json_node *value = either_member(root, "Code", "code");
    code[0] = '\0';
    if (value->kind == JSON_INTEGER) {
        (void)snprintf(code, size, "%lld", (long long)value->integer);
    } else if (value->kind == JSON_TEXT) {
        size_t length = value->length < size ? value->length : size;
        if (acs_holds_secret(value->text, length, reply->secrets) ||
            acs_may_hold_signature(value->text, value->length)) {
            (void)text_fit(code, size, ACS_REDACTED);
        } else {
            copy_code(code, size, value->text, length);
        }
    }
}

/* Some answers have it as a text. */
static bool says_failure(const struct json_node *root)
{
    const struct json_node *value = either_member(root, "Success", "success");
    return ((value->kind == JSON_BOOLEAN || value->kind == JSON_INTEGER) && value->integer == 0) ||
           (value->kind == JSON_TEXT && text_equal_nocase(value->text, "false"));
}

/* Secrets are looked for in what was received: the copy lacks characters of theirs. */
static void read_request_id(const struct acs_reply *reply, const struct json_node *root,
                            char request_id[64])
{
    const struct buffer *lines = &reply->headers->lines;
    const struct json_node *value = either_member(root, "RequestId", "requestId");
    request_id[0] = '\0';
    if (value->kind == JSON_TEXT && value->length <= ID_READ_MAX &&
        !acs_holds_secret(value->text, value->length, reply->secrets)) {
        acs_request_id_copy(request_id, 64, value->text);
    }
    if (request_id[0] == '\0' && !acs_holds_secret(lines->data, lines->length, reply->secrets)) {
        acs_request_id_copy(request_id, 64, reply->headers->request_id);
    }
}

/* What an answer says about its failure: the Message, else the beginning of the body. */
static void append_reason(const struct acs_reply *reply, const struct json_node *root,
                          struct buffer *text)
{
    const struct json_node *value = either_member(root, "Message", "message");
    if (value->kind == JSON_TEXT && value->length > 0) {
        acs_redact(text, value->text, value->length, SHOWN_MAX, reply->secrets);
    } else if (root == NULL && reply->length > 0) {
        acs_redact(text, reply->body, reply->length, EXCERPT_MAX, reply->secrets);
    }
}

static enum acs_outcome fail(const struct acs_reply *reply, const struct json_node *root,
                             const char *code, const char *request_id, struct error *err)
{
    struct buffer text;
    buffer_init(&text, BUFFER_MAX);
    if (code[0] != '\0') {
        buffer_puts(&text, code);
    } else {
        buffer_printf(&text, "HTTP %d", reply->http_status);
    }
    size_t start = text.length;
    buffer_puts(&text, ": ");
    append_reason(reply, root, &text);
    if (text.length == start + 2) {
        buffer_puts(&text, "the service says no more");
    }
    if (request_id[0] != '\0') {
        buffer_printf(&text, " (request id %s)", request_id);
    }
    (void)error_set(err, ERROR_SERVICE, "%s", text.failed ? "the service failed" : text.data);
    buffer_free(&text);

    (void)text_fit(err->api_code, sizeof(err->api_code), code);
    const struct json_node *id = either_member(root, "RequestId", "requestId");
    /* Success false needs no Code to be the service's own word. */
    bool told = code[0] != '\0' || reply->http_status / 100 == 2;
    err->service_json = told && id->kind == JSON_TEXT && id->length > 0;
    err->code = class_of(reply, code);
    hint(reply, code, err);
    return acs_outcome_of_code(reply->http_status, code);
}

static enum acs_outcome refuse_redirect(const struct acs_reply *reply, struct error *err)
{
    struct buffer host;
    buffer_init(&host, BUFFER_MAX);
    acs_redact(&host, reply->headers->location, strlen(reply->headers->location), EXCERPT_MAX,
               reply->secrets);
    (void)error_set(err, ERROR_SERVICE, "HTTP %d redirects to %s, which is not followed",
                    reply->http_status, host.length > 0 ? host.data : "another place");
    buffer_free(&host);
    (void)error_hint(err,
                     "Check --endpoint, and whether a proxy or portal answers in the service's "
                     "place.");
    return ACS_PERMANENT;
}

static enum acs_outcome garbled(const char *what, const char *reason, struct error *err)
{
    (void)error_set(err, ERROR_SERVICE, "%s%s", what, reason);
    return ACS_GARBLED;
}

/* An answer of status 2xx, which is not yet a success. */
static enum acs_outcome judge_success(const struct acs_reply *reply, const struct json_node *root,
                                      const char *request_id, struct error *err)
{
    char code[sizeof(err->api_code)];
    if (root->kind != JSON_OBJECT) {
        return garbled("the answer is JSON but not an object", "", err);
    }
    read_code(reply, root, code, sizeof(code));
    bool good = code[0] == '\0' || strcmp(code, "200") == 0;
    return good && !says_failure(root) ? ACS_OK
                                       : fail(reply, root, good ? "" : code, request_id, err);
}

static enum acs_outcome judge_body(const struct acs_reply *reply, struct json_node **root,
                                   char request_id[64], struct error *err)
{
    struct error reason;
    error_clear(&reason);
    bool parsed = reply->length > 0 &&
                  json_read(reply->body, reply->length, JSON_VALUES_ANSWER, root, &reason);
    if (parsed) {
        read_request_id(reply, *root, request_id);
    }
    if (reply->http_status / 100 != 2) {
        char code[sizeof(err->api_code)];
        read_code(reply, *root, code, sizeof(code));
        return fail(reply, parsed && (*root)->kind == JSON_OBJECT ? *root : NULL, code, request_id,
                    err);
    }
    if (!parsed) {
        return reply->length == 0 ? garbled("the answer is empty", "", err)
                                  : garbled("the answer cannot be read: ", reason.message, err);
    }
    return judge_success(reply, *root, request_id, err);
}

enum acs_outcome acs_answer_judge(const struct acs_reply *reply, struct json_node **ret_root,
                                  char request_id[64], struct error *err)
{
    struct json_node *root = NULL;
    read_request_id(reply, NULL, request_id);
    enum acs_outcome outcome = reply->http_status / 100 == 3
                                   ? refuse_redirect(reply, err)
                                   : judge_body(reply, &root, request_id, err);
    if (outcome == ACS_OK) {
        *ret_root = root;
        return ACS_OK;
    }
    json_free(root);
    err->http_status = reply->http_status;
    (void)text_fit(err->request_id, sizeof(err->request_id), request_id);
    err->retryable = outcome != ACS_PERMANENT;
    return outcome;
}
