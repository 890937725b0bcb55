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

#include "acs/hosts.h"
#include "acs/provider.h"
#include "base/file.h"
#include "base/text.h"

#define WORD_MAX 20 /* below the length of any secret */
#define FILE_MAX ((size_t)1024 * 1024)
#define REASONS_MAX 4096
#define REASONS_SHOWN_MAX (ERROR_MESSAGE_MAX - 64)

static const char *const KEY_MEMBERS[] = {"access_key_id", "access_key_secret", "sts_token"};

static const char how_to_set[] =
    "Set ALIBABA_CLOUD_ACCESS_KEY_ID and ALIBABA_CLOUD_ACCESS_KEY_SECRET, or make a profile with "
    "\"aliyun configure\".";

/* What no key can hold, NULL when there is nothing: what has no place in a header, and what was
 * copied along with a key or stands for one ('...', <your key>, ${KEY}). */
static const char *find_foreign(const char *value)
{
    for (; *value != '\0'; value++) {
        if (*value <= 0x20 || *value >= 0x7F) {
            return "a space, a control character or a character outside ASCII";
        }
        if (strchr("\"'`\\<>{}()[]$,;", *value) != NULL) {
            return "a quotation mark, a bracket or another character that no key has";
        }
    }
    return NULL;
}

bool acs_provider_take(char *target, size_t size, const char *value, const char *what,
                       struct error *err)
{
    const char *foreign = find_foreign(value);
    if (foreign != NULL) {
        (void)error_set(err, ERROR_CREDENTIALS, "%s holds %s", what, foreign);
        return error_hint(err, "Copy the value again, without quotation marks or blanks.");
    }
    return text_fit(target, size, value) ||
           error_set(err, ERROR_CREDENTIALS, "%s is longer than %zu characters", what, size - 1);
}

bool acs_provider_check_token(const struct acs_credentials *credentials, const char *hint,
                              struct error *err)
{
    if (!text_starts_with(credentials->access_key_id, "STS.") ||
        credentials->security_token[0] != '\0') {
        return true;
    }
    (void)error_set(err, ERROR_CREDENTIALS,
                    "the access key is a temporary one (STS.) without its security token");
    return error_hint(err, "%s", hint);
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
    if (length > 0 && access(path, F_OK) != 0 && file->other_name != NULL) {
        char other[PATH_MAX];
        (void)snprintf(other, sizeof(other), "%s/%s", home, file->other_name);
        length = access(other, F_OK) == 0 ? snprintf(path, size, "%s", other) : length;
    }
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

enum acs_provider_result acs_provider_environment(size_t spelling,
                                                  struct acs_credentials *ret_credentials,
                                                  struct error *err)
{
    const char *names[3];
    const char *values[3];
    do {
        if (spelling == ACS_SPELLINGS || acs_variable_name("access_key_id", spelling) == NULL) {
            return ACS_PROVIDER_NOT_HERE;
        }
        for (size_t i = 0; i < 3; i++) {
            names[i] = acs_variable_name(KEY_MEMBERS[i], spelling);
            values[i] = acs_variable(names[i]);
        }
        spelling++; /* without a prefix, half a key is another program's */
    } while (text_starts_with(names[0], "ALI") ? values[0] == NULL && values[1] == NULL
                                               : values[0] == NULL || values[1] == NULL);
    if (values[0] == NULL || values[1] == NULL) {
        size_t missing = values[0] == NULL ? 0 : 1;
        (void)error_set(err, ERROR_CREDENTIALS, "%s is set but %s is not", names[1 - missing],
                        names[missing]);
        (void)error_hint(err, "Set both, or neither to use another source of credentials.");
        return ACS_PROVIDER_BROKEN;
    }
    char hint[128];
    (void)snprintf(hint, sizeof(hint), "Set %s to the token that came with it.", names[2]);
    ret_credentials->key_variable = names[0];
    return acs_provider_take(ret_credentials->access_key_id, ACS_ACCESS_KEY_MAX, values[0],
                             names[0], err) &&
                   acs_provider_take(ret_credentials->access_key_secret, ACS_SECRET_MAX, values[1],
                                     names[1], err) &&
                   acs_provider_take(ret_credentials->security_token, ACS_TOKEN_MAX,
                                     values[2] != NULL ? values[2] : "", names[2], err) &&
                   acs_provider_check_token(ret_credentials, hint, err)
               ? ACS_PROVIDER_FOUND
               : ACS_PROVIDER_BROKEN;
}

/* What the SDKs read, too. */
static enum acs_provider_result provider_environment(const struct acs_credentials_options *options,
                                                     struct acs_credentials *ret_credentials,
                                                     struct buffer *reason, struct error *err)
{
    (void)options;
    if (acs_variable("ALIBABA_CLOUD_ACCESS_KEY_ID") == NULL &&
        acs_variable("ALIBABA_CLOUD_ACCESS_KEY_SECRET") == NULL) {
        buffer_puts(reason, "ALIBABA_CLOUD_ACCESS_KEY_ID and ALIBABA_CLOUD_ACCESS_KEY_SECRET are "
                            "not set");
        return ACS_PROVIDER_NOT_HERE;
    }
    acs_provider_name(ret_credentials, "environment");
    return acs_provider_environment(0, ret_credentials, err);
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
        enum acs_provider_result result =
            acs_hosts_find(options, NULL, NULL, &ret_credentials->hosts, err)
                ? providers[i].find(options, ret_credentials, reasons, err)
                : ACS_PROVIDER_BROKEN;
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
        if (!acs_hosts_find(options, NULL, NULL, &ret_credentials->hosts, NULL)) {
            return false;
        }
    }
    return result == ACS_PROVIDER_FOUND;
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
        const char *foreign = strnlen(parts[i].value, parts[i].size) == parts[i].size
                                  ? "too many characters"
                                  : find_foreign(parts[i].value);
        if (foreign != NULL) {
            return error_set(err, ERROR_CREDENTIALS, "%s holds %s", parts[i].what, foreign);
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
