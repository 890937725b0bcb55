"""What whole-program tests share: the simulator, runs of hbrsync, and the comparison of a database with the truth.

The expected columns are derived here from the API's own names, not from the program's table.
"""
import collections
import concurrent.futures
import glob
import importlib
import json
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
import traceback
import unittest
import urllib.error
import urllib.request

HBRSYNC = os.environ.get("HBRSYNC", "hbrsync")
SIMULATOR = os.environ.get("HBRSYNC_SIMULATOR", "hbrsync-simulator")
SCHEMA_VERSION = len(glob.glob(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../sql/[0-9]*.sql")))
LONG = os.environ.get("HBRSYNC_TEST_LONG") == "1"

KEY_ID = "LTAI-simulator-key"
KEY_SECRET = "simulator-secret"
ACCOUNT = "1000000000000001"
TIMEOUT = 300

TEXT_FIELDS = """RestoreId ParentId RestoreType SourceType Status ErrorMessage ErrorFile VaultId SnapshotId
SnapshotHash SourceInstanceId SourceResourceId ClusterId TargetInstanceId TargetClientId TargetDataSourceId TargetPath
TargetBucket TargetPrefix TargetFileSystemId TargetInstanceName TargetTableName StorageClass Include Exclude Options
UdmDetail FailbackDetail CrossAccountType CrossAccountRoleName""".split()
INTEGER_FIELDS = """Progress CreatedTime StartTime CompleteTime UpdatedTime ExpireTime TargetCreateTime TargetTime
ItemsTotal ItemsDone ActualItems BytesTotal BytesDone ActualBytes MeteringBytesTotal MeteringBytesDone Speed
CrossAccountUserId""".split()
PARTS = {
    "Report": ("restore_job_report",
               {name: str for name in ("TotalFiles", "SuccessFiles", "FailedFiles", "SkippedFiles",
                                       "ReportTaskStatus")}),
    "OtsDetail": ("restore_job_ots_detail", {"BatchChannelCount": int, "OverwriteExisting": bool}),
}
FINAL_STATUSES = {"COMPLETE", "PARTIAL_COMPLETE", "FAILED", "CANCELED", "EXPIRED", "CLIENT_DELETED"}
JOB_FIELDS = {**{name: str for name in TEXT_FIELDS}, **{name: int for name in INTEGER_FIELDS}}


def is_sanitized():
    with open(HBRSYNC, "rb") as file:
        return b"__asan_init" in file.read()


def snake(name):
    """RestoreId -> restore_id"""
    return re.sub(r"(?<=[a-z0-9])([A-Z])", r"_\1", name).lower()


def fits(value, wanted):
    """Whether a JSON value is of the type that the API page gives the field."""
    if wanted is bool:
        return isinstance(value, bool)
    if wanted is int:
        return isinstance(value, int) and not isinstance(value, bool) and -2**63 <= value < 2**63
    return isinstance(value, str)


def expected_part(members, fields, nested=()):
    """The columns and the `extra` that an object of the API has to become."""
    row = {snake(name): None for name in fields}
    extra = {}
    for name, value in members.items():
        if name in nested and (value is None or isinstance(value, dict)):
            continue
        if name in fields and value is None:
            continue
        if name in fields and fits(value, fields[name]):
            row[snake(name)] = int(value) if fields[name] is bool else value
        else:
            extra[name] = value
    row["extra"] = extra or None
    return row


def expected_job(job):
    """{table: row or None} for one job of the truth."""
    rows = {"restore_job": expected_part(job, JOB_FIELDS, PARTS)}
    for name, (table, fields) in PARTS.items():
        value = job.get(name)
        rows[table] = expected_part(value, fields) if isinstance(value, dict) else None
    return rows


def stored_jobs(path):
    """{restore_id: {table: row}} of a database, with source and mark under "source" and "missing_since"."""
    connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    connection.row_factory = sqlite3.Row
    connection.text_factory = lambda raw: raw.decode("utf-8", "surrogateescape")
    jobs = {}
    try:
        sources = {row["source_id"]: (row["account_id"], row["region_id"], row["edition"])
                   for row in connection.execute("SELECT * FROM sync_source")}
        for row in connection.execute("SELECT * FROM restore_job"):
            row = dict(row)
            entry = {"source": sources[row.pop("source_id")],
                     "missing_since": row.pop("missing_since")}
            assert isinstance(row.pop("row_id"), int)
            settled = row.pop("settled_status")
            assert settled in FINAL_STATUSES or settled is None and row["status"] not in FINAL_STATUSES, settled
            for name in ("first_run_id", "changed_run_id"):
                assert isinstance(row.pop(name), int), name
            row["extra"] = json.loads(row["extra"]) if row["extra"] else None
            entry["restore_job"] = row
            for table, _ in PARTS.values():
                entry[table] = None
            jobs[row["restore_id"]] = entry
        for table, _ in PARTS.values():
            for row in connection.execute(f"SELECT * FROM {table}"):
                row = dict(row)
                entry = jobs[row.pop("restore_id")]
                row["extra"] = json.loads(row["extra"]) if row["extra"] else None
                entry[table] = row
    finally:
        connection.close()
    return jobs


class Simulator:
    """A simulator process of its own, ended with the test."""

    def __init__(self, *options, tls=False):
        self.directory = tempfile.mkdtemp(prefix="hbrsync-simulator-")
        ready = os.path.join(self.directory, "ready.json")
        command = [SIMULATOR, "--ready-file", ready, "--die-with-parent", *map(str, options)]
        if tls:
            command += ["--tls-dir", self.directory]
        self.log = open(os.path.join(self.directory, "simulator.log"), "wb")
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=self.log)
        deadline = time.monotonic() + 60
        while not os.path.exists(ready):
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError("the simulator did not start: " + self.output())
            time.sleep(0.01)
        with open(ready, encoding="utf-8") as file:
            facts = json.load(file)
        self.port = facts["port"]
        self.https_port = facts.get("https_port")
        self.ca_file = facts.get("ca_file")
        self.tls = tls

    def output(self):
        self.log.flush()
        with open(self.log.name, encoding="utf-8", errors="replace") as file:
            return file.read()

    def endpoint(self):
        if self.tls:
            return f"https://{{region}}.localhost:{self.https_port}"
        return f"http://{{region}}.localhost:{self.port}"

    def control(self, path, body=None):
        url = f"http://127.0.0.1:{self.port}/control/{path}"
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(url, data=data, method="GET" if body is None else "POST")
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(request, timeout=120) as answer:
                return answer.read().decode()
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{path}: {error.read().decode()}") from error

    def move(self, **verbs):
        return json.loads(self.control("move", verbs))

    def set(self, **settings):
        return self.control("set", settings)

    def fault(self, kind, **more):
        return self.control("fault", {"kind": kind, **more})

    def truth(self):
        """{restore_id: (region, edition, job)}"""
        jobs = {}
        for line in self.control("truth").split("\n"):
            if not line:
                continue
            entry = json.loads(line)
            jobs[entry["job"]["RestoreId"]] = (entry["region"], entry["edition"], entry["job"])
        return jobs

    def requests(self, action="DescribeRestoreJobs2"):
        return [entry for entry in json.loads(self.control("log")) if entry["action"] == action]

    def clear_log(self):
        self.control("clear_log", {})

    def vanished(self):
        """The ids of all jobs that the service listed once and lists no more."""
        return set(json.loads(self.control("vanished")))

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(timeout=30)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.log.close()
        with open(self.log.name, encoding="utf-8", errors="replace") as file:
            output = file.read()
        shutil.rmtree(self.directory, ignore_errors=True)
        return output


class Result:
    """What one run of hbrsync gave."""

    def __init__(self, process, stdout, stderr):
        self.status = process.returncode
        self.stdout = stdout.decode("utf-8", "replace")
        self.stderr = stderr.decode("utf-8", "replace")

    def json(self):
        return json.loads(self.stdout)

    def __repr__(self):
        return f"exit {self.status}\n--- stdout\n{self.stdout}\n--- stderr\n{self.stderr}"


# What no file, output or log may hold: the secret, a token, and the header that is made with them.
CANARIES = (KEY_SECRET.encode(), b"canary", b"ACS3-HMAC-SHA256 Credential=")


def leaks(folder, key_files=()):
    """The files below a folder, but for the tests' own `key_files`, that hold what none may hold."""
    found = []
    for parent, _, names in os.walk(folder):
        for path in (os.path.join(parent, name) for name in names):
            if os.path.isfile(path) and not os.path.islink(path) and path not in key_files:
                with open(path, "rb") as file:
                    text = file.read()
                found += [f"{path}: {canary.decode()}" for canary in CANARIES if canary in text]
    return found


class TestCase(unittest.TestCase):
    """A test with a folder of its own and no trace of the developer's environment."""

    maxDiff = 4000

    def setUp(self):
        self.directory = tempfile.mkdtemp(prefix="hbrsync-test-")
        self.addCleanup(shutil.rmtree, self.directory, ignore_errors=True)
        self.key_files = {self.path(".aliyun/config.json")}  # written by tests, with keys in them
        self.addCleanup(self.look_for_leaks)
        self.database = os.path.join(self.directory, "jobs.db")
        self.simulator = None

    def look_for_leaks(self):
        """Run after each test, before its folder goes: secrets in databases, traces, metrics, exports, cores."""
        self.assertEqual(leaks(self.directory, self.key_files), [])

    def start(self, *options, tls=False):
        self.simulator = Simulator(*options, tls=tls)
        self.addCleanup(self.stop)
        return self.simulator

    def stop(self):
        if self.simulator is not None:
            output = self.simulator.stop()
            self.assertNotIn("Sanitizer", output, "the simulator misbehaved")
            self.simulator = None

    def path(self, name):
        return os.path.join(self.directory, name)

    def environment(self, **more):
        environment = {
            "PATH": os.environ.get("PATH", "/usr/bin:/bin"),
            "HOME": self.directory,
            "LANG": "C.UTF-8",
            "ALIBABA_CLOUD_ACCESS_KEY_ID": KEY_ID,
            "ALIBABA_CLOUD_ACCESS_KEY_SECRET": KEY_SECRET,
            "ALIBABA_CLOUD_ECS_METADATA_DISABLED": "true",
            "ASAN_OPTIONS": "detect_leaks=1:abort_on_error=0:exitcode=99",
            "UBSAN_OPTIONS": "print_stacktrace=1:halt_on_error=1",
        }
        environment.update({name: value for name, value in more.items() if value is not None})
        for name, value in more.items():
            if value is None:
                environment.pop(name, None)
        return environment

    def run_hbrsync(self, *arguments, env=None, stdin=None, wrapper=(), program=None, **options):
        command = [*wrapper, program or HBRSYNC, *map(str, arguments)]
        process = subprocess.Popen(command, stdin=subprocess.PIPE if stdin is not None
                                   else subprocess.DEVNULL, stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE,
                                   env=self.environment() if env is None else env,
                                   cwd=self.directory, **options)
        try:
            stdout, stderr = process.communicate(stdin, timeout=TIMEOUT)
        except subprocess.TimeoutExpired:
            process.kill()
            stdout, stderr = process.communicate()
            self.fail(f"{command} hangs\n{stderr.decode()}")
        result = Result(process, stdout, stderr)
        self.assertNotIn("Sanitizer", result.stderr)
        self.assertNotIn("runtime error", result.stderr)
        for output in (result.stdout, result.stderr):
            for canary in CANARIES:
                self.assertNotIn(canary.decode(), output, "a secret leaked")
        return result

    def sync_arguments(self):
        arguments = ["--db", self.database, "sync", "--endpoint", self.simulator.endpoint(),
                     "--qps", "1000", "--json", "--no-progress"]
        if self.simulator.tls:
            arguments += ["--ca-file", self.simulator.ca_file]
        return arguments

    def sync(self, *arguments, status=0, env=None, **options):
        """Runs a sync against the simulator, of all its regions unless one is named."""
        if "--region" not in arguments and "--all-regions" not in arguments:
            arguments = (*arguments, "--all-regions")
        result = self.run_hbrsync(*self.sync_arguments(), *arguments, env=env, **options)
        if status is not None:
            self.assertEqual(result.status, status, result)
        return result

    def assert_equals_truth(self, missing=()):
        """The database holds the truth, row by row and field by field, and marks just `missing` as missing."""
        truth = self.simulator.truth()
        stored = stored_jobs(self.database)
        self.assertEqual(sorted(set(truth) - set(stored)), [], "jobs missed")
        marked = sorted(key for key, entry in stored.items() if entry["missing_since"] is not None)
        self.assertEqual(marked, sorted(missing))
        self.assertEqual(sorted(set(stored) - set(truth)), marked, "jobs that the service does not list")
        for key, (region, edition, job) in truth.items():
            entry = stored[key]
            self.assertEqual(entry["source"], (ACCOUNT, region, edition), key)
            for table, row in expected_job(job).items():
                if entry[table] != row:
                    self.assertEqual(entry[table], row, f"{key} in {table}")

    def moment(self):
        """What the service lists now, and what it no longer lists: what a run is held against later."""
        return self.simulator.truth(), self.simulator.vanished()

    def assert_no_silent_miss(self, before, covers=None, states=None, came_back=()):
        """What a run that ended with exit 0 claims, whatever happened in the meantime.

        `before` is the moment() before the run. Every job listed all through the run is stored, not marked, and in
        a state that it had during the run (one of `states`, if that is given: {id: [job, ...]}); every row without
        a mark was listed at some time during the run; no job that is listed now and was not gone before is marked.
        `covers(region, edition, job)` narrows this to the jobs that the run was asked for. `came_back` are old jobs that
        vanished and came back: the counts of a delta do not tell them from others of their source that vanished
        meanwhile, so as many of these may be without a mark as of those are not seen.
        """
        hidden = collections.Counter()
        old, gone_before = before
        new, _ = self.moment()
        stored = stored_jobs(self.database)
        covers = covers or (lambda region, edition, job: True)
        problems = []
        for key, (region, edition, job) in new.items():
            if not covers(region, edition, job):
                continue
            entry = stored.get(key)
            if key in came_back and (entry is None or entry["missing_since"] is not None):
                hidden[region, edition] += 1
                continue
            if key in old and entry is None:
                problems.append(f"{key} is missed: {job.get('Status')}, CreatedTime {job.get('CreatedTime')}, "
                                f"CompleteTime {job.get('CompleteTime')}")
            if entry is None:
                continue
            if entry["missing_since"] is not None and key not in gone_before:
                problems.append(f"{key} is marked missing although it is listed: {job.get('Status')}, "
                                f"CompleteTime {job.get('CompleteTime')}, {'old' if key in old else 'new'}")
            possible = [job, *([old[key][2]] if key in old else [])] if states is None else states[key]
            rows = {table: row for table, row in entry.items() if table not in ("source", "missing_since")}
            if all(expected_job(state) != rows for state in possible):
                problems.append(f"{key} never was {rows}, but {possible}")
        for key, entry in stored.items():
            _, region, edition = entry["source"]
            if entry["missing_since"] is None and key in gone_before and key not in new and \
                    covers(region, edition, {"RestoreType": entry["restore_job"]["restore_type"]}):
                hidden[region, edition] -= 1
                if hidden[region, edition] >= 0:
                    continue
                problems.append(f"{key} is gone since before the run and not marked")
        if problems:
            proofs = self.query("SELECT mode, scope, outcome, proof_detail FROM sync_run ORDER BY run_id DESC LIMIT 2")
            shown = "\n".join(problems[:8])
            self.fail(f"{len(problems)} silent misses:\n{shown}\nlast runs: {proofs}")

    def query(self, sql, *values):
        connection = sqlite3.connect(f"file:{self.database}?mode=ro", uri=True)
        try:
            return connection.execute(sql, values).fetchall()
        finally:
            connection.close()

    def change(self, *statements):
        """Changes the database as no hbrsync would."""
        connection = sqlite3.connect(self.database)
        for statement in statements:
            connection.execute(statement)
        connection.commit()
        connection.close()

    def dump(self, *without):
        """Every table's rows, as text, but for the tables named: what must not change."""
        connection = sqlite3.connect(f"file:{self.database}?mode=ro", uri=True)
        try:
            names = [row[0] for row in connection.execute(
                "SELECT name FROM sqlite_master WHERE type='table' AND name NOT LIKE 'sqlite_%' ORDER BY name")]
            return {name: [repr(row) for row in connection.execute(f'SELECT * FROM "{name}"')]
                    for name in names if name not in without}
        finally:
            connection.close()

    def check_database(self):
        self.assertEqual(self.query("PRAGMA integrity_check"), [("ok",)])
        self.assertEqual(self.query("PRAGMA foreign_key_check"), [])
        if self.query("PRAGMA user_version") != [(0,)]:
            result = self.run_hbrsync("--db", self.database, "verify", "--quiet")
            self.assertEqual(result.status, 0, result)


class Cell(TestCase):
    """A world of its own within a test that looks at many of them."""

    def runTest(self):
        """Nothing: a cell lives inside a test."""


def run_cells(test, items, work, at_once=3):
    """Calls work(cell, item) for every item, some at a time; the test fails with all that failed.

    Returns what the calls returned, in order. An item says by its repr how to meet the same case again.
    """
    def run(item):
        cell = Cell()
        try:
            cell.setUp()
            result = work(cell, item)
            cell.stop()
            return result, None
        except Exception:  # whatever it is, it must name its item
            return None, f"python3 harness.py {work.__module__} {work.__name__} '{item!r}'\n{traceback.format_exc(limit=-3)}"
        finally:
            cell.doCleanups()

    with concurrent.futures.ThreadPoolExecutor(at_once) as pool:
        outcomes = list(pool.map(run, items))
    failures = [failure for _, failure in outcomes if failure is not None]
    if failures:
        shown = "\n".join(failures[:10])
        test.fail(f"{len(failures)} of {len(outcomes)} failed:\n{shown}")
    return [result for result, _ in outcomes]


if __name__ == "__main__":
    # python3 harness.py test_model play "Sequence(seed=7, steps=20)": one item of run_cells again, as its failure names it.
    module = importlib.import_module(sys.argv[1])
    test_cell = module.harness.Cell()
    test_cell.setUp()
    try:
        print(getattr(module, sys.argv[2])(test_cell, eval(sys.argv[3], vars(module))))
    finally:
        test_cell.doCleanups()
