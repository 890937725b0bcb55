#include "hbr/service.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"

#define HBR_VERSION "2017-09-08"
#define ENDPOINT_MAX 512
#define REGIONS_MAX 500
#define NAME_SIZE 72
#define NUMBER_SIZE 24

const char *hbr_endpoint_default(bool vpc)
{
    return vpc ? "https://hbr-vpc.{region}.aliyuncs.com" : "https://hbr.{region}.aliyuncs.com";
}

bool hbr_endpoint_for_region(const struct hbr_service *service, const char *region, char *target,
                             size_t size, struct error *err)
{
    const char *pattern = service->endpoint;
    if (strcmp(region, "cn-beijing-gov-1") == 0 &&
        strcmp(pattern, hbr_endpoint_default(false)) == 0) {
        pattern = "https://hbr.aliyuncs.com"; /* source: the SDKs' table of endpoints */
    }
    return acs_endpoint_for_region(pattern, region, target, size, err);
}

/* The parameters of one request; the names of filters and the numbers need room of their own. */
struct parameters {
    struct acs_parameter list[ACS_PARAMETERS_MAX];
    char names[ACS_PARAMETERS_MAX][NAME_SIZE];
    size_t count;
};

PRINTF_LIKE(3, 4)
static bool add(struct parameters *parameters, const char *value, const char *name, ...)
{
    if (parameters->count == ACS_PARAMETERS_MAX) {
        return false;
    }
    char *copy = parameters->names[parameters->count];
    va_list args;
    va_start(args, name);
    (void)vsnprintf(copy, NAME_SIZE, name, args);
    va_end(args);
    parameters->list[parameters->count++] = (struct acs_parameter){copy, value};
    return true;
}

/* Filters.1.Key=VaultId&Filters.1.Operator=IN&Filters.1.Values.1=v-1&... */
static bool add_filter(struct parameters *parameters, size_t number,
                       const struct hbr_filter *filter)
{
    bool ok = add(parameters, filter->key, "Filters.%zu.Key", number) &&
              add(parameters, filter->op, "Filters.%zu.Operator", number);
    for (size_t i = 0; i < filter->value_count; i++) {
        ok = ok && add(parameters, filter->values[i], "Filters.%zu.Values.%zu", number, i + 1);
    }
    return ok;
}

static bool add_query(struct parameters *parameters, const struct hbr_query *query,
                      const char *page_number, const char *page_size)
{
    bool ok = add(parameters, page_number, "PageNumber") && add(parameters, page_size, "PageSize");
    if (strcmp(query->edition, "STANDARD") != 0) {
        ok = ok && add(parameters, query->edition, "Edition");
    }
    if (query->restore_type != NULL && query->restore_type[0] != '\0') {
        ok = ok && add(parameters, query->restore_type, "RestoreType");
    }
    for (size_t i = 0; i < query->filter_count; i++) {
        ok = ok && add_filter(parameters, i + 1, &query->filters[i]);
    }
    return ok;
}

bool hbr_list_submit(const struct hbr_service *service, const struct hbr_query *query, void *tag,
                     struct error *err)
{
    char endpoint[ENDPOINT_MAX], page_number[NUMBER_SIZE], page_size[NUMBER_SIZE];
    if (!hbr_endpoint_for_region(service, query->region, endpoint, sizeof(endpoint), err)) {
        return false;
    }
    struct parameters *parameters = calloc(1, sizeof(*parameters));
    if (parameters == NULL) {
        return error_no_memory(err);
    }
    (void)snprintf(page_number, sizeof(page_number), "%" PRId64, query->page_number);
    (void)snprintf(page_size, sizeof(page_size), "%" PRId64, query->page_size);
    bool ok = add_query(parameters, query, page_number, page_size);
    if (!ok) {
        error_set(err, ERROR_USAGE, "a request with more than %d parameters", ACS_PARAMETERS_MAX);
    } else {
        struct acs_request request = {
            .endpoint = endpoint,
            .region = query->region,
            .action = "DescribeRestoreJobs2",
            .version = HBR_VERSION,
            .parameters = parameters->list,
            .parameter_count = parameters->count,
            .check = hbr_page_check,
            .tag = tag,
        };
        ok = acs_client_submit(service->client, &request, err);
    }
    free(parameters);
    return ok;
}

bool hbr_list_wait(const struct hbr_service *service, struct hbr_page *ret_page, void **ret_tag,
                   struct error *ret_failure, struct error *err)
{
    struct acs_answer answer;
    memset(ret_page, 0, sizeof(*ret_page));
    error_clear(ret_failure);
    if (!acs_client_wait(service->client, &answer, err)) {
        return false;
    }
    *ret_tag = answer.tag;
    if (!answer.ok) {
        *ret_failure = answer.error;
        acs_answer_free(&answer);
    } else if (hbr_page_decode(answer.root, ret_page, ret_failure)) { /* which takes it over */
        ret_page->date = answer.date;
    } else {
        (void)snprintf(ret_failure->request_id, sizeof(ret_failure->request_id), "%s",
                       answer.request_id);
    }
    return true;
}

bool hbr_regions(const struct hbr_service *service, const char *region,
                 bool (*visit)(const char *region_id, void *context, struct error *err),
                 void *context, size_t *ret_unusable, struct error *err)
{
    char endpoint[ENDPOINT_MAX];
    if (!hbr_endpoint_for_region(service, region, endpoint, sizeof(endpoint), err)) {
        return false;
    }
    struct acs_request request = {.endpoint = endpoint,
                                  .region = region,
                                  .action = "DescribeRegions",
                                  .version = HBR_VERSION};
    struct acs_answer answer;
    if (!acs_client_call(service->client, &request, &answer, err)) {
        return false;
    }
    const struct json_node *list = json_find(json_find(answer.root, "Regions"), "Region");
    size_t count = list->kind == JSON_ARRAY ? list->length : 0;
    bool ok = true;
    *ret_unusable = 0;
    if (count > REGIONS_MAX) {
        ok = error_set(err, ERROR_SERVICE, "DescribeRegions lists %zu regions", count);
    }
    const struct json_node *node = count > 0 ? list->first : NULL;
    for (; ok && node != NULL; node = node->next) {
        char id[64];
        struct error ignored;
        if (json_find_text(node, "RegionId", id, sizeof(id)) && acs_region_check(id, &ignored) &&
            !acs_client_holds_secret(service->client, id)) {
            ok = visit(id, context, err);
        } else {
            ++*ret_unusable;
        }
    }
    if (ok && *ret_unusable == count) {
        ok = error_set(err, ERROR_SERVICE, "DescribeRegions lists no region with a usable id");
    }
    acs_answer_free(&answer);
    return ok;
}
