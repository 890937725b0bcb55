/* The scan of JSON text that json.c runs before json-c; see json.h for what it is for. */
#ifndef HBRSYNC_BASE_JSON_SCAN_H
#define HBRSYNC_BASE_JSON_SCAN_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buffer.h"
#include "base/error.h"

/*
 * Checks that `text` is one JSON document (RFC 8259) within the limits of json.h, without duplicate
 * keys or NULs in keys. Appends to `rewritten` the text with "e0" after each integer beyond int64;
 * appends nothing when there is none.
 */
bool json_scan(const char *text, size_t length, struct buffer *rewritten,
               struct error *err) MUST_CHECK;

#endif
