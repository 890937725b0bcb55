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
#define THRESHOLDS 4
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

/* The columns of check.sql behind the state, each of all rows as one text. */
enum { MESSAGES, PERFORMANCE, JSON, TEXTS };

struct answer {
    struct buffer texts[TEXTS];
    int state; /* of the first row, which is the worst */
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

static bool take_row(const struct cell *cells, size_t count, void *context, struct error *err)
{
    static const char *const separators[TEXTS] = {"; ", " ", ",\n"};
    struct answer *answer = context;
    bool ok = count == TEXTS + 1;
    answer->state = answer->rows++ == 0 ? (int)cells[0].integer : answer->state;
    for (size_t i = 0; i < TEXTS && ok; i++) {
        struct buffer *text = &answer->texts[i];
        buffer_puts(text, answer->rows > 1 ? separators[i] : "");
        if (i == MESSAGES) {
            put_message(text, cells[1].text, cells[1].length);
        } else {
            buffer_append(text, cells[i + 1].text, cells[i + 1].length);
        }
        ok = buffer_ok(text, "the answer", err);
    }
    return ok;
}

static bool print(struct store *store, const struct store_parameter *parameters, size_t count,
                  bool as_json, int *ret_state, struct error *err)
{
    struct answer answer = {.state = UNKNOWN};
    const struct store_rows rows = {.row = take_row, .context = &answer};
    for (size_t i = 0; i < TEXTS; i++) {
        buffer_init(&answer.texts[i], 8192);
    }
    bool done = query_run(store, "check", parameters, count, &rows, err);
    if (done && as_json) { /* what is printed is checked at the end of main */
        (void)printf("[\n%s\n]\n", answer.texts[JSON].data);
    } else if (done) {
        (void)printf("HBRSYNC %s - %s | %s\n", state_names[answer.state],
                     answer.texts[MESSAGES].data, answer.texts[PERFORMANCE].data);
    }
    for (size_t i = 0; i < TEXTS; i++) {
        buffer_free(&answer.texts[i]);
    }
    *ret_state = answer.state;
    return done;
}

/* --- the command --------------------------------------------------------------------------- */

static bool run(const char *database, struct threshold *thresholds, bool of_instances, int64_t over,
                bool as_json, int *ret_state, struct error *err)
{
    struct store_parameter parameters[2 * THRESHOLDS + 3] = {
        {":instances", integer_cell(of_instances)},
        {":over", integer_cell(over)},
        {":now", integer_cell(clock_now())}};
    struct store *store = NULL;
    bool given = false;
    for (size_t i = 0; i < THRESHOLDS; i++) {
        if (thresholds[i].text != NULL && !parse_threshold(&thresholds[i], err)) {
            return false;
        }
        given = given || thresholds[i].text != NULL;
        for (size_t j = 0; j < 2; j++) {
            parameters[3 + 2 * i + j] = (struct store_parameter){
                thresholds[i].names[j], text_cell(thresholds[i].numbers[j])};
        }
    }
    if (!given) {
        error_set(err, ERROR_USAGE, "nothing to check");
        return error_hint(err, "Give a threshold, such as --max-age 2h,6h.");
    }
    bool done = store_open(database, STORE_READ, &hbr_restore_job_model, &store, err) &&
                print(store, parameters, COUNT(parameters), as_json, ret_state, err);
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
    struct threshold thresholds[THRESHOLDS] = {
        {"max-age", false, {":age_warning", ":age_critical"}, NULL, {"", ""}},
        {"min-success-rate", true, {":rate_warning", ":rate_critical"}, NULL, {"", ""}},
        {"max-open", false, {":open_warning", ":open_critical"}, NULL, {"", ""}},
        {"max-drill-age", false, {":drill_warning", ":drill_critical"}, NULL, {"", ""}}};
    const char *drill_of = "vault";
    int64_t over = 30 * 86400;
    bool json = false;
    struct error err;
    int status = 0;
    const struct cli_option options[] = {
        {"max-age", "W,C", "limits, warning and critical, of each proof's age", CLI_TEXT,
         (void *)&thresholds[0].text, 0, 0, CLI_WHAT},
        {"min-success-rate", "W,C", "least percent of restores that succeeded", CLI_TEXT,
         (void *)&thresholds[1].text, 0, 0, CLI_WHAT},
        {"over", "DURATION", "... of those created in this time", CLI_DURATION, &over, 1,
         TEXT_DURATION_MAX, CLI_WHAT},
        {"max-open", "W,C", "age of the oldest open job", CLI_TEXT, (void *)&thresholds[2].text, 0,
         0, CLI_WHAT},
        {"max-drill-age", "W,C", "since the last success of each vault", CLI_TEXT,
         (void *)&thresholds[3].text, 0, 0, CLI_WHAT},
        {"drill-of", "vault|instance", "... of each", CLI_CHOICE, (void *)&drill_of, 0, 0,
         CLI_WHAT},
        {"json", NULL, "print JSON", CLI_FLAG, &json, 0, 0, CLI_OUTPUT},
    };
    if (!cli_begin("check", options, COUNT(options), argc, argv, &database, NULL, &status)) {
        return status != 0 && argc > 0 ? fail("wrong usage, see `hbrsync check --help`") : 0;
    }
    if (!run(database, thresholds, strcmp(drill_of, "instance") == 0, over, json, &status, &err)) {
        (void)cli_fail(&err);
        return fail(err.message);
    }
    return status;
}
