/* Who the credentials belong to: STS GetCallerIdentity (version 2015-04-01). */
#ifndef HBRSYNC_ACS_IDENTITY_H
#define HBRSYNC_ACS_IDENTITY_H

#include <stdbool.h>

#include "acs/client.h"
#include "base/error.h"

struct acs_identity {
    char account_id[64];
    char arn[256];
};

/* `region` is the key of the rate limit. */
bool acs_caller_identity(struct acs_client *client, const struct acs_hosts *hosts,
                         const char *region, struct acs_identity *ret_identity,
                         struct error *err) MUST_CHECK;

#endif
