#include "acs/trace.h"

#include <inttypes.h>
#include <string.h>
#include <strings.h>

#include <curl/curl.h>

#include "base/clock.h"
#include "base/text.h"

#define BODY_MAX ((size_t)64 * 1024)
#define LINE_MAX_SHOWN ((size_t)64 * 1024)
#define BLOCK_MAX ((size_t)4 * 1024 * 1024)

/* Headers whose values are never shown, in requests and answers. */
static const char *const hidden[] = {
    "authorization", "proxy-authorization", "x-acs-security-token", "x-acs-signature-nonce",
    "cookie",        "set-cookie",
};

static bool is_hidden(const char *line, size_t name_length)
{
    bool found = false;
    for (size_t i = 0; i < sizeof(hidden) / sizeof(hidden[0]); i++) {
        found = found || (strlen(hidden[i]) == name_length &&
                          strncasecmp(line, hidden[i], name_length) == 0);
    }
    return found;
}

/* `concealed`: the name alone is shown, of whatever header. */
static void append_header(const struct acs_trace *trace, struct buffer *block, const char *mark,
                          const char *line, size_t length, bool concealed)
{
    const char *colon = memchr(line, ':', length);
    size_t name_length = colon != NULL ? (size_t)(colon - line) : 0;
    buffer_puts(block, mark);
    if (concealed || (colon != NULL && is_hidden(line, name_length))) {
        acs_redact(block, line, name_length, LINE_MAX_SHOWN, trace->secrets);
        buffer_puts(block, ": " ACS_REDACTED);
    } else if (mark[0] == '>' && !acs_holds_secret(line, length, trace->secrets)) {
        text_escape(block, line, length, SIZE_MAX); /* ours; the body's hash is no signature */
    } else {
        acs_redact(block, line, length, LINE_MAX_SHOWN, trace->secrets);
    }
    buffer_putc(block, '\n');
}

/* False: there is no trace. */
static bool begin_block(const struct acs_trace *trace, struct buffer *block, const char *mark)
{
    char now[CLOCK_ISO8601_SIZE];
    if (trace->file == NULL) {
        return false;
    }
    buffer_init(block, BLOCK_MAX);
    if (!clock_to_iso8601(clock_now(), now)) {
        now[0] = '\0';
    }
    buffer_printf(block, "%s%s %s %s attempt %u", mark, now, trace->action, trace->region,
                  trace->attempt);
    return true;
}

/* Writes the block at once; a trace that cannot be written is given up, not the work it traces. */
static void write_block(struct acs_trace *trace, struct buffer *block, const char *end)
{
    buffer_puts(block, end);
    if (!block->failed && (fwrite(block->data, 1, block->length, trace->file) != block->length ||
                           fflush(trace->file) != 0)) {
        trace->file = NULL;
    }
    buffer_free(block);
}

void acs_trace_request(struct acs_trace *trace, const char *url, const struct curl_slist *headers)
{
    struct buffer block;
    if (!begin_block(trace, &block, "> ")) {
        return;
    }
    buffer_puts(&block, "\n> POST ");
    acs_redact(&block, url, strlen(url), BLOCK_MAX / 2, trace->secrets);
    buffer_putc(&block, '\n');
    for (; headers != NULL; headers = headers->next) {
        size_t length = strlen(headers->data);
        if (length > 0 && headers->data[length - 1] != ':') {
            append_header(trace, &block, "> ", headers->data, length, false);
        }
    }
    write_block(trace, &block, "\n");
}

void acs_trace_answer(struct acs_trace *trace, int64_t elapsed_ms,
                      const struct acs_headers *headers, const char *body, size_t length)
{
    struct buffer block;
    if (!begin_block(trace, &block, "< ")) {
        return;
    }
    buffer_printf(&block, " after %" PRId64 " ms, %zu bytes\n", elapsed_ms, length);
    const char *line = headers->lines.data;
    /* A header may be folded: one line alone does not show what is in it. */
    bool concealed = acs_holds_secret(line, headers->lines.length, trace->secrets);
    while (*line != '\0') {
        size_t size = strcspn(line, "\r\n");
        if (size > 0) {
            append_header(trace, &block, "< ", line, size, concealed);
        }
        line += size;
        line += strspn(line, "\r\n");
    }
    acs_redact(&block, body, length, BODY_MAX, trace->secrets);
    write_block(trace, &block, "\n\n");
}

void acs_trace_failure(struct acs_trace *trace, int64_t elapsed_ms, const char *reason)
{
    struct buffer block;
    if (!begin_block(trace, &block, "! ")) {
        return;
    }
    buffer_printf(&block, " after %" PRId64 " ms: ", elapsed_ms);
    acs_redact(&block, reason, strlen(reason), LINE_MAX_SHOWN, trace->secrets);
    write_block(trace, &block, "\n\n");
}
