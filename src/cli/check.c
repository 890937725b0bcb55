/*
 * The command `check`: thresholds for monitoring. One line, performance data and the exit codes of
 * monitoring plugins: https://www.monitoring-plugins.org/doc/guidelines.html.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "cli/cli.h"
#include "cli/query.h"
#include "hbr/restore_job.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define NUMBER_SIZE 24
#define MESSAGE_MAX 300 /* bytes of one check's */
#define UNKNOWN 3       /* the exit code, as are 0 OK, 1 WARNING, 2 CRITICAL */

static const char *const state_names[] = {"OK", "WARNING", "CRITICAL", "UNKNOWN"};

struct threshold {
    const char *option;
    bool is_rate; /* percent that must not be below; else a duration that must not be above */
    const char *names[2]; /* of the query's parameters: when to warn, when it is critical */
    const char *text;     /* "WARN,CRIT" or "CRIT", NULL: not given */
    char numbers[2][NUMBER_SIZE];
};

static bool parse_number(const struct threshold *threshold, const char *text, size_t length,
                         char number[NUMBER_SIZE])
{
    int64_t seconds = 0;
    if (length >= NUMBER_SIZE) {
        return false;
    }
    memcpy(number, text, length);
    number[length] = '\0';
    if (threshold->is_rate) {
        return number[0] >= '0' && number[0] <= '9' && strspn(number, "0123456789.") == length &&
               strchr(number, '.') == strrchr(number, '.') && strtod(number, NULL) <= 100;
    }
    bool done = text_to_duration(number, &seconds);
    (void)snprintf(number, NUMBER_SIZE, "%lld", (long long)seconds);
    return done;
}

static bool parse_threshold(struct threshold *threshold, struct error *err)
{
    const char *text = threshold->text;
    const char *comma = strchr(text, ',');
    const char *last = comma != NULL ? comma + 1 : text;
    if (!parse_number(threshold, last, strlen(last), threshold->numbers[1]) ||
        (comma != NULL &&
         !parse_number(threshold, text, (size_t)(comma - text), threshold->numbers[0]))) {
        error_set(err, ERROR_USAGE, "--%s: \"%s\" is no threshold", threshold->option, text);
        return error_hint(err, threshold->is_rate
                                   ? "Write percentages: 95,90 warns below 95."
                                   : "Write durations: 2h,6h warns above two hours.");
    }
    double more = strtod(threshold->numbers[1], NULL) - strtod(threshold->numbers[0], NULL);
    return comma == NULL || (threshold->is_rate ? more <= 0 : more >= 0) ||
           error_set(err, ERROR_USAGE, "--%s: \"%s\" is critical before it warns",
                     threshold->option, text);
}

/* --- output -------------------------------------------------------------------------------- */

struct answer {
    struct buffer messages, performance;
    struct store_rows json; /* without a `row`: for people */
    int state;              /* of the first row, which is the worst */
    size_t rows;
};

/* What is in a message may not end it: "|" does, as does the end of a line. */
static void put_message(struct buffer *line, const char *message, size_t length)
{
    size_t start = line->length;
    text_escape(line, message, length, MESSAGE_MAX);
    for (char *bar = line->data + start; (bar = strchr(bar, '|')) != NULL;) {
        *bar = '/';
    }
}

static bool take_columns(const char *const *names, size_t count, void *context, struct error *err)
{
    const struct answer *answer = context;
    return answer->json.row == NULL ||
           answer->json.columns(names, count, answer->json.context, err);
}

static bool take_row(const struct cell *cells, size_t count, void *context, struct error *err)
{
    struct answer *answer = context;
    answer->state = answer->rows++ == 0 ? (int)cells[1].integer : answer->state;
    buffer_puts(&answer->messages, answer->rows > 1 ? "; " : "");
    put_message(&answer->messages, cells[2].text, cells[2].length);
    buffer_putc(&answer->performance, ' ');
    buffer_append(&answer->performance, cells[count - 1].text, cells[count - 1].length);
    return buffer_ok(&answer->messages, "the messages", err) &&
           buffer_ok(&answer->performance, "the performance data", err) &&
           (answer->json.row == NULL || answer->json.row(cells, count, answer->json.context, err));
}

static bool print(struct store *store, const struct store_parameter *parameters, size_t count,
                  bool as_json, int *ret_state, struct error *err)
{
    struct answer answer = {.state = UNKNOWN};
    const struct store_rows rows = {take_columns, take_row, &answer};
    buffer_init(&answer.messages, 8192);
    buffer_init(&answer.performance, 8192);
    bool done = (!as_json || cli_rows_begin(ROWS_JSON, &answer.json, err)) &&
                query_run(store, "check", parameters, count, &rows, err);
    if (answer.json.row != NULL) {
        done = cli_rows_end(&answer.json, done, err);
    }
    if (done && !as_json) {
        (void)printf("HBRSYNC %s - %s |%s\n", state_names[answer.state], answer.messages.data,
                     answer.performance.data); /* checked at the end of main */
    }
    buffer_free(&answer.messages);
    buffer_free(&answer.performance);
    *ret_state = answer.state;
    return done;
}

/* --- the command --------------------------------------------------------------------------- */

struct arguments {
    struct threshold thresholds[4];
    const char *drill_of;
    int64_t over;
    bool json;
};

static bool run(const char *database, struct arguments *arguments, int *ret_state,
                struct error *err)
{
    struct store_parameter parameters[2 * COUNT(arguments->thresholds) + 3];
    struct store *store = NULL;
    size_t given = 0, count = 0;
    for (size_t i = 0; i < COUNT(arguments->thresholds); i++) {
        struct threshold *threshold = &arguments->thresholds[i];
        if (threshold->text != NULL && !parse_threshold(threshold, err)) {
            return false;
        }
        given += threshold->text != NULL;
        parameters[count++] =
            (struct store_parameter){threshold->names[0], text_cell(threshold->numbers[0])};
        parameters[count++] =
            (struct store_parameter){threshold->names[1], text_cell(threshold->numbers[1])};
    }
    bool instances = strcmp(arguments->drill_of, "instance") == 0;
    parameters[count++] = (struct store_parameter){":instances", integer_cell(instances)};
    parameters[count++] = (struct store_parameter){":over", integer_cell(arguments->over)};
    parameters[count++] = (struct store_parameter){":now", integer_cell(clock_now())};
    if (!instances && strcmp(arguments->drill_of, "vault") != 0) {
        return error_set(err, ERROR_USAGE, "--drill-of: \"%s\" is neither vault nor instance",
                         arguments->drill_of);
    }
    if (given == 0) {
        error_set(err, ERROR_USAGE, "nothing to check");
        return error_hint(err, "Give a threshold, such as --max-age 2h,6h.");
    }
    bool done = store_open(database, STORE_READ, &hbr_restore_job_model, &store, err) &&
                print(store, parameters, count, arguments->json, ret_state, err);
    store_close(store);
    return done;
}

/* Whatever keeps the checks from being made is unknown to monitoring; it reads standard output. */
static int fail(const char *message)
{
    struct buffer line;
    buffer_init(&line, MESSAGE_MAX + 8);
    put_message(&line, message, strlen(message));
    (void)printf("HBRSYNC UNKNOWN - %s\n", line.data);
    buffer_free(&line);
    return UNKNOWN;
}

int cli_check(const char *database, int argc, char **argv)
{
    struct error err;
    struct arguments arguments = {
        .thresholds =
            {{"max-age", false, {":age_warning", ":age_critical"}, NULL, {"", ""}},
             {"min-success-rate", true, {":rate_warning", ":rate_critical"}, NULL, {"", ""}},
             {"max-open", false, {":open_warning", ":open_critical"}, NULL, {"", ""}},
             {"max-drill-age", false, {":drill_warning", ":drill_critical"}, NULL, {"", ""}}},
        .drill_of = "vault",
        .over = 30 * 86400};
    struct threshold *thresholds = arguments.thresholds;
    int status = 0;
    const struct cli_option options[] = {
        {"max-age", "W,C", "limits, warning and critical, of each proof's age", CLI_TEXT,
         (void *)&thresholds[0].text, 0, 0, CLI_WHAT},
        {"min-success-rate", "W,C", "least percent of restores that succeeded", CLI_TEXT,
         (void *)&thresholds[1].text, 0, 0, CLI_WHAT},
        {"over", "DURATION", "... of those created in this time", CLI_DURATION, &arguments.over, 1,
         INT64_MAX, CLI_WHAT},
        {"max-open", "W,C", "age of the oldest open job", CLI_TEXT, (void *)&thresholds[2].text, 0,
         0, CLI_WHAT},
        {"max-drill-age", "W,C", "since the last success of each vault", CLI_TEXT,
         (void *)&thresholds[3].text, 0, 0, CLI_WHAT},
        {"drill-of", "KIND", "... of each vault or each instance", CLI_TEXT,
         (void *)&arguments.drill_of, 0, 0, CLI_WHAT},
        {"json", NULL, "print JSON", CLI_FLAG, &arguments.json, 0, 0, CLI_OUTPUT},
    };
    if (!cli_begin("check", options, COUNT(options), argc, argv, &database, NULL, &status)) {
        return status != 0 && argc > 0 ? fail("wrong usage, see `hbrsync check --help`") : 0;
    }
    if (!run(database, &arguments, &status, &err)) {
        (void)cli_fail(&err);
        return fail(err.message);
    }
    return status;
}
