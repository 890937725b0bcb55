/* What `doctor` finds, a line a check: printed as it is found, or kept for one JSON object. */
#ifndef HBRSYNC_CLI_DOCTOR_REPORT_H
#define HBRSYNC_CLI_DOCTOR_REPORT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buffer.h"
#include "base/error.h"

struct doctor_report {
    bool json_wanted;
    struct buffer json; /* the checks so far, separated by commas */
    size_t warnings, failures;
    bool policy_wanted;            /* a permission is missing */
    enum error_code first_failure; /* its class, ERROR_NONE when there was none */
};

void doctor_report_init(struct doctor_report *report, bool json_wanted);

/* What is "ok" or a "warning"; `advice` says what to do, "" when there is nothing. */
void doctor_tell(struct doctor_report *report, const char *status, const char *check,
                 const char *advice, const char *format, ...) PRINTF_LIKE(5, 6);
#define doctor_ok(report, check, ...) doctor_tell(report, "ok", check, "", __VA_ARGS__)
#define doctor_warning(report, check, advice, ...)                                                 \
    doctor_tell(report, "warning", check, advice, __VA_ARGS__)

/* A failure with its class; the error's hint is the advice. */
void doctor_fail(struct doctor_report *report, const char *check, const struct error *err);

/* Prints the count, and the policy where it is wanted; or the JSON object. Frees the report. */
bool doctor_report_end(struct doctor_report *report, struct error *err) MUST_CHECK;

/* The smallest RAM policy, JSON. */
extern const char DOCTOR_POLICY[];

#endif
