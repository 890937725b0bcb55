#include "request_log.h"

#include <stdlib.h>
#include <string.h>

#include "memory.h"

static void drop_oldest(struct request_log *log)
{
    char *entry = log->entries[log->first];
    log->bytes -= strlen(entry);
    free(entry);
    log->entries[log->first] = NULL;
    log->first = (log->first + 1) % MOST_LOG_ENTRIES;
    log->count--;
}

void request_log_add(struct request_log *log, struct json_object *entry)
{
    if (log->entries == NULL) {
        log->entries = must_alloc(MOST_LOG_ENTRIES * sizeof *log->entries);
    }
    json_object_object_add(entry, "n", json_object_new_int64(++log->next_number));
    char *text = must_copy(json_object_to_json_string_ext(
        entry, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE));
    json_object_put(entry);
    log->bytes += strlen(text);
    while (log->count == MOST_LOG_ENTRIES || (log->count > 0 && log->bytes > MOST_LOG_BYTES)) {
        drop_oldest(log);
    }
    log->entries[(log->first + log->count++) % MOST_LOG_ENTRIES] = text;
}

void request_log_show(const struct request_log *log, struct buffer *out)
{
    buffer_char(out, '[');
    for (size_t i = 0; i < log->count; i++) {
        buffer_format(out, "%s\n", i > 0 ? "," : "");
        buffer_text(out, log->entries[(log->first + i) % MOST_LOG_ENTRIES]);
    }
    buffer_text(out, "]\n");
}

void request_log_clear(struct request_log *log)
{
    while (log->count > 0) {
        drop_oldest(log);
    }
}

void request_log_release(struct request_log *log)
{
    request_log_clear(log);
    free(log->entries);
    *log = (struct request_log){0};
}
