/*
 * Internal to acs: what an answer means. HTTP status, then `Success`, then `Code` decide; all text
 * of the service is cut, escaped and freed of secrets before it enters an error.
 */
#ifndef HBRSYNC_ACS_ANSWER_H
#define HBRSYNC_ACS_ANSWER_H

#include <stddef.h>
#include <stdint.h>

#include "acs/headers.h"
#include "acs/redact.h"
#include "acs/retry.h"
#include "base/error.h"

struct json_node;

/* What one attempt brought back, and what it had asked. */
struct acs_reply {
    int http_status;
    const struct acs_headers *headers;
    const char *body;
    size_t length;
    const char *action;
    const char *version;
    const struct acs_secrets *secrets;
    const char *key_from; /* where the credentials come from, for messages; NULL: not said */
    int64_t now;          /* UNIX seconds of our clock */
};

/* The outcome of an answer by its HTTP status and the service's Code ("" when it has none), unless
 * it is a success. */
enum acs_outcome acs_outcome_of_code(int http_status, const char *api_code);

/* Whether the service said that a permission is missing. */
bool acs_is_permission(const struct error *err);

/* ACS_OK hands over the root; anything else fills *err (never NULL here). */
enum acs_outcome acs_answer_judge(const struct acs_reply *reply, struct json_node **ret_root,
                                  char request_id[64], struct error *err);

#endif
