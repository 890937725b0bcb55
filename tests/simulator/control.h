/* The control interface: unsigned requests below /control/. main.c describes them. */
#ifndef SIMULATOR_CONTROL_H
#define SIMULATOR_CONTROL_H

#include "reply.h"
#include "simulator.h"

/* Answers a control request. Call it with the lock held. */
void control_answer(struct simulator *simulator, const struct request *request,
                    struct reply *reply);

#endif
