/*
 * Errors: what failed, where, whether retrying helps, and what the user can do.
 *
 * A function that can fail returns bool (true: done) and takes a `struct error *` as its last
 * parameter, which it fills on failure and leaves alone on success. The caller that handles an
 * error clears it; nobody below `cli` prints it.
 */
#ifndef HBRSYNC_BASE_ERROR_H
#define HBRSYNC_BASE_ERROR_H

#include <stdbool.h>
#include <stddef.h>

#define ERROR_MESSAGE_MAX 1024
#define ERROR_HINT_MAX 512

/* A result that must not be dropped. */
#define MUST_CHECK __attribute__((warn_unused_result))
#define PRINTF_LIKE(text, first) __attribute__((format(printf, text, first)))

/* The classes of failure; each has one exit code (error_exit_codes). */
enum error_code {
    ERROR_NONE = 0,
    ERROR_INTERNAL,    /* a bug, no memory left, an operating system call that cannot fail */
    ERROR_USAGE,       /* a wrong option or configuration */
    ERROR_PARTIAL,     /* some sources failed, the others are done */
    ERROR_CREDENTIALS, /* no credentials, refused credentials, or no permission */
    ERROR_SERVICE,     /* the network or the service failed, retries included */
    ERROR_DATABASE,    /* the database cannot be opened, read or written */
    ERROR_LOCKED,      /* another process is writing the same database */
    ERROR_UNPROVED,    /* stored, but completeness could not be proved */
    ERROR_INTERRUPTED  /* SIGINT or SIGTERM */
};

struct error {
    enum error_code code;
    bool retryable;                  /* the same request may succeed later */
    bool service_json;               /* api_code and request_id stood in the answer's JSON */
    int http_status;                 /* 0: no answer */
    char api_code[96];               /* the service's own Code, e.g. "Throttling.User" */
    char request_id[64];             /* of the answer that failed, "" when there was none */
    char message[ERROR_MESSAGE_MAX]; /* what failed and to what, one line, no final stop */
    char hint[ERROR_HINT_MAX];       /* what the user can do, a sentence, or "" */
};

/* One row of the table of exit codes, the only place that holds them; its index is the code. */
struct exit_code {
    int status;          /* what the process exits with */
    const char *meaning; /* for --help, README and man page */
};

void error_clear(struct error *err);

/* Fills *err (unless NULL) and returns false, so that `return error_set(...)` reads well. */
bool error_set(struct error *err, enum error_code code, const char *format, ...) PRINTF_LIKE(3, 4);

/* As error_set, with ": " and the text of errno `os_errno` appended. */
bool error_set_errno(struct error *err, enum error_code code, int os_errno, const char *format, ...)
    PRINTF_LIKE(4, 5);

/* Hands on another error. Returns false. */
bool error_copy(struct error *err, const struct error *from);

/* ERROR_INTERNAL "out of memory". */
bool error_no_memory(struct error *err);

/* Sets the sentence that tells the user what to do. Returns false. */
bool error_hint(struct error *err, const char *format, ...) PRINTF_LIKE(2, 3);

/* Puts "context: " before the message. Returns false. */
bool error_context(struct error *err, const char *format, ...) PRINTF_LIKE(2, 3);

/* The exit status for an error; `signal_number` is the signal that interrupted, or 0. */
int error_exit_status(enum error_code code, int signal_number);

/* The table, `*ret_count` rows, static storage. */
const struct exit_code *error_exit_codes(size_t *ret_count);

#endif
