#include "acs/probe.h"

#include <stdio.h>

#include "acs/endpoint.h"
#include "acs/setup.h"
#include "acs/transfer.h"
#include "base/clock.h"

#define CONNECT_TIMEOUT_MS 10000
#define TIMEOUT_MS 15000

bool acs_probe(const char *endpoint, const char *ca_file, struct acs_probe *ret_probe,
               struct error *err)
{
    char url[ACS_ENDPOINT_MAX + 2];
    struct acs_fetched fetched;
    struct acs_fetch fetch = {.method = "GET",
                              .url = url,
                              .connect_timeout_ms = CONNECT_TIMEOUT_MS,
                              .timeout_ms = TIMEOUT_MS};
    if (snprintf(url, sizeof(url), "%s/", endpoint) >= (int)sizeof(url)) {
        return error_set(err, ERROR_USAGE, "the endpoint is too long");
    }
    int64_t started = clock_monotonic_ms();
    if (!acs_setup_ca_file(ca_file, &fetch.ca_file, err) || !acs_fetch(&fetch, &fetched, err)) {
        return false;
    }
    ret_probe->date = fetched.headers.date;
    ret_probe->certificate_expires = fetched.certificate_expires;
    ret_probe->elapsed_ms = clock_monotonic_ms() - started;
    acs_fetched_free(&fetched);
    return true;
}
