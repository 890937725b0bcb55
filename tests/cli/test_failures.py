"""What goes wrong: each failure has a message that says what happened, to what, and what to do, and its exit code; data as before."""
import base64
import hashlib
import os
import re
import signal
import socket
import sqlite3
import subprocess
import time
import unittest
import urllib.parse

import harness

MANUAL = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "src", "cli", "hbrsync.1")


class Credentials(harness.TestCase):
    def setUp(self):
        super().setUp()
        self.start("--jobs", 150, "--basic-jobs", 0, "--regions", "cn-hangzhou")
        self.sync()
        self.before = self.dump("sync_run")
        self.simulator.move(create=3, finish=3)

    def refused(self, *patterns, status=4, env=None, arguments=()):
        result = self.sync(*arguments, status=status, env=env)
        for pattern in patterns:
            self.assertRegex(result.stderr, pattern)
        self.assertIn("hint:", result.stderr)
        self.assertEqual(result.json()["outcome"], "failed")
        self.assertEqual(self.dump("sync_run"), self.before, "data as before")
        return result

    def test_wrong_secret(self):
        self.refused("SignatureDoesNotMatch", env=self.environment(ALIBABA_CLOUD_ACCESS_KEY_SECRET="wrong"))

    def test_unknown_key(self):
        self.refused("InvalidAccessKeyId.NotFound", env=self.environment(ALIBABA_CLOUD_ACCESS_KEY_ID="LTAIunknown"))

    def test_expired_token(self):
        self.simulator.control("key", {"id": "STS.one", "secret": "sts-secret", "token": "canary-token",
                                       "expires_in": -5})
        result = self.refused("InvalidSecurityToken.Expired", env=self.environment(
            ALIBABA_CLOUD_ACCESS_KEY_ID="STS.one", ALIBABA_CLOUD_ACCESS_KEY_SECRET="sts-secret",
            ALIBABA_CLOUD_SECURITY_TOKEN="canary-token"))
        self.assertNotIn("canary-token", result.stderr)

    def test_token_that_works(self):
        self.simulator.control("key", {"id": "STS.one", "secret": "sts-secret", "token": "canary-token",
                                       "expires_in": 600})
        trace = self.path("trace")
        result = self.sync("--trace", trace, env=self.environment(
            ALIBABA_CLOUD_ACCESS_KEY_ID="STS.one", ALIBABA_CLOUD_ACCESS_KEY_SECRET="sts-secret",
            ALIBABA_CLOUD_SECURITY_TOKEN="canary-token"))
        self.assert_equals_truth()
        with open(trace, encoding="utf-8", errors="replace") as file:
            text = file.read()
        self.assertIn("DescribeRestoreJobs2", text)
        for secret in ("canary-token", "sts-secret"):
            self.assertNotIn(secret, text + result.stderr + result.stdout)
        self.assertNotRegex(text, r"Signature=[0-9a-f]{64}")

    def test_trace_of_a_gateway_that_sets_cookies(self):
        headers = {name: f"session=canary-{name}" for name in ("Set-Cookie", "Cookie", "Proxy-Authorization")}
        self.simulator.fault("http", status=503, code="ServiceUnavailable", count=1, action="DescribeRestoreJobs2",
                             headers=headers)
        trace = self.path("trace")
        self.sync("--trace", trace)
        with open(trace, encoding="utf-8") as file:
            text = file.read()
        self.assertEqual(dict(re.findall(rf"(?m)^< ({'|'.join(headers)}): (.*)$", text)), dict.fromkeys(headers, "***"))

    def test_echoed_token_is_cut(self):
        self.simulator.control("key", {"id": "STS.one", "secret": "sts-secret", "token": "canary-token",
                                       "expires_in": 600})
        result = self.refused("SignatureDoesNotMatch", env=self.environment(
            ALIBABA_CLOUD_ACCESS_KEY_ID="STS.one", ALIBABA_CLOUD_ACCESS_KEY_SECRET="wrong-secret",
            ALIBABA_CLOUD_SECURITY_TOKEN="canary-token"))
        self.assertNotIn("canary-token", result.stderr)
        self.assertNotIn("canary-token", repr(self.query("SELECT * FROM sync_run")))

    def test_quoted_secrets_are_left_out(self):
        """A server that quotes parts of the token, in any encoding, in a message, a code, a header's name and value."""
        token = "CAISw8Kq2Zp+Lm5Rt/Xv7Bn4Yc9Hd3Gj6Fs1Ae==Uo"
        self.simulator.control("key", {"id": "STS.one", "secret": "sts-secret", "token": token, "expires_in": 600})
        env = self.environment(ALIBABA_CLOUD_ACCESS_KEY_ID="STS.one", ALIBABA_CLOUD_ACCESS_KEY_SECRET="sts-secret",
                               ALIBABA_CLOUD_SECURITY_TOKEN=token)
        part = token[5:]
        forms = [part, token[-13:], part.replace("+", " "), part[:9] + "\n " + part[9:], part.lower(),
                 "".join(f"&#{ord(char)};" for char in part), base64.b64encode(f"x={token}".encode()).decode(),
                 part.encode().hex(), urllib.parse.quote(part), urllib.parse.quote(urllib.parse.quote(part))]
        for number, form in enumerate(forms):
            with self.subTest(form):
                word = re.sub("[^A-Za-z0-9%.-]", "", part if "&" in form else form)
                trace = self.path(f"trace-{number}")
                self.simulator.fault("http", status=403, code=word, message=f"not {form} here", count=0,
                                     action="DescribeRestoreJobs2",
                                     headers={f"X-{word}": "1", "X-Echo": form.replace("\n", "")})
                result = self.sync("--trace", trace, status=4, env=env)
                with open(trace, encoding="utf-8") as file:
                    shown = result.stderr + result.stdout + file.read()
                shown += repr(self.query("SELECT error FROM sync_run"))
                self.simulator.control("clear_faults", {})
                self.assertIn("[server text with a secret removed]", result.stderr)
                runs = [form[at:at + 12] for at in range(len(form) - 11)] + [word[at:at + 12] for at in range(len(word) - 11)]
                self.assertEqual([run for run in runs if run in shown], [])

    def test_signature_of_an_earlier_attempt_is_left_out(self):
        """The server quotes a signature that is not the one of the request it answers."""
        signature = "a1B2c3d4e5f60718293a4b5c6d7e8f90" * 2
        self.simulator.fault("http", status=403, code="C" + signature, message=f"not {signature} here", count=0,
                             action="DescribeRestoreJobs2", headers={"X-" + signature: "1", "X-Echo": signature,
                                                                     "x-acs-request-id": signature})
        result = self.sync("--trace", self.path("trace"), status=4)
        with open(self.path("trace"), encoding="utf-8") as file:
            trace = file.read()
        self.assertIn("not *** here", result.stderr)
        self.assertIn("< X-Echo: ***\n", trace)
        self.assertRegex(trace, "> x-acs-content-sha256: ?[0-9a-f]{64}\n", "the request's own")
        shown = result.stderr + result.stdout + trace + repr(self.query("SELECT error FROM sync_run"))
        self.assertNotIn("3d4e5f607", shown)

    def test_no_permission(self):
        self.simulator.set(permission=["DescribeRestoreJobs2"])
        self.refused("NoPermission", "hbr:DescribeRestoreJobs2")

    def test_clock_20_minutes_off(self):
        self.simulator.set(clock_skew_seconds=1200)
        self.refused("InvalidTimeStamp.Expired", r"clock|time")

    def test_no_credentials(self):
        self.refused("ALIBABA_CLOUD_ACCESS_KEY_ID", "config.json",
                     env=self.environment(ALIBABA_CLOUD_ACCESS_KEY_ID=None, ALIBABA_CLOUD_ACCESS_KEY_SECRET=None))

    def test_unknown_profile(self):
        os.makedirs(self.path(".aliyun"))
        with open(self.path(".aliyun/config.json"), "w", encoding="utf-8") as file:
            file.write('{"current": "a", "profiles": [{"name": "a", "mode": "AK"}]}')
        self.refused("nobody", arguments=["--profile", "nobody"])


class Network(harness.TestCase):
    def test_wrong_host_name_in_the_certificate(self):
        self.start("--jobs", 5, "--regions", "cn-hangzhou", tls=True)
        result = self.run_hbrsync("--db", self.database, "sync", "--region", "cn-hangzhou", "--ca-file",
                                  self.simulator.ca_file, "--endpoint",
                                  f"https://wrong-name.localhost:{self.simulator.https_port}")
        self.assertEqual(result.status, 5, result)
        self.assertRegex(result.stderr, r"wrong-name\.localhost.*(certificate|SSL)")
        self.assertIn("hint:", result.stderr)
        self.assertEqual(self.simulator.requests("GetCallerIdentity"), [])

    def test_unknown_authority(self):
        self.start("--jobs", 5, "--regions", "cn-hangzhou", tls=True)
        result = self.run_hbrsync("--db", self.database, "sync", "--region", "cn-hangzhou", "--endpoint",
                                  self.simulator.endpoint())
        self.assertEqual(result.status, 5, result)
        self.assertIn("--ca-file", result.stderr)

    def test_keys_of_connections_are_not_logged(self):
        self.start("--jobs", 10, "--basic-jobs", 0, "--regions", "cn-hangzhou", tls=True)
        log = self.path("keys.log")
        result = self.sync(env=self.environment(SSLKEYLOGFILE=log))
        self.assertIn("SSLKEYLOGFILE", result.stderr)
        self.assertFalse(os.path.exists(log))

    def test_authorities_of_the_environment(self):
        self.start("--jobs", 5, "--basic-jobs", 0, "--regions", "cn-hangzhou", tls=True)
        good, system, absent = self.simulator.ca_file, "/etc/ssl/certs/ca-certificates.crt", self.path("absent.pem")
        for status, arguments, variables in (
                (0, [], {"SSL_CERT_FILE": good}), (0, [], {"CURL_CA_BUNDLE": good}),
                (0, [], {"SSL_CERT_FILE": good, "CURL_CA_BUNDLE": system}),
                (5, [], {"SSL_CERT_FILE": system, "CURL_CA_BUNDLE": good}),
                (0, ["--ca-file", good], {"SSL_CERT_FILE": system}), (5, ["--ca-file", system], {"SSL_CERT_FILE": good}),
                (2, [], {"SSL_CERT_FILE": absent}), (2, ["--ca-file", absent], {"SSL_CERT_FILE": good})):
            with self.subTest(status=status, arguments=arguments, **variables):
                result = self.run_hbrsync("--db", self.database, "sync", "--region", "cn-hangzhou", "--endpoint",
                                          self.simulator.endpoint(), *arguments, env=self.environment(**variables))
                self.assertEqual(result.status, status, result)
                if status == 2:
                    self.assertIn(absent, result.stderr)

    def test_refused_connection(self):
        with socket.socket() as closed:
            closed.bind(("127.0.0.1", 0))
            port = closed.getsockname()[1]
        result = self.run_hbrsync("--db", self.database, "sync", "--region", "cn-hangzhou", "--retry-for", "1s",
                                  "--endpoint", f"http://localhost:{port}")
        self.assertEqual(result.status, 5, result)
        self.assertRegex(result.stderr, rf"localhost:{port}")
        self.assertRegex(result.stderr, r"attempt")
        self.assertIn("hint:", result.stderr)

    def test_plain_http_is_for_loopback_only(self):
        for endpoint in ("http://hbr.cn-hangzhou.aliyuncs.com", "http://10.0.0.1", "ftp://localhost",
                         "https://user:secret@hbr.cn-hangzhou.aliyuncs.com", "https://localhost/path", "localhost"):
            with self.subTest(endpoint):
                result = self.run_hbrsync("--db", self.database, "sync", "--region", "cn-hangzhou",
                                          "--endpoint", endpoint)
                self.assertEqual(result.status, 2, result)
                self.assertFalse(os.path.exists(self.database))

    def test_an_identity_without_an_account(self):
        self.start("--jobs", 5, "--regions", "cn-hangzhou")
        self.simulator.fault("wrong_json", mode="object", action="GetCallerIdentity", count=0)
        result = self.sync("--retry-for", "1s", status=5)
        self.assertRegex(result.stderr, "GetCallerIdentity.*AccountId")
        self.assertRegex(result.stderr, "hint: .*--account-id")

    def test_one_region_down_is_partial(self):
        self.start("--jobs", 300, "--basic-jobs", 0, "--regions", "cn-hangzhou,cn-beijing")
        self.simulator.set(region_down=["cn-beijing"])
        result = self.sync("--region", "cn-hangzhou", "--region", "cn-beijing", "--edition", "STANDARD", status=3)
        outcomes = {source["region_id"]: source["outcome"] for source in result.json()["sources"]}
        self.assertEqual(outcomes, {"cn-hangzhou": "done", "cn-beijing": "failed"})
        self.assertIn("ServiceNotActivated", result.stderr)
        self.simulator.control("reset", {})
        self.sync()
        self.assert_equals_truth()

    def test_transient_failures_are_retried(self):
        self.start("--jobs", 500, "--basic-jobs", 0, "--regions", "cn-hangzhou")
        for at, (kind, more) in enumerate((("close", {}), ("reset", {}), ("cut", {}), ("garbled", {}),
                                           ("not_json", {}), ("html", {}), ("empty_body", {}), ("wrong_json", {}),
                                           ("throttle", {"retry_after_ms": 10}),
                                           ("http", {"status": 500, "code": "InternalError"}),
                                           ("http", {"status": 503, "code": "ServiceUnavailable"})), 2):
            self.simulator.fault(kind, at=at * 2, count=1, action="DescribeRestoreJobs2", **more)
        result = self.sync()
        self.assertGreater(result.json()["sources"][0]["retries"], 5)
        self.assert_equals_truth()


class Database(harness.TestCase):
    def setUp(self):
        super().setUp()
        self.start("--jobs", 300, "--basic-jobs", 0, "--regions", "cn-hangzhou")

    def read(self, path):
        with open(path, "rb") as file:
            return file.read()

    def refuse(self, path, pattern, status=6):
        before, files = self.read(path), os.listdir(self.directory)
        self.database = path
        result = self.sync(status=status)
        self.assertRegex(result.stderr, pattern)
        self.assertIn(os.path.basename(path), result.stderr)
        self.assertEqual(self.read(path), before)
        self.assertEqual(sorted(os.listdir(self.directory)), sorted(files), "nothing beside it either")

    def test_foreign_database(self):
        path = self.path("foreign.db")
        connection = sqlite3.connect(path)
        connection.execute("CREATE TABLE mine (a)")
        connection.commit()
        connection.close()
        self.refuse(path, "another program")

    def test_a_foreign_database_without_tables(self):
        """Its version alone says that it is somebody's."""
        path = self.path("foreign.db")
        connection = sqlite3.connect(path)
        connection.execute("PRAGMA user_version = 5")
        connection.close()
        self.refuse(path, "another program")

    def test_another_programs_database(self):
        path = self.path("other.db")
        connection = sqlite3.connect(path)
        connection.execute("PRAGMA application_id = 252006673")
        connection.execute("CREATE TABLE mine (a)")
        connection.commit()
        connection.close()
        self.refuse(path, "another program")

    def test_newer_database(self):
        self.sync()
        connection = sqlite3.connect(self.database)
        connection.execute("PRAGMA user_version = 999")
        connection.commit()
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.close()
        self.refuse(self.database, "newer")

    def test_not_a_database(self):
        path = self.path("text.db")
        with open(path, "w", encoding="utf-8") as file:
            file.write("this is no database, " * 100)
        self.refuse(path, "not a database")

    def test_a_trigger_that_refuses_the_marks(self):
        """What a user put into the database stops a run in its last transaction: nothing is claimed, and it says so."""
        options = ("--region", "cn-hangzhou", "--edition", "STANDARD", "--page-size", 20)
        self.sync(*options)
        gone = set()
        for verb, more in (("vanish_old", ()), ("vanish", ("--full",)), ("vanish_open", ())):
            with self.subTest(verb):
                if verb == "vanish_open":
                    under_way = sorted(key for key, (_, _, job) in self.simulator.truth().items()
                                       if job.get("Status") in ("CREATED", "QUEUED", "RUNNING"))
                    gone.update(self.simulator.move(vanish_ids=under_way[:1])["vanish_ids"])
                else:
                    gone.update(self.simulator.move(**{verb: 3})[verb])
                self.execute("CREATE TRIGGER no_marks BEFORE UPDATE OF missing_since ON restore_job"
                             " WHEN new.missing_since IS NOT NULL BEGIN SELECT RAISE(ABORT, 'not by me'); END")
                marked = self.query("SELECT restore_id FROM restore_job WHERE missing_since IS NOT NULL")
                result = self.sync(*options, *more, "--allow-trigger", "no_marks", status=6)
                self.assertRegex(result.stderr, "not by me")
                self.assertEqual(self.query("SELECT restore_id FROM restore_job WHERE missing_since IS NOT NULL"), marked)
                self.check_database()
                self.execute("DROP TRIGGER no_marks")
                self.sync(*options)
                self.assert_equals_truth(missing=gone)

    def execute(self, sql):
        connection = sqlite3.connect(self.database)
        connection.execute(sql)
        connection.commit()
        connection.close()

    def test_missing_directory(self):
        self.database = self.path("no/such/folder/jobs.db")
        self.assertIn("no/such/folder", self.sync(status=6).stderr)

    def test_full_disk(self):
        self.sync()
        before = self.dump("sync_run")
        self.simulator.move(create=400, create_closed=3000)
        # A limit on file sizes stands in for the full disk: writes fail with an I/O error.
        size = os.path.getsize(self.database)
        shell = f"ulimit -f {size // 1024 + 64}; trap '' XFSZ; exec \"$@\""
        result = self.sync(status=6, wrapper=("bash", "-c", shell, "bash"))
        self.assertRegex(result.stderr, r"jobs\.db")
        self.check_database()
        stored = harness.stored_jobs(self.database)
        self.assertGreaterEqual(len(stored), len(before["restore_job"]))
        self.sync()
        self.assert_equals_truth()

    def test_files_are_private_under_any_umask(self):
        old = os.umask(0)
        try:
            self.sync()
        finally:
            os.umask(old)
        for name in os.listdir(self.directory):
            if name.startswith("jobs.db"):
                self.assertEqual(os.stat(self.path(name)).st_mode & 0o777, 0o600, name)


class OwnFiles(harness.TestCase):
    """Outputs that a user can name: none goes to the database or to a file that belongs to it."""

    def setUp(self):
        super().setUp()
        self.start("--jobs", 60, "--basic-jobs", 0, "--regions", "cn-hangzhou")

    def names(self):
        os.link(self.database, self.path("hard.db"))
        os.symlink(self.database, self.path("soft.db"))
        return [*(self.database + suffix for suffix in ("", "-wal", "-shm", "-journal", ".lock")),
                self.path("hard.db"), self.path("soft.db"), "jobs.db", "./jobs.db-wal"]

    def refused(self, *arguments, **options):
        result = self.run_hbrsync(*arguments, **options)
        self.assertEqual(result.status, 2, result)
        self.assertIn("belongs to the database", result.stderr)

    def test_of_a_database_that_is_there(self):
        self.sync()
        with open(self.database, "rb") as file:
            before = file.read()
        names = self.names()
        files = set(os.listdir(self.directory))
        for name in names:
            with self.subTest(name):
                for option in ("--trace", "--metrics-file"):
                    self.refused(*self.sync_arguments(), "--region", "cn-hangzhou", option, name)
                session = ("--endpoint", self.simulator.endpoint(), "--region", "cn-hangzhou", "--trace", name)
                for command in (("verify", "--remote"), ("doctor",)):
                    self.refused("--db", self.database, *command, *session)
        self.refused(*self.sync_arguments()[2:], "--db", "soft.db", "--all-regions", "--trace", self.database)
        with open(self.database, "rb") as file:
            self.assertEqual(file.read(), before)
        self.assertEqual(set(os.listdir(self.directory)), files)
        self.assert_equals_truth()

    def test_of_a_database_that_is_not_there_yet(self):
        for name in ("jobs.db", "jobs.db-wal", self.database + ".lock"):
            for option in ("--trace", "--metrics-file"):
                self.refused(*self.sync_arguments(), "--region", "cn-hangzhou", option, name)
        self.assertEqual(os.listdir(self.directory), [])
        self.sync("--trace", "jobs.db.trace", "--metrics-file", "jobs.db.prom")
        self.assert_equals_truth()

    def test_a_trace_is_private_and_begins_anew(self):
        trace = self.path("trace")
        with open(trace, "w", encoding="ascii") as file:
            file.write("old" * 100000)
        os.chmod(trace, 0o644)
        self.sync("--trace", trace)
        self.assertEqual(os.stat(trace).st_mode & 0o777, 0o600)
        with open(trace, encoding="utf-8") as file:
            text = file.read()
        self.assertNotIn("oldold", text)
        self.assertTrue(text.startswith("> "))

    def test_a_trace_through_a_link(self):
        """Whoever can write to the folder of the trace may not choose what file is emptied."""
        with open(self.path("theirs"), "w", encoding="ascii") as file:
            file.write("precious")
        os.chmod(self.path("theirs"), 0o644)
        os.symlink("theirs", self.path("trace"))
        self.assertIn("cannot open the trace file", self.sync("--trace", self.path("trace"), status=2).stderr)
        with open(self.path("theirs"), encoding="ascii") as file:
            self.assertEqual(file.read(), "precious")
            self.assertEqual(os.stat(file.fileno()).st_mode & 0o777, 0o644)

    def test_a_trace_to_a_pipe(self):
        pipe = self.path("pipe")
        os.mkfifo(pipe, 0o644)
        reader = subprocess.Popen(["cat", pipe], stdout=subprocess.PIPE)
        self.sync("--trace", pipe)
        self.assertIn(b"DescribeRestoreJobs2", reader.communicate(timeout=60)[0])


class Processes(harness.TestCase):
    def setUp(self):
        super().setUp()
        self.start("--jobs", 3000, "--basic-jobs", 0, "--regions", "cn-hangzhou")

    def begin(self, wrapper=()):
        self.simulator.set(latency_ms=100)
        process = subprocess.Popen([*wrapper, harness.HBRSYNC, *self.sync_arguments(), "--all-regions"],
                                   env=self.environment(), cwd=self.directory, stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE)
        self.addCleanup(process.stderr.close)
        self.addCleanup(process.stdout.close)
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            if len(self.simulator.requests()) > 15:
                return process
            time.sleep(0.02)
        self.fail("the sync did not get going")

    def test_a_second_sync_at_the_same_time(self):
        process = self.begin()
        result = self.sync(status=7)
        self.assertRegex(result.stderr, r"jobs\.db")
        self.simulator.set(latency_ms=0)
        self.assertEqual(process.wait(timeout=120), 0)
        self.assert_equals_truth()

    def test_no_core_file_can_hold_keys(self):
        # The files of /proc belong to root, whoever runs it, where a process may not be dumped.
        process = self.begin(("setpriv", "--regid=65534", "--clear-groups") if os.geteuid() == 0 else ())
        with open(f"/proc/{process.pid}/limits", encoding="ascii") as file:
            self.assertRegex(file.read(), r"(?m)^Max core file size +0 +0 ")
            owner = os.stat(file.fileno())
        self.assertEqual((owner.st_uid, owner.st_gid), (0, 0))
        self.simulator.set(latency_ms=0)
        self.assertEqual(process.wait(timeout=120), 0)

    def test_no_core_file_of_any_command(self):
        command = [harness.HBRSYNC, "--db", self.database, "import", "-"]
        if os.geteuid() == 0:
            command = ["setpriv", "--regid=65534", "--clear-groups", *command]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL, env=self.environment(),
                              cwd=self.directory) as process:
            deadline = time.monotonic() + 60
            while not os.path.exists(self.database):
                self.assertLess(time.monotonic(), deadline)
                time.sleep(0.01)
            with open(f"/proc/{process.pid}/limits", encoding="ascii") as file:
                self.assertRegex(file.read(), r"(?m)^Max core file size +0 +0 ")
                owner = os.stat(file.fileno())
            process.stdin.close()
        self.assertEqual((owner.st_uid, owner.st_gid), (0, 0))

    def test_interruption(self):
        for number, status in ((signal.SIGINT, 130), (signal.SIGTERM, 143)):
            with self.subTest(number.name):
                self.database = self.path(f"{number.name}.db")
                process = self.begin()
                process.send_signal(number)
                self.assertEqual(process.wait(timeout=60), status)
                self.check_database()
                self.assertEqual(self.query("SELECT DISTINCT outcome FROM sync_run"), [("interrupted",)])
                self.simulator.set(latency_ms=0)
                self.sync()
                self.assert_equals_truth()
                self.simulator.clear_log()

    def test_killed(self):
        process = self.begin()
        process.kill()
        process.wait()
        self.check_database()
        self.simulator.set(latency_ms=0)
        self.sync()
        self.assert_equals_truth()
        self.assertEqual(self.query("SELECT outcome FROM sync_run ORDER BY run_id")[:2], [("crashed",), ("done",)])

    def files(self):
        """The database's files and what is in them; in the index of the WAL, that is SQLite's affair."""
        found = {}
        for name in os.listdir(self.directory):
            if name.startswith("jobs.db"):
                with open(self.path(name), "rb") as file:
                    found[name] = "" if name.endswith("-shm") else hashlib.sha256(file.read()).hexdigest()
        return found

    def test_readers_leave_what_a_killed_sync_left(self):
        """They neither move the WAL into the database nor remove it."""
        process = self.begin()
        process.kill()
        process.wait()
        before = self.files()
        self.assertGreater(os.path.getsize(self.path("jobs.db-wal")), 0)
        for command in ("status", "verify", "report", "export"):
            with self.subTest(command):
                self.assertEqual(self.run_hbrsync("--db", self.database, command).status, 0)
                self.assertEqual(self.files(), before)


class Usage(harness.TestCase):
    def test_wrong_usage(self):
        for arguments in (["frobnicate"], ["sync", "--page-size", "100"], ["sync", "--page-size", "0"],
                          ["sync", "--no-such-option"], ["sync", "--region"], ["sync", "extra"],
                          ["sync", "--edition", "GOLD"], ["sync", "--filter", "VaultId"],
                          ["sync", "--filter", "CompleteTime IN 5"], ["sync", "--filter", "Status LIKE x"],
                          ["sync", "--region", "a", "--all-regions"], ["sync", "--full-every", "soon"],
                          ["sync", "--region", "evil.example.com/"], ["status", "extra"], ["import"], [],
                          ["sync"]):
            with self.subTest(arguments):
                result = self.run_hbrsync("--db", self.database, *arguments)
                self.assertEqual(result.status, 2, result)
                self.assertNotEqual(result.stderr, "")
                self.assertEqual(os.listdir(self.directory), [])

    def test_a_failure_before_the_first_source_in_json(self):
        self.start("--jobs", 5, "--basic-jobs", 0, "--regions", "cn-hangzhou")
        none = self.environment(ALIBABA_CLOUD_ACCESS_KEY_ID=None, ALIBABA_CLOUD_ACCESS_KEY_SECRET=None)
        unwritable = self.path("nowhere/jobs.db")
        for status, arguments, options in ((4, [], {"env": none}), (6, ["--db", unwritable], {})):
            with self.subTest(status):
                result = self.sync(*arguments, status=status, **options)
                facts = result.json()
                self.assertEqual((facts["run_id"], facts["outcome"], facts["sources"]), (None, "failed", []))
                self.assertIn("error: " + facts["error"], result.stderr)

    def test_help_and_version(self):
        result = self.run_hbrsync("--help")
        self.assertEqual(result.status, 0)
        for code in (0, 1, 2, 3, 4, 5, 6, 7, 8, 130):
            self.assertRegex(result.stdout, rf"(?m)^ +{code} ")
        for command in ("sync", "import", "status"):
            self.assertIn(command, result.stdout)
            self.assertIn(f"usage: hbrsync {command} ", self.run_hbrsync(command, "--help").stdout)
        version = self.run_hbrsync("--version").stdout
        for library in ("hbrsync", "libcurl", "SQLite", "json-c", "OpenSSL"):
            self.assertRegex(version, rf"{library} \d+\.\d+")

    def test_the_manual_page_has_every_option(self):
        with open(MANUAL, encoding="utf-8") as file:
            sections = dict(part.split("\n", 1) for part in file.read().split("\n.Ss ")[1:])
        for command in ("sync", "import", "export", "status", "report", "verify", "publish", "doctor"):
            names = re.findall(r"(?m)^  --([a-z-]+)", self.run_hbrsync(command, "--help").stdout)
            section = sections[command].split("\n.Sh ")[0]
            self.assertEqual([name for name in names if rf"\-{name} " not in section.replace("\n", " ") + " "],
                             ["db", "help", "version"], command)

    def test_help_names_every_option_of_the_design(self):
        text = self.run_hbrsync("sync", "--help").stdout
        for option in """region all-regions edition restore-type filter page-size full full-every overlap max-requests
                qps connections profile account-id endpoint sts-endpoint vpc ca-file timeout retry-for trace dry-run
                json quiet verbose no-progress db""".split():
            self.assertRegex(text, rf"(?m)^  --{option}\b")

    def test_status(self):
        result = self.run_hbrsync("--db", self.database, "status")
        self.assertEqual(result.status, 6, result)
        self.start("--jobs", 50, "--basic-jobs", 5, "--regions", "cn-hangzhou")
        self.sync()
        before = self.dump()
        text = self.run_hbrsync("--db", self.database, "status").stdout
        self.assertRegex(text, r"(?m)^cn-hangzhou +STANDARD +50 .* proved$")
        self.assertNotIn("evidence", text)
        told = self.run_hbrsync("--db", self.database, "status", "--verbose").stdout
        self.assertEqual(re.findall(r"  evidence +(.*)", told),
                         ["one answer held all 5 jobs", "one answer held all 50 jobs"])
        self.assertRegex(told, r"complete +proved")
        self.assertRegex(told, r"last run +1: full, done, proved")
        facts = self.run_hbrsync("--db", self.database, "status", "--json").json()
        self.assertEqual({source["edition"]: source["jobs"] for source in facts["sources"]},
                         {"STANDARD": 50, "BASIC": 5})
        self.assertEqual({source["proof"] for source in facts["sources"]}, {"proved"})
        self.assertEqual(self.dump(), before)

    def test_output_that_cannot_be_written(self):
        with open("/dev/full", "wb") as full:
            process = subprocess.run([harness.HBRSYNC, "--help"], stdout=full, stderr=subprocess.PIPE, check=False)
        self.assertEqual(process.returncode, 1)
        self.assertTrue(re.search(b"standard output", process.stderr))


if __name__ == "__main__":
    unittest.main()
