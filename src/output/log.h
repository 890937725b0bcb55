/* Messages for people, on standard error: `hbrsync: error: ...`. The only printers besides the
 * commands' own output. */
#ifndef HBRSYNC_OUTPUT_LOG_H
#define HBRSYNC_OUTPUT_LOG_H

#include <stdint.h>

#include "base/error.h"

enum log_level { LOG_QUIET, LOG_NORMAL, LOG_VERBOSE };

void log_set_level(enum log_level level);

/* An error with its hint; printed at every level. The texts are escaped. */
void log_error(const struct error *err);

/* As log_error, with "subject: " before the message. */
void log_error_about(const char *subject, const struct error *err);

/* Printed at this level and above. */
void log_print(enum log_level least, const char *kind, const char *format, ...) PRINTF_LIKE(3, 4);
#define log_warning(...) log_print(LOG_NORMAL, "warning: ", __VA_ARGS__)
#define log_info(...) log_print(LOG_NORMAL, "", __VA_ARGS__)
#define log_detail(...) log_print(LOG_VERBOSE, "", __VA_ARGS__)

/* An attempt that failed and is followed by another, until this time, UNIX seconds: a line each
 * with LOG_VERBOSE. */
void log_attempt(const char *failure, int64_t until);

/* What fails for some time now, or NULL, told about once a second by one thread at a time: on the
 * progress line, or once on a terminal that shows none. */
void log_waiting(const char *failure, int64_t until);

#endif
