/* Durable steps, counted so that a test can kill the process at each of them. */
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "base/text.h"
#include "store/internal.h"

static atomic_uint_fast64_t steps;
static atomic_uint_fast64_t kill_at;

uint64_t store_steps(void)
{
    return atomic_load(&steps);
}

void store_kill_at_step(uint64_t step)
{
    atomic_store(&kill_at, step);
}

void store_take_test_settings(void)
{
    int64_t step = 0;
    const char *text = getenv("HBRSYNC_TEST_KILL_AT_STEP");
    if (text != NULL && text_to_int64(text, 1, INT64_MAX, &step)) {
        store_kill_at_step((uint64_t)step);
    }
}

void store_step(void)
{
    uint64_t now = atomic_fetch_add(&steps, 1) + 1;
    if (now == atomic_load(&kill_at)) {
        (void)raise(SIGKILL);
    }
}
