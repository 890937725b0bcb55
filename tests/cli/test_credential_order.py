"""The order of the places that credentials come from, programs that print keys, and several profiles in one run."""
import itertools
import json
import os
import re
import signal
import subprocess
import time
import unittest

import harness
from credential_case import CANARY, Case, KEY, OTHER_ACCOUNT, ROLE


class Order(Case):
    """With two places present the earlier one is used, and the later one is not even asked."""

    def places(self):
        """(what --verbose says, what it adds to the environment, what the simulator's log would show of it)"""
        self.write("oidc/token", "canary-oidc-token")
        key = f"access_key_id={harness.KEY_ID}\naccess_key_secret={harness.KEY_SECRET}\n"
        config = self.write("config-role", json.dumps({"current": "c", "profiles": [
            {"name": "c", "mode": "RamRoleArn", **KEY, "ram_role_arn": ROLE}]}))
        ini = self.write("ini", f"[default]\ntype=access_key\n{key}")
        return [
            ("environment", {"ALIBABA_CLOUD_ACCESS_KEY_ID": harness.KEY_ID,
                             "ALIBABA_CLOUD_ACCESS_KEY_SECRET": harness.KEY_SECRET}, None),
            ("OIDC role", self.oidc(), "AssumeRoleWithOIDC"),
            ('profile "c"', {"ALIBABA_CLOUD_CONFIG_FILE": config}, "AssumeRole"),
            ('section "default"', {"ALIBABA_CLOUD_CREDENTIALS_FILE": ini}, None),
            ("ECS RAM role", {"ALIBABA_CLOUD_ECS_METADATA_DISABLED": None, "HBRSYNC_TEST_IMDS": self.base}, "IMDS"),
            ("credentials URI", {"ALIBABA_CLOUD_CREDENTIALS_URI": self.base + "/credentials-uri"}, "CredentialsURI"),
        ]

    def used(self, env, arguments=()):
        self.simulator.clear_log()
        result = self.sync("--verbose", *arguments, env=env)
        return re.search(r"credentials: (.*)", result.stderr).group(1)

    def test_pair_by_pair(self):
        for first, second in itertools.combinations(self.places(), 2):
            with self.subTest(first=first[0], second=second[0]):
                used = self.used(self.bare(**{**second[1], **first[1]}))
                self.assertTrue(used.startswith(first[0]), used)
                if second[2] is not None:
                    self.assertEqual(self.simulator.requests(second[2]), [], "asked in vain")

    def test_each_alone(self):
        for name, env, _ in self.places():
            self.assertTrue(self.used(self.bare(**env)).startswith(name), name)

    def test_a_named_profile_goes_before_everything(self):
        everything = {}
        for _, env, _ in reversed(self.places()):
            everything.update(env)
        self.config({"name": "current", "mode": "CloudSSO"}, {"name": "named", "mode": "AK", **KEY})
        everything.pop("ALIBABA_CLOUD_CONFIG_FILE")
        env = self.bare(**everything)
        self.assertTrue(self.used(env, ["--profile", "named"]).startswith('profile "named"'))
        self.assertEqual(self.simulator.requests("AssumeRoleWithOIDC"), [])

    def test_what_is_broken_ends_the_search(self):
        env = self.bare(ALIBABA_CLOUD_CREDENTIALS_URI=self.base + "/credentials-uri")
        self.config({"name": "c", "mode": "CloudSSO"})
        self.go(env=env, status=4, says="CloudSSO")
        self.assertEqual(self.simulator.requests("CredentialsURI"), [])
        self.go(env=self.bare(ALIBABA_CLOUD_CLI_PROFILE_DISABLED="true",
                              ALIBABA_CLOUD_CREDENTIALS_URI=self.base + "/credentials-uri"),
                says="credentials: credentials URI")


class External(Case):
    def external(self, text, **more):
        self.config({"name": "x", "mode": "External", "process_command": self.script("program", text) + " one two",
                     **more})

    def key(self, **more):
        return json.dumps({"mode": "AK", **KEY, **more})

    def test_keys(self):
        self.external(f"[ $# = 2 ] && echo '{self.key()}'")
        self.go(env=self.bare(), says='credentials: profile "x" of')
        self.simulator.control("key", {"id": "STS.x", "secret": "canary-x", "token": "canary-y", "expires_in": 600})
        self.external("echo 'canary-noise' >&2; echo '" + json.dumps(
            {"mode": "StsToken", "access_key_id": "STS.x", "access_key_secret": "canary-x", "sts_token": "canary-y",
             "expiration": "2100-01-01T00:00:00Z"}) + "'")
        self.go(env=self.bare())
        self.assertEqual(self.signers(), {"STS.x"})

    def test_signals_of_whoever_starts_it(self):
        """An ignored SIGCHLD does not hinder the wait, and the program has its own signals at their defaults."""
        self.external(f"grep SigIgn /proc/$$/status > {self.path('ignored')}; echo '{self.key()}'")
        self.sync(env=self.bare(), wrapper=("bash", "-c", "trap '' CHLD; exec \"$0\" \"$@\""))
        with open(self.path("ignored"), encoding="utf-8") as file:
            ignored = int(file.read().split()[1], 16)
        self.assertEqual(ignored & (1 << signal.SIGPIPE - 1 | 1 << signal.SIGXFSZ - 1), 0)

    def test_its_environment_has_none_of_our_keys(self):
        self.external(f"env > {self.path('environment')}; echo '{self.key()}'")
        keys = {f"{prefix}_{name}": "canary-" + name.lower()
                for prefix in ("ALIBABA_CLOUD", "ALIBABACLOUD", "ALICLOUD", "ALIYUN")
                for name in ("ACCESS_KEY_ID", "ACCESS_KEY_SECRET", "SECURITY_TOKEN", "SECRET_KEY", "STS_TOKEN",
                             "CREDENTIALS_URI")}
        kept = {"ALIBABA_CLOUD_OIDC_TOKEN_FILE": "/a/path", "ALIBABA_CLOUD_REGION_ID": "cn-hangzhou", "OTHER": "x=y"}
        self.go("--profile", "x", env=self.bare(**keys, **kept))
        with open(self.path("environment"), encoding="utf-8") as file:
            lines = file.read().splitlines()
        self.assertEqual([line for line in lines if "canary" in line or line.split("=")[0] in keys], [])
        self.assertEqual([name for name, value in kept.items() if f"{name}={value}" not in lines], [])

    def test_no_shell(self):
        proof = self.path("proof")
        self.config({"name": "x", "mode": "External", "process_command": f"echo x; touch {proof}"})
        self.go(env=self.bare(), status=4, says="the external program's output")
        self.config({"name": "x", "mode": "External", "process_command": f"$(touch {proof})"})
        self.go(env=self.bare(), status=4, says="cannot run the external program")
        self.assertFalse(os.path.exists(proof))

    def test_refusals(self):
        for text, says in (("exit 3", "ended with status 3"), ("kill -9 $$", "ended by signal 9"),
                           ("echo canary-garbage", "output is not JSON"), ("true", "output is empty"),
                           ("echo '{\"mode\":\"CloudSSO\"}'", "no mode AK or StsToken"),
                           ("echo '{\"mode\":\"AK\",\"access_key_id\":\"x\"}'", "has no access_key_secret"),
                           ("head -c 100000 /dev/zero", "prints more than 65536 bytes")):
            self.external(text)
            self.go(env=self.bare(), status=4, says=('profile "x" of', says))
        self.external(f"echo '{self.key()}'")
        self.go(env=self.bare(ALIBABA_CLOUD_DISABLE_EXTERNAL_PROCESS="true"), status=4, says="is switched off by")

    def test_interrupted(self):
        self.external(f"echo $$ > {self.path('pid.new')}; mv {self.path('pid.new')} {self.path('pid')}; sleep 600")
        process = subprocess.Popen([harness.HBRSYNC, *self.sync_arguments(), "--all-regions"], env=self.bare(),
                                   cwd=self.directory, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        deadline = time.monotonic() + 60
        while not os.path.exists(self.path("pid")):
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        _, stderr = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 130, stderr)
        with open(self.path("pid"), encoding="utf-8") as file:
            child = int(file.read())
        self.assertFalse(os.path.exists(f"/proc/{child}"), "the program was left running")


class Profiles(harness.TestCase):
    """Several accounts in one run."""

    def setUp(self):
        super().setUp()
        self.start("--jobs", 20, "--basic-jobs", 0, "--regions", "cn-hangzhou")
        self.simulator.set(accounts_share_world=True)
        self.simulator.control("key", {"id": "LTAI-other", "secret": "canary-other", "account_id": OTHER_ACCOUNT})
        self.env = self.environment(ALIBABA_CLOUD_ACCESS_KEY_ID=None, ALIBABA_CLOUD_ACCESS_KEY_SECRET=None)
        os.makedirs(self.path(".aliyun"))
        with open(self.path(".aliyun/config.json"), "w", encoding="utf-8") as file:
            json.dump({"current": "one", "profiles": [
                {"name": "one", "mode": "AK", **KEY},
                {"name": "same", "mode": "RamRoleArn", **KEY, "ram_role_arn": ROLE},
                {"name": "two", "mode": "AK", "access_key_id": "LTAI-other", "access_key_secret": "canary-other"},
                {"name": "bad", "mode": "AK", "access_key_id": "LTAI-other", "access_key_secret": "canary-bad"},
                {"name": "sso", "mode": "CloudSSO"}]}, file)
        os.chmod(self.path(".aliyun/config.json"), 0o600)

    def go(self, *names, status=0, arguments=()):
        options = [option for name in names for option in ("--profile", name)]
        result = self.sync(*options, *arguments, env=self.env, status=status)
        self.assertNotIn(CANARY, result.stdout + result.stderr)
        return result

    def accounts(self):
        return self.query("SELECT account_id, count(*) FROM sync_source JOIN sync_watermark USING (source_id) "
                          "WHERE edition = 'STANDARD' GROUP BY account_id ORDER BY account_id")

    def test_one_run_for_all(self):
        trace = self.path("trace")
        summary = self.go("one", "two", arguments=["--trace", trace]).json()
        self.assertEqual([(source["account_id"], source["edition"], source["outcome"]) for source in summary["sources"]],
                         [(account, edition, "done") for account in (harness.ACCOUNT, OTHER_ACCOUNT)
                          for edition in ("STANDARD", "BASIC")])
        self.assertEqual(self.accounts(), [(harness.ACCOUNT, 1), (OTHER_ACCOUNT, 1)])
        self.assertEqual(self.query("SELECT count(DISTINCT run_id) FROM sync_run"), [(1,)])
        everything = json.loads(self.simulator.control("log"))
        asked = [entry for entry in everything if entry["action"] in ("DescribeRestoreJobs2", "GetCallerIdentity",
                                                                      "DescribeRegions")]
        self.assertEqual(summary["requests"], len(asked), "the summary covers all")
        with open(trace, encoding="utf-8") as file:
            self.assertEqual(file.read().count("> POST "), len(asked), "so does the trace")

    def test_a_limit_is_of_the_whole_run(self):
        one = self.go("one").json()["requests"]
        self.simulator.clear_log()
        self.go("one", "two", arguments=["--max-requests", one + 2], status=8)
        self.assertLessEqual(len(self.simulator.requests()), one + 2)

    def test_one_fails(self):
        for bad in ("bad", "sso", "absent"):
            result = self.go("one", bad, status=3)
            summary = result.json()
            self.assertEqual((summary["outcome"], len(summary["sources"])), ("partial", 3))
            self.assertEqual((summary["sources"][2]["account_id"], summary["sources"][2]["outcome"]), ("", "failed"))
            self.assertIn(f"--profile {bad}: ", summary["sources"][2]["error"])
            self.assertIn(f"--profile {bad}: ", result.stderr)
        self.assertEqual(self.go("bad", "two", status=3).json()["sources"][1]["outcome"], "done")

    def test_all_fail(self):
        summary = self.go("bad", "sso", status=4, arguments=["--metrics-file", self.path("metrics")]).json()
        self.assertIsNone(summary["run_id"])
        self.assertEqual((summary["outcome"], len(summary["sources"])), ("failed", 2))
        with open(self.path("metrics"), encoding="utf-8") as file:
            self.assertNotIn('account_id=""', file.read())

    def test_the_same_account_is_synced_once(self):
        result = self.go("one", "same", "one")
        self.assertEqual(len(result.json()["sources"]), 2)
        self.assertEqual(result.stderr.count("which is done already"), 1)

    def test_each_region_of_the_same_account_is_synced(self):
        with open(self.path(".aliyun/config.json"), "w", encoding="utf-8") as file:
            json.dump({"profiles": [{"name": name, "mode": "AK", **KEY, "region_id": region} for name, region in
                                    (("one", "cn-hangzhou"), ("other", "cn-beijing"), ("again", "cn-hangzhou"))]}, file)
        self.stop()
        self.start("--jobs", 40, "--basic-jobs", 0, "--regions", "cn-hangzhou,cn-beijing")
        profiles = ("--profile", "one", "--profile", "other", "--profile", "again")
        result = self.run_hbrsync(*self.sync_arguments(), "--edition", "STANDARD", *profiles, env=self.env)
        self.assertEqual(result.status, 0, result)
        self.assertEqual([source["region_id"] for source in result.json()["sources"]], ["cn-hangzhou", "cn-beijing"])
        self.assertEqual(result.stderr.count("which is done already"), 1)
        self.assert_equals_truth()

    def test_usage(self):
        self.go("one", "two", status=2, arguments=["--account-id", "7"])
        for command in (["verify", "--remote"], ["doctor"]):
            result = self.run_hbrsync("--db", self.database, *command, "--profile", "one", "--profile", "two",
                                      env=self.env)
            self.assertEqual(result.status, 2, result)


if __name__ == "__main__":
    unittest.main()
