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
    struct buffer reason;
    struct error err;
    if (descriptor < 0) {
        set_up();
    }
    FUZZ_REQUIRE(ftruncate(descriptor, 0) == 0);
    FUZZ_REQUIRE(pwrite(descriptor, data, size, 0) == (ssize_t)size);
    memset(&credentials, 0, sizeof(credentials));
    error_clear(&err);
    buffer_init(&reason, 4096);
    switch (acs_provider_config_file(&options, &credentials, &reason, &err)) {
    case ACS_PROVIDER_FOUND:
        FUZZ_REQUIRE(acs_credentials_check(&credentials, &err));
        break;
    case ACS_PROVIDER_NOT_HERE:
        FUZZ_REQUIRE(reason.length > 0);
        break;
    case ACS_PROVIDER_BROKEN:
        FUZZ_REQUIRE(err.code != ERROR_NONE && err.message[0] != 0);
        break;
    }
    buffer_free(&reason);
    acs_credentials_wipe(&credentials);
    return 0;
}
