/* Percent-encoding, hexadecimal, hashes, and gzip. */
#ifndef SIMULATOR_CODEC_H
#define SIMULATOR_CODEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buffer.h"

enum { SHA256_HEX_SIZE = 65 };

/* Appends `text` percent-encoded by RFC 3986 (unreserved characters stay, upper-case hex). */
void percent_encode(struct buffer *out, const char *text);

/* Decodes `length` bytes, '+' as a space. Returns NULL for a broken escape or an encoded NUL. */
char *percent_decode(const char *text, size_t length);

/* Lower-case hex of the SHA-256 of `bytes`. */
void sha256_hex(const void *bytes, size_t length, char out[SHA256_HEX_SIZE]);

/* Lower-case hex of the HMAC-SHA256 of `text` under `key`. */
void hmac_sha256_hex(const char *key, const char *text, char out[SHA256_HEX_SIZE]);

/* A 64-bit hash (FNV-1a, mixed) of a string. */
uint64_t hash_text(const char *text);

/* Appends `bytes` compressed as one gzip member. */
void gzip_compress(struct buffer *out, const void *bytes, size_t length);

/* Appends a small gzip member that unfolds to about `unfolded` spaces. */
void gzip_bomb(struct buffer *out, uint64_t unfolded);

/* Reads a whole decimal number, optional sign, nothing before or after it. */
bool parse_integer(const char *text, int64_t *value);

#endif
