/*
 * Profiles of the official tools: those of the command line tool in ~/.aliyun/config.json, and the
 * sections of ~/.alibabacloud/credentials, which are read as profiles with other names.
 */

#include <limits.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "acs/provider.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/text.h"

#define FILE_MAX ((size_t)1024 * 1024)
#define PATH_SIZE (PATH_MAX + 1) /* what is cut is too long for the system */
#define SHOWN_MAX 100
#define WORD_MAX 20 /* below the length of any secret */
#define NEEDS_MAX 3
#define CHAIN_MAX 8 /* source profiles one behind the other */
#define FILE_DISABLED_VARIABLE "ALIBABA_CLOUD_CLI_PROFILE_DISABLED"
#define FILE_IGNORED_VARIABLE "ALIBABA_CLOUD_IGNORE_PROFILE"
#define EXTERNAL_DISABLED_VARIABLE "ALIBABA_CLOUD_DISABLE_EXTERNAL_PROCESS"

/* A profile that was found, and what to call it in messages. */
struct profile {
    const struct acs_credentials_options *options;
    bool is_section;          /* of the INI file */
    char name[SHOWN_MAX + 4]; /* escaped */
    char title[PATH_SIZE + SHOWN_MAX + 32];
    const char *path;
    const struct json_node *root; /* of the file with other profiles, NULL: none */
    const struct json_node *object;
    const struct profile *user; /* the one whose source_profile this is, NULL for the first */
    const struct mode *mode;
};

typedef bool read_mode(const struct profile *profile, struct acs_credentials *credentials,
                       struct error *err);
static read_mode read_key, read_sign_in, read_source, read_instance, read_elsewhere;

/* Modes are compared in any case, as the command line tool does. A profile without a mode has the
 * first one all of whose `needs` are there; in the same order as there. */
static const struct mode {
    const char *name, *type; /* in config.json and in the INI file */
    read_mode *read;         /* NULL: no keys, but a token */
    bool assume;             /* what was read is used to take on a role */
    const char *needs[NEEDS_MAX];
} modes[] = {
    {"StsToken", "", read_key, false, {"access_key_id", "sts_token"}},
    {"RamRoleArn", "ram_role_arn", read_key, true, {"access_key_id", "ram_role_arn"}},
    {"EcsRamRole", "ecs_ram_role", read_instance, false, {"ram_role_name"}},
    {"External", "", read_elsewhere, false, {"process_command"}},
    {"OIDC", "oidc_role_arn", NULL, true, {"oidc_provider_arn", "oidc_token_file", "ram_role_arn"}},
    {"CloudSSO", "", read_sign_in, false, {"cloud_sso_sign_in_url"}},
    {"AK", "access_key", read_key, false, {NULL}}, /* of any other profile without a mode */
    {"ChainableRamRoleArn", "", read_source, true, {NULL}},
    {"RamRoleArnWithRoleName", "", read_instance, true, {NULL}},
    {"CredentialsURI", "", read_elsewhere, false, {NULL}},
    {"OAuth", "", read_sign_in, false, {NULL}},
};
#define MODES (sizeof(modes) / sizeof(modes[0]))

PRINTF_LIKE(4, 5)
static bool refuse(const struct profile *profile, const char *hint, struct error *err,
                   const char *format, ...)
{
    char problem[256];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(problem, sizeof(problem), format, args);
    va_end(args);
    (void)error_set(err, ERROR_CREDENTIALS, "%s %s", profile->title, problem);
    if (hint == NULL && profile->is_section) {
        return error_hint(err, "Correct the section in %s.", profile->path);
    }
    return hint != NULL ? error_hint(err, "%s", hint)
                        : error_hint(err, "Run \"aliyun configure --profile %s\".", profile->name);
}

static bool about_profile(const struct profile *profile, struct error *err)
{
    return error_context(err, "%s", profile->title);
}

/* What the file calls a member. */
static const char *own_name(const struct profile *profile, const char *member)
{
    static const char *const others[][2] = {{"mode", "type"},
                                            {"ram_role_name", "role_name"},
                                            {"ram_role_arn", "role_arn"},
                                            {"ram_session_name", "role_session_name"},
                                            {"oidc_token_file", "oidc_token_file_path"}};
    for (size_t i = 0; profile->is_section && i < sizeof(others) / sizeof(others[0]); i++) {
        if (strcmp(member, others[i][0]) == 0) {
            return others[i][1];
        }
    }
    return member;
}

static const struct json_node *find_member(const struct profile *profile, const char *member)
{
    return json_find(profile->object, own_name(profile, member));
}

/* Whether the profile has it, or the environment in its stead. */
static bool has(const struct profile *profile, const char *member)
{
    const struct json_node *value = find_member(profile, member);
    return !json_is_blank(value) ||
           (!profile->is_section && strncmp(member, "access_key", 10) != 0 &&
            strcmp(member, "sts_token") != 0 && acs_variable_for(member, true, NULL) != NULL);
}

/* A text of the profile; where it is blank, of the environment; "" when there is none. Borrowed. */
static bool get(const struct profile *profile, const char *member, bool needed,
                const char **ret_text, struct error *err)
{
    const struct json_node *value = find_member(profile, member);
    const char *name = own_name(profile, member);
    *ret_text = "";
    if (!has(profile, member)) {
        return !needed || refuse(profile, NULL, err, "has no %s", name);
    }
    if (json_is_blank(value)) {
        *ret_text = acs_variable_for(member, true, NULL);
    } else if (value->kind != JSON_TEXT || memchr(value->text, '\0', value->length) != NULL) {
        return refuse(profile, NULL, err, "has no text as its %s", name);
    } else {
        *ret_text = value->text;
    }
    return true;
}

/* UNIX seconds, 0: none. */
static int64_t find_time(const struct profile *profile, const char *member)
{
    const struct json_node *value = find_member(profile, member);
    return value->kind == JSON_INTEGER && value->integer > 0 ? value->integer : 0;
}

/* A member that holds no characters but those of keys. */
static bool take(const struct profile *profile, const char *member, bool needed, char *target,
                 size_t size, struct error *err)
{
    const char *text;
    return get(profile, member, needed, &text, err) &&
           (acs_provider_take(target, size, text, own_name(profile, member), err) ||
            about_profile(profile, err));
}

static void name_profile(struct profile *profile, const char *name)
{
    text_show(profile->name, sizeof(profile->name), name, strlen(name), SHOWN_MAX);
    (void)snprintf(profile->title, sizeof(profile->title), "%s \"%s\" of %s",
                   profile->is_section ? "section" : "profile", profile->name, profile->path);
}

/* The profile `name` (NULL: the current one) of the parsed file. */
static bool select_profile(const struct json_node *root, const char *name, struct profile *profile,
                           struct error *err)
{
    const struct json_node *current = json_find(root, "current");
    const struct json_node *list = json_find(root, "profiles");
    const char *wanted = name != NULL                                             ? name
                         : current->kind == JSON_TEXT && current->text[0] != '\0' ? current->text
                                                                                  : "default";
    name_profile(profile, wanted);
    profile->root = root;
    const struct json_node *item = list->kind == JSON_ARRAY ? list->first : NULL;
    for (; item != NULL; item = item->next) {
        const struct json_node *found = json_find(item, "name");
        if (found->kind == JSON_TEXT && strcmp(found->text, wanted) == 0) {
            profile->object = item;
            return true;
        }
    }
    return refuse(profile, "\"aliyun configure list\" shows the profiles.", err, "does not exist");
}

/* --- where the first keys come from -------------------------------------------------------- */

/* Key and secret, and the token that a mode has or a temporary key needs. */
static bool read_key(const struct profile *profile, struct acs_credentials *credentials,
                     struct error *err)
{
    bool token =
        profile->mode->read == read_sign_in || strcmp(profile->mode->name, "StsToken") == 0;
    char hint[256];
    const struct json_node *id = find_member(profile, "access_key_id");
    const struct json_node *secret = find_member(profile, "access_key_secret");
    if (json_is_blank(id) && json_is_blank(secret) && !profile->is_section) {
        bool found = acs_provider_environment(0, credentials, err);
        if (found || err->code != ERROR_NONE) {
            acs_provider_name(credentials, "%s, key of %s", profile->title,
                              credentials->key_variable);
            return found || about_profile(profile, err);
        }
    }
    if (!take(profile, "access_key_id", true, credentials->access_key_id, ACS_ACCESS_KEY_MAX,
              err) ||
        !take(profile, "access_key_secret", true, credentials->access_key_secret, ACS_SECRET_MAX,
              err)) {
        return false;
    }
    if (token || (!profile->is_section && text_starts_with(credentials->access_key_id, "STS."))) {
        credentials->expires_at = find_time(profile, "sts_expiration");
        if (!take(profile, "sts_token", token, credentials->security_token, ACS_TOKEN_MAX, err)) {
            return false;
        }
    }
    (void)snprintf(hint, sizeof(hint),
                   profile->is_section ? "This file has no place for a token: use a profile of "
                                         "mode StsToken in ~/.aliyun/config.json."
                                       : "Put the token that came with it into the profile: "
                                         "\"aliyun configure --profile %s --mode StsToken\".",
                   profile->name);
    return acs_provider_check_token(credentials, hint, err) || about_profile(profile, err);
}

/* The temporary keys that the command line tool has left in the profile. Only it can sign in. */
static bool read_sign_in(const struct profile *profile, struct acs_credentials *credentials,
                         struct error *err)
{
    bool oauth = strcmp(profile->mode->name, "OAuth") == 0;
    int64_t signed_in =
        find_time(profile, oauth ? "oauth_refresh_token_expire" : "cloud_sso_access_token_expire");
    int64_t end = find_time(profile, "sts_expiration");
    char moment[CLOCK_ISO8601_SIZE] = "";
    char hint[sizeof(credentials->renewed_by) + 16];
    (void)snprintf(credentials->renewed_by, sizeof(credentials->renewed_by),
                   signed_in > clock_now() ? "aliyun sts GetCallerIdentity --profile %s"
                                           : "aliyun configure --profile %s --mode %s",
                   profile->name, profile->mode->name);
    (void)snprintf(hint, sizeof(hint), "Run \"%s\".", credentials->renewed_by);
    if (!has(profile, "access_key_id") || !has(profile, "access_key_secret") ||
        !has(profile, "sts_token") || end == 0 || !clock_to_iso8601(end, moment)) {
        return refuse(profile, hint, err, "has the mode \"%s\" and holds no temporary keys",
                      profile->mode->name);
    }
    if (end <= clock_now()) {
        return refuse(profile, hint, err, "has the mode \"%s\", and its temporary keys ended at %s",
                      profile->mode->name, moment);
    }
    credentials->renewable = true; /* once that command was run */
    return read_key(profile, credentials, err);
}

static bool read_profile(struct profile *profile, struct acs_credentials *credentials,
                         struct error *err);

/* By another profile: not itself, in however many steps, nor too many. */
static bool read_source(const struct profile *profile, struct acs_credentials *credentials,
                        struct error *err)
{
    const char *name;
    size_t depth = 0;
    struct profile source = {.options = profile->options, .path = profile->path, .user = profile};
    if (!get(profile, "source_profile", true, &name, err) ||
        !select_profile(profile->root, name, &source, err)) {
        return false;
    }
    for (const struct profile *user = profile; user != NULL; user = user->user, depth++) {
        if (user->object == source.object) {
            return refuse(profile, NULL, err, "has a source_profile that leads back to it");
        }
    }
    return depth > CHAIN_MAX
               ? refuse(profile, NULL, err, "has too many source profiles one behind the other")
               : read_profile(&source, credentials, err);
}

/* Takes on the role of the profile, by the keys of `base` or, without, by an OIDC token. */
static bool assume(const struct profile *profile, const struct acs_credentials *base,
                   struct acs_credentials *credentials, struct error *err)
{
    const struct json_node *duration = find_member(profile, "expired_seconds");
    struct acs_role role = {.duration = duration->kind == JSON_INTEGER ? duration->integer : 0};
    if (!get(profile, "ram_role_arn", true, &role.arn, err) ||
        !get(profile, "ram_session_name", false, &role.session_name, err) ||
        !get(profile, "policy", false, &role.policy, err) ||
        !get(profile, "external_id", false, &role.external_id, err) ||
        !get(profile, "oidc_provider_arn", base == NULL, &role.oidc_provider_arn, err) ||
        !get(profile, "oidc_token_file", base == NULL, &role.oidc_token_file, err)) {
        return false;
    }
    acs_provider_name(credentials, "%s, role %s", profile->title, role.arn);
    return acs_assume_role(profile->options, &role, base, credentials, err) ||
           about_profile(profile, err);
}

static bool read_instance(const struct profile *profile, struct acs_credentials *credentials,
                          struct error *err)
{
    const char *role;
    if (!get(profile, "ram_role_name", false, &role, err)) {
        return false;
    }
    if (acs_imds_find(profile->options, role, credentials, err)) {
        return true;
    }
    err->code = err->code == ERROR_NONE ? ERROR_CREDENTIALS : err->code; /* the file wants it */
    return about_profile(profile, err);
}

/* The variable stands for both, as in the official tool. */
static bool read_elsewhere(const struct profile *profile, struct acs_credentials *credentials,
                           struct error *err)
{
    const char *text;
    bool is_uri = strcmp(profile->mode->name, "CredentialsURI") == 0;
    if (acs_variable_is_true(EXTERNAL_DISABLED_VARIABLE, true)) {
        return refuse(profile, "Unset the variable, or use a profile of another mode.", err,
                      "is switched off by " EXTERNAL_DISABLED_VARIABLE);
    }
    return get(profile, is_uri ? "credentials_uri" : "process_command", true, &text, err) &&
           ((is_uri ? acs_uri_find(profile->options, text, credentials, err)
                    : acs_external_find(text, credentials, err)) ||
            about_profile(profile, err));
}

/* --- a profile ----------------------------------------------------------------------------- */

static bool is_of_mode(const struct profile *profile, const struct mode *mode)
{
    const struct json_node *value = find_member(profile, "mode");
    const char *name = profile->is_section ? mode->type : mode->name;
    bool there =
        json_is_blank(value) || (value->kind == JSON_TEXT && text_equal_nocase(value->text, name));
    for (size_t i = 0; json_is_blank(value) && i < NEEDS_MAX && mode->needs[i] != NULL; i++) {
        there = there && has(profile, mode->needs[i]);
    }
    return there;
}

/* A text that is a word, as modes and types are; "(not shown)" for another, which may be a secret
 * in the wrong line. */
static const char *show_word(const char *text)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_";
    size_t length = strspn(text, allowed);
    return length < WORD_MAX && text[length] == '\0' ? text : "(not shown)";
}

static bool refuse_mode(const struct profile *profile, struct error *err)
{
    const struct json_node *value = find_member(profile, "mode");
    return refuse(profile,
                  profile->is_section
                      ? "Use the type access_key, ecs_ram_role, ram_role_arn or oidc_role_arn, or "
                        "a profile of ~/.aliyun/config.json whose mode is External."
                      : "Use a profile of mode External whose process_command prints temporary "
                        "keys of that profile, or one of mode AK, StsToken, RamRoleArn, "
                        "ChainableRamRoleArn, EcsRamRole, OIDC, CredentialsURI, CloudSSO or OAuth.",
                  err, "has the %s \"%s\", which cannot be used here", own_name(profile, "mode"),
                  show_word(value->kind == JSON_TEXT ? value->text : ""));
}

/* For acs_hosts_find. */
static const char *find_text(const void *context, const char *member)
{
    const struct json_node *value = find_member(context, member);
    bool is_true = value->kind == JSON_BOOLEAN && value->integer != 0;
    return value->kind == JSON_TEXT && value->length > 0 ? value->text : is_true ? "true" : NULL;
}

static bool read_profile(struct profile *profile, struct acs_credentials *credentials,
                         struct error *err)
{
    const struct json_node *region = find_member(profile, "region_id");
    size_t at = 0;
    while (at < MODES && !is_of_mode(profile, &modes[at])) {
        at++;
    }
    if (at == MODES) {
        return refuse_mode(profile, err);
    }
    profile->mode = &modes[at];
    acs_provider_name(credentials, "%s", profile->title);
    if ((!json_is_blank(region) && !take(profile, "region_id", false, credentials->region_id,
                                         sizeof(credentials->region_id), err)) ||
        !(acs_hosts_find(profile->options, find_text, profile, &credentials->hosts, err) ||
          about_profile(profile, err))) {
        return false;
    }
    if (!modes[at].assume) {
        return modes[at].read(profile, credentials, err);
    }
    struct acs_credentials base = {.hosts = credentials->hosts};
    bool keyless = modes[at].read == NULL;
    bool ok = (keyless || modes[at].read(profile, &base, err)) &&
              assume(profile, keyless ? NULL : &base, credentials, err);
    credentials->key_variable = base.key_variable;
    acs_credentials_wipe(&base);
    return ok;
}

/* --- the files ----------------------------------------------------------------------------- */

/* The file that `variable` names, else `name` in the user's home, else `other_name` there (NULL:
 * none) where that is and the first is not. */
static void find_path(const char *variable, const char *name, const char *other_name,
                      char path[PATH_SIZE])
{
    const char *named = acs_variable(variable);
    const char *home = acs_variable("HOME");
    if (home == NULL) {
        const struct passwd *user = getpwuid(getuid());
        home = user != NULL ? user->pw_dir : "/";
    }
    (void)snprintf(path, PATH_SIZE, "%s%s%s", named != NULL ? named : home,
                   named != NULL ? "" : "/", named != NULL ? "" : name);
    if (named == NULL && other_name != NULL && access(path, F_OK) != 0) {
        char other[PATH_SIZE];
        (void)snprintf(other, sizeof(other), "%s/%s", home, other_name);
        (void)text_fit(path, PATH_SIZE, access(other, F_OK) == 0 ? other : path);
    }
}

typedef bool read_text(const struct acs_credentials_options *options, const char *path,
                       struct buffer *text, struct acs_credentials *credentials, struct error *err);

/* Reads the file and wipes its text. Sets credentials->warning when others than the owner can read
 * it. */
static bool read_file(const char *path, read_text *read,
                      const struct acs_credentials_options *options,
                      struct acs_credentials *credentials, struct error *err)
{
    struct stat status;
    struct buffer text;
    bool missing = false;
    buffer_init(&text, FILE_MAX);
    bool ok = file_read(path, &text, &missing, err);
    if (missing) {
        (void)error_set(err, ERROR_NONE, "%s does not exist", path);
    } else if (!ok && err->code == ERROR_USAGE) {
        err->code = ERROR_CREDENTIALS;
    }
    if (ok && stat(path, &status) == 0 && (status.st_mode & (S_IRGRP | S_IROTH)) != 0) {
        (void)snprintf(credentials->warning, sizeof(credentials->warning),
                       "%.400s holds secrets and can be read by others (mode %04o); chmod 600 it",
                       path, (unsigned)(status.st_mode & 07777U));
    }
    ok = ok && read(options, path, &text, credentials, err);
    buffer_free_secret(&text);
    return ok;
}

static bool read_config(const struct acs_credentials_options *options, const char *path,
                        struct buffer *text, struct acs_credentials *credentials, struct error *err)
{
    struct json_node *root = NULL;
    struct profile profile = {.options = options, .path = path};
    const char *variable = NULL;
    const char *name =
        options->profile != NULL ? options->profile : acs_variable_for("profile", false, &variable);
    bool ok = false;
    if (!acs_keys_parse(text->data, text->length, path, &root, err)) {
        if (err->code == ERROR_CREDENTIALS) {
            (void)error_hint(err, "Run \"aliyun configure\" to write the file anew.");
        }
    } else if (select_profile(root, name, &profile, err)) {
        credentials->profile_variable = variable;
        ok = read_profile(&profile, credentials, err);
    } else if (options->profile == NULL) {
        err->code = ERROR_NONE; /* the next place may have it */
    }
    json_free(root);
    return ok;
}

/* Without such a profile the environment stands for one, as in the command line tool. */
bool acs_provider_config_file(const struct acs_credentials_options *options,
                              struct acs_credentials *ret_credentials, struct error *err)
{
    char path[PATH_SIZE];
    bool found = false;
    bool disabled = acs_variable_is_true(FILE_DISABLED_VARIABLE, false);
    find_path("ALIBABA_CLOUD_CONFIG_FILE", ".aliyun/config.json", NULL, path);
    if (options->profile == NULL &&
        (disabled || acs_variable_is_true(FILE_IGNORED_VARIABLE, false))) {
        (void)error_set(err, ERROR_NONE, "switched off by %s",
                        disabled ? FILE_DISABLED_VARIABLE : FILE_IGNORED_VARIABLE);
    } else {
        found = read_file(path, read_config, options, ret_credentials, err);
    }
    if (!found && err->code == ERROR_NONE && options->profile == NULL) {
        found = acs_provider_environment(1, ret_credentials, err);
    }
    if (ret_credentials->key_variable != NULL && ret_credentials->provider[0] == '\0') {
        acs_provider_name(ret_credentials, "environment (%s)", ret_credentials->key_variable);
    }
    return found;
}

static bool read_ini(const struct acs_credentials_options *options, const char *path,
                     struct buffer *text, struct acs_credentials *credentials, struct error *err)
{
    struct profile profile = {.options = options, .path = path, .is_section = true};
    struct acs_ini_section section;
    bool found = false;
    const char *variable = NULL;
    const char *named = acs_variable_for("profile", false, &variable);
    const char *name = named != NULL ? named : "default";
    name_profile(&profile, name);
    if (!acs_ini_read(text->data, text->length, name, &section, &found, err)) {
        return error_context(err, "%s", path);
    }
    const struct json_node *enable = json_find(&section.root, "enable");
    profile.object = &section.root;
    if (!found || (enable->kind == JSON_TEXT && text_equal_nocase(enable->text, "false"))) {
        return error_set(err, ERROR_NONE, "%s %s", profile.title,
                         found ? "is not enabled" : "does not exist");
    }
    credentials->profile_variable = variable;
    return read_profile(&profile, credentials, err);
}

bool acs_provider_ini(const struct acs_credentials_options *options,
                      struct acs_credentials *ret_credentials, struct error *err)
{
    char path[PATH_SIZE];
    find_path("ALIBABA_CLOUD_CREDENTIALS_FILE", ".alibabacloud/credentials",
              ".alibabacloud/credentials.ini", path);
    return read_file(path, read_ini, options, ret_credentials, err);
}
