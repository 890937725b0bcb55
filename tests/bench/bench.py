"""How fast the main jobs are, as ratios to two plain jobs of the same run: bench.py BUILD-FOLDER [JOBS]

Seconds belong to the machine and the hour; the ratios can be compared. Each is the best of three.
"""
import json
import os
import sqlite3
import subprocess
import sys
import tempfile
import time

REPEATS = 3


def best(work):
    times = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return min(times)


class Bench:
    def __init__(self, build, folder, jobs):
        self.program = os.path.join(build, "hbrsync")
        self.folder = folder
        self.environment = {**os.environ, "ALIBABA_CLOUD_ACCESS_KEY_ID": "LTAI-simulator-key",
                            "ALIBABA_CLOUD_ACCESS_KEY_SECRET": "simulator-secret"}
        ready = self.path("ready.json")
        self.simulator = subprocess.Popen(
            [os.path.join(build, "tests/simulator/hbrsync-simulator"), "--jobs", str(jobs), "--basic-jobs", "0",
             "--regions", "cn-hangzhou", "--ready-file", ready, "--die-with-parent"], stdout=subprocess.DEVNULL)
        while not os.path.exists(ready):
            if self.simulator.poll() is not None:
                sys.exit("the simulator did not start")
            time.sleep(0.01)
        with open(ready, encoding="utf-8") as file:
            self.endpoint = f"http://{{region}}.localhost:{json.load(file)['port']}"

    def path(self, name):
        return os.path.join(self.folder, name)

    def run(self, database, *arguments, output=subprocess.DEVNULL):
        subprocess.run([self.program, "--db", self.path(database), *arguments], check=True, env=self.environment,
                       stdout=output, stderr=subprocess.DEVNULL)

    def sync(self, database, *options):
        self.run(database, "sync", "--endpoint", self.endpoint, "--region", "cn-hangzhou", "--edition", "STANDARD",
                 "--qps", "1000", "--quiet", *options)

    def fresh(self, work):
        """The work on a database that is not there yet."""
        def over_again():
            for name in os.listdir(self.folder):
                if name.startswith("fresh.db"):
                    os.unlink(self.path(name))
            work("fresh.db")
        return over_again

    def baselines(self):
        def parse():
            with open(self.path("jobs.ndjson"), "rb") as file:
                for line in file:
                    json.loads(line)

        def insert(name):
            connection = sqlite3.connect(self.path(name))
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("CREATE TABLE job (id TEXT PRIMARY KEY, text BLOB)")
            with open(self.path("jobs.ndjson"), "rb") as file, connection:
                connection.executemany("INSERT INTO job VALUES (?, ?)", enumerate(file))
            connection.close()
        return best(parse), best(self.fresh(insert))

    def measures(self):
        ndjson = self.path("jobs.ndjson")
        yield "sync, the first", self.fresh(self.sync)
        yield "sync, a full walk without news", lambda: self.sync("jobs.db", "--full")
        yield "sync, a delta without news", lambda: self.sync("jobs.db")
        yield "import, all new", self.fresh(lambda name: self.run(name, "import", ndjson))
        yield "import, nothing new", lambda: self.run("jobs.db", "import", ndjson)
        yield "export --format ndjson", lambda: self.run("jobs.db", "export")
        yield "export --format csv", lambda: self.run("jobs.db", "export", "--format", "csv")
        yield "report --format html", lambda: self.run("jobs.db", "report", "--format", "html")
        yield "publish", lambda: self.run("jobs.db", "publish", "--quiet", self.path("copy"))
        yield "verify", lambda: self.run("jobs.db", "verify")


def main():
    jobs = int(sys.argv[2]) if len(sys.argv) > 2 else 20000
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(os.path.abspath(sys.argv[1]), folder, jobs)
        try:
            bench.sync("jobs.db")
            with open(bench.path("jobs.ndjson"), "wb") as file:
                bench.run("jobs.db", "export", output=file)
            parse, insert = bench.baselines()
            print(f"{jobs} jobs; Python parses their JSON in {parse:.2f} s, inserts it as text in {insert:.2f} s\n")
            print(f"{'':34}{'seconds':>8}{'/ parse':>9}{'/ insert':>10}")
            for name, work in bench.measures():
                seconds = best(work)
                print(f"{name:34}{seconds:8.2f}{seconds / parse:9.2f}{seconds / insert:10.2f}")
        finally:
            bench.simulator.kill()
            bench.simulator.wait()


if __name__ == "__main__":
    main()
