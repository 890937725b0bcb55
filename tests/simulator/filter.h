/* The Filters parameter: reading it, refusing what the API forbids, and matching jobs. */
#ifndef SIMULATOR_FILTER_H
#define SIMULATOR_FILTER_H

#include "request.h"
#include "service_error.h"
#include "settings.h"
#include "world.h"

enum { MAX_FILTERS = 5, MAX_FILTER_VALUES = 500 };

enum filter_key {
    KEY_REGION,
    KEY_PLAN,
    KEY_JOB,
    KEY_VAULT,
    KEY_INSTANCE,
    KEY_BUCKET,
    KEY_FILE_SYSTEM,
    KEY_STATUS,
    KEY_COMPLETE_TIME,
    KEY_RESTORE_ID,
    KEY_PARENT,
    KEY_SOURCE_TYPE,
    KEY_TARGET_BUCKET,
    KEY_TARGET_FILE_SYSTEM,
    KEY_TARGET_INSTANCE,
    KEY_COUNT
};

enum filter_operator {
    OPERATOR_IN,
    OPERATOR_EQUAL,
    OPERATOR_NOT_EQUAL,
    OPERATOR_GREATER_THAN,
    OPERATOR_GREATER_THAN_OR_EQUAL,
    OPERATOR_LESS_THAN,
    OPERATOR_LESS_THAN_OR_EQUAL,
    OPERATOR_BETWEEN,
    OPERATOR_COUNT
};

struct filter {
    const char *key_name;
    const char *operator_name;
    const char *given[MAX_FILTER_VALUES + 1]; /* by Values.M; 0 is not used */
    const char *values[MAX_FILTER_VALUES];    /* without gaps; of OPERATOR_IN sorted */
    size_t value_count;
    enum filter_key key;
    enum filter_operator op;
    int64_t numbers[2]; /* the values of a CompleteTime filter */
    bool is_used;
    bool is_ignored;      /* by a setting: matches every job */
    bool matches_nothing; /* an id key that the service knows and does not honour */
    bool is_id;           /* asks for restore ids */
};

struct filters {
    struct filter list[MAX_FILTERS];
};

/* Takes a parameter named Filters.N....; false when it is not one. A bad index fills `error`. */
bool filters_take(struct filters *filters, const struct pair *parameter,
                  struct service_error *error);

/* Checks all filters and makes them ready to match; false with `error` filled when one is against
 * the rules. */
bool filters_prepare(struct filters *filters, const struct settings *settings,
                     struct service_error *error);

/* Whether the job, in that state, passes every filter. */
bool filters_match(const struct filters *filters, const struct settings *settings,
                   const struct world *world, const struct job *job, const struct job_state *state);

/* Whether a filter that is honoured asks for the children of a job. */
bool filters_ask_for_children(const struct filters *filters);

/* Appends a text that is the same for filters that ask the same. */
void filters_describe(const struct filters *filters, struct buffer *out);

#endif
