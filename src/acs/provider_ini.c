/* The section of ~/.alibabacloud/credentials that ALIBABA_CLOUD_PROFILE names, else "default". */
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include <openssl/crypto.h>

#include "acs/assume_role.h"
#include "acs/credentials_ini.h"
#include "acs/imds.h"
#include "acs/provider.h"
#include "base/file.h"
#include "base/text.h"

#define FILE_VARIABLE "ALIBABA_CLOUD_CREDENTIALS_FILE"
#define PROFILE_VARIABLE "ALIBABA_CLOUD_PROFILE"
#define FILE_MAX ((size_t)1024 * 1024)
#define SHOWN_MAX 100
#define REASON_MAX 2048

/* What the ways to use a section share. */
struct use {
    const struct acs_credentials_options *options;
    const struct acs_ini_section *section;
    struct buffer *reason;
};

static bool take_key(const struct use *use, struct acs_credentials *credentials, struct error *err)
{
    const struct acs_ini_section *section = use->section;
    if (section->access_key_id[0] == '\0' || section->access_key_secret[0] == '\0') {
        return error_set(err, ERROR_CREDENTIALS, "it has no access_key_id or access_key_secret");
    }
    return acs_provider_take(credentials->access_key_id, ACS_ACCESS_KEY_MAX, section->access_key_id,
                             "access_key_id", err) &&
           acs_provider_take(credentials->access_key_secret, ACS_SECRET_MAX,
                             section->access_key_secret, "access_key_secret", err);
}

static enum acs_provider_result
use_access_key(const struct use *use, struct acs_credentials *ret_credentials, struct error *err)
{
    return take_key(use, ret_credentials, err) ? ACS_PROVIDER_FOUND : ACS_PROVIDER_BROKEN;
}

static enum acs_provider_result
use_ecs_role(const struct use *use, struct acs_credentials *ret_credentials, struct error *err)
{
    char name[sizeof(ret_credentials->provider)];
    const char *role = use->section->role_name;
    (void)text_fit(name, sizeof(name), ret_credentials->provider);
    enum acs_provider_result result = acs_imds_find(use->options, role[0] != '\0' ? role : NULL,
                                                    ret_credentials, use->reason, err);
    (void)text_fit(ret_credentials->provider, sizeof(ret_credentials->provider), name);
    if (result != ACS_PROVIDER_NOT_HERE) {
        return result;
    }
    (void)error_set(err, ERROR_CREDENTIALS, "%s", use->reason->data);
    return ACS_PROVIDER_BROKEN;
}

static struct acs_role section_role(const struct acs_ini_section *section)
{
    return (struct acs_role){
        .arn = section->role_arn,
        .session_name = section->role_session_name,
        .policy = section->policy,
        .oidc_provider_arn = section->oidc_provider_arn,
        .oidc_token_file = section->oidc_token_file_path,
    };
}

static enum acs_provider_result
use_role_arn(const struct use *use, struct acs_credentials *ret_credentials, struct error *err)
{
    struct acs_credentials base = {.access_key_id = ""};
    const struct acs_role role = section_role(use->section);
    bool ok = role.arn[0] != '\0' || error_set(err, ERROR_CREDENTIALS, "it has no role_arn");
    ok = ok && take_key(use, &base, err) &&
         acs_assume_role(use->options, &role, &base, ret_credentials, err);
    acs_credentials_wipe(&base);
    return ok ? ACS_PROVIDER_FOUND : ACS_PROVIDER_BROKEN;
}

static enum acs_provider_result use_oidc(const struct use *use,
                                         struct acs_credentials *ret_credentials, struct error *err)
{
    const struct acs_role role = section_role(use->section);
    bool whole =
        role.arn[0] != '\0' && role.oidc_provider_arn[0] != '\0' && role.oidc_token_file[0] != '\0';
    bool ok = whole || error_set(err, ERROR_CREDENTIALS,
                                 "it has no role_arn, oidc_provider_arn or oidc_token_file_path");
    ok = ok && acs_assume_role_with_oidc(use->options, &role, ret_credentials, err);
    return ok ? ACS_PROVIDER_FOUND : ACS_PROVIDER_BROKEN;
}

static enum acs_provider_result
use_section(const struct use *use, struct acs_credentials *ret_credentials, struct error *err)
{
    static const struct {
        const char *type;
        enum acs_provider_result (*use)(const struct use *use,
                                        struct acs_credentials *ret_credentials, struct error *err);
    } types[] = {
        {"access_key", use_access_key},
        {"ecs_ram_role", use_ecs_role},
        {"ram_role_arn", use_role_arn},
        {"oidc_role_arn", use_oidc},
    };
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        if (strcmp(use->section->type, types[i].type) == 0) {
            return types[i].use(use, ret_credentials, err);
        }
    }
    struct buffer shown;
    buffer_init(&shown, SHOWN_MAX * 8);
    text_escape(&shown, use->section->type, strlen(use->section->type), SHOWN_MAX);
    (void)error_set(err, ERROR_CREDENTIALS, "it has the type \"%s\", which cannot be used here",
                    shown.data);
    buffer_free(&shown);
    (void)error_hint(err,
                     "Use the type access_key, ecs_ram_role, ram_role_arn or oidc_role_arn, or a "
                     "profile of ~/.aliyun/config.json whose mode is External.");
    return ACS_PROVIDER_BROKEN;
}

/* Everything that a message says of a section goes before its own text. */
static void name_section(const char *name, const char *path, char *text, size_t size)
{
    struct buffer shown;
    buffer_init(&shown, SHOWN_MAX * 8);
    text_escape(&shown, name, strlen(name), SHOWN_MAX);
    (void)snprintf(text, size, "section \"%s\" of %s", shown.data, path);
    buffer_free(&shown);
}

static enum acs_provider_result read_text(const struct acs_credentials_options *options,
                                          const char *path, const struct buffer *text,
                                          struct acs_credentials *ret_credentials,
                                          struct buffer *reason, struct error *err)
{
    char what[PATH_MAX + 512];
    bool found = false;
    struct acs_ini_section section;
    const char *named = acs_variable(PROFILE_VARIABLE);
    const char *name = named != NULL ? named : "default";
    struct buffer own;
    struct use use = {options, &section, &own};
    enum acs_provider_result result = ACS_PROVIDER_BROKEN;
    buffer_init(&own, REASON_MAX);
    name_section(name, path, what, sizeof(what));
    if (!acs_ini_read(text->data, text->length, name, &section, &found, err)) {
        (void)error_context(err, "%s", path);
    } else if (!found || text_equal_nocase(section.enable, "false")) {
        buffer_printf(reason, "%s %s", what, found ? "is not enabled" : "does not exist");
        result = ACS_PROVIDER_NOT_HERE;
    } else {
        acs_provider_name(ret_credentials, "%s%s%s", what,
                          section.role_arn[0] != '\0' ? ", role " : "", section.role_arn);
        result = use_section(&use, ret_credentials, err);
    }
    if (result == ACS_PROVIDER_BROKEN && found) {
        (void)error_context(err, "%s", what);
    }
    buffer_free(&own);
    OPENSSL_cleanse(&section, sizeof(section));
    return result;
}

enum acs_provider_result acs_provider_ini(const struct acs_credentials_options *options,
                                          struct acs_credentials *ret_credentials,
                                          struct buffer *reason, struct error *err)
{
    char path[PATH_MAX];
    struct buffer text;
    struct error problem;
    bool missing = false;
    const char *named = acs_variable(FILE_VARIABLE);
    error_clear(&problem);
    if (named != NULL ? !text_fit(path, sizeof(path), named)
                      : !acs_provider_home_path(".alibabacloud/credentials", path, sizeof(path))) {
        (void)error_set(err, ERROR_CREDENTIALS, "the path of the credentials file is too long");
        return ACS_PROVIDER_BROKEN;
    }
    enum acs_provider_result result = ACS_PROVIDER_BROKEN;
    buffer_init(&text, FILE_MAX);
    if (file_read(path, &text, &missing, &problem)) {
        result = read_text(options, path, &text, ret_credentials, reason, err);
        acs_provider_check_mode(path, ret_credentials);
    } else if (missing) {
        buffer_printf(reason, "%s does not exist", path);
        result = ACS_PROVIDER_NOT_HERE;
    } else {
        (void)error_set(err, ERROR_CREDENTIALS, "%s", problem.message);
    }
    buffer_free_secret(&text);
    return result;
}
