/* Which class of error a Code of the service is, and what the user can do about
 * it. */
#ifndef HBRSYNC_ACS_ANSWER_HINT_H
#define HBRSYNC_ACS_ANSWER_HINT_H

#include "acs/answer.h"

/* By err->api_code and the reply's HTTP status. */
enum error_code acs_answer_class(const struct acs_reply *reply, const struct error *err);

/* Sets err->hint where there is something to say. */
void acs_answer_hint(const struct acs_reply *reply, struct error *err);

/* Whether the service said that a permission is missing. */
bool acs_is_permission(const struct error *err);

#endif
