/* Internal to acs: what the headers of an answer say. Their total size is bounded. */
#ifndef HBRSYNC_ACS_HEADERS_H
#define HBRSYNC_ACS_HEADERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"

#define ACS_HEADERS_MAX ((size_t)64 * 1024)
#define ACS_WAIT_MAX_MS 120000 /* the longest wait that a service may ask for */

struct acs_headers {
    struct buffer lines;    /* as received, of the last answer */
    size_t total;           /* bytes, those of interim answers included */
    int64_t date;           /* UNIX seconds, 0: absent */
    int64_t retry_after_ms; /* x-acs-retry-after and Retry-After, the longer; 0: absent */
    int64_t rate_limit_ms;  /* TimeLeft of x-ratelimit-user-api and -user, the longer; 0: absent */
    char request_id[64];
    char location[256]; /* the host that a redirect names, not yet escaped */
};

void acs_headers_init(struct acs_headers *headers);
void acs_headers_free(struct acs_headers *headers);

/* Takes one line, as libcurl hands it over. `now` (UNIX seconds) turns a date into a wait. False:
 * too many. */
bool acs_headers_line(struct acs_headers *headers, const char *line, size_t length, int64_t now);

/* A request id is letters, digits and "-"; everything else is dropped. One that does not fit
 * is none. */
void acs_request_id_copy(char *target, size_t size, const char *text);

#endif
