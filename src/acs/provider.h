/* Internal to acs: one place that credentials may come from. */
#ifndef HBRSYNC_ACS_PROVIDER_H
#define HBRSYNC_ACS_PROVIDER_H

#include "acs/credentials.h"
#include "base/buffer.h"
#include "base/error.h"

enum acs_provider_result {
    ACS_PROVIDER_FOUND,
    ACS_PROVIDER_NOT_HERE, /* does not apply: the next place is tried; `reason` says why */
    ACS_PROVIDER_BROKEN    /* meant to be used but wrong: *err */
};

/*
 * A row of the chain. `find` gets the profile named by the caller, or NULL, and zeroed credentials,
 * and appends to `reason` why it does not apply.
 */
struct acs_provider {
    const char *name;
    bool with_profile; /* also asked when the caller names a profile */
    enum acs_provider_result (*find)(const char *profile, struct acs_credentials *ret_credentials,
                                     struct buffer *reason, struct error *err);
};

/*
 * Puts a secret value in its place; `what` names it in the error: too long, or with characters that
 * cannot be. Used for keys, secrets and tokens alike.
 */
bool acs_provider_take(char *target, size_t size, const char *value, const char *what,
                       struct error *err) MUST_CHECK;

#endif
