/*
 * SIGINT and SIGTERM: the handler only notes the signal and wakes whoever polls. A second signal
 * ends the process at once.
 */
#ifndef HBRSYNC_BASE_INTERRUPT_H
#define HBRSYNC_BASE_INTERRUPT_H

#include <stdbool.h>

#include "base/error.h"

/* Installs the handlers; ignores SIGPIPE and SIGXFSZ, so that a write to a closed pipe or beyond
 * the limit on file sizes fails instead of killing; lets children be waited for, whatever SIGCHLD
 * was inherited as. Once, from main. */
bool interrupt_install(struct error *err) MUST_CHECK;

/* The signal that arrived, 0 when none did. */
int interrupt_signal(void);

/* A descriptor that becomes readable when a signal arrives, -1 before interrupt_install. */
int interrupt_descriptor(void);

/* False, with ERROR_INTERRUPTED, when a signal has arrived. */
bool interrupt_check(struct error *err) MUST_CHECK;

/* Called with every ERROR_INTERRUPTED, from any thread: may say what was waited for. */
void interrupt_explain(void (*explain)(struct error *err));

#endif
