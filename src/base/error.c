#include "base/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define SIGNAL_STATUS_BASE 128

static const struct exit_code exit_codes[] = {
    [ERROR_NONE] = {0, "done and proved"},
    [ERROR_INTERNAL] = {1, "unexpected failure"},
    [ERROR_USAGE] = {2, "wrong usage or configuration"},
    [ERROR_PARTIAL] = {3, "some sources failed, the others are done"},
    [ERROR_CREDENTIALS] = {4, "credentials or permission"},
    [ERROR_SERVICE] = {5, "network or service gave up after retries"},
    [ERROR_DATABASE] = {6, "database"},
    [ERROR_LOCKED] = {7, "another sync holds the lock"},
    [ERROR_UNPROVED] = {8, "stored, but completeness could not be proved"},
    [ERROR_INTERRUPTED] = {130, "interrupted by SIGINT (143: by SIGTERM)"},
};

void error_clear(struct error *err)
{
    memset(err, 0, sizeof(*err));
}

PRINTF_LIKE(3, 0)
static void set_message(struct error *err, enum error_code code, const char *format, va_list args)
{
    error_clear(err);
    err->code = code;
    if (vsnprintf(err->message, sizeof(err->message), format, args) < 0) {
        err->message[0] = '\0';
    }
}

bool error_set(struct error *err, enum error_code code, const char *format, ...)
{
    if (err != NULL) {
        va_list args;
        va_start(args, format);
        set_message(err, code, format, args);
        va_end(args);
    }
    return false;
}

bool error_set_errno(struct error *err, enum error_code code, int os_errno, const char *format, ...)
{
    if (err != NULL) {
        va_list args;
        va_start(args, format);
        set_message(err, code, format, args);
        va_end(args);
        size_t used = strlen(err->message);
        char reason[128];
        /* _GNU_SOURCE selects the strerror_r that returns the text. */
        const char *text = strerror_r(os_errno, reason, sizeof(reason));
        (void)snprintf(err->message + used, sizeof(err->message) - used, ": %s", text);
    }
    return false;
}

bool error_copy(struct error *err, const struct error *from)
{
    if (err != NULL) {
        *err = *from;
    }
    return false;
}

bool error_no_memory(struct error *err)
{
    return error_set(err, ERROR_INTERNAL, "out of memory");
}

bool error_hint(struct error *err, const char *format, ...)
{
    if (err != NULL) {
        va_list args;
        va_start(args, format);
        if (vsnprintf(err->hint, sizeof(err->hint), format, args) < 0) {
            err->hint[0] = '\0';
        }
        va_end(args);
    }
    return false;
}

bool error_context(struct error *err, const char *format, ...)
{
    if (err != NULL) {
        char message[ERROR_MESSAGE_MAX];
        memcpy(message, err->message, sizeof(message));
        va_list args;
        va_start(args, format);
        int used = vsnprintf(err->message, sizeof(err->message), format, args);
        va_end(args);
        if (used > 0 && (size_t)used < sizeof(err->message)) {
            (void)snprintf(err->message + used, sizeof(err->message) - (size_t)used, ": %s",
                           message);
        } else {
            memcpy(err->message, message, sizeof(message));
        }
    }
    return false;
}

int error_exit_status(enum error_code code, int signal_number)
{
    if (code == ERROR_INTERRUPTED && signal_number > 0) {
        return SIGNAL_STATUS_BASE + signal_number;
    }
    return (size_t)code < COUNT(exit_codes) ? exit_codes[code].status : 1;
}

const struct exit_code *error_exit_codes(size_t *ret_count)
{
    *ret_count = COUNT(exit_codes);
    return exit_codes;
}
