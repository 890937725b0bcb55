/* Sends a reply in the way it wants to be delivered. */
#ifndef SIMULATOR_SENDING_H
#define SIMULATOR_SENDING_H

#include <microhttpd.h>

#include "reply.h"
#include "simulator.h"

/* Sends the reply, or ends the connection, and releases the reply. */
enum MHD_Result send_reply(struct simulator *simulator, struct MHD_Connection *connection,
                           struct reply *reply);

#endif
