#include "hbr/refusal.h"

#include <string.h>

/*
 * Beginnings of codes; the first that fits decides, and any other code is HBR_REFUSED. Codes that
 * acs already holds for ERROR_CREDENTIALS (permission, billing, activation) or retryable are not
 * looked up. Sources: the gateway's common error codes and Cloud Backup's own, and their pattern
 * Invalid<Name> and Missing<Name>.
 */
static const struct {
    const char *prefix;
    enum hbr_refusal refusal;
} codes[] = {
    {"InvalidApi", HBR_NO_REFUSAL},
    {"InvalidAction", HBR_NO_REFUSAL},
    {"InvalidVersion", HBR_NO_REFUSAL},
    {"NotAuthorized", HBR_NO_REFUSAL},
    {"RiskControl", HBR_NO_REFUSAL},
    {"InvalidParameter", HBR_REFUSED_PARAMETER},
    {"MissingParameter", HBR_REFUSED_PARAMETER},
    {"ParameterInvalid", HBR_REFUSED_PARAMETER},
    {"UnsupportedParameter", HBR_REFUSED_PARAMETER},
    {"InvalidEdition", HBR_REFUSED_PARAMETER},
    {"MissingEdition", HBR_REFUSED_PARAMETER},
    {"InvalidFilter", HBR_REFUSED_PARAMETER},
    {"MissingFilter", HBR_REFUSED_PARAMETER},
    {"InvalidPageNumber", HBR_REFUSED_PARAMETER},
    {"MissingPageNumber", HBR_REFUSED_PARAMETER},
    {"InvalidPageSize", HBR_REFUSED_PARAMETER},
    {"MissingPageSize", HBR_REFUSED_PARAMETER},
    {"InvalidRestoreType", HBR_REFUSED_PARAMETER},
    {"MissingRestoreType", HBR_REFUSED_PARAMETER},
};

enum hbr_refusal hbr_refusal_of(const struct error *failure)
{
    int class = failure->http_status / 100;
    if (failure->code != ERROR_SERVICE || failure->retryable || !failure->service_json ||
        (class != 4 && class != 2)) {
        return HBR_NO_REFUSAL;
    }
    for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
        if (strncmp(failure->api_code, codes[i].prefix, strlen(codes[i].prefix)) == 0) {
            return codes[i].refusal;
        }
    }
    return HBR_REFUSED;
}
