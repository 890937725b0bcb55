#include "acs/signature.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include "base/text.h"

#define ALGORITHM "ACS3-HMAC-SHA256"
#define DIGEST_SIZE 32
#define CANONICAL_MAX ((size_t)1024 * 1024)

const char ACS_EMPTY_BODY_SHA256[] =
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

static bool is_unreserved(char byte)
{
    return byte != '\0' && strchr(TEXT_ALPHANUMERIC "-_.~", byte) != NULL;
}

void acs_percent_encode(struct buffer *buffer, const char *text)
{
    for (; *text != '\0'; text++) {
        if (is_unreserved(*text)) {
            buffer_putc(buffer, *text);
        } else {
            buffer_printf(buffer, "%%%02X", (unsigned)(unsigned char)*text);
        }
    }
}

/*
 * The place of a byte in the order of encoded texts: "%" sorts before every unreserved character,
 * and the hexadecimal digits after it sort as the byte itself.
 */
static int encoded_rank(char byte)
{
    return (unsigned char)byte + (is_unreserved(byte) ? 0x100 : 0);
}

static int compare_encoded(const char *left, const char *right)
{
    while (*left != '\0' && *left == *right) {
        left++;
        right++;
    }
    return encoded_rank(*left) - encoded_rank(*right);
}

static int compare_parameters(const void *left, const void *right)
{
    const struct acs_parameter *first = left;
    const struct acs_parameter *second = right;
    int order = compare_encoded(first->name, second->name);
    return order != 0 ? order : compare_encoded(first->value, second->value);
}

bool acs_canonical_query(const struct acs_parameter *parameters, size_t count,
                         struct buffer *buffer, struct error *err)
{
    if (count > ACS_PARAMETERS_MAX) {
        return error_set(err, ERROR_INTERNAL, "%zu parameters, more than %d", count,
                         ACS_PARAMETERS_MAX);
    }
    struct acs_parameter *sorted = calloc(count + 1, sizeof(*sorted));
    if (sorted == NULL) {
        return error_no_memory(err);
    }
    for (size_t i = 0; i < count; i++) {
        sorted[i] = parameters[i];
    }
    qsort(sorted, count, sizeof(*sorted), compare_parameters);
    for (size_t i = 0; i < count; i++) {
        buffer_puts(buffer, i > 0 ? "&" : "");
        acs_percent_encode(buffer, sorted[i].name);
        buffer_putc(buffer, '=');
        acs_percent_encode(buffer, sorted[i].value);
    }
    free(sorted);
    return buffer_ok(buffer, "the request's query", err);
}

static bool has_token(const struct acs_signing_input *input)
{
    return input->security_token != NULL && input->security_token[0] != '\0';
}

/* The names of the signed headers; their order is that of acs_canonical_request. */
static const char *signed_headers(const struct acs_signing_input *input)
{
    return has_token(input)
               ? "host;x-acs-action;x-acs-content-sha256;x-acs-date;x-acs-security-token;"
                 "x-acs-signature-nonce;x-acs-version"
               : "host;x-acs-action;x-acs-content-sha256;x-acs-date;x-acs-signature-nonce;"
                 "x-acs-version";
}

bool acs_canonical_request(const struct acs_signing_input *input, struct buffer *buffer,
                           struct error *err)
{
    bool token = has_token(input);
    buffer_puts(buffer, "POST\n/\n");
    if (!acs_canonical_query(input->parameters, input->parameter_count, buffer, err)) {
        return false;
    }
    buffer_printf(buffer, "\nhost:%s\nx-acs-action:%s\nx-acs-content-sha256:%s\nx-acs-date:%s\n",
                  input->host, input->action, ACS_EMPTY_BODY_SHA256, input->date);
    buffer_printf(buffer, "%s%s%s", token ? "x-acs-security-token:" : "",
                  token ? input->security_token : "", token ? "\n" : "");
    buffer_printf(buffer, "x-acs-signature-nonce:%s\nx-acs-version:%s\n\n%s\n%s", input->nonce,
                  input->version, signed_headers(input), ACS_EMPTY_BODY_SHA256);
    return buffer_ok(buffer, "the canonical request", err);
}

static void to_hex(const unsigned char *bytes, size_t count, char *text)
{
    for (size_t i = 0; i < count; i++) {
        (void)snprintf(text + 2 * i, 3, "%02x", (unsigned)bytes[i]);
    }
}

bool acs_authorization(const struct acs_signing_input *input, struct buffer *buffer,
                       struct error *err)
{
    struct buffer canonical;
    unsigned char digest[DIGEST_SIZE];
    char hex[2 * DIGEST_SIZE + 1];
    char to_sign[sizeof(ALGORITHM "\n") + 2 * DIGEST_SIZE];
    const char *secret = input->access_key_secret;

    buffer_init(&canonical, CANONICAL_MAX);
    bool ok = acs_canonical_request(input, &canonical, err);
    if (ok && EVP_Digest(canonical.data, canonical.length, digest, NULL, EVP_sha256(), NULL) != 1) {
        ok = error_set(err, ERROR_INTERNAL, "OpenSSL cannot compute SHA-256");
    }
    buffer_free_secret(&canonical);
    if (!ok) {
        return false;
    }
    to_hex(digest, sizeof(digest), hex);
    int length = snprintf(to_sign, sizeof(to_sign), ALGORITHM "\n%s", hex);
    if (HMAC(EVP_sha256(), secret, (int)strlen(secret), (const unsigned char *)to_sign,
             (size_t)length, digest, NULL) == NULL) {
        return error_set(err, ERROR_INTERNAL, "OpenSSL cannot compute HMAC-SHA-256");
    }
    to_hex(digest, sizeof(digest), hex);
    buffer_printf(buffer, ALGORITHM " Credential=%s,SignedHeaders=%s,Signature=%s",
                  input->access_key_id, signed_headers(input), hex);
    return buffer_ok(buffer, "the Authorization header", err);
}

bool acs_nonce(char nonce[ACS_NONCE_SIZE], struct error *err)
{
    unsigned char bytes[(ACS_NONCE_SIZE - 1) / 2];
    if (RAND_bytes(bytes, (int)sizeof(bytes)) != 1) {
        return error_set(err, ERROR_INTERNAL, "no random numbers from OpenSSL");
    }
    to_hex(bytes, sizeof(bytes), nonce);
    return true;
}
