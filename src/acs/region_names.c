#include "acs/region_names.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"

/* Source: the SDKs' table of endpoints. A region that is missing here works all the same. */
static const char *const regions[] = {"ap-northeast-1",
                                      "ap-northeast-2",
                                      "ap-south-1",
                                      "ap-southeast-1",
                                      "ap-southeast-2",
                                      "ap-southeast-3",
                                      "ap-southeast-5",
                                      "ap-southeast-6",
                                      "ap-southeast-7",
                                      "ap-southeast-8",
                                      "cn-beijing",
                                      "cn-beijing-finance-1",
                                      "cn-beijing-gov-1",
                                      "cn-chengdu",
                                      "cn-guangzhou",
                                      "cn-hangzhou",
                                      "cn-hangzhou-finance",
                                      "cn-heyuan",
                                      "cn-hongkong",
                                      "cn-huhehaote",
                                      "cn-qingdao",
                                      "cn-shanghai",
                                      "cn-shanghai-finance-1",
                                      "cn-shenzhen",
                                      "cn-shenzhen-finance-1",
                                      "cn-wulanchabu",
                                      "cn-zhangjiakou",
                                      "cn-zhongwei",
                                      "eu-central-1",
                                      "eu-west-1",
                                      "me-central-1",
                                      "me-east-1",
                                      "na-south-1",
                                      "us-east-1",
                                      "us-southeast-1",
                                      "us-west-1"};

void acs_region_suggest(const char *host, struct error *err)
{
    char label[64];
    const char *dot = strchr(host, '.');
    const char *name = dot != NULL ? dot + 1 : "";
    struct text_nearest nearest = {.word = label};
    (void)snprintf(label, sizeof(label), "%.*s", (int)strcspn(name, "."), name);
    for (size_t i = 0; i < sizeof(regions) / sizeof(regions[0]); i++) {
        if (strcmp(label, regions[i]) == 0) {
            return;
        }
        text_nearest_try(&nearest, regions[i]);
    }
    (void)text_did_you_mean(&nearest, "", err);
}
