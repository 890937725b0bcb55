/*
 * Internal to acs: a token bucket that throttling slows. Time is a parameter (milliseconds of a
 * monotonic clock), so that tests can move it.
 *
 * The bucket holds one second of requests, and fills a little slower than the rate, so that no 60
 * seconds see more requests than 60 times the rate: the service counts by the minute.
 */
#ifndef HBRSYNC_ACS_RATE_LIMIT_H
#define HBRSYNC_ACS_RATE_LIMIT_H

#include <stdint.h>

struct acs_rate_limit {
    double rate;   /* requests a second, as asked for */
    double factor; /* of rate and burst: halved by throttling, back to 1 by a tenth at a time */
    double burst;
    double tokens;
    int64_t updated_ms;
    int64_t paused_until_ms;
    int64_t slowed_ms;      /* when the factor was halved last */
    int64_t quiet_since_ms; /* it grows ten seconds after this */
};

void acs_rate_limit_init(struct acs_rate_limit *limit, double rate, int64_t now_ms);

/* Milliseconds until a request may leave; 0: now. */
int64_t acs_rate_limit_delay(struct acs_rate_limit *limit, int64_t now_ms);

/* A request leaves now. */
void acs_rate_limit_take(struct acs_rate_limit *limit, int64_t now_ms);

/* The service throttled: nothing leaves before `until_ms`, and then at half the rate. */
void acs_rate_limit_throttled(struct acs_rate_limit *limit, int64_t now_ms, int64_t until_ms);

#endif
