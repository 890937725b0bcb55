"""The bench, with little of everything: that it runs, and prints every line. How fast it finds things is not judged here."""
import os
import re
import subprocess
import unittest

import harness

HERE = os.path.dirname(os.path.abspath(__file__))
CASES = """first sync, 300 jobs|first sync, 300 jobs, CPU|--full, nothing changed, 300 jobs|... pages of data that changed|
... to temporary files|first sync, 300 jobs, 5 ms away|import, all new, 300 jobs, CPU|import, nothing new, 300 jobs, CPU|
export --format ndjson, 300 jobs, CPU|export --format csv, 300 jobs, CPU|report --format html, 300 jobs, CPU|
publish, 300 jobs, CPU|verify, 300 jobs, CPU|first sync, 2 regions of 60 jobs, 5 ms away|... memory for each region more|
first sync, 3 empty regions, both editions, 5 ms away|delta, nothing changed, 600 jobs: requests|
delta, nothing changed, 600 jobs|status, 600 jobs|--version|first sync, 1,000 jobs: each 1,000|peak memory, 100 jobs|
peak memory, 300 jobs|peak memory, 600 jobs|peak memory, 1,000 jobs|... the largest""".replace("\n", "").split("|")


class Bench(harness.TestCase):
    def test_every_line_is_there(self):
        build = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(harness.SIMULATOR))))
        program = os.environ.get("HBRSYNC_PLAIN", harness.HBRSYNC)  # sanitizers do not go with a preloaded library
        result = subprocess.run([os.path.join(HERE, "..", "bench", "run.sh"), "--build", build, "--quick", "--readme"],
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=harness.TIMEOUT,
                                env={**os.environ, "HBRSYNC_BENCH_PROGRAM": program, "TMPDIR": self.directory},
                                check=False)
        self.assertEqual(result.returncode, 0, result.stderr)
        table, *readme = result.stdout.split("\n\n")[1:]
        heading, *lines = table.split("\n")
        columns = [match.start() for match in re.finditer(r"(?:(?<=  )|^)\S", heading)]
        rows = [[line[start:end].strip() for start, end in zip(columns, [*columns[1:], None])] for line in lines]
        cases = [row[0] for row in rows if row[2] != "sqlite-utils upsert"]  # where it is installed
        self.assertEqual(cases, CASES)
        for row in rows:
            with self.subTest(row[0], against=row[2]):
                self.assertRegex(row[1], r"^-?\d+(\.\d+)?( |$)")
                self.assertRegex(row[4], r"^-?\d+\.\d\d$")
                self.assertRegex(row[5] + row[6], r"^(at (least|most) [\d.]+(yes|NO))?$")
        first = next(row for row in rows if row[0] == "first sync, 300 jobs")
        self.assertGreater(float(first[-2]), 0.3, "300 jobs are more than that")
        self.assertEqual(len(readme), 1)
        printed = [re.sub("[0-9,]+", "N", row.split("|")[1]) for row in readme[0].strip().split("\n")]
        with open(os.path.join(HERE, "..", "README.md"), encoding="utf-8") as file:
            table = file.read().split("\n| what; compared with |")[1].split("\n\n")[0].split("\n")[2:]
        told = [re.sub("[0-9,]+", "N", row.split("|")[1]) for row in table]
        self.assertEqual(len(told), 8)
        self.assertEqual(printed[2:], [row for row in told if row in printed or "sqlite-utils" not in row])

    def test_kept_jobs_are_those_of_now(self):
        """What the simulator keeps of a world that stands still is gone once it moves or is set otherwise."""
        self.start("--jobs", 300, "--basic-jobs", 0, "--regions", "cn-hangzhou,cn-beijing", "--even-regions",
                   "--keep-rendered", 64)
        self.sync("--full")
        self.assert_equals_truth()
        regions = [entry["source"][1] for entry in harness.stored_jobs(self.database).values()]
        self.assertEqual(regions.count("cn-beijing"), 150)
        for verbs in ({"silent_change_old": 5}, {"create": 3}):
            self.simulator.move(region="cn-hangzhou", edition="STANDARD", **verbs)
            self.sync("--full")
            self.assert_equals_truth()
        self.simulator.set(extra_fields=True)
        self.sync("--full")
        self.assert_equals_truth()


if __name__ == "__main__":
    unittest.main()
