#include "sync/plain.h"

#define SCANS_MAX 5

/* Takes what a scan tells; `before` holds the ids of the one before. *ret_end: no further scan is
 * of use. */
static void take(struct evidence *evidence, const struct scan_result *read,
                 const struct row_set *before, struct plain_result *result, bool *ret_end)
{
    evidence->tries++;
    evidence->total = read->total;
    evidence->ids = row_set_count(&read->rows);
    evidence->same = evidence->tries > 1 && row_set_equal(before, &read->rows);
    result->date = read->date;
    result->refused = read->refused;
    result->refusal = read->refusal;
    result->ignored = read->mismatched;
    if (scan_is_one_answer(read)) {
        evidence->method = PROOF_ONE_ANSWER;
    } else if (read->mismatched) {
        evidence->method = PROOF_NONE;
        proof_note(evidence, "the service ignores what was asked for");
    } else if (read->capped) {
        proof_note(evidence, "deep pages fail, and filters are of no use to read the rest");
    }
    /* Without a TotalCount there is no proof, however often it is read. */
    *ret_end = evidence->method != PROOF_PLAIN || read->refused || read->capped ||
               read->total < 0 || proof_judge(evidence);
}

bool plain_read(struct scope *scope, const struct scan_query *query, struct evidence *evidence,
                struct plain_result *ret_result, struct error *err)
{
    struct row_set before = {0};
    bool done = true;
    bool end = false;
    *ret_result = (struct plain_result){.refused = false};
    evidence->method = PROOF_PLAIN;
    evidence->tries = 0;
    evidence->same = 0;
    for (int i = 0; i < SCANS_MAX && done && !end; i++) {
        struct scan_result read;
        done = scan(&scope->scanner, query, &read, err);
        take(evidence, &read, &before, ret_result, &end);
        row_set_free(&before);
        before = read.rows;
        read.rows = (struct row_set){0};
        scan_result_free(&read);
    }
    ret_result->ids = before;
    return done;
}
