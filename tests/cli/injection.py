"""Libraries that are loaded before the program and make it fail at a chosen point, and what must hold then."""
import errno
import os
import shutil

import harness

# Documented exit codes but for 3 (one source) and those of signals: a failure is an error, not a death.
STATUSES = {0, 1, 2, 4, 5, 6, 7, 8}
JOBS = 30


def every(count, runs):
    """`runs` numbers from 1 to `count`, evenly spread; with --long eight times as many."""
    runs = runs * 8 if harness.LONG else runs
    return sorted({1 + i * (count - 1) // max(1, runs - 1) for i in range(min(runs, count))})


class Memory:
    """The n-th allocation fails, once or from then on. Needs a program without sanitizers: they allocate themselves."""

    preload = os.environ.get("HBRSYNC_FAILING_MALLOC")
    program = os.environ.get("HBRSYNC_PLAIN")
    usable = bool(preload and program)

    def __init__(self, number=0, on=False):
        self.text = f"allocation {number}{' and all after it' if on else ''}"
        self.settings = {"FAIL_ALLOCATION": str(number), "FAIL_ALLOCATION_ON": "1" if on else None}

    def environment(self, cell, count_file):
        return cell.environment(LD_PRELOAD=self.preload, FAIL_ALLOCATION_COUNT=count_file, **self.settings)


class Files:
    """The n-th call that changes a file of the folder of the database fails, once or from then on, or writes half."""

    preload = os.environ.get("HBRSYNC_FAILING_FILES")
    program = None
    usable = bool(preload)

    def __init__(self, number=0, error=errno.EIO, on=False):
        self.text = f"call {number}{' and all after it' if on else ''}: {errno.errorcode.get(error, 'short')}"
        self.settings = {"FAIL_CALL": str(number), "FAIL_ERRNO": str(error), "FAIL_ON": "1" if on else None}

    def environment(self, cell, count_file):
        environment = cell.environment(LD_PRELOAD=self.preload, FAIL_COUNT=count_file,
                                       FAIL_FILES=os.path.dirname(cell.database), **self.settings)
        environment["ASAN_OPTIONS"] += ":verify_asan_link_order=0"
        return environment


class World:
    """A cell whose runs can be made to fail, with a world and a database that can be put back."""

    def __init__(self, cell, injector):
        self.cell = cell
        self.injector = injector
        self.folder = cell.path("data")
        os.mkdir(self.folder)
        cell.database = os.path.join(self.folder, "jobs.db")
        self.base = None
        self.truth = None
        self.before = {}
        self.simulator = cell.start("--jobs", JOBS, "--basic-jobs", 0, "--regions", "cn-hangzhou", "--seed", 7)

    def run(self, arguments, injection=None, env=None, **options):
        """Runs the program with a fault; without one, it is an undisturbed run."""
        if injection is not None:
            env = injection.environment(self.cell, self.cell.path("count"))
        return self.cell.run_hbrsync(*arguments, env=env, program=self.injector.program, **options)

    def count(self, arguments, **options):
        """How many points of failure an undisturbed run has; it also gives that run."""
        self.start_over()
        result = self.run(arguments, self.injector(), **options)
        self.cell.assertEqual(result.status, 0, result)
        with open(self.cell.path("count"), encoding="ascii") as file:
            return int(file.read()), result

    def sync_arguments(self, *options):
        return [*self.cell.sync_arguments(), "--region", "cn-hangzhou", "--edition", "STANDARD", "--page-size", "20",
                "--retry-for", "1s", *options]

    def must_sync(self, about):
        result = self.run(self.sync_arguments())
        self.cell.assertEqual(result.status, 0, f"{about}: {result}")
        self.cell.check_database()
        self.cell.assert_equals_truth()

    def make_base(self):
        """A base database, and a world that has moved on since."""
        self.must_sync("base")
        self.base = self.cell.path("base.db")
        shutil.copy(self.cell.database, self.base)
        self.before = self.simulator.truth()
        self.simulator.control("advance", {"seconds": 100})
        self.simulator.move(edition="STANDARD", create=2, create_closed=3, start=1, finish=1, fail=1)

    def start_over(self):
        shutil.rmtree(self.folder)
        os.mkdir(self.folder)
        if self.base is not None:
            shutil.copy(self.base, self.cell.database)

    def tables(self):
        """False while there is nothing to look at."""
        path = self.cell.database
        return os.path.exists(path) and os.path.getsize(path) > 0 and \
            bool(self.cell.query("SELECT 1 FROM sqlite_master WHERE name = 'restore_job'"))

    def look_at_what_is_left(self):
        """A sound file, no row that is not true or not whole, and no claim that is not."""
        cell = self.cell
        if not os.path.exists(cell.database) or os.path.getsize(cell.database) == 0:
            return
        cell.check_database()
        if not self.tables():
            return
        if self.truth is None:
            self.truth = self.simulator.truth()
        stored = harness.stored_jobs(cell.database)
        for key, entry in stored.items():
            states = [jobs[key][2] for jobs in (self.truth, self.before) if key in jobs]
            rows = {table: row for table, row in entry.items() if table not in ("source", "missing_since")}
            cell.assertIn(rows, [harness.expected_job(job) for job in states])
            cell.assertIsNone(entry["missing_since"])
        claimed = cell.query("SELECT max(updated_time) FROM sync_watermark WHERE proved = 1")[0][0]
        if claimed and claimed == max(job["UpdatedTime"] for _, _, job in self.truth.values()):
            cell.assertEqual(set(self.truth) - set(stored), set(), "claimed but not stored")
        runs = cell.query("SELECT count(*) FROM sync_run WHERE proof = 'proved' AND outcome <> 'done'")
        cell.assertEqual(runs, [(0,)])

    def judge(self, injection, result):
        """An error that says what happened, or none at all."""
        self.cell.assertIn(result.status, STATUSES, f"{injection.text}: {result}")
        if result.status != 0:
            self.cell.assertRegex(result.stderr, r"(?m)^hbrsync: error: \S", f"{injection.text}: {result}")
            self.cell.assertNotRegex(result.stderr, r"another program|not a database|altered", injection.text)
