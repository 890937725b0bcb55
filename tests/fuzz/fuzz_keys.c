/* Keys as STS, the metadata service, a credentials URI and an external program hand them out. What
 * is taken can stand in a header; an error never quotes what it could not take. */
#include "acs/provider.h"
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

static bool read_metadata(const char *text, size_t length, struct acs_credentials *credentials,
                          struct error *err)
{
    return acs_keys_read_answer(text, length, "the answer", true, credentials, err);
}

static bool read_uri(const char *text, size_t length, struct acs_credentials *credentials,
                     struct error *err)
{
    return acs_keys_read_answer(text, length, "the answer", false, credentials, err);
}

static void check(read_keys *read, const char *text, size_t length)
{
    static struct acs_credentials credentials;
    struct error err;
    memset(&credentials, 0, sizeof(credentials));
    error_clear(&err);
    if (read(text, length, &credentials, &err)) {
        FUZZ_REQUIRE(credentials.access_key_id[0] != 0 && credentials.access_key_secret[0] != 0);
        FUZZ_REQUIRE(strpbrk(credentials.access_key_id, "\r\n \"'") == NULL);
        FUZZ_REQUIRE(strpbrk(credentials.access_key_secret, "\r\n \"'") == NULL);
        FUZZ_REQUIRE(strpbrk(credentials.security_token, "\r\n \"'") == NULL);
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
    check(read_metadata, text, size);
    check(read_uri, text, size);
    check(acs_external_read, text, size);
    check(read_sts, text, size);
    if (acs_imds_role_name(text, role, sizeof(role))) {
        FUZZ_REQUIRE(strpbrk(role, "/?#% \r\n") == NULL);
    }
    free(text);
    return 0;
}
