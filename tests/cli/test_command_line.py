"""The command line: where options may stand, what a mistake says and leaves alone, what is told once, where output goes."""
import glob
import os
import re
import signal
import socket
import subprocess
import time
import unittest

import harness

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
REGIONS = ("cn-hangzhou", "cn-beijing", "cn-shanghai")


class Case(harness.TestCase):
    def go(self, *arguments, status=0, **options):
        result = self.run_hbrsync(*arguments, **options)
        self.assertEqual(result.status, status, result)
        return result

    def mistake(self, *arguments, says, env=None):
        """One diagnosis, exit 2, and nothing else: no output, no file. `check` has the code and the line of plugins."""
        before = sorted(os.listdir(self.directory))
        plugin = arguments[0] == "check"
        result = self.go(*arguments, status=3 if plugin else 2, env=env)
        self.assertRegex(result.stdout, r"^HBRSYNC UNKNOWN - .*\n$" if plugin else r"^$")
        self.assertEqual(re.findall("(?m)^hbrsync: error: (.*)$", result.stderr), [says])
        self.assertEqual(sorted(os.listdir(self.directory)), before)

    def commands(self):
        names = re.findall(r"(?m)^  ([a-z]+) +\S", self.go("help").stdout.split("Options:")[0])
        self.assertEqual(names[-2:], ["help", "version"])
        return names[:-2]

    def options(self, command):
        return re.findall(r"(?m)^  --(\S+) ?(\S+)?", re.sub("(?ms)^--filter.*", "", self.go(command, "--help").stdout))


class Help(Case):
    def test_alone_it_says_what_to_do_next(self):
        result = self.go(status=2)
        self.assertEqual((result.stdout, len(result.stderr.splitlines())), ("", 5))
        for command in ("doctor", "sync", "report", "help"):
            self.assertRegex(result.stderr, rf"(?m)^  hbrsync {command}\b")

    def test_every_form(self):
        text = self.go("help").stdout
        for arguments in (["-h"], ["--help"], ["--db", "x", "help"], ["--db", "x", "--help"]):
            self.assertEqual(self.go(*arguments).stdout, text)
        for command in self.commands():
            own = self.go("help", command).stdout
            for arguments in ([command, "--help"], ["--help", command], [command, "-h"], [command, "--no-such", "-h"]):
                self.assertEqual(self.go(*arguments).stdout, own)
        version = self.go("version").stdout
        self.assertIn("SQLite", version)
        for arguments in (["-V"], ["--version"], ["sync", "--version"], ["-V", "sync"]):
            self.assertEqual(self.go(*arguments).stdout, version)
        self.mistake("help", "synk", says="unknown command 'synk' (did you mean 'sync'?)")
        self.assertEqual(os.listdir(self.directory), [])

    def test_groups_width_and_defaults(self):
        for command in self.commands():
            text = self.go(command, "--help").stdout
            self.assertLessEqual(max(map(len, text.splitlines())), 80, text)
            self.assertNotRegex(text, r"by default|the default|\(\d+\w?\)")
        text = self.go("sync", "--help").stdout
        self.assertEqual(re.findall(r"(?m)^(\w.*):$", text)[:5], ["What", "From where", "How fast", "Output", "General"])
        for option, default in (("full-every", "24 h"), ("overlap", "10 min"), ("qps", "10"), ("retry-for", "5 min"),
                                ("page-size", "99"), ("db", "hbrsync.db")):
            self.assertRegex(text, rf"(?m)^  --{option} .*\(default {default}\)$")
        self.assertIn("(default 5 min)", self.go("sync", "--retry-for", "3s", "--help").stdout)

    def test_reports_and_filters(self):
        told = self.go("report", "--help").stdout.split("Reports:\n")[1]
        self.assertEqual(told, self.go("report").stdout)
        self.assertIn("success-rate", told)
        text = self.go("sync", "--help").stdout
        operators = set(re.findall("[A-Z]{2,}(?:_[A-Z]+)*", text[text.index("  OP ") + 5:])) - {"UNIX"}
        self.assertEqual(len(operators), 8)
        self.start("--jobs", 5, "--regions", "cn-hangzhou")
        for operator in operators:
            values = "1,2" if operator == "BETWEEN" else "1"
            self.assertNotIn("operator", self.sync("--filter", f"Status {operator} {values}", status=None).stderr)
        self.assertRegex(text, "KEY .*VaultId.*\n.*CompleteTime")


class Words(Case):
    def test_options_before_the_command(self):
        self.start("--jobs", 20, "--regions", "cn-hangzhou,cn-beijing")
        endpoint = self.simulator.endpoint()
        self.go("--region", "cn-hangzhou", "--endpoint", endpoint, "--db", self.database, "--quiet", "sync", "--full")
        self.assertEqual(self.query("SELECT DISTINCT region_id FROM sync_source"), [("cn-hangzhou",)])
        self.assertIn("schema_version", self.go("--json", "--db", self.database, "status").json())
        self.assertEqual(self.go("--db", self.database, "--", "status").status, 0)
        # A value that is a command's name is a value.
        self.assertIn("the database sync does not exist", self.go("--db", "sync", "status", status=6).stderr)
        self.assertIn("no report", self.go("--db=x", "report", "none", status=2).stderr.replace("unknown", "no"))

    def test_an_option_takes_a_value_in_every_command_or_in_none(self):
        """Else a word before the command could be either."""
        arities = {(name, argument != "") for command in self.commands() for name, argument in self.options(command)}
        self.assertEqual(len(arities), len({name for name, _ in arities}))

    def test_the_nearest(self):
        for arguments, says in (
                (["synk"], "unknown command 'synk' (did you mean 'sync'?)"),
                (["STATUS"], "unknown command 'STATUS' (did you mean 'status'?)"),
                (["frobnicate"], "unknown command 'frobnicate'"),
                (["--regoin", "cn-x", "sync"], "unrecognized option '--regoin' (did you mean '--region'?)"),
                (["sync", "--regoin", "cn-x"], "unrecognized option '--regoin' (did you mean '--region'?)"),
                (["sync", "--reg", "cn-x"], "unrecognized option '--reg' (did you mean '--region'?)"),
                (["sync", "--qp=5"], "unrecognized option '--qp' (did you mean '--qps'?)"),
                (["status", "--qps", "5"], "unrecognized option '--qps'"),
                (["--qps", "5", "status"], "unrecognized option '--qps'"),
                (["sync", "-region"], "unrecognized option '-region' (did you mean '--region'?)"),
                (["-x"], "unrecognized option '-x'"),
                (["report", "failure"], "unknown report 'failure' (did you mean 'failures'?)"),
                (["sync", "--filter", "VaultID IN x"],
                 "filter \"VaultID IN x\": unknown key 'VaultID' (did you mean 'VaultId'?)"),
                (["sync", "--filter", "Status EQUALS x"],
                 "filter \"Status EQUALS x\": unknown operator 'EQUALS' (did you mean 'EQUAL'?)")):
            with self.subTest(arguments):
                self.mistake(*arguments, says=says)

    def test_one_mistake_has_one_diagnosis_and_no_effect(self):
        for arguments, says in (
                (["sync", "--region"], "--region needs a value: ID"),
                (["--db"], "--db needs a value: FILE"),
                (["sync", "--region", "--json"], "--region needs a value: ID"),
                (["sync", "--json=yes"], "--json takes no value"),
                (["sync", "extra"], "unexpected argument 'extra'"),
                (["sync", "--timeout", "2d"], '--timeout: "2d" is not a duration from 1 s to 24 h'),
                (["sync", "--timeout", "soon"], '--timeout: "soon" is not a duration from 1 s to 24 h'),
                (["status", "--max-age", "20000d"], '--max-age: "20000d" is not a duration from 0 s to 3660 days'),
                (["sync", "--qps", "0"], '--qps: "0" is not a number from 1 to 1000'),
                (["sync", "--max-requests", "0"], '--max-requests: "0" is not a number of at least 1'),
                (["sync", "--region", "cn_x"], '--region: "cn_x" is no region id'),
                (["sync", "--region", "cn-x,,cn-y"], '--region: "" is not a name'),
                (["sync"], "no region is named"),
                (["sync", "--region", "a,b", "--endpoint", "http://localhost:1"],
                 "--endpoint http://localhost:1 is the same for every region; a and b would list the same jobs")):
            more = ["--json", "--metrics-file", "m"] if arguments[0] == "sync" and "--json" not in arguments[-1] and \
                arguments != ["sync"] else []
            with self.subTest(arguments):
                self.mistake(*arguments[:1], *more, *arguments[1:], says=says)
        self.mistake("sync", "--json", says='ALIBABA_CLOUD_REGION_ID: "cn_x" is no region id',
                     env=self.environment(ALIBABA_CLOUD_REGION_ID="cn_x"))

    def test_lists_have_commas(self):
        self.start("--jobs", 60, "--regions", ",".join(REGIONS))
        self.sync("--region", "CN-Hangzhou,cn-beijing")
        self.assertEqual(self.query("SELECT DISTINCT region_id FROM sync_source ORDER BY 1"),
                         [("cn-beijing",), ("cn-hangzhou",)])
        both = self.go("--db", self.database, "export", "--region", "cn-hangzhou,cn-beijing").stdout
        self.assertEqual(len(both.splitlines()), self.query("SELECT count(*) FROM restore_job")[0][0])
        one = self.go("--db", self.database, "export", "--edition", "BASIC,STANDARD", "--where-status", "COMPLETE,FAILED")
        self.assertEqual(len(one.stdout.splitlines()), self.query(
            "SELECT count(*) FROM restore_job WHERE status IN ('COMPLETE', 'FAILED')")[0][0])

    def test_a_dash_is_no_file(self):
        for command in self.commands():
            for option, argument in self.options(command):
                if argument == "FILE":
                    self.mistake(command, f"--{option}", "-", says=f'--{option} needs the name of a file, not "-"')
        self.mistake("publish", "-", says="publish takes one file, the copy's name")
        self.mistake("status", says='HBRSYNC_DB needs the name of a file, not "-"', env=self.environment(HBRSYNC_DB="-"))

    def test_verify_asks_nobody_without_remote(self):
        self.go("--db", self.database, "import", "-", stdin=b'{"RestoreId":"r-1"}')
        for option, argument in self.options("verify"):
            if option in ("db", "help", "version", "remote", "differences", "quiet", "verbose", "no-progress",
                          "allow-shared-folder"):
                continue
            value = {"N": ["5"], "DURATION": ["5s"], "URL": ["http://127.0.0.1:1"], "NAME": ["BASIC"], "": []}
            with self.subTest(option):
                self.mistake("--db", self.database, "verify", f"--{option}", *value.get(argument, ["x"]),
                             says=f"--{option} needs --remote: only that asks the service")

    def test_documents_and_examples_abbreviate_nothing(self):
        commands = self.commands()
        known = {name for command in commands for name, _ in self.options(command)}
        paths = [path for pattern in ("README*.md", "examples/**/*", "sql/README.md", "tests/README.md")
                 for path in glob.glob(os.path.join(ROOT, pattern), recursive=True) if os.path.isfile(path)]
        used = set()
        for path in paths:
            with open(path, encoding="utf-8", errors="replace") as file:
                for line in re.sub(r"\\\n", " ", file.read()).splitlines():
                    for call in re.findall(r"hbrsync\"? (?:--db \S+ )?(?:" + "|".join(commands) + r")\b[^`|;&]*", line):
                        used |= {(name, os.path.basename(path)) for name in re.findall(r"(?<=\s)--([a-z-]+)", call)}
        self.assertGreater(len(used), 20)
        self.assertEqual({(name, path) for name, path in used if name not in known}, set())


class Told(Case):
    def setUp(self):
        super().setUp()
        self.start("--jobs", 90, "--regions", ",".join(REGIONS))

    def errors(self, result):
        return re.findall("(?m)^hbrsync: error: (.*)$", result.stderr)

    def test_the_same_failure_is_told_once(self):
        self.simulator.set(permission=["DescribeRestoreJobs2"])
        result = self.sync("--region", ",".join(REGIONS), status=4)
        errors = self.errors(result)
        self.assertEqual(len(errors), 1, result)
        self.assertRegex(errors[0], "^6 sources, the first cn-hangzhou STANDARD: .*NoPermission")
        self.assertEqual(result.stderr.count("hint: "), 1)
        self.assertIn("hbrsync: NOT proved complete: 6 of 6 sources failed, 0 unproved", result.stderr)
        self.assertNotIn("checked", result.stderr)
        self.assertEqual([bool(source["error"]) for source in result.json()["sources"]], [True] * 6)

    def test_a_dead_network_is_told_once(self):
        with socket.socket() as closed:
            closed.bind(("127.0.0.1", 0))
            port = closed.getsockname()[1]
        result = self.go("--db", self.database, "sync", "--endpoint", f"http://{{region}}.localhost:{port}", "--account-id", "1",
                         "--region", ",".join(REGIONS), "--retry-for", "0s", status=5)
        errors = self.errors(result)
        self.assertEqual(len(errors), 1, result)
        self.assertRegex(errors[0], "^6 sources, the first cn-hangzhou STANDARD: ")

    def test_different_failures_are_told_apart(self):
        self.simulator.fault("http", status=403, code="NoPermission", region="cn-beijing", count=0)
        self.simulator.fault("http", status=400, code="SomethingElse", region="cn-shanghai", count=0)
        result = self.sync("--region", ",".join(REGIONS), "--retry-for", "0s", status=3)
        self.assertEqual([re.sub(":.*", "", error) for error in self.errors(result)],
                         ["2 sources, the first cn-beijing STANDARD", "2 sources, the first cn-shanghai STANDARD"], result)
        self.assertRegex(result.stderr, r"checked [1-9]\d* jobs, .*NOT proved complete: 4 of 6 sources failed, 0 unproved")

    def test_interrupted(self):
        self.simulator.set(latency_ms=300)
        process = subprocess.Popen([harness.HBRSYNC, *self.sync_arguments(), "--all-regions", "--page-size", "1"],
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=self.environment(), cwd=self.directory)
        deadline = time.monotonic() + 60
        while len(self.simulator.requests()) < 12 and time.monotonic() < deadline:
            time.sleep(0.02)
        process.send_signal(signal.SIGINT)
        result = harness.Result(process, *process.communicate(timeout=harness.TIMEOUT))
        self.assertEqual(result.status, 130, result)
        self.assertRegex(result.stderr, r"(?m)^hbrsync: (checked .*; )?interrupted, run it again$")
        self.assertNotIn("sources failed", result.stderr)

    def test_what_cannot_be_written_is_not_done(self):
        for option, path, why in (("--metrics-file", self.path("no/such/folder"), "No such file or directory"),
                                  ("--trace", "/dev/full", "trace file: No space left on device")):
            result = self.sync(option, path, status=2)
            self.assertEqual(result.json()["outcome"], "failed", option)
            self.assertIn(why, result.stderr)
            self.assert_equals_truth()

    def test_a_device_is_not_replaced(self):
        os.mkfifo(self.path("pipe"))
        self.assertIn("pipe is no regular file", self.sync("--metrics-file", self.path("pipe"), status=2).stderr)
        self.assertEqual(sorted(name for name in os.listdir(self.directory) if "jobs.db" not in name), ["pipe"])

    def test_jobs_that_changed_are_named(self):
        first = self.sync("--dry-run")
        self.assertEqual(len(re.findall("(?m)^hbrsync: r-[^:]*: new, [A-Z]", first.stderr)), 100)
        self.assertRegex(first.stderr, r"(?m)^hbrsync: \.\.\. and [1-9]\d* more$")
        self.assertNotIn(": new", self.sync().stderr)
        moved = self.simulator.move(create=2, finish=2, vanish_old=1)
        for options in (["--dry-run"], ["--verbose"]):
            text = self.sync(*options).stderr
            self.assertEqual(len(re.findall("(?m)^hbrsync: r-[^:]*: new, CREATED$", text)), 2, text)
            self.assertEqual(len(re.findall("(?m)^hbrsync: r-[^:]*: changed .*status [A-Z]+ to [A-Z_]+, ", text)), 2, text)
            self.assertIn(f"{moved['vanish_old'][0]}: changed missing_since", text)
        self.assertNotIn("hbrsync: r-", self.sync("--verbose").stderr)


class Doctor(Case):
    def setUp(self):
        super().setUp()
        self.start("--jobs", 5, "--regions", "cn-hangzhou,cn-beijing")

    def doctor(self, *arguments, status=0):
        return self.go("--db", self.database, "doctor", "--endpoint", self.simulator.endpoint(), *arguments,
                       status=status).stdout

    def test_the_policy_where_a_permission_is_missing(self):
        self.assertNotIn("Statement", self.doctor("--all-regions"))
        self.simulator.set(permission=["DescribeRestoreJobs2"])
        self.assertIn("Statement", self.doctor("--all-regions", status=4))
        self.assertIn("Statement", self.go("doctor", "--policy").stdout)

    def test_a_region_that_is_not_named(self):
        text = self.doctor("--region", "cn-hangzou,cn-beijing", status=None)
        self.assertRegex(text, r"(?m)^warning +regions +DescribeRegions does not name cn-hangzou "
                               r"\(did you mean 'cn-hangzhou'\?\)$")
        self.assertNotIn("name cn-beijing", text)

    def go(self, *arguments, status=0, **options):
        result = self.run_hbrsync(*arguments, **options)
        if status is not None:
            self.assertEqual(result.status, status, result)
        return result


class Output(Case):
    """Where standard output leads: nobody reads it any more, or the disk is full."""

    def setUp(self):
        super().setUp()
        self.start("--jobs", 300, "--regions", "cn-hangzhou")
        self.sync()
        self.calls = [["help"], ["version"], ["sync", "--help"], ["export"], ["export", "--format", "csv"], ["status"],
                      ["status", "--json"], ["source", "list"], ["report"], ["report", "summary"], ["report", "--format", "html"], ["verify"],
                      ["doctor", "--policy"], ["doctor", "--region", "cn-hangzhou", "--endpoint", self.simulator.endpoint()],
                      ["sync", "--json", "--all-regions", "--endpoint", self.simulator.endpoint()]]

    def into(self, stdout, arguments):
        return subprocess.run([harness.HBRSYNC, "--db", self.database, *arguments], stdin=subprocess.DEVNULL, stdout=stdout,
                              stderr=subprocess.PIPE, env=self.environment(), cwd=self.directory, check=False,
                              timeout=harness.TIMEOUT)

    def test_a_closed_pipe(self):
        for arguments in self.calls:
            reader, writer = os.pipe()
            os.close(reader)
            process = self.into(writer, arguments)
            os.close(writer)
            self.assertEqual(process.returncode, -signal.SIGPIPE, arguments)
            self.assertNotIn(b"error", process.stderr)
        self.assertEqual(self.query("SELECT count(*) FROM sync_run WHERE finished_at IS NULL"), [(0,)])
        shell = subprocess.run(["bash", "-c", '"$0" --db "$1" export | head -n 1', harness.HBRSYNC, self.database],
                               capture_output=True, env=self.environment(), check=True)
        self.assertEqual((shell.stdout.count(b"\n"), shell.stderr), (1, b""))

    def test_a_full_disk(self):
        for arguments in self.calls:
            with open("/dev/full", "wb") as full:
                process = self.into(full, arguments)
            self.assertEqual(process.returncode, 1, arguments)
            self.assertRegex(process.stderr, rb"(?m)^hbrsync: error: .*standard output.*: No space left on device$",
                             arguments)
            self.assertEqual(process.stderr.count(b"error: "), 1)


if __name__ == "__main__":
    unittest.main()
