#include "acs/identity.h"

#include "base/json.h"

bool acs_caller_identity(struct acs_client *client, const struct acs_hosts *hosts,
                         const char *region, struct acs_identity *ret_identity, struct error *err)
{
    char url[512];
    if (!acs_sts_endpoint(hosts, url, sizeof(url), err)) {
        return false;
    }
    struct acs_request request = {
        .endpoint = url, .region = region, .action = "GetCallerIdentity", .version = "2015-04-01"};
    struct acs_answer answer;
    if (!acs_client_call(client, &request, &answer, err)) {
        return false;
    }
    bool ok = json_find_text(answer.root, "AccountId", ret_identity->account_id,
                             sizeof(ret_identity->account_id)) &&
              ret_identity->account_id[0] != '\0';
    (void)json_find_text(answer.root, "Arn", ret_identity->arn, sizeof(ret_identity->arn));
    ok = ok && !acs_client_holds_secret(client, ret_identity->account_id) &&
         !acs_client_holds_secret(client, ret_identity->arn);
    acs_answer_free(&answer);
    if (!ok) {
        error_set(err, ERROR_SERVICE, "GetCallerIdentity answered without a usable AccountId");
        return error_hint(err, "Name the account with --account-id.");
    }
    return true;
}
