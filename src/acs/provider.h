/* Internal to acs: one place that credentials may come from. */
#ifndef HBRSYNC_ACS_PROVIDER_H
#define HBRSYNC_ACS_PROVIDER_H

#include "acs/credentials.h"
#include "acs/variables.h"
#include "base/buffer.h"
#include "base/error.h"

enum acs_provider_result {
    ACS_PROVIDER_FOUND,
    ACS_PROVIDER_NOT_HERE, /* does not apply: the next place is tried; `reason` says why */
    ACS_PROVIDER_BROKEN    /* meant to be used but wrong: *err */
};

/*
 * A place of the chain. Gets zeroed credentials, and appends to `reason` why it does not apply.
 * Each call looks afresh: that is how credentials are renewed.
 */
typedef enum acs_provider_result acs_provider_find(const struct acs_credentials_options *options,
                                                   struct acs_credentials *ret_credentials,
                                                   struct buffer *reason, struct error *err);

acs_provider_find acs_provider_oidc;        /* ALIBABA_CLOUD_OIDC_* */
acs_provider_find acs_provider_config_file; /* ~/.aliyun/config.json */
acs_provider_find acs_provider_ini;         /* ~/.alibabacloud/credentials */
acs_provider_find acs_provider_ecs;         /* the RAM role of the ECS instance */
acs_provider_find acs_provider_uri;         /* ALIBABA_CLOUD_CREDENTIALS_URI */

/*
 * Puts a secret value in its place; `what` names it in the error: too long, or with characters that
 * cannot be. Used for keys, secrets and tokens alike.
 */
bool acs_provider_take(char *target, size_t size, const char *value, const char *what,
                       struct error *err) MUST_CHECK;

/* A text that is a word, as modes and types are; "(not shown)" for another, which may be a secret
 * in the wrong line. */
const char *acs_provider_word(const char *text);

/* Composes credentials->provider; cut where it does not fit. */
void acs_provider_name(struct acs_credentials *credentials, const char *format, ...)
    PRINTF_LIKE(2, 3);

/*
 * Takes key, secret and token from the environment, in the first spelling from `spelling` on of
 * which key or secret are set.
 */
enum acs_provider_result acs_provider_environment(size_t spelling,
                                                  struct acs_credentials *ret_credentials,
                                                  struct error *err);

/* Refuses a temporary key (STS.*) without its token; the hint says where that belongs. */
bool acs_provider_check_token(const struct acs_credentials *credentials, const char *hint,
                              struct error *err) MUST_CHECK;

/* A file of keys, as a place of the chain. */
struct acs_provider_file {
    const char *variable;   /* which names it */
    const char *name;       /* else in the user's home, e.g. ".aliyun/config.json" */
    const char *other_name; /* where there is no such file; NULL: none */
    const char *what;       /* in messages */
    enum acs_provider_result (*read)(const struct acs_credentials_options *options,
                                     const char *path, const struct buffer *text,
                                     struct acs_credentials *ret_credentials, struct buffer *reason,
                                     struct error *err);
};

/* Reads the file and wipes its text. Not here: there is no such file. Sets credentials->warning
 * when others than the owner can read it. */
enum acs_provider_result acs_provider_read_file(const struct acs_provider_file *file,
                                                const struct acs_credentials_options *options,
                                                struct acs_credentials *ret_credentials,
                                                struct buffer *reason, struct error *err);

#endif
