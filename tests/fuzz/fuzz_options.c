/* What users write: words of a command line, filters, durations, periods, names of time. */
#include "base/clock.h"
#include "base/text.h"
#include "cli/options.h"
#include "cli/selection.h"
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
    (void)selection_moment("--since", text, 1795000000, &seconds, &err);
}

/* A line is a word. */
static void read_words(char *text)
{
    bool flag = false;
    int64_t number = 7, duration = 90;
    const char *word = NULL, *file = NULL;
    struct cli_list list = {.count = 0}, texts = {.count = 0};
    const struct cli_option options[] = {
        {"flag", NULL, "a flag", CLI_FLAG, &flag, 0, 0, CLI_WHAT},
        {"text", "TEXT", "a text", CLI_TEXT, (void *)&word, 0, 0, CLI_WHAT},
        {"file", "FILE", "a file", CLI_FILE, (void *)&file, 0, 0, CLI_OUTPUT},
        {"region", "ID", "regions", CLI_LIST, &list, 0, 0, CLI_WHERE},
        {"filter", "TEXT", "texts", CLI_TEXTS, &texts, 0, 0, CLI_WHAT},
        {"number", "N", "a number", CLI_INTEGER, &number, 1, 99, CLI_SPEED},
        {"duration", "DURATION", "a duration", CLI_DURATION, &duration, 60, 86400, CLI_SPEED},
        {"help", NULL, "help", CLI_FLAG, &flag, 0, 0, CLI_GENERAL},
    };
    char *argv[66] = {text};
    int argc = 1;
    int operand = 0;
    struct error err;
    for (char *rest = text; rest != NULL && argc < 65;) {
        argv[argc++] = strsep(&rest, "\n");
    }
    error_clear(&err);
    if (cli_parse(options, sizeof(options) / sizeof(options[0]), argc, argv, &operand, &err)) {
        FUZZ_REQUIRE(operand >= 1 && operand <= argc);
    } else {
        FUZZ_REQUIRE(err.code == ERROR_USAGE && err.message[0] != '\0');
    }
    FUZZ_REQUIRE(number >= 1 && number <= 99 && duration >= 60 && duration <= 86400);
    FUZZ_REQUIRE(list.count <= CLI_LIST_MAX && texts.count <= CLI_LIST_MAX);
    FUZZ_REQUIRE(file == NULL || strcmp(file, "-") != 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = fuzz_text(data, size);
    read_filter(text);
    read_times(text);
    read_words(text);
    free(text);
    return 0;
}
