#include "sync/proof.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "base/text.h"
#include "store/state.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const char *const method_names[] = {
    [PROOF_NONE] = "none",   [PROOF_ONE_ANSWER] = "one answer", [PROOF_FULL] = "full scan",
    [PROOF_DELTA] = "delta", [PROOF_PLAIN] = "complete scans",  [PROOF_SKIPPED] = "skipped"};

static const char *const children_names[] = {
    [CHILDREN_UNKNOWN] = "unknown",     [CHILDREN_IN_LISTING] = "in the listing",
    [CHILDREN_NONE] = "none",           [CHILDREN_APART] = "apart",
    [CHILDREN_BY_PARENT] = "by parent", [CHILDREN_CANNOT_TELL] = "cannot be told"};

/* The numbers, as the JSON names them. */
#define NUMBER(name)                                                                               \
    {                                                                                              \
#name, offsetof(struct evidence, name)                                                     \
    }
static const struct {
    const char *name;
    size_t offset;
} numbers[] = {
    NUMBER(tries),         NUMBER(total),      NUMBER(rejected), NUMBER(edge),
    NUMBER(edge_is_empty), NUMBER(newer),      NUMBER(older),    NUMBER(older_counted),
    NUMBER(steady),        NUMBER(windows),    NUMBER(halved),   NUMBER(half_older),
    NUMBER(half_newer),    NUMBER(half_whole), NUMBER(types),    NUMBER(types_unseen),
    NUMBER(gone),          NUMBER(ids),        NUMBER(same),     NUMBER(unfiltered),
    NUMBER(rows_checked),
};

static int64_t *number_at(struct evidence *evidence, size_t index)
{
    return (int64_t *)(void *)((char *)evidence + numbers[index].offset);
}

static int64_t number_of(const struct evidence *evidence, size_t index)
{
    return *(const int64_t *)(const void *)((const char *)evidence + numbers[index].offset);
}

void proof_begin(struct evidence *ret_evidence, const char *restore_type, const char *part)
{
    memset(ret_evidence, 0, sizeof(*ret_evidence));
    for (size_t i = 0; i < COUNT(numbers); i++) {
        *number_at(ret_evidence, i) = -1;
    }
    (void)text_fit(ret_evidence->restore_type, sizeof(ret_evidence->restore_type), restore_type);
    (void)text_fit(ret_evidence->part, sizeof(ret_evidence->part), part);
}

void proof_note(struct evidence *evidence, const char *note)
{
    if (evidence->note[0] == '\0') {
        (void)text_fit(evidence->note, sizeof(evidence->note), note);
    }
}

/* --- the verdict --------------------------------------------------------------------------- */

bool proof_total_is_capped(const struct evidence *evidence)
{
    return evidence->half_whole >= 0 &&
           evidence->half_older + evidence->half_newer > evidence->half_whole;
}

/*
 * The check. Every job of `newer` was known before T and listed after it, so it was listed at T.
 * What finished before the edge can only shrink, so where the service still counts as many as there
 * are older ids, all of these were listed at T. The equation leaves room for no other job.
 */
static bool check_holds(const struct evidence *evidence)
{
    return evidence->steady == 1 && evidence->edge_is_empty == 1 && evidence->older >= 0 &&
           evidence->older_counted == evidence->older &&
           evidence->total == evidence->newer + evidence->older;
}

static bool halves_agree(const struct evidence *evidence)
{
    return evidence->half_whole < 0 ||
           evidence->half_older + evidence->half_newer == evidence->half_whole;
}

/* A filter that the service ignores selects everything; where rows cannot be held against it, only
 * fewer jobs than without it show that it was honoured. */
static bool filter_holds(const struct evidence *evidence)
{
    return evidence->unfiltered < 0 || evidence->rows_checked == 1 ||
           evidence->total < evidence->unfiltered || evidence->unfiltered == 0;
}

bool proof_judge(const struct evidence *evidence)
{
    if (evidence->rejected > 0 || !filter_holds(evidence)) {
        return false;
    }
    switch (evidence->method) {
    case PROOF_NONE:
        return false;
    case PROOF_SKIPPED:
        return true;
    case PROOF_ONE_ANSWER:
        return evidence->total >= 0 && evidence->ids == evidence->total &&
               evidence->types_unseen <= 0;
    case PROOF_FULL:
        return check_holds(evidence) && halves_agree(evidence) && evidence->types_unseen <= 0;
    case PROOF_DELTA:
        return check_holds(evidence);
    case PROOF_PLAIN:
        return evidence->same == 1 && evidence->total >= 0 && evidence->ids == evidence->total &&
               halves_agree(evidence) && evidence->types_unseen <= 0;
    }
    return false;
}

/* --- in words ------------------------------------------------------------------------------ */

static void say_reason(const struct evidence *e, struct buffer *text)
{
    if (e->rejected > 0) {
        buffer_printf(text, "%" PRId64 " jobs had no usable RestoreId", e->rejected);
    } else if (!filter_holds(e)) {
        buffer_printf(text,
                      "the filter selects as many jobs (%" PRId64
                      ") as there are without it; the service may ignore it",
                      e->total);
    } else if (e->note[0] != '\0') {
        buffer_puts(text, e->note);
    } else if (proof_total_is_capped(e)) {
        buffer_printf(
            text, "TotalCount ends at %" PRId64 ", although there are at least %" PRId64 " jobs",
            e->half_whole, e->half_older + e->half_newer);
    } else if (e->method == PROOF_PLAIN) {
        buffer_printf(text,
                      "no two complete scans in a row held the same ids (the last held %" PRId64
                      ", TotalCount %" PRId64 ")",
                      e->ids, e->total);
    } else {
        buffer_printf(text,
                      "the counts did not agree: TotalCount %" PRId64 ", %" PRId64
                      " open or recent, %" PRId64 " older, of which the service counts %" PRId64,
                      e->total, e->newer, e->older, e->older_counted);
    }
}

static void say_claim(const struct evidence *e, struct buffer *text)
{
    switch (e->method) {
    case PROOF_NONE:
        break;
    case PROOF_SKIPPED:
        buffer_puts(text, e->note[0] != '\0' ? e->note : "nothing to list");
        break;
    case PROOF_ONE_ANSWER:
        if (e->total == 0) {
            buffer_puts(text, "the service lists no job");
        } else {
            buffer_printf(text, "one answer held all %" PRId64 " jobs", e->total);
        }
        break;
    case PROOF_FULL:
    case PROOF_DELTA:
        buffer_printf(text,
                      "%" PRId64 " jobs at one moment: %" PRId64 " open or recent, %" PRId64
                      " older, as many as the service counts",
                      e->total, e->newer, e->older);
        break;
    case PROOF_PLAIN:
        buffer_printf(text, "two complete scans in a row held the same %" PRId64 " jobs", e->ids);
        break;
    }
    if (e->gone > 0) {
        buffer_printf(text, "; %" PRId64 " gone from the service", e->gone);
    }
    if (e->children == CHILDREN_CANNOT_TELL) {
        buffer_puts(text,
                    "; whether there are children (jobs with a ParentId) besides cannot be told");
    }
}

void proof_sentence(const struct evidence *evidence, char *ret_text, size_t size)
{
    struct buffer text;
    buffer_init(&text, 4096);
    if (evidence->restore_type[0] != '\0') {
        buffer_printf(&text, "%s: ", evidence->restore_type);
    }
    if (evidence->part[0] != '\0') {
        buffer_printf(&text, "%s: ", evidence->part);
    }
    if (proof_judge(evidence)) {
        say_claim(evidence, &text);
    } else {
        say_reason(evidence, &text);
    }
    (void)text_fit(ret_text, size, text.data);
    buffer_free(&text);
}

/* --- JSON ---------------------------------------------------------------------------------- */

static void add_text(struct buffer *json, const char *name, const char *text)
{
    if (text[0] != '\0') {
        buffer_printf(json, ",\"%s\":", name);
        json_quote(json, text, strlen(text));
    }
}

void proof_add_json(struct buffer *json, const struct evidence *evidence)
{
    struct buffer one;
    char sentence[1024];
    proof_sentence(evidence, sentence, sizeof(sentence));
    buffer_init(&one, 8192);
    buffer_printf(&one, "{\"proved\":%s,\"method\":\"%s\"",
                  proof_judge(evidence) ? "true" : "false", method_names[evidence->method]);
    add_text(&one, "restore_type", evidence->restore_type);
    add_text(&one, "part", evidence->part);
    add_text(&one, "note", evidence->note);
    if (evidence->children != CHILDREN_UNKNOWN) {
        add_text(&one, "children", children_names[evidence->children]);
    }
    for (size_t i = 0; i < COUNT(numbers); i++) {
        if (number_of(evidence, i) >= 0) {
            buffer_printf(&one, ",\"%s\":%" PRId64, numbers[i].name, number_of(evidence, i));
        }
    }
    add_text(&one, "sentence", sentence);
    buffer_putc(&one, '}');
    if (!one.failed && json->length + one.length + 2 <= json->maximum) {
        buffer_printf(json, "%c%s", json->length == 0 ? '[' : ',', one.data);
    }
    buffer_free(&one);
}

void proof_close_json(struct buffer *json)
{
    if (json->length > 0) {
        buffer_putc(json, ']');
    }
}
