#include "acs/credential_source.h"

#include <string.h>

#include "base/clock.h"

#define MARGIN_SECONDS 180 /* as credentials-go */
#define RETRY_SECONDS 30

int64_t acs_renewal_time(int64_t now, int64_t expires_at)
{
    if (expires_at <= now) {
        return INT64_MAX;
    }
    int64_t life = expires_at - now;
    return life > 2 * MARGIN_SECONDS ? expires_at - MARGIN_SECONDS : now + (life + 1) / 2;
}

void acs_credential_source_init(struct acs_credential_source *source,
                                const struct acs_credentials_options *options,
                                const struct acs_credentials *found)
{
    memset(source, 0, sizeof(*source));
    source->lock = (pthread_mutex_t)PTHREAD_MUTEX_INITIALIZER;
    source->current = *found;
    source->options = *options;
    source->renew_at = acs_renewal_time(clock_now(), found->expires_at);
}

static bool find_again(const struct acs_credential_source *source, struct acs_credentials *fresh,
                       struct error *err)
{
    if (!acs_credentials_find(&source->options, fresh, err)) {
        return false;
    }
    if (strcmp(fresh->provider, source->current.provider) != 0) {
        (void)error_set(err, ERROR_CREDENTIALS, "they now come from %s instead of %s",
                        fresh->provider, source->current.provider);
        (void)error_hint(err, "Run again.");
        acs_credentials_wipe(fresh);
        return false;
    }
    return true;
}

static bool fail(const struct acs_credential_source *source, struct error *err)
{
    (void)error_copy(err, &source->failure);
    return source->failure.code != ERROR_INTERRUPTED &&
           error_context(err, "the credentials have expired and cannot be renewed");
}

/* Makes `current` new ones when it is time. */
static bool renew(struct acs_credential_source *source, bool refused, struct error *err)
{
    struct acs_credentials fresh;
    int64_t now = clock_now();
    int64_t expires_at = source->current.expires_at;
    bool valid = !refused && (expires_at == 0 || now < expires_at || source->renew_at == INT64_MAX);
    if (!refused && now < source->renew_at) {
        return true;
    }
    if (now < source->retry_at) {
        return valid || fail(source, err);
    }
    error_clear(&source->failure);
    if (find_again(source, &fresh, &source->failure)) {
        source->current = fresh;
        acs_credentials_wipe(&fresh);
        source->renew_at = acs_renewal_time(clock_now(), source->current.expires_at);
        source->retry_at = 0;
        return true;
    }
    source->retry_at = clock_now() + RETRY_SECONDS;
    return (valid && source->failure.code != ERROR_INTERRUPTED) || fail(source, err);
}

static bool is_current(const struct acs_credential_source *source,
                       const struct acs_credentials *credentials)
{
    return strcmp(credentials->access_key_id, source->current.access_key_id) == 0 &&
           strcmp(credentials->security_token, source->current.security_token) == 0;
}

bool acs_credential_source_renew(void *context, bool refused, struct acs_credentials *credentials,
                                 bool *ret_renewed, struct error *err)
{
    struct acs_credential_source *source = context;
    (void)pthread_mutex_lock(&source->lock); /* others wait: what comes is theirs, too */
    bool ok = renew(source, refused && is_current(source, credentials), err);
    *ret_renewed = ok && !is_current(source, credentials);
    if (*ret_renewed) {
        *credentials = source->current;
    }
    (void)pthread_mutex_unlock(&source->lock);
    return ok;
}
