#include "acs/share.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"

struct acs_share *acs_share_find(struct acs_share **list, const char *name, double rate,
                                 int64_t now_ms)
{
    for (struct acs_share *share = *list; share != NULL; share = share->next) {
        if (strcmp(share->name, name) == 0) {
            return share;
        }
    }
    struct acs_share *share = calloc(1, sizeof(*share));
    if (share == NULL) {
        return NULL;
    }
    share->name = text_copy(name);
    if (share->name == NULL) {
        free(share);
        return NULL;
    }
    acs_rate_limit_init(&share->limit, rate, now_ms);
    share->next = *list;
    *list = share;
    return share;
}

void acs_share_free_all(struct acs_share *list)
{
    while (list != NULL) {
        struct acs_share *next = list->next;
        free(list->name);
        free(list);
        list = next;
    }
}
