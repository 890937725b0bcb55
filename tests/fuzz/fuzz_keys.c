/* Keys as STS, the metadata service, a credentials URI and an external program hand them out. What
 * is taken can stand in a header; an error never quotes what it could not take. */
#include "acs/assume_role.h"
#include "acs/external_process.h"
#include "acs/imds.h"
#include "acs/keys.h"
#include "acs/provider_uri.h"
#include "base/json.h"
#include "fuzz.h"

#define CANARY "secret-canary"

typedef bool read_keys(const char *text, size_t length, struct acs_credentials *credentials,
                       struct error *err);

static bool read_sts(const char *text, size_t length, struct acs_credentials *credentials,
                     struct error *err)
{
    struct json_node *root = NULL;
    if (!json_read(text, length, JSON_VALUES_ANSWER, &root, err)) {
        return false;
    }
    bool ok = acs_role_keys_read(root, "AssumeRole", credentials, err);
    json_free(root);
    return ok;
}

static void check(read_keys *read, const char *text, size_t length)
{
    static struct acs_credentials credentials;
    struct error err;
    memset(&credentials, 0, sizeof(credentials));
    error_clear(&err);
    if (read(text, length, &credentials, &err)) {
        FUZZ_REQUIRE(acs_credentials_check(&credentials, &err));
    } else {
        FUZZ_REQUIRE(err.code != ERROR_NONE);
        FUZZ_REQUIRE(strstr(err.message, CANARY) == NULL && strstr(err.hint, CANARY) == NULL);
    }
    acs_credentials_wipe(&credentials);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char role[128];
    char *text = fuzz_text(data, size);
    check(acs_imds_read, text, size);
    check(acs_uri_read, text, size);
    check(acs_external_read, text, size);
    check(read_sts, text, size);
    if (acs_imds_role_name(text, role, sizeof(role))) {
        FUZZ_REQUIRE(strpbrk(role, "/?#% \r\n") == NULL);
    }
    free(text);
    return 0;
}
