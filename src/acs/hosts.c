#include <stdio.h>
#include <string.h>

#include "acs/client.h"
#include "acs/provider.h"
#include "base/text.h"

#define STS_CENTRAL "https://sts.aliyuncs.com"
#define REGION_FALLBACK "cn-hangzhou"

struct search {
    acs_find_member *find_member;
    const void *profile;
};

/* What says so first: an option, a profile's member ("the profile's NAME"), a variable. NULL:
 * nothing does. */
static const char *find(const struct search *search, const char *option, const char *option_name,
                        const char *member, const char **ret_from)
{
    const char *name = strrchr(member, ' ') + 1;
    const char *value = option == NULL && search->find_member != NULL
                            ? search->find_member(search->profile, name)
                            : option;
    *ret_from = option != NULL ? option_name : member;
    return value != NULL ? value : acs_variable_for(name, true, ret_from);
}

/* Takes an endpoint, of which the scheme may be missing; http is for this machine alone. */
static bool take(const char *text, const char *from, char target[ACS_HOST_MAX], struct error *err)
{
    const char *mark = strstr(text, "://");
    const char *host = mark != NULL ? mark + 3 : text;
    int length = (int)strlen(host);
    length -= text_ends_with(host, "/") ? 1 : 0;
    bool plain = text_starts_with(text, "http://");
    if (plain && snprintf(target, ACS_HOST_MAX, "http://%.*s", length, host) < ACS_HOST_MAX &&
        acs_endpoint_check(target, NULL)) {
        return true;
    }
    const char *rest = mark == NULL || plain ? host : text;
    length += (int)(host - rest);
    return (snprintf(target, ACS_HOST_MAX, "%s%.*s", rest == host ? "https://" : "", length, rest) <
                ACS_HOST_MAX &&
            acs_endpoint_check(target, err)) ||
           error_context(err, "%s", from);
}

bool acs_hosts_find(const struct acs_credentials_options *options, acs_find_member *find_member,
                    const void *profile, struct acs_hosts *ret_hosts, struct error *err)
{
    const struct search search = {find_member, profile};
    struct acs_hosts hosts = {.service_from = "default", .sts_from = "default"};
    const char *from = NULL;
    const char *type =
        find(&search, options->vpc ? "vpc" : NULL, "--vpc", "the profile's endpoint_type", &from);
    hosts.vpc = type != NULL && text_equal_nocase(type, "vpc");
    if (!hosts.vpc) {
        type = find(&search, NULL, NULL, "the profile's enable_vpc", &from);
        hosts.vpc = type != NULL && text_equal_nocase(type, "true");
    }
    if (hosts.vpc) {
        hosts.service_from = hosts.sts_from = from;
    }
    const char *endpoint =
        find(&search, options->endpoint, "--endpoint", "the profile's endpoint", &from);
    if (endpoint != NULL) {
        hosts.service_from = from;
        if (!take(endpoint, from, hosts.service, err)) {
            return false;
        }
    }

    const char *region = find(&search, NULL, NULL, "the profile's sts_region", &hosts.region_from);
    if (region != NULL && !hosts.vpc) {
        hosts.sts_from = hosts.region_from;
    } else if (region == NULL) {
        region = find(&search, options->region, "--region or ALIBABA_CLOUD_REGION_ID",
                      "the profile's region_id", &hosts.region_from);
    }
    (void)text_fit(hosts.sts_region, sizeof(hosts.sts_region),
                   region != NULL ? region : REGION_FALLBACK);

    bool own = options->sts_endpoint != NULL;
    const char *sts =
        find(&search, own ? options->sts_endpoint : options->endpoint,
             own ? "--sts-endpoint" : "--endpoint", "the profile's sts_endpoint", &from);
    if (sts == NULL) {
        sts = hosts.vpc        ? "https://sts-vpc.{region}.aliyuncs.com"
              : region != NULL ? "https://sts.{region}.aliyuncs.com"
                               : STS_CENTRAL;
        from = hosts.sts_from;
    }
    hosts.sts_from = from;
    *ret_hosts = hosts;
    return take(sts, from, ret_hosts->sts, err);
}

bool acs_sts_endpoint(const struct acs_hosts *hosts, char *url, size_t size, struct error *err)
{
    return acs_endpoint_for_region(hosts->sts, hosts->sts_region, url, size, err) ||
           error_context(err, "%s", hosts->region_from);
}
