/*
 * Credentials that run out and are renewed: the source of new ones for all clients of a session,
 * also in the middle of a walk. Any thread may ask.
 *
 * New ones come from where the first came from; when that has changed (another profile, another
 * role), nothing is renewed: one run must not mix accounts. A renewal that fails keeps the old
 * credentials as long as they are valid.
 */
#ifndef HBRSYNC_ACS_CREDENTIAL_SOURCE_H
#define HBRSYNC_ACS_CREDENTIAL_SOURCE_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "acs/credentials.h"
#include "base/error.h"

struct acs_credential_source {
    pthread_mutex_t lock;                   /* of all that follows */
    struct acs_credentials current;         /* wipe it at the end */
    struct acs_credentials_options options; /* its texts are borrowed */
    int64_t renew_at;                       /* UNIX seconds, INT64_MAX: not by time */
    int64_t retry_at;                       /* not before, after a failure */
    struct error failure;                   /* of the last renewal, until one succeeds */
};

/* For credentials that were found with these options just now. */
void acs_credential_source_init(struct acs_credential_source *source,
                                const struct acs_credentials_options *options,
                                const struct acs_credentials *found);

/*
 * As acs_client_options.renew; `context` is the source. Replaces *credentials when another client
 * has had them renewed, and, with new ones that are asked for now, when they run out soon or the
 * service has refused them as expired, else does nothing. False: they are not valid any more and no
 * new ones could be had, or ERROR_INTERRUPTED.
 */
bool acs_credential_source_renew(void *context, bool refused, struct acs_credentials *credentials,
                                 bool *ret_renewed, struct error *err) MUST_CHECK;

/*
 * When credentials that were issued at `now` are to be renewed: 180 s before they expire, at half
 * their life when that is short, INT64_MAX when no expiry is known or it lies in the past (then a
 * clock is wrong, and the service will say when).
 */
int64_t acs_renewal_time(int64_t now, int64_t expires_at);

#endif
