/* Listening sockets on the loopback addresses. */
#ifndef SIMULATOR_LOOPBACK_H
#define SIMULATOR_LOOPBACK_H

#include <stdbool.h>
#include <stdint.h>

/* Opens a socket on 127.0.0.1 and one on ::1, both on `*port`, or, when it is 0, on a port free on
 * both, which is stored. Without IPv6 the second is -1. */
bool loopback_listen(uint16_t *port, int sockets[2]);

#endif
