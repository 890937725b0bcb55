"""No memory left, at any allocation of any library: a clear error, no death, no half job, and the next run completes it."""
import json
import os
import re
import unittest

import credential_case
import harness
import injection

RUNS = 12  # of each command, one allocation failing
RUNS_ON = 4  # ... and all after it
AT_ONCE = 3


def undated(page):
    """Without the moment at which a page says that it was made."""
    return re.sub(r"<dt>Generated</dt><dd>[^<]+</dd>", "", page)


def fault_loop(cell, work):
    """One command, failing at allocations all through it; `work` is (name, arguments, has_base, kind of failure)."""
    name, make, has_base, on = work
    world = injection.World(cell, injection.Memory)
    world.must_sync("first")
    lines = world.run(["--db", cell.database, "export"]).stdout
    with open(cell.path("jobs.ndjson"), "w", encoding="utf-8") as file:
        file.write(lines)
    if has_base:
        world.make_base()
    count, good = world.count(make(cell, world))
    failed = 0
    for index, number in enumerate(injection.every(count, RUNS_ON if on else RUNS)):
        fault = injection.Memory(number, on)
        world.start_over()
        result = world.run(make(cell, world), fault)
        world.judge(fault, result)
        failed += result.status != 0
        try:
            world.look_at_what_is_left()
            if name in ("sync", "delta") and result.status == 0:
                cell.assert_equals_truth()
            if name == "import" and result.status == 0:
                cell.assertEqual(len(harness.stored_jobs(cell.database)), injection.JOBS)
            if name in READERS and result.status == 0:
                cell.assertEqual(undated(result.stdout), undated(good.stdout))
            if index % 8 == 0:
                world.must_sync("after it")
        except AssertionError as error:
            raise AssertionError(f"{fault.text}: {result}\n{error}") from error
    cell.assertGreater(failed, 0, "no allocation mattered")
    return failed


def profile(cell):
    """Writes ~/.aliyun/config.json with a role of the simulator, and names its profile."""
    path = cell.path(".aliyun/config.json")
    cell.key_files.add(path)
    os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
    with open(path, "w", encoding="ascii") as file:
        json.dump({"current": "reader", "profiles": [
            {"name": "reader", "mode": "RamRoleArn", "ram_role_arn": credential_case.ROLE, **credential_case.KEY}]}, file)
    os.chmod(path, 0o600)
    return "reader"


def on_database(*arguments):
    return lambda cell, world: ["--db", cell.database, *arguments]


READERS = {
    "export": on_database("export"),
    "export csv": on_database("export", "--format", "csv"),
    "report": on_database("report", "success-by-type"),
    "report html": on_database("report", "timeline", "--format", "html"),
}
OTHERS = {
    "reports": on_database("report", "--format", "html"),
    "status": on_database("status"),
    "changes": on_database("changes", "--after-run", "0", "--time-zone", "+08:00"),
    "publish": lambda cell, world: ["--db", cell.database, "publish", cell.path("data/copy.db")],
    "verify": on_database("verify"),
}
WRITERS = {
    "sync": lambda cell, world: world.sync_arguments("--metrics-file", cell.path("metrics.prom")),
    "sync by a role": lambda cell, world: world.sync_arguments(
        "--profile", profile(cell), "--filter", "Status IN COMPLETE,FAILED"),
    "delta": lambda cell, world: world.sync_arguments("--trace", cell.path("trace")),
    "import": lambda cell, world: ["--db", cell.database, "import", cell.path("jobs.ndjson")],
}


@unittest.skipUnless(injection.Memory.usable, "needs a program without sanitizers")
class Memory(harness.TestCase):
    def fail_allocations(self, commands, based):
        work = [(name, make, name in based, on) for on in (False, True) for name, make in commands.items()]
        harness.run_cells(self, work, fault_loop, AT_ONCE)

    def test_writers(self):
        self.fail_allocations(WRITERS, ("delta",))

    def test_readers(self):
        everything = {**READERS, **OTHERS}
        self.fail_allocations(everything, everything)


if __name__ == "__main__":
    unittest.main()
