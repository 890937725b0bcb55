"""How fast hbrsync is, against what one would use without it and against what the machine allows; see run.sh.

Seconds belong to the machine and the hour, so each line compares two things that ran in turn, and shows the medians.
"""
import argparse
import contextlib
import glob
import json
import os
import shutil
import sqlite3
import statistics
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "cli"))
import harness  # noqa: E402 # pylint: disable=wrong-import-position

REGION = "cn-hangzhou"
DATA_TABLES = ("restore_job", "restore_job_report", "restore_job_ots_detail", "restore_job_change")
FAST = ["--qps", "1000", "--connections", "16"]  # the limits would hide the program


class Scale:
    """How much of everything, and how often."""

    def __init__(self, quick, long):
        self.repeats = 1 if quick else 5
        self.jobs, self.many = (300, 600) if quick else (20000, 200000)
        self.few = 100 if quick else 2000
        self.most = 1000 if quick else 1000000
        self.long = long or quick
        self.latency = 5 if quick else 50
        self.regions, self.in_region = (2, 60) if quick else (8, 2500)
        self.empty_regions = 3 if quick else 30


class Line:
    """`ours` compared with `other`: how many times faster, or which part of a limit."""

    def __init__(self, case, against, ours, other, target, more, figures):  # pylint: disable=too-many-arguments
        self.case, self.against, self.ours, self.other, self.target = case, against, ours, other, target
        self.figures = figures
        mine, theirs = ours[0], other[0]
        self.ratio = theirs / max(mine, 1e-6) if more else mine / max(theirs, 1e-6)
        self.reached = self.bound = ""
        if target is not None:
            self.reached = "yes" if (self.ratio >= target if more else self.ratio <= target) else "NO"
            self.bound = f"at {'least' if more else 'most'} {target:g}"

    def cells(self):
        figures = self.figures
        return [self.case, amount(*self.ours), self.against, amount(*self.other), f"{self.ratio:.2f}", self.bound,
                self.reached, *(figures.get(name, "") for name in FIGURES)]


FIGURES = ("CPU s", "peak MiB", "requests", "MB to database", "MB to temporary files")
HEADINGS = ("case", "hbrsync", "against", "takes", "ratio", "target", "reached", *FIGURES)


def amount(number, unit):
    digits = 0 if unit == "" else 1 if unit[0] != "s" or number >= 10 else 3 if number < 1 else 2
    return f"{number:.{digits}f} {unit}".strip()


def median(runs, what="seconds"):
    return statistics.median(run[what] for run in runs)


class Bench:
    def __init__(self, build, folder, scale):
        self.folder, self.scale, self.lines, self.notes = folder, scale, [], []
        self.program = os.environ.get("HBRSYNC_BENCH_PROGRAM") or os.path.join(build, "hbrsync")
        self.tools = {name: os.path.join(build, "tests/bench", name)
                      for name in ("bench_floor", "bench_measure", "libbench_count_writes.so")}
        harness.SIMULATOR = os.path.join(build, "tests/simulator/hbrsync-simulator")
        self.environment = {"PATH": os.environ["PATH"], "HOME": folder, "LANG": "C.UTF-8",
                            "TMPDIR": os.environ.get("TMPDIR", "/tmp"), "ALIBABA_CLOUD_ECS_METADATA_DISABLED": "true",
                            "ALIBABA_CLOUD_ACCESS_KEY_ID": harness.KEY_ID,
                            "ALIBABA_CLOUD_ACCESS_KEY_SECRET": harness.KEY_SECRET}
        help_text = subprocess.run([self.program, "sync", "--help"], stdout=subprocess.PIPE, check=True, text=True,
                                   env=self.environment).stdout
        self.parallel = ["--parallel", "8"] if "--parallel" in help_text else []

    def path(self, name):
        return os.path.join(self.folder, name)

    def remove(self, name):
        for path in glob.glob(self.path(name) + "*"):
            os.unlink(path)

    @contextlib.contextmanager
    def world(self, jobs, *options, latency=0, regions=(REGION,)):
        """A simulator that renders a job once and compresses nothing, so that it does not slow anybody down."""
        simulator = harness.Simulator("--jobs", jobs, "--basic-jobs", 0, "--reports-open", 0, "--keep-rendered", 8192,
                                      "--regions", ",".join(regions), *options)
        try:
            simulator.set(latency_ms=latency, gzip=False)
            yield simulator
        finally:
            simulator.stop()

    # --- runs ---

    def measure(self, command):
        """Runs it; its seconds, processor time, peak memory, and what it printed."""
        out = self.path("measured.json")
        result = subprocess.run([self.tools["bench_measure"], out, *command], stdin=subprocess.DEVNULL,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=self.environment, check=True)
        with open(out, encoding="ascii") as file:
            run = json.load(file)
        if run.pop("status") != 0:
            sys.exit(f"{' '.join(command)} failed: {result.stderr.decode()}")
        run["rss"] /= 1024
        run["output"] = result.stdout.decode()
        return run

    def sync(self, simulator, name, *options, where=("--region", REGION), editions=("STANDARD",), before=()):
        command = [*before, self.program, "--db", self.path(name), "sync", "--endpoint", simulator.endpoint(), "--json",
                   "--no-progress", "--quiet", *FAST, *self.parallel, *where,
                   *(word for edition in editions for word in ("--edition", edition)), *options]
        run = self.measure(command)
        run["summary"] = json.loads(run.pop("output"))
        if run["summary"]["outcome"] != "done":
            sys.exit(f"the sync was not proved: {run['summary']}")
        return run

    def first(self, simulator, **more):
        """A sync into a new database."""
        def work():
            self.remove("first.db")
            return self.sync(simulator, "first.db", **more)
        return work

    def serial(self, simulator, name="serial.db", *answers):
        def work():
            self.remove(name)
            return self.measure([sys.executable, os.path.join(HERE, "serial.py"), simulator.endpoint(), REGION,
                                 self.path(name) if name != "-" else "-", *answers])
        return work

    def in_turn(self, *works, times=1):
        """The runs of each: one of each, and all over again."""
        runs = [[] for _ in works]
        for _ in range(times * self.scale.repeats):
            for kept, work in zip(runs, works):
                kept.append(work())
        return runs

    def written(self, work):
        """MB to the database with its WAL, and to temporary files, of one more run."""
        out = self.path("written.json")
        work(["env", "LD_PRELOAD=" + self.tools["libbench_count_writes.so"], "COUNT_DATABASE=.db", "COUNT_OUT=" + out])
        with open(out, encoding="ascii") as file:
            counts = json.load(file)
        return {"MB to database": f"{counts['database'] / 1e6:.2f}",
                "MB to temporary files": f"{counts['temporary'] / 1e6:.2f}"}

    def add(self, case, against, ours, other, target, more=False, runs=(), **figures):
        """A line; `ours` and `other` are (number, unit), `other` is the limit where nothing else was run."""
        if runs:
            figures = {"CPU s": f"{median(runs, 'cpu'):.3f}", "peak MiB": f"{median(runs, 'rss'):.1f}", **figures}
            if "summary" in runs[0]:
                figures["requests"] = str(runs[0]["summary"]["requests"])
        line = Line(case, against, ours, other, target, more, figures)
        self.lines.append(line)
        print("  ".join(cell for cell in line.cells() if cell), file=sys.stderr, flush=True)
        return line

    # --- cases ---

    def floor(self, answers, database):
        """Seconds and processor time of parsing the answers and of writing the rows, each alone."""
        def write():
            self.remove("floor.db")
            return [self.tools["bench_floor"], "write", self.path(database), self.path("floor.db")]
        runs = [[json.loads(self.measure(command)["output"])
                 for command in ([self.tools["bench_floor"], "parse", answers], write())]
                for _ in range(self.scale.repeats)]
        parse, insert = ({what: median([run[i] for run in runs], what) for what in ("seconds", "cpu")} for i in (0, 1))
        return {what: parse[what] + insert[what] for what in parse}

    def data_pages_changed(self, name, before):
        """How many pages of the data tables and their indexes are other ones than in the copy `before`."""
        with open(self.path(name), "rb") as new, open(before, "rb") as old:
            size = int.from_bytes(old.read(18)[16:18], "big")
            size = 65536 if size == 1 else size
            old.seek(0)
            changed = [page for page, (left, right) in
                       enumerate(zip(*(iter(lambda f=f: f.read(size), b"") for f in (old, new))), 1) if left != right]
        connection = sqlite3.connect(self.path(name))
        try:
            owners = dict(connection.execute("SELECT name, tbl_name FROM sqlite_master"))
            pages = {page: owners.get(owner) for owner, page in connection.execute("SELECT name, pageno FROM dbstat")}
        except sqlite3.OperationalError:
            self.notes.append("This Python's SQLite has no dbstat: every page that changed counts as one of data.")
            return len(changed)
        finally:
            connection.close()
        return sum(pages.get(page) in DATA_TABLES for page in changed)

    def first_syncs(self):
        jobs = f"{self.scale.jobs:,} jobs"
        answers = self.path("answers")
        with self.world(self.scale.jobs) as simulator:
            self.serial(simulator, "-", answers)()
            ours, serial = self.in_turn(self.first(simulator), self.serial(simulator))
            size = os.path.getsize(answers)
            self.notes.append(f"A job is {size / self.scale.jobs / 1000:.1f} kB of JSON.")
            figures = self.written(lambda before: self.first(simulator, before=before)())
            floor = self.floor(answers, "first.db")
            seconds = median(ours)
            self.rate = self.scale.jobs / seconds
            self.add(f"first sync, {jobs}", "serial Python", (seconds, "s"), (median(serial), "s"), 1.8, True, ours,
                     **figures)
            self.add(f"first sync, {jobs}, CPU", "json-c and SQLite alone", (median(ours, "cpu"), "s CPU"),
                     (floor["cpu"], "s CPU"), 1.0, runs=ours)
            self.sqlite_utils(simulator, jobs, answers)
            self.nothing_changed(simulator, jobs)
            simulator.set(latency_ms=self.scale.latency)
            ours, serial = self.in_turn(self.first(simulator), self.serial(simulator))
            self.add(f"first sync, {jobs}, {self.scale.latency} ms away", "serial Python", (median(ours), "s"),
                     (median(serial), "s"), 10, True, ours)
        self.floor_seconds = floor["seconds"]
        self.commands(jobs, floor)

    def sqlite_utils(self, simulator, jobs, answers):
        """The same jobs, already fetched: its own work alone."""
        if shutil.which("sqlite-utils") is None:
            self.notes.append("sqlite-utils is not installed: its line is left out.")
            return
        lines = self.path("jobs.ndjson")
        with open(answers, "rb") as source, open(lines, "w", encoding="utf-8") as target:
            for answer in source:
                for job in json.loads(answer)["RestoreJobs"]["RestoreJob"]:
                    target.write(json.dumps(job) + "\n")

        def upsert():
            self.remove("utils.db")
            return self.measure(["sqlite-utils", "upsert", self.path("utils.db"), "restore_job", lines, "--nl",
                                 "--pk", "RestoreId", "--alter"])
        ours, other = self.in_turn(self.first(simulator), upsert)
        self.add(f"first sync, {jobs}", "sqlite-utils upsert", (median(ours), "s"), (median(other), "s"), 5, True, ours)

    def nothing_changed(self, simulator, jobs):
        """All is read again, into a database that has it."""
        self.first(simulator)()
        copy = self.path("copy.db")
        for name in (copy, self.path("again.db")):
            shutil.copyfile(self.path("first.db"), name)

        def again(before=()):
            return self.sync(simulator, "again.db", "--full", before=before)
        ours, first = self.in_turn(again, self.first(simulator))
        changed = self.data_pages_changed("again.db", copy)
        figures = self.written(lambda before: again(before=before))
        self.add(f"--full, nothing changed, {jobs}", "the first sync", (median(ours), "s"), (median(first), "s"), 1.5,
                 True, ours, **figures)
        self.add("... pages of data that changed", "limit", (changed, ""), (0, ""), 0)
        self.add("... to temporary files", "limit", (float(figures["MB to temporary files"]), "MB"), (0, "MB"), 0)

    def many(self):
        """The large database: deltas, status, and memory."""
        rss = {}
        sizes = [self.scale.few, self.scale.jobs, self.scale.many] + ([self.scale.most] if self.scale.long else [])
        for size in sizes:
            with self.world(size) as simulator:
                run = self.first(simulator)()
                rss[size] = run["rss"]
                if size == self.scale.many:
                    self.delta(simulator)
                if size == self.scale.most:
                    self.add(f"first sync, {size:,} jobs: each 1,000", f"at {self.scale.jobs:,} jobs",
                             (1000 * run["seconds"] / size, "s"), (1000 / self.rate, "s"), 0.8, True, [run])
        for size in sizes:
            self.add(f"peak memory, {size:,} jobs", "limit", (rss[size], "MiB"), (24, "MiB"), 1)
        self.add("... the largest", "the smallest", (max(rss.values()), "MiB"), (min(rss.values()), "MiB"), 1.1)

    def delta(self, simulator):
        name = f"{self.scale.many:,} jobs"
        runs = self.in_turn(lambda: self.sync(simulator, "first.db"))[0]
        source = runs[0]["summary"]["sources"][0]
        self.add(f"delta, nothing changed, {name}: requests", "limit", (source["requests"], ""), (4, ""), 1, False,
                 runs, **self.written(lambda before: self.sync(simulator, "first.db", before=before)))
        self.add(f"delta, nothing changed, {name}", "limit", (1000 * median(runs, "cpu"), "ms CPU"), (30, "ms CPU"), 1)
        runs = self.in_turn(lambda: self.measure([self.program, "--db", self.path("first.db"), "status"]))[0]
        self.add(f"status, {name}", "limit", (1000 * median(runs, "cpu"), "ms CPU"), (50, "ms CPU"), 1, False, runs)
        runs = self.in_turn(lambda: self.measure([self.program, "--version"]), times=5)[0]
        self.add("--version", "limit", (1000 * median(runs), "ms"), (10, "ms"), 1, False, runs)

    def regions(self):
        count, jobs, latency = self.scale.regions, self.scale.in_region, self.scale.latency
        names = [f"cn-r{i}" for i in range(count)]
        with self.world(count * jobs, "--even-regions", latency=latency, regions=names) as simulator:
            self.first(simulator, where=("--all-regions",))()
            one, all_of_them = self.in_turn(self.first(simulator, where=("--region", names[0])),
                                            self.first(simulator, where=("--all-regions",)))
            limit = max(1.5 * median(one), self.floor_seconds)
            self.add(f"first sync, {count} regions of {jobs:,} jobs, {latency} ms away", "1.5 x one, or the floor",
                     (median(all_of_them), "s"), (limit, "s"), 1, False, all_of_them)
            more = (median(all_of_them, "rss") - median(one, "rss")) / (count - 1)
            self.add("... memory for each region more", "limit", (more, "MiB"), (2, "MiB"), 1)
        names = [f"cn-e{i}" for i in range(self.scale.empty_regions)]
        with self.world(0, latency=latency, regions=names) as simulator:
            runs = self.in_turn(self.first(simulator, where=("--all-regions",), editions=("STANDARD", "BASIC")))[0]
            self.add(f"first sync, {len(names)} empty regions, both editions, {latency} ms away", "limit",
                     (median(runs), "s"), (2, "s"), 1, False, runs)

    def commands(self, jobs, floor):
        """The other commands, without a target."""
        database = [self.program, "--db", self.path("first.db")]
        lines = self.path("jobs.ndjson")
        with open(lines, "wb") as file:
            subprocess.run([*database, "export"], stdout=file, env=self.environment, check=True)

        def import_new():
            self.remove("import.db")
            return self.measure([self.program, "--db", self.path("import.db"), "import", "--quiet", lines])
        for name, work in (
                ("import, all new", import_new),
                ("import, nothing new", lambda: self.measure([*database, "import", "--quiet", lines])),
                ("export --format ndjson", lambda: self.measure([*database, "export"])),
                ("export --format csv", lambda: self.measure([*database, "export", "--format", "csv"])),
                ("report --format html", lambda: self.measure([*database, "report", "--format", "html"])),
                ("publish", lambda: self.measure([*database, "publish", "--quiet", self.path("copy")])),
                ("verify", lambda: self.measure([*database, "verify"]))):
            runs = self.in_turn(work)[0]
            self.add(f"{name}, {jobs}, CPU", "json-c and SQLite alone", (median(runs, "cpu"), "s CPU"),
                     (floor["cpu"], "s CPU"), None, False, runs)

    def run(self):
        self.first_syncs()
        self.regions()
        self.many()


# --- output ---

def print_table(lines, out):
    rows = [HEADINGS, *(line.cells() for line in lines)]
    widths = [max(map(len, column)) for column in zip(*rows)]
    for row in rows:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip(), file=out)


README = (  # the case's beginning, what it is against, and what the table says
    ("first sync, {jobs} jobs, {latency} ms", "serial", "first sync, {jobs} jobs, {latency} ms away; a serial Python script"),
    ("first sync, {jobs} jobs", "serial", "first sync, {jobs} jobs, no latency; the same script"),
    ("first sync, {jobs} jobs", "sqlite-utils", "the same; `sqlite-utils upsert` of the same jobs, already fetched"),
    ("first sync, {jobs} jobs, CPU", "", "the same, processor time; json-c and SQLite alone"),
    ("--full, nothing changed", "", "`--full` again, nothing changed; the first sync"),
    ("delta, nothing changed, {many} jobs", "limit", "delta, {many} jobs, nothing changed"),
    ("status", "", "`status`, {many} jobs"),
    ("peak memory, {many}", "", "peak memory, {many} jobs"),
)


def print_readme(bench):
    scale = {"jobs": f"{bench.scale.jobs:,}", "many": f"{bench.scale.many:,}", "latency": bench.scale.latency}
    print("\n| what; compared with | hbrsync | the other |\n|---|---|---|")
    for case, against, text in README:
        case = case.format(**scale)
        for line in bench.lines:
            exact = line.case == case or not case.endswith("jobs")
            if exact and line.case.startswith(case) and line.against.startswith(against):
                other = "" if line.against == "limit" else amount(*line.other)
                print(f"| {text.format(**scale)} | {amount(*line.ours)} | {other} |")
                break


def main():
    parser = argparse.ArgumentParser(prog="tests/bench/run.sh", description=__doc__)
    parser.add_argument("build", help=argparse.SUPPRESS)
    size = parser.add_mutually_exclusive_group()
    size.add_argument("--quick", action="store_true", help="little of everything, once: only that it works")
    size.add_argument("--long", action="store_true", help="also 1,000,000 jobs")
    parser.add_argument("--readme", action="store_true", help="then print the table of tests/README.md, too")
    arguments = parser.parse_args()
    scale = Scale(arguments.quick, arguments.long)
    with tempfile.TemporaryDirectory(prefix="hbrsync-bench-") as folder:
        bench = Bench(os.path.abspath(arguments.build), folder, scale)
        bench.run()
        print(f"{os.cpu_count()} processors, load average {os.getloadavg()[1]:.1f} (with 1 or 2, times tell something), "
              f"SQLite {sqlite3.sqlite_version}; medians of {scale.repeats}. "
              "The ratio is other / hbrsync where the target is \"at least\", hbrsync / other where it is \"at most\".")
        for note in bench.notes:
            print(note)
        print()
        print_table(bench.lines, sys.stdout)
        if arguments.readme:
            print_readme(bench)


if __name__ == "__main__":
    main()
