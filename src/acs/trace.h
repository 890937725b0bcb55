/*
 * Internal to acs: the trace of requests and answers, a block each. What it prints of ours is
 * chosen (the headers that are or carry secrets show as "***"); all that it prints passes
 * acs_redact.
 */
#ifndef HBRSYNC_ACS_TRACE_H
#define HBRSYNC_ACS_TRACE_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "acs/headers.h"
#include "acs/redact.h"

struct curl_slist;

struct acs_trace {
    FILE *file; /* borrowed, NULL: no trace; becomes NULL when it cannot be written */
    const struct acs_secrets *secrets; /* of the attempt that a block is about */
    const char *action;
    const char *region;
    unsigned attempt;
};

void acs_trace_request(struct acs_trace *trace, const char *url, const struct curl_slist *headers);

void acs_trace_answer(struct acs_trace *trace, int64_t elapsed_ms,
                      const struct acs_headers *headers, const char *body, size_t length);

/* An attempt that brought no answer. `reason` is libcurl's. */
void acs_trace_failure(struct acs_trace *trace, int64_t elapsed_ms, const char *reason);

#endif
