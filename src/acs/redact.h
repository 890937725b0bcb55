/*
 * Internal to acs: foreign text in which a secret of ours may be quoted.
 *
 * The service's complaint about a signature quotes the whole request it received, security token
 * included; a gateway's page may quote it in an encoding of its own, or a part of it. So any 12
 * characters of a secret in a row count as the secret, and the text that holds them is left out as
 * a whole. They are found
 *   - at any offset of the secret and of the text;
 *   - percent-encoded, as HTML entities, with backslashes, up to three times over;
 *   - in base64 (of a longer text, too; both alphabets) and in hexadecimal, also of the secret in
 *     lower or upper case;
 *   - in either case, and with anything but letters and digits dropped or put between them:
 *     blanks, line ends, "+" that became a blank, invisible characters.
 * The signature of an earlier attempt is not known any more: 64 hexadecimal digits in a row may be
 * one, and are left out.
 * The price is that a text is left out, too, where the letters and digits alone agree.
 */
#ifndef HBRSYNC_ACS_REDACT_H
#define HBRSYNC_ACS_REDACT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buffer.h"

#define ACS_REDACTED "***"
#define ACS_LEFT_OUT "[server text with a secret removed]"

/* What must not come out: borrowed texts, NULL or "" where there is none. One of less than 12
 * characters is looked for as a whole. */
struct acs_secrets {
    const char *key_secret;
    const char *token;
    const char *signature; /* of the request that the text answers */
};

/*
 * Appends the first `maximum` bytes of `text`, escaped, and "..." where it is longer; "***" instead
 * of all from "server StringToSign is", "Authorization:" or a signature on, and instead of what may
 * be a signature; ACS_LEFT_OUT alone when a secret would still be in it.
 */
void acs_redact(struct buffer *buffer, const char *text, size_t length, size_t maximum,
                const struct acs_secrets *secrets);

/* Whether a secret is in the text. Linear in its length; true also where there is no memory. */
bool acs_holds_secret(const char *text, size_t length, const struct acs_secrets *secrets);

/* Whether 64 hexadecimal digits in a row are in the text. */
bool acs_may_hold_signature(const char *text, size_t length);

#endif
