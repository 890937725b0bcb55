"""What somebody sees who waits: what fails, that it is tried again and until when; how far the run is."""
import re
import unittest

import harness
import terminal

REGIONS = ["cn-hangzhou", "cn-beijing"]
CLOCK = r"\d\d:\d\d:\d\d"


class Failing(harness.TestCase):
    """Every answer is 503 InternalError."""

    def world(self, **more):
        simulator = self.start("--regions", ",".join(REGIONS), "--jobs", 20)
        simulator.fault("http", status=503, count=100000, **more)
        return simulator

    def arguments(self, *more, retry_for="300s"):
        return ["--db", self.database, "sync", "--endpoint", self.simulator.endpoint(), "--region", REGIONS[0], "--qps",
                1000, "--retry-for", retry_for, *more]

    def test_a_terminal_shows_it_at_any_width(self):
        """One line, which is rewritten, also after the terminal got another size."""
        self.world()
        shown = terminal.Terminal(self, 200, *self.arguments())
        for columns, pattern in ((200, rf"{REGIONS[0]}: InternalError: [^.]*\.[^.]*; retrying until {CLOCK}"),
                                 (80, rf"{REGIONS[0]}: [^\r]*\.\.\.[^\r]*; retrying until {CLOCK}"),
                                 (40, rf"cn-[^\r]*; retry to {CLOCK}"), (20, rf"retry to {CLOCK}")):
            shown.resize(columns)
            line = shown.wait_for(rf"\r\x1b\[K({pattern})\r", len(shown.text)).group(1)
            self.assertLess(terminal.width(line), columns)
        result = shown.interrupt()
        self.assertEqual(result.status, 130)
        self.assertRegex(result.stderr, "error: interrupted by SIGINT while waiting for: GetCallerIdentity in "
                                        rf"{REGIONS[0]} at http://.*: \d+ attempts in \d+ s: InternalError")
        self.assertNotIn("\n", "".join(shown.drawn()))

    def test_a_terminal_that_cannot_rewrite(self):
        """TERM=dumb, and --no-progress, get one plain line; --quiet none."""
        self.world()
        for more, environment in (([], {"TERM": "dumb"}), (["--no-progress"], {})):
            with self.subTest(more=more, environment=environment):
                shown = terminal.Terminal(self, 80, *self.arguments(*more), **environment)
                shown.wait_for(f"retrying until {CLOCK}\r\n")
                result = shown.interrupt()
                self.assertNotIn("\x1b", shown.text)
                self.assertEqual(len(re.findall(f"retrying until {CLOCK}", result.stderr)), 1, result)
        shown = terminal.Terminal(self, 80, *self.arguments("--quiet", retry_for="2s"))
        self.assertEqual(shown.end().status, 5)
        self.assertNotIn("retrying", shown.text)

    def test_no_terminal(self):
        """Nothing new by default, a line an attempt with --verbose."""
        simulator = self.world()
        result = self.run_hbrsync(*self.arguments(retry_for="1s"))
        self.assertEqual([line.split(":")[1] for line in result.stderr.splitlines()], [" error"], result)
        simulator.clear_log()
        result = self.run_hbrsync(*self.arguments("--verbose", retry_for="1s"))
        attempts = len(simulator.requests("GetCallerIdentity"))
        told = re.findall(rf"^hbrsync: GetCallerIdentity in {REGIONS[0]} at http://\S+: (?:\d+ attempts in \d+ s: )?"
                          rf"InternalError: .*; retrying until {CLOCK}$", result.stderr, re.M)
        self.assertGreater(attempts, 1)
        self.assertEqual(len(told), attempts - 1, result)

    def test_every_request(self):
        """DescribeRegions, the listing, and STS without a key; doctor as well as sync."""
        self.world()
        with open(self.path("token"), "w", encoding="utf-8") as file:
            file.write("a-token-of-a-pod")
        oidc = {"ALIBABA_CLOUD_ACCESS_KEY_ID": None, "ALIBABA_CLOUD_ACCESS_KEY_SECRET": None,
                "ALIBABA_CLOUD_ROLE_ARN": "acs:ram::1000000000000001:role/r",
                "ALIBABA_CLOUD_OIDC_PROVIDER_ARN": "acs:ram::1000000000000001:oidc-provider/p",
                "ALIBABA_CLOUD_OIDC_TOKEN_FILE": self.path("token")}
        several = self.arguments("--account-id", harness.ACCOUNT)
        listing = self.arguments("--region", REGIONS[1], "--account-id", harness.ACCOUNT)
        everything = [each for each in several if each not in ("--region", REGIONS[0])] + ["--all-regions"]
        doctor = [each if each != "sync" else "doctor" for each in several]
        for arguments, action, environment in (
                (everything, "DescribeRegions", {}), (listing, "DescribeRestoreJobs2", {}),
                (doctor, "DescribeRestoreJobs2", {}), (several, "AssumeRoleWithOIDC", oidc)):
            with self.subTest(action=action, command=arguments[2]):
                shown = terminal.Terminal(self, 200, *arguments, **environment)
                shown.wait_for(f"InternalError.*; retrying until {CLOCK}")
                result = shown.interrupt()
                self.assertEqual(result.status, 130, result)
                told = result.stderr + result.stdout
                self.assertRegex(told, f"interrupted by SIGINT while waiting for: {action}.*InternalError")
                self.assertEqual(told.count("interrupted by"), 1, result)

    def test_one_of_several_regions(self):
        """The others go on; the interruption names the one that fails, whichever is asked first."""
        simulator = self.start("--regions", ",".join(REGIONS), "--jobs", 20)
        simulator.fault("http", status=503, count=100000, region=REGIONS[1], action="DescribeRestoreJobs2")
        shown = terminal.Terminal(self, 200, *self.arguments("--region", REGIONS[1]))
        shown.wait_for(rf"{REGIONS[1]}: InternalError.*; retrying until {CLOCK}")
        result = shown.interrupt()
        self.assertEqual(result.status, 130, result)
        self.assertRegex(result.stderr, f"{REGIONS[1]}.*interrupted by SIGINT while waiting for: "
                                        f"DescribeRestoreJobs2 in {REGIONS[1]} at .*InternalError")

    def test_what_recovers_is_no_longer_shown(self):
        simulator = self.world(action="GetCallerIdentity")
        shown = terminal.Terminal(self, 100, *self.arguments())
        shown.wait_for(f"InternalError.*; retrying until {CLOCK}")
        simulator.control("clear_faults", {})
        result = shown.end()
        self.assertEqual(result.status, 0, result)
        self.assertNotIn("InternalError", result.stderr)

    def test_a_server_that_says_nothing(self):
        """The first attempt has not even failed yet."""
        self.start("--regions", REGIONS[0], "--jobs", 20).set(latency_ms=100000)
        shown = terminal.Terminal(self, 100, *self.arguments())
        shown.wait_for(f"{REGIONS[0]}: no answer yet; retrying until {CLOCK}")
        result = shown.interrupt()
        self.assertRegex(result.stderr, "while waiting for: GetCallerIdentity in .*: no answer yet")


class Mistyped(harness.TestCase):
    """A region without a host."""

    def sync(self, region, host="hbr.{region}.invalid"):
        return self.run_hbrsync("--db", self.database, "sync", "--endpoint", f"https://{host}", "--region", region,
                                "--retry-for", "0s")

    def test_the_nearest_region_is_suggested(self):
        for typed, meant in (("cn-hangzou", "cn-hangzhou"), ("cn-bejing", "cn-beijing"),
                             ("eu-centrall-1", "eu-central-1"), ("CN-Shangai", "cn-shanghai")):
            result = self.sync(typed)
            self.assertEqual(result.status, 5)
            self.assertRegex(result.stderr, rf"Could not resolve host: hbr\.{typed.lower()}\.invalid "
                                            rf"\(did you mean '{meant}'\?\)")

    def test_what_is_right_is_not_corrected(self):
        for region in ("cn-hangzhou", "ap-southeast-5", "us-west-1", "xx-elsewhere-77"):
            result = self.sync(region)
            self.assertIn("Could not resolve host", result.stderr)
            self.assertNotIn("did you mean", result.stderr)

    def test_the_suggestion_is_seen_on_a_terminal(self):
        shown = terminal.Terminal(self, 80, "--db", self.database, "sync", "--endpoint", "https://hbr.{region}.invalid",
                                  "--region", "cn-hangzou")
        shown.wait_for(rf"cn-hangzou: .*you mean 'cn-hangzhou'\?\); retrying until {CLOCK}")
        result = shown.interrupt()
        self.assertRegex(result.stderr, "interrupted by SIGINT while waiting for: .*did you mean 'cn-hangzhou'")


class Progress(harness.TestCase):
    def test_it_fits_at_any_width(self):
        simulator = self.start("--regions", ",".join(REGIONS), "--jobs", 100)
        simulator.set(latency_ms=20)
        one, both = ["--region", REGIONS[0]], ["--all-regions"]
        for columns, region in ((20, one), (40, both), (80, one), (80, both), (200, one)):
            with self.subTest(columns=columns, region=region):
                database = self.path(f"{columns}-{len(region)}.db")
                shown = terminal.Terminal(self, columns, "--db", database, "sync", "--endpoint", simulator.endpoint(),
                                          *region, "--page-size", 20, "--qps", 1000)
                self.assertEqual(shown.end().status, 0)
                shown.assert_fits()
                drawn = shown.drawn()
                self.assertGreater(len(drawn), 0)
                self.assertRegex(drawn[-1], r"\d+/")
                if columns >= 80:
                    self.assertRegex(drawn[-1], r" (\[[#.]{10}\] )?\d+/(~\d+|\?) jobs \d:\d\d")
                    self.assertRegex(drawn[-1], "^[012] of 2 regions " if region == both else f"^{REGIONS[0]} ")

    def test_a_dumb_terminal(self):
        simulator = self.start("--regions", REGIONS[0], "--jobs", 50)
        shown = terminal.Terminal(self, 80, "--db", self.database, "sync", "--endpoint", simulator.endpoint(),
                                  "--region", REGIONS[0], "--qps", 1000, TERM="dumb")
        self.assertEqual(shown.end().status, 0)
        self.assertNotIn("\x1b", shown.text)
        self.assertEqual(shown.drawn(), [])


if __name__ == "__main__":
    unittest.main()
