#include "acs/proxy.h"

#include <stdlib.h>
#include <string.h>

#include <curl/curl.h>

/* The first that is set, as libcurl has it. */
const char *acs_proxy_variable(const char **ret_value)
{
    static const char *const names[] = {"https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"};
    *ret_value = "";
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        const char *value = getenv(names[i]);
        if (value != NULL && value[0] != '\0') {
            *ret_value = value;
            return names[i];
        }
    }
    return NULL;
}

const char *acs_proxy_authority(const char *value)
{
    const char *mark = strstr(value, "://");
    return mark != NULL ? mark + 3 : value;
}

static bool names_user(const char *value)
{
    const char *user = acs_proxy_authority(value);
    return strrchr(user, '@') != NULL && user[0] != ':' && user[0] != '@';
}

/* libcurl prefers Negotiate, which takes a ticket, no password, and gives up where there is none: a
 * name is meant for another method. */
unsigned long acs_proxy_methods(void)
{
    const char *value;
    (void)acs_proxy_variable(&value);
    return names_user(value) ? CURLAUTH_ANY & ~CURLAUTH_NEGOTIATE : CURLAUTH_ANY;
}

void acs_proxy_hint(int status, struct error *err)
{
    const char *value;
    const char *variable = acs_proxy_variable(&value);
    bool unknown = status == 407 || status == 401; /* as tinyproxy refuses a password */
    variable = variable != NULL ? variable : "https_proxy";
    if (unknown && names_user(value)) {
        error_hint(err,
                   "Correct the name and password in %s; if they are right, the proxy asks for "
                   "them in a way that libcurl does not know.",
                   variable);
    } else if (unknown) {
        error_hint(err,
                   "The proxy wants a name and password; put them into %s: "
                   "http://USER:PASSWORD@HOST:PORT, or http://:@HOST:PORT with a Kerberos ticket.",
                   variable);
    } else if (status == 403) {
        error_hint(err, "The proxy does not let this machine reach the host: have it allowed "
                        "there, or except the host with no_proxy.");
    } else {
        error_hint(err, "Check the proxy that %s names.", variable);
    }
}
