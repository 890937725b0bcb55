"""Named faults of the sync core, for mutants.sh: mutants.py names; mutants.py apply NAME SOURCE-FOLDER."""
import pathlib
import sys

# (name, file below src/sync, text that stands there exactly once, what stands there instead)
# Left out, because the rest of the check catches what they break:
# - windows read before the open jobs are known (the next try knows them), windows of the last minutes believed, or any
#   window taken for settled (the older are counted afterwards), no question by id (the sum does not come out, and
#   complete scans follow; test_sync_core.c counts the requests);
# - a listing that may move (what it held was listed after T all the same, and the sum misses what it lost), a delta's
#   edge without the overlap (only more tries, or a full scan: the older are counted), what vanished not counted (one
#   answer shows what is gone, and the next try counts), a TotalCount that its page contradicts (the page's own rows are
#   known then, and the sum does not come out), halves that do not agree while the rest does (the capped count of the
#   older is another one).
# - one refusal of the plain listing believed (every type of these worlds is known, so all jobs are found by type), or
#   any failure taken for a refusal (what is refused is asked for once more).
# Left out, because they are real and need more coincidences than a minute of random play brings:
# - an edge that is inhabited (a job of that second, one that vanished and one that nobody knows, at once), ids of
#   complete scans not compared (the last one loses a job, and its ids are as many as TotalCount all the same), jobs of
#   the other edition that go over and count as known (both editions and a job that moves at the very T).
MUTANTS = [
    ("arrived-jobs-count-as-known", "check.c",
     "    row_set_subtract(&after, &scope->scanner.arrived);\n", ""),
    ("the-older-are-not-counted", "proof.c",
     "           evidence->older_counted == evidence->older &&\n", ""),
    ("t-is-asked-first-of-all-and-never-again", "listing.c",
     "    bool done = check_total(scope, NULL, err);\n",
     "    bool done = true;\n    row_set_free(&scope->scanner.arrived);\n"),
    ("marks-before-proof", "commit.c",
     "    bool written = (proved ? write_proved(scope, &marked, err) : write_unproved(scope, err)) &&\n",
     "    bool written = mark_gone(scope, &marked, err) &&\n"
     "                   (proved ? write_proved(scope, &marked, err) : write_unproved(scope, err)) &&\n"),
    ("the-watermark-moves-unproved", "commit.c",
     "    bool written = (proved ? write_proved(scope, &marked, err) : write_unproved(scope, err)) &&\n",
     "    bool written = (proved ? write_proved(scope, &marked, err) : move_watermark(scope, 0, err)) &&\n"),
    ("one-refusal-is-believed", "scan.c",
     "    return result->refused && query->kind == SCAN_ALL;",
     "    return result->refused && query->kind == SCAN_ALL && query->first_page_only && !query->first_page_only;"),
    ("listed-again-and-still-gone", "check.c",
     "    row_set_subtract(&scope->gone, &after); /* listed again */\n", ""),
    ("the-equation-leaves-room", "proof.c",
     "           evidence->total == evidence->newer + evidence->older;",
     "           evidence->total >= evidence->newer + evidence->older;"),
    ("windows-are-not-widened", "windows.c",
     "    int64_t from = window->from > 1 ? window->from - 1 : 1; /* 0 may be what open jobs have */",
     "    int64_t from = window->from;"),
    ("no-page-after-a-full-last-one", "scan.c",
     "    return full < PAGES_MAX ? full + 1 : PAGES_MAX + 1; /* the latter is not believed */",
     "    full += total % reader->result->page_size != 0 ? 1 : 0;\n    return full < PAGES_MAX ? full : PAGES_MAX + 1;"),
    ("types-are-not-held", "types.c",
     "    scope->evidence.types_unseen = row_set_count_outside(&again, &scope->held);\n",
     "    scope->evidence.types_unseen = 0;\n"),
    ("types-are-not-counted", "types.c",
     "    *ret_counted = sum <= scope->evidence.total;", "    *ret_counted = sum >= 0;"),
    ("a-first-child-shows-that-parentid-selects", "children.c",
     "        if (!ignored) {\n            return true;\n        }\n",
     "        scope->has_children = !ignored;\n        return true;\n"),
    ("children-apart-are-forgotten", "children.c",
     "    if (!keeps) {\n        scope->capabilities", "    if (!keeps || typed) {\n        scope->capabilities"),
    ("a-failure-of-the-children-is-none", "scope_sync.c",
     "    return scope->full ? children_after_full(scope, err) : children_after_delta(scope, err);",
     "    return (scope->full ? children_after_full(scope, err) : children_after_delta(scope, err)) || true;"),
    ("types-leave-the-proof-of-the-listing", "task.c",
     "    if (!commit_listed_by_type(task->store, &task->source, err) || !types_read(task, types, err)) {\n",
     "    if (!types_read(task, types, err)) {\n"),
    ("emptiness-on-the-way-is-believed", "scope_sync.c",
     "    if (!began_empty && !*ret_by_type && scope->evidence.total == 0) {",
     "    if (!began_empty && !*ret_by_type && scope->evidence.total == -2) {"),
    ("one-complete-scan-is-enough", "listing.c",
     "    evidence->same = evidence->tries > 1 && row_set_equal(before, &read->rows);",
     "    evidence->same = before != NULL;"),
    ("seen-is-not-enough", "commit.c",
     "    row_set_subtract(gone, &scope->scanner.seen);", "    row_set_subtract(gone, &scope->held);"),
    ("emptiness-is-believed-at-once", "scope_sync.c",
     "    if (scope->watermark.empty_since != 0) {", "    if (stored > 0) {"),
    ("halves-are-not-counted", "listing.c",
     "    if (evidence->half_whole < 0 && !count_halves(scope, err)) {",
     "    if (evidence->half_whole == -2 && !count_halves(scope, err)) {"),
    ("a-delta-does-not-read-back-to-the-last-proof", "listing.c",
     "    int64_t edge = watermark->cut_time < scope->date ? watermark->cut_time : scope->date;\n"
     "    if (watermark->updated_time > 0 && watermark->updated_time < edge) {",
     "    int64_t edge = scope->date;\n    if (watermark == NULL) {"),
    ("a-filter-may-be-ignored", "scan_page.c",
     "        result->mismatched = result->mismatched || !satisfies(query, asked, job);\n",
     "        result->mismatched = result->mismatched && satisfies(query, asked, job);\n"),
    ("a-refused-type-has-no-job", "types.c",
     "        if (done && result->refused) {", "        if (done && result->refused && count > 0) {"),
]


def apply(name, folder):
    for known, file, search, replacement in MUTANTS:
        if known == name:
            path = pathlib.Path(folder) / "sync" / file
            text = path.read_text()
            if text.count(search) != 1:
                sys.exit(f"{name}: the text stands {text.count(search)} times in {path}, not once")
            path.write_text(text.replace(search, replacement))
            return
    sys.exit(f"no mutant of the name {name}")


def main():
    if sys.argv[1:] == ["names"]:
        names = [mutant[0] for mutant in MUTANTS]
        if len(set(names)) != len(names):
            sys.exit("two mutants have one name")
        print("\n".join(names))
    elif len(sys.argv) == 4 and sys.argv[1] == "apply":
        apply(sys.argv[2], sys.argv[3])
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    main()
