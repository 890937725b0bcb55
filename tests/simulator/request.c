#include "request.h"

#include <stdlib.h>
#include <string.h>

#include "codec.h"
#include "memory.h"

void pair_add(struct pair_list *list, const char *name, const char *value)
{
    list->items = must_resize(list->items, list->count + 1, sizeof *list->items);
    list->items[list->count++] = (struct pair){must_copy(name), must_copy(value)};
}

const char *pair_find(const struct pair_list *list, const char *name)
{
    for (size_t i = 0; i < list->count; i++) {
        if (strcmp(list->items[i].name, name) == 0) {
            return list->items[i].value;
        }
    }
    return NULL;
}

void pair_list_release(struct pair_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        free(list->items[i].name);
        free(list->items[i].value);
    }
    free(list->items);
    *list = (struct pair_list){0};
}

static void add_parameter(struct request *request, const char *text, size_t length)
{
    const char *equals = memchr(text, '=', length);
    size_t name_length = equals != NULL ? (size_t)(equals - text) : length;
    size_t value_length = equals != NULL ? length - name_length - 1 : 0;
    char *name = percent_decode(text, name_length);
    char *value = percent_decode(equals != NULL ? equals + 1 : "", value_length);
    if (name == NULL || value == NULL) {
        request->malformed = true;
    } else {
        pair_add(&request->parameters, name, value);
    }
    free(name);
    free(value);
}

void request_set_target(struct request *request, const char *target)
{
    size_t path_length = strcspn(target, "?");
    request->path = must_alloc(path_length + 1);
    memcpy(request->path, target, path_length);
    const char *at = target + path_length;
    while (*at != '\0') {
        at++; /* the '?' or '&' before a parameter */
        size_t length = strcspn(at, "&");
        if (length > 0) {
            add_parameter(request, at, length);
        }
        at += length;
    }
}

void request_release(struct request *request)
{
    free(request->method);
    free(request->path);
    pair_list_release(&request->parameters);
    pair_list_release(&request->headers);
    buffer_release(&request->body);
    *request = (struct request){0};
}
