/* Who hands out temporary keys: STS, the metadata service of an ECS instance, a credentials URI. */
#ifndef SIMULATOR_TEMPORARY_KEYS_H
#define SIMULATOR_TEMPORARY_KEYS_H

#include "answer.h"

/* STS AssumeRole, signed. The account is the one in RoleArn. */
bool answer_assume_role(struct simulator *simulator, struct call *call, struct reply *reply,
                        struct service_error *error);

/* STS AssumeRoleWithOIDC: a form, not signed; the token is one of the setting `oidc_tokens`. */
bool answer_assume_role_with_oidc(struct simulator *simulator, struct call *call,
                                  struct reply *reply, struct service_error *error);

/* "/latest/...": the metadata service, by the setting `imds`. */
void metadata_answer(struct simulator *simulator, const struct request *request,
                     struct reply *reply);

/* "/credentials-uri": by the setting `credentials_uri`. */
void credentials_uri_answer(struct simulator *simulator, const struct request *request,
                            struct reply *reply);

#endif
