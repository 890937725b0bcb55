"""Credentials that run out in the middle of a walk: renewed once an expiry, from the same place, or said to be at their end."""
import json
import os
import signal
import subprocess
import time
import unittest

import harness
from credential_case import CANARY, Case, KEY, OTHER_ROLE, ROLE

PLAIN = os.environ.get("HBRSYNC_PLAIN", harness.HBRSYNC)  # sanitizers keep what was freed


class Expiry(Case):
    def setUp(self):
        harness.TestCase.setUp(self)
        self.start("--jobs", 250, "--basic-jobs", 0, "--regions", "cn-hangzhou")
        self.base = f"http://127.0.0.1:{self.simulator.port}"

    def role(self):
        self.config({"name": "r", "mode": "RamRoleArn", **KEY, "ram_role_arn": ROLE})

    def test_renewed_once_an_expiry_in_the_middle_of_a_walk(self):
        self.role()
        for moment in (3, 9, 14):
            self.simulator.control("script", {"before_request": moment, "advance": 4000})
        self.go("--page-size", "20", "--connections", "4", env=self.bare())
        self.assertEqual(len(self.simulator.requests("AssumeRole")), 1 + 3, "one an expiry")
        self.assertEqual(len(self.signers()), 4)
        expired = [entry for entry in self.simulator.requests() if entry["code"] == "InvalidSecurityToken.Expired"]
        self.assertTrue(3 <= len(expired) <= 3 * 4, "only what was under way is asked again")

    def test_renewed_before_it_expires(self):
        """The service would take these keys for much longer than they say, so it never calls them expired."""
        self.role()
        self.simulator.set(sts_lifetime_seconds=2, sts_grace_seconds=10000, latency_ms=100)
        result = self.go("--connections", "1", "--page-size", "40", env=self.bare())
        asked = len(self.simulator.requests("AssumeRole"))
        self.assertGreaterEqual(asked, 2)
        self.assertLessEqual(asked, 2 + result.json()["seconds"], "once in half their life, not for each request")

    def memory(self, pid, *texts):
        """How often each of the texts is in the memory of a process."""
        found = [0] * len(texts)
        try:
            with open(f"/proc/{pid}/maps", encoding="ascii") as maps, open(f"/proc/{pid}/mem", "rb") as memory:
                areas = [line.split() for line in maps if " rw" in line]
                for start, end in (map(lambda edge: int(edge, 16), area[0].split("-")) for area in areas):
                    memory.seek(start)
                    content = memory.read(end - start)
                    found = [count + content.count(text) for count, text in zip(found, texts)]
        except PermissionError:
            self.skipTest("this user may not read the memory of its own processes")
        return found

    def test_old_keys_are_not_kept(self):
        """After four renewals a dump holds the keys in use, and of the first ones neither secret nor token."""
        self.role()
        for moment in (3, 6, 9, 12):
            self.simulator.control("script", {"before_request": moment, "advance": 4000})
        self.simulator.control("script", {"before_request": 20, "set": {"latency_ms": 20000}})
        process = subprocess.Popen([PLAIN, *self.sync_arguments(), "--all-regions", "--page-size", "10",
                                    "--connections", "1"], env=self.bare(), cwd=self.directory,
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            deadline = time.monotonic() + 60
            while len(self.simulator.requests("AssumeRole")) < 5 or len(self.simulator.requests()) < 14:
                self.assertLess(time.monotonic(), deadline)
                self.assertIsNone(process.poll())
                time.sleep(0.01)
            process.send_signal(signal.SIGSTOP)
            keys = list(dict.fromkeys(entry["access_key_id"] for entry in self.simulator.requests()))
            number, last = keys[0].removeprefix("STS.").encode(), keys[-1].removeprefix("STS.").encode()
            secret, token, used = self.memory(process.pid, b"canary-sts-secret-" + number, b"canary-sts-token-" + number,
                                              b"canary-sts-secret-" + last)
        finally:
            process.kill()
            process.wait()
        self.assertGreater(used, 0, "the search finds what is there")
        self.assertEqual((len(keys), secret, token), (5, 0, 0))

    def test_a_long_lived_token_is_not_renewed(self):
        self.role()
        self.go("--page-size", "20", env=self.bare())
        self.assertEqual(len(self.simulator.requests("AssumeRole")), 1)

    def test_every_place_renews(self):
        self.write("oidc/token", "canary-oidc-token")
        for env, action, path in ((self.bare(**self.oidc()), "AssumeRoleWithOIDC", None),
                                  (self.ecs(), "IMDS", "simulator-role"),
                                  (self.bare(ALIBABA_CLOUD_CREDENTIALS_URI=self.base + "/credentials-uri"),
                                   "CredentialsURI", None)):
            with self.subTest(action):
                self.simulator.control("script", {"before_request": 2, "advance": 4000})
                self.go("--full", "--page-size", "50", env=env)
                asked = [entry for entry in self.simulator.requests(action)
                         if path is None or entry["path"].endswith(path)]
                self.assertEqual(len(asked), 2)

    def while_it_runs(self, env, change, then):
        """A sync of one request after the other that stands still for change(), and then meets an expiry and `then`."""
        self.simulator.control("script", {"before_request": 3, "set": {"latency_ms": 1000}})
        self.simulator.control("script", {"before_request": 5, "advance": 4000, "set": {"latency_ms": 0, **then}})
        process = subprocess.Popen([harness.HBRSYNC, *self.sync_arguments(), "--all-regions", "--page-size", "20",
                                    "--connections", "1"], env=env, cwd=self.directory,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        deadline = time.monotonic() + 60
        while len(self.simulator.requests()) < 4:
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.01)
        change()
        stdout, stderr = process.communicate(timeout=120)
        self.assertNotIn(CANARY.encode(), stdout + stderr)
        return process.returncode, stderr.decode()

    def test_the_oidc_token_is_read_anew(self):
        status, stderr = self.while_it_runs(self.bare(**self.oidc()),
                                            lambda: self.write("oidc/token", "canary-oidc-second"),
                                            {"oidc_tokens": ["canary-oidc-second"]})
        self.assertEqual(status, 0, stderr)
        self.assertEqual(len(self.simulator.requests("AssumeRoleWithOIDC")), 2)

    def test_a_failed_renewal_says_so(self):
        self.role()
        self.simulator.control("script", {"before_request": 3, "advance": 4000, "set": {"sts": "refused"}})
        self.go("--page-size", "20", env=self.bare(), status=4,
                says=("the credentials have expired and cannot be renewed", "NoPermission"))
        self.check_database()
        self.simulator.set(sts="right")
        self.go(env=self.bare())

    def test_a_static_token_is_not_renewed(self):
        self.simulator.control("key", {"id": "STS.one", "secret": "canary-secret", "token": "canary-token",
                                       "expires_in": 600})
        self.simulator.control("script", {"before_request": 3, "advance": 4000})
        env = self.environment(ALIBABA_CLOUD_ACCESS_KEY_ID="STS.one", ALIBABA_CLOUD_ACCESS_KEY_SECRET="canary-secret",
                               ALIBABA_CLOUD_SECURITY_TOKEN="canary-token")
        self.go("--page-size", "20", env=env, status=4, says="InvalidSecurityToken.Expired")

    def test_another_account_in_mid_walk_is_not_taken(self):
        """Whoever switches profiles while a sync runs does not mix accounts."""
        other = {"name": "o", "mode": "RamRoleArn", **KEY, "ram_role_arn": OTHER_ROLE}
        role = {"name": "r", "mode": "RamRoleArn", **KEY, "ram_role_arn": ROLE}
        first = self.write("first.json", json.dumps({"current": "r", "profiles": [role, other]}))
        second = self.write("second.json", json.dumps({"current": "o", "profiles": [role, other]}))
        link = self.path("config.json")
        os.symlink(first, link)

        def switch():
            os.symlink(second, link + ".new")
            os.rename(link + ".new", link)
        status, stderr = self.while_it_runs(self.bare(ALIBABA_CLOUD_CONFIG_FILE=link), switch, {})
        self.assertEqual(status, 4, stderr)
        self.assertIn("they now come from", stderr)
        accounts = {entry["source"][0] for entry in harness.stored_jobs(self.database).values()}
        self.assertEqual(accounts, {harness.ACCOUNT})


if __name__ == "__main__":
    unittest.main()
