/* Internal to acs: one rule for the hosts of all calls, from the command line, a profile and the
 * environment. */
#ifndef HBRSYNC_ACS_HOSTS_H
#define HBRSYNC_ACS_HOSTS_H

#include "acs/credentials.h"

/* The text of a profile's member, "true" for a true one, NULL when there is none. */
typedef const char *acs_find_member(const void *profile, const char *member);

/*
 * In this order: the options, the profile (NULL: none), the environment. The service: an endpoint,
 * else inside a VPC where anything says so, else outside. STS: --sts-endpoint, else --endpoint,
 * else an endpoint of its own that a profile or variable names, else the region's inside or outside
 * a VPC, else the central one. As the command line tool takes it, an endpoint of a profile or
 * variable needs no https://. ERROR_USAGE names what is wrong.
 */
bool acs_hosts_find(const struct acs_credentials_options *options, acs_find_member *find_member,
                    const void *profile, struct acs_hosts *ret_hosts, struct error *err) MUST_CHECK;

#endif
