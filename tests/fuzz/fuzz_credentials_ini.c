/* ~/.alibabacloud/credentials. */
#include "acs/credentials_ini.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct acs_ini_section section;
    struct error err;
    bool found = false;
    char *text = fuzz_text(data, size);
    error_clear(&err);
    if (acs_ini_read(text, size, "default", &section, &found, &err)) {
        FUZZ_REQUIRE(memchr(section.access_key_secret, '\0', sizeof(section.access_key_secret)));
        FUZZ_REQUIRE(memchr(section.policy, '\0', sizeof(section.policy)));
    } else {
        FUZZ_REQUIRE(err.code == ERROR_CREDENTIALS);
        FUZZ_REQUIRE(strstr(err.message, "secret-canary") == NULL);
    }
    free(text);
    return 0;
}
