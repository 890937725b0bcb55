#include "acs/credentials.h"

#include <limits.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/crypto.h>

#include "acs/provider.h"
#include "base/file.h"
#include "base/text.h"

#define WORD_MAX 20 /* below the length of any secret */
#define FILE_MAX ((size_t)1024 * 1024)
#define KEY_VARIABLE "ALIBABA_CLOUD_ACCESS_KEY_ID"
#define SECRET_VARIABLE "ALIBABA_CLOUD_ACCESS_KEY_SECRET"
#define TOKEN_VARIABLE "ALIBABA_CLOUD_SECURITY_TOKEN"
#define REASONS_MAX 4096
#define REASONS_SHOWN_MAX (ERROR_MESSAGE_MAX - 64)

static const char how_to_set[] =
    "Set ALIBABA_CLOUD_ACCESS_KEY_ID and ALIBABA_CLOUD_ACCESS_KEY_SECRET, or make a profile with "
    "\"aliyun configure\".";

const char *acs_variable(const char *name)
{
    const char *value = getenv(name);
    return value != NULL && value[0] != '\0' ? value : NULL;
}

bool acs_variable_is_true(const char *name, bool also_one)
{
    const char *value = acs_variable(name);
    return value != NULL &&
           (text_equal_nocase(value, "true") || (also_one && strcmp(value, "1") == 0));
}

/* Spaces, line ends and the like would end up in a header, where they mean something. */
static bool is_header_safe(const char *value)
{
    for (; *value != '\0'; value++) {
        if (*value <= 0x20 || *value >= 0x7F) {
            return false;
        }
    }
    return true;
}

bool acs_provider_take(char *target, size_t size, const char *value, const char *what,
                       struct error *err)
{
    if (!is_header_safe(value)) {
        return error_set(err, ERROR_CREDENTIALS,
                         "%s holds a space, a control character or a character outside ASCII",
                         what);
    }
    if (strlen(value) >= size) {
        return error_set(err, ERROR_CREDENTIALS, "%s is longer than %zu characters", what,
                         size - 1);
    }
    memcpy(target, value, strlen(value) + 1);
    return true;
}

const char *acs_provider_word(const char *text)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_";
    size_t length = strspn(text, allowed);
    return length < WORD_MAX && text[length] == '\0' ? text : "(not shown)";
}

void acs_provider_name(struct acs_credentials *credentials, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    if (vsnprintf(credentials->provider, sizeof(credentials->provider), format, args) < 0) {
        credentials->provider[0] = '\0';
    }
    va_end(args);
}

static bool find_path(const struct acs_provider_file *file, char *path, size_t size)
{
    const char *named = acs_variable(file->variable);
    const char *home = acs_variable("HOME");
    if (named != NULL) {
        return text_fit(path, size, named);
    }
    if (home == NULL) {
        const struct passwd *user = getpwuid(getuid());
        home = user != NULL ? user->pw_dir : "/";
    }
    int length = snprintf(path, size, "%s/%s", home, file->name);
    return length > 0 && (size_t)length < size;
}

static void check_mode(const char *path, struct acs_credentials *credentials)
{
    struct stat status;
    if (stat(path, &status) != 0 || (status.st_mode & (S_IRGRP | S_IROTH)) == 0) {
        return;
    }
    int length = snprintf(credentials->warning, sizeof(credentials->warning),
                          "%s holds secrets and can be read by others (mode %04o); chmod 600 it",
                          path, (unsigned)(status.st_mode & 07777U));
    if (length < 0) {
        credentials->warning[0] = '\0';
    }
}

enum acs_provider_result acs_provider_read_file(const struct acs_provider_file *file,
                                                const struct acs_credentials_options *options,
                                                struct acs_credentials *ret_credentials,
                                                struct buffer *reason, struct error *err)
{
    char path[PATH_MAX];
    struct buffer text;
    struct error problem;
    bool missing = false;
    enum acs_provider_result result = ACS_PROVIDER_BROKEN;
    if (!find_path(file, path, sizeof(path))) {
        (void)error_set(err, ERROR_CREDENTIALS, "the path of the %s is too long", file->what);
        return result;
    }
    error_clear(&problem);
    buffer_init(&text, FILE_MAX);
    if (file_read(path, &text, &missing, &problem)) {
        check_mode(path, ret_credentials);
        result = file->read(options, path, &text, ret_credentials, reason, err);
    } else if (missing) {
        buffer_printf(reason, "%s does not exist", path);
        result = ACS_PROVIDER_NOT_HERE;
    } else {
        (void)error_set(err, problem.code == ERROR_USAGE ? ERROR_CREDENTIALS : problem.code, "%s",
                        problem.message);
    }
    buffer_free_secret(&text);
    return result;
}

static enum acs_provider_result provider_environment(const struct acs_credentials_options *options,
                                                     struct acs_credentials *ret_credentials,
                                                     struct buffer *reason, struct error *err)
{
    const char *key = acs_variable(KEY_VARIABLE);
    const char *secret = acs_variable(SECRET_VARIABLE);
    const char *token = acs_variable(TOKEN_VARIABLE);
    (void)options;
    if (key == NULL && secret == NULL) {
        buffer_puts(reason, KEY_VARIABLE " and " SECRET_VARIABLE " are not set");
        return ACS_PROVIDER_NOT_HERE;
    }
    if (key == NULL || secret == NULL) {
        (void)error_set(err, ERROR_CREDENTIALS, "%s is set but %s is not",
                        key != NULL ? KEY_VARIABLE : SECRET_VARIABLE,
                        key != NULL ? SECRET_VARIABLE : KEY_VARIABLE);
        (void)error_hint(err, "Set both, or neither to use another source of credentials.");
        return ACS_PROVIDER_BROKEN;
    }
    acs_provider_name(ret_credentials, "environment");
    bool ok = acs_provider_take(ret_credentials->access_key_id, ACS_ACCESS_KEY_MAX, key,
                                KEY_VARIABLE, err) &&
              acs_provider_take(ret_credentials->access_key_secret, ACS_SECRET_MAX, secret,
                                SECRET_VARIABLE, err) &&
              (token == NULL || acs_provider_take(ret_credentials->security_token, ACS_TOKEN_MAX,
                                                  token, TOKEN_VARIABLE, err));
    return ok ? ACS_PROVIDER_FOUND : ACS_PROVIDER_BROKEN;
}

/* The chain, in the official order. */
static const struct {
    const char *name;
    bool with_profile; /* also asked when the caller names a profile */
    acs_provider_find *find;
} providers[] = {
    {"environment", false, provider_environment}, {"OIDC", false, acs_provider_oidc},
    {"profile", true, acs_provider_config_file},  {"credentials file", false, acs_provider_ini},
    {"ECS RAM role", false, acs_provider_ecs},    {"credentials URI", false, acs_provider_uri},
};

/* Asks the places in turn; `reasons` collects why each did not apply. */
static enum acs_provider_result walk_chain(const struct acs_credentials_options *options,
                                           struct acs_credentials *ret_credentials,
                                           struct buffer *reasons, struct error *err)
{
    for (size_t i = 0; i < sizeof(providers) / sizeof(providers[0]); i++) {
        if (options->profile != NULL && !providers[i].with_profile) {
            continue;
        }
        if (reasons->length > 0) {
            buffer_puts(reasons, "; ");
        }
        buffer_printf(reasons, "%s: ", providers[i].name);
        enum acs_provider_result result = providers[i].find(options, ret_credentials, reasons, err);
        if (result != ACS_PROVIDER_NOT_HERE) {
            return result;
        }
        acs_credentials_wipe(ret_credentials); /* whatever a place has left behind */
    }
    return ACS_PROVIDER_NOT_HERE;
}

bool acs_credentials_find(const struct acs_credentials_options *options,
                          struct acs_credentials *ret_credentials, struct error *err)
{
    struct buffer reasons;
    memset(ret_credentials, 0, sizeof(*ret_credentials));
    buffer_init(&reasons, REASONS_MAX);
    enum acs_provider_result result = walk_chain(options, ret_credentials, &reasons, err);
    if (result == ACS_PROVIDER_NOT_HERE) {
        (void)error_set(err, ERROR_CREDENTIALS, "no credentials found (%.*s)", REASONS_SHOWN_MAX,
                        reasons.data);
        (void)error_hint(err, "%s", how_to_set);
    }
    buffer_free(&reasons);
    if (result != ACS_PROVIDER_FOUND) {
        acs_credentials_wipe(ret_credentials);
        return false;
    }
    return true;
}

bool acs_credentials_check(const struct acs_credentials *credentials, struct error *err)
{
    const struct {
        const char *what;
        const char *value;
        size_t size;
        bool needed;
    } parts[] = {
        {"the access key id", credentials->access_key_id, ACS_ACCESS_KEY_MAX, true},
        {"the access key secret", credentials->access_key_secret, ACS_SECRET_MAX, true},
        {"the security token", credentials->security_token, ACS_TOKEN_MAX, false},
    };
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        if (strnlen(parts[i].value, parts[i].size) == parts[i].size ||
            !is_header_safe(parts[i].value)) {
            return error_set(err, ERROR_CREDENTIALS,
                             "%s holds a space, a control character or a character outside ASCII",
                             parts[i].what);
        }
        if (parts[i].needed && parts[i].value[0] == '\0') {
            return error_set(err, ERROR_CREDENTIALS, "%s is empty", parts[i].what);
        }
    }
    return true;
}

void acs_credentials_wipe(struct acs_credentials *credentials)
{
    if (credentials != NULL) {
        OPENSSL_cleanse(credentials, sizeof(*credentials));
    }
}

void acs_credentials_forget_keys(struct acs_credentials *credentials)
{
    OPENSSL_cleanse(credentials->access_key_secret, sizeof(credentials->access_key_secret));
    OPENSSL_cleanse(credentials->security_token, sizeof(credentials->security_token));
}
