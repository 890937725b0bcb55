#include "acs/answer_hint.h"

#include <inttypes.h>
#include <string.h>

#include "acs/failure.h"
#include "base/text.h"

#define HBR_VERSION "2017-09-08"
#define CLOCK_SKEW_MIN_SECONDS 60

static void hint_permission(const struct acs_reply *reply, struct error *err)
{
    if (strcmp(reply->version, HBR_VERSION) == 0) {
        error_hint(
            err,
            "The RAM user or role of this access key needs the permission hbr:%s; the system "
            "policy AliyunHBRReadOnlyAccess contains it.",
            reply->action);
    } else {
        error_hint(err, "The RAM user or role of this access key needs the permission for %s.",
                   reply->action);
    }
}

static void hint_clock(const struct acs_reply *reply, struct error *err)
{
    int64_t ahead = reply->headers->date == 0 ? 0 : reply->now - reply->headers->date;
    int64_t distance = ahead < 0 ? -ahead : ahead;
    if (distance >= CLOCK_SKEW_MIN_SECONDS) {
        error_hint(err,
                   "This machine's clock is %" PRId64
                   " seconds %s the service's; the service takes "
                   "15 minutes at most. Set it right, for example with NTP.",
                   distance, ahead > 0 ? "ahead of" : "behind");
    } else {
        error_hint(err,
                   "The service takes a difference of 15 minutes at most between its clock and "
                   "this machine's. Set the clock right, for example with NTP.");
    }
}

/* Beginnings of codes. A row has its hint as a text or a function. */
static const struct rule {
    const char *prefix;
    enum error_code code;
    const char *text;
    void (*hint)(const struct acs_reply *reply, struct error *err);
} rules[] = {
    {"SignatureDoesNotMatch", ERROR_CREDENTIALS,
     "The access key secret does not belong to the access key id; check both.", NULL},
    {"IncompleteSignature", ERROR_CREDENTIALS,
     "The service could not read the signature; check that no proxy changes the request's headers.",
     NULL},
    {"InvalidAccessKeyId.Inactive", ERROR_CREDENTIALS,
     "This access key is disabled; enable it in the RAM console or use another.", NULL},
    {"InvalidAccessKeyId", ERROR_CREDENTIALS,
     "The service does not know this access key id; check it, and that the endpoint belongs to the "
     "same site (China or international) as the account.",
     NULL},
    {"InvalidSecurityToken.Expired", ERROR_CREDENTIALS,
     "The temporary credentials have expired; get new ones.", NULL},
    {"InvalidSecurityToken", ERROR_CREDENTIALS,
     "The security token does not belong to this access key; set the three values of one set of "
     "temporary credentials.",
     NULL},
    {"MissingSecurityToken", ERROR_CREDENTIALS,
     "This is a temporary access key; it needs the token that came with it.", NULL},
    {"InvalidTimeStamp", ERROR_CREDENTIALS, NULL, hint_clock},
    {"Forbidden", ERROR_CREDENTIALS, NULL, hint_permission},
    {"NoPermission", ERROR_CREDENTIALS, NULL, hint_permission},
    {"AccessDenied", ERROR_CREDENTIALS, NULL, hint_permission},
    {"ServiceNotActivated", ERROR_CREDENTIALS,
     "The account has not activated Cloud Backup in this region; activate it in the console or "
     "leave "
     "the region out.",
     NULL},
    {"InDebt", ERROR_CREDENTIALS, "The account has overdue payments; settle them first.", NULL},
    {"RiskControlProhibited", ERROR_CREDENTIALS,
     "The account is restricted by risk control; ask Alibaba Cloud's support.", NULL},
    {"InvalidAction.NotFound", ERROR_SERVICE,
     "The endpoint does not offer this call; check the region and --endpoint.", NULL},
    {"InvalidApi.NotFound", ERROR_SERVICE,
     "The endpoint does not offer this call; check the region and --endpoint.", NULL},
    {"InvalidVersion", ERROR_SERVICE,
     "The endpoint does not offer this version of the API; check the region and --endpoint.", NULL},
    {"Throttling", ERROR_SERVICE,
     "The quota is shared by all users of the account; lower --qps or raise --retry-for.", NULL},
};

static const struct rule *find_rule(const char *api_code)
{
    for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
        if (text_starts_with(api_code, rules[i].prefix)) {
            return &rules[i];
        }
    }
    return NULL;
}

enum error_code acs_answer_class(const struct acs_reply *reply, const struct error *err)
{
    const struct rule *rule = find_rule(err->api_code);
    if (rule != NULL) {
        return rule->code;
    }
    /* A proxy or firewall answers 403 as well, but it does not know the service's form. */
    bool refused = reply->http_status == 401 || reply->http_status == 403;
    return refused && err->api_code[0] != '\0' ? ERROR_CREDENTIALS : ERROR_SERVICE;
}

bool acs_is_permission(const struct error *err)
{
    const struct rule *rule = find_rule(err->api_code);
    return rule != NULL && rule->hint == hint_permission;
}

void acs_answer_hint(const struct acs_reply *reply, struct error *err)
{
    const struct rule *rule = find_rule(err->api_code);
    if (rule != NULL && rule->hint != NULL) {
        rule->hint(reply, err);
    } else if (rule != NULL && reply->key_from != NULL && reply->key_from[0] != '\0' &&
               (strstr(rule->prefix, "SignatureDoes") != NULL ||
                strstr(rule->prefix, "Key") != NULL || strstr(rule->prefix, "Token") != NULL)) {
        error_hint(err, "%s They come from %s.", rule->text, reply->key_from);
    } else if (rule != NULL) {
        error_hint(err, "%s", rule->text);
    } else if (reply->http_status == 407) {
        acs_proxy_hint(reply->http_status, err);
    }
}
