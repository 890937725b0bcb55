#include "acs/retry_watch.h"

#include <poll.h>
#include <pthread.h>

#include "base/clock.h"
#include "base/interrupt.h"
#include "base/text.h"

#define SHOWN_AFTER_MS 1000 /* what a second attempt mends is not worth a word */
#define LOOK_MS 1000

static struct {
    pthread_mutex_t lock;
    void (*attempt)(const char *failure, int64_t until);
    void (*waiting)(const char *failure, int64_t until);
    struct acs_waiting *first; /* the oldest */
    struct error interrupted;  /* what the first thread to notice was told, and so are the others */
} all = {.lock = PTHREAD_MUTEX_INITIALIZER};

static void explain(struct error *err)
{
    (void)pthread_mutex_lock(&all.lock);
    if (all.interrupted.code == ERROR_NONE) {
        all.interrupted = *err;
        if (all.first != NULL) {
            all.interrupted = all.first->error;
            all.interrupted.code = err->code;
            (void)error_context(&all.interrupted, "%s while waiting for", err->message);
        }
    }
    *err = all.interrupted;
    (void)pthread_mutex_unlock(&all.lock);
}

void acs_retry_watch(void (*attempt)(const char *failure, int64_t until),
                     void (*waiting)(const char *failure, int64_t until))
{
    all.attempt = attempt;
    all.waiting = waiting;
    interrupt_explain(explain);
}

void acs_retry_failed(struct acs_waiting *waiting, const struct acs_retry *retry, int64_t wait_ms,
                      const char *brief, const struct error *err)
{
    int64_t now = clock_monotonic_ms();
    int64_t left = retry->started_ms + retry->budget_ms - now;
    int64_t until = clock_now() + (left > wait_ms ? left : wait_ms) / 1000;
    (void)pthread_mutex_lock(&all.lock);
    if (!waiting->listed) {
        struct acs_waiting **link = &all.first;
        while (*link != NULL) {
            link = &(*link)->next;
        }
        *link = waiting;
        waiting->next = NULL;
        waiting->listed = true;
        waiting->since_ms = wait_ms < 0 ? retry->started_ms : now;
        waiting->until = until;
    }
    waiting->until = until > waiting->until + 1 ? until : waiting->until; /* it is rounded */
    waiting->error = *err;
    (void)text_fit(waiting->brief, sizeof(waiting->brief), brief);
    if (all.attempt != NULL && wait_ms >= 0) {
        all.attempt(err->message, waiting->until);
    }
    (void)pthread_mutex_unlock(&all.lock);
}

void acs_retry_ended(struct acs_waiting *waiting)
{
    if (waiting->listed) {
        struct acs_waiting **link = &all.first;
        (void)pthread_mutex_lock(&all.lock);
        while (*link != waiting) {
            link = &(*link)->next;
        }
        *link = waiting->next;
        waiting->listed = false;
        (void)pthread_mutex_unlock(&all.lock);
        acs_retry_look();
    }
}

void acs_retry_look(void)
{
    (void)pthread_mutex_lock(&all.lock);
    const struct acs_waiting *oldest = all.first;
    bool shown = oldest != NULL && clock_monotonic_ms() - oldest->since_ms >= SHOWN_AFTER_MS;
    if (all.waiting != NULL) {
        all.waiting(shown ? oldest->brief : NULL, shown ? oldest->until : 0);
    }
    (void)pthread_mutex_unlock(&all.lock);
}

void acs_retry_pause(int64_t wait_ms)
{
    struct pollfd signals = {.fd = interrupt_descriptor(), .events = POLLIN};
    int64_t until = clock_monotonic_ms() + wait_ms;
    for (int64_t left = wait_ms; left > 0; left = until - clock_monotonic_ms()) {
        acs_retry_look();
        if (poll(&signals, 1, (int)(left < LOOK_MS ? left : LOOK_MS)) != 0) {
            return;
        }
    }
}
