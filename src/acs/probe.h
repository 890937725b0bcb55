/* One unsigned look at an endpoint: whether it answers, what its clock says, and until when its
 * certificate is good. Needs no credentials. */
#ifndef HBRSYNC_ACS_PROBE_H
#define HBRSYNC_ACS_PROBE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

struct acs_probe {
    int64_t date;                /* the answer's Date header, UNIX seconds, 0 when absent */
    int64_t certificate_expires; /* UNIX seconds, 0: no TLS, or not known */
    int64_t elapsed_ms;
};

/* `endpoint` as acs_endpoint_check takes it, without {region}. ERROR_SERVICE when nothing answers
 * or the certificate is not good; ERROR_USAGE, ERROR_INTERRUPTED. */
bool acs_probe(const char *endpoint, const char *ca_file, struct acs_probe *ret_probe,
               struct error *err) MUST_CHECK;

#endif
