/* Profiles of the official command line tool, ~/.aliyun/config.json. */

#include <limits.h>
#include <stdio.h>
#include <string.h>

#include <openssl/crypto.h>

#include "acs/assume_role.h"
#include "acs/external_process.h"
#include "acs/imds.h"
#include "acs/keys.h"
#include "acs/provider.h"
#include "acs/provider_uri.h"
#include "base/json.h"
#include "base/text.h"

#define SHOWN_MAX 100
#define MODE_SIZE 64
#define CHAIN_MAX 8 /* source profiles one behind the other */
#define FILE_VARIABLE "ALIBABA_CLOUD_CONFIG_FILE"
#define FILE_DISABLED_VARIABLE "ALIBABA_CLOUD_CLI_PROFILE_DISABLED"
#define EXTERNAL_DISABLED_VARIABLE "ALIBABA_CLOUD_DISABLE_EXTERNAL_PROCESS"

static const char RUN_CONFIGURE[] = "Run \"aliyun configure\" for this profile.";

/* A profile that was found, and what to call it in messages. */
struct profile {
    const struct acs_credentials_options *options;
    const char *path;
    char name[SHOWN_MAX + 4]; /* escaped */
    const struct json_object *root;
    const struct json_object *object;
    const struct profile *user; /* the one whose source_profile this is, NULL for the first */
};

static bool refuse(const struct profile *profile, const char *problem, const char *hint,
                   struct error *err)
{
    (void)error_set(err, ERROR_CREDENTIALS, "profile \"%s\" of %s %s", profile->name, profile->path,
                    problem);
    return error_hint(err, "%s", hint);
}

static bool about_profile(const struct profile *profile, struct error *err)
{
    return error_context(err, "profile \"%s\" of %s", profile->name, profile->path);
}

static bool refuse_member(const struct profile *profile, bool absent, const char *kind,
                          const char *member, struct error *err)
{
    char what[96];
    (void)snprintf(what, sizeof(what), "has no %s%s", absent ? "" : kind, member);
    return refuse(profile, what, RUN_CONFIGURE, err);
}

/* Takes a member that goes into a header; an absent one is "" unless it is needed. */
static bool take_member(const struct profile *profile, const char *member, bool needed,
                        char *target, size_t size, struct error *err)
{
    struct json_value value = json_member(profile->object, member);
    bool absent = json_is_absent(&value);
    if (absent && !needed) {
        return true;
    }
    if (absent || value.kind != JSON_TEXT || memchr(value.text, '\0', value.length) != NULL) {
        return refuse_member(profile, absent, "text as its ", member, err);
    }
    return acs_provider_take(target, size, value.text, member, err) || about_profile(profile, err);
}

/* A text of the file by its member, "" when it has none. */
static bool take_text(const struct profile *profile, const char *member, bool needed, char *target,
                      size_t size, struct error *err)
{
    struct json_value value = json_member(profile->object, member);
    bool absent = json_is_absent(&value);
    target[0] = '\0';
    if (absent && !needed) {
        return true;
    }
    if (absent || !json_member_text(profile->object, member, target, size)) {
        return refuse_member(profile, absent, "usable text as its ", member, err);
    }
    return true;
}

/* --- the modes ----------------------------------------------------------------------------- */

static bool read_key(const struct profile *profile, bool token, struct acs_credentials *credentials,
                     struct error *err)
{
    return take_member(profile, "access_key_id", true, credentials->access_key_id,
                       ACS_ACCESS_KEY_MAX, err) &&
           take_member(profile, "access_key_secret", true, credentials->access_key_secret,
                       ACS_SECRET_MAX, err) &&
           (!token || take_member(profile, "sts_token", true, credentials->security_token,
                                  ACS_TOKEN_MAX, err));
}

static bool read_ak(const struct profile *profile, struct acs_credentials *credentials,
                    struct error *err)
{
    return read_key(profile, false, credentials, err);
}

static bool read_sts_token(const struct profile *profile, struct acs_credentials *credentials,
                           struct error *err)
{
    struct json_value expiration = json_member(profile->object, "sts_expiration");
    if (expiration.kind == JSON_INTEGER && expiration.integer > 0) {
        credentials->expires_at = expiration.integer;
    }
    return read_key(profile, true, credentials, err);
}

/* The members of a profile that say which role, and how. */
struct role_texts {
    char arn[256], session_name[128], policy[4096], external_id[1300], sts_region[64];
    char oidc_provider_arn[256], oidc_token_file[PATH_MAX];
};

static bool read_role(const struct profile *profile, struct role_texts *texts,
                      struct acs_role *ret_role, struct acs_credentials *credentials,
                      struct error *err)
{
    struct json_value duration = json_member(profile->object, "expired_seconds");
    if (!take_text(profile, "ram_role_arn", true, texts->arn, sizeof(texts->arn), err) ||
        !take_text(profile, "ram_session_name", false, texts->session_name,
                   sizeof(texts->session_name), err) ||
        !take_text(profile, "policy", false, texts->policy, sizeof(texts->policy), err) ||
        !take_text(profile, "external_id", false, texts->external_id, sizeof(texts->external_id),
                   err) ||
        !take_text(profile, "sts_region", false, texts->sts_region, sizeof(texts->sts_region),
                   err)) {
        return false;
    }
    *ret_role = (struct acs_role){
        .arn = texts->arn,
        .session_name = texts->session_name,
        .policy = texts->policy,
        .external_id = texts->external_id,
        .sts_region = texts->sts_region,
        .duration = duration.kind == JSON_INTEGER ? duration.integer : 0,
    };
    acs_provider_name(credentials, "profile \"%s\" of %s, role %s", profile->name, profile->path,
                      texts->arn);
    return true;
}

static bool assume(const struct profile *profile, const struct acs_credentials *base,
                   struct acs_credentials *credentials, struct error *err)
{
    struct role_texts texts;
    struct acs_role role;
    bool ok = read_role(profile, &texts, &role, credentials, err) &&
              (acs_assume_role(profile->options, &role, base, credentials, err) ||
               about_profile(profile, err));
    OPENSSL_cleanse(&texts, sizeof(texts));
    return ok;
}

static bool read_role_arn(const struct profile *profile, struct acs_credentials *credentials,
                          struct error *err)
{
    struct acs_credentials base = {.access_key_id = ""};
    bool ok = read_key(profile, false, &base, err) && assume(profile, &base, credentials, err);
    acs_credentials_wipe(&base);
    return ok;
}

static bool select_profile(const struct json_object *root, const char *name,
                           struct profile *profile, struct error *err);
static bool read_profile(const struct profile *profile, struct acs_credentials *credentials,
                         struct error *err);

/* Whether the profile may use another one: not itself, in however many steps, nor too many. */
static bool check_chain(const struct profile *profile, const struct profile *source,
                        struct error *err)
{
    size_t depth = 0;
    for (const struct profile *user = profile; user != NULL; user = user->user) {
        if (user->object == source->object) {
            return refuse(profile, "has a source_profile that leads back to it", RUN_CONFIGURE,
                          err);
        }
        if (++depth > CHAIN_MAX) {
            return refuse(profile, "has too many source profiles one behind the other",
                          RUN_CONFIGURE, err);
        }
    }
    return true;
}

static bool read_chainable(const struct profile *profile, struct acs_credentials *credentials,
                           struct error *err)
{
    char name[SHOWN_MAX * 2];
    struct acs_credentials base = {.access_key_id = ""};
    struct profile source = {.options = profile->options, .path = profile->path, .user = profile};
    bool ok = take_text(profile, "source_profile", true, name, sizeof(name), err) &&
              select_profile(profile->root, name, &source, err) &&
              check_chain(profile, &source, err) && read_profile(&source, &base, err) &&
              assume(profile, &base, credentials, err);
    acs_credentials_wipe(&base);
    return ok;
}

static bool read_ecs_role(const struct profile *profile, struct acs_credentials *credentials,
                          struct error *err)
{
    char role[128];
    return take_text(profile, "ram_role_name", false, role, sizeof(role), err) &&
           (acs_imds_require(profile->options, role, credentials, err) ||
            about_profile(profile, err));
}

static bool read_oidc(const struct profile *profile, struct acs_credentials *credentials,
                      struct error *err)
{
    struct role_texts texts;
    struct acs_role role;
    if (!read_role(profile, &texts, &role, credentials, err) ||
        !take_text(profile, "oidc_provider_arn", true, texts.oidc_provider_arn,
                   sizeof(texts.oidc_provider_arn), err) ||
        !take_text(profile, "oidc_token_file", true, texts.oidc_token_file,
                   sizeof(texts.oidc_token_file), err)) {
        return false;
    }
    role.oidc_provider_arn = texts.oidc_provider_arn;
    role.oidc_token_file = texts.oidc_token_file;
    return acs_assume_role_with_oidc(profile->options, &role, credentials, err) ||
           about_profile(profile, err);
}

/* The variable stands for both, as in the official tool. */
static bool check_external(const struct profile *profile, struct error *err)
{
    return !acs_variable_is_true(EXTERNAL_DISABLED_VARIABLE, true) ||
           refuse(profile, "is switched off by " EXTERNAL_DISABLED_VARIABLE,
                  "Unset the variable, or use a profile of another mode.", err);
}

static bool read_uri(const struct profile *profile, struct acs_credentials *credentials,
                     struct error *err)
{
    char uri[2048];
    bool ok =
        check_external(profile, err) &&
        take_text(profile, "credentials_uri", true, uri, sizeof(uri), err) &&
        (acs_uri_find(profile->options, uri, credentials, err) || about_profile(profile, err));
    OPENSSL_cleanse(uri, sizeof(uri));
    return ok;
}

static bool read_external(const struct profile *profile, struct acs_credentials *credentials,
                          struct error *err)
{
    char command[4096];
    bool ok = check_external(profile, err) &&
              take_text(profile, "process_command", true, command, sizeof(command), err) &&
              (acs_external_find(command, credentials, err) || about_profile(profile, err));
    OPENSSL_cleanse(command, sizeof(command));
    return ok;
}

/* Compared in any case, as the official tool does. */
static const struct mode {
    const char *name;
    bool (*read)(const struct profile *profile, struct acs_credentials *credentials,
                 struct error *err);
} modes[] = {
    {"AK", read_ak},
    {"StsToken", read_sts_token},
    {"RamRoleArn", read_role_arn},
    {"ChainableRamRoleArn", read_chainable},
    {"EcsRamRole", read_ecs_role},
    {"OIDC", read_oidc},
    {"CredentialsURI", read_uri},
    {"External", read_external},
};

static const struct mode *find_mode(const struct profile *profile)
{
    char mode[MODE_SIZE];
    bool fits = json_member_text(profile->object, "mode", mode, sizeof(mode));
    if (json_member(profile->object, "mode").kind == JSON_MISSING) {
        return &modes[0];
    }
    for (size_t i = 0; fits && i < sizeof(modes) / sizeof(modes[0]); i++) {
        if (text_equal_nocase(mode, modes[i].name)) {
            return &modes[i];
        }
    }
    return NULL;
}

static bool refuse_mode(const struct profile *profile, struct error *err)
{
    char problem[MODE_SIZE * 2];
    struct json_value value = json_member(profile->object, "mode");
    (void)snprintf(problem, sizeof(problem), "has the mode \"%s\", which cannot be used here",
                   acs_provider_word(value.kind == JSON_TEXT ? value.text : ""));
    return refuse(profile, problem,
                  "Use a profile of mode External whose process_command prints temporary keys of "
                  "that profile, one of mode AK, StsToken, RamRoleArn, ChainableRamRoleArn, "
                  "EcsRamRole, OIDC or CredentialsURI, or put temporary keys into the environment.",
                  err);
}

static bool read_profile(const struct profile *profile, struct acs_credentials *credentials,
                         struct error *err)
{
    const struct mode *mode = find_mode(profile);
    if (mode == NULL) {
        return refuse_mode(profile, err);
    }
    acs_provider_name(credentials, "profile \"%s\" of %s", profile->name, profile->path);
    return take_member(profile, "region_id", false, credentials->region_id,
                       sizeof(credentials->region_id), err) &&
           mode->read(profile, credentials, err);
}

/* --- the file ------------------------------------------------------------------------------ */

/* The profile `name` (NULL: the current one) of the parsed file. */
static bool select_profile(const struct json_object *root, const char *name,
                           struct profile *profile, struct error *err)
{
    struct json_value current = json_member(root, "current");
    struct json_value list = json_member(root, "profiles");
    const char *wanted = name != NULL ? name : current.kind == JSON_TEXT ? current.text : "default";
    text_show(profile->name, sizeof(profile->name), wanted, strlen(wanted), SHOWN_MAX);
    profile->root = root;
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

static enum acs_provider_result read_file(const struct acs_credentials_options *options,
                                          const char *path, const struct buffer *text,
                                          struct acs_credentials *credentials,
                                          struct buffer *reason, struct error *err)
{
    struct json_object *root = NULL;
    struct error problem;
    struct profile profile = {.options = options, .path = path};
    const char *name =
        options->profile != NULL ? options->profile : acs_variable(ACS_PROFILE_VARIABLE);
    enum acs_provider_result result = ACS_PROVIDER_BROKEN;
    error_clear(&problem);
    if (!json_parse(text->data, text->length, JSON_VALUES_ANSWER, &root, &problem)) {
        if (problem.code == ERROR_INTERNAL) { /* no memory: not the file's fault */
            (void)error_set(err, ERROR_INTERNAL, "%s: %s", path, problem.message);
            return result;
        }
        (void)error_set(err, ERROR_CREDENTIALS, "%s is %s", path, problem.message);
        (void)error_hint(err, "Run \"aliyun configure\" to write the file anew.");
        return result;
    }
    if (select_profile(root, name, &profile, &problem)) {
        result = read_profile(&profile, credentials, err) ? ACS_PROVIDER_FOUND : result;
    } else if (options->profile == NULL) {
        buffer_puts(reason, problem.message); /* the next place may have it */
        result = ACS_PROVIDER_NOT_HERE;
    } else {
        (void)error_copy(err, &problem);
    }
    acs_keys_release(root);
    return result;
}

enum acs_provider_result acs_provider_config_file(const struct acs_credentials_options *options,
                                                  struct acs_credentials *ret_credentials,
                                                  struct buffer *reason, struct error *err)
{
    static const struct acs_provider_file file = {FILE_VARIABLE, ".aliyun/config.json",
                                                  "profiles' file", read_file};
    if (options->profile == NULL && acs_variable_is_true(FILE_DISABLED_VARIABLE, false)) {
        buffer_puts(reason, "switched off by " FILE_DISABLED_VARIABLE);
        return ACS_PROVIDER_NOT_HERE;
    }
    return acs_provider_read_file(&file, options, ret_credentials, reason, err);
}
