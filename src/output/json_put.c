#include "output/json_put.h"

#include <inttypes.h>
#include <string.h>

#include "base/json.h"

static void begin(struct buffer *json, const char *name)
{
    bool first = json->length == 0 || json->data[json->length - 1] == '{';
    buffer_printf(json, "%s\"%s\":", first ? "" : ",", name);
}

void json_put_text(struct buffer *json, const char *name, const char *text)
{
    begin(json, name);
    if (text != NULL) {
        json_quote(json, text, strlen(text));
    } else {
        buffer_puts(json, "null");
    }
}

void json_put_number(struct buffer *json, const char *name, int64_t value, bool known)
{
    begin(json, name);
    if (known) {
        buffer_printf(json, "%" PRId64, value);
    } else {
        buffer_puts(json, "null");
    }
}
