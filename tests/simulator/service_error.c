#include "service_error.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "memory.h"

bool refuse(struct service_error *error, unsigned status, const char *code, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    char *message = NULL;
    if (vasprintf(&message, format, arguments) < 0) {
        give_up("out of memory");
    }
    va_end(arguments);
    service_error_release(error);
    *error = (struct service_error){status, must_copy(code), message};
    return false;
}

void service_error_release(struct service_error *error)
{
    free(error->code);
    free(error->message);
    *error = (struct service_error){0};
}
