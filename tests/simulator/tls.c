#include "tls.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include "buffer.h"
#include "memory.h"

enum { DAY = 24 * 60 * 60, VALID_DAYS = 30 };

static bool add_extension(X509 *certificate, X509 *issuer, int nid, const char *value)
{
    X509V3_CTX context;
    X509V3_set_ctx(&context, issuer, certificate, NULL, NULL, 0);
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
    bool added = extension != NULL && X509_add_ext(certificate, extension, -1) == 1;
    X509_EXTENSION_free(extension);
    return added;
}

static bool set_serial(X509 *certificate)
{
    unsigned char bytes[8];
    if (RAND_bytes(bytes, sizeof bytes) != 1) {
        return false;
    }
    uint64_t serial = 0;
    memcpy(&serial, bytes, sizeof serial);
    return ASN1_INTEGER_set_uint64(X509_get_serialNumber(certificate), serial >> 1 | 1) == 1;
}

/* A certificate with names, serial, key and dates; extensions and signature are still to come. */
static X509 *begin_certificate(EVP_PKEY *key, const char *subject, const X509 *issuer)
{
    X509 *certificate = X509_new();
    X509_NAME *name = X509_NAME_new();
    const unsigned char *text = (const unsigned char *)subject;
    bool is_good =
        certificate != NULL && name != NULL && X509_set_version(certificate, X509_VERSION_3) == 1 &&
        set_serial(certificate) && X509_set_pubkey(certificate, key) == 1 &&
        X509_NAME_add_entry_by_NID(name, NID_commonName, MBSTRING_UTF8, text, -1, -1, 0) == 1 &&
        X509_set_subject_name(certificate, name) == 1 &&
        X509_set_issuer_name(certificate, issuer != NULL ? X509_get_subject_name(issuer) : name) ==
            1 &&
        X509_gmtime_adj(X509_getm_notBefore(certificate), -DAY) != NULL &&
        X509_gmtime_adj(X509_getm_notAfter(certificate), VALID_DAYS * DAY) != NULL;
    X509_NAME_free(name);
    if (!is_good) {
        X509_free(certificate);
        return NULL;
    }
    return certificate;
}

static X509 *make_authority(EVP_PKEY *key)
{
    X509 *authority = begin_certificate(key, "hbrsync simulator CA", NULL);
    if (authority != NULL &&
        add_extension(authority, authority, NID_basic_constraints, "critical,CA:TRUE") &&
        add_extension(authority, authority, NID_key_usage, "critical,keyCertSign,cRLSign") &&
        add_extension(authority, authority, NID_subject_key_identifier, "hash") &&
        X509_sign(authority, key, EVP_sha256()) > 0) {
        return authority;
    }
    X509_free(authority);
    return NULL;
}

static X509 *make_leaf(EVP_PKEY *key, X509 *authority, EVP_PKEY *authority_key, const char *names)
{
    X509 *leaf = begin_certificate(key, "hbrsync simulator", authority);
    if (leaf != NULL &&
        add_extension(leaf, authority, NID_basic_constraints, "critical,CA:FALSE") &&
        add_extension(leaf, authority, NID_key_usage, "critical,digitalSignature") &&
        add_extension(leaf, authority, NID_ext_key_usage, "serverAuth") &&
        add_extension(leaf, authority, NID_subject_key_identifier, "hash") &&
        add_extension(leaf, authority, NID_authority_key_identifier, "keyid") &&
        add_extension(leaf, authority, NID_subject_alt_name, names) &&
        X509_sign(leaf, authority_key, EVP_sha256()) > 0) {
        return leaf;
    }
    X509_free(leaf);
    return NULL;
}

static char *take_text(BIO *bio)
{
    char *bytes = NULL;
    long size = BIO_get_mem_data(bio, &bytes);
    char *text = must_alloc((size_t)size + 1);
    memcpy(text, bytes, (size_t)size);
    BIO_free(bio);
    return text;
}

static char *certificate_text(X509 *certificate)
{
    BIO *bio = BIO_new(BIO_s_mem());
    if (bio == NULL || PEM_write_bio_X509(bio, certificate) != 1) {
        give_up("cannot write a certificate");
    }
    return take_text(bio);
}

static char *key_text(EVP_PKEY *key)
{
    BIO *bio = BIO_new(BIO_s_mem());
    if (bio == NULL || PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL) != 1) {
        give_up("cannot write a key");
    }
    return take_text(bio);
}

bool write_by_rename(const char *path, const char *text)
{
    struct buffer temporary = {0};
    buffer_format(&temporary, "%s.tmp", path);
    FILE *file = fopen(temporary.data, "w");
    bool is_good = file != NULL && fputs(text, file) >= 0;
    if (file != NULL && fclose(file) != 0) {
        is_good = false;
    }
    is_good = is_good && rename(temporary.data, path) == 0;
    buffer_release(&temporary);
    return is_good;
}

bool tls_make_identity(struct tls_identity *identity, char *const *regions, size_t region_count,
                       const char *ca_file)
{
    struct buffer names = {0};
    buffer_text(&names, "DNS:localhost,IP:127.0.0.1,IP:::1,DNS:sts.aliyuncs.com");
    for (size_t i = 0; i < region_count; i++) {
        buffer_format(&names, ",DNS:%s.localhost,DNS:hbr.%s.aliyuncs.com,DNS:sts.%s.aliyuncs.com",
                      regions[i], regions[i], regions[i]);
    }
    EVP_PKEY *authority_key = EVP_EC_gen("P-256");
    EVP_PKEY *leaf_key = EVP_EC_gen("P-256");
    X509 *authority = authority_key != NULL ? make_authority(authority_key) : NULL;
    X509 *leaf = authority != NULL && leaf_key != NULL
                     ? make_leaf(leaf_key, authority, authority_key, names.data)
                     : NULL;
    bool is_good = leaf != NULL;
    if (is_good) {
        char *authority_text = certificate_text(authority);
        identity->certificate_pem = certificate_text(leaf);
        identity->key_pem = key_text(leaf_key);
        is_good = write_by_rename(ca_file, authority_text);
        free(authority_text);
    }
    X509_free(leaf);
    X509_free(authority);
    EVP_PKEY_free(leaf_key);
    EVP_PKEY_free(authority_key);
    buffer_release(&names);
    return is_good;
}

void tls_identity_release(struct tls_identity *identity)
{
    free(identity->key_pem);
    free(identity->certificate_pem);
    *identity = (struct tls_identity){0};
}
