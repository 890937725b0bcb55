"""Line coverage of src/, measured by the tests that ran in a build with --coverage: coverage.py [--limits] BUILD-FOLDER.

Prints every file. With --limits it prints those below their limit, and fails if there are any: what the program's claims
rest on has the higher one. Other versions of gcc count lines differently; the limits are for gcc 12.
"""
import json
import pathlib
import subprocess
import sys

LIMIT = 85
CLAIMS_LIMIT = 95
# Decoding, signature, proof, upsert and state.
CLAIMS = ("base/json_parse.c", "hbr/page.c", "hbr/restore_job.c", "acs/signature.c", "sync/scan.c", "sync/check.c",
          "sync/windows.c", "sync/listing.c", "sync/proof.c", "sync/commit.c", "sync/types.c", "sync/children.c",
          "sync/scope_sync.c", "sync/task.c", "sync/filtered.c", "base/row_set.c", "store/job_put.c",
          "store/job_query.c", "store/state.c")


def counts(build):
    """{file of src/: {line: times}}"""
    lines = {}
    source_root = pathlib.Path(__file__).resolve().parent.parent / "src"
    objects = sorted((build / "src").rglob("*.gcno"))
    answer = subprocess.run(["gcov", "--json-format", "--stdout", *map(str, objects)], check=True,
                            capture_output=True, text=True, cwd=build)
    for document in answer.stdout.splitlines():
        for file in json.loads(document)["files"]:
            path = pathlib.Path(file["file"])
            if path.suffix != ".c" or source_root not in path.parents:
                continue
            of_file = lines.setdefault(str(path.relative_to(source_root)), {})
            for line in file["lines"]:
                number = line["line_number"]
                of_file[number] = of_file.get(number, 0) + line["count"]
    return lines


def ranges(numbers):
    """[3, 4, 5, 9] -> "3-5 9\""""
    parts = []
    for number in numbers:
        if parts and number == parts[-1][1] + 1:
            parts[-1][1] = number
        else:
            parts.append([number, number])
    return " ".join(f"{first}-{last}" if last > first else str(first) for first, last in parts)


def main():
    limits = sys.argv[1] == "--limits"
    lines = counts(pathlib.Path(sys.argv[-1]).resolve())
    unknown = set(CLAIMS) - set(lines)
    if unknown:
        sys.exit(f"no such files: {sorted(unknown)}")
    low = []
    for name in sorted(lines):
        missed = sorted(number for number, times in lines[name].items() if times == 0)
        percent = 100 * (1 - len(missed) / len(lines[name])) if lines[name] else 100
        limit = CLAIMS_LIMIT if name in CLAIMS else LIMIT
        if percent < limit:
            low.append(name)
        if not limits or percent < limit:
            print(f"{percent:5.1f} %  {name}" + (f"  (not: {ranges(missed)})" if percent < limit else ""))
    executed = sum(times > 0 for of_file in lines.values() for times in of_file.values())
    print(f"{100 * executed / sum(map(len, lines.values())):5.1f} %  all of src/")
    if limits and low:
        sys.exit(f"below the limit of {LIMIT} % ({CLAIMS_LIMIT} % for {', '.join(CLAIMS)}): {', '.join(low)}")


if __name__ == "__main__":
    main()
