/* The endpoint of a region. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "hbr/service.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void test_endpoints(void **state)
{
    (void)state;
    const char *public = hbr_endpoint_default(false);
    const char *vpc = hbr_endpoint_default(true);
    const struct {
        const char *pattern, *region, *expected;
    } cases[] = {
        {public, "cn-hangzhou", "https://hbr.cn-hangzhou.aliyuncs.com"},
        {public, "cn-beijing-finance-1", "https://hbr.cn-beijing-finance-1.aliyuncs.com"},
        {public, "cn-beijing-gov-1", "https://hbr.aliyuncs.com"},
        {vpc, "cn-hangzhou", "https://hbr-vpc.cn-hangzhou.aliyuncs.com"},
        {vpc, "cn-beijing-gov-1", "https://hbr-vpc.cn-beijing-gov-1.aliyuncs.com"},
        {"http://{region}.localhost:80", "cn-beijing-gov-1",
         "http://cn-beijing-gov-1.localhost:80"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        const struct hbr_service service = {.endpoint = cases[i].pattern};
        char endpoint[256];
        struct error err;
        assert_true(
            hbr_endpoint_for_region(&service, cases[i].region, endpoint, sizeof(endpoint), &err));
        assert_string_equal(endpoint, cases[i].expected);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_endpoints)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
