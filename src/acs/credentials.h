/*
 * Credentials: where the access key comes from. The order is the official default chain's
 * (credentials-go, -python and -nodejs): environment, OIDC role, ~/.aliyun/config.json,
 * ~/.alibabacloud/credentials, RAM role of the ECS instance, ALIBABA_CLOUD_CREDENTIALS_URI.
 *
 * Variables that only the command line tool takes (ALIBABACLOUD_*, ALICLOUD_*, without a prefix)
 * come where it has them: after the profile, whose blanks they fill.
 *
 * A place that does not apply is passed over; one that is meant to be used but wrong ends the
 * search. A profile named by the caller (--profile) is read from config.json alone: who names one
 * wants that one.
 */
#ifndef HBRSYNC_ACS_CREDENTIALS_H
#define HBRSYNC_ACS_CREDENTIALS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct acs_client;

#define ACS_ACCESS_KEY_MAX 256
#define ACS_SECRET_MAX 512
#define ACS_TOKEN_MAX 8192
#define ACS_HOST_MAX 320

/* Which hosts are asked, and what says so, for messages. */
struct acs_hosts {
    char service[ACS_HOST_MAX]; /* may hold {region}; "": the service's own, inside a VPC or not */
    char sts[ACS_HOST_MAX];     /* see acs_sts_endpoint */
    char sts_region[64];
    bool vpc;
    const char *service_from, *sts_from, *region_from; /* "--endpoint", "the profile's endpoint" */
};

/* Holds secrets: wipe with acs_credentials_wipe. */
struct acs_credentials {
    char access_key_id[ACS_ACCESS_KEY_MAX];
    char access_key_secret[ACS_SECRET_MAX];
    char security_token[ACS_TOKEN_MAX]; /* "" for a plain access key */
    int64_t expires_at;                 /* UNIX seconds, 0: not known */
    bool renewable;                     /* asking the same place again gives new ones */
    char provider[512];   /* "environment", "profile \"default\" of /home/me/.aliyun/config.json" */
    char region_id[64];   /* the profile's region_id, "" when there is none */
    char renewed_by[192]; /* the command that does it where we do not, "" when there is none */
    const char *key_variable, *profile_variable; /* that say which key or profile; NULL: none */
    struct acs_hosts hosts;
    char warning[512]; /* what the user should know about the place, "" when nothing */
};

/* What a search needs to know. Texts are borrowed; NULL stands for the default. */
struct acs_credentials_options {
    const char *profile;                 /* NULL: the default chain */
    const char *endpoint, *sts_endpoint; /* may hold {region}; see acs_hosts_find */
    const char *region;                  /* NULL: the profile's */
    bool vpc;                            /* the endpoints inside a VPC */
    const char *ca_file;
    const char *user_agent;
    int64_t retry_for_ms; /* of calls to STS; 0: they are made once */
};

/*
 * Finds credentials, which may ask STS, the metadata service, a program, or a URI.
 * ERROR_CREDENTIALS says each place that was tried and why it did not apply, never a secret. A mode
 * that cannot be used is named with the way out. Without any, ret_credentials->hosts is set.
 */
bool acs_credentials_find(const struct acs_credentials_options *options,
                          struct acs_credentials *ret_credentials, struct error *err) MUST_CHECK;

/* The endpoint of STS, the region filled in. ERROR_USAGE for a name that is no region. */
bool acs_sts_endpoint(const struct acs_hosts *hosts, char *url, size_t size,
                      struct error *err) MUST_CHECK;

/* Whom the credentials belong to. */
struct acs_identity {
    char account_id[64];
    char arn[256];
};

/* STS GetCallerIdentity. `region` is the key of the rate limit. */
bool acs_caller_identity(struct acs_client *client, const struct acs_hosts *hosts,
                         const char *region, struct acs_identity *ret_identity,
                         struct error *err) MUST_CHECK;

void acs_credentials_wipe(struct acs_credentials *credentials);

/* Wipes secret and token alone. */
void acs_credentials_forget_keys(struct acs_credentials *credentials);

#endif
