"""Every fault of the service, at every kind of place: a run ends in time, and what it claims is true.

Once or for ever, at the first, a middle and the last request, of a first sync and of a delta: exit 0 with the truth in
the database, or a failure that says so, moves no watermark and stores nothing that the service never said.
"""
import collections
import itertools
import os
import random
import shutil
import sqlite3
import time
import unittest

import harness

PATIENCE = 60  # seconds a run may take whose attempts take 2 and whose retries end after 3; no test waits for it
OPTIONS = ("--region", "cn-hangzhou", "--edition", "STANDARD", "--account-id", harness.ACCOUNT, "--page-size", 20,
           "--timeout", "2s", "--retry-for", "3s")

FAULTS = [
    ("close", {}), ("reset", {}), ("cut", {}), ("stall", {"seconds": 20}), ("slow", {"delay_ms": 1}),
    ("garbled", {}), ("not_json", {}), ("html", {}), ("empty_body", {}), ("wrong_types", {}), ("duplicate_rows", {}),
    *(("wrong_json", {"mode": mode}) for mode in ("object", "array", "string", "null", "number", "rows_object",
                                                  "rows_strings")),
    *(("nul_id", {"mode": mode}) for mode in ("absent", "empty", "number", "null")),
    *(("http", {"status": status, "code": ""}) for status in (400, 401, 403, 404, 408, 429, 500, 502, 503, 504)),
    *(("http", {"status": status, "code": code}) for status, code in (
        (400, "InvalidParameter"), (400, "MissingParameter"), (400, "SignatureNonceUsed"), (403, "NoPermission"),
        (403, "ServiceNotActivated"), (404, "InvalidApi.NotFound"), (404, "InvalidAccessKeyId.NotFound"),
        (429, "Throttling.Api"), (500, "InternalError"), (503, "ServiceUnavailable"))),
    ("http", {"status": 204, "code": ""}), ("http", {"status": 599, "code": "Odd"}),
    ("throttle", {}), ("throttle", {"retry_after_ms": 10}), ("throttle", {"time_left_ms": 600000}),
    ("throttle", {"retry_after_ms": 999999999}),
    ("success_false", {}), ("success_false", {"code": "Throttling.User"}), ("success_false", {"code": "200"}),
    ("success_false", {"code": "InvalidParameter"}),
    ("token_expired", {}), ("redirect", {}), ("redirect", {"location": "https://127.0.0.1:1/"}),
    ("gzip_bomb", {}), ("gzip_bomb", {"bytes": 1 << 33}), ("huge", {}),
]
# After these a row may hold what the service really said, though it is not the truth: only a full walk mends it.
LIES = ("wrong_types",)
# These give way to a retry, or spoil nothing: once is not enough to make a run fail.
HARMLESS_ONCE = ("close", "reset", "cut", "slow", "garbled", "not_json", "empty_body")

Case = collections.namedtuple("Case", "kind more way place count")


def cases():
    for (kind, more), way, place, count in itertools.product(FAULTS, ("first", "delta"), ("first", "middle", "last"),
                                                             (1, 0)):
        yield Case(kind, more, way, place, count)


def sample(all_cases):
    """Every kind of fault, once and for ever, at some place of some way."""
    by_kind = collections.defaultdict(list)
    for case in all_cases:
        by_kind[case.kind, case.count].append(case)
    dice = random.Random(4)
    for group in by_kind.values():
        yield dice.choice(group)


class Service:
    """A world at rest, a database of it as it was a little earlier, and what a run of each way costs."""

    def __init__(self, cell):
        self.cell = cell
        self.simulator = cell.start("--jobs", 55, "--basic-jobs", 0, "--regions", "cn-hangzhou", "--seed", 5)
        self.base = cell.path("base.db")
        self.first = self.measure()
        shutil.copy(cell.database, self.base)
        self.before = self.simulator.truth()
        self.simulator.move(edition="STANDARD", create=2, create_closed=3, start=1, finish=1, vanish_old=2)
        self.gone = set(self.before) & self.simulator.vanished()
        self.start_over("delta")
        self.delta = self.measure()
        self.truth = self.simulator.truth()
        self.simulator.set(wrong_types=1)
        self.wrong = self.simulator.truth()
        self.simulator.set(wrong_types=0)

    def measure(self):
        """Syncs at peace and returns the number of requests it takes."""
        self.simulator.clear_log()
        result = self.sync()
        self.cell.assertEqual(result.status, 0, result)
        connection = sqlite3.connect(self.cell.database)
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.close()
        return len(self.simulator.requests())

    def sync(self, *more):
        return self.cell.sync(*OPTIONS, *more, status=None)

    def start_over(self, way):
        for suffix in ("", "-wal", "-shm"):
            if os.path.exists(self.cell.database + suffix):
                os.remove(self.cell.database + suffix)
        if way == "delta":
            shutil.copy(self.base, self.cell.database)

    def watermarks(self):
        if not os.path.exists(self.cell.database):
            return []
        return self.cell.query("SELECT restore_type, updated_time, full_walk_at FROM sync_watermark"
                               " WHERE updated_time > 0 OR full_walk_at > 0")

    def check_rows(self, case):
        """No row that the service never showed, no mark on a job that is listed."""
        if not os.path.exists(self.cell.database):
            return
        for key, entry in harness.stored_jobs(self.cell.database).items():
            states = [jobs[key][2] for jobs in (self.truth, self.before) if key in jobs]
            if case.kind in LIES and key in self.wrong:
                states.append(self.wrong[key][2])
            rows = {table: row for table, row in entry.items() if table not in ("source", "missing_since")}
            self.cell.assertIn(rows, [harness.expected_job(job) for job in states])
            if entry["missing_since"] is not None:
                self.cell.assertNotIn(key, self.truth, "marked missing")

    def missing(self):
        """The ids that must be marked: those stored before they vanished."""
        return {row[0] for row in self.cell.query("SELECT restore_id FROM restore_job")} - set(self.truth)

    def check_done(self, case):
        if case.kind in LIES:
            stored = harness.stored_jobs(self.cell.database)
            self.cell.assertEqual(set(self.truth) - set(stored), set(), "jobs missed")
            marked = {key for key, entry in stored.items() if entry["missing_since"] is not None}
            self.cell.assertEqual(marked, set(stored) - set(self.truth))
        else:
            self.cell.assert_equals_truth(missing=self.missing())

    def meet(self, case):
        cell = self.cell
        self.start_over(case.way)
        before = self.watermarks()
        requests = self.first if case.way == "first" else self.delta
        at = {"first": 1, "middle": (requests + 1) // 2, "last": requests}[case.place]
        self.simulator.control("clear_faults", {})
        self.simulator.fault(case.kind, at=at, count=case.count, action="DescribeRestoreJobs2", **case.more)
        self.simulator.clear_log()
        began = time.monotonic()
        result = self.sync()
        took = time.monotonic() - began
        met = sum(entry["fault"] for entry in self.simulator.requests())
        self.simulator.control("clear_faults", {})
        cell.assertGreater(met, 0, "the fault was not met")
        cell.assertLess(took, PATIENCE)
        cell.assertIn(result.status, (0, 4, 5, 8), result)
        cell.check_database()
        self.check_rows(case)
        if result.status == 0:
            self.check_done(case)
        else:
            cell.assertRegex(result.stderr, r"(?m)^hbrsync: error: .{20}", result)
            cell.assertEqual(self.watermarks(), before, f"a failed run moved the watermark: {result}")
        if case.kind in HARMLESS_ONCE and case.count == 1:
            cell.assertEqual(result.status, 0, result)
        result = self.sync(*(["--full"] if case.kind in LIES else []))
        cell.assertEqual(result.status, 0, f"after the fault: {result}")
        cell.assert_equals_truth(missing=self.missing())
        return case


def meet_all(cell, group):
    """One service for a group of cases: faults leave the world as it is. Returns what failed."""
    service = Service(cell)
    failures = []
    for case in group:
        try:
            service.meet(case)
        except Exception as error:  # the other cases are worth a look all the same
            failures.append(f"{case}: {error}")
    return failures


class Faults(harness.TestCase):
    def test_every_fault(self):
        chosen = list(cases() if harness.LONG else sample(cases()))
        at_once = 6  # most of the time is spent waiting
        groups = [chosen[first::at_once] for first in range(at_once)]
        self.assertGreaterEqual(len(chosen), 40)
        failures = sum(harness.run_cells(self, groups, meet_all, at_once), [])
        shown = "\n".join(failures[:20])
        self.assertEqual(len(failures), 0, f"of {len(chosen)} cases:\n{shown}")

    def test_sample_covers_every_kind(self):
        chosen = list(sample(cases()))
        self.assertEqual({case.kind for case in chosen}, {kind for kind, _ in FAULTS})
        for names in ("way", "place", "count"):
            self.assertEqual({getattr(case, names) for case in chosen}, {getattr(case, names) for case in cases()})


if __name__ == "__main__":
    unittest.main()
