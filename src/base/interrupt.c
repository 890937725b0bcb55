#include "base/interrupt.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <unistd.h>

static atomic_int received; /* lock-free: a handler may write it */
static int wake_pipe[2] = {-1, -1};

static void handler(int number)
{
    int saved = errno;
    int none = 0;
    if (!atomic_compare_exchange_strong(&received, &none, number)) {
        _exit(128 + number);
    }
    ssize_t written = write(wake_pipe[1], "", 1);
    (void)written; /* a full pipe is readable already */
    errno = saved;
}

bool interrupt_install(struct error *err)
{
    if (pipe2(wake_pipe, O_CLOEXEC | O_NONBLOCK) != 0) {
        return error_set_errno(err, ERROR_INTERNAL, errno, "cannot make a pipe for signals");
    }
    const struct sigaction action = {.sa_handler = handler};
    const struct sigaction ignore = {.sa_handler = SIG_IGN};
    const struct sigaction normal = {.sa_handler = SIG_DFL};
    if (sigaction(SIGINT, &action, NULL) != 0 || sigaction(SIGTERM, &action, NULL) != 0 ||
        sigaction(SIGPIPE, &ignore, NULL) != 0 || sigaction(SIGXFSZ, &ignore, NULL) != 0 ||
        sigaction(SIGCHLD, &normal, NULL) != 0) {
        return error_set_errno(err, ERROR_INTERNAL, errno, "cannot install signal handlers");
    }
    return true;
}

int interrupt_signal(void)
{
    return received;
}

int interrupt_descriptor(void)
{
    return wake_pipe[0];
}

static void (*_Atomic explanation)(struct error *err);

void interrupt_explain(void (*explain)(struct error *err))
{
    explanation = explain;
}

bool interrupt_check(struct error *err)
{
    if (received == 0) {
        return true;
    }
    (void)error_set(err, ERROR_INTERRUPTED, "interrupted by %s",
                    received == SIGINT ? "SIGINT" : "SIGTERM");
    if (explanation != NULL && err != NULL) {
        explanation(err);
    }
    return false;
}
