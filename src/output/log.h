/* Messages for people, on standard error: `hbrsync: error: ...`. The only printers besides the
 * commands' own output. */
#ifndef HBRSYNC_OUTPUT_LOG_H
#define HBRSYNC_OUTPUT_LOG_H

#include "base/error.h"

enum log_level { LOG_QUIET, LOG_NORMAL, LOG_VERBOSE };

void log_set_level(enum log_level level);

/* An error with its hint; printed at every level. The texts are escaped. */
void log_error(const struct error *err);

/* As log_error, with "subject: " before the message. */
void log_error_about(const char *subject, const struct error *err);

/* Not printed when quiet. */
void log_warning(const char *format, ...) PRINTF_LIKE(1, 2);
void log_info(const char *format, ...) PRINTF_LIKE(1, 2);

/* Printed when verbose. */
void log_detail(const char *format, ...) PRINTF_LIKE(1, 2);

#endif
