#include "reply.h"

#include <stdlib.h>
#include <string.h>

#include "memory.h"

void reply_header(struct reply *reply, const char *name, const char *value)
{
    for (size_t i = 0; i < reply->headers.count; i++) {
        struct pair *header = &reply->headers.items[i];
        if (strcmp(header->name, name) == 0) {
            free(header->value);
            header->value = must_copy(value);
            return;
        }
    }
    pair_add(&reply->headers, name, value);
}

void reply_text(struct reply *reply, unsigned status, const char *content_type, const char *text)
{
    reply->status = status;
    reply_header(reply, "Content-Type", content_type);
    reply->body.length = 0;
    buffer_text(&reply->body, text);
}

void reply_json(struct reply *reply, unsigned status, struct json_object *json)
{
    const char *text = json_object_to_json_string_ext(json, JSON_C_TO_STRING_PLAIN |
                                                                JSON_C_TO_STRING_NOSLASHESCAPE);
    reply_text(reply, status, "application/json;charset=utf-8", text);
    json_object_put(json);
}

void reply_release(struct reply *reply)
{
    pair_list_release(&reply->headers);
    buffer_release(&reply->body);
    *reply = (struct reply){0};
}
