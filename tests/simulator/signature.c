#include "signature.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "codec.h"
#include "memory.h"

#define ALGORITHM "ACS3-HMAC-SHA256"
#define MISMATCH "Specified signature does not match our calculation."

enum { MAX_CLOCK_DIFFERENCE = 15 * 60, MAX_SIGNED_HEADERS = 64 };

struct authorization {
    char key_id[128];
    char signed_headers[4096];
    char signature[SHA256_HEX_SIZE];
};

/* Copies what lies between `prefix` and the next `stop` ('\0': the end), moving `*at` behind it. */
static bool take_part(const char **at, const char *prefix, char stop, char *out, size_t size)
{
    size_t prefix_length = strlen(prefix);
    if (strncmp(*at, prefix, prefix_length) != 0) {
        return false;
    }
    const char *start = *at + prefix_length;
    const char *end = stop != '\0' ? strchr(start, stop) : start + strlen(start);
    if (end == NULL || end == start || (size_t)(end - start) >= size) {
        return false;
    }
    memcpy(out, start, (size_t)(end - start));
    out[end - start] = '\0';
    *at = end;
    return strpbrk(out, " \t") == NULL;
}

static bool parse_authorization(const char *header, struct authorization *parsed)
{
    const char *at = header;
    return take_part(&at, ALGORITHM " Credential=", ',', parsed->key_id, sizeof parsed->key_id) &&
           take_part(&at, ",SignedHeaders=", ',', parsed->signed_headers,
                     sizeof parsed->signed_headers) &&
           take_part(&at, ",Signature=", '\0', parsed->signature, sizeof parsed->signature) &&
           strspn(parsed->signature, "0123456789abcdef") == SHA256_HEX_SIZE - 1;
}

void signature_key_id(const struct request *request, char *out, size_t size)
{
    const char *at = pair_find(&request->headers, "authorization");
    out[0] = '\0';
    if (at != NULL && !take_part(&at, ALGORITHM " Credential=", ',', out, size)) {
        out[0] = '\0';
    }
}

static bool check_required_headers(const struct request *request, struct service_error *error)
{
    static const char *const required[] = {
        "host",       "x-acs-action",          "x-acs-version",
        "x-acs-date", "x-acs-signature-nonce", "x-acs-content-sha256"};
    for (size_t i = 0; i < sizeof required / sizeof *required; i++) {
        const char *value = pair_find(&request->headers, required[i]);
        if (value == NULL || value[0] == '\0') {
            return refuse(error, 400, "MissingParameter",
                          "The header %s is mandatory for this action.", required[i]);
        }
    }
    return true;
}

static bool check_date(const char *text, int64_t now, struct service_error *error)
{
    struct tm parts = {0};
    char rewritten[32] = "";
    const char *end = strptime(text, "%Y-%m-%dT%H:%M:%SZ", &parts);
    if (end != NULL && *end == '\0') {
        strftime(rewritten, sizeof rewritten, "%Y-%m-%dT%H:%M:%SZ", &parts);
    }
    if (strcmp(rewritten, text) != 0) {
        return refuse(error, 400, "InvalidTimeStamp.Format",
                      "Specified time stamp or date value is not well formatted.");
    }
    int64_t difference = (int64_t)timegm(&parts) - now;
    if (difference > MAX_CLOCK_DIFFERENCE || difference < -MAX_CLOCK_DIFFERENCE) {
        return refuse(error, 400, "InvalidTimeStamp.Expired",
                      "Specified time stamp or date value is expired.");
    }
    return true;
}

static bool check_token(const struct key *key, const char *token, const struct key_ring *ring,
                        int64_t now, struct service_error *error)
{
    if (key->token == NULL && token == NULL) {
        return true;
    }
    if (token == NULL) {
        return refuse(error, 400, "MissingSecurityToken",
                      "SecurityToken is mandatory for this action.");
    }
    if (!key_ring_knows_token(ring, token)) {
        return refuse(error, 400, "InvalidSecurityToken.Malformed",
                      "Specified SecurityToken is malformed.");
    }
    if (key->token == NULL || strcmp(key->token, token) != 0) {
        return refuse(error, 400, "InvalidSecurityToken.MismatchWithAccessKey",
                      "Specified SecurityToken mismatches with the AccessKey.");
    }
    if (key->expires_at != 0 && now >= key->expires_at) {
        return refuse(error, 400, "InvalidSecurityToken.Expired",
                      "Specified SecurityToken is expired.");
    }
    return true;
}

/* Splits "a;b;c" in place. Returns the number of names, 0 when there are too many. */
static size_t split_names(char *text, const char *names[MAX_SIGNED_HEADERS])
{
    size_t count = 0;
    char *rest = text;
    for (char *name = strsep(&rest, ";"); name != NULL; name = strsep(&rest, ";")) {
        if (count == MAX_SIGNED_HEADERS) {
            return 0;
        }
        names[count++] = name;
    }
    return count;
}

static bool holds_name(const char *const *names, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(names[i], name) == 0) {
            return true;
        }
    }
    return false;
}

static bool must_be_signed(const char *name)
{
    return strcmp(name, "host") == 0 || strcmp(name, "content-type") == 0 ||
           strncmp(name, "x-acs-", 6) == 0;
}

static bool check_signed_headers(const struct request *request, const char *const *names,
                                 size_t count, struct service_error *error)
{
    static const char refusal[] = "IncompleteSignature";
    for (size_t i = 0; i < count; i++) {
        if (i > 0 && strcmp(names[i - 1], names[i]) >= 0) {
            return refuse(error, 400, refusal, "SignedHeaders is not sorted at \"%s\".", names[i]);
        }
        if (pair_find(&request->headers, names[i]) == NULL) {
            return refuse(error, 400, refusal, "SignedHeaders names \"%s\", which was not sent.",
                          names[i]);
        }
    }
    for (size_t i = 0; i < request->headers.count; i++) {
        const char *name = request->headers.items[i].name;
        if (must_be_signed(name) && !holds_name(names, count, name)) {
            return refuse(error, 400, refusal, "The header \"%s\" was sent but not signed.", name);
        }
    }
    return count > 0 || refuse(error, 400, refusal, "SignedHeaders is malformed.");
}

static int compare_lines(const void *left, const void *right)
{
    const char *const *a = left;
    const char *const *b = right;
    return strcmp(*a, *b);
}

/* Appends the parameters encoded, sorted by encoded name, and joined. */
static void canonical_query(struct buffer *out, const struct pair_list *parameters)
{
    char **lines = must_alloc(parameters->count * sizeof *lines);
    for (size_t i = 0; i < parameters->count; i++) {
        struct buffer line = {0};
        percent_encode(&line, parameters->items[i].name);
        buffer_char(&line, '\1'); /* sorts before every character of an encoded name */
        percent_encode(&line, parameters->items[i].value);
        lines[i] = buffer_detach(&line);
    }
    qsort(lines, parameters->count, sizeof *lines, compare_lines);
    for (size_t i = 0; i < parameters->count; i++) {
        *strchr(lines[i], '\1') = '=';
        buffer_format(out, "%s%s", i > 0 ? "&" : "", lines[i]);
        free(lines[i]);
    }
    free(lines);
}

static void append_trimmed(struct buffer *out, const char *text)
{
    text += strspn(text, " \t");
    size_t length = strlen(text);
    while (length > 0 && (text[length - 1] == ' ' || text[length - 1] == '\t')) {
        length--;
    }
    buffer_append(out, text, length);
}

static void canonical_request(struct buffer *out, const struct request *request,
                              const char *const *names, size_t count, const char *payload_hash)
{
    buffer_format(out, "%s\n%s\n", request->method, request->path);
    canonical_query(out, &request->parameters);
    buffer_char(out, '\n');
    for (size_t i = 0; i < count; i++) {
        buffer_format(out, "%s:", names[i]);
        append_trimmed(out, pair_find(&request->headers, names[i]));
        buffer_char(out, '\n');
    }
    buffer_char(out, '\n');
    for (size_t i = 0; i < count; i++) {
        buffer_format(out, "%s%s", i > 0 ? ";" : "", names[i]);
    }
    buffer_format(out, "\n%s", payload_hash);
}

static bool check_signature(const struct request *request, const struct authorization *sent,
                            const char *secret, struct service_error *error)
{
    char split[sizeof sent->signed_headers];
    const char *names[MAX_SIGNED_HEADERS];
    memcpy(split, sent->signed_headers, sizeof split);
    size_t count = split_names(split, names);
    if (!check_signed_headers(request, names, count, error)) {
        return false;
    }
    char payload_hash[SHA256_HEX_SIZE];
    sha256_hex(request->body.data, request->body.length, payload_hash);
    if (strcmp(payload_hash, pair_find(&request->headers, "x-acs-content-sha256")) != 0) {
        return refuse(error, 400, "IncompleteSignature",
                      "x-acs-content-sha256 is not the hash of the body.");
    }
    struct buffer canonical = {0};
    struct buffer to_sign = {0};
    char hash[SHA256_HEX_SIZE];
    char expected[SHA256_HEX_SIZE];
    canonical_request(&canonical, request, names, count, payload_hash);
    sha256_hex(canonical.data, canonical.length, hash);
    buffer_format(&to_sign, ALGORITHM "\n%s", hash);
    hmac_sha256_hex(secret, to_sign.data, expected);
    bool matches = strcmp(expected, sent->signature) == 0;
    if (!matches) {
        refuse(error, 400, "SignatureDoesNotMatch",
               MISMATCH " server StringToSign is [%s] server CanonicalRequest is [%s]",
               to_sign.data, canonical.data);
    }
    buffer_release(&canonical);
    buffer_release(&to_sign);
    return matches;
}

bool signature_check(const struct request *request, const struct key_ring *ring,
                     struct nonce_set *nonces, struct signature_clock clock,
                     const struct key **caller, struct service_error *error)
{
    struct authorization sent;
    const char *header = pair_find(&request->headers, "authorization");
    if (!check_required_headers(request, error)) {
        return false;
    }
    if (header == NULL || !parse_authorization(header, &sent)) {
        return refuse(error, 400, "IncompleteSignature",
                      "The request signature does not conform to Alibaba Cloud standards.");
    }
    if (!check_date(pair_find(&request->headers, "x-acs-date"), clock.real, error)) {
        return false;
    }
    const struct key *key = key_ring_find(ring, sent.key_id);
    *caller = key;
    if (key == NULL) {
        return refuse(error, 404, "InvalidAccessKeyId.NotFound",
                      "Specified access key is not found.");
    }
    if (key->inactive) {
        return refuse(error, 400, "InvalidAccessKeyId.Inactive",
                      "Specified access key is disabled.");
    }
    const char *token = pair_find(&request->headers, "x-acs-security-token");
    if (!check_token(key, token, ring, clock.world, error) ||
        !check_signature(request, &sent, key->secret, error)) {
        return false;
    }
    if (!nonce_set_add(nonces, pair_find(&request->headers, "x-acs-signature-nonce"))) {
        return refuse(error, 400, "SignatureNonceUsed",
                      "Specified signature nonce was used already.");
    }
    return true;
}
