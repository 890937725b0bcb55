#include "acs/rate_limit.h"

#define WINDOW_SECONDS 60.0
#define QUIET_MS 10000 /* so long without a throttled answer raises the pace ... */
#define RAISE 1.1      /* ... by a tenth */
#define FACTOR_MIN (1.0 / 64)
#define SLOW_AGAIN_MS 1000 /* answers throttled together halve the rate once */
#define DELAY_MAX_MS 120000

void acs_rate_limit_init(struct acs_rate_limit *limit, double rate, int64_t now_ms)
{
    double burst = rate > 1 ? rate : 1;
    *limit = (struct acs_rate_limit){
        .rate = rate,
        .factor = 1,
        .burst = burst,
        .tokens = burst,
        .updated_ms = now_ms,
        .paused_until_ms = now_ms,
        .slowed_ms = now_ms - SLOW_AGAIN_MS,
        .quiet_since_ms = now_ms,
    };
}

/* Tokens a second: what is left of a window's requests after a burst at its beginning. */
static double fill_rate(const struct acs_rate_limit *limit)
{
    double spread = (limit->rate * WINDOW_SECONDS - limit->burst) / WINDOW_SECONDS;
    double least = limit->rate / 2;
    return (spread > least ? spread : least) * limit->factor;
}

static void refill(struct acs_rate_limit *limit, int64_t now_ms)
{
    if (now_ms <= limit->updated_ms) {
        return;
    }
    while (limit->factor < 1 && now_ms - limit->quiet_since_ms >= QUIET_MS) {
        limit->factor = limit->factor * RAISE < 1 ? limit->factor * RAISE : 1;
        limit->quiet_since_ms += QUIET_MS;
    }
    double burst = limit->burst * limit->factor > 1 ? limit->burst * limit->factor : 1;
    double seconds = (double)(now_ms - limit->updated_ms) / 1000;
    limit->tokens += seconds * fill_rate(limit);
    if (limit->tokens > burst) {
        limit->tokens = burst;
    }
    limit->updated_ms = now_ms;
}

int64_t acs_rate_limit_delay(struct acs_rate_limit *limit, int64_t now_ms)
{
    int64_t pause = limit->paused_until_ms - now_ms;
    if (pause > 0) {
        return pause;
    }
    refill(limit, now_ms);
    if (limit->tokens >= 1) {
        return 0;
    }
    double wait = (1 - limit->tokens) * 1000 / fill_rate(limit);
    return wait < DELAY_MAX_MS ? (int64_t)wait + 1 : DELAY_MAX_MS;
}

void acs_rate_limit_take(struct acs_rate_limit *limit, int64_t now_ms)
{
    refill(limit, now_ms);
    limit->tokens -= 1;
}

void acs_rate_limit_throttled(struct acs_rate_limit *limit, int64_t now_ms, int64_t until_ms)
{
    refill(limit, now_ms);
    if (now_ms >= limit->paused_until_ms && now_ms - limit->slowed_ms >= SLOW_AGAIN_MS) {
        limit->factor = limit->factor / 2 > FACTOR_MIN ? limit->factor / 2 : FACTOR_MIN;
        limit->slowed_ms = now_ms;
    }
    if (until_ms > limit->paused_until_ms) {
        limit->paused_until_ms = until_ms;
    }
    limit->quiet_since_ms = limit->paused_until_ms;
    /* One request tries whether the service takes them again; no burst follows a pause. */
    limit->tokens = 1 - (double)(limit->paused_until_ms - now_ms) / 1000 * fill_rate(limit);
}
