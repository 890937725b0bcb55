/* Internal to acs: a program that prints keys (mode External of the official command line tool). */
#ifndef HBRSYNC_ACS_EXTERNAL_PROCESS_H
#define HBRSYNC_ACS_EXTERNAL_PROCESS_H

#include <stdint.h>

#include "acs/credentials.h"
#include "base/buffer.h"

#define ACS_EXTERNAL_TIMEOUT_MS 60000 /* as the official tool */

#define ACS_EXTERNAL_SAID_MAX 16384

/*
 * Runs the command, split as a shell does (quotes, backslashes) but without one, as the official
 * tool does, and without the keys of our environment. Its standard output is appended to `output`,
 * whose maximum is the bound; `said` is the beginning of its standard error. It and its children
 * are killed at the time limit, on SIGINT and SIGTERM, and when it prints too much.
 * ERROR_CREDENTIALS, ERROR_INTERRUPTED.
 */
bool acs_external_run(const char *command, int64_t timeout_ms, struct buffer *output,
                      char said[ACS_EXTERNAL_SAID_MAX], struct error *err) MUST_CHECK;

/* Runs it and reads the keys that it prints. An error says what the program said last, without what
 * is or looks like a key. */
bool acs_external_find(const char *command, struct acs_credentials *ret_credentials,
                       struct error *err) MUST_CHECK;

/* Reads what it printed. */
bool acs_external_read(const char *text, size_t length, struct acs_credentials *ret_credentials,
                       struct error *err) MUST_CHECK;

#endif
