#include "cli/sync_service.h"

static bool submit(void *context, const struct hbr_query *query, void *tag, struct error *err)
{
    return hbr_list_submit(context, query, tag, err);
}

static bool wait_for_answer(void *context, struct sync_answer *ret_answer, struct error *err)
{
    if (!hbr_list_wait(context, &ret_answer->page, &ret_answer->tag, &ret_answer->failure, err)) {
        return false;
    }
    ret_answer->refusal = hbr_refusal_of(&ret_answer->failure);
    return true;
}

static void cancel(void *context)
{
    struct hbr_service *service = context;
    acs_client_cancel(service->client);
}

static struct sync_usage usage(const void *context)
{
    const struct hbr_service *service = context;
    struct acs_client_counters counters = acs_client_counters(service->client);
    return (struct sync_usage){
        .requests = (int64_t)counters.requests,
        .retries = (int64_t)counters.retries,
        .throttled = (int64_t)counters.throttled,
        .unsent = (int64_t)acs_client_unsent(service->client),
    };
}

struct sync_service sync_service_of(struct hbr_service *service)
{
    return (struct sync_service){service, submit, wait_for_answer, cancel, usage};
}
