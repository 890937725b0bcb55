/* Internal to acs: the regions of the service, for those who mistype one. */
#ifndef HBRSYNC_ACS_REGION_NAMES_H
#define HBRSYNC_ACS_REGION_NAMES_H

#include "base/error.h"

/* Adds "(did you mean 'cn-hangzhou'?)" to the message, if the host ("hbr.cn-hangzou.aliyuncs.com")
 * names a region that is none, but like one. */
void acs_region_suggest(const char *host, struct error *err);

#endif
