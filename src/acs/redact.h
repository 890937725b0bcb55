/*
 * Internal to acs: foreign text with our secrets cut out.
 *
 * The service's complaint about a signature quotes the whole request it received, security token
 * included.
 */
#ifndef HBRSYNC_ACS_REDACT_H
#define HBRSYNC_ACS_REDACT_H

#include <stdbool.h>
#include <stddef.h>

#include "acs/credentials.h"
#include "base/buffer.h"

#define ACS_REDACTED "***"

/*
 * Appends `text`: secret and token as "***" however they are written (plain, percent-encoded, with
 * JSON escapes), and where the text cuts them; nothing from "server StringToSign is",
 * "Authorization:" or a signature on; controls escaped; at most about `maximum` bytes.
 * `credentials` may be NULL.
 */
void acs_redact(struct buffer *buffer, const char *text, size_t length, size_t maximum,
                const struct acs_credentials *credentials);

/* Whether secret or token, however written, is in the text. */
bool acs_holds_secret(const char *text, size_t length, const struct acs_credentials *credentials);

#endif
