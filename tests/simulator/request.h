/* One HTTP request as it arrived. */
#ifndef SIMULATOR_REQUEST_H
#define SIMULATOR_REQUEST_H

#include <stdbool.h>
#include <stddef.h>

#include "buffer.h"

struct pair {
    char *name;
    char *value;
};

struct pair_list {
    struct pair *items;
    size_t count;
};

struct request {
    char *method;
    char *path;
    struct pair_list parameters; /* of the URL query, decoded, in the order they came */
    struct pair_list headers;    /* names in lower case */
    struct buffer body;
    bool malformed; /* the query holds a broken escape or an encoded NUL */
};

/* Appends a copy of name and value. */
void pair_add(struct pair_list *list, const char *name, const char *value);

/* The first value of that name, or NULL. */
const char *pair_find(const struct pair_list *list, const char *name);

void pair_list_release(struct pair_list *list);

/* Sets path and parameters from the raw request target. */
void request_set_target(struct request *request, const char *target);

void request_release(struct request *request);

#endif
