#include "cli/doctor_report.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "output/json_put.h"

#define JSON_MAX ((size_t)4 * 1024 * 1024)
#define TEXT_MAX 2048

const char DOCTOR_POLICY[] =
    "{\n"
    "  \"Version\": \"1\",\n"
    "  \"Statement\": [\n"
    "    {\n"
    "      \"Effect\": \"Allow\",\n"
    "      \"Action\": [\"hbr:DescribeRestoreJobs2\", \"hbr:DescribeRegions\"],\n"
    "      \"Resource\": \"*\"\n"
    "    }\n"
    "  ]\n"
    "}\n";

void doctor_report_init(struct doctor_report *report, bool json_wanted)
{
    memset(report, 0, sizeof(*report));
    report->json_wanted = json_wanted;
    buffer_init(&report->json, JSON_MAX);
}

static void keep(struct doctor_report *report, const char *status, const char *check,
                 const char *text, const char *advice)
{
    struct buffer *json = &report->json;
    buffer_puts(json, json->length > 0 ? ",{" : "{");
    json_put_text(json, "check", check);
    json_put_text(json, "status", status);
    json_put_text(json, "text", text);
    json_put_text(json, "advice", advice[0] != '\0' ? advice : NULL);
    buffer_putc(json, '}');
}

static void show(const char *mark, const char *check, const char *text, const char *advice)
{
    struct buffer line;
    buffer_init(&line, (size_t)TEXT_MAX * 16);
    buffer_printf(&line, "%-8s %-11s ", mark, check);
    text_escape(&line, text, strlen(text), TEXT_MAX * 2);
    if (advice[0] != '\0') {
        buffer_printf(&line, "\n%-20s -> ", "");
        text_escape(&line, advice, strlen(advice), TEXT_MAX * 2);
    }
    (void)printf("%s\n", line.data);
    (void)fflush(stdout); /* the next check may take its time; a failure shows at the end */
    buffer_free(&line);
}

static void tell(struct doctor_report *report, const char *status, const char *check,
                 const char *text, const char *advice)
{
    if (report->json_wanted) {
        keep(report, status, check, text, advice);
    } else {
        show(strcmp(status, "fail") == 0 ? "FAIL" : status, check, text, advice);
    }
}

void doctor_tell(struct doctor_report *report, const char *status, const char *check,
                 const char *advice, const char *format, ...)
{
    char text[TEXT_MAX];
    va_list args;
    va_start(args, format);
    if (vsnprintf(text, sizeof(text), format, args) < 0) {
        text[0] = '\0';
    }
    va_end(args);
    report->warnings += strcmp(status, "warning") == 0;
    tell(report, status, check, text, advice);
}

void doctor_fail(struct doctor_report *report, const char *check, const struct error *err)
{
    report->failures++;
    if (report->first_failure == ERROR_NONE) {
        report->first_failure = err->code;
    }
    tell(report, "fail", check, err->message, err->hint);
}

static bool end_json(struct doctor_report *report, struct error *err)
{
    if (!buffer_ok(&report->json, "the report", err)) {
        return false;
    }
    (void)printf("{\"ok\":%s,\"failures\":%zu,\"warnings\":%zu,\"checks\":[%s],\"policy\":%s}\n",
                 report->failures == 0 ? "true" : "false", report->failures, report->warnings,
                 report->json.data, DOCTOR_POLICY);
    return true;
}

bool doctor_report_end(struct doctor_report *report, struct error *err)
{
    bool ok = true;
    if (report->json_wanted) {
        ok = end_json(report, err);
    } else {
        (void)printf("%zu failure%s, %zu warning%s\n", report->failures,
                     report->failures == 1 ? "" : "s", report->warnings,
                     report->warnings == 1 ? "" : "s");
        if (report->policy_wanted) {
            (void)printf("\nThe smallest RAM policy:\n\n%s", DOCTOR_POLICY);
        }
    }
    buffer_free(&report->json);
    return ok;
}
