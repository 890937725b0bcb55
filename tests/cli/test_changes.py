"""`changes`: what became of jobs in some runs, against the service's own states before and after them."""
import fcntl
import json
import unittest

import harness

FAILED = {"FAILED", "EXPIRED", "CLIENT_DELETED"}


def kind_of(before, after):
    """What a job became, by its states before and after, None where the service does not list it."""
    old = before and before.get("Status")
    if after is None:
        return "gone"
    if old not in harness.FINAL_STATUSES and after["Status"] in harness.FINAL_STATUSES:
        return "failed" if after["Status"] in FAILED else "finished"
    if before is None:
        return "new"
    return "started" if after["Status"] == "RUNNING" and old != "RUNNING" else "changed"


class Changes(harness.TestCase):
    def setUp(self):
        super().setUp()
        self.start("--jobs", 80, "--basic-jobs", 0, "--regions", "cn-hangzhou")
        self.sync()

    def jobs(self):
        return {key: job for key, (_, _, job) in self.simulator.truth().items()}

    def changes(self, *arguments, status=0):
        result = self.run_hbrsync("--db", self.database, "changes", *arguments)
        self.assertEqual(result.status, status, result)
        return result

    def listed(self, *arguments):
        """{restore_id: row}"""
        rows = self.changes("--json", *arguments).json()["changes"]
        self.assertEqual(len({row["restore_id"] for row in rows}), len(rows), "a job has one row")
        return {row["restore_id"]: row for row in rows}

    def step(self, **verbs):
        """Moves the world and syncs; what the service's states make of it, and what `changes` tells of that run."""
        before = self.jobs()
        run = self.query("SELECT max(run_id) FROM sync_run")[0][0]
        self.simulator.move(**verbs)
        self.sync()
        after = self.jobs()
        wanted = {key: kind_of(before.get(key), after.get(key)) for key in {*before, *after}
                  if before.get(key) != after.get(key)}
        rows = self.listed("--after-run", run)
        self.assertEqual({key: row["kind"] for key, row in rows.items()}, wanted)
        self.assertEqual({key for key, row in rows.items() if row["is_new"]}, set(after) - set(before))
        for key, row in rows.items():
            if key in after:
                self.assertEqual((row["old_status"], row["status"]),
                                 (before.get(key, {}).get("Status"), after[key]["Status"]))
        return rows

    def test_each_kind(self):
        kinds = set()
        start = self.jobs()
        for verbs in ({"create": 4}, {"start": 2}, {"progress": 3}, {"finish": 2}, {"fail": 1}, {"vanish": 2},
                      {"create_closed": 6, "start": 5}, {}):
            rows = self.step(**verbs)
            self.assertEqual(bool(rows), bool(verbs))
            kinds |= {row["kind"] for row in rows.values()}
            if verbs == {"progress": 3}:
                self.assertIn("progress", next(iter(rows.values()))["changed_columns"].split(","))
        self.assertEqual(kinds, {"new", "started", "changed", "finished", "failed", "gone"})
        end = self.jobs()
        wanted = {key: kind_of(start.get(key), end.get(key)) for key in {*start, *end}
                  if start.get(key) != end.get(key)}
        self.assertEqual({key: row["kind"] for key, row in self.listed("--after-run", 1).items()}, wanted,
                         "over all runs, the last state against the first")

    def test_gone_and_returned(self):
        key = sorted(key for key, job in self.jobs().items() if job["Status"] == "COMPLETE")[0]
        self.simulator.move(vanish_ids=[key])
        self.sync("--full")
        self.assertEqual({key: "gone"}, {name: row["kind"] for name, row in self.listed("--after-run", 1).items()})
        self.assertIsNotNone(self.listed("--after-run", 1)[key]["missing_since"])
        self.simulator.move(return_ids=[key])
        self.sync("--full")
        self.assertEqual({key: "returned"}, {name: row["kind"] for name, row in self.listed("--after-run", 2).items()})
        self.assertEqual(self.listed("--after-run", 1)[key]["kind"], "changed", "gone and back: it is as it was")

    def test_an_end_that_expires_later_is_told_once(self):
        """COMPLETE that becomes EXPIRED has not failed."""
        key = sorted(key for key, job in self.jobs().items() if job["Status"] == "COMPLETE")[0]
        job = dict(self.jobs()[key], Status="EXPIRED")
        job["UpdatedTime"] += 100
        with open(self.path("jobs"), "w", encoding="utf-8") as file:
            json.dump(job, file)
        self.assertEqual(self.run_hbrsync("--db", self.database, "import", "--account-id", harness.ACCOUNT, "--region",
                                          "cn-hangzhou", self.path("jobs")).status, 0)
        row = self.listed("--after-run", 1)[key]
        self.assertEqual((row["kind"], row["old_status"], row["status"], row["outcome"]),
                         ("changed", "COMPLETE", "EXPIRED", "succeeded"))

    def test_the_cursor_tells_each_end_once(self):
        told, last = [], 1
        for _ in range(5):
            self.simulator.move(create=3, start=2, progress=2, finish=1, fail=1)
            self.sync()
            answer = self.changes("--json", "--after-run", last).json()
            self.assertGreater(answer["last_run_id"], last)
            last = answer["last_run_id"]
            told += [row["restore_id"] for row in answer["changes"] if row["kind"] in ("failed", "finished")]
        self.assertEqual(len(told), 10)
        self.assertEqual(len(set(told)), 10)

    def test_a_sync_under_way_is_left_to_the_next_time(self):
        self.simulator.move(create=2)
        self.sync()
        with open(self.database + ".lock", "rb") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            result = self.changes("--json", "--after-run", 1)
            self.assertEqual(result.json(), {"last_run_id": 1, "changes": []})
            self.assertIn("under way", result.stderr)
        self.assertEqual(self.changes("--json", "--after-run", 1).json()["last_run_id"], 2)

    def test_a_later_run_does_not_count(self):
        """What a run changed is told as it was then, whatever a run after it, left out because it is under way, did."""
        self.simulator.move(create=1)
        self.sync()
        key = next(iter(self.listed("--after-run", 1)))
        self.simulator.move(finish_ids=[key])
        self.sync()
        with open(self.database + ".lock", "rb") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            self.assertEqual(self.listed("--after-run", 1)[key]["kind"], "new")
        self.assertEqual(self.listed("--after-run", 2)[key]["kind"], "finished")

    def test_text(self):
        self.simulator.move(create=1, fail=1)
        self.sync()
        self.change("UPDATE sync_run SET started_at = 1795784400, finished_at = 1795784400 WHERE run_id = 2",
                    "UPDATE restore_job_change SET observed_at = 1795784400 WHERE run_id = 2",
                    "UPDATE sync_run SET finished_at = 1, started_at = 1 WHERE run_id = 1")
        lines = self.changes("--after-run", 1, "--time-zone", "+08:00").stdout.splitlines()
        self.assertEqual(lines[0].split(),
                         "observed_at kind restore_id restore_type region_id old_status status detail".split())
        self.assertEqual(len(lines), 4)
        self.assertTrue(all(line.startswith("2026-11-27 21:00:00 +08:00  ") for line in lines[2:]), lines)
        self.assertEqual(sorted(line.split()[3] for line in lines[2:]), ["failed", "new"])
        self.assertEqual(self.changes("--since", "2026-11-27T13:00:00Z").stdout.count("\n"), 4)
        result = self.changes("--since", "2026-11-27 21:00:01", "--time-zone", "+08:00")
        self.assertEqual(result.stdout, "", "no table where nothing changed")
        self.assertIn("since 2026-11-27 21:00:01 +08:00 (+08:00)", result.stderr)

    def test_sync_shows_them(self):
        """The same as `changes` says of that run, also of one that keeps nothing."""
        self.simulator.move(create=2, finish=1)
        answer = self.sync("--show-changes", "--dry-run").json()
        wanted = {row["restore_id"]: row["kind"] for row in answer["changes"]}
        self.assertEqual(sorted(wanted.values()), ["finished", "new", "new"])
        self.assertEqual(answer["outcome"], "done")
        answer = self.sync("--show-changes").json()
        self.assertEqual({row["restore_id"]: row["kind"] for row in answer["changes"]}, wanted)
        self.assertEqual(answer["changes"], self.changes("--json", "--after-run", 1).json()["changes"])
        self.assertEqual(self.sync("--show-changes").json()["changes"], [])
        self.simulator.move(fail=1)
        result = self.run_hbrsync("--db", self.database, "sync", "--endpoint", self.simulator.endpoint(),
                                  "--all-regions", "--show-changes", "--time-zone", "+08:00")
        lines = result.stdout.splitlines()
        self.assertEqual((result.status, len(lines)), (0, 3), result)
        self.assertRegex(lines[2], r" \+08:00  failed ")
        result = self.sync("--show-changes", "--region", "no_such", status=2)
        self.assertEqual(result.stdout, "")

    def test_wrong_use(self):
        for arguments in (("--since", "soon"), ("--after-run", "-1"), ("operand",), ("--time-zone", "Mars/Base")):
            self.changes(*arguments, status=2)
        self.database = self.path("none.db")
        self.changes(status=6)


if __name__ == "__main__":
    unittest.main()
