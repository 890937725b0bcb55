/*
 * Credentials: where the access key comes from. The order is the official default chain's
 * (credentials-go, -python and -nodejs): environment, then ~/.aliyun/config.json.
 *
 * A profile named by the caller (--profile) is read from config.json alone: who names one wants
 * that one.
 */
#ifndef HBRSYNC_ACS_CREDENTIALS_H
#define HBRSYNC_ACS_CREDENTIALS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

#define ACS_ACCESS_KEY_MAX 256
#define ACS_SECRET_MAX 512
#define ACS_TOKEN_MAX 8192

/* Holds secrets: wipe with acs_credentials_wipe. */
struct acs_credentials {
    char access_key_id[ACS_ACCESS_KEY_MAX];
    char access_key_secret[ACS_SECRET_MAX];
    char security_token[ACS_TOKEN_MAX]; /* "" for a plain access key */
    int64_t expires_at;                 /* UNIX seconds, 0: not known */
    char provider[128]; /* "environment", "profile \"default\" of ~/.aliyun/config.json" */
    char region_id[64]; /* the profile's region_id, "" when there is none */
};

/*
 * Finds credentials. `profile` is NULL for the default chain. ERROR_CREDENTIALS says each place
 * that was tried and why it did not apply, never a secret. A mode that cannot be used is named with
 * the way out.
 */
bool acs_credentials_find(const char *profile, struct acs_credentials *ret_credentials,
                          struct error *err) MUST_CHECK;

/*
 * ERROR_CREDENTIALS for a key, secret or token that is empty (but the token may be) or holds
 * spaces, control characters or bytes outside ASCII, which have no place in a header. The value is
 * never shown.
 */
bool acs_credentials_check(const struct acs_credentials *credentials, struct error *err) MUST_CHECK;

void acs_credentials_wipe(struct acs_credentials *credentials);

#endif
