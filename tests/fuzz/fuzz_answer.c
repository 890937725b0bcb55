/* An answer as it comes off the wire: two bytes of HTTP status, header lines up to an empty one,
 * the body. No secret of ours comes out in the error, whatever the answer quotes. */
#include "acs/answer.h"
#include "acs/headers.h"
#include "base/json.h"
#include "fuzz.h"

static const char secret[] = "secret-canary/+=";
static const char token[] = "token-canary";

static void take_headers(struct acs_headers *headers, const char **at, const char *end)
{
    while (*at < end) {
        const char *line_end = memchr(*at, '\n', (size_t)(end - *at));
        size_t length = line_end != NULL ? (size_t)(line_end - *at) + 1 : (size_t)(end - *at);
        const char *line = *at;
        *at += length;
        if (!acs_headers_line(headers, line, length, 1795000000) || length <= 2) {
            return;
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct acs_secrets secrets = {.key_secret = secret, .token = token};
    struct acs_headers headers;
    struct json_node *root = NULL;
    struct error err;
    char request_id[64];
    if (size < 2) {
        return 0;
    }
    char *text = fuzz_text(data + 2, size - 2);
    const char *at = text;
    acs_headers_init(&headers);
    take_headers(&headers, &at, text + size - 2);
    FUZZ_REQUIRE(headers.retry_after_ms >= 0 && headers.retry_after_ms <= ACS_WAIT_MAX_MS);
    FUZZ_REQUIRE(headers.rate_limit_ms >= 0 && headers.rate_limit_ms <= ACS_WAIT_MAX_MS);
    struct acs_reply reply = {.http_status = (data[0] << 8 | data[1]) % 1000,
                              .headers = &headers,
                              .body = at,
                              .length = (size_t)(text + size - 2 - at),
                              .action = "DescribeRestoreJobs2",
                              .version = "2017-09-08",
                              .secrets = &secrets,
                              .now = 1795000000};
    error_clear(&err);
    if (acs_answer_judge(&reply, &root, request_id, &err) == ACS_OK) {
        json_free(root);
    } else {
        FUZZ_REQUIRE(err.code != ERROR_NONE);
        FUZZ_REQUIRE(strstr(err.message, secret) == NULL && strstr(err.message, token) == NULL);
        FUZZ_REQUIRE(strpbrk(err.message, "\n\r\t\x1b") == NULL);
    }
    FUZZ_REQUIRE(memchr(request_id, '\0', sizeof(request_id)) != NULL);
    acs_headers_free(&headers);
    free(text);
    return 0;
}
