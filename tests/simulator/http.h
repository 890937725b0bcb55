/* The HTTP side: listening on loopback, reading requests, sending replies. */
#ifndef SIMULATOR_HTTP_H
#define SIMULATOR_HTTP_H

#include <stdbool.h>
#include <stdint.h>

#include "simulator.h"
#include "tls.h"

struct MHD_Daemon;

/* One port, served on 127.0.0.1 and, where there is IPv6, on ::1. */
struct http_server {
    struct MHD_Daemon *daemons[2];
    uint16_t port;
};

/* Serves the simulator on `port` (0: any free one), by HTTPS when `tls` is not NULL. */
bool http_start(struct http_server *server, struct simulator *simulator, uint16_t port,
                const struct tls_identity *tls);

/* Ends all connections. The simulator's is_stopping must be set before, to end what pauses. */
void http_stop(struct http_server *server);

#endif
