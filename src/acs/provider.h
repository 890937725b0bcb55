/* Internal to acs: the places that credentials may come from, and what they share. */
#ifndef HBRSYNC_ACS_PROVIDER_H
#define HBRSYNC_ACS_PROVIDER_H

#include "acs/credentials.h"
#include "acs/variables.h"
#include "base/buffer.h"
#include "base/error.h"
#include "base/json.h"

/* --- places -------------------------------------------------------------------------------- */

/*
 * A place of the chain. Gets zeroed credentials, but for the hosts. False: *err, which is cleared
 * before and never NULL, has the code ERROR_NONE and says why the place does not apply (the next is
 * tried), or another code: it is meant to be used but wrong. Each call looks afresh: that is how
 * credentials are renewed.
 */
typedef bool acs_provider_find(const struct acs_credentials_options *options,
                               struct acs_credentials *ret_credentials, struct error *err);

acs_provider_find acs_provider_oidc;        /* ALIBABA_CLOUD_OIDC_* */
acs_provider_find acs_provider_config_file; /* ~/.aliyun/config.json */
acs_provider_find acs_provider_ini;         /* ~/.alibabacloud/credentials */
acs_provider_find acs_provider_ecs;         /* the RAM role of the ECS instance */
acs_provider_find acs_provider_uri;         /* ALIBABA_CLOUD_CREDENTIALS_URI */

/*
 * Takes key, secret and token from the environment, in the first spelling from `spelling` on of
 * which key or secret are set. False and *err as it was: there is none.
 */
bool acs_provider_environment(size_t spelling, struct acs_credentials *ret_credentials,
                              struct error *err);

/*
 * From the metadata service inside an ECS instance: the keys of `role` (NULL or "": the one
 * attached), with a session token of version 2, else, unless ALIBABA_CLOUD_IMDSV1_DISABLED=true,
 * without one. Names the place where it has no name. False as of acs_provider_find.
 */
bool acs_imds_find(const struct acs_credentials_options *options, const char *role,
                   struct acs_credentials *ret_credentials, struct error *err);

/* Takes the name of a role from the listing: the first line, of characters that a role may have. */
bool acs_imds_role_name(const char *text, char *role, size_t size);

bool acs_uri_find(const struct acs_credentials_options *options, const char *uri,
                  struct acs_credentials *ret_credentials, struct error *err) MUST_CHECK;

#define ACS_EXTERNAL_TIMEOUT_MS 60000 /* as the official tool */

/*
 * Runs a program and reads the keys that it prints. An error says what the program said last,
 * without what is or looks like a key.
 */
bool acs_external_find(const char *command, struct acs_credentials *ret_credentials,
                       struct error *err) MUST_CHECK;

/*
 * Runs the command, split as a shell does (quotes, backslashes) but without one, as the official
 * tool does, and without the keys of our environment. Its standard output is appended to `output`,
 * whose maximum is the bound; `said`, which is made here and to be freed, gets the end of its
 * standard error. It and its children are killed at the time limit, on SIGINT and SIGTERM, and when
 * it prints too much. ERROR_CREDENTIALS, ERROR_INTERRUPTED.
 */
bool acs_external_run(const char *command, int64_t timeout_ms, struct buffer *output,
                      struct buffer *said, struct error *err) MUST_CHECK;

/* Reads what it printed. */
bool acs_external_read(const char *text, size_t length, struct acs_credentials *ret_credentials,
                       struct error *err) MUST_CHECK;

/* --- roles --------------------------------------------------------------------------------- */

/* The role and how it is taken on. Texts are borrowed; NULL or "" stands for the default. */
struct acs_role {
    const char *arn;
    const char *session_name; /* "hbrsync" */
    const char *policy;       /* none */
    const char *external_id;  /* none */
    const char *oidc_provider_arn;
    const char *oidc_token_file; /* read anew each time */
    int64_t duration;            /* seconds, 0: an hour */
};

/* AssumeRole at ret_credentials->hosts.sts, signed with `base`; NULL: AssumeRoleWithOIDC, of which
 * the token is the proof. Refusals of the service are ERROR_CREDENTIALS. */
bool acs_assume_role(const struct acs_credentials_options *options, const struct acs_role *role,
                     const struct acs_credentials *base, struct acs_credentials *ret_credentials,
                     struct error *err) MUST_CHECK;

/* Reads the keys in an answer of either action. */
bool acs_role_keys_read(const struct json_node *root, const char *action,
                        struct acs_credentials *ret_credentials, struct error *err) MUST_CHECK;

/* --- keys ---------------------------------------------------------------------------------- */

/*
 * Puts a secret value in its place; `what` names it in the error: too long, or with characters that
 * cannot be. Used for keys, secrets and tokens alike.
 */
bool acs_provider_take(char *target, size_t size, const char *value, const char *what,
                       struct error *err) MUST_CHECK;

/* Refuses a temporary key (STS.*) without its token; the hint says where that belongs. */
bool acs_provider_check_token(const struct acs_credentials *credentials, const char *hint,
                              struct error *err) MUST_CHECK;

/* Composes credentials->provider; cut where it does not fit. */
void acs_provider_name(struct acs_credentials *credentials, const char *format, ...)
    PRINTF_LIKE(2, 3);

/* What the members for key, secret, token and expiry are called. */
extern const char *const ACS_KEY_NAMES[4];         /* AccessKeyId, ... */
extern const char *const ACS_KEY_NAMES_PROFILE[4]; /* access_key_id, ... */

/*
 * Takes key, secret, token (needed when `token_needed`) and expiry (a time text or UNIX seconds; 0
 * when there is none). ERROR_CREDENTIALS names `what` and the member, never a value.
 */
bool acs_keys_read(const struct json_node *object, const char *const names[4], bool token_needed,
                   const char *what, struct acs_credentials *ret_credentials,
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

/* --- the INI file -------------------------------------------------------------------------- */

#define ACS_INI_LINE_MAX 8192
#define ACS_INI_LINES_MAX 10000
#define ACS_INI_KEYS_MAX 64 /* of a section */

/* The texts are those that were read from. */
struct acs_ini_section {
    struct json_node root; /* an object; the last of equal keys comes first */
    struct json_node members[ACS_INI_KEYS_MAX];
};

/*
 * Reads the section `name`: lines "[section]" and "key = value", comments after "#" or ";" at the
 * beginning of a line or after white space, values in quotes or not. A section given twice is one
 * section; of a key given twice the last counts. *ret_found tells whether there is such a section.
 * Puts NULs into the text, of which text[length] is one. ERROR_CREDENTIALS names the line, never
 * what is in it.
 */
bool acs_ini_read(char *text, size_t length, const char *name, struct acs_ini_section *ret_section,
                  bool *ret_found, struct error *err) MUST_CHECK;

/* --- hosts --------------------------------------------------------------------------------- */

/* The text of a profile's member, "true" for a true one, NULL when there is none. */
typedef const char *acs_find_member(const void *profile, const char *member);

/*
 * One rule for the hosts of all calls, in this order: the options, the profile (NULL: none), the
 * environment. The service: an endpoint, else inside a VPC where anything says so, else outside.
 * STS: --sts-endpoint, else --endpoint, else an endpoint of its own that a profile or variable
 * names, else the region's inside or outside a VPC, else the central one. As the command line tool
 * takes it, an endpoint of a profile or variable needs no https://. ERROR_USAGE names what is
 * wrong.
 */
bool acs_hosts_find(const struct acs_credentials_options *options, acs_find_member *find_member,
                    const void *profile, struct acs_hosts *ret_hosts, struct error *err) MUST_CHECK;

#endif
