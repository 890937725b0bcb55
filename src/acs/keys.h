/* Internal to acs: keys in JSON, as STS, the metadata service, a credentials URI and an external
 * program hand them out. */
#ifndef HBRSYNC_ACS_KEYS_H
#define HBRSYNC_ACS_KEYS_H

#include "acs/credentials.h"

struct json_node;

/* What the members are called. */
struct acs_key_names {
    const char *id, *secret, *token, *expiration;
};

extern const struct acs_key_names ACS_KEY_NAMES;         /* AccessKeyId, ... */
extern const struct acs_key_names ACS_KEY_NAMES_PROFILE; /* access_key_id, ... */

/*
 * Takes key, secret, token (needed when `token_needed`) and expiry (a time text or UNIX seconds; 0
 * when there is none). ERROR_CREDENTIALS names `what` and the member, never a value.
 */
bool acs_keys_read(const struct json_node *object, const struct acs_key_names *names,
                   bool token_needed, const char *what, struct acs_credentials *ret_credentials,
                   struct error *err) MUST_CHECK;

/*
 * Parses the text, before which a byte order mark may stand; `what` names it in the error
 * (ERROR_CREDENTIALS). Free with json_free.
 */
bool acs_keys_parse(const char *text, size_t length, const char *what, struct json_node **ret_root,
                    struct error *err) MUST_CHECK;

/*
 * Both for a document that is nothing but temporary keys and a Code, which has to be "Success";
 * `code_needed`: and has to be there.
 */
bool acs_keys_read_answer(const char *text, size_t length, const char *what, bool code_needed,
                          struct acs_credentials *ret_credentials, struct error *err) MUST_CHECK;

#endif
