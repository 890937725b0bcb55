/* Members of the JSON objects that commands print; each sets the comma before it. */
#ifndef HBRSYNC_OUTPUT_JSON_PUT_H
#define HBRSYNC_OUTPUT_JSON_PUT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"

/* A NULL text is null. */
void json_put_text(struct buffer *json, const char *name, const char *text);

/* A number that is not known is null. */
void json_put_number(struct buffer *json, const char *name, int64_t value, bool known);

#endif
