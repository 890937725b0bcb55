"""`doctor`: a line for everything that a sync needs, what to do about it, and the exit code of the first failure."""
import fcntl
import json
import os
import re
import socket
import unittest

import harness

CANARY = "canary-"


class Case(harness.TestCase):
    def doctor(self, *arguments, status=0, env=None):
        extra = []
        if self.simulator is not None and "--endpoint" not in arguments:
            extra = ["--endpoint", self.simulator.endpoint()]
            if self.simulator.tls and "--ca-file" not in arguments:
                extra += ["--ca-file", self.simulator.ca_file]
        if "--region" not in arguments and "--all-regions" not in arguments and "--policy" not in arguments:
            extra += ["--all-regions"]
        result = self.run_hbrsync("--db", self.database, "doctor", *extra, *arguments, env=env)
        self.assertEqual(result.status, status, result)
        self.assertNotIn(CANARY, result.stdout + result.stderr)
        return result

    def lines(self, *arguments, **options):
        """[(mark, check, text)] and the advice below each."""
        result = self.doctor(*arguments, **options)
        found = re.findall(r"(?m)^(ok|warning|FAIL) +(\S+) +(.*)(?:\n +-> (.*))?$", result.stdout)
        for mark, _, text, advice in found:
            if mark == "FAIL":
                self.assertNotEqual(advice, "", f"no advice: {text}")
        return found

    def marks(self, *arguments, **options):
        marks = {}
        for mark, check, _, _ in self.lines(*arguments, **options):
            marks.setdefault(check, set()).add(mark)
        return {check: min(found, key=("FAIL", "warning", "ok").index) for check, found in marks.items()}


class Healthy(Case):
    EVERYTHING = {"credentials", "endpoint", "clock", "account", "permission", "database", "disk", "lock"}

    def test_before_the_first_sync(self):
        self.start("--jobs", 20)
        self.assertEqual(self.marks(), {check: "ok" for check in self.EVERYTHING})
        self.assertFalse(os.path.exists(self.database), "it creates nothing")
        self.assertEqual(os.listdir(self.directory), [])

    def test_after_a_sync_with_tls(self):
        self.start("--jobs", 20, "--regions", "cn-hangzhou,cn-beijing", tls=True)
        self.sync()
        before = self.dump()
        self.simulator.clear_log()
        result = self.doctor()
        self.assertIn("certificate verified and good for", result.stdout)
        self.assertIn("is sound: schema", result.stdout)
        self.assertIn("journal mode wal", result.stdout)
        self.assertIn("0 failures, 0 warnings", result.stdout)
        self.assertEqual(self.dump(), before)
        asked = self.simulator.requests()
        self.assertEqual([entry["parameters"]["PageSize"] for entry in asked], ["1", "1"], "the smallest request")

    def test_json(self):
        self.start("--jobs", 20)
        report = self.doctor("--json").json()
        self.assertEqual((report["ok"], report["failures"]), (True, 0))
        self.assertEqual({check["check"] for check in report["checks"]}, self.EVERYTHING)
        self.assertEqual({check["status"] for check in report["checks"]}, {"ok"})

    def test_policy_alone(self):
        result = self.doctor("--policy")
        (statement,) = json.loads(result.stdout)["Statement"]
        self.assertEqual(set(statement["Action"]), {"hbr:DescribeRestoreJobs2", "hbr:DescribeRegions"})

    def test_temporary_keys_show_their_expiry(self):
        self.start("--jobs", 5)
        os.makedirs(self.path(".aliyun"))
        role = f"acs:ram::{harness.ACCOUNT}:role/reader"
        with open(self.path(".aliyun/config.json"), "w", encoding="utf-8") as file:
            json.dump({"current": "r", "profiles": [
                {"name": "r", "mode": "RamRoleArn", "access_key_id": harness.KEY_ID,
                 "access_key_secret": harness.KEY_SECRET, "ram_role_arn": role}]}, file)
        os.chmod(self.path(".aliyun/config.json"), 0o604)
        found = self.lines(env=self.environment(ALIBABA_CLOUD_ACCESS_KEY_ID=None, ALIBABA_CLOUD_ACCESS_KEY_SECRET=None))
        self.assertRegex(found[0][2], rf"role {role}; good until \d{{4}}-.*Z, then renewed")
        self.assertEqual(found[1][:2], ("warning", "credentials"))
        self.assertIn("can be read by others", found[1][2])


class Sick(Case):
    def test_no_credentials(self):
        self.start("--jobs", 5, "--regions", "cn-hangzhou")
        marks = self.marks("--region", "cn-hangzhou", status=4, env=self.environment(
            ALIBABA_CLOUD_ACCESS_KEY_ID=None, ALIBABA_CLOUD_ACCESS_KEY_SECRET=None))
        self.assertEqual(marks, {"credentials": "FAIL", "endpoint": "ok", "clock": "ok", "database": "ok", "disk": "ok",
                                 "lock": "ok"})

    def test_wrong_secret(self):
        self.start("--jobs", 5, "--regions", "cn-hangzhou")
        marks = self.marks("--region", "cn-hangzhou", status=4,
                           env=self.environment(ALIBABA_CLOUD_ACCESS_KEY_SECRET="canary-wrong"))
        self.assertEqual((marks["credentials"], marks["permission"], marks["endpoint"]), ("ok", "FAIL", "ok"))

    def test_each_permission(self):
        self.start("--jobs", 5, "--regions", "cn-hangzhou")
        for action, wanted in (("DescribeRestoreJobs2", 4), ("DescribeRegions", 0), ("GetCallerIdentity", 4)):
            self.simulator.set(permission=[action])
            result = self.doctor("--region", "cn-hangzhou", status=wanted)
            self.assertRegex(result.stdout, rf"(?m)^{'FAIL' if wanted else 'warning'} +permission +{action}.*NoPermission")
            self.assertEqual("hbr:DescribeRestoreJobs2\"" in result.stdout, True, "the policy is printed")
        self.simulator.set(permission=["DescribeRegions"])
        self.assertRegex(self.doctor("--all-regions", status=4).stdout, r"(?m)^FAIL +regions +DescribeRegions")

    def test_a_region_without_the_service(self):
        self.start("--jobs", 5, "--regions", "cn-hangzhou,cn-beijing")
        self.simulator.set(region_down=["cn-beijing"])
        self.assertEqual(self.marks()["permission"], "warning")
        self.assertEqual(self.marks("--region", "cn-beijing", status=4)["permission"], "FAIL")

    def test_clock(self):
        self.start("--jobs", 5, "--regions", "cn-hangzhou")
        for seconds, mark in ((30, "ok"), (-200, "warning"), (200, "warning"), (1200, "FAIL"), (-1200, "FAIL")):
            self.simulator.set(clock_skew_seconds=seconds)
            marks = self.marks("--region", "cn-hangzhou", status=4 if mark == "FAIL" else 0)
            self.assertEqual(marks["clock"], mark, seconds)

    def test_certificate(self):
        self.start("--jobs", 5, "--regions", "cn-hangzhou", tls=True)
        result = self.doctor("--region", "cn-hangzhou", "--ca-file", "/etc/ssl/certs/ca-certificates.crt", status=5)
        self.assertRegex(result.stdout, r"(?m)^FAIL +endpoint .*certificate")
        self.assertIn("-> /etc/ssl/certs/ca-certificates.crt has to hold", result.stdout)
        self.assertNotRegex(result.stdout, "permission", "what is not reached is not asked")

    def test_no_network(self):
        with socket.socket() as closed:
            closed.bind(("127.0.0.1", 0))
            port = closed.getsockname()[1]
        result = self.doctor("--region", "cn-hangzhou", "--endpoint", f"http://localhost:{port}", status=5)
        self.assertRegex(result.stdout, rf"(?m)^FAIL +endpoint +http://localhost:{port}: .*\n +-> .*proxy")

    def test_no_region(self):
        result = self.run_hbrsync("--db", self.database, "doctor")
        self.assertEqual(result.status, 2, result)
        self.assertRegex(result.stdout, r"(?m)^FAIL +regions +no region is named\n +-> .*--region")

    def test_a_name_that_is_no_region(self):
        """Nobody can be asked there, which is a failure; a sync says the same."""
        self.start("--jobs", 5, "--regions", "cn-hangzhou")
        os.makedirs(self.path(".aliyun"))
        with open(self.path(".aliyun/config.json"), "w", encoding="utf-8") as file:
            json.dump({"current": "p", "profiles": [
                {"name": "p", "mode": "AK", "access_key_id": harness.KEY_ID, "region_id": "cn_profile",
                 "access_key_secret": harness.KEY_SECRET}]}, file)
        os.chmod(self.path(".aliyun/config.json"), 0o600)
        profile = self.environment(ALIBABA_CLOUD_ACCESS_KEY_ID=None, ALIBABA_CLOUD_ACCESS_KEY_SECRET=None)
        for arguments, env, says in (
                ([], self.environment(ALIBABA_CLOUD_REGION_ID="cn-hangzhou "),
                 'ALIBABA_CLOUD_REGION_ID: "cn-hangzhou "'),
                ([], profile, 'the profile\'s region_id: "cn_profile"')):
            result = self.run_hbrsync("--db", self.database, "doctor", *arguments, env=env)
            self.assertEqual(result.status, 2, result)
            self.assertRegex(result.stdout,
                             rf"(?m)^FAIL +regions +{says} is no region id\n +-> .*cn-hangzhou")
            self.assertIn("1 failure", result.stdout)
            result = self.run_hbrsync("--db", self.database, "sync", *arguments, env=env)
            self.assertEqual(result.status, 2, result)
            self.assertIn(f"{says} is no region id", result.stderr)
            self.assertFalse(os.path.exists(self.database))
        result = self.run_hbrsync("--db", self.database, "sync", "--all-regions", env=profile)
        self.assertIn("the profile's region_id: \"cn_profile\" is no region id", result.stderr)

    def test_wrong_account(self):
        self.start("--jobs", 5, "--regions", "cn-hangzhou")
        self.assertEqual(self.marks("--region", "cn-hangzhou", "--account-id", "7", status=2)["account"], "FAIL")

    def test_database(self):
        self.start("--jobs", 300, "--regions", "cn-hangzhou")
        self.sync()
        with open(self.database, "r+b") as file:
            for page in range(2, os.path.getsize(self.database) // 4096, 2):
                file.seek(page * 4096)
                file.write(b"\xff" * 512)
        self.assertEqual(self.marks(status=6)["database"], "FAIL")
        for text in (b"no database " * 100, b""):
            with open(self.database, "wb") as file:
                file.write(text)
            self.assertEqual(self.marks(status=6 if text else 0)["database"], "FAIL" if text else "ok")
        self.database = self.path("absent/jobs.db")
        self.assertEqual(self.marks(status=6)["database"], "FAIL")

    def test_lock(self):
        self.start("--jobs", 5, "--regions", "cn-hangzhou")
        self.sync()
        with open(self.database + ".lock", "w", encoding="utf-8") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            lock.write(f"{os.getpid()}\n")
            lock.flush()
            self.assertRegex(self.doctor().stdout, rf"(?m)^warning +lock +held by the process {os.getpid()}$")
        self.assertEqual(self.marks()["lock"], "ok")

    def test_the_first_failure_gives_the_exit_code(self):
        with socket.socket() as closed:
            closed.bind(("127.0.0.1", 0))
            port = closed.getsockname()[1]
        self.database = self.path("absent/jobs.db")
        env = self.environment(ALIBABA_CLOUD_ACCESS_KEY_SECRET=None)
        arguments = ["--region", "cn-hangzhou", "--endpoint", f"http://localhost:{port}"]
        self.doctor(*arguments, status=4, env=env)
        self.doctor(*arguments, status=5)
        report = self.doctor("--json", *arguments, status=5).json()
        self.assertEqual((report["ok"], report["failures"]), (False, 2))

    def test_help_tells_its_own_defaults(self):
        text = self.run_hbrsync("doctor", "--help").stdout
        self.assertRegex(text, r"--timeout DURATION +.* \(default 15 s\)\n")
        self.assertRegex(text, r"--retry-for DURATION +.* \(default 5 s\)\n")
        for option in ("--qps", "--connections", "--parallel", "--quiet", "--no-progress"):
            self.assertNotIn(option, text, "it does nothing here")

    def test_usage(self):
        for arguments in (["extra"], ["--no-such"], ["--region", "a", "--all-regions"], ["--region", "cn_option"]):
            result = self.run_hbrsync("doctor", *arguments)
            self.assertEqual((result.status, result.stdout), (2, ""), result)


if __name__ == "__main__":
    unittest.main()
