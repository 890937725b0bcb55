/* What the service was asked, for tests to look at. Never holds secrets, tokens, or signatures. */
#ifndef SIMULATOR_REQUEST_LOG_H
#define SIMULATOR_REQUEST_LOG_H

#include <stdint.h>

#include <json-c/json.h>

#include "buffer.h"

enum { MOST_LOG_ENTRIES = 100000, MOST_LOG_BYTES = 64 * 1024 * 1024 };

/* The last entries, a ring. */
struct request_log {
    char **entries;
    size_t first;
    size_t count;
    size_t bytes;
    int64_t next_number;
};

/* Adds an entry and its number as "n". Takes the object over. */
void request_log_add(struct request_log *log, struct json_object *entry);

/* Appends all entries as a JSON array. */
void request_log_show(const struct request_log *log, struct buffer *out);

/* Forgets the entries; the numbers go on. */
void request_log_clear(struct request_log *log);

/* Frees everything. */
void request_log_release(struct request_log *log);

#endif
