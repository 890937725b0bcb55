/* The long texts of a job: messages, paths, and JSON kept inside strings. */
#ifndef SIMULATOR_JOB_TEXT_H
#define SIMULATOR_JOB_TEXT_H

#include "buffer.h"
#include "job.h"

/* Each appends the text the job's seed leads to, which may be none. */
void text_error_message(struct buffer *out, const struct job *job, const struct job_state *state);
void text_error_file(struct buffer *out, const struct job *job, const struct job_state *state);
void text_target_path(struct buffer *out, const struct job *job, const struct job_state *state);
void text_target_prefix(struct buffer *out, const struct job *job);
void text_paths(struct buffer *out, const struct job *job, enum draw which);
void text_options(struct buffer *out, const struct job *job);
void text_udm_detail(struct buffer *out, const struct job *job);
void text_failback_detail(struct buffer *out, const struct job *job);

#endif
