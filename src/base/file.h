/* Whole small files: read with a bound, written by rename; and streams that a signal ends. */
#ifndef HBRSYNC_BASE_FILE_H
#define HBRSYNC_BASE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "base/buffer.h"
#include "base/error.h"

/*
 * Appends the file `path` ("-": standard input) to `buffer`, whose maximum is the bound.
 * ERROR_USAGE names the file; *ret_missing (may be NULL) tells a file that is not there. A pipe on
 * which nothing comes is given up after a while, and at a signal.
 */
bool file_read(const char *path, struct buffer *buffer, bool *ret_missing,
               struct error *err) MUST_CHECK;

/*
 * Replaces `path` by these bytes: written beside it (with this mode, whatever the umask), synced,
 * renamed, so a reader sees the old or the new text and never half of one.
 */
bool file_replace(const char *path, unsigned mode, const char *bytes, size_t length,
                  struct error *err) MUST_CHECK;

/* Opens a file, a pipe or "-" (standard input) for reading; a wait for its writer ends at a signal.
 * NULL with ERROR_USAGE. */
FILE *file_open_stream(const char *path, struct error *err) MUST_CHECK;

#endif
