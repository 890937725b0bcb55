/* Endpoints: what is accepted, what is refused, and what becomes of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "acs/client.h"
#include "acs/endpoint.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void test_accepted(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *host;
        const char *base;
        bool loopback;
    } cases[] = {
        {"https://hbr.cn-beijing.aliyuncs.com", "hbr.cn-beijing.aliyuncs.com",
         "https://hbr.cn-beijing.aliyuncs.com", false},
        {"HTTPS://HBR.cn-beijing.aliyuncs.com:443", "hbr.cn-beijing.aliyuncs.com",
         "https://hbr.cn-beijing.aliyuncs.com", false},
        {"https://h:8443", "h:8443", "https://h:8443", false},
        {"http://127.0.0.1:8080", "127.0.0.1:8080", "http://127.0.0.1:8080", true},
        {"http://127.255.0.9:80", "127.255.0.9", "http://127.255.0.9", true},
        {"http://[::1]:81", "[::1]:81", "http://[::1]:81", true},
        {"http://localhost:443", "localhost:443", "http://localhost:443", true},
        {"http://hbr.LOCALHOST", "hbr.localhost", "http://hbr.localhost", true},
        {"https://[2001:db8::1]", "[2001:db8::1]", "https://[2001:db8::1]", false},
        {"https://[2001:DB8::1]:443", "[2001:db8::1]", "https://[2001:db8::1]", false},
        {"https://h:08443", "h:8443", "https://h:8443", false},
        {"https://a-.b_c", "a-.b_c", "https://a-.b_c", false},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct acs_endpoint endpoint;
        struct error err;
        assert_true(acs_endpoint_parse(cases[i].text, &endpoint, &err));
        assert_string_equal(endpoint.host, cases[i].host);
        assert_string_equal(endpoint.base, cases[i].base);
        assert_int_equal(endpoint.loopback, cases[i].loopback);
        assert_true(acs_endpoint_check(cases[i].text, &err));
    }
}

static void test_refused(void **state)
{
    (void)state;
    static const char *const cases[] = {
        "",
        "hbr.cn-beijing.aliyuncs.com",
        "ftp://127.0.0.1",
        "https://",
        "https://:443",
        "https://user@host",
        "https://user:secret@host",
        "ftp://user:secret@host",
        "user:secret@host",
        "https://user:se/secret@host",
        "https://host?token=secret",
        "ftp://host#secret",
        "https://host/",
        "https://host/path",
        "https://host?query",
        "https://host#fragment",
        "https://host:0",
        "https://host:65536",
        "https://host:",
        "https://host:44x",
        "https://ho st",
        "https://host\r\nX: y",
        "https://-host",
        "https://host-",
        "https://a..b",
        "https://a.",
        "https://[::1",
        "https://[::g]",
        "https://[::1]x",
        "https://[",
        "https://[]",
        "https://[::1/]",
        "https://.a",
        "https://a.-b",
        "https://h\xc3\xb6st",
        "https://{other}.aliyuncs.com",
        /* Plain http for anything that is not plainly loopback. */
        "http://hbr.cn-beijing.aliyuncs.com",
        "http://128.0.0.1",
        "http://127.1",
        "http://0x7f.0.0.1",
        "http://2130706433",
        "http://127.0.0.1.evil.example",
        "http://localhost.evil.example",
        "http://notlocalhost",
        "http://[::2]",
        "http://[::ffff:127.0.0.1]",
        "http://localhost@evil.example",
        "http://evil.example#.localhost",
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct error err;
        error_clear(&err);
        if (acs_endpoint_check(cases[i], &err)) {
            fail_msg("accepted: %s", cases[i]);
        }
        assert_int_equal(err.code, ERROR_USAGE);
        assert_null(strstr(err.message, "secret"));
        assert_null(strchr(err.message, '\r'));
    }
}

static void test_too_long(void **state)
{
    (void)state;
    char text[2000] = "https://";
    struct error err;
    memset(text + strlen(text), 'a', 1500);
    assert_false(acs_endpoint_check(text, &err));
    assert_int_equal(err.code, ERROR_USAGE);
    (void)memcpy(text, "https://{region}", 16);
    assert_false(acs_endpoint_check(text, &err));
}

static void test_region(void **state)
{
    (void)state;
    char target[64];
    struct error err;
    assert_true(acs_endpoint_check("https://hbr.{region}.aliyuncs.com", &err));
    assert_true(acs_endpoint_for_region("https://hbr.{region}.aliyuncs.com", "cn-beijing", target,
                                        sizeof(target), &err));
    assert_string_equal(target, "https://hbr.cn-beijing.aliyuncs.com");
    assert_true(
        acs_endpoint_for_region("http://127.0.0.1:1", "any_", target, sizeof(target), &err));
    assert_string_equal(target, "http://127.0.0.1:1");
    assert_false(acs_endpoint_for_region("https://{region}.x", "evil.example/", target,
                                         sizeof(target), &err));
    assert_int_equal(err.code, ERROR_USAGE);
    assert_string_equal(err.message, "\"evil.example/\" is no region id");
    assert_false(acs_endpoint_for_region("https://{region}.x", "", target, sizeof(target), &err));
    assert_false(acs_endpoint_for_region("https://{region}.x", "cn-beijing", target, 20, &err));
    assert_string_equal(err.message, "the endpoint is longer than 20 bytes");
    assert_true(acs_endpoint_for_region("https://{region}.x", "cn-beijing", target, 21, &err));
    assert_false(acs_region_check("cn\x1b", &err));
    assert_string_equal(err.message, "\"cn\\u{001b}\" is no region id");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_accepted),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_too_long),
        cmocka_unit_test(test_region),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
