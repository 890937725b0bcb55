"""Killed at any instant: nothing that was claimed is lost, and the next sync carries on.

HBRSYNC_TEST_KILL_AT_STEP makes the program kill itself at its n-th durable step: before and after each commit, and
around the making of files.
"""
import glob
import os
import shutil
import signal
import sqlite3
import unittest

import harness

MOST_STEPS = 2000
AT_ONCE = 4
STRIDE = 1 if harness.LONG else 5  # every so many steps; odd, so that steps before and after a commit take turns
JOBS = 90 if harness.LONG else 42
BASIC_JOBS = 6 if harness.LONG else 0
ONE = ("cn-hangzhou",)
SEVERAL = ("cn-hangzhou", "cn-beijing", "cn-shanghai")  # at once: whose step it is that kills is up to chance


class Victim:
    """A program that is killed, in a cell with a world and a database of its own."""

    def __init__(self, cell, regions=ONE):
        self.cell = cell
        self.regions = regions
        self.gone = set()  # ids that the service lists no more
        self.before = {}   # the truth at the time of the base database
        self.base = None   # where every kill starts from; None: from nothing
        self.base_run = 0  # the last run of the base database
        self.simulator = cell.start("--jobs", JOBS, "--basic-jobs", BASIC_JOBS, "--regions",
                                    ",".join(regions), "--seed", 11)

    def sync(self, *options, kill_at=None):
        environment = self.cell.environment(HBRSYNC_TEST_KILL_AT_STEP=kill_at and str(kill_at))
        editions = [] if BASIC_JOBS else ["--edition", "STANDARD"]
        regions = [option for region in self.regions for option in ("--region", region)]
        return self.cell.sync(*regions, "--page-size", 20, *editions, *options, env=environment, status=None)

    def must_sync(self, about):
        result = self.sync()
        self.cell.assertEqual(result.status, 0, f"{about}: {result}")
        self.cell.check_database()
        self.cell.assert_equals_truth(missing=self.gone)

    def make_base(self):
        """A base database, and a world that has moved on since: every kind of change that a delta has to find."""
        self.keep_base()
        self.simulator.move(edition="STANDARD", create=3, create_closed=25, start=1, finish=1, fail=1)
        finished = [key for key, (_, edition, job) in self.before.items()
                    if edition == "STANDARD" and job.get("CompleteTime")]
        self.gone = set(self.simulator.move(vanish_ids=sorted(finished)[::15])["vanish_ids"])
        self.cell.assertGreater(len(self.gone), 1)

    def keep_base(self):
        self.must_sync("base")
        connection = sqlite3.connect(self.cell.database)
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.close()
        self.base_run = self.cell.query("SELECT max(run_id) FROM sync_run")[0][0]
        self.base = self.cell.path("base.db")
        shutil.copy(self.cell.database, self.base)
        self.before = self.simulator.truth()
        self.simulator.control("advance", {"seconds": 100})  # so that no change has the watermark's second

    def start_over(self):
        for path in glob.glob(self.cell.database + "*"):
            os.remove(path)
        if self.base is not None:
            shutil.copy(self.base, self.cell.database)

    def claims(self):
        """What the database claims to have proved; nothing while there is no schema yet."""
        try:
            return self.cell.query("SELECT region_id, edition, w.updated_time FROM sync_watermark AS w JOIN sync_source"
                                   " USING (source_id) WHERE w.updated_time > 0 AND w.proved = 1")
        except sqlite3.OperationalError:
            return []

    def marks(self):
        """The jobs marked as gone, after a look whether their marks came with the watermark, all in one transaction."""
        cell = self.cell
        try:
            moved = {region for region, in cell.query(
                "SELECT region_id FROM sync_watermark JOIN sync_source USING (source_id)"
                " WHERE edition = 'STANDARD' AND proved = 1 AND run_id > ?", self.base_run)}
            marked = {key for key, in cell.query("SELECT restore_id FROM restore_job WHERE missing_since IS NOT NULL")}
            history = {key for key, in cell.query("SELECT restore_id FROM restore_job_change"
                                                  " WHERE json_type(changed, '$.missing_since') IS NOT NULL")}
        except sqlite3.OperationalError:  # no schema yet
            return set()
        cell.assertEqual(marked, {key for key in self.gone if self.before[key][0] in moved}, "marks and watermark do not come together")
        cell.assertEqual(history, marked)
        return marked

    def look_at_what_is_left(self):
        """Straight after the kill: a sound file, no row that is not true, and no claim that is not."""
        cell = self.cell
        if not os.path.exists(cell.database) or os.path.getsize(cell.database) == 0:
            return
        cell.check_database()
        tables = [row[0] for row in cell.query("SELECT name FROM sqlite_master WHERE type = 'table'")]
        if not tables:
            return
        truth = self.simulator.truth()
        stored = harness.stored_jobs(cell.database)
        for key, entry in stored.items():
            states = [jobs[key][2] for jobs in (truth, self.before) if key in jobs]
            rows = {table: row for table, row in entry.items() if table not in ("source", "missing_since")}
            cell.assertIn(rows, [harness.expected_job(job) for job in states])
            if entry["missing_since"] is not None:
                cell.assertNotIn(key, truth, "marked missing")
        self.marks()
        for region, edition, updated in self.claims():
            listed = {key: job for key, (*its, job) in truth.items() if its == [region, edition]}
            if updated == max(job["UpdatedTime"] for job in listed.values()):
                cell.assertEqual(set(listed) - set(stored), set(), f"{edition}: claimed but not stored")

    def die_and_recover(self, step, *options):
        """Whether the run died at that step; then the next run finishes the work and the one after finds none."""
        cell = self.cell
        self.start_over()
        result = self.sync(*options, kill_at=step)
        if result.status == 0:
            return False
        cell.assertEqual(result.status, -signal.SIGKILL, result)
        self.look_at_what_is_left()
        self.must_sync("resumed")
        cell.assertEqual(cell.query("SELECT count(*) FROM sync_run WHERE outcome = 'running'"), [(0,)])
        after = cell.dump("sync_run")
        self.must_sync("again")
        cell.assertEqual(cell.dump("sync_run"), after, "the second run had to write")
        return True


def kill_from(cell, first, has_base, options, regions):
    """Kills at every AT_ONCE * STRIDE-th step, until a run survives; returns the steps at which it died.

    AT_ONCE of these side by side, in worlds of the same seed, see to every STRIDE-th step.
    """
    victim = Victim(cell, regions)
    if has_base:
        victim.make_base()
    died = []
    for step in range(1 + (first - 1) * STRIDE, MOST_STEPS, AT_ONCE * STRIDE):
        try:
            if not victim.die_and_recover(step, *options):
                return died
        except Exception as error:
            raise AssertionError(f"killed at step {step}: {error}") from error
        died.append(step)
    raise AssertionError(f"still dying at step {MOST_STEPS}")


class Kill(harness.TestCase):
    def kill_at_every_step(self, has_base, *options, regions=ONE):
        died = harness.run_cells(self, range(1, AT_ONCE + 1),
                                 lambda cell, first: kill_from(cell, first, has_base, options, regions), AT_ONCE)
        steps = {step for each in died for step in each}
        # Runs differ by a step or two (how pages arrive is up to the network): up to the shortest, none is left out.
        shortest = min(each[-1] for each in died)
        owed = set(range(1, shortest + 1, STRIDE))
        self.assertEqual(steps & owed, owed)
        return len(steps)

    def test_first_sync(self):
        self.assertGreater(self.kill_at_every_step(False), 20 / STRIDE)

    def test_delta(self):
        self.assertGreater(self.kill_at_every_step(True), 10 / STRIDE)

    def test_forced_full_scan(self):
        self.assertGreater(self.kill_at_every_step(True, "--full"), 20 / STRIDE)

    def test_several_regions_at_once(self):
        self.assertGreater(self.kill_at_every_step(True, regions=SEVERAL), 20 / STRIDE)

    def test_marks_come_with_the_watermark(self):
        """At every single step: either no mark and the old watermark, or all marks and the new one."""
        harness.run_cells(self, [(), ("--full",)], self.kill_around_the_marks, 2)

    @staticmethod
    def kill_around_the_marks(cell, options):
        victim = Victim(cell)
        victim.make_base()
        seen = set()
        for step in range(1, MOST_STEPS):
            victim.start_over()
            result = victim.sync(*options, kill_at=step)
            if result.status == 0:
                break
            cell.assertEqual(result.status, -signal.SIGKILL, result)
            marks = bool(victim.marks())
            if marks not in seen:  # the first kill of all, and the first after the marks
                seen.add(marks)
                victim.look_at_what_is_left()
                victim.must_sync(f"resumed after step {step}")
        cell.assertEqual(seen, {False, True})

    def test_an_update_takes_the_proof_away(self):
        """A run that died once it had stored nothing but changes of known jobs: they are not proved to be all."""
        victim = Victim(self)
        victim.keep_base()
        self.simulator.move(edition="STANDARD", finish=3)
        before = harness.stored_jobs(self.database)
        for step in range(1, MOST_STEPS):
            victim.start_over()
            self.assertEqual(victim.sync(kill_at=step).status, -signal.SIGKILL)
            if harness.stored_jobs(self.database) != before:
                break
        self.assertEqual(set(harness.stored_jobs(self.database)), set(before))
        self.assertNotIn("STANDARD", dict(victim.claims()))

    def test_killed_again_and_again(self):
        """Every run dies a little later than the one before, on one and the same database, until one survives."""
        victim = Victim(self)
        result = None
        for step in range(1, MOST_STEPS, 4):
            result = victim.sync(kill_at=step)
            if result.status == 0:
                break
            self.assertEqual(result.status, -signal.SIGKILL, result)
        self.assertEqual(result.status, 0, f"still dying at step {MOST_STEPS}")
        self.check_database()
        self.assert_equals_truth()
        outcomes = dict(self.query("SELECT outcome, count(*) FROM sync_run GROUP BY 1"))
        self.assertGreater(outcomes.pop("crashed"), 3)
        self.assertEqual(set(outcomes), {"done"})


if __name__ == "__main__":
    unittest.main()
