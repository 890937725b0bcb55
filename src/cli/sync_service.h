/* Binds the sync core's view of the service to a session. */
#ifndef HBRSYNC_CLI_SYNC_SERVICE_H
#define HBRSYNC_CLI_SYNC_SERVICE_H

#include "hbr/service.h"
#include "sync/service.h"

/* `service` is borrowed and must outlive it. */
struct sync_service sync_service_of(struct hbr_service *service);

#endif
