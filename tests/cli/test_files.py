"""Writes, syncs and openings that fail: a clear error, a sound database without a false claim, and the next run completes it.

The disk fails (EIO), is full for good (ENOSPC), or takes half of a write; file sizes and descriptors are limited.
"""
import errno
import os
import resource
import subprocess
import sys
import unittest

import harness
import injection

RUNS = 7  # of each command and kind
AT_ONCE = 3
FAILURES = [(errno.EIO, False), (errno.ENOSPC, True)]
HALF_WRITES = [(0, False)]


def first_sync(cell, world):
    return world.sync_arguments("--metrics-file", os.path.join(world.folder, "metrics.prom"))


def delta(cell, world):
    return world.sync_arguments()


def from_file(cell, world):
    return ["--db", cell.database, "import", cell.path("jobs.ndjson")]


def publish(cell, world):
    return ["--db", cell.database, "publish", os.path.join(world.folder, "copy.db")]


def make_world(cell, has_base):
    world = injection.World(cell, injection.Files)
    world.must_sync("first")
    lines = world.run(["--db", cell.database, "export"]).stdout
    with open(cell.path("jobs.ndjson"), "w", encoding="utf-8") as file:
        file.write(lines)
    if has_base:
        world.make_base()
    return world


def fault_loop(cell, work):
    make, has_base, (error, on) = work
    world = make_world(cell, has_base)
    count, _ = world.count(make(cell, world))
    failed = 0
    for index, number in enumerate(injection.every(count, RUNS)):
        fault = injection.Files(number, error, on)
        world.start_over()
        result = world.run(make(cell, world), fault)
        try:
            world.judge(fault, result)
            if error == 0:
                cell.assertEqual(result.status, 0, "a short write is no failure")
            failed += result.status != 0
            world.look_at_what_is_left()
            if result.status == 0 and make in (first_sync, delta):
                cell.assert_equals_truth()
            if make is publish:
                look_at_the_copy(cell, world, result)
            if index % 6 == 3:
                world.must_sync("after it")
        except AssertionError as problem:
            raise AssertionError(f"{fault.text}: {result}\n{problem}") from problem
    cell.assertTrue(error == 0 or failed > RUNS // 4, f"{failed} runs failed: hardly a call mattered")


def look_at_the_copy(cell, world, result):
    copy = os.path.join(world.folder, "copy.db")
    if result.status == 0:
        cell.assertEqual(harness.stored_jobs(copy), harness.stored_jobs(cell.database))
    elif os.path.exists(copy):
        # It was in place before the folder could not be synced.
        cell.assertRegex(result.stderr, "cannot sync the folder")
    left = copy + ".publishing"
    if os.path.exists(left) and "cannot" not in result.stderr:
        cell.assertEqual(os.listdir(left), [], "only the empty folder could not be removed")


@unittest.skipUnless(injection.Files.usable, "the library that makes writes fail")
class Files(harness.TestCase):
    def fail_calls(self, make, has_base, kinds):
        harness.run_cells(self, [(make, has_base, kind) for kind in kinds], fault_loop, AT_ONCE)

    def test_first_sync(self):
        self.fail_calls(first_sync, False, FAILURES + HALF_WRITES)

    def test_delta(self):
        self.fail_calls(delta, True, FAILURES)

    def test_import(self):
        self.fail_calls(from_file, False, FAILURES)

    def test_publish(self):
        self.fail_calls(publish, True, FAILURES)

    def test_a_copy_that_cannot_be_synced(self):
        """The last that is done to it before it gets its name; else a power failure could leave an empty one there."""
        world = make_world(self, True)

        def publish_with(fault):
            world.start_over()
            return world.run(publish(self, world), env={**fault.environment(self, self.path("count")),
                                                        "FAIL_FILES": ".publishing/copy"})
        self.assertEqual(publish_with(injection.Files()).status, 0)
        with open(self.path("count"), encoding="ascii") as file:
            last = int(file.read())
        result = publish_with(injection.Files(last))
        self.assertEqual(result.status, 2, result)
        self.assertRegex(result.stderr, r"cannot write \S+\.publishing/copy: ")
        self.assertNotIn("copy.db", os.listdir(world.folder))


@unittest.skipUnless(injection.Files.usable, "the library that counts writes")
class Calls(harness.TestCase):
    """How many calls change files."""

    def calls(self, files, *command):
        """The calls of a program that change files whose paths hold the text; it has to end well."""
        environment = {**injection.Files().environment(self, self.path("count")), "FAIL_FILES": files}
        result = subprocess.run(list(map(str, command)), env=environment, cwd=self.directory, stdin=subprocess.DEVNULL,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=harness.TIMEOUT, check=False)
        self.assertEqual(result.returncode, 0, result.stderr)
        with open(self.path("count"), encoding="ascii") as file:
            return int(file.read())

    def test_a_full_scan_without_news(self):
        """Jobs that are as they were cost no write, and sets of them no temporary file of SQLite's."""
        self.start("--jobs", 20000, "--basic-jobs", 0, "--regions", "cn-hangzhou")
        self.sync()
        scan = (harness.HBRSYNC, *self.sync_arguments(), "--region", "cn-hangzhou", "--full")
        told = ("sync_run", "sync_watermark", "sync_source")
        before = self.dump(*told)
        self.assertLessEqual(self.calls(os.path.basename(self.database), *scan), 2000)
        self.assertEqual(self.calls("etilqs", *scan), 0)
        self.assertTrue(self.dump(*told) == before, "a job was written")
        self.assert_equals_truth()

    def test_what_is_counted(self):
        """SQLite does name its temporary files so, and writes of the database are seen."""
        spill = ("import sqlite3; c = sqlite3.connect('spill.db'); c.execute('PRAGMA temp_store = FILE');"
                 "c.execute('CREATE TABLE big AS WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n"
                 " LIMIT 100000) SELECT x, hex(randomblob(100)) AS y FROM n');"
                 "c.execute('CREATE TEMP TABLE copy AS SELECT * FROM big ORDER BY y'); c.commit()")
        for files in ("etilqs", "spill.db"):
            self.assertGreater(self.calls(files, sys.executable, "-c", spill), 100)
            for name in ("spill.db", "spill.db-journal"):
                if os.path.exists(self.path(name)):
                    os.remove(self.path(name))


class Limits(harness.TestCase):
    def limited(self, world, arguments, limit, value, **options):
        return world.run(arguments, preexec_fn=lambda: resource.setrlimit(limit, (value, value)), **options)

    def test_file_size(self):
        """SIGXFSZ does not kill; whatever the limit, the database stays sound and the next sync completes it."""
        world = make_world(self, True)
        size = os.path.getsize(self.database)
        statuses = set()
        for part in range(0, 12, 2):
            world.start_over()
            result = self.limited(world, delta(self, world), resource.RLIMIT_FSIZE, size * part // 10)
            self.assertIn(result.status, (0, 6), result)
            self.assertTrue(result.status == 0 or "jobs.db" in result.stderr, result)
            statuses.add(result.status)
            world.look_at_what_is_left()
            if part % 8 == 0:
                world.must_sync("without the limit")
        self.assertEqual(statuses, {0, 6})

    def test_file_size_of_output(self):
        """An export that does not fit says so, wherever it is cut."""
        world = make_world(self, False)
        size = os.path.getsize(self.path("jobs.ndjson"))
        copy = self.path("copy.db")  # reading it takes no file beside it
        self.assertEqual(world.run(["--db", self.database, "publish", copy]).status, 0)
        for form, most in (("ndjson", size), ("csv", size // 4), ("json", size)):
            for part in (0, 1, 3):
                with open(self.path("out"), "wb") as out:
                    result = self.into(world, out, ["--db", copy, "export", "--format", form], most * part // 4)
                self.assertEqual(result.status, 1, result)
                self.assertIn("standard output", result.stderr)

    def into(self, world, out, arguments, most):
        """The standard output of the run is a file of at most so many bytes."""
        shell = 'exec "$@" >&' + str(out.fileno())
        return self.limited(world, arguments, resource.RLIMIT_FSIZE, most,
                            wrapper=("sh", "-c", shell, "sh"), pass_fds=(out.fileno(),))

    def test_descriptors(self):
        """With few descriptors: a clear error or a proved sync."""
        world = make_world(self, True)
        statuses = set()
        env = self.environment(ASAN_OPTIONS="detect_leaks=0")  # to look for leaks it opens files itself
        for most in (*range(4, 18), 30):
            world.start_over()
            result = self.limited(world, delta(self, world), resource.RLIMIT_NOFILE, most, env=env)
            self.assertIn(result.status, injection.STATUSES, f"{most}: {result}")
            self.assertTrue(result.status == 0 or "hbrsync: error: " in result.stderr, f"{most}: {result}")
            statuses.add(result.status)
            world.look_at_what_is_left()
        self.assertEqual(result.status, 0, result)
        self.assertGreater(len(statuses), 1)
        world.must_sync("with as many as it wants")

    def test_closed_standard_descriptors(self):
        """No message is written into a file that took the number of one."""
        self.start("--jobs", 20, "--regions", "cn-hangzhou")
        closed = ("sh", "-c", 'exec "$@" <&- >&- 2>&-', "sh")
        trace = self.path("trace")
        self.sync("--verbose", "--trace", trace, wrapper=closed, status=1)  # its JSON object could not be written
        self.check_database()
        self.assert_equals_truth()
        for name in ("trace", "jobs.db.lock"):
            with open(self.path(name), encoding="utf-8") as file:
                self.assertNotRegex(file.read(), "hbrsync: |run_id", name)
        self.assertEqual(self.run_hbrsync("--db", self.database, "import", "-", wrapper=closed).status, 2)
        self.check_database()

    def test_trace_on_a_full_disk(self):
        """The trace is lost, which is said; not the work it traces."""
        world = make_world(self, True)
        result = world.run(world.sync_arguments("--trace", "/dev/full"))
        self.assertEqual(result.status, 2, result)
        self.assertRegex(result.stderr, "cannot write all of the trace file")
        self.check_database()
        self.assert_equals_truth()


if __name__ == "__main__":
    unittest.main()
