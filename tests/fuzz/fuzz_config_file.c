/* ~/.aliyun/config.json. Programs and URIs of profiles are switched off, and nothing listens where
 * STS and the metadata service are looked for. */
#include <sys/mman.h>
#include <unistd.h>

#include "acs/provider.h"
#include "fuzz.h"

static int descriptor = -1;

static void set_up(void)
{
    char path[64];
    descriptor = memfd_create("config.json", MFD_CLOEXEC);
    FUZZ_REQUIRE(descriptor >= 0);
    (void)snprintf(path, sizeof(path), "/proc/self/fd/%d", descriptor);
    FUZZ_REQUIRE(setenv("ALIBABA_CLOUD_CONFIG_FILE", path, 1) == 0);
    FUZZ_REQUIRE(setenv("ALIBABA_CLOUD_DISABLE_EXTERNAL_PROCESS", "true", 1) == 0);
    FUZZ_REQUIRE(setenv("HBRSYNC_TEST_IMDS", "http://127.0.0.1:1", 1) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct acs_credentials credentials;
    struct acs_credentials_options options = {.sts_endpoint = "http://127.0.0.1:1",
                                              .region = "cn-hangzhou"};
    struct error err;
    if (descriptor < 0) {
        set_up();
    }
    FUZZ_REQUIRE(ftruncate(descriptor, 0) == 0);
    FUZZ_REQUIRE(pwrite(descriptor, data, size, 0) == (ssize_t)size);
    memset(&credentials, 0, sizeof(credentials));
    error_clear(&err);
    if (acs_provider_config_file(&options, &credentials, &err)) {
        FUZZ_REQUIRE(credentials.access_key_id[0] != 0 && credentials.access_key_secret[0] != 0);
        FUZZ_REQUIRE(strpbrk(credentials.access_key_id, "\r\n \"'") == NULL);
        FUZZ_REQUIRE(strpbrk(credentials.access_key_secret, "\r\n \"'") == NULL);
        FUZZ_REQUIRE(strpbrk(credentials.security_token, "\r\n \"'") == NULL);
    } else {
        FUZZ_REQUIRE(err.message[0] != 0);
    }
    acs_credentials_wipe(&credentials);
    return 0;
}
