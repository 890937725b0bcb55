#include "hbr/refusal.h"

#include <stddef.h>

#include "base/text.h"

/*
 * Beginnings of codes; any other code is HBR_REFUSED. Codes that acs already holds for
 * ERROR_CREDENTIALS (permission, billing, activation) or retryable are not looked up. Sources: the
 * gateway's common error codes and Cloud Backup's own, and their pattern Invalid<Name> and
 * Missing<Name>.
 */
static const char *const of_source[] = {"InvalidApi",    "InvalidAction", "InvalidVersion",
                                        "NotAuthorized", "RiskControl",   NULL};
static const char *const of_parameter[] = {
    "InvalidParameter",     "MissingParameter",   "ParameterInvalid",
    "UnsupportedParameter", "InvalidEdition",     "MissingEdition",
    "InvalidFilter",        "MissingFilter",      "InvalidPageNumber",
    "MissingPageNumber",    "InvalidPageSize",    "MissingPageSize",
    "InvalidRestoreType",   "MissingRestoreType", NULL};

static bool begins_with_one(const char *code, const char *const *beginnings)
{
    while (*beginnings != NULL && !text_starts_with(code, *beginnings)) {
        beginnings++;
    }
    return *beginnings != NULL;
}

enum hbr_refusal hbr_refusal_of(const struct error *failure)
{
    int class = failure->http_status / 100;
    if (failure->code != ERROR_SERVICE || failure->retryable || !failure->service_json ||
        (class != 4 && class != 2) || begins_with_one(failure->api_code, of_source)) {
        return HBR_NO_REFUSAL;
    }
    return begins_with_one(failure->api_code, of_parameter) ? HBR_REFUSED_PARAMETER : HBR_REFUSED;
}
