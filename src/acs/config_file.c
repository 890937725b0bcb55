#include "acs/config_file.h"

#include <limits.h>
#include <pwd.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <openssl/crypto.h>

#include "base/file.h"
#include "base/json.h"
#include "base/text.h"

#define FILE_MAX ((size_t)1024 * 1024)
#define SHOWN_MAX 100
#define MODE_SIZE 64

/* A profile that was found, and what to call it in messages. */
struct profile {
    const char *path;
    char name[SHOWN_MAX * 2]; /* escaped */
    const struct json_object *object;
};

static bool default_path(char *path, size_t size)
{
    const char *home = getenv("HOME");
    if (home == NULL || home[0] == '\0') {
        const struct passwd *user = getpwuid(getuid());
        home = user != NULL ? user->pw_dir : "/";
    }
    int length = snprintf(path, size, "%s/.aliyun/config.json", home);
    return length > 0 && (size_t)length < size;
}

static bool find_path(char *path, size_t size)
{
    const char *named = getenv("ALIBABA_CLOUD_CONFIG_FILE");
    return named != NULL && named[0] != '\0' ? text_fit(path, size, named)
                                             : default_path(path, size);
}

static void escape_name(char *target, size_t size, const char *text, size_t length)
{
    struct buffer shown;
    buffer_init(&shown, size * 2);
    text_escape(&shown, text, length, SHOWN_MAX);
    (void)text_fit(target, size, shown.data);
    buffer_free(&shown);
}

static bool refuse(const struct profile *profile, const char *problem, const char *hint,
                   struct error *err)
{
    (void)error_set(err, ERROR_CREDENTIALS, "profile \"%s\" of %s %s", profile->name, profile->path,
                    problem);
    return error_hint(err, "%s", hint);
}

/* Takes a member that is a text; an absent one is "" unless it is needed. */
static bool take_member(const struct profile *profile, const char *member, bool needed,
                        char *target, size_t size, struct error *err)
{
    char what[64];
    struct json_value value = json_member(profile->object, member);
    bool absent = value.kind == JSON_MISSING || value.kind == JSON_NULL ||
                  (value.kind == JSON_TEXT && value.length == 0);
    int length =
        snprintf(what, sizeof(what), absent ? "has no %s" : "has no text as its %s", member);
    if (length < 0) {
        return error_set(err, ERROR_INTERNAL, "a member's name cannot be printed");
    }
    if (absent && !needed) {
        return true;
    }
    if (absent || value.kind != JSON_TEXT || memchr(value.text, '\0', value.length) != NULL) {
        return refuse(profile, what, "Run \"aliyun configure\" for this profile.", err);
    }
    if (!acs_provider_take(target, size, value.text, member, err)) {
        error_context(err, "profile \"%s\" of %s", profile->name, profile->path);
        return false;
    }
    return true;
}

/* The modes that are a key in the file, as against a way to get one. */
static bool check_mode(const struct profile *profile, bool *ret_token, struct error *err)
{
    char mode[MODE_SIZE];
    char shown[MODE_SIZE * 2];
    char problem[MODE_SIZE * 3];
    struct json_value value = json_member(profile->object, "mode");
    bool fits = json_member_text(profile->object, "mode", mode, sizeof(mode));
    if (value.kind == JSON_MISSING || (fits && text_equal_nocase(mode, "AK"))) {
        *ret_token = false;
        return true;
    }
    if (fits && text_equal_nocase(mode, "StsToken")) {
        *ret_token = true;
        return true;
    }
    escape_name(shown, sizeof(shown), value.kind == JSON_TEXT ? value.text : "?",
                value.kind == JSON_TEXT ? value.length : 1);
    if (snprintf(problem, sizeof(problem), "has the mode \"%s\", which cannot be used here",
                 shown) < 0) {
        problem[0] = '\0';
    }
    return refuse(profile, problem,
                  "Use a profile of mode AK or StsToken, or put temporary credentials of that "
                  "profile into ALIBABA_CLOUD_ACCESS_KEY_ID, ALIBABA_CLOUD_ACCESS_KEY_SECRET and "
                  "ALIBABA_CLOUD_SECURITY_TOKEN.",
                  err);
}

static bool read_profile(const struct profile *profile, struct acs_credentials *credentials,
                         struct error *err)
{
    bool token = false;
    if (!check_mode(profile, &token, err) ||
        !take_member(profile, "access_key_id", true, credentials->access_key_id, ACS_ACCESS_KEY_MAX,
                     err) ||
        !take_member(profile, "access_key_secret", true, credentials->access_key_secret,
                     ACS_SECRET_MAX, err) ||
        (token && !take_member(profile, "sts_token", true, credentials->security_token,
                               ACS_TOKEN_MAX, err)) ||
        !take_member(profile, "region_id", false, credentials->region_id,
                     sizeof(credentials->region_id), err)) {
        return false;
    }
    struct json_value expiration = json_member(profile->object, "sts_expiration");
    if (token && expiration.kind == JSON_INTEGER && expiration.integer > 0) {
        credentials->expires_at = expiration.integer;
    }
    int length = snprintf(credentials->provider, sizeof(credentials->provider),
                          "profile \"%s\" of %s", profile->name, profile->path);
    if (length < 0 || (size_t)length >= sizeof(credentials->provider)) {
        /* A long path: cut, which the terminated text is already. */
        return length >= 0;
    }
    return true;
}

/* The profile `name` (NULL: the current one) of the parsed file. */
static bool select_profile(const struct json_object *root, const char *name,
                           struct profile *profile, struct error *err)
{
    struct json_value current = json_member(root, "current");
    struct json_value list = json_member(root, "profiles");
    const char *wanted = name != NULL ? name : current.kind == JSON_TEXT ? current.text : "default";
    escape_name(profile->name, sizeof(profile->name), wanted, strlen(wanted));
    for (size_t i = 0; i < json_array_length(list.object); i++) {
        struct json_object *item = json_array_item(list.object, i);
        struct json_value found = json_member(item, "name");
        if (found.kind == JSON_TEXT && strcmp(found.text, wanted) == 0) {
            profile->object = item;
            return true;
        }
    }
    return refuse(profile, "does not exist", "\"aliyun configure list\" shows the profiles.", err);
}

/* json-c frees its texts without overwriting them. */
static bool wipe_text(const char *name, struct json_object *node, void *context)
{
    (void)name;
    (void)context;
    struct json_value value = json_describe(node);
    if (value.kind == JSON_TEXT) {
        OPENSSL_cleanse((void *)(uintptr_t)value.text, value.length);
    }
    return true;
}

static void release_wiped(struct json_object *root)
{
    struct json_value list = json_member(root, "profiles");
    for (size_t i = 0; i < json_array_length(list.object); i++) {
        (void)json_each_member(json_array_item(list.object, i), wipe_text, NULL);
    }
    json_release(root);
}

static bool read_file(const char *path, const char *name, const struct buffer *text,
                      struct acs_credentials *credentials, struct error *err)
{
    struct json_object *root = NULL;
    struct error reason;
    struct profile profile = {.path = path};
    error_clear(&reason);
    if (!json_parse(text->data, text->length, &root, &reason)) {
        (void)error_set(err, ERROR_CREDENTIALS, "%s is %s", path, reason.message);
        return error_hint(err, "Run \"aliyun configure\" to write the file anew.");
    }
    bool ok = select_profile(root, name, &profile, err) && read_profile(&profile, credentials, err);
    release_wiped(root);
    return ok;
}

enum acs_provider_result acs_config_file_find(const char *name,
                                              struct acs_credentials *ret_credentials,
                                              struct buffer *reason, struct error *err)
{
    char path[PATH_MAX];
    struct buffer text;
    struct error problem;
    bool missing = false;
    error_clear(&problem);
    if (!find_path(path, sizeof(path))) {
        (void)error_set(err, ERROR_CREDENTIALS, "the path of the profiles' file is too long");
        return ACS_PROVIDER_BROKEN;
    }
    buffer_init(&text, FILE_MAX);
    bool ok = file_read(path, &text, &missing, &problem);
    if (ok) {
        ok = read_file(path, name, &text, ret_credentials, err);
    } else if (missing) {
        buffer_printf(reason, "%s does not exist", path);
    } else {
        (void)error_set(err, ERROR_CREDENTIALS, "%s", problem.message);
    }
    buffer_free_secret(&text);
    if (missing) {
        return ACS_PROVIDER_NOT_HERE;
    }
    return ok ? ACS_PROVIDER_FOUND : ACS_PROVIDER_BROKEN;
}
