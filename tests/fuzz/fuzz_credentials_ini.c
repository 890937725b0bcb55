/* ~/.alibabacloud/credentials. */
#include "acs/provider.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct acs_ini_section section;
    bool found = false;
    struct error err;
    char *text = fuzz_text(data, size);
    error_clear(&err);
    if (acs_ini_read(text, size, "default", &section, &found, &err)) {
        FUZZ_REQUIRE(found || section.root.length == 0);
        for (const struct json_node *at = section.root.first; at != NULL; at = at->next) {
            FUZZ_REQUIRE(strlen(at->text) == at->length);
        }
    } else {
        FUZZ_REQUIRE(err.code == ERROR_CREDENTIALS);
        FUZZ_REQUIRE(strstr(err.message, "secret-canary") == NULL);
    }
    free(text);
    return 0;
}
