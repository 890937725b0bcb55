#include "codec.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define ZLIB_CONST
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <zlib.h>

#include "memory.h"
#include "prng.h"

static bool is_unreserved(unsigned char byte)
{
    return (byte >= 'A' && byte <= 'Z') || (byte >= 'a' && byte <= 'z') ||
           (byte >= '0' && byte <= '9') || (byte != '\0' && strchr("-_.~", byte) != NULL);
}

void percent_encode(struct buffer *out, const char *text)
{
    for (const char *at = text; *at != '\0'; at++) {
        if (is_unreserved((unsigned char)*at)) {
            buffer_char(out, *at);
        } else {
            buffer_format(out, "%%%02X", (unsigned char)*at);
        }
    }
}

static int hex_digit(char digit)
{
    if (digit >= '0' && digit <= '9') {
        return digit - '0';
    }
    if (digit >= 'a' && digit <= 'f') {
        return digit - 'a' + 10;
    }
    return digit >= 'A' && digit <= 'F' ? digit - 'A' + 10 : -1;
}

char *percent_decode(const char *text, size_t length)
{
    char *decoded = must_alloc(length + 1);
    size_t used = 0;
    for (size_t i = 0; i < length; i++) {
        char byte = text[i] == '+' ? ' ' : text[i];
        if (byte == '%') {
            int high = i + 2 < length ? hex_digit(text[i + 1]) : -1;
            int low = i + 2 < length ? hex_digit(text[i + 2]) : -1;
            if (high < 0 || low < 0 || (high == 0 && low == 0)) {
                free(decoded);
                return NULL;
            }
            byte = (char)(high * 16 + low);
            i += 2;
        }
        decoded[used++] = byte;
    }
    return decoded;
}

static void to_hex(const unsigned char *bytes, size_t length, char *out)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < length; i++) {
        out[2 * i] = digits[bytes[i] >> 4];
        out[2 * i + 1] = digits[bytes[i] & 15];
    }
    out[2 * length] = '\0';
}

void sha256_hex(const void *bytes, size_t length, char out[SHA256_HEX_SIZE])
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned int size = 0;
    if (EVP_Digest(length > 0 ? bytes : "", length, digest, &size, EVP_sha256(), NULL) != 1 ||
        size != 32) {
        give_up("SHA-256 failed");
    }
    to_hex(digest, size, out);
}

void hmac_sha256_hex(const char *key, const char *text, char out[SHA256_HEX_SIZE])
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned int size = 0;
    const unsigned char *message = (const unsigned char *)text;
    if (HMAC(EVP_sha256(), key, (int)strlen(key), message, strlen(text), digest, &size) == NULL ||
        size != 32) {
        give_up("HMAC-SHA256 failed");
    }
    to_hex(digest, size, out);
}

uint64_t hash_text(const char *text)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (const char *at = text; *at != '\0'; at++) {
        hash = (hash ^ (unsigned char)*at) * UINT64_C(0x100000001b3);
    }
    return prng_mix(hash);
}

static void begin_deflate(z_stream *stream, int window_bits, int level)
{
    memset(stream, 0, sizeof *stream);
    if (deflateInit2(stream, level, Z_DEFLATED, window_bits, 8, Z_DEFAULT_STRATEGY) != Z_OK) {
        give_up("deflateInit2 failed");
    }
}

/* Deflates all of the stream's input into `out`; `flush` says how to end it. */
static void run_deflate(z_stream *stream, struct buffer *out, int flush)
{
    size_t bound = deflateBound(stream, stream->avail_in) + 64;
    buffer_reserve(out, bound);
    stream->next_out = (Bytef *)(out->data + out->length);
    stream->avail_out = (uInt)bound;
    int result = deflate(stream, flush);
    if (result != (flush == Z_FINISH ? Z_STREAM_END : Z_OK)) {
        give_up("deflate failed");
    }
    out->length += bound - stream->avail_out;
    out->data[out->length] = '\0';
}

void gzip_compress(struct buffer *out, const void *bytes, size_t length)
{
    z_stream stream;
    begin_deflate(&stream, 15 + 16, 1);
    stream.next_in = (z_const Bytef *)bytes;
    stream.avail_in = (uInt)length;
    run_deflate(&stream, out, Z_FINISH);
    deflateEnd(&stream);
}

static void append_little_endian(struct buffer *out, uint32_t value)
{
    for (unsigned shift = 0; shift < 32; shift += 8) {
        buffer_char(out, (char)(unsigned char)(value >> shift & 0xff));
    }
}

/* A block ended by a full flush depends on nothing before it, so one compressed megabyte can be
 * repeated. */
void gzip_bomb(struct buffer *out, uint64_t unfolded)
{
    enum { BLOCK = 1 << 20 };
    uint64_t blocks = unfolded / BLOCK + 1;
    char *spaces = must_alloc(BLOCK);
    memset(spaces, ' ', BLOCK);
    uLong block_sum = crc32(0, (const Bytef *)spaces, BLOCK);
    struct buffer block = {0};
    z_stream stream;
    begin_deflate(&stream, -15, 9);
    stream.next_in = (z_const Bytef *)spaces;
    stream.avail_in = BLOCK;
    run_deflate(&stream, &block, Z_FULL_FLUSH);
    deflateEnd(&stream);

    uLong sum = 0;
    buffer_append(out, "\x1f\x8b\x08\0\0\0\0\0\x02\x03", 10);
    for (uint64_t i = 0; i < blocks; i++) {
        buffer_append(out, block.data, block.length);
        sum = i == 0 ? block_sum : crc32_combine(sum, block_sum, BLOCK);
    }
    buffer_append(out, "\x03\0", 2);
    append_little_endian(out, (uint32_t)sum);
    append_little_endian(out, (uint32_t)(blocks * BLOCK));
    buffer_release(&block);
    free(spaces);
}

bool parse_integer(const char *text, int64_t *value)
{
    const char *digits = text[0] == '-' ? text + 1 : text;
    if (digits[0] < '0' || digits[0] > '9') {
        return false;
    }
    char *end = NULL;
    errno = 0;
    long long number = strtoll(text, &end, 10);
    if (errno != 0 || *end != '\0') {
        return false;
    }
    *value = number;
    return true;
}
