/* What users write: filters, durations, periods, names of time. */
#include "base/clock.h"
#include "base/text.h"
#include "cli/period.h"
#include "fuzz.h"
#include "hbr/filter.h"

static void read_filter(const char *text)
{
    struct hbr_filter_text filter;
    struct error err;
    if (hbr_filter_parse(text, &filter, &err)) {
        FUZZ_REQUIRE(filter.filter.value_count >= 1 &&
                     filter.filter.value_count <= HBR_FILTER_VALUES_MAX);
        hbr_filter_free(&filter);
    }
}

static void read_times(const char *text)
{
    int64_t seconds = 0;
    struct error err;
    if (text_to_duration(text, &seconds)) {
        FUZZ_REQUIRE(seconds >= 0 && seconds <= INT64_C(10) * 366 * 86400);
    }
    if (clock_from_rfc3339(text, &seconds)) {
        char iso[CLOCK_ISO8601_SIZE];
        int64_t again = 0;
        FUZZ_REQUIRE(clock_to_iso8601(seconds, iso));
        FUZZ_REQUIRE(clock_from_rfc3339(iso, &again) && again == seconds);
    }
    (void)clock_from_http_date(text, &seconds);
    (void)period_parse("--since", text, 1795000000, &seconds, &err);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = fuzz_text(data, size);
    read_filter(text);
    read_times(text);
    free(text);
    return 0;
}
