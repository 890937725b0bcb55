/*
 * A URI that hands out temporary keys. https, or http to a loopback address: what it answers is a
 * key, which the SDKs would fetch over any http.
 */
#include "acs/provider_uri.h"

#include "acs/keys.h"
#include "acs/provider.h"
#include "acs/setup.h"
#include "acs/transfer.h"

#define URI_VARIABLE "ALIBABA_CLOUD_CREDENTIALS_URI"
#define CONNECT_TIMEOUT_MS 5000
#define TIMEOUT_MS 10000

bool acs_uri_read(const char *text, size_t length, struct acs_credentials *ret_credentials,
                  struct error *err)
{
    return acs_keys_read_answer(text, length, "the answer of the credentials URI", false,
                                ret_credentials, err);
}

bool acs_uri_find(const struct acs_credentials_options *options, const char *uri,
                  struct acs_credentials *ret_credentials, struct error *err)
{
    struct acs_fetched fetched;
    struct acs_fetch fetch = {
        .method = "GET",
        .url = uri,
        .user_agent = options->user_agent,
        .connect_timeout_ms = CONNECT_TIMEOUT_MS,
        .timeout_ms = TIMEOUT_MS,
    };
    if (!acs_setup_ca_file(options->ca_file, &fetch.ca_file, err)) {
        return false;
    }
    if (!acs_fetch(&fetch, &fetched, err)) {
        return error_context(err, "the credentials URI");
    }
    bool ok = fetched.status == 200
                  ? acs_uri_read(fetched.body.data, fetched.body.length, ret_credentials, err)
                  : error_set(err, ERROR_CREDENTIALS, "the credentials URI answers HTTP %d",
                              fetched.status);
    ret_credentials->renewable = true;
    acs_fetched_free(&fetched);
    return ok;
}

enum acs_provider_result acs_provider_uri(const struct acs_credentials_options *options,
                                          struct acs_credentials *ret_credentials,
                                          struct buffer *reason, struct error *err)
{
    const char *uri = acs_variable(URI_VARIABLE);
    if (uri == NULL) {
        buffer_puts(reason, URI_VARIABLE " is not set");
        return ACS_PROVIDER_NOT_HERE;
    }
    acs_provider_name(ret_credentials, "credentials URI of " URI_VARIABLE);
    return acs_uri_find(options, uri, ret_credentials, err) ? ACS_PROVIDER_FOUND
                                                            : ACS_PROVIDER_BROKEN;
}
