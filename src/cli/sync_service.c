#include "cli/sync_service.h"

static bool submit(void *context, const struct hbr_query *query, void *tag, struct error *err)
{
    struct sync_link *link = context;
    return hbr_list_submit(&link->hbr, query, tag, err);
}

static bool wait_for_answer(void *context, struct sync_answer *ret_answer, struct error *err)
{
    struct sync_link *link = context;
    (void)pthread_mutex_unlock(&link->turn->lock);
    bool ok =
        hbr_list_wait(&link->hbr, &ret_answer->page, &ret_answer->tag, &ret_answer->failure, err);
    (void)pthread_mutex_lock(&link->turn->lock);
    if (ok && link->turn->ended) {
        hbr_page_free(&ret_answer->page);
        return error_set(err, ERROR_INTERRUPTED, "stopped: another source ended the run");
    }
    ret_answer->refusal = ok ? hbr_refusal_of(&ret_answer->failure) : HBR_NO_REFUSAL;
    return ok;
}

static void cancel(void *context)
{
    struct sync_link *link = context;
    acs_client_cancel(link->hbr.client);
}

static struct sync_usage usage(const void *context)
{
    const struct sync_link *link = context;
    struct acs_client_counters counters = acs_client_counters(link->hbr.client);
    return (struct sync_usage){
        .requests = (int64_t)counters.requests,
        .retries = (int64_t)counters.retries,
        .throttled = (int64_t)counters.throttled,
    };
}

struct sync_service sync_service_of(struct sync_link *link)
{
    return (struct sync_service){link, submit, wait_for_answer, cancel, usage};
}
