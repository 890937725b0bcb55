/* An error of the service: the HTTP status, the Code and the Message of its body. */
#ifndef SIMULATOR_SERVICE_ERROR_H
#define SIMULATOR_SERVICE_ERROR_H

#include <stdbool.h>

struct service_error {
    unsigned status;
    char *code;
    char *message;
};

/* Fills `error` (freeing what it held) and returns false, so a check can end with `return
 * refuse(...)`. */
bool refuse(struct service_error *error, unsigned status, const char *code, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

void service_error_release(struct service_error *error);

#endif
