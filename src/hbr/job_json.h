/* A record back as the API's JSON: the reverse of hbr/page.h. */
#ifndef HBRSYNC_HBR_JOB_JSON_H
#define HBRSYNC_HBR_JOB_JSON_H

#include <stdbool.h>

#include "base/buffer.h"
#include "base/error.h"
#include "base/record.h"

/*
 * Appends the job as one JSON object without line ends: the API's names and values, what `extra`
 * kept under its own names, and nothing for NULL (absent and null are not told apart). A nested
 * part that is present is an object, {} when it holds nothing. ERROR_DATABASE when `extra` is not
 * what decoding leaves there.
 */
bool hbr_job_json(const struct record *job, struct buffer *json, struct error *err) MUST_CHECK;

#endif
