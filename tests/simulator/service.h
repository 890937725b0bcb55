/* The service: takes a signed request, gives the answer, and notes both. */
#ifndef SIMULATOR_SERVICE_H
#define SIMULATOR_SERVICE_H

#include "reply.h"
#include "simulator.h"

/* Answers a request for the path "/". Call it with the lock held. */
void service_answer(struct simulator *simulator, const struct request *request,
                    struct reply *reply);

#endif
