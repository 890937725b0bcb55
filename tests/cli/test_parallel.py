"""Several regions and accounts at once: the same result as one after another, in the same order."""
import concurrent.futures
import fcntl
import json
import os
import re
import signal
import socket
import struct
import subprocess
import termios
import time
import unittest

import harness

REGIONS = ["cn-hangzhou", "cn-beijing", "cn-shanghai", "cn-shenzhen", "cn-chengdu", "cn-hongkong", "us-east-1",
           "eu-central-1"]
OTHER_ACCOUNT = "1000000000000002"
ROLE = "acs:ram::1000000000000001:role/reader"
KEYS = {"access_key_id": harness.KEY_ID, "access_key_secret": harness.KEY_SECRET}


class Parallel(harness.TestCase):
    def world(self, jobs=2400, basic=160, regions=len(REGIONS), tls=False):
        return self.start("--jobs", jobs, "--basic-jobs", basic, "--regions", ",".join(REGIONS[:regions]), tls=tls)

    def config(self, *profiles):
        os.makedirs(self.path(".aliyun"))
        with open(self.path(".aliyun/config.json"), "w", encoding="utf-8") as file:
            json.dump({"current": profiles[0]["name"], "profiles": profiles}, file)
        os.chmod(self.path(".aliyun/config.json"), 0o600)

    def no_keys(self):
        return self.environment(ALIBABA_CLOUD_ACCESS_KEY_ID=None, ALIBABA_CLOUD_ACCESS_KEY_SECRET=None)

    def sources(self, result):
        return [(source["region_id"], source["edition"], source["outcome"]) for source in result.json()["sources"]]

    def begin(self, *options):
        """A sync that goes on in the background."""
        process = subprocess.Popen([harness.HBRSYNC, *map(str, self.sync_arguments()), *map(str, options)],
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=self.environment(),
                                   cwd=self.directory)
        self.addCleanup(lambda: process.poll() is None and process.kill())
        return process

    def end(self, process):
        output, errors = process.communicate(timeout=harness.TIMEOUT)
        self.assertNotIn(b"Sanitizer", errors, errors)
        return harness.Result(process, output, errors)

    def test_the_truth_and_the_order(self):
        self.world()
        trace = self.path("trace")
        first = self.sync("--page-size", 20, "--trace", trace)
        expected = [(region, edition, "done") for region in REGIONS for edition in ("STANDARD", "BASIC")]
        self.assertEqual(self.sources(first), expected)
        self.assert_equals_truth()
        self.assertEqual(self.query("SELECT count(DISTINCT run_id), count(*), sum(outcome = 'done') FROM sync_run"),
                         [(1, 16, 16)])
        self.assert_whole_entries(trace, first.json()["requests"])
        gone = self.simulator.move(create=5, finish=5, vanish=4, vanish_old=2)
        gone = set(gone["vanish"]) | set(gone["vanish_old"])
        self.assertEqual(self.sources(self.sync("--verbose", "--parallel", 3)), expected)
        self.assert_equals_truth(missing=gone)
        self.assertEqual(self.sources(self.sync("--parallel", 1)), expected)
        self.check_database()
        result = self.run_hbrsync("--db", self.database, "verify", "--remote", "--all-regions", "--endpoint",
                                  self.simulator.endpoint(), "--qps", 1000)
        self.assertEqual(result.status, 0, result)

    def assert_whole_entries(self, trace, requests):
        """Each entry begins with a title and goes on with lines of its own, whichever thread wrote between."""
        with open(trace, encoding="utf-8") as file:
            entries = file.read().split("\n\n")
        titles = [entry.lstrip("\n").split("\n")[0] for entry in entries]
        self.assertEqual(sum(title.startswith("> ") and " attempt " in title for title in titles), requests)
        for entry in entries:
            lines = entry.lstrip("\n").split("\n")
            if lines[0].startswith("> "):
                self.assertRegex(lines[1], "^> POST ")
                self.assertTrue(all(line.startswith("> ") for line in lines), entry)
                self.assertEqual(sum(line.startswith("> Authorization: ***") for line in lines), 1, entry)

    def test_regions_are_read_at_the_same_time(self):
        """Whichever is the largest, every region has begun when half of all is asked; one at a time keep their order."""
        self.world(jobs=800)
        self.simulator.set(latency_ms=10)
        self.sync("--page-size", 10, "--connections", 1)
        asked = [entry["region"] for entry in self.simulator.requests()]
        self.assertEqual(set(asked[:len(asked) // 2]), set(REGIONS))
        self.simulator.clear_log()
        self.database = self.path("one.db")
        self.sync("--page-size", 10, "--connections", 1, "--parallel", 1)
        asked = [entry["region"] for entry in self.simulator.requests()]
        self.assertEqual([region for i, region in enumerate(asked) if i == 0 or asked[i - 1] != region], REGIONS)

    def test_one_region_fails(self):
        self.world()
        self.simulator.set(region_unavailable=[REGIONS[2]])
        result = self.sync("--retry-for", "0s", status=3)
        outcomes = {region: outcome for region, _, outcome in self.sources(result)}
        self.assertEqual([region for region, outcome in outcomes.items() if outcome != "done"], [REGIONS[2]])
        self.assertEqual([source[0] for source in self.sources(result)], [each for each in REGIONS for _ in "12"])
        truth = {key for key, (region, _, _) in self.simulator.truth().items() if region != REGIONS[2]}
        self.assertEqual(set(harness.stored_jobs(self.database)), truth)
        self.assertEqual(re.findall(r"error: (.*?): ", result.stderr), [f"2 sources, the first {REGIONS[2]} STANDARD"])

    def test_messages_come_in_the_order_of_the_regions(self):
        """Also when the first region is the last to be done."""
        self.world()
        self.simulator.move(region=REGIONS[0], create_closed=400)
        result = self.sync("--verbose", "--page-size", 20)
        told = [match for match in re.findall(r"^hbrsync: (\S+) (?:STANDARD|BASIC): ", result.stderr, re.M)]
        self.assertEqual([region for i, region in enumerate(told) if i == 0 or told[i - 1] != region], REGIONS)

    def test_an_interrupt_ends_all(self):
        for number, status in ((signal.SIGINT, 130), (signal.SIGTERM, 143)):
            self.database = self.path(f"{status}.db")
            self.world()
            self.simulator.set(latency_ms=300)
            process = self.begin("--all-regions", "--page-size", 5, "--connections", 1)
            deadline = time.monotonic() + 60
            while len({entry["region"] for entry in self.simulator.requests()}) < len(REGIONS):
                self.assertIsNone(process.poll())
                self.assertLess(time.monotonic(), deadline)
                time.sleep(0.02)
            self.simulator.set(latency_ms=60000)  # whoever waits for an answer now is late
            begun = time.monotonic()
            process.send_signal(number)
            result = self.end(process)
            self.assertLess(time.monotonic() - begun, 30)
            self.assertEqual(result.status, status, result)
            self.assertEqual(result.json()["outcome"], "interrupted")
            self.assertEqual(self.query("SELECT DISTINCT outcome, finished_at IS NULL FROM sync_run"),
                             [("interrupted", 0)])
            self.assertEqual(self.query("SELECT count(*) FROM sync_run"), [(len(REGIONS),)])
            self.assertEqual(result.stderr.count("interrupted by"), 1, result)
            self.simulator.set(latency_ms=0)
            self.sync()
            self.assert_equals_truth()
            self.stop()

    def test_a_database_failure_ends_all(self):
        self.world()
        self.sync("--region", REGIONS[0])
        self.change("CREATE TRIGGER refuse BEFORE INSERT ON restore_job WHEN NEW.vault_id IS NOT NULL"
                     " BEGIN SELECT RAISE(ABORT, 'no room'); END")
        result = self.sync("--allow-trigger", "refuse", status=6)
        self.assertEqual(result.stderr.count("no room"), 1, result)
        self.assertEqual(self.query("SELECT count(*) FROM sync_run WHERE finished_at IS NULL"), [(0,)])

    def test_a_limit_is_exact(self):
        """As many requests as allowed, of all regions together, and nothing that was answered is lost."""
        self.world()
        self.simulator.set(log_ids=True)
        result = self.sync("--page-size", 5, "--max-requests", 60, "--account-id", harness.ACCOUNT, status=8)
        everything = [entry for entry in json.loads(self.simulator.control("log"))]
        self.assertEqual(len(everything), 60)
        self.assertEqual(result.json()["requests"], 60)
        listed = {key for entry in everything for key in entry.get("ids", ())}
        self.assertEqual(listed - set(harness.stored_jobs(self.database)), set())
        self.assertIn("stopped after 60 requests (--max-requests)", result.stderr)

    def test_a_limit_counts_retries(self):
        self.world(regions=2)
        self.simulator.fault("http", status=500, count=1000)
        self.simulator.clear_log()
        self.sync("--region", REGIONS[0], "--region", REGIONS[1], "--max-requests", 7, "--account-id",
                  harness.ACCOUNT, status=None)
        self.assertEqual(len(json.loads(self.simulator.control("log"))), 7)

    def test_an_empty_source_takes_two_round_trips(self):
        """The count of everything; then every type at once: none is asked for after another's answer."""
        self.world(jobs=0, basic=0, regions=1)
        self.simulator.set(latency_ms=2000)
        trace = self.path("trace")
        self.sync("--region", REGIONS[0], "--edition", "STANDARD", "--account-id", harness.ACCOUNT, "--trace", trace)
        with open(trace, encoding="utf-8") as file:
            events = "".join(line[0] for line in file if re.match("[<>] .* attempt 1", line))
        self.assertRegex(events, "^><>{10,}<+$")

    def test_http2_is_offered(self):
        """By ALPN, in the first message of TLS; whether it is spoken is up to the server."""
        with socket.create_server(("127.0.0.1", 0)) as listener:
            endpoint = f"https://127.0.0.1:{listener.getsockname()[1]}"
            with concurrent.futures.ThreadPoolExecutor(1) as pool:
                run = pool.submit(self.run_hbrsync, "--db", self.database, "sync", "--region", "cn-hangzhou", "--endpoint",
                                  endpoint, "--account-id", harness.ACCOUNT, "--retry-for", "0s", "--edition", "STANDARD")
                connection, _ = listener.accept()
                with connection:
                    hello = connection.recv(65536)
                self.assertEqual(run.result().status, 5, run.result())
        self.assertIn(b"\x02h2\x08http/1.1", hello)

    def watch(self, columns, *options):
        """The lines of progress that a terminal of that width gets."""
        leader, follower = os.openpty()
        fcntl.ioctl(follower, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        arguments = [each for each in self.sync_arguments() if each not in ("--no-progress", "--json")]
        process = subprocess.Popen([harness.HBRSYNC, *map(str, arguments), *map(str, options)], stderr=follower,
                                   env=self.environment(), cwd=self.directory)
        os.close(follower)
        output = b""
        while True:
            try:
                chunk = os.read(leader, 65536)
            except OSError:  # the other end is closed
                break
            if not chunk:
                break
            output += chunk
        os.close(leader)
        self.assertEqual(process.wait(), 0, output)
        return [line.split("\r")[0] for line in output.decode().split("\r\x1b[K") if re.search(r"\d/", line)]

    def test_progress_is_of_all(self):
        self.world(jobs=800)
        self.simulator.set(latency_ms=40)
        lines = self.watch(100, "--all-regions", "--page-size", 20)
        for line in lines:
            self.assertRegex(line, r"^\d of 8 regions (\[[#.]{10}\] )?[\d,]+/(\?|~[\d,]+) jobs \d:\d\d"
                                   r"( [\d,]+/s)?( \d+:\d\d left)?$")
        done = [int(line.split("/")[0].split(" ")[-1].replace(",", "")) for line in lines]
        self.assertEqual(done, sorted(done))
        self.assertGreater(done[-1], 0)
        self.database = self.path("narrow.db")
        lines = self.watch(20, "--all-regions", "--page-size", 20)
        self.assertNotEqual(lines, [])
        self.assertEqual({line[:18] for line in lines if len(line) > 19}, set())

    def test_several_accounts(self):
        self.world(jobs=240, basic=0)
        self.simulator.set(accounts_share_world=True)
        self.simulator.control("key", {"id": "LTAI-other", "secret": "canary-other", "account_id": OTHER_ACCOUNT})
        self.config({"name": "one", "mode": "AK", **KEYS},
                    {"name": "two", "mode": "AK", "access_key_id": "LTAI-other", "access_key_secret": "canary-other"},
                    {"name": "role", "mode": "RamRoleArn", **KEYS, "ram_role_arn": ROLE})
        profiles = [option for name in ("two", "one", "role") for option in ("--profile", name)]
        result = self.sync(*profiles, "--edition", "STANDARD", "--parallel", 16, env=self.no_keys())
        self.assertEqual([(source["account_id"], source["region_id"]) for source in result.json()["sources"]],
                         [(account, region) for account in (OTHER_ACCOUNT, harness.ACCOUNT) for region in REGIONS])
        self.assertEqual(result.stderr.count("which is done already"), 1)
        self.assertEqual(set(harness.stored_jobs(self.database)), set(self.simulator.truth()))
        asked = [entry for entry in json.loads(self.simulator.control("log")) if entry["action"] != "AssumeRole"]
        self.assertEqual(result.json()["requests"], len(asked))

    def test_keys_are_renewed_once_for_all(self):
        """The regions of a profile share what the first of them has renewed."""
        self.world(jobs=1600, basic=0)
        self.config({"name": "r", "mode": "RamRoleArn", **KEYS, "ram_role_arn": ROLE})
        for moment in (40, 250):
            self.simulator.control("script", {"before_request": moment, "advance": 4000})
        self.sync("--page-size", 10, env=self.no_keys())
        self.assertEqual(len(self.simulator.requests("AssumeRole")), 1 + 2)
        self.assertEqual(len({entry["access_key_id"] for entry in self.simulator.requests()}), 1 + 2)
        self.assert_equals_truth()


if __name__ == "__main__":
    unittest.main()
