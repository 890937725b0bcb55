/* The section of ~/.alibabacloud/credentials that ALIBABA_CLOUD_PROFILE names, else "default". */
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include <openssl/crypto.h>

#include "acs/assume_role.h"
#include "acs/credentials_ini.h"
#include "acs/imds.h"
#include "acs/provider.h"
#include "base/text.h"

#define FILE_VARIABLE "ALIBABA_CLOUD_CREDENTIALS_FILE"
#define SHOWN_MAX 100

/* A way to use a section. */
typedef bool use_section_as(const struct acs_credentials_options *options,
                            const struct acs_ini_section *section,
                            struct acs_credentials *credentials, struct error *err);

static bool use_access_key(const struct acs_credentials_options *options,
                           const struct acs_ini_section *section,
                           struct acs_credentials *credentials, struct error *err)
{
    (void)options;
    if (section->access_key_id[0] == '\0' || section->access_key_secret[0] == '\0') {
        return error_set(err, ERROR_CREDENTIALS, "it has no access_key_id or access_key_secret");
    }
    return acs_provider_take(credentials->access_key_id, ACS_ACCESS_KEY_MAX, section->access_key_id,
                             "access_key_id", err) &&
           acs_provider_take(credentials->access_key_secret, ACS_SECRET_MAX,
                             section->access_key_secret, "access_key_secret", err);
}

static bool use_ecs_role(const struct acs_credentials_options *options,
                         const struct acs_ini_section *section, struct acs_credentials *credentials,
                         struct error *err)
{
    return acs_imds_require(options, section->role_name, credentials, err);
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

static bool use_role_arn(const struct acs_credentials_options *options,
                         const struct acs_ini_section *section, struct acs_credentials *credentials,
                         struct error *err)
{
    struct acs_credentials base = {.access_key_id = ""};
    const struct acs_role role = section_role(section);
    bool ok = role.arn[0] != '\0' || error_set(err, ERROR_CREDENTIALS, "it has no role_arn");
    ok = ok && use_access_key(options, section, &base, err) &&
         acs_assume_role(options, &role, &base, credentials, err);
    acs_credentials_wipe(&base);
    return ok;
}

static bool use_oidc(const struct acs_credentials_options *options,
                     const struct acs_ini_section *section, struct acs_credentials *credentials,
                     struct error *err)
{
    const struct acs_role role = section_role(section);
    if (role.arn[0] == '\0' || role.oidc_provider_arn[0] == '\0' ||
        role.oidc_token_file[0] == '\0') {
        return error_set(err, ERROR_CREDENTIALS,
                         "it has no role_arn, oidc_provider_arn or oidc_token_file_path");
    }
    return acs_assume_role_with_oidc(options, &role, credentials, err);
}

static bool use_section(const struct acs_credentials_options *options,
                        const struct acs_ini_section *section, struct acs_credentials *credentials,
                        struct error *err)
{
    static const struct {
        const char *type;
        use_section_as *use;
    } types[] = {
        {"access_key", use_access_key},
        {"ecs_ram_role", use_ecs_role},
        {"ram_role_arn", use_role_arn},
        {"oidc_role_arn", use_oidc},
    };
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        if (strcmp(section->type, types[i].type) == 0) {
            return types[i].use(options, section, credentials, err);
        }
    }
    (void)error_set(err, ERROR_CREDENTIALS, "it has the type \"%s\", which cannot be used here",
                    acs_provider_word(section->type));
    return error_hint(err,
                      "Use the type access_key, ecs_ram_role, ram_role_arn or oidc_role_arn, or a "
                      "profile of ~/.aliyun/config.json whose mode is External.");
}

static enum acs_provider_result read_text(const struct acs_credentials_options *options,
                                          const char *path, const struct buffer *text,
                                          struct acs_credentials *ret_credentials,
                                          struct buffer *reason, struct error *err)
{
    char shown[SHOWN_MAX + 4];
    char what[PATH_MAX + 512]; /* goes before the text of every message */
    bool found = false;
    struct acs_ini_section section;
    const char *named = acs_variable(ACS_PROFILE_VARIABLE);
    const char *name = named != NULL ? named : "default";
    enum acs_provider_result result = ACS_PROVIDER_BROKEN;
    text_show(shown, sizeof(shown), name, strlen(name), SHOWN_MAX);
    (void)snprintf(what, sizeof(what), "section \"%s\" of %s", shown, path);
    if (!acs_ini_read(text->data, text->length, name, &section, &found, err)) {
        (void)error_context(err, "%s", path);
    } else if (!found || text_equal_nocase(section.enable, "false")) {
        buffer_printf(reason, "%s %s", what, found ? "is not enabled" : "does not exist");
        result = ACS_PROVIDER_NOT_HERE;
    } else {
        acs_provider_name(ret_credentials, "%s%s%s", what,
                          section.role_arn[0] != '\0' ? ", role " : "", section.role_arn);
        result = use_section(options, &section, ret_credentials, err) ? ACS_PROVIDER_FOUND : result;
    }
    if (result == ACS_PROVIDER_BROKEN && found) {
        (void)error_context(err, "%s", what);
    }
    OPENSSL_cleanse(&section, sizeof(section));
    return result;
}

enum acs_provider_result acs_provider_ini(const struct acs_credentials_options *options,
                                          struct acs_credentials *ret_credentials,
                                          struct buffer *reason, struct error *err)
{
    static const struct acs_provider_file file = {FILE_VARIABLE, ".alibabacloud/credentials",
                                                  "credentials file", read_text};
    return acs_provider_read_file(&file, options, ret_credentials, reason, err);
}
