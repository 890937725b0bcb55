/* What a failed answer says about the request: the one table of the service's codes for parameters.
 */
#ifndef HBRSYNC_HBR_REFUSAL_H
#define HBRSYNC_HBR_REFUSAL_H

#include "base/error.h"

enum hbr_refusal {
    HBR_NO_REFUSAL,       /* the source failed: network, gateway, permission, billing, activation,
                             throttling */
    HBR_REFUSED,          /* the service's own JSON error about this request, whatever its Code */
    HBR_REFUSED_PARAMETER /* ... and its Code speaks of a parameter */
};

/*
 * Only the service's own error (JSON with a RequestId; HTTP 4xx with a Code, or HTTP 200 with
 * Success false) is a refusal. Permission, billing, activation and throttling codes never are.
 */
enum hbr_refusal hbr_refusal_of(const struct error *failure);

#endif
