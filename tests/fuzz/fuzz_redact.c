/*
 * A part of a secret, of 12 characters or more, in one of the encodings that a server may quote it
 * in, somewhere in an answer: none of it comes out in the error or in the trace.
 *
 * The first 8 bytes seed the secret, so that no text holds it by chance; the others choose where it
 * is cut, how it is encoded, what stands around it, and the place.
 */
#include "acs/answer.h"
#include "acs/headers.h"
#include "acs/trace.h"
#include "base/json.h"
#include "fuzz.h"

#define SECRET_MAX 200
#define ENCODED_MAX (SECRET_MAX * 16)
#define RUN 12

struct choices {
    const uint8_t *data;
    size_t left;
};

static unsigned choose(struct choices *choices, unsigned count)
{
    if (choices->left == 0) {
        return 0;
    }
    choices->left--;
    return *choices->data++ % count;
}

static void make_secret(struct choices *choices, char secret[SECRET_MAX + 1])
{
    static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=-_.";
    uint64_t state = 1;
    for (unsigned i = 0; i < 8; i++) {
        state = state << 8 | choose(choices, 256);
    }
    size_t length = RUN + choose(choices, SECRET_MAX - RUN + 1);
    for (size_t i = 0; i < length; i++) {
        state = state * 6364136223846793005U + 1442695040888963407U;
        secret[i] = alphabet[(state >> 33) % (sizeof(alphabet) - 1)];
    }
    secret[length] = '\0';
}

static bool is_letter(char byte)
{
    return (byte >= '0' && byte <= '9') || (byte >= 'A' && byte <= 'Z') ||
           (byte >= 'a' && byte <= 'z');
}

/* A text, and where in it each character of the secret ends. */
struct encoded {
    char text[ENCODED_MAX];
    size_t length;
    size_t ends[SECRET_MAX];
    size_t count;
};

static void put(struct encoded *encoded, const char *text)
{
    size_t length = strlen(text);
    FUZZ_REQUIRE(encoded->length + length < ENCODED_MAX);
    memcpy(encoded->text + encoded->length, text, length + 1);
    encoded->length += length;
}

enum encoding {
    PLAIN,
    LOWER,
    UPPER,
    PLUS_AS_BLANK,
    FOLDED,
    FOLDED_JSON,
    SOFT_HYPHENS,
    PERCENT,
    PERCENT_ALL,
    PERCENT_TWICE,
    ENTITIES,
    ENTITIES_ALL,
    ENTITIES_HEX,
    ENTITIES_TWICE,
    ESCAPES,
    ESCAPES_X,
    HEX,
    HEX_WITH_COLONS,
    BASE64, /* goes by groups, the others by the character */
    BASE64_OF_URLS,
    ENTITIES_ZEROS,
    BLANKS_NO_END,
    ZERO_WIDTH_ENTITY,
    ZERO_WIDTH_PERCENT,
    ZERO_WIDTH_ESCAPE,
    HEX_LOWER,
    HEX_UPPER,
    ENCODINGS,
};

static void encode_character(enum encoding how, char byte, size_t index, char out[40])
{
    char lower = (char)(byte >= 'A' && byte <= 'Z' ? byte - 'A' + 'a' : byte);
    char upper = (char)(byte >= 'a' && byte <= 'z' ? byte - 'a' + 'A' : byte);
    unsigned code = (unsigned char)byte;
    bool fold = index % 7 == 3;
    char plain[2] = {byte, '\0'};
    switch (how) {
    case LOWER:
        plain[0] = lower;
        break;
    case UPPER:
        plain[0] = upper;
        break;
    case PLUS_AS_BLANK:
        plain[0] = byte == '+' ? ' ' : byte;
        break;
    case FOLDED:
        (void)snprintf(out, 40, "%c%s", byte, fold ? "\r\n " : "");
        return;
    case FOLDED_JSON:
        (void)snprintf(out, 40, "%c%s", byte, fold ? "\\r\\n" : "");
        return;
    case SOFT_HYPHENS:
        (void)snprintf(out, 40, "%c\xC2\xAD", byte);
        return;
    case PERCENT_ALL:
        (void)snprintf(out, 40, "%%%02X", code);
        return;
    case ENTITIES_ALL:
        (void)snprintf(out, 40, "&#%u;", code);
        return;
    case ENTITIES_HEX:
        (void)snprintf(out, 40, "&#x%x;", code);
        return;
    case ESCAPES:
        (void)snprintf(out, 40, "\\u%04x", code);
        return;
    case ESCAPES_X:
        (void)snprintf(out, 40, "\\x%02X", code);
        return;
    case HEX:
        (void)snprintf(out, 40, "%02x", code);
        return;
    case HEX_WITH_COLONS:
        (void)snprintf(out, 40, "%02X:", code);
        return;
    case ENTITIES_ZEROS:
        (void)snprintf(out, 40, "&#%012u;", code);
        return;
    case BLANKS_NO_END:
        (void)snprintf(out, 40, "%c%s", byte, fold ? "&nbsp" : "");
        return;
    case ZERO_WIDTH_ENTITY:
        (void)snprintf(out, 40, "%c&#173;", byte);
        return;
    case ZERO_WIDTH_PERCENT:
        (void)snprintf(out, 40, "%c%%E2%%80%%8B", byte);
        return;
    case ZERO_WIDTH_ESCAPE:
        (void)snprintf(out, 40, "%c\\u200b", byte);
        return;
    case HEX_LOWER:
        (void)snprintf(out, 40, "%02x", (unsigned)(unsigned char)lower);
        return;
    case HEX_UPPER:
        (void)snprintf(out, 40, "%02X", (unsigned)(unsigned char)upper);
        return;
    case PERCENT:
    case PERCENT_TWICE:
    case ENTITIES:
    case ENTITIES_TWICE:
        if (!is_letter(byte)) {
            const char *start = how == PERCENT ? "%" : how == PERCENT_TWICE ? "%25" : "&#";
            start = how == ENTITIES_TWICE ? "&amp;#" : start;
            bool percent = how == PERCENT || how == PERCENT_TWICE;
            (void)snprintf(out, 40, percent ? "%s%02x" : "%s%u;", start, code);
            return;
        }
        break;
    case PLAIN:
    case BASE64:
    case BASE64_OF_URLS:
    case ENCODINGS:
        break;
    }
    (void)strcpy(out, plain);
}

/* With up to 4 bytes before the cut, as part of a longer text. */
static void encode_base64(struct encoded *encoded, const char *cut, size_t length, unsigned before,
                          bool of_urls)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    uint32_t bits = 0;
    unsigned count = 0;
    for (size_t i = 0; i < before + length; i++) {
        bits = bits << 8 | (unsigned char)(i < before ? '>' : cut[i - before]);
        for (count += 8; count >= 6; count -= 6) {
            char digit[2] = {digits[bits >> (count - 6) & 63], '\0'};
            digit[0] = of_urls && digit[0] == '+' ? '-' : digit[0];
            digit[0] = of_urls && digit[0] == '/' ? '_' : digit[0];
            put(encoded, digit);
        }
        if (i >= before) {
            encoded->ends[encoded->count++] = encoded->length;
        }
    }
}

static void encode(struct choices *choices, const char *cut, size_t length, struct encoded *encoded)
{
    unsigned how = choose(choices, ENCODINGS);
    memset(encoded, 0, sizeof(*encoded));
    if (how == BASE64 || how == BASE64_OF_URLS) {
        encode_base64(encoded, cut, length, choose(choices, 5), how == BASE64_OF_URLS);
        return;
    }
    for (size_t i = 0; i < length; i++) {
        char piece[40];
        encode_character((enum encoding)how, cut[i], i, piece);
        put(encoded, piece);
        encoded->ends[encoded->count++] = encoded->length;
    }
}

/* Letters and digits alone, in lower case; nothing of how a line end or a control is shown. */
static char *normal(const char *text, size_t length)
{
    char *out = malloc(length + 1);
    size_t used = 0;
    FUZZ_REQUIRE(out != NULL);
    for (size_t at = 0; at < length; at++) {
        if (text[at] == '\\' && at + 2 < length && text[at + 1] == 'u' && text[at + 2] == '{') {
            while (at < length && text[at] != '}') {
                at++;
            }
        } else if (text[at] == '\\' && at + 3 < length && text[at + 1] == 'x' &&
                   strchr("89abcdef", text[at + 2]) != NULL) {
            at += 3; /* half a character, where a text is cut */
        } else if (text[at] == '\\' && at + 1 < length && strchr("rn", text[at + 1]) != NULL) {
            at++;
        } else if (is_letter(text[at])) {
            out[used++] = (char)(text[at] >= 'A' && text[at] <= 'Z' ? text[at] + 32 : text[at]);
        }
    }
    out[used] = '\0';
    return out;
}

static size_t count_letters(const char *text, size_t length)
{
    size_t count = 0;
    for (size_t i = 0; i < length; i++) {
        count += is_letter(text[i]);
    }
    return count;
}

/* No run of 12 of the cut's characters, as they were encoded, is in what came out. */
static void check(const char *shown, size_t length, const char *cut, const struct encoded *encoded)
{
    char *plain = normal(shown, length);
    for (size_t i = 0; i + RUN <= encoded->count; i++) {
        size_t start = i == 0 ? 0 : encoded->ends[i - 1];
        char *run = normal(encoded->text + start, encoded->ends[i + RUN - 1] - start);
        if (count_letters(cut + i, RUN) >= 6 && strstr(plain, run) != NULL) {
            (void)fprintf(stderr, "%.*s\nin: %.*s\n", RUN, cut + i, (int)length, shown);
            abort();
        }
        free(run);
    }
    free(plain);
}

/* What stands before and behind. */
static const char *const around[] = {"",
                                     " ",
                                     "\"",
                                     "token=",
                                     "x-acs-security-token:",
                                     "<b>",
                                     "'",
                                     "%20",
                                     "&quot;",
                                     "\\n",
                                     "expected [",
                                     "; ",
                                     "(abc",
                                     "%22token%22%3A%22",
                                     "\n\n",
                                     "</b>",
                                     "==",
                                     "no such key ",
                                     "{\"a\":\"",
                                     ".",
                                     "\xE4\xB8\xAD"};

enum place {
    MESSAGE,
    CODE,
    REQUEST_ID,
    HEADER_NAME,
    HEADER_VALUE,
    ID_HEADER,
    BODY,
    MEMBER,
    PLACES
};

static void append_json(struct buffer *body, const char *member, const struct buffer *text)
{
    buffer_printf(body, ",\"%s\":", member);
    json_quote(body, text->data, text->length);
}

static void compose(enum place place, const struct buffer *quoting, struct acs_headers *headers,
                    struct buffer *body)
{
    struct buffer line;
    buffer_init(&line, ACS_HEADERS_MAX);
    buffer_puts(body, place == BODY ? "<html>" : "{\"Success\":false");
    buffer_puts(&line, place == ID_HEADER ? "x-acs-request-id: " : "X-");
    buffer_puts(&line, place == HEADER_VALUE ? "Echo: " : "");
    switch (place) {
    case MESSAGE:
        append_json(body, "Message", quoting);
        break;
    case CODE:
        append_json(body, "Code", quoting);
        break;
    case REQUEST_ID:
        append_json(body, "RequestId", quoting);
        break;
    case MEMBER:
        buffer_puts(body, ",");
        json_quote(body, quoting->data, quoting->length);
        buffer_puts(body, ":1");
        break;
    case BODY:
        buffer_append(body, quoting->data, quoting->length);
        break;
    case HEADER_NAME:
    case HEADER_VALUE:
    case ID_HEADER:
    case PLACES:
        buffer_append(&line, quoting->data, quoting->length);
        break;
    }
    buffer_puts(body, place == BODY ? "</html>" : "}");
    buffer_puts(&line, place == HEADER_NAME ? ": 1\r\n" : "\r\n");
    FUZZ_REQUIRE(!line.failed && !body->failed);
    FUZZ_REQUIRE(acs_headers_line(headers, line.data, line.length, 1795000000));
    buffer_free(&line);
}

static void answer(const struct acs_reply *reply, const char *cut, const struct encoded *encoded)
{
    struct json_node *root = NULL;
    struct error err;
    char request_id[64];
    char *shown = NULL;
    size_t size = 0;
    struct acs_trace trace = {open_memstream(&shown, &size), reply->secrets, "DescribeRestoreJobs2",
                              "cn-hangzhou", 1};
    FUZZ_REQUIRE(trace.file != NULL);
    acs_trace_answer(&trace, 5, reply->headers, reply->body, reply->length);
    acs_trace_failure(&trace, 5, reply->body);
    error_clear(&err);
    if (acs_answer_judge(reply, &root, request_id, &err) == ACS_OK) {
        json_free(root);
    }
    (void)fprintf(trace.file, "%s\n%s\n%s\n%s\n%s\n", err.message, err.hint, err.api_code,
                  err.request_id, request_id);
    FUZZ_REQUIRE(fclose(trace.file) == 0);
    check(shown, size, cut, encoded);
    free(shown);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const int statuses[] = {200, 400, 403, 502};
    struct choices choices = {data, size};
    char secret[SECRET_MAX + 1];
    struct encoded encoded;
    struct acs_secrets secrets = {.key_secret = "another"};
    struct acs_headers headers;
    struct buffer quoting, body;
    make_secret(&choices, secret);
    const char **owners[] = {&secrets.key_secret, &secrets.token, &secrets.signature};
    *owners[choose(&choices, 3)] = secret;
    size_t length = strlen(secret);
    size_t cut = choose(&choices, (unsigned)(length - RUN + 1));
    size_t cut_length = RUN + choose(&choices, (unsigned)(length - cut - RUN + 1));
    encode(&choices, secret + cut, cut_length, &encoded);
    buffer_init(&quoting, ENCODED_MAX + 4096);
    buffer_init(&body, ENCODED_MAX * 8);
    acs_headers_init(&headers);
    for (unsigned i = choose(&choices, 32); i > 0; i--) {
        buffer_puts(&quoting, around[choose(&choices, sizeof(around) / sizeof(around[0]))]);
    }
    buffer_append(&quoting, encoded.text, encoded.length);
    buffer_puts(&quoting, around[choose(&choices, sizeof(around) / sizeof(around[0]))]);
    compose((enum place)choose(&choices, PLACES), &quoting, &headers, &body);
    const struct acs_reply reply = {.http_status = statuses[choose(&choices, 4)],
                                    .headers = &headers,
                                    .body = body.data,
                                    .length = body.length,
                                    .action = "DescribeRestoreJobs2",
                                    .version = "2017-09-08",
                                    .secrets = &secrets,
                                    .now = 1795000000};
    answer(&reply, secret + cut, &encoded);
    acs_headers_free(&headers);
    buffer_free(&quoting);
    buffer_free(&body);
    return 0;
}
