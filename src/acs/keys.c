/* Keys in JSON, as STS, the metadata service, a credentials URI and an external program hand them
 * out. */
#include <string.h>

#include "acs/provider.h"
#include "base/clock.h"
#include "base/text.h"

const char *const ACS_KEY_NAMES[4] = {"AccessKeyId", "AccessKeySecret", "SecurityToken",
                                      "Expiration"};
const char *const ACS_KEY_NAMES_PROFILE[4] = {"access_key_id", "access_key_secret", "sts_token",
                                              "expiration"};

static bool take(const struct json_node *object, const char *member, bool needed, const char *what,
                 char *target, size_t size, struct error *err)
{
    const struct json_node *value = json_find(object, member);
    if (json_is_blank(value)) {
        return !needed || error_set(err, ERROR_CREDENTIALS, "%s has no %s", what, member);
    }
    if (value->kind != JSON_TEXT || memchr(value->text, '\0', value->length) != NULL) {
        return error_set(err, ERROR_CREDENTIALS, "%s has no text as its %s", what, member);
    }
    return acs_provider_take(target, size, value->text, member, err) ||
           error_context(err, "%s", what);
}

static bool take_expiry(const struct json_node *object, const char *member, const char *what,
                        int64_t *ret_expires_at, struct error *err)
{
    const struct json_node *value = json_find(object, member);
    bool seconds = value->kind == JSON_INTEGER && value->integer >= 0;
    *ret_expires_at = seconds ? value->integer : 0;
    return seconds || json_is_blank(value) ||
           (value->kind == JSON_TEXT && strlen(value->text) == value->length &&
            clock_from_rfc3339(value->text, ret_expires_at)) ||
           error_set(err, ERROR_CREDENTIALS, "%s has no time as its %s", what, member);
}

bool acs_keys_read(const struct json_node *object, const char *const names[4], bool token_needed,
                   const char *what, struct acs_credentials *ret_credentials, struct error *err)
{
    return take(object, names[0], true, what, ret_credentials->access_key_id, ACS_ACCESS_KEY_MAX,
                err) &&
           take(object, names[1], true, what, ret_credentials->access_key_secret, ACS_SECRET_MAX,
                err) &&
           take(object, names[2], token_needed, what, ret_credentials->security_token,
                ACS_TOKEN_MAX, err) &&
           take_expiry(object, names[3], what, &ret_credentials->expires_at, err);
}

bool acs_keys_parse(const char *text, size_t length, const char *what, struct json_node **ret_root,
                    struct error *err)
{
    struct error reason;
    error_clear(&reason);
    *ret_root = NULL;
    size_t mark = text_mark_length(text, length);
    text += mark;
    length -= mark;
    if (length > 1 && memcmp(text, "\xFF\xFE", 2) == 0) {
        return error_set(err, ERROR_CREDENTIALS, "%s is UTF-16; save it as UTF-8", what);
    }
    return json_read(text, length, JSON_VALUES_ANSWER, ret_root, &reason) ||
           error_set(err, reason.code == ERROR_SERVICE ? ERROR_CREDENTIALS : reason.code,
                     "%s is %s%s", what, length == 0 ? "empty: it is " : "", reason.message);
}

bool acs_keys_read_answer(const char *text, size_t length, const char *what, bool code_needed,
                          struct acs_credentials *ret_credentials, struct error *err)
{
    struct json_node *root = NULL;
    if (!acs_keys_parse(text, length, what, &root, err)) {
        return false;
    }
    const struct json_node *code = json_find(root, "Code");
    bool ok = (code->kind == JSON_MISSING && !code_needed) ||
              (code->kind == JSON_TEXT && strcmp(code->text, "Success") == 0) ||
              error_set(err, ERROR_CREDENTIALS, "%s does not say Success", what);
    ok = ok && acs_keys_read(root, ACS_KEY_NAMES, true, what, ret_credentials, err);
    json_free(root);
    return ok;
}
